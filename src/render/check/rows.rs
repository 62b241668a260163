//! A row a check, in columns as wide as they need.

use std::io::{self, Write};

use super::{CheckReport, look, milliseconds};
use crate::model::CheckResult;
use crate::render::{Theme, Tone, text};

/// From this width on the target has a column of its own.
const WIDE: usize = 120;

/// From this width on the steps are shown.
const VERY_WIDE: usize = 160;

/// The widths of the columns.
pub(super) struct Columns {
    name: usize,
    target: usize,
    detail: usize,
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
        Self { name, target, detail: theme.width.saturating_sub(used).max(20) }
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
