//! Findings about time inside a span that no child accounts for.

use super::{Finding, FindingKind, label, short};
use crate::model::{SpanKind, UnixNanos};
use crate::traces::self_time::uncovered;
use crate::traces::{Node, Tree};

/// The shortest gap worth a line, in nanoseconds.
const GAP_NS_MIN: i64 = 10_000_000;

/// Finds gaps longer than 5 % of the root and 10 ms, inside spans that have children.
///
/// What lies between a client and its server is the network, and a running span may still tell more:
/// neither is looked into.
pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for root in tree.roots() {
        let gap_ns_min = GAP_NS_MIN.max(tree.nodes()[root].duration_ns() / 20);
        for row in tree.subtree(root).filter(|row| is_looked_into(tree, *row)) {
            let long = |gap: &(UnixNanos, UnixNanos)| gap.1.since(gap.0) > gap_ns_min;
            found.extend(uncovered(tree, row).filter(long).map(|gap| finding(tree, row, gap)));
        }
    }
    found
}

fn is_looked_into(tree: &Tree, row: usize) -> bool {
    let span = &tree.nodes()[row].span;
    let calls = matches!(span.kind, SpanKind::Client | SpanKind::Producer);
    span.end.is_some() && !calls && awaited(tree, row).next().is_some()
}

fn awaited(tree: &Tree, row: usize) -> impl Iterator<Item = &Node> {
    let children = tree.children(row).map(|child| &tree.nodes()[child]);
    children.filter(|child| child.span.kind != SpanKind::Consumer)
}

fn finding(tree: &Tree, row: usize, (from, to): (UnixNanos, UnixNanos)) -> Finding {
    let node = &tree.nodes()[row];
    let before = awaited(tree, row).filter(|child| child.end <= from).max_by_key(|child| child.end);
    let after = awaited(tree, row).find(|child| child.span.start >= to);
    let name = |child: &Node| short(&child.span.name);
    let place = match (before.map(name), after.map(name)) {
        (Some(before), Some(after)) => format!("between {before} and {after}"),
        (Some(before), None) => format!("after {before}"),
        (None, Some(after)) => format!("before {after}"),
        (None, None) => "around its children".to_owned(),
    };
    Finding {
        kind: FindingKind::NotInstrumented,
        spans: vec![node.span.span_id],
        text: format!("{}: not instrumented {place}", label(node)),
        duration_ns: to.since(from),
    }
}
