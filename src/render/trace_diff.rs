//! Two traces of one operation side by side: what `obs trace A --diff B` answers.

use std::io::{self, Write};

use serde::Serialize;

use super::theme::duration;
use super::trace_steps::{StepRow, draw};
use super::{Render, Theme, Tone, text};
use crate::model::{Missing, SpanKind, TraceId, UnixNanos};
use crate::traces::{
    Analysis, Node, Step, diff, in_milliseconds, in_milliseconds_if_any, milliseconds,
};

/// A step's length changed when it did by as much, in nanoseconds, and by as much of the longer one.
const CHANGED_NS_MIN: i64 = 1_000_000;
const CHANGED_PERCENT_MIN: i64 = 10;

/// Two traces and how they differ; in JSON `obs.trace-diff/1`.
#[derive(Debug, Serialize)]
pub struct TraceDiffReport {
    schema: &'static str,
    /// The trace that the other is held against.
    pub left: Side,
    /// The other.
    pub right: Side,
    /// By how much the second took longer; negative when it was shorter.
    pub delta_ms: f64,
    /// The steps of both, in depth-first order.
    pub steps: Vec<Compared>,
    /// Where the traces were looked for.
    pub asked: Vec<String>,
    /// The sources that did not answer.
    pub missing: Vec<Missing>,
    #[serde(skip)]
    all: bool,
}

/// One of the two traces.
#[derive(Debug, Serialize)]
pub struct Side {
    /// Its id.
    pub trace_id: TraceId,
    /// The operation of its first root.
    pub name: String,
    /// When it began.
    pub start: UnixNanos,
    /// From its first start to its last end, in nanoseconds; `duration_ms` in JSON.
    #[serde(rename = "duration_ms", serialize_with = "in_milliseconds")]
    pub duration_ns: i64,
    /// Its spans.
    pub spans: usize,
    /// Those that failed.
    pub errors: usize,
    /// Whether every parent and every end is here.
    pub complete: bool,
}

/// A step of one trace or of both.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The number of steps above it.
    pub depth: usize,
    /// The service.
    pub service: String,
    /// The operation.
    pub name: String,
    /// The role in a call between processes.
    pub kind: SpanKind,
    /// What became of it.
    pub change: Change,
    /// How many equal steps this stands for, of those that only one trace has.
    pub times: usize,
    /// How long it took in the first trace, in nanoseconds; none where that has not the step. `left_ms` in
    /// JSON.
    #[serde(rename = "left_ms", serialize_with = "in_milliseconds_if_any")]
    pub left_ns: Option<i64>,
    /// How long it took in the second trace, in nanoseconds; none where that has not the step. `right_ms` in
    /// JSON.
    #[serde(rename = "right_ms", serialize_with = "in_milliseconds_if_any")]
    pub right_ns: Option<i64>,
    /// Its own time in the first trace, its children's taken off; `left_self_ms` in JSON.
    #[serde(rename = "left_self_ms", serialize_with = "in_milliseconds_if_any")]
    pub left_self_ns: Option<i64>,
    /// The same in the second.
    #[serde(rename = "right_self_ms", serialize_with = "in_milliseconds_if_any")]
    pub right_self_ns: Option<i64>,
    /// Whether it failed in the first trace.
    pub left_error: bool,
    /// Whether it failed in the second.
    pub right_error: bool,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// About as long as before: within a millisecond or a tenth.
    Same,
    /// Longer.
    Slower,
    /// Shorter.
    Faster,
    /// Only in the second trace.
    New,
    /// Only in the first trace.
    Gone,
}

impl TraceDiffReport {
    /// Compares two traces; neither may be empty. `all` draws what did not change too.
    pub fn new(
        (left_id, left): (TraceId, &Analysis),
        (right_id, right): (TraceId, &Analysis),
        (asked, missing): (Vec<String>, Vec<Missing>),
        (all, show_secrets): (bool, bool),
    ) -> Self {
        let shown = |text: &str| text::masked(text, show_secrets).into_owned();
        let side = |trace_id, analysis: &Analysis| Side {
            trace_id,
            name: analysis
                .root()
                .map(|row| shown(&analysis.tree.nodes()[row].span.name))
                .unwrap_or_default(),
            start: analysis.start(),
            duration_ns: analysis.duration_ns(),
            spans: analysis.tree.nodes().len(),
            errors: analysis.errors.rows.len(),
            complete: analysis.is_complete(),
        };
        let steps = diff(left, right);
        let steps = steps.iter().filter_map(|step| compared(step, left, right, &shown)).collect();
        let (left, right) = (side(left_id, left), side(right_id, right));
        let delta_ms = milliseconds(right.duration_ns - left.duration_ns);
        Self { schema: "obs.trace-diff/1", left, right, delta_ms, steps, asked, missing, all }
    }
}

fn compared(
    step: &Step,
    left: &Analysis,
    right: &Analysis,
    shown: &dyn Fn(&str) -> String,
) -> Option<Compared> {
    let (in_left, in_right) = (row_of(left, step.left), row_of(right, step.right));
    let (node, _) = in_right.or(in_left)?;
    let length = |(node, _): (&Node, i64)| {
        if step.only_ns > 0 { step.only_ns } else { node.duration_ns() }
    };
    let failed = |side: Option<(&Node, i64)>| side.is_some_and(|(node, _)| node.span.is_error());
    let (left_ns, right_ns) = (in_left.map(length), in_right.map(length));
    Some(Compared {
        depth: step.depth,
        service: shown(&node.span.service),
        name: shown(&node.span.name),
        kind: node.span.kind,
        change: change(left_ns, right_ns),
        times: step.times,
        left_ns,
        right_ns,
        left_self_ns: in_left.map(|(_, own)| own),
        right_self_ns: in_right.map(|(_, own)| own),
        left_error: failed(in_left),
        right_error: failed(in_right),
    })
}

/// Returns a row's node and its own time.
fn row_of(analysis: &Analysis, row: Option<usize>) -> Option<(&Node, i64)> {
    row.map(|row| (&analysis.tree.nodes()[row], analysis.self_ns[row]))
}

fn change(left_ns: Option<i64>, right_ns: Option<i64>) -> Change {
    match (left_ns, right_ns) {
        (None, _) => Change::New,
        (_, None) => Change::Gone,
        (Some(left), Some(right)) => {
            let (delta, longer) = (right - left, left.max(right));
            let much = delta.abs() >= CHANGED_NS_MIN
                && delta.abs().saturating_mul(100) >= longer.saturating_mul(CHANGED_PERCENT_MIN);
            match delta {
                _ if !much => Change::Same,
                1.. => Change::Slower,
                _ => Change::Faster,
            }
        }
    }
}

impl Render for TraceDiffReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        head("trace", &self.left, out, theme)?;
        head("  and", &self.right, out, theme)?;
        let delta = signed(self.right.duration_ns - self.left.duration_ns);
        let changed = self.steps.iter().filter(|step| step.is_changed()).count();
        writeln!(out, "{delta}, {} changed\n", text::counted(changed, "step"))?;
        let rows: Vec<StepRow> = self.steps.iter().map(Compared::row).collect();
        draw(&rows, (["before", "after", "change"], "like before"), self.all, out, theme)
    }
}

impl Compared {
    fn is_changed(&self) -> bool {
        self.change != Change::Same || self.left_error != self.right_error
    }

    fn row(&self) -> StepRow {
        let length = |ns: Option<i64>| ns.map_or_else(|| "-".to_owned(), duration);
        let mark = match self.change {
            Change::New => (Tone::Warn, "+"),
            Change::Gone => (Tone::Dim, "-"),
            _ if self.right_error => (Tone::Bad, "✗"),
            _ => (Tone::Dim, " "),
        };
        let note = match (self.change, self.left_error, self.right_error) {
            (Change::New, _, true) => (Tone::Bad, "new, failed".to_owned()),
            (Change::New, ..) => (Tone::Warn, "new".to_owned()),
            (Change::Gone, ..) => (Tone::Dim, "gone".to_owned()),
            (_, false, true) => (Tone::Bad, "fails now".to_owned()),
            (_, true, false) => (Tone::Good, "failed before".to_owned()),
            (Change::Slower, ..) => (Tone::Warn, self.factor()),
            (Change::Faster, ..) => (Tone::Good, self.factor()),
            (Change::Same, ..) => (Tone::Dim, String::new()),
        };
        let times = if self.times > 1 { format!(" ×{}", self.times) } else { String::new() };
        let delta_ns = self.right_ns.unwrap_or(0) - self.left_ns.unwrap_or(0);
        let weight = if self.is_changed() { delta_ns.unsigned_abs().max(1) } else { 0 };
        StepRow {
            depth: self.depth,
            mark,
            service: self.service.clone(),
            name: format!("{}{times}", self.name),
            cells: [length(self.left_ns), length(self.right_ns), signed(delta_ns)],
            note,
            weight,
        }
    }

    /// Returns how many times as long the longer one is, where that says more than the difference.
    fn factor(&self) -> String {
        match (self.left_ns, self.right_ns) {
            (Some(left), Some(right)) if left > 0 && right / 2 >= left => {
                format!("{:.1}x", milliseconds(right) / milliseconds(left))
            }
            _ => String::new(),
        }
    }
}

fn signed(nanos: i64) -> String {
    match nanos {
        0 => "0".to_owned(),
        1.. => format!("+{}", duration(nanos)),
        _ => format!("-{}", duration(nanos.saturating_neg())),
    }
}

fn head(word: &str, side: &Side, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
    let id = theme.paint(Tone::Id, format!("{word} {}", side.trace_id));
    let name = theme.paint(Tone::Strong, text::harmless(&side.name).into_owned());
    let mut said = vec![duration(side.duration_ns), text::counted(side.spans, "span")];
    if side.errors > 0 {
        said.push(text::counted(side.errors, "error"));
    }
    if !side.complete {
        said.push("INCOMPLETE".to_owned());
    }
    let when = theme.date_time(side.start);
    writeln!(out, "{id}   {name}   {} · {when}", said.join(" · "))
}
