//! A trace for other tools: folded stacks for flame graphs, and the trace events that Perfetto reads.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::TraceReport;
use crate::model::{Span, UnixNanos};
use crate::render::text;

/// The most steps of a stack; a deeper one says so at its beginning.
const STACK_MAX: usize = 200;

impl TraceReport {
    /// Returns the spans as they may be shown, in depth-first order.
    pub fn shown_spans(&self) -> Vec<Span> {
        let count = self.analysis().tree.nodes().len();
        (0..count).map(|row| self.spans.span(row).into_owned()).collect()
    }

    /// Writes a line for each path of spans: the names from the root down, with `;` between them, and
    /// the microseconds that its spans themselves took.
    ///
    /// Source: github.com/brendangregg/FlameGraph, the input of `flamegraph.pl`.
    pub fn folded(&self, out: &mut dyn Write) -> io::Result<()> {
        let analysis = self.analysis();
        let nodes = analysis.tree.nodes();
        let frames: Vec<String> = (0..nodes.len()).map(|row| self.frame(row)).collect();
        let mut order: Vec<String> = Vec::new();
        let mut sums: HashMap<String, i64> = HashMap::new();
        for (row, own_ns) in analysis.self_ns.iter().enumerate() {
            let upwards = std::iter::successors(Some(row), |row| nodes[*row].parent);
            let mut stack: Vec<&str> = upwards.take(STACK_MAX).map(|row| &*frames[row]).collect();
            if nodes[row].depth >= STACK_MAX {
                stack.push("…");
            }
            stack.reverse();
            let stack = stack.join(";");
            if !sums.contains_key(&stack) {
                order.push(stack.clone());
            }
            *sums.entry(stack).or_default() += own_ns / 1_000;
        }
        order
            .iter()
            .filter(|stack| sums[*stack] > 0)
            .try_for_each(|stack| writeln!(out, "{stack} {}", sums[stack]))
    }

    /// Returns a span as a frame: `;` and blanks at its end would end it.
    fn frame(&self, row: usize) -> String {
        let span = &self.analysis().tree.nodes()[row].span;
        let name = self.spans.masked(&format!("{} {}", span.service, span.name));
        text::harmless(name.trim()).replace(';', ",")
    }

    /// Writes Chrome's trace events: a process a service, as many threads as it had spans at once.
    ///
    /// Source: "Trace Event Format", complete (`X`), instant (`i`) and metadata (`M`) events; times are
    /// microseconds.
    pub fn perfetto(&self, out: &mut dyn Write) -> io::Result<()> {
        let analysis = self.analysis();
        let start = analysis.start();
        let micros = |time: UnixNanos| thousandths(time.since(start));
        let processes: HashMap<&str, usize> = analysis
            .services
            .iter()
            .enumerate()
            .map(|(at, name)| (name.as_str(), at + 1))
            .collect();
        let mut lanes: HashMap<usize, Vec<Vec<UnixNanos>>> = HashMap::new();
        let mut rows: Vec<usize> = (0..analysis.tree.nodes().len()).collect();
        rows.sort_by_key(|row| {
            let node = &analysis.tree.nodes()[*row];
            (node.start, std::cmp::Reverse(node.end), *row)
        });
        let mut events: Vec<Value> = processes
            .iter()
            .map(|(name, pid)| {
                let name = text::harmless(&self.spans.masked(name)).into_owned();
                json!({ "ph": "M", "name": "process_name", "pid": pid, "args": { "name": name } })
            })
            .collect();
        events.sort_by_key(|event| event["pid"].as_u64());
        for row in rows {
            let node = &analysis.tree.nodes()[row];
            let span = self.spans.span(row);
            let pid = processes.get(node.span.service.as_str()).copied().unwrap_or(0);
            let tid = lane(lanes.entry(pid).or_default(), node.start, node.end) + 1;
            let mut facts = Map::new();
            facts.insert("span_id".to_owned(), span.span_id.to_string().into());
            facts.extend(span.attributes.iter().map(|(key, value)| (key.clone(), json!(value))));
            if span.is_error() {
                facts.insert("error".to_owned(), span.status_message.clone().into());
            }
            let kind = format!("{:?}", span.kind).to_lowercase();
            events.push(json!({
                "ph": "X", "name": span.name, "cat": kind, "pid": pid, "tid": tid,
                "ts": micros(node.start), "dur": thousandths(node.duration_ns()), "args": facts,
            }));
            for event in &span.events {
                let at = UnixNanos(event.time.0.saturating_add(node.offset_ns));
                events.push(json!({
                    "ph": "i", "s": "t", "name": event.name, "pid": pid, "tid": tid, "ts": micros(at),
                }));
            }
        }
        let document = json!({ "displayTimeUnit": "ms", "traceEvents": events }).to_string();
        writeln!(out, "{}", text::harmless_json(&document))
    }
}

/// Returns the first thread in which a span is within another or beside all, and puts it there.
fn lane(lanes: &mut Vec<Vec<UnixNanos>>, start: UnixNanos, end: UnixNanos) -> usize {
    for (at, open) in lanes.iter_mut().enumerate() {
        while open.last().is_some_and(|last| *last <= start) {
            open.pop();
        }
        if open.last().is_none_or(|last| end <= *last) {
            open.push(end);
            return at;
        }
    }
    lanes.push(vec![end]);
    lanes.len() - 1
}

fn thousandths(nanos: i64) -> f64 {
    crate::traces::milliseconds(nanos) * 1_000.0
}
