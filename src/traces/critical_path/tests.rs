//! The path of small traces by hand, and of random ones against the definition.

use proptest::prelude::*;

use super::*;
use crate::model::Span;
use crate::traces::fixtures::{BEGIN_NS, any_spans, of, random_spans, span};

fn path(spans: Vec<Span>) -> Vec<(String, i64, i64)> {
    let tree = Tree::assemble(spans);
    let ms = |time: UnixNanos| (time.0 - BEGIN_NS) / 1_000_000;
    let sections = CriticalPath::of(&tree).sections.into_iter();
    let name = |row: usize| tree.nodes()[row].span.name.clone();
    sections.map(|one| (name(one.row), ms(one.start), ms(one.end))).collect()
}

fn expect(sections: &[(&str, i64, i64)]) -> Vec<(String, i64, i64)> {
    sections.iter().map(|(name, start, end)| ((*name).to_owned(), *start, *end)).collect()
}

#[test]
fn of_children_at_once_the_one_that_ended_last_was_waited_for() {
    let spans = vec![
        span(1, 0, "root", 0, 10),
        span(2, 1, "short", 1, 5),
        span(3, 1, "long", 2, 8),
        span(4, 1, "before", 0, 2),
    ];
    let expected = [("before", 0, 2), ("long", 2, 8), ("root", 8, 10)];
    assert_eq!(path(spans), expect(&expected));
}

#[test]
fn a_child_counts_only_inside_its_parent() {
    let spans =
        vec![span(1, 0, "root", 0, 10), span(2, 1, "client", 2, 6), span(3, 2, "server", 3, 9)];
    let expected = [("root", 0, 2), ("client", 2, 3), ("server", 3, 6), ("root", 6, 10)];
    assert_eq!(path(spans), expect(&expected));
}

#[test]
fn nobody_waits_for_a_consumer() {
    let consumer = of("mail", SpanKind::Consumer, span(2, 1, "render", 2, 8));
    assert_eq!(path(vec![span(1, 0, "root", 0, 10), consumer]), expect(&[("root", 0, 10)]));
}

#[test]
fn an_orphan_has_no_path_beside_a_real_root() {
    let spans = vec![span(1, 0, "root", 0, 4), span(2, 9, "orphan", 1, 3)];
    assert_eq!(path(spans), expect(&[("root", 0, 4)]));
    assert_eq!(path(vec![span(2, 9, "orphan", 1, 3)]), expect(&[("orphan", 1, 3)]));
}

/// The definition word for word, recursive and quadratic.
fn slow(
    tree: &Tree,
    clamped: &[(UnixNanos, UnixNanos)],
    row: usize,
    cursor: UnixNanos,
) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut cursor = cursor;
    loop {
        let awaited = tree.children(row).filter(|child| {
            let (start, end) = clamped[*child];
            tree.nodes()[*child].span.kind != SpanKind::Consumer && start < cursor && end <= cursor
        });
        let last = awaited.max_by_key(|child| {
            let id = tree.nodes()[*child].span.span_id;
            (clamped[*child].1, clamped[*child].0, std::cmp::Reverse((id, *child)))
        });
        let Some(child) = last else { break };
        emit(&mut sections, row, clamped[child].1, cursor);
        for section in slow(tree, clamped, child, clamped[child].1) {
            emit(&mut sections, section.row, section.start, section.end);
        }
        cursor = clamped[child].0;
    }
    emit(&mut sections, row, clamped[row].0, cursor);
    sections
}

#[test]
fn of_ten_thousand_random_trees_each_path_is_disjoint_ordered_exact_and_the_same_in_any_order() {
    for seed in 0..10_000 {
        let spans = random_spans(seed);
        let backwards = spans.iter().rev().cloned().collect();
        let tree = Tree::assemble(spans);
        let path = CriticalPath::of(&tree);
        assert_eq!(path, CriticalPath::of(&Tree::assemble(backwards)), "{seed}");
        let rootless = tree.nodes().first().is_some_and(|node| node.orphan);
        for root in tree.roots().filter(|root| rootless || !tree.nodes()[*root].orphan) {
            let node = &tree.nodes()[root];
            let of_root = |section: &&Section| tree.subtree(root).contains(&section.row);
            let sections: Vec<&Section> = path.sections.iter().filter(of_root).collect();
            assert!(sections.iter().all(|one| one.start < one.end), "{seed}");
            assert!(sections.windows(2).all(|two| two[0].end == two[1].start), "{seed}");
            let sum: i64 = sections.iter().map(|one| one.end.since(one.start)).sum();
            assert_eq!(sum, node.duration_ns(), "{seed}");
            if let (Some(first), Some(last)) = (sections.first(), sections.last()) {
                assert_eq!((first.start, last.end), (node.start, node.end), "{seed}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn sections_are_ordered_and_cover_each_root_exactly(spans in any_spans()) {
        let tree = Tree::assemble(spans);
        let path = CriticalPath::of(&tree);
        let rootless = tree.nodes().first().is_some_and(|node| node.orphan);
        let mut sections = path.sections.iter();
        for root in tree.roots().filter(|root| rootless || !tree.nodes()[*root].orphan) {
            let mut at = tree.nodes()[root].start;
            while at < tree.nodes()[root].end {
                let section = sections.next().unwrap();
                prop_assert!(tree.subtree(root).contains(&section.row));
                prop_assert_eq!(section.start, at);
                prop_assert!(section.end > at);
                at = section.end;
            }
            prop_assert_eq!(at, tree.nodes()[root].end);
        }
        prop_assert!(sections.next().is_none());
    }

    #[test]
    fn it_is_what_the_definition_gives(spans in any_spans()) {
        let tree = Tree::assemble(spans);
        let clamped = clamped(&tree);
        for root in tree.roots() {
            let mut fast = Vec::new();
            backwards(&tree, &clamped, root, &mut fast);
            prop_assert_eq!(fast, slow(&tree, &clamped, root, clamped[root].1));
        }
    }
}
