//! Traces of a real SDK, drawn at three widths, and what is found in them.

use super::*;
use crate::traces::FindingKind;
use crate::wire::{OtlpFormat, decode_traces};

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Reads the capture's trace whose id ends with `end`.
fn capture(end: &str) -> Vec<Span> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/otlp");
    let mut spans = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.ends_with("_grpc.bin") {
            let body = fixture(&format!("otlp/{name}"));
            spans.extend(decode_traces(&body, OtlpFormat::Protobuf).unwrap().accepted);
        }
    }
    spans.retain(|span| span.trace_id.to_string().ends_with(end));
    spans
}

fn reused_id() -> Vec<Span> {
    let body = fixture("traces/reused_id.otlp.json");
    decode_traces(&body, OtlpFormat::Json).unwrap().accepted
}

fn trace(spans: Vec<Span>) -> TraceReport {
    let trace_id = spans.first().map(|span| span.trace_id);
    let sources = vec!["local".to_owned()];
    TraceReport::new(trace_id, None, analyse(spans), sources, vec![], WaterfallOptions::default())
}

/// Draws the trace at 80, 120 and 160 columns, and at 80 in ASCII.
fn at_all_widths(spans: Vec<Span>) -> String {
    let report = trace(spans);
    let widths = [80, 120, 160].map(|width| drawn(&report, &plain(width)));
    let ascii = drawn(&report, &Theme { ascii: true, ..plain(80) });
    assert!(ascii.is_ascii(), "{ascii}");
    format!("{}\n{ascii}", widths.join("\n"))
}

#[test]
fn a_request_that_was_tried_again_after_a_timeout() {
    insta::assert_snapshot!("flaky", at_all_widths(capture("2d12")));
}

#[test]
fn a_request_that_went_well() {
    insta::assert_snapshot!("ok", at_all_widths(capture("2d11")));
}

#[test]
fn a_request_that_failed_after_three_tries() {
    insta::assert_snapshot!("down", at_all_widths(capture("2d13")));
}

#[test]
fn a_clock_that_is_off_and_a_parent_that_is_missing() {
    insta::assert_snapshot!("skew", at_all_widths(capture("2d16")));
}

#[test]
fn an_id_that_four_requests_had() {
    insta::assert_snapshot!("reused_id", at_all_widths(reused_id()));
}

#[test]
fn a_ticket_has_the_facts_the_findings_and_the_drawing() {
    let mut out = Vec::new();
    let mut report = trace(capture("2d13"));
    report.name = "GET `x`".into();
    report.markdown(&mut out, &Theme { color: true, ..plain(200) }).unwrap();
    insta::assert_snapshot!("ticket", String::from_utf8(out).unwrap());
}

#[test]
fn the_flaky_trace_has_a_retry_a_timeout_an_n_plus_one_and_a_gap() {
    let report = trace(capture("2d12"));
    let find = |kind| report.findings.iter().find(|finding| finding.kind == kind).unwrap();
    assert!(find(FindingKind::Retry).text.contains("2 tries"));
    assert!(find(FindingKind::ServerWentOn).text.starts_with("payments POST /charge went on"));
    assert!(find(FindingKind::NPlusOne).text.contains("8 × `select n from stock where sku = ?`"));
    assert!(find(FindingKind::NotInstrumented).text.contains("between GET and charge_with_retry"));
    assert!(report.findings.iter().all(|finding| finding.kind != FindingKind::ClockSkew));
    assert!(report.findings.iter().all(|finding| finding.kind != FindingKind::DuplicateQuery));
}

#[test]
fn json_tells_of_clocks_and_noise_and_keeps_the_times_that_were_sent() {
    let sent = capture("2d16");
    let json = serde_json::to_value(trace(sent.clone())).unwrap();
    let skew = &json["skews"][0];
    let numbers = ["offset_ms", "offset_ms_min", "offset_ms_max"].map(|key| skew[key].as_f64());
    assert_eq!(numbers, [Some(510.0), Some(500.0), Some(520.0)]);
    let moved = json["spans"].as_array().unwrap().iter().find(|span| !span["offset_ms"].is_null());
    let moved = moved.unwrap();
    assert_eq!((&moved["service"], &moved["offset_ms"]), (&"payments".into(), &510.0.into()));
    let id = moved["span_id"].as_str().unwrap();
    let original = sent.iter().find(|span| span.span_id.to_string() == id).unwrap();
    assert_eq!(moved["start"], serde_json::to_value(original.start).unwrap());
    let flaky = serde_json::to_value(trace(capture("2d12"))).unwrap();
    let noise = flaky["spans"].as_array().unwrap().iter().filter(|span| !span["noise"].is_null());
    assert_eq!(noise.count(), 17);
}
