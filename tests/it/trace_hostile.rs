//! Traces that no program should have written: `obs trace --file` draws them or says what is wrong.

use super::env::{Env, Outcome};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const START_NS: u64 = 1_795_328_533_000_000_000;

/// One span as JSON; `parent` 0 is none.
fn span(id: u64, parent: u64, name: &str, start: u64, end: u64) -> String {
    let name = serde_json::Value::from(name);
    let parent =
        if parent == 0 { String::new() } else { format!(r#""parentSpanId":"{parent:016x}","#) };
    let (start, end) = (START_NS + start, START_NS + end);
    format!(
        r#"{{"traceId":"{TRACE}","spanId":"{id:016x}",{parent}"name":{name},"kind":2,"startTimeUnixNano":"{start}","endTimeUnixNano":"{end}"}}"#
    )
}

fn document(spans: &[String]) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(",\n"))
}

fn trace(spans: &[String]) -> (Outcome, serde_json::Value) {
    let env = Env::new().file("t.json", document(spans));
    let drawn = env.obs(["trace", "--file", "t.json", "--all"]);
    assert!(matches!(drawn.status, Some(0)), "{drawn}");
    let harmless = |c: char| !c.is_control() || c == '\n';
    assert!(drawn.stdout.chars().all(harmless), "{drawn}");
    let json = env.obs(["trace", "--file", "t.json", "-o", "json", "--quiet"]);
    let report = serde_json::from_str(&json.stdout).unwrap();
    (drawn, report)
}

#[test]
fn circles_own_parents_and_ids_that_are_there_twice_are_shown_with_a_warning() {
    let (_, report) = trace(&[
        span(1, 0, "root", 0, 90),
        span(2, 3, "circle", 1, 2),
        span(3, 2, "circle", 2, 3),
        span(4, 4, "own parent", 3, 4),
        span(5, 1, "one", 4, 5),
        span(5, 1, "two", 5, 6),
    ]);
    assert_eq!(report["spans"].as_array().unwrap().len(), 6);
    let warnings = report["warnings"].as_array().unwrap();
    for word in ["its own ancestor", "itself as its parent", "several spans have the id"] {
        assert!(
            warnings.iter().any(|warning| warning.as_str().unwrap().contains(word)),
            "{report}"
        );
    }
}

#[test]
fn a_span_that_ends_before_it_starts_has_no_end() {
    let (_, report) = trace(&[span(1, 0, "root", 0, 90), span(2, 1, "back", 50, 20)]);
    assert_eq!(report["complete"], false);
    let back = &report["spans"][1];
    assert_eq!(back.get("end"), None);
    assert_eq!(back["attributes"][0][0], "obs.end_sent_unix_nano");
}

#[test]
fn a_chain_of_ten_thousand_is_drawn() {
    let chain: Vec<String> =
        (1..=10_000).map(|id| span(id, id - 1, "deeper", id, 30_000 - id)).collect();
    let (_, report) = trace(&chain);
    assert_eq!(report["spans"].as_array().unwrap().len(), 10_000);
    assert_eq!(report["spans"][9_999]["depth"], 9_999);
}

#[test]
fn an_attribute_of_a_megabyte_is_cut_and_said() {
    let attribute = format!(
        r#""attributes":[{{"key":"db.query.text","value":{{"stringValue":"{}"}}}}],"name""#,
        "x".repeat(1 << 20)
    );
    let large = span(1, 0, "root", 0, 90).replace("\"name\"", &attribute);
    let (drawn, report) = trace(&[large]);
    assert!(drawn.stderr.contains("texts over 256 KiB were cut in 1 spans"), "{drawn}");
    let text = report["spans"][0]["attributes"][0][1].as_str().unwrap();
    assert!(text.len() < 300 << 10 && text.ends_with("[cut: 1048576 bytes were sent]"));
}

#[test]
fn escape_sequences_in_names_stay_text() {
    let (drawn, _) = trace(&[
        span(1, 0, "\u{1b}]0;title\u{7}\u{1b}[2J\r\n", 0, 90),
        span(2, 1, "\u{202e}txet\u{9b}31m", 1, 2),
    ]);
    assert!(drawn.stdout.contains("\\x1b]0;title"), "{drawn}");
}

#[test]
fn a_body_cut_anywhere_gives_a_result_or_an_error() {
    let whole = document(&[span(1, 0, "root", 0, 90), span(2, 1, "child", 1, 2)]);
    let env = Env::new();
    for length in (1..whole.len()).step_by(37) {
        let (half, _) = whole.split_at(length);
        let name = format!("cut-{length}.json");
        std::fs::write(env.path().join(&name), half).unwrap();
        let outcome = env.obs(["trace", "--file", &name]);
        assert_eq!(outcome.status, Some(3), "{length}: {outcome}");
        assert!(outcome.stderr.contains(": expected "), "{length}: {outcome}");
    }
}

#[test]
fn a_text_nested_without_end_is_refused() {
    let env = Env::new().file("deep.json", "[".repeat(1_000_000));
    let outcome = env.obs(["trace", "--file", "deep.json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert!(outcome.stderr.contains("nesting of at most 128 levels"), "{outcome}");
}
