//! What one probe found, and how it becomes the result that is shown.

use std::borrow::Cow;
use std::time::Duration;

use super::{Probe, causes, hints, milliseconds};
use crate::http::FetchError;
use crate::model::{
    CheckKind, CheckResult, MEASURES, Measure, Observation, Phase, Reason, Status, Threshold,
};

/// What a probe has found out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) status: Status,
    pub(super) reason: Option<Reason>,
    /// The word or number of the protocol for it: an SQLSTATE, an errno.
    pub(super) code: Option<String>,
    pub(super) message: String,
    /// The likely cause, where the probe knows better than `hints`.
    pub(super) likely: Option<Cow<'static, str>>,
    /// What to type, where the probe knows better than `hints`.
    pub(super) command: Option<String>,
    pub(super) phases: Vec<Phase>,
    pub(super) observed: Vec<Observation>,
    pub(super) children: Vec<Part>,
    /// What there was a value of, to be held against limits.
    pub(super) measured: Vec<Measure>,
    /// What there was none of, and why.
    pub(super) lacking: Vec<(Measure, &'static str)>,
}

/// A part of what was asked: a component, an address.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) kind: CheckKind,
    pub(super) status: Status,
    pub(super) reason: Option<Reason>,
    pub(super) message: String,
    pub(super) duration_ms: Option<f64>,
    pub(super) children: Vec<Self>,
}

impl Finding {
    pub(super) fn new(status: Status, reason: Option<Reason>, message: impl Into<String>) -> Self {
        let message = message.into();
        let (phases, observed, children) = (Vec::new(), Vec::new(), Vec::new());
        let (code, likely, command) = (None, None, None);
        let (measured, lacking) = (Vec::new(), Vec::new());
        Self {
            status,
            reason,
            code,
            message,
            likely,
            command,
            phases,
            observed,
            children,
            measured,
            lacking,
        }
    }

    /// Adds the word or number that the protocol has for it.
    pub(super) fn coded(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds a likely cause that is better than what `hints` would say.
    pub(super) fn likely(mut self, likely: impl Into<Cow<'static, str>>) -> Self {
        self.likely = Some(likely.into());
        self
    }

    /// Adds what to type, where that is better than what `hints` would say.
    pub(super) fn command(mut self, command: String) -> Self {
        self.command = Some(command);
        self
    }

    /// Makes it at least this bad, and says why behind what it says already.
    pub(super) fn worsen(&mut self, status: Status, reason: Reason, what: &str) {
        self.message = format!("{}; {what}", self.message);
        if self.status < status {
            self.status = status;
            self.reason = Some(reason);
        }
    }

    /// Judges a measured value against the limits that there are for it; unlike [`Self::judge`] each
    /// limit that is crossed is named, the worst of a measure.
    pub(super) fn measure(&mut self, probe: &Probe, measure: Measure, value: f64, reason: Reason) {
        self.knows(measure);
        let all = [(&probe.fail, Status::Fail), (&probe.warn, Status::Warn)];
        let crossed = all.into_iter().find_map(|(limits, status)| {
            let is_it = |limit: &&Threshold| limit.measure == measure && limit.is_crossed_by(value);
            limits.iter().find(is_it).map(|limit| (limit, status))
        });
        let Some((limit, status)) = crossed else { return };
        self.message = format!("{} ({})", self.message, limit.text);
        if self.status < status {
            self.status = status;
            self.reason = Some(reason);
            // The worst is explained, and not what came first.
            self.likely = causes::of_limit(measure, probe.target.shown().0).map(Into::into);
        }
    }

    /// Adds to what is said of it; what is said against it, by [`Self::worsen`] and [`Self::measure`],
    /// comes behind all of that.
    pub(super) fn say(&mut self, what: &str) {
        self.message = format!("{}, {what}", self.message);
    }

    /// Says that there was a value to be held against limits.
    pub(super) fn knows(&mut self, measure: Measure) {
        self.measured.push(measure);
    }

    /// Judges a value as [`Self::measure`] does; without one keeps why there is none.
    pub(super) fn measure_or(
        &mut self,
        probe: &Probe,
        measure: Measure,
        value: Result<f64, &'static str>,
        reason: Reason,
    ) {
        match value {
            Ok(value) => self.measure(probe, measure, value, reason),
            Err(why) => self.lacks(measure, why),
        }
    }

    /// Says that there is nothing that could be beyond a limit: a server without a replica has none that
    /// is behind, and who asked for the limit is told so.
    pub(super) fn has_none(&mut self, probe: &Probe, measure: Measure, what: &str) {
        self.knows(measure);
        if probe.asked.iter().any(|limit| limit.measure == measure) {
            self.say(what);
        }
    }

    /// Keeps why there was no value of a measure.
    pub(super) fn lacks(&mut self, measure: Measure, why: &'static str) {
        self.lacking.push((measure, why));
    }

    /// Makes it unknown where somebody has set a limit for what was not measured: whoever did so would
    /// be told that all is well.
    pub(super) fn hold_to_what_was_asked(&mut self, probe: &Probe) {
        if self.status >= Status::Unknown {
            return;
        }
        let mut told: Vec<Measure> = vec![Measure::Time];
        for Threshold { measure, text, .. } in &probe.asked {
            if told.contains(measure) || self.measured.contains(measure) {
                continue;
            }
            told.push(*measure);
            let row = MEASURES.iter().find(|row| row.measure == *measure);
            let name = row.map_or("", |row| row.name);
            let why = self.lacking.iter().find(|(lacking, _)| lacking == measure);
            let why = why.map(|(_, why)| format!(" ({why})")).unwrap_or_default();
            let what = format!("{name}: not measured{why}, so that `{text}` cannot be judged");
            self.worsen(Status::Unknown, Reason::Config, &what);
            self.likely = Some(
                "a limit is for what is not measured here: take it out, or set up what it is for"
                    .into(),
            );
        }
    }

    /// Keeps a value that was measured.
    pub(super) fn observe(&mut self, name: &'static str, value: Option<f64>, unit: &'static str) {
        self.observed.push(Observation { name, value, unit });
    }

    pub(super) fn ok(message: impl Into<String>) -> Self {
        Self::new(Status::Ok, None, message)
    }

    pub(super) fn fail(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::Fail, Some(reason), message)
    }

    pub(super) fn unknown(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Status::Unknown, Some(reason), message)
    }

    /// An address that cannot be asked is not known to be bad.
    pub(super) fn of_error(error: FetchError) -> Self {
        match error.reason {
            Reason::Config => Self::unknown(Reason::Config, error.message),
            reason => Self::fail(reason, error.message),
        }
    }

    /// Makes it worse where a measured value is beyond a limit.
    pub(super) fn judge(&mut self, probe: &Probe, measure: Measure, value: f64, reason: Reason) {
        self.knows(measure);
        for (limits, status) in [(&probe.fail, Status::Fail), (&probe.warn, Status::Warn)] {
            let crossed =
                limits.iter().find(|limit| limit.measure == measure && limit.is_crossed_by(value));
            if let Some(limit) = crossed
                && self.status < status
            {
                let likely = causes::of_limit(measure, probe.target.shown().0);
                self.likely = likely.map(Into::into).or(self.likely.take());
                self.status = status;
                self.reason = Some(reason);
                self.message = format!("{} ({})", self.message, limit.text);
            }
        }
    }
}

/// Adds to a finding what is known of its probe.
pub(super) fn complete(probe: &Probe, finding: Finding, took: Option<Duration>) -> CheckResult {
    let (kind, target) = probe.target.shown();
    let Finding { status, reason, code, message, likely, command, .. } = finding;
    let Finding { phases, observed, children, .. } = finding;
    let mut result = CheckResult {
        id: probe.id.clone(),
        name: probe.name.clone(),
        group: probe.group.clone(),
        kind,
        target,
        status,
        reason,
        code,
        message,
        duration_ms: took.map(milliseconds),
        phases,
        observed,
        hint: None,
        runbook: probe.runbook.clone(),
        needs: probe.needs.clone(),
        origin: probe.origin.clone(),
        before: None,
        children: Vec::new(),
    };
    result.children = children.into_iter().map(|part| part.below(&result, '/')).collect();
    hints::add(&mut result, probe.hint.as_deref().or(likely.as_deref()));
    if let (Some(hint), Some(command)) = (&mut result.hint, &command) {
        hint.command = Some(command.clone());
    } else if let (Some(hint), Some(Reason::Timeout), true) =
        (&mut result.hint, result.reason, probe.own_timeout)
    {
        // More patience on the command line would change nothing.
        let (likely, own, origin) = (&hint.likely, probe.timeout, &probe.origin);
        hint.likely = format!("{likely}; it has `timeout` {own:?} of its own ({origin})");
        hint.command = Some(format!("obs check {} -v", probe.id));
    }
    // What a burn rate's rows lead to is one thing: the expression that they are of.
    let rows = result.children.iter_mut().filter(|row| row.kind == CheckKind::Slo);
    for hint in rows.filter_map(|row| row.hint.as_mut()) {
        hint.command = command.clone().or(hint.command.take());
    }
    result
}

impl Part {
    fn below(self, parent: &CheckResult, separator: char) -> CheckResult {
        let mut result = CheckResult {
            id: format!("{}{separator}{}", parent.id, self.name),
            name: self.name,
            kind: self.kind,
            status: self.status,
            reason: self.reason,
            code: None,
            message: self.message,
            duration_ms: self.duration_ms,
            phases: Vec::new(),
            observed: Vec::new(),
            needs: Vec::new(),
            children: Vec::new(),
            ..parent.clone()
        };
        result.children =
            self.children.into_iter().map(|part| part.below(&result, separator)).collect();
        hints::add(&mut result, None);
        result
    }
}
