//! How time maps to columns: one axis, with long pauses cut out of it.

use super::view::Scope;
use crate::model::UnixNanos;
use crate::render::text;
use crate::render::theme::duration;
use crate::traces::{Analysis, idle};

/// The axis of a drawing.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    start: UnixNanos,
    end: UnixNanos,
    /// What is drawn, in order; between two of them a pause was cut out.
    parts: Vec<Part>,
    /// The columns of each pause.
    cut_width: usize,
    pub(super) width: usize,
}

/// A stretch of time and the columns that it takes.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: UnixNanos,
    duration_ns: i128,
    column: usize,
    width: usize,
}

impl Scale {
    /// Puts the rows of `scope` on `width` columns.
    pub(super) fn new(analysis: &Analysis, scope: &Scope, width: usize) -> Self {
        let width = width.max(1);
        let nodes = &analysis.tree.nodes()[scope.focus.clone()];
        let times = || nodes.iter().map(|node| (node.start, node.end));
        let start = times().map(|(start, _)| start).min().unwrap_or_default();
        let end = times().map(|(_, end)| end).max().unwrap_or_default();
        let pauses = idle::pauses(times());
        // A pause is as wide as what is said of it, if that leaves two thirds to the rest.
        let label = pauses.iter().map(|pause| text::columns(&pause_label(*pause))).max();
        let cut_width = label.filter(|label| label * pauses.len() <= width / 3).unwrap_or(1);
        let cut_width = if pauses.len() * 3 < width { cut_width } else { 0 };
        let parts = parts((start, end), &pauses, width, cut_width);
        Self { start, end, parts, cut_width, width }
    }

    /// Says whether any of the time from `start` to `end` is on the axis.
    pub(super) fn shows(&self, start: UnixNanos, end: UnixNanos) -> bool {
        start <= self.end && end >= self.start
    }

    /// Returns the columns before `time`, in halves, rounded down.
    pub(super) fn halves(&self, time: UnixNanos) -> usize {
        let after = self.parts.partition_point(|part| part.start <= time);
        let Some(part) = after.checked_sub(1).map(|at| self.parts[at]) else { return 0 };
        let since = i128::from(time.since(part.start)).clamp(0, part.duration_ns);
        let width = i128::try_from(part.width).unwrap_or(i128::MAX);
        part.column * 2 + usize::try_from(since * width * 2 / part.duration_ns).unwrap_or(0)
    }

    /// Returns the column that `time` falls in.
    pub(super) fn column(&self, time: UnixNanos) -> usize {
        let after = self.parts.partition_point(|part| part.start <= time);
        let part = self.parts[after.saturating_sub(1)];
        // The end of a part is in its last column, not in the pause behind it.
        (self.halves(time) / 2).min(part.column + part.width - 1)
    }

    /// Returns the columns from the one `start` falls in to behind the one before `end`, at least one.
    pub(super) fn columns(&self, start: UnixNanos, end: UnixNanos) -> std::ops::Range<usize> {
        let from = self.column(start);
        let last = self.column(UnixNanos(end.0.saturating_sub(1)));
        from..last.max(from) + 1
    }

    /// Returns the columns of the axis at which something is written, and what: round times, or with
    /// pauses where each part begins.
    pub(super) fn marks(&self) -> Vec<(usize, String)> {
        if let [only] = self.parts[..] {
            let at = |since| self.column(UnixNanos(self.start.0.saturating_add(since)));
            let ticks = ticks(only.duration_ns, self.width).into_iter();
            return ticks.map(|(since, label)| (at(since), label.replace('|', ""))).collect();
        }
        let since = |part: &Part| duration(part.start.since(self.start));
        self.parts.iter().map(|part| (part.column, since(part))).collect()
    }

    /// Draws the axis: a tick at every 1, 2 or 5 × 10^n, about one in nine columns; with pauses one
    /// where each part begins, and how long nothing ran.
    pub(super) fn axis(&self) -> String {
        let mut axis = String::new();
        let mut used = 0;
        let mut put = |column: usize, label: &str, room: usize| {
            let columns = text::columns(label);
            if column >= used && columns <= room && column + columns <= self.width {
                axis.push_str(&" ".repeat(column - used));
                axis.push_str(label);
                used = column + columns;
            }
        };
        if let [only] = self.parts[..] {
            for (since, label) in ticks(only.duration_ns, self.width) {
                put(self.column(UnixNanos(self.start.0.saturating_add(since))), &label, usize::MAX);
            }
            return axis;
        }
        for (at, part) in self.parts.iter().enumerate() {
            if let Some(before) = at.checked_sub(1).map(|at| self.parts[at]) {
                let from = UnixNanos(before.start.0.saturating_add(clipped(before.duration_ns)));
                let label = pause_label((from, part.start));
                let column = before.column + before.width;
                put(column, if self.cut_width > 1 { &label } else { "⋯" }, self.cut_width);
            }
            let since = part.start.since(self.start);
            let label = if since == 0 { "|0".to_owned() } else { format!("|{}", duration(since)) };
            put(part.column, &label, part.width);
        }
        axis
    }
}

fn clipped(nanos: i128) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

fn pause_label((from, to): (UnixNanos, UnixNanos)) -> String {
    format!("⋯{}⋯", duration(to.since(from)))
}

/// Shares the columns out by time; each part has one at least.
fn parts(
    (start, end): (UnixNanos, UnixNanos),
    pauses: &[(UnixNanos, UnixNanos)],
    width: usize,
    cut_width: usize,
) -> Vec<Part> {
    let pauses = if cut_width == 0 { &[] } else { pauses };
    let begins = std::iter::once(start).chain(pauses.iter().map(|pause| pause.1));
    let ends = pauses.iter().map(|pause| pause.0).chain([end]);
    let spans: Vec<(UnixNanos, i128)> =
        begins.zip(ends).map(|(from, to)| (from, i128::from(to.since(from)).max(1))).collect();
    let whole: i128 = spans.iter().map(|(_, length)| length).sum();
    let spare = width.saturating_sub(pauses.len() * cut_width + spans.len());
    let mut parts = Vec::new();
    let (mut column, mut shared, mut past) = (0, 0, 0_i128);
    for (start, duration_ns) in spans {
        past += duration_ns;
        let to =
            usize::try_from(past * i128::try_from(spare).unwrap_or(0) / whole).unwrap_or(spare);
        let width = 1 + to - shared;
        parts.push(Part { start, duration_ns, column, width });
        column += width + cut_width;
        shared = to;
    }
    parts
}

/// Returns the round times on an axis, with what is written there.
fn ticks(duration_ns: i128, width: usize) -> Vec<(i64, String)> {
    let ticks_max = i128::try_from((width / 9).clamp(1, 8)).unwrap_or(1);
    let tens = std::iter::successors(Some(1_i128), |ten| ten.checked_mul(10));
    let mut steps = tens.flat_map(|ten| [ten, ten * 2, ten * 5]);
    let step = steps.find(|step| duration_ns <= step * ticks_max).unwrap_or(i128::MAX);
    let ticks = (0..).map(|tick| clipped(tick * step));
    let ticks = ticks.take_while(|at| i128::from(*at) < duration_ns).take(10);
    ticks.map(|at| (at, format!("|{}", tick_label(at)))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;
    use crate::render::waterfall::View;
    use crate::traces::analyse;
    use crate::traces::fixtures::span;

    fn axis(spans: Vec<Span>, width: usize) -> String {
        let analysis = analyse(spans);
        Scale::new(&analysis, &View::default().scope(&analysis), width).axis()
    }

    #[test]
    fn ticks_are_round_and_as_many_as_fit() {
        for (end_ms, width, expected) in [
            (470, 36, "|0             |200ms         |400ms"),
            (40, 36, "|0       |10ms    |20ms    |30ms"),
            (
                1_500,
                76,
                "|0        |200ms    |400ms    |600ms    |800ms    |1s       |1.2s     |1.4s",
            ),
        ] {
            assert_eq!(axis(vec![span(1, 0, "root", 0, end_ms)], width), expected);
        }
    }

    #[test]
    fn long_pauses_are_cut_out_and_their_length_is_told() {
        let roots = vec![span(1, 0, "a", 0, 400), span(2, 0, "b", 35_400, 35_800)];
        assert_eq!(axis(roots.clone(), 36), "|0            ⋯35.0s⋯|35.4s");
        let analysis = analyse(roots);
        let scale = Scale::new(&analysis, &View::default().scope(&analysis), 36);
        let node = |row: usize| &analysis.tree.nodes()[row];
        assert_eq!(scale.columns(node(0).start, node(0).end), 0..14);
        assert_eq!(scale.columns(node(1).start, node(1).end), 21..36);
    }

    #[test]
    fn a_ticks_label_is_exact() {
        for (nanos, label) in [(0, "0"), (1_500_000_000, "1.5s"), (20_000, "20us"), (5, "5ns")] {
            assert_eq!(tick_label(nanos), label);
        }
    }
}
