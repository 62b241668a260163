//! `obs trace` with the options that choose what is drawn.

use crate::env::{Env, Outcome, Serve};

/// The id that four requests had.
const TRACE: &str = "018f3c1e9b7a7c448d215a0b6f4e2d11";

/// A backend with that trace, and a log line of one of its spans.
fn backend(env: &Env) -> Serve {
    let serve = Serve::start(env, &[]);
    let root = env!("CARGO_MANIFEST_DIR");
    let trace = std::fs::read(format!("{root}/tests/fixtures/traces/reused_id.otlp.json")).unwrap();
    assert_eq!(serve.post("/v1/traces", "application/json", &trace).0, 200);
    let line = format!(
        r#"{{"timestamp":"2026-11-22T06:18:44.9Z","level":"warning","message":"stock is low, password=hunter2","service":"inventory","trace_id":"{TRACE}","span_id":"{}"}}"#,
        span_of(&trace, "GET /stock")
    );
    assert_eq!(serve.post("/logs", "application/x-ndjson", line.as_bytes()).0, 200);
    serve
}

fn obs(env: &Env, always: &[&str], arguments: &[&str]) -> Outcome {
    let mut command = env.command(["trace", TRACE]);
    command.args(always).args(arguments);
    env.run(&mut command)
}

/// Returns the id of the first span with this name.
fn span_of(trace: &[u8], name: &str) -> String {
    let trace: serde_json::Value = serde_json::from_slice(trace).unwrap();
    let resources = trace["resourceSpans"].as_array().unwrap().iter();
    let spans =
        resources.flat_map(|resource| resource["scopeSpans"][0]["spans"].as_array().unwrap());
    let named = spans.filter(|span| span["name"] == name);
    let first = named.min_by_key(|span| span["startTimeUnixNano"].to_string()).unwrap();
    first["spanId"].as_str().unwrap().to_owned()
}

#[test]
fn the_options_choose_what_is_drawn_and_say_what_is_not() {
    let env = Env::new();
    let serve = backend(&env);
    let drawn = |arguments: &[&str]| {
        let outcome = obs(&env, &["--quiet"], arguments);
        assert_eq!(outcome.status, Some(0), "{outcome}");
        outcome.stdout
    };
    let whole = drawn(&[]);
    assert!(whole.contains("44 noise spans folded") && whole.contains("--root 4"), "{whole}");
    let root = drawn(&["--root", "3", "--service", "payments"]);
    assert!(root.contains("└─payments POST /charge 200"), "{root}");
    assert!(root.contains("64 spans outside of what was asked for"), "{root}");
    assert!(drawn(&["--root", "1", "--min-duration", "50%"]).contains("filtered out"));
    assert!(drawn(&["--critical"]).contains("filtered out"));
    assert!(drawn(&["--grep", "db.system=sqlite", "--root", "3"]).contains("connect"));
    assert!(drawn(&["--events"]).contains("◆ cache.miss"));
    assert!(drawn(&["--depth", "0"]).contains("+15"));
    assert!(drawn(&["--all", "--ascii"]).is_ascii());
    let logs = drawn(&["--logs", "--root", "1"]);
    let lines: Vec<&str> = logs.lines().collect();
    let at = lines.iter().position(|line| line.contains("• WARN stock is low")).unwrap();
    assert!(lines[at - 1].contains("inventory GET /stock"), "{logs}");
    assert!(!logs.contains("hunter2"), "{logs}");
    serve.stop();
}

#[test]
fn a_trace_is_written_for_a_ticket_and_not_as_a_spreadsheet() {
    let env = Env::new();
    let serve = backend(&env);
    let outcome = obs(&env, &["--quiet"], &["-o", "md", "--root", "1"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    assert!(outcome.stdout.starts_with("### GET /checkout/{cart} 200, "), "{outcome}");
    assert!(outcome.stdout.contains("\n```text\n") && outcome.stdout.ends_with("\n```\n"));
    let outcome = obs(&env, &[], &["-o", "csv"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
    assert!(outcome.stderr.contains("`obs trace` answers as human, json, md"), "{outcome}");
    serve.stop();
}

#[test]
fn json_has_all_spans_whatever_is_drawn_and_lines_when_asked_for() {
    let env = Env::new();
    let serve = backend(&env);
    let json = |arguments: &[&str]| -> serde_json::Value {
        let outcome = obs(&env, &["-o", "json"], arguments);
        serde_json::from_str(&outcome.stdout).unwrap()
    };
    let filtered = json(&["--service", "nobody"]);
    assert_eq!(filtered["spans"].as_array().unwrap().len(), 96);
    assert!(filtered.get("logs").is_none());
    let with_logs = json(&["--logs"]);
    assert_eq!(with_logs["logs"][0]["level"], "warn");
    crate::formats::assert_valid("trace.schema.json", &with_logs);
    serve.stop();
}

#[test]
fn what_does_not_exist_or_is_no_pattern_is_refused_and_no_match_is_not_found() {
    let env = Env::new();
    let serve = backend(&env);
    for (arguments, status, said) in [
        (&["--root", "5"][..], 2, "there is no root 5: this trace has 4, counted from 1"),
        (&["--span", "00000000000000aa"], 2, "no span of this trace has the id 00000000000000aa"),
        (&["--span", "x"], 2, "not 16 hex digits"),
        (&["--min-duration", "long"], 2, "min-duration"),
        (&["--grep", "("], 2, "unclosed group"),
        (&["--service", "nobody"], 1, "no span matches all filters"),
    ] {
        let outcome = obs(&env, &[], arguments);
        assert_eq!(outcome.status, Some(status), "{arguments:?}: {outcome}");
        assert!(outcome.stderr.contains(said), "{arguments:?}: {outcome}");
    }
    serve.stop();
}
