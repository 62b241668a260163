//! A row a check, in columns as wide as they need.

use std::io::{self, Write};

use super::compared::compared;
use super::{CheckReport, look, milliseconds};
use crate::model::{CheckResult, Status};
use crate::render::{Theme, Tone, text};

/// From this width on the target has a column of its own.
const WIDE: usize = 120;

/// From this width on the steps are shown beside what was found.
const STEPS: usize = WIDE;

/// The widths of the columns.
pub(super) struct Columns {
    name: usize,
    target: usize,
    detail: usize,
    /// Whether steps and origin have a line of their own.
    verbose: bool,
}

/// Symbol, status and time with the blanks around them.
const FIXED: usize = 3 + 1 + 5 + 8 + 2;

impl Columns {
    pub(super) fn of(report: &CheckReport, theme: &Theme) -> Self {
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
        let detail = theme.width.saturating_sub(used).max(20);
        Self { name, target, detail, verbose: report.verbose }
    }

    pub(super) fn header(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let target = match self.target {
            0 => String::new(),
            width => format!("{}  ", text::fit("TARGET", width)),
        };
        let name = text::fit("CHECK", self.name);
        let line = format!("   {name} {:<5}{:>8}  {target}DETAIL", "", "TIME");
        writeln!(out, "{}", theme.paint(Tone::Dim, line))
    }

    pub(super) fn rows(
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
        let lines = self.lines_of(result, theme);
        let start = format!(
            " {} {name} {}{time:>8}  {target}",
            theme.paint(tone, symbol),
            theme.paint(tone, format!("{word:<5}")),
        );
        let below = " ".repeat(theme.width.saturating_sub(self.detail));
        for (place, line) in lines.iter().enumerate() {
            let line = format!("{}{line}", if place == 0 { &start } else { &below });
            writeln!(out, "{}", line.trim_end())?;
        }
        if self.verbose && depth == 0 {
            let origin = format!("from {}", text::shown(&result.origin));
            let steps = steps(result).filter(|_| theme.width < STEPS);
            let more = [Some(origin), steps].into_iter().flatten().collect::<Vec<_>>().join(" · ");
            for line in text::wrap(&more, self.detail, 0) {
                writeln!(out, "{below}{}", theme.paint(Tone::Dim, line))?;
            }
        }
        result.children.iter().try_for_each(|child| self.rows(out, theme, child, depth + 1))
    }

    /// Returns what came back, what is different from the last run, and where there is room the steps.
    fn lines_of(&self, result: &CheckResult, theme: &Theme) -> Vec<String> {
        let mut detail = text::shown(&result.message);
        if let Some(compared) = compared(result, theme) {
            detail = format!("{detail} · {compared}");
        }
        let mut lines = text::wrap(&detail, self.detail, 0);
        let shown = theme.width >= STEPS && result.status != Status::Skipped;
        let Some(steps) = steps(result).filter(|_| shown) else { return lines };
        let last = lines.last().map_or(0, |line| text::columns(line));
        match lines.last_mut() {
            Some(line) if last + 3 + text::columns(&steps) <= self.detail => {
                *line = format!("{line} · {}", theme.paint(Tone::Dim, steps));
            }
            _ => {
                let wrapped = text::wrap(&steps, self.detail, 0);
                lines.extend(wrapped.into_iter().map(|line| theme.paint(Tone::Dim, line)));
            }
        }
        lines
    }
}

/// Returns `connect 0.3 tls 22 auth 6.1 query 1.0ms`; `None` where there are no steps.
fn steps(result: &CheckResult) -> Option<String> {
    let steps: Vec<String> = result
        .phases
        .iter()
        .map(|phase| format!("{} {}", phase.name, milliseconds(phase.duration_ms)))
        .collect();
    (!steps.is_empty()).then(|| steps.join(" "))
}
