//! Traces of other backends: every kind of them with its answers and its faults.

use insta::assert_snapshot;
use obs::sources::{KINDS, Side};
use serde_json::{Value, json};

use crate::env::{Env, Outcome};
use crate::fake_source::{Asked, FakeSource, Reply};

/// The trace of the recordings.
const ID: &str = "018f3c1e9b7a7c448d215a0b6f4e2d16";

fn fixture(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read_to_string(folder.join("trace_sources").join(name)).unwrap()
}

fn whole(status: &'static str, kind: &'static str, body: &str) -> Reply {
    Reply::Whole(status, kind, "", body.to_owned())
}

fn json(body: &str) -> Reply {
    whole("200 OK", "application/json", body)
}

fn config(kind: &str, url: &str, more: &str) -> String {
    let own = if kind == "sentry" { "organization = 'shop'\n" } else { "" };
    format!("[[source]]\nkind = '{kind}'\nurl = '{url}'\n{own}{more}")
}

/// The kinds that have traces.
fn kinds() -> Vec<&'static str> {
    KINDS.iter().filter(|kind| kind.side == Side::Traces).map(|kind| kind.name).collect()
}

/// What a kind answers to a question for the trace.
fn answer(kind: &str) -> String {
    fixture(match kind {
        "jaeger" => "jaeger_v3.derived.json",
        "tempo" => "tempo_v2.json",
        "victoriatraces" => "victoriatraces.json",
        "zipkin" => "zipkin.derived.json",
        "sentry" => "sentry.derived.json",
        other => panic!("{other} has no answer in tests/fixtures/trace_sources"),
    })
}

fn ask(fake: &FakeSource, kind: &str, more: &str, arguments: &[&str]) -> Outcome {
    let env = Env::new().file("obs.toml", config(kind, &fake.url, more));
    env.run(env.command([]).args(arguments))
}

/// What a command did, with the backend's address left out.
fn without_address(outcome: &Outcome, fake: &FakeSource) -> String {
    outcome.to_string().replace(fake.url.trim_start_matches("http://"), "HOST")
}

fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"))
}

/// Names and services of the spans, in lower case: Zipkin has no others.
fn brief(document: &Value) -> Vec<String> {
    let text = |span: &Value, key: &str| span[key].as_str().unwrap().to_lowercase();
    let spans = document["spans"].as_array().unwrap().iter();
    let mut spans: Vec<String> =
        spans.map(|span| format!("{} {}", text(span, "service"), text(span, "name"))).collect();
    spans.sort();
    spans
}

#[test]
fn every_kind_finds_the_same_spans_of_a_trace() {
    for kind in kinds() {
        let fake = FakeSource::start(vec![json(&answer(kind))]);
        let outcome = ask(&fake, kind, "", &["trace", ID, "-o", "json"]);
        assert_eq!(outcome.status, Some(0), "{kind}: {outcome}");
        let found = document(&outcome);
        let expected = [
            "checkout-api post",
            "checkout-api post /pay",
            "payments orphan.settle",
            "payments post /charge",
        ];
        assert_eq!(brief(&found), expected, "{kind}");
        assert_eq!(found["asked"], json!([format!("{kind} at {}", fake.url)]));
        // The dashed id of a request is the same trace; exactly 32 lower-case digits are sent.
        let asked = fake.asked();
        let is_of_trace = |asked: &Asked| asked.path().trim_end_matches('/').ends_with(ID);
        assert!(asked.iter().all(is_of_trace), "{kind}: {asked:?}");
        let dashed = "018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D16";
        assert_eq!(ask(&fake, kind, "", &["trace", dashed]).status, Some(0), "{kind}");
        assert!(fake.asked().iter().all(is_of_trace), "{kind}");
    }
}

#[test]
fn every_kind_says_that_it_has_no_such_trace() {
    let jaeger = r#"{"error":{"httpCode":404,"message":"trace not found"}}"#;
    let zipkin = format!("{ID} not found");
    for (kind, reply) in [
        ("jaeger", whole("404 Not Found", "text/plain", jaeger)),
        ("tempo", json(&fixture("tempo_v2_not_found.json"))),
        ("tempo", Reply::Bytes("application/protobuf", b"\x0a\x00\x12\x00".to_vec())),
        ("victoriatraces", json(&fixture("victoriatraces_not_found.json"))),
        ("zipkin", whole("404 Not Found", "text/plain", &zipkin)),
        ("sentry", json("[]")),
        ("sentry", whole("404 Not Found", "application/json", r#"{"detail":"Trace not found"}"#)),
    ] {
        let nothing = |asked: &Asked| match asked.path() {
            path if path.trim_end_matches('/').ends_with(ID) => None,
            path if path.ends_with("/events/") => Some(json(r#"{"data":[]}"#)),
            path if path.ends_with("api/v2/traces") => Some(json("[]")),
            path if path.contains("logsql") => Some(json("")),
            path if path.contains("trace-summaries") => Some(json(r#"{"summaries":[]}"#)),
            _ => Some(json(r#"{"traces":[]}"#)),
        };
        let fake = FakeSource::by_question(move |asked| nothing(asked).unwrap_or(reply.clone()));
        let outcome = ask(&fake, kind, "", &["trace", ID]);
        assert_eq!(outcome.status, Some(1), "{kind}: {outcome}");
        assert!(outcome.stderr.contains("no trace has the id"), "{kind}: {outcome}");
    }
}

#[test]
fn each_fault_has_one_line_that_says_what_to_do() {
    let mut said = Vec::new();
    for kind in kinds() {
        for (fault, more, reply) in faults(kind) {
            let fake = FakeSource::start(vec![reply]);
            let outcome = ask(&fake, kind, more, &["trace", ID, "--quiet", "--timeout", "300ms"]);
            assert_eq!(outcome.status, Some(3), "{kind} {fault}: {outcome}");
            let text = without_address(&outcome, &fake).replace(ID, "ID");
            let of_source =
                |line: &&str| line.contains("did not answer") || line.contains("in part");
            let lines: Vec<&str> = text.lines().filter(of_source).collect();
            assert_eq!(lines.len(), 1, "{kind} {fault}: {text}");
            said.push(format!("{kind} {fault}:\n{}\n", lines[0]));
        }
    }
    assert_snapshot!(said.concat());
}

/// Recorded answers, and those of what stands between.
fn faults(kind: &str) -> Vec<(&'static str, &'static str, Reply)> {
    let (text, bad) = ("text/plain; charset=utf-8", "400 Bad Request");
    let dashes = "trace IDs can only contain hex characters: invalid character '-' at position 9";
    let tenant = "incorrect query params: cannot obtain tenanID: cannot parse \"abc\" as uint32: \
                  strconv.ParseUint: parsing \"abc\": invalid syntax";
    let path = format!("unsupported path requested: \"/api/traces/{ID}\"");
    let mut faults = vec![
        ("no token", "", whole("401 Unauthorized", text, "\n")),
        ("wrong token", "token = 'x'\n", whole("403 Forbidden", text, "permission denied")),
        ("wrong path", "", whole("404 Not Found", text, "404 page not found\n")),
        ("login page", "", whole("200 OK", "text/html", "<!DOCTYPE html><title>Login</title>")),
        ("busy", "", whole("503 Service Unavailable", text, "too many outstanding requests")),
        ("half", "", json(answer(kind).split_at(20).0)),
        ("other JSON", "", json(r#"{"status":"success"}"#)),
        ("silence", "", Reply::Silence),
        ("redirect", "", Reply::Whole("302 Found", text, "Location: /login\r\n", String::new())),
    ];
    faults.extend(match kind {
        "tempo" => vec![
            ("no tenant", "", whole("401 Unauthorized", text, "no org id\n")),
            ("dashes", "", whole(bad, text, dashes)),
        ],
        "victoriatraces" => vec![
            ("bad tenant", "headers = { AccountID = 'abc' }\n", whole(bad, text, tenant)),
            ("other base", "", whole(bad, text, &path)),
        ],
        "jaeger" => vec![("VictoriaTraces' root", "", whole(bad, text, &path))],
        _ => Vec::new(),
    });
    faults
}

#[test]
fn of_two_sources_the_richer_copy_stays_and_a_dead_one_hides_nothing() {
    let tempo = FakeSource::start(vec![json(&fixture("tempo_v2.json"))]);
    let zipkin = FakeSource::start(vec![json(&fixture("zipkin.derived.json"))]);
    let dead = config("jaeger", "http://127.0.0.1:1", "");
    let toml = config("zipkin", &zipkin.url, "") + &config("tempo", &tempo.url, "") + &dead;
    let outcome = Env::new().file("obs.toml", toml).obs(["trace", ID, "-o", "json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    let found = document(&outcome);
    assert_eq!((brief(&found).len(), found["complete"].clone()), (4, json!(false)));
    // Zipkin has microseconds; and the trace begins where its root does, not where a wrong clock says.
    assert_eq!(found["start"], "2026-11-22T06:56:16.3413584Z");
    assert_eq!(found["spans"][0]["name"], "POST /pay");
    assert_eq!(found["missing"].as_array().unwrap().len(), 1, "{outcome}");
    assert!(found["missing"][0]["source"].as_str().unwrap().starts_with("jaeger at"));
}

#[test]
fn credentials_tenants_and_prefixes_go_along() {
    let fake = FakeSource::start(vec![json(&answer("tempo"))]);
    let more = "token = { env = 'TEAM_TOKEN' }\nheaders = { X-Scope-OrgID = 'team-a|team-b' }\n";
    let env = Env::new()
        .file("user.toml", config("tempo", &format!("{}/tempo/", fake.url), more))
        .set("OBS_CONFIG", "user.toml")
        .set("TEAM_TOKEN", "t0p-s3cret");
    let outcome = env.obs(["trace", ID]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let asked = &fake.asked()[0];
    assert_eq!(asked.path(), format!("/tempo/api/v2/traces/{ID}"));
    for header in [
        "authorization: Bearer t0p-s3cret",
        "x-scope-orgid: team-a|team-b",
        "accept: application/protobuf",
    ] {
        assert!(asked.headers.contains(&header.to_owned()), "{:?}", asked.headers);
    }
    assert!(!outcome.to_string().contains("s3cret"));
}

#[test]
fn another_tenants_trace_looks_like_none_and_that_is_said() {
    let fake = FakeSource::by_question(|asked| match asked.path() {
        "/api/search" => json(r#"{"traces":[]}"#),
        _ => json(&fixture("tempo_v2_not_found.json")),
    });
    let outcome = ask(&fake, "tempo", "headers = { X-Scope-OrgID = 'team-b' }\n", &["trace", ID]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    let remark =
        "note: tempo says of another tenant's trace that there is none: is X-Scope-OrgID right?";
    assert!(outcome.stderr.contains(remark), "{outcome}");
}

#[test]
fn a_data_source_of_grafana_is_asked_through_its_proxy() {
    for kind in ["tempo", "jaeger", "zipkin"] {
        let fake = FakeSource::start(vec![json(&answer(kind))]);
        let outcome = ask(&fake, kind, "datasource = 'a/b'\n", &["trace", ID]);
        assert_eq!(outcome.status, Some(0), "{outcome}");
        let asked = fake.asked();
        let path = asked[0].path();
        assert!(path.starts_with("/api/datasources/proxy/uid/a%2Fb/api/"), "{path}");
    }
}

#[test]
fn where_a_newer_interface_is_absent_the_older_is_asked() {
    let absent = "404 page not found\n";
    let page = "<!doctype html><title>Jaeger UI</title>";
    for (kind, newer, older, reply) in [
        ("tempo", "/api/v2/traces/", "tempo_v1.json", whole("404 Not Found", "text/plain", absent)),
        ("jaeger", "/api/v3/", "victoriatraces.json", whole("404 Not Found", "text/plain", absent)),
        ("jaeger", "/api/v3/", "victoriatraces.json", whole("200 OK", "text/html", page)),
        (
            "jaeger",
            "/api/v3/",
            "victoriatraces.json",
            whole("400 Bad", "text/plain", "unsupported"),
        ),
    ] {
        let fake = FakeSource::by_question(move |asked| {
            if asked.path().starts_with(newer) { reply.clone() } else { json(&fixture(older)) }
        });
        let outcome = ask(&fake, kind, "", &["trace", ID, "-o", "json"]);
        assert_eq!(outcome.status, Some(0), "{kind}: {outcome}");
        assert_eq!(brief(&document(&outcome)).len(), 4, "{kind}");
    }
    // A trace that neither has is none, in the words of the older.
    let unknown = r#"{"data":null,"total":0,"errors":[{"code":404,"msg":"trace not found"}]}"#;
    for (kind, body) in [("tempo", ""), ("jaeger", unknown)] {
        let fake = FakeSource::by_question(move |asked| match asked.path() {
            "/api/search" => json("{}"),
            "/api/services" => json(r#"{"data":[]}"#),
            path if path.contains("/v2/") || path.contains("/v3/") => {
                whole("404 Not Found", "text/plain", "404 page not found\n")
            }
            _ => whole("404 Not Found", "text/plain", body),
        });
        let outcome = ask(&fake, kind, "", &["trace", ID]);
        assert_eq!(outcome.status, Some(1), "{kind}: {outcome}");
    }
}

#[test]
fn a_request_id_that_is_an_attribute_of_a_span_leads_to_its_trace() {
    const REQUEST: &str = "req \"}/1";
    let zipkin = format!("[{}]", fixture("zipkin.derived.json"));
    let summaries = format!(
        r#"{{"summaries":[{{"traceId":"{ID}","minStartTimeUnixNano":"1795330575861358400"}}]}}"#
    );
    let found = format!(
        r#"{{"traces":[{{"traceID":"{}","startTimeUnixNano":"1795330575861358400"}}]}}"#,
        ID.trim_start_matches('0')
    );
    for (kind, request, list, place) in [
        ("jaeger", REQUEST, summaries, ("/api/v3/trace-summaries", "query.attributes")),
        ("tempo", REQUEST, found, ("/api/search", "q")),
        ("zipkin", "req_1", zipkin, ("/api/v2/traces", "annotationQuery")),
        (
            "sentry",
            REQUEST,
            format!(r#"{{"data":[{{"trace":"{ID}"}},{{"trace":null}}]}}"#),
            ("/api/0/organizations/shop/events/", "query"),
        ),
        (
            "victoriatraces",
            REQUEST,
            format!("{{\"trace_id\":\"{ID}\"}}\n"),
            ("/select/logsql/query", "query"),
        ),
    ] {
        let (path, name) = place;
        let fake = FakeSource::by_question(move |asked| match asked.path() {
            asked if asked == path => json(&list),
            asked if asked.trim_end_matches('/').ends_with(ID) => json(&answer(kind)),
            _ => whole("404 Not Found", "text/plain", "404 page not found\n"),
        });
        let outcome = ask(&fake, kind, "", &["trace", request, "-o", "json"]);
        assert_eq!(outcome.status, Some(0), "{kind}: {outcome}");
        let found = document(&outcome);
        assert_eq!(found["resolved_by"], "span attribute", "{kind}");
        assert_eq!(
            (&found["trace_id"], &found["request_id"], brief(&found).len()),
            (&json!(ID), &json!(request), 4)
        );
        let asked = fake.asked();
        let mut asked: Vec<String> =
            asked.iter().filter_map(|asked| asked.parameter(name)).collect();
        asked.sort();
        assert!(outcome.stderr.contains("was found by its span attribute"), "{kind}: {outcome}");
        assert_snapshot!(format!("request_id_{kind}"), asked.join("\n"));
    }
}

#[test]
fn what_is_for_log_lines_alone_is_refused_of_a_kind_for_traces() {
    for key in ["query", "level_field", "service_field", "index"] {
        let toml = config("tempo", "http://127.0.0.1:1", &format!("{key} = 'a'\n"));
        let outcome = Env::new().file("obs.toml", toml).obs(["trace", ID]);
        assert_eq!(outcome.status, Some(2), "{outcome}");
        assert!(outcome.stderr.contains(&format!("which has no `{key}`")), "{outcome}");
    }
}

#[test]
fn log_lines_are_not_asked_of_sources_of_traces() {
    let toml = config("tempo", "http://127.0.0.1:1", "");
    let env = Env::new().file("obs.toml", toml);
    let outcome = env.obs(["logs"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
    assert!(outcome.stderr.contains("nowhere to look"), "{outcome}");
    // Nor are errors.
    assert_eq!(env.obs(["issues", "--request-id", ID]).status, Some(2));
    // They can be checked like any other.
    let echo = FakeSource::start(vec![whole("200 OK", "text/plain", "echo")]);
    let outcome = ask(&echo, "tempo", "", &["check"]);
    assert!(outcome.stdout.contains("answers \"echo\""), "{outcome}");
}

#[test]
fn pages_elsewhere_are_linked_to() {
    let fake = FakeSource::start(vec![json(&answer("tempo"))]);
    let links = "[links]\nhoneycomb = 'https://ui.honeycomb.io/shop/trace?trace_id={trace_id}'\n";
    let outcome = ask(&fake, "tempo", links, &["trace", ID]);
    let url = format!("https://ui.honeycomb.io/shop/trace?trace_id={ID}");
    assert!(outcome.stdout.ends_with(&format!("in honeycomb: {url}\n")), "{outcome}");
    let found = document(&ask(&fake, "tempo", links, &["trace", ID, "-o", "json"]));
    assert_eq!(found["links"], json!([{"name": "honeycomb", "url": url}]));
    let outcome = ask(&fake, "tempo", "[links]\nx = 'javascript:alert(1)'\n", &["trace", ID]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
}
