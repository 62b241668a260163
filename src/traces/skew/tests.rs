//! Clocks that differ, and what only looks like it.

use crate::model::{Span, SpanKind, SpanLink};
use crate::traces::fixtures::{BEGIN_NS, attribute, of, span};
use crate::traces::{Skew, Tree};

const MS: i64 = 1_000_000;

fn client(id: u64, start_ms: i64, end_ms: i64) -> Span {
    of("shop", SpanKind::Client, span(id, 1, "POST", start_ms, end_ms))
}

fn server(id: u64, parent: u64, start_ms: i64, end_ms: i64) -> Span {
    of("payments", SpanKind::Server, span(id, parent, "POST /charge", start_ms, end_ms))
}

fn tree(mut spans: Vec<Span>) -> Tree {
    spans.push(span(1, 0, "root", 0, 130));
    Tree::assemble(spans)
}

fn offsets_ms(skews: &[Skew]) -> Vec<(i64, i64, i64)> {
    skews.iter().map(|one| (one.offset_ns / MS, one.low_ns / MS, one.high_ns / MS)).collect()
}

#[test]
fn a_server_before_its_client_is_moved_into_its_middle_and_the_bound_is_told() {
    let inner = of("payments", SpanKind::Internal, span(4, 3, "settle", -470, -440));
    let tree = tree(vec![client(2, 20, 100), server(3, 2, -480, -420), inner]);
    assert_eq!(offsets_ms(tree.skews()), [(510, 500, 520)]);
    let starts: Vec<i64> = tree.nodes().iter().map(|node| (node.start.0 - BEGIN_NS) / MS).collect();
    assert_eq!(starts, [0, 20, 30, 40]);
    // What was received stays.
    assert_eq!(tree.nodes()[2].span.start.0 - BEGIN_NS, -480 * MS);
    assert_eq!(tree.end().since(tree.start()), 130 * MS);
}

#[test]
fn all_calls_between_two_processes_share_one_offset_where_there_is_one() {
    let calls =
        vec![client(2, 10, 30), server(3, 2, 2, 12), client(4, 50, 90), server(5, 4, 45, 65)];
    // 8 to 18 and 5 to 25: the median of 13 and 15 is legal for both.
    assert_eq!(offsets_ms(tree(calls).skews()), [(15, 8, 18)]);
}

#[test]
fn where_no_offset_suits_all_calls_only_the_impossible_one_is_moved() {
    let calls = vec![
        client(2, 20, 100),
        server(3, 2, -480, -420),
        client(4, 105, 125),
        server(5, 4, 110, 120),
    ];
    let tree = tree(calls);
    assert_eq!(offsets_ms(tree.skews()), [(510, 500, 520)]);
    assert_eq!(tree.skews()[0].spans.len(), 1);
    let moved: Vec<i64> = tree.nodes().iter().map(|node| node.offset_ns / MS).collect();
    assert_eq!(moved, [0, 0, 510, 0, 0]);
}

#[test]
fn a_server_that_takes_longer_than_its_client_is_a_timeout_and_no_skew() {
    assert_eq!(tree(vec![client(2, 20, 46), server(3, 2, 10, 70)]).skews(), []);
    assert_eq!(tree(vec![client(2, 20, 46), server(3, 2, 22, 70)]).skews(), []);
}

#[test]
fn a_server_that_ends_after_its_client_had_the_answer_is_no_skew() {
    assert_eq!(tree(vec![client(2, 20, 100), server(3, 2, 60, 104)]).skews(), []);
}

#[test]
fn a_server_that_begins_when_its_client_was_answered_is_one_and_when_it_gave_up_is_none() {
    let after = || server(3, 2, 110, 120);
    assert_eq!(offsets_ms(tree(vec![client(2, 20, 100), after()]).skews()), [(-55, -90, -20)]);
    let gave_up = crate::traces::fixtures::failed(client(2, 20, 100));
    assert_eq!(tree(vec![gave_up, after()]).skews(), []);
}

#[test]
fn consumers_linked_spans_orphans_and_one_process_are_never_moved() {
    let consumer = Span { kind: SpanKind::Consumer, ..server(3, 2, -480, -420) };
    let linked =
        SpanLink { trace_id: consumer.trace_id, span_id: consumer.span_id, attributes: Vec::new() };
    let linked = Span { links: vec![linked], ..server(3, 2, -480, -420) };
    let same = Span { service: "shop".into(), ..server(3, 2, -480, -420) };
    for other in [consumer, linked, same, server(3, 99, -480, -420)] {
        assert_eq!(tree(vec![client(2, 20, 100), other]).skews(), []);
    }
}

#[test]
fn two_instances_of_one_service_are_two_processes() {
    let at = |instance: &str, span: Span| Span {
        service: "shop".into(),
        resource: [attribute("service.instance.id", instance)].into(),
        ..span
    };
    let tree = tree(vec![at("a", client(2, 20, 100)), at("b", server(3, 2, -480, -420))]);
    assert_eq!(offsets_ms(tree.skews()), [(510, 500, 520)]);
}

#[test]
fn what_rounding_explains_is_no_skew() {
    let mut rounded = server(3, 2, 20, 100);
    rounded.start.0 -= 1_000;
    rounded.end = rounded.end.map(|end| crate::model::UnixNanos(end.0 - 900));
    assert_eq!(tree(vec![client(2, 20, 100), rounded]).skews(), []);
}
