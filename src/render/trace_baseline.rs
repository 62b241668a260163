//! A trace held against the last ones of the same operation: what `obs trace ID --baseline` answers.

use std::io::{self, Write};

use serde::Serialize;

use super::theme::duration;
use super::trace_steps::{StepRow, draw};
use super::{Render, Theme, Tone, text};
use crate::model::{Missing, Span, TraceId, UnixNanos};
use crate::traces::{
    Analysis, Baseline, Usual, in_milliseconds, in_milliseconds_if_any, milliseconds,
};

/// Fewer traces say little of what is usual.
const TRACES_MIN: usize = 5;

/// What a step has to take above the usual before it counts, in nanoseconds.
const SLOW_NS_MIN: i64 = 1_000_000;

/// A trace and what is usual; in JSON `obs.trace-baseline/1`.
#[derive(Debug, Serialize)]
pub struct TraceBaselineReport {
    schema: &'static str,
    /// The trace.
    pub trace_id: TraceId,
    /// The service of its first root.
    pub service: String,
    /// The operation of its first root.
    pub name: String,
    /// When it began.
    pub start: UnixNanos,
    /// From its first start to its last end, in nanoseconds; `duration_ms` in JSON.
    #[serde(rename = "duration_ms", serialize_with = "in_milliseconds")]
    pub duration_ns: i64,
    /// How many traces of the same operation it is held against.
    pub traces: usize,
    /// The earliest start of those; none without any.
    pub since: Option<UnixNanos>,
    /// Its steps, in depth-first order.
    pub steps: Vec<Held>,
    /// Steps that at least half of the others have and this one has not.
    pub absent: Vec<Held>,
    /// Where traces were looked for.
    pub asked: Vec<String>,
    /// The sources that did not answer.
    pub missing: Vec<Missing>,
    #[serde(skip)]
    all: bool,
}

/// A step and what is usual for it.
#[derive(Debug, Serialize)]
pub struct Held {
    /// The number of steps above it.
    pub depth: usize,
    /// The service.
    pub service: String,
    /// The operation.
    pub name: String,
    /// How long it took, in nanoseconds; none where it is absent. `duration_ms` in JSON.
    #[serde(rename = "duration_ms", serialize_with = "in_milliseconds_if_any")]
    pub duration_ns: Option<i64>,
    /// How many of the other traces have it.
    pub traces: usize,
    /// What half of them stay within; none where no other has it.
    #[serde(rename = "p50_ms", serialize_with = "in_milliseconds_if_any")]
    pub p50_ns: Option<i64>,
    /// What 95 of 100 stay within; the longest of fewer than twenty.
    #[serde(rename = "p95_ms", serialize_with = "in_milliseconds_if_any")]
    pub p95_ns: Option<i64>,
    /// Whether it failed.
    pub error: bool,
    /// Whether it took longer than the p95, by a millisecond at least.
    pub slow: bool,
}

impl TraceBaselineReport {
    /// Holds a trace against others of the same operation; it may not be empty. `all` draws what is as
    /// usual too.
    pub fn new(
        (trace_id, trace): (TraceId, &Analysis),
        others: &[Analysis],
        (asked, missing): (Vec<String>, Vec<Missing>),
        (all, show_secrets): (bool, bool),
    ) -> Self {
        let shown = |text: &str| text::masked(text, show_secrets).into_owned();
        let baseline = Baseline::of(trace, others);
        let nodes = trace.tree.nodes();
        let held = |span: &Span, depth, length: Option<i64>, usual: Option<Usual>| Held {
            depth,
            service: shown(&span.service),
            name: shown(&span.name),
            duration_ns: length,
            traces: usual.map_or(0, |usual| usual.traces),
            p50_ns: usual.map(|usual| usual.p50_ns),
            p95_ns: usual.map(|usual| usual.p95_ns),
            error: length.is_some() && span.is_error(),
            slow: length.zip(usual).is_some_and(|(length, usual)| is_slow(length, usual)),
        };
        let steps = nodes.iter().zip(&baseline.rows);
        let steps = steps
            .map(|(node, usual)| held(&node.span, node.depth, Some(node.duration_ns()), *usual));
        let absent = baseline.absent.iter().map(|(place, row, usual)| {
            let node = &others[*place].tree.nodes()[*row];
            held(&node.span, node.depth, None, Some(*usual))
        });
        let root = trace.root().map(|row| &nodes[row].span);
        Self {
            schema: "obs.trace-baseline/1",
            trace_id,
            service: root.map(|span| shown(&span.service)).unwrap_or_default(),
            name: root.map(|span| shown(&span.name)).unwrap_or_default(),
            start: trace.start(),
            duration_ns: trace.duration_ns(),
            traces: others.len(),
            since: others.iter().map(Analysis::start).min(),
            steps: steps.collect(),
            absent: absent.collect(),
            asked,
            missing,
            all,
        }
    }
}

fn is_slow(length: i64, usual: Usual) -> bool {
    length.saturating_sub(usual.p95_ns) >= SLOW_NS_MIN
}

impl Render for TraceBaselineReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let id = theme.paint(Tone::Id, format!("trace {}", self.trace_id));
        let name = format!("{} {}", text::harmless(&self.service), text::harmless(&self.name));
        let name = theme.paint(Tone::Strong, name);
        writeln!(out, "{id}   {name}   {}", theme.date_time(self.start))?;
        let others = text::counted(self.traces, "other trace");
        let since = self.since.map(|since| format!(", since {}", theme.date_time(since)));
        let few = if self.traces < TRACES_MIN { ": few to say what is usual" } else { "" };
        let since = since.unwrap_or_default();
        writeln!(out, "held against {others} of the same operation{since}{few}")?;
        let slow = self.steps.iter().filter(|step| step.slow).count();
        writeln!(out, "{} above the p95\n", text::counted(slow, "step"))?;
        let rows: Vec<StepRow> = self.steps.iter().map(Held::row).collect();
        draw(&rows, (["now", "p50", "p95"], "as usual"), self.all, out, theme)?;
        for step in &self.absent {
            let name = format!("{} {}", text::harmless(&step.service), text::harmless(&step.name));
            let of = format!("in {} of {} others", step.traces, self.traces);
            writeln!(out, "absent here: {name} ({of})")?;
        }
        Ok(())
    }
}

impl Held {
    fn row(&self) -> StepRow {
        let length = self.duration_ns.unwrap_or(0);
        let above = length.saturating_sub(self.p95_ns.unwrap_or(0));
        let cell = |nanos: Option<i64>| nanos.map_or_else(|| "-".to_owned(), duration);
        let note = match self.p95_ns {
            None => (Tone::Warn, "in no other".to_owned()),
            Some(p95) if self.slow && p95 > 0 => {
                (Tone::Warn, format!("{:.1}x the p95", milliseconds(length) / milliseconds(p95)))
            }
            Some(_) => (Tone::Dim, String::new()),
        };
        let telling = self.slow || self.p95_ns.is_none() || self.error;
        StepRow {
            depth: self.depth,
            mark: if self.error { (Tone::Bad, "✗") } else { (Tone::Dim, " ") },
            service: self.service.clone(),
            name: self.name.clone(),
            cells: [duration(length), cell(self.p50_ns), cell(self.p95_ns)],
            note,
            weight: if telling { above.max(1).unsigned_abs() } else { 0 },
        }
    }
}
