//! Self time: what a span did itself, or did not say who did it.

use super::Tree;
use crate::model::{SpanKind, UnixNanos};

/// Returns each row's self time in nanoseconds: its length minus the union of its children's
/// intervals, each cut to the span.
///
/// Children that ran at once are taken off once. `CONSUMER` children are not taken off: nobody waits
/// for them. O(n), as siblings come by start.
pub fn self_times(tree: &Tree) -> Vec<i64> {
    (0..tree.nodes().len())
        .map(|row| uncovered(tree, row, |_| true).map(|(from, to)| to.since(from)).sum())
        .collect()
}

/// Returns the stretches of the span in which no awaited child ran that `counts`, in order; none is
/// empty.
pub(super) fn uncovered(
    tree: &Tree,
    row: usize,
    counts: impl Fn(usize) -> bool,
) -> impl Iterator<Item = (UnixNanos, UnixNanos)> {
    let node = &tree.nodes()[row];
    let mut covered_to = node.start;
    let awaited =
        tree.children(row).filter(move |child| counts(*child)).map(|child| &tree.nodes()[child]);
    let awaited = awaited.filter(|child| child.span.kind != SpanKind::Consumer);
    let children = awaited.map(|child| (child.start.min(node.end), child.end.min(node.end)));
    // An empty child at the end closes the last stretch.
    children.chain([(node.end, node.end)]).filter_map(move |(from, to)| {
        let stretch = (covered_to, from);
        covered_to = covered_to.max(to);
        (stretch.0 < stretch.1).then_some(stretch)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Span;
    use crate::traces::fixtures::{any_spans, of, span};

    fn root_self_ms(children: &[Span]) -> i64 {
        let mut spans = children.to_vec();
        spans.push(span(1, 0, "root", 0, 10));
        self_times(&Tree::assemble(spans))[0] / 1_000_000
    }

    #[test]
    fn children_at_once_are_taken_off_once() {
        assert_eq!(root_self_ms(&[span(2, 1, "a", 1, 5), span(3, 1, "b", 2, 6)]), 5);
        assert_eq!(root_self_ms(&[span(2, 1, "a", 1, 9), span(3, 1, "inside", 2, 3)]), 2);
    }

    #[test]
    fn what_a_child_does_outside_its_parent_is_not_taken_off() {
        assert_eq!(root_self_ms(&[span(2, 1, "late", 8, 90), span(3, 1, "never", 40, 50)]), 8);
    }

    #[test]
    fn nobody_waits_for_a_consumer() {
        let consumer = of("mail", SpanKind::Consumer, span(2, 1, "render", 2, 8));
        assert_eq!(root_self_ms(&[consumer]), 10);
    }

    proptest! {
        #[test]
        fn it_is_what_counting_half_milliseconds_gives(spans in any_spans()) {
            let tree = Tree::assemble(spans);
            let times = self_times(&tree);
            for (row, node) in tree.nodes().iter().enumerate() {
                let busy = |at: i64| tree.children(row).map(|child| &tree.nodes()[child]).any(|c| {
                    c.span.kind != SpanKind::Consumer && c.start.0 <= at && at < c.end.0
                });
                let moments = (node.start.0..node.end.0).step_by(500_000);
                let own = moments.filter(|at| !busy(*at)).count();
                prop_assert_eq!(times[row] / 500_000, i64::try_from(own).unwrap());
            }
        }
    }
}
