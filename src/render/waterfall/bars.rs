//! The time axis and the bars on it.

use super::rows::Shows;
use crate::model::UnixNanos;
use crate::traces::{Analysis, Section};

/// How the trace's time maps to columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    start: UnixNanos,
    duration_ns: i128,
    width: usize,
}

/// One column of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// Before or after the span.
    Blank,
    /// The span, while the trace waited for something else.
    Off,
    /// The span's own work on the critical path.
    Path,
    /// A span event.
    Event,
    /// The end of a failed span.
    Failed,
    /// The end of what is drawn of a running span.
    Running,
    /// One or more folded spans.
    Folded,
}

impl Cell {
    /// Returns how the column is drawn.
    pub(super) fn symbol(self) -> char {
        match self {
            Self::Blank => ' ',
            Self::Off => '░',
            Self::Path => '█',
            Self::Event => '◆',
            Self::Failed => '✗',
            Self::Running => '…',
            Self::Folded => '▪',
        }
    }
}

impl Scale {
    /// Puts the whole trace on `width` columns.
    pub(super) fn new(analysis: &Analysis, width: usize) -> Self {
        let duration_ns = i128::from(analysis.duration_ns()).max(1);
        Self { start: analysis.start(), duration_ns, width: width.max(1) }
    }

    /// Returns the columns from the trace's start to `time`, in halves, rounded down.
    fn halves(self, time: UnixNanos) -> usize {
        let since = i128::from(time.since(self.start)).clamp(0, self.duration_ns);
        let width = i128::try_from(self.width).unwrap_or(i128::MAX);
        usize::try_from(since * width * 2 / self.duration_ns).unwrap_or(0)
    }

    /// Returns the column that `time` falls in.
    fn column(self, time: UnixNanos) -> usize {
        (self.halves(time) / 2).min(self.width - 1)
    }

    /// Returns the columns from the one `start` falls in to behind the one before `end`, at least one.
    fn columns(self, start: UnixNanos, end: UnixNanos) -> std::ops::Range<usize> {
        let from = self.column(start);
        let last = self.column(UnixNanos(end.0.saturating_sub(1)));
        from..last.max(from) + 1
    }

    /// Draws the axis: a tick at every 1, 2 or 5 × 10^n, about one in nine columns.
    pub(super) fn axis(self) -> String {
        let ticks_max = i128::try_from((self.width / 9).clamp(1, 8)).unwrap_or(1);
        let tens = std::iter::successors(Some(1_i128), |ten| ten.checked_mul(10));
        let mut steps = tens.flat_map(|ten| [ten, ten * 2, ten * 5]);
        let step = steps.find(|step| self.duration_ns <= step * ticks_max).unwrap_or(i128::MAX);
        let mut axis = String::new();
        let mut used = 0;
        let ticks = (0..).map(|tick| tick * step).take_while(|at| *at < self.duration_ns);
        for at in ticks {
            let since = i64::try_from(at).unwrap_or(i64::MAX);
            let column = self.column(UnixNanos(self.start.0.saturating_add(since)));
            let label = format!("|{}", tick_label(since));
            if column >= used && column + label.len() <= self.width {
                axis.push_str(&" ".repeat(column - used));
                used = column + label.len();
                axis.push_str(&label);
            }
        }
        axis
    }
}

/// Returns a tick's time as short as it can be said exactly: `0`, `20ms`, `1.5s`.
fn tick_label(nanos: i64) -> String {
    let (unit_ns, unit) = match nanos {
        0 => return "0".to_owned(),
        1..1_000 => (1_i64, "ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let (whole, rest) = (nanos / unit_ns, nanos % unit_ns);
    if rest == 0 {
        return format!("{whole}{unit}");
    }
    // A unit is at most 10^9 of the one below: nine digits hold any rest exactly.
    let digits = format!("{:09}", rest * (1_000_000_000 / unit_ns));
    format!("{whole}.{}{unit}", digits.trim_end_matches('0'))
}

/// Draws what a row shows; `sections` are those of its span, in the order of time.
pub(super) fn bar(
    analysis: &Analysis,
    scale: Scale,
    shows: &Shows,
    sections: &[Section],
) -> Vec<Cell> {
    let mut cells = vec![Cell::Blank; scale.width];
    match shows {
        Shows::Span(row) => draw_span(analysis, scale, *row, sections, &mut cells),
        Shows::Fold { members, .. } => {
            for node in members.iter().map(|row| &analysis.tree.nodes()[*row]) {
                cells[scale.columns(node.start, node.end)].fill(Cell::Folded);
            }
        }
        Shows::Missing(_) => {}
    }
    cells
}

fn draw_span(
    analysis: &Analysis,
    scale: Scale,
    row: usize,
    sections: &[Section],
    cells: &mut [Cell],
) {
    let node = &analysis.tree.nodes()[row];
    let columns = scale.columns(node.start, node.end);
    cells[columns.clone()].fill(Cell::Off);
    for section in sections {
        // A column belongs to the section that its middle falls in.
        let from = scale.halves(section.start).div_ceil(2).clamp(columns.start, columns.end);
        let to = scale.halves(section.end).div_ceil(2).clamp(from, columns.end);
        cells[from..to].fill(Cell::Path);
    }
    let longest = sections.iter().max_by_key(|section| section.end.since(section.start));
    if let Some(longest) = longest.filter(|_| !cells.contains(&Cell::Path)) {
        cells[scale.column(longest.start)] = Cell::Path;
    }
    for event in node.span.events.iter().filter(|event| event.name != "exception") {
        cells[scale.column(event.time)] = Cell::Event;
    }
    let end = &mut cells[columns.end - 1];
    if node.span.end.is_none() {
        *end = Cell::Running;
    } else if node.span.is_error() {
        *end = Cell::Failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traces::analyse;
    use crate::traces::fixtures::span;

    #[test]
    fn ticks_are_round_and_as_many_as_fit() {
        for (end_ms, width, axis) in [
            (470, 36, "|0             |200ms         |400ms"),
            (40, 36, "|0       |10ms    |20ms    |30ms"),
            (
                1_500,
                76,
                "|0        |200ms    |400ms    |600ms    |800ms    |1s       |1.2s     |1.4s",
            ),
        ] {
            let analysis = analyse(vec![span(1, 0, "root", 0, end_ms)]);
            assert_eq!(Scale::new(&analysis, width).axis(), axis);
        }
    }

    #[test]
    fn a_ticks_label_is_exact() {
        for (nanos, label) in [(0, "0"), (1_500_000_000, "1.5s"), (20_000, "20us"), (5, "5ns")] {
            assert_eq!(tick_label(nanos), label);
        }
    }
}
