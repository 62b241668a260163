//! What `obs` tells about itself: nothing unless asked, one id in all of it, and never in the way.

use std::net::TcpListener;

use serde_json::Value;

use crate::collector::{Answers, Fake, header, nobody};
use crate::env::{Env, Outcome, Serve};

pub(crate) const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
pub(crate) const TRACE: &str = "0192f3a1b2c37d4e8f90a1b2c3d4e5f6";
pub(crate) const DASHED: &str = "0192f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6";
/// An answer of the backend that knows of no issue.
pub(crate) const NO_ISSUES: Answers = Answers::With(200, r#"{"issues":[]}"#);

pub(crate) fn issues(env: &Env, backend: &str, extra: &[&str]) -> Outcome {
    env.run(env.command(["issues", "--url", backend]).args(extra))
}

fn run_id(outcome: &Outcome) -> &str {
    let note = outcome.stderr.lines().find_map(|line| line.strip_prefix("note: obs run "));
    note.unwrap_or_else(|| panic!("no id of the run: {outcome}"))
}

/// The JSON of `obs trace`, and its spans.
pub(crate) fn spans_of(env: &Env, backend: &str, id: &str) -> Vec<Value> {
    let outcome = env.obs(["trace", id, "--url", backend, "-o", "json", "--quiet"]);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    report["spans"].as_array().unwrap().clone()
}

pub(crate) fn attribute<'a>(span: &'a Value, name: &str) -> &'a Value {
    let mut all = span["attributes"].as_array().unwrap().iter();
    all.find(|pair| pair[0] == name).map_or(&Value::Null, |pair| &pair[1])
}

fn lines(outcome: &Outcome) -> Vec<Value> {
    outcome.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn with_nothing_set_nothing_is_said_and_nobody_is_connected_to() {
    let env = Env::new().file("app.log", "{\"level\":\"info\",\"message\":\"x\"}\n");
    // The default port; where something else has it there is nothing to see.
    let collector = TcpListener::bind("127.0.0.1:4318").ok();
    let outcome = env.obs(["logs", "app.log"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome}");
    let backend = Fake::start(NO_ISSUES);
    let outcome = issues(&env, &backend.url, &[]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(1), ""), "{outcome}");
    assert_eq!(backend.requests().len(), 1);
    if let Some(collector) = collector {
        collector.set_nonblocking(true).unwrap();
        assert!(collector.accept().is_err());
    }
}

#[test]
fn a_run_is_a_trace_of_its_own_id_with_a_span_for_each_call() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    let told = Env::new().set(ENDPOINT, &serve.url).set("HTTP_PROXY", &nobody());
    let outcome = issues(&told, &serve.url, &["--since", "1h"]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    let spans = spans_of(&env, &serve.url, run_id(&outcome));
    let [run, call] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!((&run["name"], &run["kind"]), (&"obs issues".into(), &"internal".into()));
    assert_eq!((&run["service"], &run["status"]), (&"obs".into(), &"error".into()));
    assert_eq!(attribute(run, "process.exit.code"), "1");
    assert_eq!(attribute(run, "error.type"), "no");
    assert_eq!(attribute(run, "process.executable.name"), "obs");
    assert_eq!(attribute(run, "process.command_args")[2], "--url");
    assert_eq!(attribute(run, "request_id"), run_id(&outcome));
    assert_eq!((&call["name"], &call["kind"]), (&"GET".into(), &"client".into()));
    assert_eq!(call["parent"], run["span_id"]);
    assert_eq!(attribute(call, "http.response.status_code"), "200");
    assert_eq!(attribute(call, "server.address"), "127.0.0.1");
    assert_eq!(*attribute(call, "url.full"), format!("{}/api/obs/v1/issues", serve.url));
}

#[test]
fn a_run_belongs_to_the_trace_that_traceparent_names() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    let told = Env::new()
        .set(ENDPOINT, &serve.url)
        .set("TRACEPARENT", &format!("00-{TRACE}-00f067aa0ba902b7-01"));
    assert_eq!(run_id(&issues(&told, &serve.url, &[])), DASHED);
    let spans = spans_of(&env, &serve.url, TRACE);
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[0]["parent"], "00f067aa0ba902b7");
}

#[test]
fn each_call_takes_its_own_span_and_the_id_of_the_run_along() {
    let backend = Fake::start(NO_ISSUES);
    let env = Env::new().set("OBS_REQUEST_ID", DASHED);
    let outcome = issues(&env, &backend.url, &["--log-format", "json"]);
    let lines = lines(&outcome);
    let call = lines.iter().find(|line| line["message"] == "request answered").unwrap();
    let span_id = call["span_id"].as_str().unwrap();
    let heads = backend.requests();
    let expected = format!("00-{TRACE}-{span_id}-01");
    assert_eq!(header(&heads[0], "traceparent"), Some(expected.as_str()));
    assert_eq!(header(&heads[0], "x-request-id"), Some(DASHED));
}

#[test]
fn a_trace_that_is_not_sampled_is_passed_on_and_not_sent() {
    let (backend, collector) = (Fake::start(NO_ISSUES), Fake::start(NO_ISSUES));
    let env = Env::new()
        .set(ENDPOINT, &collector.url)
        .set("TRACEPARENT", &format!("00-{TRACE}-00f067aa0ba902b7-00"))
        .set("TRACESTATE", "vendor=1");
    assert_eq!(issues(&env, &backend.url, &[]).status, Some(1));
    let heads = backend.requests();
    let sent = header(&heads[0], "traceparent").unwrap();
    assert!(sent.starts_with(&format!("00-{TRACE}-")) && sent.ends_with("-00"), "{sent}");
    assert_eq!(header(&heads[0], "tracestate"), Some("vendor=1"));
    assert!(collector.requests().is_empty());
    let outcome = issues(&env, &backend.url, &[]);
    assert!(!outcome.stderr.contains("obs run"), "nothing can be found by it: {outcome}");
}

#[test]
fn all_that_a_check_does_lies_under_its_run() {
    let home = Env::new();
    let serve = Serve::start(&home, &[]);
    let url = &serve.url;
    let check = "[[check]]\nid = 'm'\nkind = 'metrics'\nwindow = '20ms'\n";
    let env = Env::new().file("obs.toml", format!("{check}target = '{url}/metrics'\n"));
    let env = env.set(ENDPOINT, url);
    let outcome = env.obs(["check"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let spans = spans_of(&home, url, run_id(&outcome));
    let named = |name: &str| spans.iter().filter(|span| span["name"] == name).count();
    // Each end of the window is looked at up to four times, as often as there is time for.
    assert!((2..=8).contains(&named("GET")), "{spans:?}");
    assert_eq!(named("wait for the second scrape"), 1, "{spans:?}");
    assert_eq!(spans.iter().filter(|span| span["parent"].is_null()).count(), 1, "{spans:?}");
}

#[test]
fn a_traceparent_that_is_none_is_ignored() {
    let backend = Fake::start(NO_ISSUES);
    let env = Env::new().set("TRACEPARENT", "00-zz-1-01").set("TRACESTATE", "vendor=1");
    let outcome = issues(&env, &backend.url, &[]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(1), ""), "{outcome}");
    let heads = backend.requests();
    assert_eq!(header(&heads[0], "tracestate").unwrap_or_default(), "");
    assert_eq!(header(&heads[0], "traceparent").unwrap().len(), 55);
}

#[test]
fn the_collector_gets_the_headers_of_its_own_and_no_ids_of_the_run() {
    let (backend, collector) = (Fake::start(NO_ISSUES), Fake::start(Answers::With(200, "")));
    let env =
        Env::new().set(ENDPOINT, &collector.url).set("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter2");
    let outcome = issues(&env, &backend.url, &[]);
    assert!(!outcome.stderr.contains("warning"), "{outcome}");
    let heads = collector.requests();
    assert_eq!(heads.len(), 1, "{heads:?}");
    assert!(heads[0].starts_with("post /v1/traces http"), "{heads:?}");
    assert_eq!(header(&heads[0], "x-key"), Some("hunter2"));
    assert_eq!(header(&heads[0], "content-type"), Some("application/x-protobuf"));
    assert_eq!(header(&heads[0], "traceparent"), None);
    assert_eq!(header(&heads[0], "x-request-id"), None);
}

#[test]
fn a_disabled_sdk_sends_nothing_and_says_nothing() {
    let (backend, collector) = (Fake::start(NO_ISSUES), Fake::start(NO_ISSUES));
    for (name, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let env = Env::new().set(ENDPOINT, &collector.url).set(name, value);
        let outcome = issues(&env, &backend.url, &[]);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(1), ""), "{outcome}");
    }
    assert!(collector.requests().is_empty());
}

#[test]
fn log_lines_are_json_with_constant_fields_and_one_id() {
    let backend = Fake::start(NO_ISSUES);
    let env = Env::new();
    let outcome = issues(&env, &backend.url, &["--log-format", "json"]);
    assert!(outcome.stdout.starts_with("no errors"), "{outcome}");
    let lines = lines(&outcome);
    let messages: Vec<&str> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    let id = lines[0]["request_id"].as_str().unwrap();
    let footer = format!("obs run {id}");
    assert_eq!(messages, ["run started", "request answered", "run ended", footer.as_str()]);
    for (line, text) in lines.iter().zip(outcome.stderr.lines()) {
        let constant = ["timestamp", "level", "message", "logger", "service", "request_id"];
        let places: Vec<usize> =
            constant.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        assert_eq!((&line["service"], &line["request_id"]), (&"obs".into(), &id.into()));
        assert_eq!(line["trace_id"], id.replace('-', ""));
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    }
    assert_eq!(lines[0]["span_id"], lines[2]["span_id"]);
    assert_ne!(lines[0]["span_id"], lines[1]["span_id"]);
    assert_eq!(lines[2]["exit_code"], 1);
}

#[test]
fn errors_and_warnings_are_log_lines_too() {
    let env = Env::new();
    let refused = lines(&issues(&env, "ftp://u:hunter2@x", &["--log-format", "json", "--quiet"]));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["level"], "error");
    assert_eq!(refused[0]["hint"], "an address is http://HOST:PORT");
    assert!(!refused[0].to_string().contains("hunter2"), "{refused:?}");
    let broken = Env::new().file("obs.toml", "x = \n");
    let refused = lines(&broken.obs(["logs", "--log-format", "json"]));
    let levels: Vec<&Value> = refused.iter().map(|line| &line["level"]).collect();
    assert_eq!(levels, ["info", "error", "info"], "{refused:?}");
}

#[test]
fn a_server_makes_no_spans() {
    let collector = Fake::start(NO_ISSUES);
    let env = Env::new().set(ENDPOINT, &collector.url);
    Serve::start(&env, &[]).stop();
    assert!(collector.requests().is_empty());
}
