//! Trees out of spans with holes, circles and copies.

use proptest::prelude::*;

use super::*;
use crate::model::SpanKind;
use crate::traces::fixtures::{any_spans, of, span};

/// Writes the tree as indented names.
fn drawn(spans: Vec<Span>) -> Vec<String> {
    let tree = Tree::assemble(spans);
    let line = |node: &Node| format!("{}{}", " ".repeat(node.depth), node.span.name);
    tree.nodes().iter().map(line).collect()
}

#[test]
fn children_come_under_their_parent_by_start_then_id() {
    let spans = vec![
        span(4, 1, "third", 5, 6),
        span(3, 1, "second", 2, 3),
        span(5, 2, "inner", 2, 3),
        span(2, 1, "first", 2, 3),
        span(1, 0, "root", 0, 9),
    ];
    assert_eq!(drawn(spans), ["root", " first", "  inner", " second", " third"]);
}

#[test]
fn a_span_received_twice_is_kept_once_and_finished() {
    let running = Span { end: None, ..span(1, 0, "root", 0, 0) };
    let tree = Tree::assemble(vec![running, span(1, 0, "root", 0, 9)]);
    assert_eq!(tree.nodes().len(), 1);
    assert_eq!(tree.nodes()[0].duration_ns(), 9_000_000);
}

#[test]
fn zipkins_shared_id_puts_the_server_under_its_client() {
    let spans = vec![
        of("pay", SpanKind::Server, span(2, 1, "server", 1, 7)),
        of("pay", SpanKind::Internal, span(3, 2, "work", 2, 3)),
        of("shop", SpanKind::Client, span(2, 1, "client", 1, 8)),
        span(1, 0, "root", 0, 9),
    ];
    assert_eq!(Tree::assemble(spans.clone()).warnings(), []);
    assert_eq!(drawn(spans), ["root", " client", "  server", "   work"]);
}

#[test]
fn a_span_that_is_its_own_parent_or_ancestor_becomes_a_root() {
    let spans = vec![span(1, 1, "self", 0, 9), span(2, 3, "a", 1, 9), span(3, 2, "b", 2, 9)];
    let tree = Tree::assemble(spans.clone());
    let id = |number| SpanId::new(number).unwrap();
    assert_eq!(tree.warnings(), [Warning::OwnParent(id(1)), Warning::Circle(id(2))]);
    assert_eq!(drawn(spans), ["self", "a", " b"]);
}

#[test]
fn children_of_a_missing_parent_are_roots_side_by_side_after_the_real_one() {
    let spans = vec![
        span(4, 77, "late", 3, 4),
        span(3, 88, "other", 2, 4),
        span(2, 77, "early", 1, 4),
        span(1, 0, "root", 2, 9),
    ];
    let tree = Tree::assemble(spans.clone());
    assert_eq!(drawn(spans), ["root", "early", "late", "other"]);
    let groups: Vec<&[usize]> = tree.missing().iter().map(|one| &one.children[..]).collect();
    assert_eq!(groups, [&[1, 2][..], &[3]]);
}

#[test]
fn a_running_span_lasts_to_the_end_of_the_trace() {
    let running = Span { end: None, ..span(1, 0, "root", 0, 0) };
    let tree = Tree::assemble(vec![running, span(2, 1, "child", 1, 7)]);
    assert_eq!(tree.nodes()[0].duration_ns(), 7_000_000);
}

proptest! {
    #[test]
    fn every_row_hangs_under_its_parent(spans in any_spans()) {
        let tree = Tree::assemble(spans);
        let mut reached = 0;
        for (row, node) in tree.nodes().iter().enumerate() {
            for child in tree.children(row) {
                prop_assert_eq!(tree.nodes()[child].parent, Some(row));
                prop_assert_eq!(tree.nodes()[child].depth, node.depth + 1);
                reached += 1;
            }
        }
        prop_assert_eq!(reached + tree.roots().count(), tree.nodes().len());
    }
}
