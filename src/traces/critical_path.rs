//! The critical path: the stretches of work that the trace's length is made of.

use super::Tree;
use crate::model::{SpanKind, UnixNanos};

/// A stretch in which one span's own work was what everybody waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// The row of the span.
    pub row: usize,
    /// Where it begins.
    pub start: UnixNanos,
    /// Where it ends; always after `start`.
    pub end: UnixNanos,
}

/// The critical path of each root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriticalPath {
    /// The sections, root by root, in the order of time within each.
    pub sections: Vec<Section>,
    /// Each row's nanoseconds on the path.
    pub row_ns: Vec<i64>,
}

impl CriticalPath {
    /// Finds the path of every root; orphans have none while there is a real root, as what waited
    /// for them is not known.
    ///
    /// From a root's end backwards: of the children that were over by then, the one that ended last
    /// is what the span waited for (on a tie the one that began later, then the lower span id); what
    /// lies between is the span's own. `CONSUMER` children are not waited for. Each child is first
    /// cut to its parent. The sections are disjoint and cover each root exactly, to the nanosecond.
    /// O(n log n), without recursion.
    pub fn of(tree: &Tree) -> Self {
        let nodes = tree.nodes();
        let clamped = clamped(tree);
        let mut sections = Vec::new();
        let rootless = nodes.first().is_some_and(|node| node.orphan);
        for root in tree.roots().filter(|root| rootless || !nodes[*root].orphan) {
            let from = sections.len();
            backwards(tree, &clamped, root, &mut sections);
            sections[from..].reverse();
        }
        let mut row_ns = vec![0_i64; nodes.len()];
        for section in &sections {
            row_ns[section.row] += section.end.since(section.start);
        }
        Self { sections, row_ns }
    }
}

/// A span on the way down, with the children it may still have waited for, the last on top.
struct Frame {
    row: usize,
    cursor: UnixNanos,
    candidates: Vec<usize>,
}

fn backwards(
    tree: &Tree,
    clamped: &[(UnixNanos, UnixNanos)],
    root: usize,
    sections: &mut Vec<Section>,
) {
    let frame = |row: usize, cursor| Frame { row, cursor, candidates: by_end(tree, clamped, row) };
    let mut stack = vec![frame(root, clamped[root].1)];
    while let Some(top) = stack.last_mut() {
        // The cursor only moves back, so a child that is passed over now is passed over for good.
        let child = loop {
            match top.candidates.pop() {
                Some(row) if clamped[row].1 > top.cursor || clamped[row].0 >= top.cursor => {}
                found => break found,
            }
        };
        if let Some(child) = child {
            let (start, end) = clamped[child];
            emit(sections, top.row, end, top.cursor);
            top.cursor = start;
            stack.push(frame(child, end));
        } else {
            emit(sections, top.row, clamped[top.row].0, top.cursor);
            stack.pop();
        }
    }
}

/// Adds a section before the one added last, or makes that one longer.
fn emit(sections: &mut Vec<Section>, row: usize, start: UnixNanos, end: UnixNanos) {
    match sections.last_mut() {
        _ if start >= end => {}
        Some(last) if last.row == row && last.start == end => last.start = start,
        _ => sections.push(Section { row, start, end }),
    }
}

/// Returns the children that `row` may have waited for, the one to look at first at the end.
fn by_end(tree: &Tree, clamped: &[(UnixNanos, UnixNanos)], row: usize) -> Vec<usize> {
    let awaited = |child: &usize| tree.nodes()[*child].span.kind != SpanKind::Consumer;
    let mut children: Vec<usize> = tree.children(row).filter(awaited).collect();
    children.sort_unstable_by_key(|child| {
        let (start, end) = clamped[*child];
        (end, start, std::cmp::Reverse((tree.nodes()[*child].span.span_id, *child)))
    });
    children
}

/// Returns each span's interval cut to its parent's, which is cut already.
fn clamped(tree: &Tree) -> Vec<(UnixNanos, UnixNanos)> {
    let mut intervals: Vec<(UnixNanos, UnixNanos)> = Vec::with_capacity(tree.nodes().len());
    for node in tree.nodes() {
        let (start, end) = (node.start, node.end);
        intervals.push(match node.parent.map(|parent| intervals[parent]) {
            Some((from, to)) => (start.clamp(from, to), end.clamp(from, to)),
            None => (start, end),
        });
    }
    intervals
}

#[cfg(test)]
mod tests;
