//! Each finding with a trace that has it and one that nearly has it.

use super::*;
use crate::model::{Span, SpanKind};
use crate::traces::analyse;
use crate::traces::fixtures::{failed, of, span, with};

/// Returns the texts of the findings of one kind.
fn texts(kind: FindingKind, spans: Vec<Span>) -> Vec<String> {
    let found = analyse(spans).findings.into_iter().filter(|finding| finding.kind == kind);
    found.map(|finding| finding.text).collect()
}

fn queries(length_ms: i64) -> Vec<Span> {
    let one = |number: i64| {
        let made = span(number.unsigned_abs() + 10, 1, "select", number, number + length_ms);
        with("db.query.text", &format!("select n where id = {number}"), made)
    };
    (0..8).map(one).chain([span(1, 0, "root", 0, 10)]).collect()
}

#[test]
fn the_same_query_one_after_another_is_n_plus_one_and_at_once_it_is_a_fan_out() {
    let text = "shop root: 8 × `select n where id = ?`";
    assert_eq!(texts(FindingKind::NPlusOne, queries(1)), [format!("{text} one after another")]);
    assert!(texts(FindingKind::FanOut, queries(1)).is_empty());
    assert_eq!(texts(FindingKind::FanOut, queries(2)), [format!("{text} overlapping")]);
    assert!(texts(FindingKind::NPlusOne, queries(2)).is_empty());
}

#[test]
fn a_missing_parent_is_named_and_a_whole_trace_has_none() {
    let orphans = vec![span(1, 0, "root", 0, 9), span(2, 7, "a", 1, 2), span(3, 7, "b", 1, 2)];
    let text = "span 0000000000000007 was never received: 2 spans that it caused hang free";
    assert_eq!(texts(FindingKind::MissingParent, orphans), [text]);
    let whole = vec![span(1, 0, "root", 0, 9), span(2, 1, "a", 1, 2)];
    assert!(texts(FindingKind::MissingParent, whole).is_empty());
}

#[test]
fn a_span_without_an_end_is_running_and_one_of_no_length_is_not() {
    let running = Span { end: None, ..span(1, 0, "root", 0, 0) };
    let text =
        "no end of shop root was received: still running, the process died, or its clock jumped";
    assert_eq!(texts(FindingKind::StillRunning, vec![running]), [text]);
    assert!(texts(FindingKind::StillRunning, vec![span(1, 0, "root", 0, 0)]).is_empty());
}

#[test]
fn several_roots_are_said_and_an_orphan_is_not_one() {
    let two = vec![span(1, 0, "GET /a", 0, 1), span(2, 0, "GET /b", 5, 6)];
    let found = texts(FindingKind::SeveralRoots, two);
    assert!(found[0].starts_with("2 operations have this trace id, shop GET /a the first"));
    let orphan = vec![span(1, 0, "GET /a", 0, 1), span(2, 7, "GET /b", 5, 6)];
    assert!(texts(FindingKind::SeveralRoots, orphan).is_empty());
}

fn call(id: u64, path: &str, start_ms: i64, end_ms: i64) -> Span {
    let made = with("url.path", path, span(id, 1, "POST", start_ms, end_ms));
    with("server.address", "payments", made)
}

#[test]
fn a_failed_call_made_again_is_a_retry() {
    let spans = vec![
        span(1, 0, "root", 0, 90),
        failed(call(2, "/charge", 1, 30)),
        call(3, "/charge", 40, 50),
        call(4, "/charge", 60, 70),
    ];
    let expected = ["shop POST to payments: 2 tries, the last one went well"];
    assert_eq!(texts(FindingKind::Retry, spans), expected);
}

#[test]
fn calls_to_other_targets_at_once_or_after_a_success_are_no_retries() {
    let root = || span(1, 0, "root", 0, 90);
    let other = vec![root(), failed(call(2, "/charge/1", 1, 30)), call(3, "/charge/2", 40, 50)];
    let at_once = vec![root(), failed(call(2, "/charge", 1, 30)), call(3, "/charge", 2, 50)];
    let success = vec![root(), call(2, "/charge", 1, 30), failed(call(3, "/charge", 40, 50))];
    let sent = |id, start| span(id, 1, "GET / http send", start, start + 1);
    let noise = vec![failed(root()), failed(sent(2, 80)), sent(3, 82)];
    for spans in [other, at_once, success, noise] {
        assert!(texts(FindingKind::Retry, spans).is_empty());
    }
}

fn pair(client: Span, server_start_ms: i64, server_end_ms: i64) -> Vec<Span> {
    let server = span(2, 1, "POST /charge", server_start_ms, server_end_ms);
    vec![of("shop", SpanKind::Client, client), of("payments", SpanKind::Server, server)]
}

#[test]
fn a_server_that_outlives_a_client_that_gave_up_went_on() {
    let found = texts(FindingKind::ServerWentOn, pair(failed(span(1, 0, "POST", 0, 26)), 2, 46));
    assert_eq!(found, ["payments POST /charge went on after its client shop POST gave up"]);
}

#[test]
fn a_client_that_got_its_answer_or_a_clock_that_is_off_is_no_server_that_went_on() {
    let well = pair(span(1, 0, "POST", 0, 26), 2, 46);
    let answered = with("http.response.status_code", "500", failed(span(1, 0, "POST", 0, 26)));
    let skewed = pair(failed(span(1, 0, "POST", 0, 26)), 10, 30);
    for spans in [well, pair(answered, 2, 46), skewed] {
        assert!(texts(FindingKind::ServerWentOn, spans).is_empty());
    }
}

#[test]
fn a_long_stretch_between_children_is_a_gap() {
    let spans = vec![
        span(1, 0, "root", 0, 100),
        span(2, 1, "validate", 0, 30),
        span(3, 1, "charge", 70, 100),
    ];
    let expected = ["shop root: not instrumented between validate and charge"];
    assert_eq!(texts(FindingKind::NotInstrumented, spans), expected);
}

#[test]
fn short_gaps_leaves_and_the_network_are_no_gaps() {
    let short = vec![span(1, 0, "root", 0, 100), span(2, 1, "a", 10, 100)];
    let leaf = vec![span(1, 0, "root", 0, 100)];
    let network = pair(span(1, 0, "POST", 0, 100), 40, 60);
    let consumer = of("mail", SpanKind::Consumer, span(2, 1, "render", 40, 60));
    let noise = span(2, 1, "GET / http send", 90, 91);
    let beside = |child| vec![span(1, 0, "root", 0, 100), child];
    for spans in [short, leaf, network, beside(consumer), beside(noise)] {
        assert!(texts(FindingKind::NotInstrumented, spans).is_empty());
    }
}

#[test]
fn a_clock_that_is_off_is_said_and_one_that_may_be_right_is_not() {
    let behind = pair(span(1, 0, "POST", 0, 80), -500, -440);
    let expected = ["the clock of payments is behind that of shop"];
    assert_eq!(texts(FindingKind::ClockSkew, behind), expected);
    let ahead = pair(span(1, 0, "POST", 0, 80), 500, 560);
    let expected = ["the clock of payments is ahead of that of shop"];
    assert_eq!(texts(FindingKind::ClockSkew, ahead), expected);
    for right in [pair(span(1, 0, "POST", 0, 80), 1, 79), pair(span(1, 0, "POST", 0, 26), -2, 46)] {
        assert!(texts(FindingKind::ClockSkew, right).is_empty());
    }
}

fn two_queries(one: &str, other: &str) -> Vec<Span> {
    let query = |id, text: &str| with("db.query.text", text, span(id, id - 1, "select", 1, 2));
    vec![span(1, 0, "root", 0, 9), query(2, one), span(3, 1, "later", 3, 9), query(4, other)]
}

#[test]
fn the_very_same_query_anywhere_is_a_duplicate() {
    let same = two_queries("select n from stock where id = 7", "select n from stock where id = 7");
    let expected = ["shop select: 2 × exactly `select n from stock where id = 7`"];
    assert_eq!(texts(FindingKind::DuplicateQuery, same), expected);
    let bound = |value: &str| {
        let spans = two_queries("select n where id = ?", "select n where id = ?").into_iter();
        let sent = spans.map(|span| {
            let first = span.span_id.to_string().ends_with('2');
            with("db.query.parameter.0", if first { "7" } else { value }, span)
        });
        sent.collect()
    };
    assert_eq!(texts(FindingKind::DuplicateQuery, bound("7")).len(), 1);
    assert!(texts(FindingKind::DuplicateQuery, bound("8")).is_empty());
}

#[test]
fn other_values_values_not_sent_and_writes_are_no_duplicates() {
    for (one, other) in [
        ("select n where id = 7", "select n where id = 8"),
        ("select n where id = ?", "select n where id = ?"),
        ("insert into log values (1)", "insert into log values (1)"),
        ("commit", "commit"),
    ] {
        let found = texts(FindingKind::DuplicateQuery, two_queries(one, other));
        assert!(found.is_empty(), "{found:?}");
    }
    let query =
        |id, start| with("db.query.text", "select 7", span(id, id - 1, "select", start, 8 - start));
    let nested = vec![span(1, 0, "root", 0, 9), query(2, 1), query(3, 2)];
    assert!(texts(FindingKind::DuplicateQuery, nested).is_empty());
}

#[test]
fn long_waits_around_a_server_are_the_network() {
    let found = texts(FindingKind::Network, pair(span(1, 0, "POST", 0, 100), 40, 98));
    let text =
        "shop POST: time before its server began, payments POST /charge: network, or a queue";
    assert_eq!(found, [text]);
    let found = texts(FindingKind::Network, pair(span(1, 0, "POST", 0, 100), 2, 60));
    assert!(found[0].starts_with("shop POST: time after its server had ended"), "{found:?}");
    let found = texts(FindingKind::Network, pair(span(1, 0, "POST", 0, 100), 300, 350));
    assert!(found[0].starts_with("shop POST: time outside its server"), "{found:?}");
}

#[test]
fn a_quick_answer_and_a_server_that_went_on_are_no_network() {
    let quick = pair(span(1, 0, "POST", 0, 100), 2, 99);
    let short = pair(span(1, 0, "POST", 0, 12), 9, 10);
    for spans in [quick, short, pair(span(1, 0, "POST", 0, 26), 15, 90)] {
        assert!(texts(FindingKind::Network, spans).is_empty());
    }
}

#[test]
fn a_finding_in_json_has_a_snake_case_kind_and_milliseconds() {
    let finding = analyse(queries(1)).findings.remove(0);
    let json = serde_json::to_value(finding).unwrap();
    assert_eq!((&json["kind"], &json["duration_ms"]), (&"n_plus_one".into(), &8.0.into()));
    assert_eq!(json["spans"][0], "000000000000000a");
}
