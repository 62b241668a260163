//! Recent traces in a list: what `obs trace list` answers, and how it is drawn.

use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use super::theme::duration;
use super::{Render, Theme, Tone, text};
use crate::model::{Missing, TraceId, TraceSummary, UnixNanos};
use crate::traces::in_milliseconds_if_any;

/// From how many columns on service and operation have columns of their own.
const WIDE: usize = 120;

/// The columns of the longest sparkline.
const SPARKLINE_COLUMNS_MAX: usize = 60;

/// The traces of a window; in JSON `obs.traces/1`.
#[derive(Debug, Serialize)]
pub struct TraceListReport {
    schema: &'static str,
    /// The window's start.
    pub since: UnixNanos,
    /// The window's end.
    pub until: UnixNanos,
    /// The latest first.
    pub traces: Vec<ListedTrace>,
    /// Whether there may be more than are listed.
    pub truncated: bool,
    /// What sources say of their search.
    pub remarks: Vec<String>,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// Those that did not answer, or only in part.
    pub missing: Vec<Missing>,
}

/// A trace in the list.
#[derive(Debug, Serialize)]
pub struct ListedTrace {
    /// The trace.
    pub trace_id: TraceId,
    /// The root's operation; none while the root is not there.
    pub name: Option<String>,
    /// The root's service, else that of the first span; none where the source does not say it.
    pub service: Option<String>,
    /// When the first span began.
    pub start: UnixNanos,
    /// From the first start to the last end, in nanoseconds; none while no span has ended. `duration_ms`
    /// in JSON.
    #[serde(rename = "duration_ms", serialize_with = "in_milliseconds_if_any")]
    pub duration_ns: Option<i64>,
    /// How many spans it has; none where the source does not say it.
    pub spans: Option<u64>,
    /// How many of them failed; none where the source does not say it.
    pub errors: Option<u64>,
}

impl ListedTrace {
    /// Takes a sum; what looks like a secret in its texts is masked, unless it is to be shown.
    pub fn new(trace: TraceSummary, show_secrets: bool) -> Self {
        let shown = |text: String| text::masked(&text, show_secrets).into_owned();
        Self {
            trace_id: trace.trace_id,
            name: trace.name.map(shown),
            service: trace.service.map(shown),
            start: trace.start,
            duration_ns: trace.duration_ns,
            spans: trace.spans,
            errors: trace.errors,
        }
    }

    fn operation(&self) -> String {
        let name = self.name.as_deref().unwrap_or("(its root is not there)");
        text::harmless(name).into_owned()
    }

    fn service(&self) -> String {
        text::harmless(self.service.as_deref().unwrap_or("-")).into_owned()
    }
}

impl TraceListReport {
    /// Builds the answer of a window; `traces` are the latest first.
    pub fn new(
        (since, until): (UnixNanos, UnixNanos),
        traces: Vec<ListedTrace>,
        truncated: bool,
        remarks: Vec<String>,
        asked: Vec<String>,
        missing: Vec<Missing>,
    ) -> Self {
        Self { schema: "obs.traces/1", since, until, traces, truncated, remarks, asked, missing }
    }
}

impl Render for TraceListReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let Some(first) = self.traces.first() else {
            if self.missing.is_empty() {
                let since = theme.date_time(self.since);
                return writeln!(out, "no traces since {since} in {}", self.asked.join(", "));
            }
            // Nobody answered in full: there is nothing to say, and standard error says why.
            return Ok(());
        };
        summary(out, theme, &self.traces)?;
        table(out, theme, &self.traces)?;
        writeln!(out)?;
        if self.truncated {
            writeln!(out, "there may be more; see them with -n, or narrow it down")?;
        }
        writeln!(out, "{}", theme.paint(Tone::Id, format!("obs trace {}", first.trace_id)))
    }
}

/// How many traces, and their durations in the order of time.
fn summary(out: &mut dyn Write, theme: &Theme, traces: &[ListedTrace]) -> io::Result<()> {
    let mut durations: Vec<i64> = traces.iter().filter_map(|trace| trace.duration_ns).collect();
    durations.reverse();
    let count = text::counted(traces.len(), "trace");
    let mut sorted = durations.clone();
    sorted.sort_unstable();
    let (Some(middle), Some(most)) =
        (sorted.get(sorted.len().saturating_sub(1) / 2), sorted.last())
    else {
        return writeln!(out, "{count}");
    };
    let facts = format!("{count}   p50 {}   max {}", duration(*middle), duration(*most));
    let room = theme.width.saturating_sub(facts.len() + 3).min(SPARKLINE_COLUMNS_MAX);
    let line = sparkline(&durations, room, theme.ascii);
    writeln!(out, "{facts}   {}", theme.paint(Tone::Dim, line))
}

/// Draws durations, the earliest first, a column each against the longest; where there are more than
/// columns, each column is the longest of its part.
fn sparkline(durations: &[i64], columns: usize, ascii: bool) -> String {
    let steps: &[char] = if ascii {
        &['_', '.', '-', '=', '+', '*', '#']
    } else {
        &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    };
    let most = durations.iter().copied().max().unwrap_or(0).max(1);
    let part = durations.len().div_ceil(columns.max(1)).max(1);
    let highest = i128::try_from(steps.len() - 1).unwrap_or(0);
    let step = |part: &[i64]| {
        let longest = part.iter().copied().max().unwrap_or(0).max(0);
        let place = i128::from(longest) * highest / i128::from(most);
        usize::try_from(place).ok().and_then(|place| steps.get(place)).copied().unwrap_or(' ')
    };
    durations.chunks(part).map(step).collect()
}

fn table(out: &mut dyn Write, theme: &Theme, traces: &[ListedTrace]) -> io::Result<()> {
    let wide = theme.width >= WIDE;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(theme.width).unwrap_or(u16::MAX));
    let mut header = vec!["TIME", "DURATION", "SPANS", "ERRORS", "TRACE"];
    header.extend(if wide { &["SERVICE", "OPERATION"][..] } else { &[] });
    table.set_header(header);
    let days = traces
        .iter()
        .any(|trace| theme.now.since(trace.start).unsigned_abs() >= 24 * 3_600 * 1_000_000_000);
    for trace in traces {
        let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), |n| n.to_string());
        let errors = match trace.errors {
            Some(0) | None => count(trace.errors),
            Some(errors) => format!("{} {errors}", theme.symbol("✗", "x")),
        };
        let time = if days { theme.date_time(trace.start) } else { theme.time_of_day(trace.start) };
        let length = trace.duration_ns.map_or_else(|| "-".to_owned(), duration);
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let mut row =
            vec![Cell::new(time), right(length), right(count(trace.spans)), right(errors)];
        if wide {
            row.push(Cell::new(trace.trace_id));
            row.extend([Cell::new(trace.service()), Cell::new(trace.operation())]);
        } else {
            let what = format!("{}\n  {}  {}", trace.trace_id, trace.service(), trace.operation());
            row.push(Cell::new(what));
        }
        table.add_row(row);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_keeps_the_longest_of_each_part() {
        assert_eq!(sparkline(&[1, 2, 4, 8], 10, false), "▁▂▄█");
        assert_eq!(sparkline(&[1, 8, 4, 0], 2, false), "█▄");
        assert_eq!(sparkline(&[0, 0], 10, true), "__");
        assert_eq!(sparkline(&[i64::MAX, -5], 10, true), "#_");
        assert_eq!(sparkline(&[], 10, false), "");
    }

    fn trace(id: u128, errors: u64) -> ListedTrace {
        let summary = TraceSummary {
            trace_id: TraceId::new(id).unwrap(),
            name: (id != 2).then(|| "GET /a\u{1b}[2J".to_owned()),
            service: Some("shop".to_owned()),
            start: UnixNanos(1_795_330_800_000_000_000),
            duration_ns: Some(i64::try_from(id).unwrap() * 1_500_000),
            spans: Some(3),
            errors: Some(errors),
        };
        ListedTrace::new(summary, false)
    }

    fn drawn(width: usize, ascii: bool) -> String {
        let traces = vec![trace(2, 0), trace(1, 2)];
        let window = (UnixNanos(0), UnixNanos(1));
        let report = TraceListReport::new(window, traces, true, vec![], vec![], vec![]);
        let now = UnixNanos(1_795_330_900_000_000_000);
        let mut out = Vec::new();
        report.human(&mut out, &Theme { ascii, ..Theme::plain(width, now) }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_is_drawn_at_80_columns() {
        insta::assert_snapshot!(drawn(80, false));
    }

    #[test]
    fn a_list_is_drawn_at_120_columns_in_ascii() {
        let drawn = drawn(120, true);
        assert!(drawn.is_ascii(), "{drawn}");
        insta::assert_snapshot!(drawn);
    }
}
