//! `obs trace --file`: a trace out of a file, whatever wrote it.

use std::io::Write as _;

use insta::assert_snapshot;

use super::env::{Env, Outcome};

const FLAKY: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";

fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

/// A trace of two spans, of a service that keeps the request's id as an attribute.
const SMALL: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
"scopeSpans":[{"spans":[
{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"GET /\u001b[31mred","kind":2,
"startTimeUnixNano":"1795328533000000000","endTimeUnixNano":"1795328533020000000",
"attributes":[{"key":"http.request.header.x-request-id","value":{"arrayValue":{"values":[{"stringValue":"req_8fK2"}]}}}]},
{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203332","parentSpanId":"b7ad6b7169203331",
"name":"select","kind":3,"startTimeUnixNano":"1795328533001000000","endTimeUnixNano":"1795328533019000000"}]}]}]}"#;

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}

#[test]
fn the_id_may_be_left_out_where_there_is_one_trace() {
    let env = Env::new().file("t.json", SMALL);
    let outcome = env.obs(["trace", "--file", "t.json"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    assert_eq!(outcome.stderr, "note: t.json: OTLP JSON, 2 spans of 1 trace\n");
    assert!(outcome.stdout.contains("GET /\\x1b[31mred"), "{outcome}");
    let named =
        env.obs(["trace", "0af7651916cd43dd8448eb211c80319c", "--file", "t.json", "--quiet"]);
    assert_eq!((named.status, named.stderr.as_str()), (Some(0), ""));
}

#[test]
fn of_several_traces_each_is_listed_with_what_to_type() {
    let env = Env::new().file("traces.jsonl", fixture("otlp/traces.otlp.jsonl"));
    assert_snapshot!(env.obs(["trace", "--file", "traces.jsonl"]));
    let one = env.obs(["trace", FLAKY, "--file", "traces.jsonl", "-o", "json", "--quiet"]);
    assert_eq!((one.status, json(&one)["spans"].as_array().unwrap().len()), (Some(0), 36));
}

#[test]
fn every_recorded_answer_is_drawn_and_complete() {
    for (name, spans) in [
        ("victoriatraces/trace_flaky.json", 36),
        ("tempo/v2_trace_flaky.json", 36),
        ("tempo/v1_trace_ok_protobuf.bin", 32),
        ("tempo/v2_trace_ok_protobuf.bin", 32),
    ] {
        let env = Env::new().file("answer", fixture(&format!("traces/{name}")));
        let outcome = env.obs(["trace", "--file", "answer", "-o", "json"]);
        assert_eq!(outcome.status, Some(0), "{name}: {outcome}");
        let report = json(&outcome);
        assert_eq!(report["spans"].as_array().unwrap().len(), spans, "{name}");
        assert_eq!(report["asked"], serde_json::json!(["answer"]), "{name}");
    }
}

#[test]
fn a_request_id_is_found_by_the_attribute_that_has_it() {
    let env = Env::new().file("t.json", SMALL);
    let outcome = env.obs(["trace", "req_8fK2", "--file", "t.json", "-o", "json"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let report = json(&outcome);
    assert_eq!(report["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(report["resolved_by"], "span attribute");
    let piped =
        env.obs_with_stdin(["trace", "req_8fK2", "--file", "-", "-o", "json"], SMALL.as_bytes());
    assert_eq!(json(&piped)["spans"].as_array().unwrap().len(), 2, "{piped}");
}

#[test]
fn an_id_that_no_file_has_is_not_found_and_what_is_there_is_said() {
    let env = Env::new().file("t.json", SMALL);
    assert_snapshot!(env.obs(["trace", FLAKY, "--file", "t.json"]));
}

#[test]
fn a_file_that_was_cut_gives_what_it_has_and_says_where_it_ends() {
    let (half, _) = SMALL.split_at(SMALL.rfind("\"name\":\"select\"").unwrap());
    let env = Env::new().file("t.json", half);
    let outcome = env.obs(["trace", "--file", "t.json", "-o", "json"]);
    assert_eq!(outcome.status, Some(3));
    let said =
        "warning: t.json answered only in part: it ends before it is complete: line 7, column 1";
    assert!(outcome.stderr.contains(said), "{outcome}");
    let report = json(&outcome);
    assert_eq!(report["spans"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&report["complete"], &report["spans"][0]["service"]),
        (&false.into(), &"shop".into())
    );
}

#[test]
fn lines_that_are_no_json_are_told_by_number() {
    let line = SMALL.replace('\n', " ");
    let (cut, _) = line.split_at(line.len() / 2);
    let env = Env::new().file("t.jsonl", format!("{line}\n\nnonsense\n{cut}\n{line}\n"));
    let outcome = env.obs(["trace", "--file", "t.jsonl"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert!(outcome.stderr.contains("line 3, column 1: expected an object or a list"), "{outcome}");
    assert!(outcome.stderr.contains("line 4, column"), "{outcome}");
    assert!(outcome.stderr.contains("(it is cut there)"), "{outcome}");
}

#[test]
fn a_compressed_file_is_read_and_a_damaged_one_as_far_as_it_goes() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(SMALL.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let env = Env::new().file("t.json.gz", &packed).file("cut.gz", &packed[..packed.len() - 12]);
    assert_eq!(env.obs(["trace", "--file", "t.json.gz", "--quiet"]).status, Some(0));
    let cut = env.obs(["trace", "--file", "cut.gz"]);
    assert_eq!(cut.status, Some(3), "{cut}");
    assert!(cut.stderr.contains("its gzip data is damaged or ends"), "{cut}");
}

#[test]
fn what_holds_no_traces_is_named() {
    let page = "<!doctype html><html><head><title>Sign in</title></head></html>";
    let env = Env::new()
        .file("page", page)
        .file("text", "trace not found\n")
        .file("empty", "")
        .file("logs.json", "{\"level\":\"info\"}\n{\"level\":\"info\"}\n")
        .file("error.json", r#"{"error":{"httpCode":404,"message":"No traces found"}}"#)
        .file("none.json", fixture("traces/victoriatraces/trace_not_found.json"));
    let shown = ["page", "text", "empty", "logs.json", "error.json", "none.json", "absent"]
        .map(|file| format!("{}\n", env.obs(["trace", "--file", file])));
    assert_snapshot!(shown.concat());
}

#[test]
fn one_file_that_cannot_be_read_hides_no_other() {
    let env = Env::new().file("t.json", SMALL);
    let outcome = env.obs(["trace", "--file", "absent.json", "--file", "t.json", "-o", "json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert_eq!(json(&outcome)["spans"].as_array().unwrap().len(), 2);
    assert_eq!(json(&outcome)["missing"][0]["source"], "absent.json");
}

#[test]
fn several_files_are_one_trace_and_what_is_twice_is_there_once() {
    let (first, second) = (SMALL, SMALL.replace("select", "update").replace("3332", "3333"));
    let env = Env::new().file("a.json", first).file("b.json", second);
    let outcome = env.obs(["trace", "--file", "a.json", "--file", "b.json", "-o", "json"]);
    let names: Vec<_> = json(&outcome)["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|span| span["name"].clone())
        .collect();
    assert_eq!(names.len(), 3, "{outcome}");
}

#[test]
fn standard_input_is_read_once() {
    let env = Env::new();
    for arguments in [["trace", "-", "--file", "-"], ["trace", "--file=-", "--file", "-"]] {
        let outcome = env.obs(arguments);
        assert_eq!(outcome.status, Some(2), "{outcome}");
        assert!(outcome.stderr.contains("only once"), "{outcome}");
    }
}
