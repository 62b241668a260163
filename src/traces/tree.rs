//! The tree of a trace: spans in depth-first order, whatever order and holes they came in.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use super::parents::{self, Link};
use super::skew::{self, Skew};
use crate::model::{Span, SpanId, UnixNanos};

/// A span at its place in the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The span as it was received.
    pub span: Span,
    /// The number of spans above it; 0 for a root.
    pub depth: usize,
    /// The row of the span above it.
    pub parent: Option<usize>,
    /// Whether it names a parent that was not received; such a span is a root.
    pub orphan: bool,
    /// Whether the operation failed, as [`Span::is_error`] has it.
    pub failed: bool,
    /// What was added to its times: its process's clock is off against its caller's. In nanoseconds,
    /// 0 for most.
    pub offset_ns: i64,
    /// When it began, by the clock that the spans around it are shown in.
    pub start: UnixNanos,
    /// When it ended, by the same clock; the trace's end for a running span, never before its start.
    pub end: UnixNanos,
    rows_below: usize,
}

impl Node {
    /// Returns the length in nanoseconds, up to the trace's end for a running span.
    pub fn duration_ns(&self) -> i64 {
        self.end.since(self.start)
    }

    /// Returns a time that the span's process sent, by the clock that `start` and `end` are in.
    pub fn shifted(&self, time: UnixNanos) -> UnixNanos {
        moved(time, self.offset_ns)
    }
}

/// A parent that spans name and that was not received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingParent {
    /// The id that the spans give.
    pub span_id: SpanId,
    /// The rows of those spans; never empty.
    pub children: Vec<usize>,
}

/// What was wrong with the spans themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// The span names itself as its parent; it is made a root.
    OwnParent(SpanId),
    /// The span is its own ancestor; it is made a root.
    Circle(SpanId),
    /// Several spans have this id and are not the two sides of one call.
    RepeatedId(SpanId),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnParent(id) => write!(f, "span {id} names itself as its parent"),
            Self::Circle(id) => write!(f, "span {id} is its own ancestor"),
            Self::RepeatedId(id) => write!(f, "several spans have the id {id}"),
        }
    }
}

/// All spans of a trace; a row is a place in their depth-first order.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
    missing: Vec<MissingParent>,
    warnings: Vec<Warning>,
    skews: Vec<Skew>,
    start: UnixNanos,
    end: UnixNanos,
}

impl Tree {
    /// Builds the tree of `spans`, given in any order.
    ///
    /// A span received twice (same id, kind, start and name) is kept once, the finished copy before
    /// a running one. Siblings and roots are ordered by start, then span id. A span whose parent is
    /// not here becomes a root marked `orphan`; orphans come after the other roots, those with the
    /// same missing parent side by side. Where clocks cannot be right (`skew`), `start`, `end` and the
    /// order are those of the corrected times; `span` stays as received. O(n log n), without recursion.
    ///
    /// Source: OTLP `trace.proto`, `Span.parent_span_id` (8 bytes, empty for a root); Zipkin v2
    /// `shared`.
    pub fn assemble(spans: Vec<Span>) -> Self {
        let order = ordered_without_duplicates(&spans);
        // Spans are large: they stay where they are until each goes to its place in the tree.
        let ordered: Vec<&Span> = order.iter().map(|place| &spans[*place]).collect();
        let (links, mut warnings) = parents::resolve(&ordered);
        warnings.sort_unstable();
        let (offsets, skews) = skew::find(&ordered, &links);
        let times = || ordered.iter().zip(&offsets);
        let starts = times().map(|(span, offset)| moved(span.start, *offset));
        let start = starts.min().unwrap_or_default();
        let last = |span: &Span| span.end.unwrap_or(span.start).max(span.start);
        let ends = times().map(|(span, offset)| moved(last(span), *offset));
        let end = ends.max().unwrap_or_default();
        let nodes = depth_first(spans, &order, &links, &offsets, end);
        let missing = missing_parents(&nodes);
        Self { nodes, missing, warnings, skews, start, end }
    }

    /// Returns the spans in depth-first order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the rows of the roots, the orphans last.
    pub fn roots(&self) -> impl Iterator<Item = usize> {
        self.siblings(0..self.nodes.len())
    }

    /// Returns the rows directly under `row`, by start, then span id.
    pub fn children(&self, row: usize) -> impl Iterator<Item = usize> {
        self.siblings(row + 1..self.subtree(row).end)
    }

    /// Returns `row` and all rows under it.
    pub fn subtree(&self, row: usize) -> Range<usize> {
        row..row + 1 + self.nodes[row].rows_below
    }

    /// Returns the parents that were not received, in the order of their children's rows.
    pub fn missing(&self) -> &[MissingParent] {
        &self.missing
    }

    /// Returns what was wrong with the spans, sorted.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the clocks that are off, by caller, then by service.
    pub fn skews(&self) -> &[Skew] {
        &self.skews
    }

    /// Returns when the first span began; the epoch without spans.
    pub fn start(&self) -> UnixNanos {
        self.start
    }

    /// Returns the last moment that any span names.
    pub fn end(&self) -> UnixNanos {
        self.end
    }

    fn siblings(&self, rows: Range<usize>) -> impl Iterator<Item = usize> {
        let mut next = rows.start;
        std::iter::from_fn(move || {
            let row = next;
            if row >= rows.end {
                return None;
            }
            next = self.subtree(row).end;
            Some(row)
        })
    }
}

/// Returns the places of the spans in their order, which is total over what is kept, so that it does
/// not matter how they came.
fn ordered_without_duplicates(spans: &[Span]) -> Vec<usize> {
    fn rest(span: &Span) -> impl Ord {
        (span.kind, span.name.as_str())
    }
    let mut order: Vec<(UnixNanos, SpanId, usize)> =
        spans.iter().enumerate().map(|(place, span)| (span.start, span.span_id, place)).collect();
    order.sort_unstable_by(|a, b| {
        (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| {
            // Copies that differ beyond their key are rare; only they pay for being written out.
            let (one, two) = (&spans[a.2], &spans[b.2]);
            let key = rest(one).cmp(&rest(two)).then_with(|| two.end.cmp(&one.end));
            key.then_with(|| {
                if one == two {
                    return std::cmp::Ordering::Equal;
                }
                format!("{two:?}").cmp(&format!("{one:?}"))
            })
        })
    });
    order.dedup_by(|later, kept| {
        let same = (later.0, later.1) == (kept.0, kept.1);
        same && rest(&spans[later.2]) == rest(&spans[kept.2])
    });
    order.into_iter().map(|(.., place)| place).collect()
}

fn moved(time: UnixNanos, offset_ns: i64) -> UnixNanos {
    UnixNanos(time.0.saturating_add(offset_ns))
}

fn depth_first(
    spans: Vec<Span>,
    order: &[usize],
    links: &[Link],
    offsets: &[i64],
    trace_end: UnixNanos,
) -> Vec<Node> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); links.len()];
    let mut orphans: BTreeMap<SpanId, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (place, link) in links.iter().enumerate() {
        match link {
            Link::Child(parent) => children[*parent].push(place),
            Link::Orphan(missing) => orphans.entry(*missing).or_default().push(place),
            Link::Root => roots.push(place),
        }
    }
    // Stable: spans that begin at once stay in the order of their ids.
    for siblings in children.iter_mut().filter(|row| row.iter().any(|at| offsets[*at] != 0)) {
        siblings.sort_by_key(|place| moved(spans[order[*place]].start, offsets[*place]));
    }
    let mut orphans: Vec<Vec<usize>> = orphans.into_values().collect();
    orphans.sort_unstable();
    roots.extend(orphans.into_iter().flatten());

    let mut spans: Vec<Option<Span>> = spans.into_iter().map(Some).collect();
    let mut nodes: Vec<Node> = Vec::with_capacity(order.len());
    let mut todo: Vec<(usize, Option<usize>)> =
        roots.into_iter().rev().map(|place| (place, None)).collect();
    while let Some((place, parent)) = todo.pop() {
        let Some(span) = spans[order[place]].take() else { continue };
        let row = nodes.len();
        let depth = parent.map_or(0, |parent| nodes[parent].depth + 1);
        let orphan = matches!(links[place], Link::Orphan(_));
        let failed = span.is_error();
        let offset_ns = offsets[place];
        let start = moved(span.start, offset_ns);
        let end = span.end.map_or(trace_end, |end| moved(end, offset_ns)).max(start);
        nodes.push(Node {
            span,
            depth,
            parent,
            orphan,
            failed,
            offset_ns,
            start,
            end,
            rows_below: 0,
        });
        todo.extend(children[place].iter().rev().map(|child| (*child, Some(row))));
    }
    for row in (0..nodes.len()).rev() {
        if let Some(parent) = nodes[row].parent {
            nodes[parent].rows_below += 1 + nodes[row].rows_below;
        }
    }
    nodes
}

fn missing_parents(nodes: &[Node]) -> Vec<MissingParent> {
    let mut missing: Vec<MissingParent> = Vec::new();
    for (row, node) in nodes.iter().enumerate().filter(|(_, node)| node.orphan) {
        let Some(span_id) = node.span.parent else { continue };
        match missing.last_mut() {
            Some(last) if last.span_id == span_id => last.children.push(row),
            _ => missing.push(MissingParent { span_id, children: vec![row] }),
        }
    }
    missing
}

#[cfg(test)]
mod tests;
