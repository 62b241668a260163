//! What `obs check` found: a row a check, what failed once more with what to do about it.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::{Render, Theme, Tone, text, theme};
use crate::model::{CheckResult, Status, UnixNanos, mask_text};

mod rows;

use rows::Columns;

/// The checks and what they found; in JSON `obs.check/1`.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    schema: &'static str,
    /// This run's id, which every request carried.
    pub request_id: String,
    /// When the first check began.
    pub started: UnixNanos,
    /// How long the checks took, all together; with `--wait` the last time.
    pub duration_ms: f64,
    /// How often it was looked: more than once with `--wait`.
    pub attempts: u32,
    /// The worst of all.
    pub status: Status,
    /// How many there are of each.
    pub counts: Counts,
    /// The ids of the failures that explain the others.
    pub root_causes: Vec<String>,
    /// In the order they are listed.
    pub checks: Vec<CheckResult>,
}

/// How many checks and parts ended in each way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// As it should be.
    pub ok: usize,
    /// It works, and somebody should look.
    pub warn: usize,
    /// It does not work.
    pub fail: usize,
    /// It could not be told.
    pub unknown: usize,
    /// Not asked, because what it needs failed.
    pub skipped: usize,
}

impl CheckReport {
    /// Builds the answer from what the probes found.
    pub fn new(
        checks: Vec<CheckResult>,
        request_id: &str,
        started: UnixNanos,
        took: Duration,
        attempts: u32,
    ) -> Self {
        let mut counts = Counts::default();
        let all = checks.iter().flat_map(CheckResult::flat);
        for status in all.clone().map(|result| result.status) {
            *(match status {
                Status::Ok => &mut counts.ok,
                Status::Warn => &mut counts.warn,
                Status::Fail => &mut counts.fail,
                Status::Unknown => &mut counts.unknown,
                Status::Skipped => &mut counts.skipped,
            }) += 1;
        }
        let root_causes =
            all.filter(|result| is_root(result)).map(|root| root.id.clone()).collect();
        Self {
            schema: "obs.check/1",
            request_id: request_id.to_owned(),
            started,
            duration_ms: took.as_secs_f64() * 1e3,
            attempts,
            status: Status::worst(checks.iter().map(CheckResult::worst)),
            counts,
            root_causes,
            checks,
        }
    }

    /// Masks the secrets in what applications say of themselves.
    #[must_use]
    pub fn masked(mut self) -> Self {
        fn mask(result: &mut CheckResult) {
            for text in [&mut result.id, &mut result.name, &mut result.message, &mut result.target]
            {
                *text = mask_text(text).into_owned();
            }
            result.children.iter_mut().for_each(mask);
        }
        self.checks.iter_mut().for_each(mask);
        for id in &mut self.root_causes {
            *id = mask_text(id).into_owned();
        }
        self
    }

    fn all(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().flat_map(CheckResult::flat)
    }
}

/// Says whether a failure is not that of a part of it.
fn is_root(result: &CheckResult) -> bool {
    result.status == Status::Fail
        && result.children.iter().all(|child| child.worst() != Status::Fail)
}

impl Render for CheckReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let columns = Columns::of(self, theme);
        head(out, theme, self)?;
        columns.header(out, theme)?;
        let mut group = "";
        for check in &self.checks {
            if check.group != group {
                group = &check.group;
                writeln!(out, "{}", theme.paint(Tone::Strong, text::shown(group)))?;
            }
            columns.rows(out, theme, check, 0)?;
        }
        for result in self.all().filter(|result| result.hint.is_some()) {
            writeln!(out)?;
            advice(out, theme, result)?;
        }
        writeln!(out)?;
        foot(out, theme, self)
    }
}

fn head(out: &mut dyn Write, theme: &Theme, report: &CheckReport) -> io::Result<()> {
    let count = report.all().count();
    let plural = if count == 1 { "check" } else { "checks" };
    let again = if report.attempts > 1 {
        format!(" · looked {} times", report.attempts)
    } else {
        String::new()
    };
    let facts = format!("{count} {plural} in {}{again}", milliseconds(report.duration_ms));
    let run = format!("obs run {}", text::shown(&report.request_id));
    let room = theme.width.saturating_sub(text::columns(&facts) + text::columns(&run));
    // Side by side where there is room.
    let gap = if room < 2 { "\n".to_owned() } else { " ".repeat(room) };
    let run = theme.paint(Tone::Dim, run);
    writeln!(out, "{}{gap}{run}", theme.paint(Tone::Strong, facts))
}

fn look(status: Status, theme: &Theme) -> (&'static str, &'static str, Tone) {
    match status {
        Status::Ok => (theme.symbol("✓", "+"), "ok", Tone::Good),
        Status::Warn => ("!", "warn", Tone::Warn),
        Status::Fail => (theme.symbol("✗", "x"), "FAIL", Tone::Bad),
        Status::Unknown => ("?", "????", Tone::Warn),
        Status::Skipped => ("-", "skip", Tone::Dim),
    }
}

fn advice(out: &mut dyn Write, theme: &Theme, result: &CheckResult) -> io::Result<()> {
    let Some(hint) = &result.hint else { return Ok(()) };
    let (symbol, _, tone) = look(result.status, theme);
    let what = format!("{}: {}", text::shown(&result.id), text::shown(&result.message));
    for (place, line) in text::wrap(&what, theme.width.saturating_sub(3), 0).iter().enumerate() {
        let start = if place == 0 { theme.paint(tone, symbol) } else { " ".to_owned() };
        writeln!(out, " {start} {line}")?;
    }
    let likely = text::shown(&hint.likely);
    for (place, line) in text::wrap(&likely, theme.width.saturating_sub(11), 0).iter().enumerate() {
        let start = if place == 0 { "likely" } else { "" };
        writeln!(out, "   {start:<8}{line}")?;
    }
    if let Some(command) = &hint.command {
        writeln!(out, "   try     {}", theme.paint(Tone::Id, text::shown(command)))?;
    }
    if let Some(section) = &result.runbook {
        writeln!(out, "   see     obs runbook {}", text::shown(section))?;
    }
    Ok(())
}

fn foot(out: &mut dyn Write, theme: &Theme, report: &CheckReport) -> io::Result<()> {
    let Counts { ok, warn, fail, unknown, skipped } = report.counts;
    let counts =
        [(ok, "ok"), (warn, "warn"), (fail, "fail"), (unknown, "unknown"), (skipped, "skipped")];
    let counted: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let mut line = counted.join("  ");
    if !report.root_causes.is_empty() {
        let causes = text::shown(&report.root_causes.join(", "));
        line = format!("{line}    root causes: {causes}");
    }
    let (_, _, tone) = look(report.status, theme);
    let lines = text::wrap(&line, theme.width, 2);
    lines.iter().try_for_each(|line| writeln!(out, "{}", theme.paint(tone, line)))
}

fn milliseconds(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and is shown with three digits"
    )]
    theme::duration((value * 1e6) as i64)
}

#[cfg(test)]
mod tests;
