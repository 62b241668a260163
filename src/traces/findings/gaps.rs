//! Findings about time inside a span that no child accounts for.

use super::{Finding, FindingKind, label, short};
use crate::model::{SpanKind, UnixNanos};
use crate::traces::self_time::uncovered;
use crate::traces::{Node, Noise, Tree};

/// The shortest gap worth a line, in nanoseconds.
const GAP_NS_MIN: i64 = 10_000_000;

/// A stretch of a span that no child accounts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The row of the span.
    pub row: usize,
    /// Where it begins.
    pub start: UnixNanos,
    /// Where it ends; always after `start`.
    pub end: UnixNanos,
}

/// Finds gaps longer than 5 % of the root and 10 ms, inside spans that have children, by row.
///
/// What lies between a client and its server is the network, and a running span may still tell more:
/// neither is looked into. Noise accounts for nothing, but a span recorded twice does.
pub(in crate::traces) fn find(tree: &Tree, noise: &[Option<Noise>]) -> Vec<Gap> {
    let tells = |row: usize| matches!(noise[row], None | Some(Noise::Duplicate));
    let mut found = Vec::new();
    for root in tree.roots() {
        let gap_ns_min = GAP_NS_MIN.max(tree.nodes()[root].duration_ns() / 20);
        for row in tree.subtree(root).filter(|row| is_looked_into(tree, *row, tells)) {
            let gaps = uncovered(tree, row, tells).map(|(start, end)| Gap { row, start, end });
            found.extend(gaps.filter(|gap| gap.end.since(gap.start) > gap_ns_min));
        }
    }
    found
}

fn is_looked_into(tree: &Tree, row: usize, tells: impl Fn(usize) -> bool) -> bool {
    let span = &tree.nodes()[row].span;
    let calls = matches!(span.kind, SpanKind::Client | SpanKind::Producer);
    span.end.is_some() && !calls && awaited(tree, row, tells).next().is_some()
}

fn awaited(tree: &Tree, row: usize, tells: impl Fn(usize) -> bool) -> impl Iterator<Item = &Node> {
    let children = tree.children(row).filter(move |child| tells(*child));
    let children = children.map(|child| &tree.nodes()[child]);
    children.filter(|child| child.span.kind != SpanKind::Consumer)
}

pub(super) fn finding(tree: &Tree, gap: &Gap, noise: &[Option<Noise>]) -> Finding {
    let tells = |row: usize| matches!(noise[row], None | Some(Noise::Duplicate));
    let Gap { row, start: from, end: to } = *gap;
    let node = &tree.nodes()[row];
    let before =
        awaited(tree, row, tells).filter(|child| child.end <= from).max_by_key(|child| child.end);
    let after = awaited(tree, row, tells).find(|child| child.start >= to);
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
