//! What `obs check` found: a row a check, what failed once more with what to do about it.
//!
//! One file an output beside the one for people and JSON; `listed` gives every row a name of its own.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::{Render, Theme, Tone, text, theme};
use crate::model::{
    CheckResult, Disagreement, Status, UnixNanos, disagreements, mask_text, root_causes,
};

mod change;
mod compared;
mod exposition;
mod junit;
mod listed;
mod markdown;
mod nagios;
mod rows;
mod short;
mod tap;

pub use change::{ChangeReport, State, row};

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
    /// Where an application says one thing of a dependency and the check of it found another.
    pub disagreements: Vec<Disagreement>,
    /// Whether people see the steps and the origin of each check at any width.
    #[serde(skip)]
    pub verbose: bool,
    /// In the order they are listed.
    pub checks: Vec<CheckResult>,
}

/// The last line of a stream of results: `obs.check-summary/1`.
#[derive(Debug, Serialize)]
struct SummaryLine<'a> {
    schema: &'static str,
    request_id: &'a str,
    started: UnixNanos,
    duration_ms: f64,
    status: Status,
    counts: Counts,
    root_causes: &'a [String],
    disagreements: &'a [Disagreement],
}

/// One check in a stream: `obs.check-result/1`.
#[derive(Debug, Serialize)]
pub struct ResultLine {
    schema: &'static str,
    check: CheckResult,
}

impl ResultLine {
    /// Takes one result, its secrets masked unless they are to be shown.
    pub fn new(result: &CheckResult, show_secrets: bool) -> Self {
        let mut check = result.clone();
        if !show_secrets {
            mask(&mut check);
        }
        Self { schema: "obs.check-result/1", check }
    }
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
        for status in all.map(|result| result.status) {
            *(match status {
                Status::Ok => &mut counts.ok,
                Status::Warn => &mut counts.warn,
                Status::Fail => &mut counts.fail,
                Status::Unknown => &mut counts.unknown,
                Status::Skipped => &mut counts.skipped,
            }) += 1;
        }
        Self {
            schema: "obs.check/1",
            request_id: request_id.to_owned(),
            started,
            duration_ms: took.as_secs_f64() * 1e3,
            attempts,
            status: Status::worst(checks.iter().map(CheckResult::worst)),
            counts,
            root_causes: root_causes(&checks),
            disagreements: disagreements(&checks),
            verbose: false,
            checks,
        }
    }

    /// Masks the secrets in what applications say of themselves.
    #[must_use]
    pub fn masked(mut self) -> Self {
        self.checks.iter_mut().for_each(mask);
        let of_others = self.disagreements.iter_mut();
        let ids = of_others.flat_map(|one| {
            [&mut one.component, &mut one.probe].into_iter().chain(&mut one.others)
        });
        for id in self.root_causes.iter_mut().chain(ids) {
            *id = mask_text(id).into_owned();
        }
        self
    }

    /// Returns the same without what is for the end: what a stream of results closes with.
    pub fn summary(&self) -> impl Serialize {
        SummaryLine {
            schema: "obs.check-summary/1",
            request_id: &self.request_id,
            started: self.started,
            duration_ms: self.duration_ms,
            status: self.status,
            counts: self.counts,
            root_causes: &self.root_causes,
            disagreements: &self.disagreements,
        }
    }

    fn all(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().flat_map(CheckResult::flat)
    }
}

fn mask(result: &mut CheckResult) {
    for text in [&mut result.id, &mut result.name, &mut result.message, &mut result.target] {
        *text = mask_text(text).into_owned();
    }
    result.children.iter_mut().for_each(mask);
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
            self.advice(out, theme, result)?;
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

impl CheckReport {
    /// Draws what is wrong with one check, the likely cause, and what to type.
    fn advice(&self, out: &mut dyn Write, theme: &Theme, result: &CheckResult) -> io::Result<()> {
        let Some(hint) = &result.hint else { return Ok(()) };
        let (symbol, _, tone) = look(result.status, theme);
        let what = format!("{}: {}", text::shown(&result.id), text::shown(&result.message));
        let width = theme.width.saturating_sub(3);
        for (place, line) in text::wrap(&what, width, 0).iter().enumerate() {
            let start = if place == 0 { theme.paint(tone, symbol) } else { " ".to_owned() };
            writeln!(out, " {start} {line}")?;
        }
        let code = result.code.as_deref().map(|code| format!(" · code {code}"));
        let place = format!("{}{}", result.target, code.unwrap_or_default());
        labelled(out, theme, "where", &place)?;
        labelled(out, theme, "likely", &hint.likely)?;
        for one in self.disagreements.iter().filter_map(|one| but(one, result)) {
            labelled(out, theme, "but", &one)?;
        }
        if let Some(command) = &hint.command {
            writeln!(out, "   try     {}", theme.paint(Tone::Id, text::shown(command)))?;
        }
        if let Some(section) = &result.runbook {
            writeln!(out, "   see     {}", text::shown(&where_to_read(section)))?;
        }
        Ok(())
    }
}

/// Draws what contradicts a result, where a disagreement is about it; what only may be the same is said
/// so.
fn but(one: &Disagreement, result: &CheckResult) -> Option<String> {
    let Disagreement { component, probe, likely, .. } = one;
    if *component == result.id {
        let others = one.others.join(", ");
        return Some(match (one.certain, others.as_str()) {
            (true, "") => format!("{probe} works from here: {likely}"),
            (false, "") => format!("{probe} works from here: if it is that one, {likely}"),
            (_, others) => {
                format!("{probe} works from here (it may also be {others}): if so, {likely}")
            }
        });
    }
    let says = format!("{component} is ok by its own word");
    (*probe == result.id).then(|| {
        if one.certain {
            return format!("{says}: {likely}");
        }
        format!("{says}, and may be another one; if it is this, {likely}")
    })
}

/// Returns what to type, or the address to open: to a shell a `#` would begin a comment.
fn where_to_read(section: &str) -> String {
    if section.starts_with("https://") || section.starts_with("http://") {
        return section.to_owned();
    }
    format!("obs runbook {}", section.trim_start_matches('#'))
}

fn labelled(out: &mut dyn Write, theme: &Theme, label: &str, words: &str) -> io::Result<()> {
    let words = text::shown(words);
    let lines = text::wrap(&words, theme.width.saturating_sub(11), 0);
    lines.iter().enumerate().try_for_each(|(place, line)| {
        let start = if place == 0 { label } else { "" };
        writeln!(out, "   {start:<8}{line}")
    })
}

fn foot(out: &mut dyn Write, theme: &Theme, report: &CheckReport) -> io::Result<()> {
    let mut line = counted(&report.counts, "  ");
    if !report.root_causes.is_empty() {
        let causes = text::shown(&report.root_causes.join(", "));
        line = format!("{line}    root causes: {causes}");
    }
    let (_, _, tone) = look(report.status, theme);
    let lines = text::wrap(&line, theme.width, 2);
    lines.iter().try_for_each(|line| writeln!(out, "{}", theme.paint(tone, line)))
}

/// Returns `2 ok, 1 fail`: the states that there are.
fn counted(counts: &Counts, between: &str) -> String {
    let Counts { ok, warn, fail, unknown, skipped } = *counts;
    let counts =
        [(ok, "ok"), (warn, "warn"), (fail, "fail"), (unknown, "unknown"), (skipped, "skipped")];
    let counted: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    counted.join(between)
}

fn milliseconds(value: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, and is shown with three digits"
    )]
    theme::duration((value * 1e6) as i64)
}

#[cfg(test)]
mod output_tests;
#[cfg(test)]
mod tests;
