//! A trace for others: as a page, a picture, data of other tools; and held against other traces.

use serde_json::{Value, json};

use crate::env::{Env, Outcome, Serve};
use crate::formats::assert_valid;

/// A request that went well, and one of the same operation with a retry, out of the SDK's capture.
const WELL: &str = "018f3c1e9b7a7c448d215a0b6f4e2d11";
const FLAKY: &str = "018f3c1e9b7a7c448d215a0b6f4e2d12";

fn capture() -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read(format!("{root}/tests/fixtures/otlp/traces.otlp.jsonl")).unwrap()
}

fn env() -> Env {
    Env::new().file("traces.jsonl", capture())
}

fn obs(env: &Env, arguments: &[&str]) -> Outcome {
    let mut command = env.command(["trace", "--file", "traces.jsonl", "--quiet"]);
    command.args(arguments);
    env.run(&mut command)
}

fn document(outcome: &Outcome) -> Value {
    assert_eq!(outcome.status, Some(0), "{outcome}");
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// A span in OTLP's JSON, of the trace 1 and the service `shop`.
fn span(id: u64, parent: u64, name: &str, (from, to): (u64, u64), attributes: &Value) -> Value {
    json!({
        "traceId": format!("{:032x}", 1), "spanId": format!("{id:016x}"), "name": name,
        "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
        "startTimeUnixNano": (1_795_000_000_000_000_000 + from * 1_000_000).to_string(),
        "endTimeUnixNano": (1_795_000_000_000_000_000 + to * 1_000_000).to_string(),
        "attributes": attributes,
    })
}

fn request(spans: &[Value]) -> Vec<u8> {
    let resource =
        json!({"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]});
    let scopes = json!([{ "scope": {}, "spans": spans }]);
    json!({"resourceSpans": [{ "resource": resource, "scopeSpans": scopes }]}).to_string().into()
}

#[test]
fn a_page_and_a_picture_load_and_run_nothing_whatever_was_sent() {
    let value = json!([
        {"key": "url.full", "value": {"stringValue": "http://x/?token=abcdefgh12345678\"><script>alert(1)</script>"}},
        {"key": "large", "value": {"stringValue": "é".repeat(300_000)}},
    ]);
    let hostile = "</text></svg><script src=//evil>\u{1b}[2J\u{202e}'\"&\u{ffff}";
    let spans = [
        span(1, 0, hostile, (0, 90), &json!([])),
        span(2, 1, "javascript:alert(1)", (10, 20), &value),
    ];
    let env = Env::new().file("hostile.json", request(&spans));
    let loads = regex::Regex::new(r"<[^>]*\b(src|on\w+)=").unwrap();
    let quoted = regex::Regex::new("\"[^\"]*\"").unwrap();
    let tags = r"<(/?)(g|text|svg|title|details|summary|dl|dt|dd|tspan)\b[^>]*>";
    let tags = regex::Regex::new(tags).unwrap();
    for format in ["html", "svg"] {
        let outcome = env.obs(["trace", "--file", "hostile.json", "-o", format]);
        assert_eq!(outcome.status, Some(0), "{format}");
        let text = &outcome.stdout;
        for never in ["<script", "href=\"http", "url(", "@import", "\u{1b}", "\u{202e}"] {
            assert!(!text.contains(never), "{never} in {format}");
        }
        assert!(!loads.is_match(&quoted.replace_all(text, "")), "{format}");
        assert!(!text.contains("abcdefgh12345678"), "a secret is masked");
        assert!(text.contains("&lt;script src=//evil&gt;"), "{format}");
        assert!(text.len() < 100_000, "{} bytes", text.len());
        let mut open = Vec::new();
        for tag in tags.captures_iter(text).filter(|tag| !tag[0].ends_with("/>")) {
            if &tag[1] == "/" {
                assert_eq!(open.pop(), Some(tag[2].to_owned()), "{format}");
            } else {
                open.push(tag[2].to_owned());
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn a_page_has_the_findings_the_waterfall_and_every_spans_attributes() {
    let outcome = obs(&env(), &[FLAKY, "-o", "html"]);
    let text = &outcome.stdout;
    assert!(text.starts_with("<!doctype html>"), "{text}");
    for part in ["default-src 'none'", "<b>N+1</b>", "prefers-color-scheme:dark", "class=\"gap\""] {
        assert!(text.contains(part), "{part}");
    }
    assert!(text.contains("<dt>db.query.text</dt>") || text.contains("<dt>db.statement</dt>"));
    let rows = text.matches("<g class=\"row\">").count();
    let picture = obs(&env(), &[FLAKY, "-o", "svg"]).stdout;
    assert_eq!(picture.matches("<g class=\"row\">").count(), rows);
    assert!(rows > 10, "{rows}");
    // What the terminal folds is folded here too, and said.
    assert!(text.contains("17 noise spans folded") && picture.contains("17 noise spans folded"));
}

#[test]
fn what_is_written_as_otlp_is_the_same_trace_again() {
    let env = env();
    let json = document(&obs(&env, &[FLAKY, "-o", "json"]));
    let written = obs(&env, &[FLAKY, "-o", "otlp"]).stdout;
    let env = env.file("again.json", written);
    let again = document(&env.obs(["trace", "--file", "again.json", "--quiet", "-o", "json"]));
    assert_eq!((&json["spans"], &json["findings"]), (&again["spans"], &again["findings"]));
    assert_eq!(json["spans"].as_array().unwrap().len(), 36);
}

#[test]
fn stacks_add_up_to_the_time_that_spans_themselves_took() {
    let env = env();
    let folded = obs(&env, &[FLAKY, "-o", "folded"]).stdout;
    let json = document(&obs(&env, &[FLAKY, "-o", "json"]));
    let own = json["spans"].as_array().unwrap().iter();
    let own: f64 = own.map(|span| span["self_ms"].as_f64().unwrap()).sum();
    let micros =
        folded.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap());
    let micros: f64 = micros.sum();
    assert!((own * 1e3 - micros).abs() < 40.0, "{own} ms, {micros} us");
    assert!(
        folded.contains("checkout-api GET /checkout/{cart};checkout-api GET;inventory GET /stock ")
    );
}

#[test]
fn spans_of_one_thread_lie_within_each_other_or_beside() {
    let outcome = obs(&env(), &[FLAKY, "-o", "perfetto"]);
    let document = document(&outcome);
    let events = document["traceEvents"].as_array().unwrap();
    let spans: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    assert_eq!(spans.len(), 36);
    let ends = |one: &Value| {
        let from = one["ts"].as_f64().unwrap();
        (from, from + one["dur"].as_f64().unwrap())
    };
    for (at, one) in spans.iter().enumerate() {
        for two in &spans[at + 1..] {
            let ((a, b), (c, d)) = (ends(one), ends(two));
            let same = (&one["pid"], &one["tid"]) == (&two["pid"], &two["tid"]);
            assert!(!same || c >= b - 0.002 || d <= b + 0.002 && a <= c, "{one} {two}");
        }
    }
    let names = events.iter().filter(|event| event["ph"] == "M");
    assert_eq!(names.count(), 4, "a process for each service");
}

#[test]
fn what_is_to_be_typed_next_names_the_files_and_what_does_nothing_is_refused() {
    let env = env();
    let drawn = obs(&env, &[FLAKY]).stdout;
    assert!(drawn.contains(&format!("obs trace {FLAKY} --file traces.jsonl --all\n")), "{drawn}");
    let refused = obs(&env, &[FLAKY, "--root", "9"]);
    assert!(
        refused.stderr.contains(&format!("obs trace {FLAKY} --file traces.jsonl\n")),
        "{refused}"
    );
    for arguments in
        [&[FLAKY, "--logs"][..], &[FLAKY, "--span", "6d7ea8cf"], &["-o", "json", "list"]]
    {
        assert_eq!(obs(&env, arguments).status, Some(2), "{arguments:?}");
    }
    assert_eq!(env.obs(["trace", "list", "-o", "md"]).status, Some(2));
}

#[test]
fn two_traces_are_compared_step_by_step() {
    let env = env();
    let outcome = obs(&env, &[WELL, "--diff", FLAKY]);
    insta::assert_snapshot!(outcome);
    let document = document(&obs(&env, &[WELL, "--diff", FLAKY, "-o", "json"]));
    assert_valid("trace-diff.schema.json", &document);
    let steps = document["steps"].as_array().unwrap();
    let failed = steps.iter().find(|step| step["right_error"] == true).unwrap();
    assert_eq!((&failed["name"], &failed["left_error"]), (&json!("POST"), &json!(false)));
    // The files are read once: a pipe can be compared within, and each note is said once.
    let arguments = ["trace", "--file", "-", WELL, "--diff", FLAKY, "-o", "json"];
    let piped = env.obs_with_stdin(arguments, &capture());
    assert_eq!(piped.stderr.matches("OTLP JSON").count(), 1, "{piped}");
    assert_eq!(self::document(&piped)["steps"], document["steps"]);
    let same = obs(&env, &[FLAKY, "--diff", FLAKY]);
    assert!(same.stdout.contains("\n0, 0 steps changed\n"), "{same}");
    assert_eq!(obs(&env, &[WELL, "--diff", "ffffffffffffffffffffffffffffffff"]).status, Some(1));
    assert_eq!(obs(&env, &[WELL, "--diff", FLAKY, "-o", "svg"]).status, Some(2));
    assert_eq!(obs(&env, &[WELL, "--diff", FLAKY, "--depth", "2"]).status, Some(2));
}

#[test]
fn a_trace_is_held_against_the_last_ones_of_its_operation() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    let trace = |number: u64, select_ms: u64| {
        let at = number * 1_000;
        let own = |mut span: Value| {
            span["traceId"] = json!(format!("{:032x}", 100 + number));
            span
        };
        let mut spans = vec![
            own(span(1, 0, "GET /cart", (at, at + 500), &json!([]))),
            own(span(2, 1, "select", (at + 10, at + 10 + select_ms), &json!([]))),
        ];
        if number < 7 {
            spans.push(own(span(3, 1, "cache get", (at, at + 1), &json!([]))));
        }
        spans
    };
    let spans: Vec<Value> = (0..8).flat_map(|number| trace(number, 10 + number % 7)).collect();
    assert_eq!(serve.post("/v1/traces", "application/json", &request(&spans)).0, 200);
    let slow = trace(9, 300);
    assert_eq!(serve.post("/v1/traces", "application/json", &request(&slow)).0, 200);
    let id = format!("{:032x}", 109);
    let shown = env.obs(["trace", &id, "--baseline", "--quiet", "--utc"]);
    insta::assert_snapshot!(shown);
    let document = document(&env.obs(["trace", &id, "--baseline", "-o", "json", "--quiet"]));
    assert_valid("trace-baseline.schema.json", &document);
    assert_eq!((&document["traces"], &document["steps"][1]["slow"]), (&json!(8), &json!(true)));
    assert_eq!(document["steps"][1]["p95_ms"], 16.0);
    assert_eq!(document["absent"][0]["name"], "cache get");
    // The first one has no other before it.
    let first = env.obs(["trace", &format!("{:032x}", 100), "--baseline", "--quiet"]);
    assert_eq!(first.status, Some(1), "{first}");
}
