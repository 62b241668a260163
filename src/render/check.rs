//! What `obs check` found: a row a check, what failed once more with what to do about it.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::{Render, Theme, Tone, text, theme};
use crate::model::{CheckResult, Status, UnixNanos, mask_text};

/// From this width on the target has a column of its own.
const WIDE: usize = 120;

/// From this width on the steps are shown.
const VERY_WIDE: usize = 160;

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
    let gap = theme.width.saturating_sub(text::columns(&facts) + text::columns(&run)).max(2);
    let run = theme.paint(Tone::Dim, run);
    writeln!(out, "{}{}{run}", theme.paint(Tone::Strong, facts), " ".repeat(gap))
}

/// The widths of the columns.
struct Columns {
    name: usize,
    target: usize,
    detail: usize,
}

/// Symbol, status and time with the blanks around them.
const FIXED: usize = 3 + 1 + 5 + 8 + 2;

impl Columns {
    fn of(report: &CheckReport, theme: &Theme) -> Self {
        let widest = |text: fn(&CheckResult, usize) -> usize, most: usize| {
            fn deepest(
                result: &CheckResult,
                depth: usize,
                text: fn(&CheckResult, usize) -> usize,
            ) -> usize {
                let below = result.children.iter().map(|child| deepest(child, depth + 1, text));
                below.fold(text(result, depth), usize::max)
            }
            let all = report.checks.iter().map(|check| deepest(check, 0, text));
            all.max().unwrap_or(0).clamp(5, most)
        };
        let name =
            widest(|result, depth| text::columns(&text::shown(&result.name)) + 3 * depth, 28);
        let wide = theme.width >= WIDE;
        let most = theme.width / 4;
        let target = widest(|result, _| text::columns(&text::shown(&result.target)), most);
        let target = if wide { target.max("TARGET".len()) } else { 0 };
        let used = FIXED + name + if wide { target + 2 } else { 0 };
        Self { name, target, detail: theme.width.saturating_sub(used).max(20) }
    }

    fn header(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let target = match self.target {
            0 => String::new(),
            width => format!("{}  ", text::fit("TARGET", width)),
        };
        let name = text::fit("CHECK", self.name);
        let line = format!("   {name} {:<5}{:>8}  {target}DETAIL", "", "TIME");
        writeln!(out, "{}", theme.paint(Tone::Dim, line))
    }

    fn rows(
        &self,
        out: &mut dyn Write,
        theme: &Theme,
        result: &CheckResult,
        depth: usize,
    ) -> io::Result<()> {
        let branch = match depth {
            0 => String::new(),
            depth => format!("{}{} ", "   ".repeat(depth - 1), theme.symbol("└─", "`-")),
        };
        let name = text::fit(&format!("{branch}{}", text::shown(&result.name)), self.name);
        let (symbol, word, tone) = look(result.status, theme);
        let time = result.duration_ms.map_or_else(|| "-".to_owned(), milliseconds);
        let target = match self.target {
            0 => String::new(),
            width if depth > 0 => format!("{}  ", " ".repeat(width)),
            width => {
                let target = text::shown(&result.target);
                format!("{}  ", text::fit(&text::cut_middle(&target, width), width))
            }
        };
        let mut detail = text::shown(&result.message);
        if theme.width >= VERY_WIDE && !result.phases.is_empty() {
            let phases = result.phases.iter();
            let steps: Vec<String> = phases
                .map(|phase| format!("{} {}", phase.name, milliseconds(phase.duration_ms)))
                .collect();
            detail = format!("{detail} · {}", steps.join(", "));
        }
        let start = format!(
            " {} {name} {}{time:>8}  {target}",
            theme.paint(tone, symbol),
            theme.paint(tone, format!("{word:<5}")),
        );
        let below = " ".repeat(theme.width.saturating_sub(self.detail));
        for (place, line) in text::wrap(&detail, self.detail, 0).iter().enumerate() {
            let line = format!("{}{line}", if place == 0 { &start } else { &below });
            writeln!(out, "{}", line.trim_end())?;
        }
        result.children.iter().try_for_each(|child| self.rows(out, theme, child, depth + 1))
    }
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
        writeln!(out, "   see     runbook {}", text::shown(section))?;
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
