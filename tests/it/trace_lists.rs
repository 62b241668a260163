//! Lists of traces, of the embedded backend and of every other kind.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{Env, Outcome, Serve};
use crate::fake_source::{FakeSource, Reply};

fn fixture(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read_to_string(folder.join("trace_sources").join(name)).unwrap()
}

fn answer(body: &str) -> Reply {
    Reply::Whole("200 OK", "application/json", "", body.to_owned())
}

fn absent() -> Reply {
    Reply::Whole("404 Not Found", "text/plain", "", "404 page not found\n".to_owned())
}

fn list(kind: &str, fake: &FakeSource, arguments: &[&str]) -> Outcome {
    let toml = format!("[[source]]\nkind = '{kind}'\nurl = '{}'\n", fake.url);
    let env = Env::new().file("obs.toml", toml);
    env.run(env.command(["trace", "list"]).args(arguments))
}

fn traces(outcome: &Outcome) -> Vec<Value> {
    let document: Value =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"));
    document["traces"].as_array().unwrap().clone()
}

/// Three conditions, as most of these tests ask for.
const CONDITIONS: [&str; 9] =
    ["--service", "a\"} b", "--errors", "--min-duration", "2ms", "--since", "1h", "-n", "7"];

#[test]
fn tempo_is_asked_in_traceql_and_its_ids_get_their_zeros_back() {
    let fake = FakeSource::start(vec![answer(&fixture("tempo_search.json"))]);
    let found = list("tempo", &fake, &["--errors", "--since", "1h", "-o", "json"]);
    assert_eq!(found.status, Some(0), "{found}");
    let first = json!({
        "trace_id": "018f3c1e9b7a7c448d215a0b6f4e2d13",
        "name": "GET /checkout/{cart}", "service": "checkout-api",
        "start": "2026-11-22T06:56:16.949836021Z", "duration_ms": 434.0, "spans": 37, "errors": 12,
    });
    assert_eq!(traces(&found)[0], first);
    assert_eq!(list("tempo", &fake, &CONDITIONS).status, Some(0));
    let asked = &fake.asked()[1];
    let question = asked.parameter("q").unwrap();
    assert_snapshot!(question, @r#"{ resource.service.name = "a\"} b" && status = error && duration >= 2000000ns }"#);
    let parameter = |name| asked.parameter(name).unwrap();
    assert_eq!(
        (parameter("start"), parameter("end"), parameter("limit")),
        ("1795327200".to_owned(), "1795330801".to_owned(), "7".to_owned())
    );
}

#[test]
fn jaeger_is_asked_for_its_summaries_else_for_traces_else_by_service() {
    let summaries = r#"{"summaries":[{"traceId":"18f3c1e9b7a7c448d215a0b6f4e2d16","rootServiceName":"checkout-api",
        "rootOperationName":"POST /pay","minStartTimeUnixNano":"1795328532708259755",
        "maxEndTimeUnixNano":"1795328533318259755","spanCount":4}]}"#;
    let arguments = ["--since", "1h", "-o", "json"];
    let fake = FakeSource::start(vec![answer(summaries)]);
    let by_summaries = list("jaeger", &fake, &arguments);
    let fake = FakeSource::by_question(|asked| match asked.path() {
        "/api/v3/traces" => answer(&fixture("jaeger_v3.derived.json")),
        _ => absent(),
    });
    let by_traces = list("jaeger", &fake, &arguments);
    let fake = FakeSource::by_question(|asked| match asked.path() {
        "/api/services" => answer(r#"{"data":["checkout-api","payments"]}"#),
        "/api/traces" => answer(&fixture("victoriatraces.json")),
        _ => absent(),
    });
    let by_service = list("jaeger", &fake, &arguments);
    for found in [&by_summaries, &by_traces, &by_service] {
        assert_eq!(found.status, Some(0), "{found}");
        let traces = traces(found);
        assert_eq!(traces.len(), 1, "{found}");
        assert_eq!(traces[0]["trace_id"], "018f3c1e9b7a7c448d215a0b6f4e2d16");
        assert_eq!((&traces[0]["name"], &traces[0]["spans"]), (&json!("POST /pay"), &json!(4)));
        assert_eq!(traces[0]["errors"], json!(0), "{found}");
    }
    let note = "note: jaeger: asked for the traces of each of its 2 services";
    assert!(by_service.stderr.contains(note), "{by_service}");
    let fake = FakeSource::start(vec![answer(r#"{"summaries":[]}"#)]);
    assert_eq!(list("jaeger", &fake, &CONDITIONS).status, Some(1));
    let asked = &fake.asked()[0];
    let parameters = [
        "query.serviceName",
        "query.attributes",
        "query.durationMin",
        "query.startTimeMin",
        "query.startTimeMax",
        "query.searchDepth",
    ]
    .map(|name| asked.parameter(name).unwrap());
    assert_eq!(
        parameters,
        [
            "a\"} b",
            r#"{"error":"true"}"#,
            "2000us",
            "2026-11-22T06:00:00Z",
            "2026-11-22T07:00:00Z",
            "7"
        ]
    );
}

#[test]
fn of_many_services_what_was_not_asked_is_said() {
    let names: Vec<String> = (0..25).map(|number| format!("\"s{number}\"")).collect();
    let services = format!("{{\"data\":[{}]}}", names.join(","));
    let fake = FakeSource::by_question(move |asked| {
        if asked.path().ends_with("/services") {
            answer(&services)
        } else {
            answer("{\"data\":[]}")
        }
    });
    let found = list("victoriatraces", &fake, &[]);
    assert_eq!((found.status, fake.asked().len()), (Some(3), 21), "{found}");
    let said = "answered only in part: only 20 of its 25 services were asked for their traces: name one with --service";
    assert!(found.stderr.contains(said), "{found}");
    assert_eq!(list("victoriatraces", &fake, &CONDITIONS).status, Some(1));
    let asked = fake.asked();
    let asked = asked.last().unwrap();
    let parameters = ["service", "tags", "minDuration", "start", "end", "limit"]
        .map(|name| asked.parameter(name).unwrap());
    assert_eq!(
        parameters,
        ["a\"} b", r#"{"error":"true"}"#, "2000us", "1795327200000000", "1795330800000001", "7"]
    );
    assert_eq!(asked.path(), "/select/jaeger/api/traces");
}

#[test]
fn zipkin_is_asked_in_its_own_units() {
    let body = format!("[{}]", fixture("zipkin.derived.json"));
    let fake = FakeSource::start(vec![answer(&body)]);
    let found = list("zipkin", &fake, &["--since", "1h", "-o", "json"]);
    let found = traces(&found);
    assert_eq!((found.len(), &found[0]["name"]), (1, &json!("post /pay")));
    // What does not meet the conditions is not believed.
    assert_eq!(list("zipkin", &fake, &CONDITIONS).status, Some(1));
    let asked = &fake.asked()[1];
    let parameters =
        ["serviceName", "annotationQuery", "minDuration", "endTs", "lookback", "limit"]
            .map(|name| asked.parameter(name).unwrap());
    assert_eq!(parameters, ["a\"} b", "error", "2000", "1795330800001", "3600001", "7"]);
}

#[test]
fn the_embedded_backend_lists_its_traces() {
    let home = Env::new();
    let serve = Serve::start(&home, &[]);
    let span = |trace: &str, id: &str, parent: &str, service: &str, length: i64, status: u8| {
        let start = 1_795_330_700_000_000_000_i64;
        json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
        "scopeSpans": [{"spans": [{
            "traceId": trace, "spanId": id, "parentSpanId": parent, "name": format!("GET /{service}"),
            "kind": 2, "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": (start + length).to_string(), "status": {"code": status},
        }]}]})
    };
    let (good, bad) = ("0000000000000000000000000000000a", "0000000000000000000000000000000b");
    let body = json!({"resourceSpans": [
        span(good, "0000000000000001", "", "shop", 2_000_000, 0),
        span(bad, "0000000000000002", "", "shop", 50_000_000, 0),
        span(bad, "0000000000000003", "0000000000000002", "stock", 30_000_000, 2),
    ]});
    let body = body.to_string();
    assert_eq!(serve.post("/v1/traces", "application/json", body.as_bytes()).0, 200);
    let ask = |arguments: &[&str]| {
        let mut command = home.command(["trace", "list", "-o", "json"]);
        let found = home.run(command.args(arguments));
        let ids = traces(&found).into_iter().map(|trace| trace["trace_id"].clone());
        (ids.collect::<Vec<Value>>(), found.status)
    };
    assert_eq!(ask(&[]), (vec![json!(good), json!(bad)], Some(0)));
    assert_eq!(ask(&["--errors"]), (vec![json!(bad)], Some(0)));
    assert_eq!(ask(&["--errors", "--service", "shop"]), (vec![], Some(1)));
    assert_eq!(ask(&["--min-duration", "40ms"]), (vec![json!(bad)], Some(0)));
    assert_eq!(ask(&["--service", "stock"]), (vec![json!(bad)], Some(0)));
    assert_eq!(ask(&["--since", "1m"]), (vec![], Some(1)));
    let drawn = home.obs(["trace", "list"]);
    assert_snapshot!(drawn.stdout);
    assert!(home.obs(["trace", "list", "-n", "1"]).stdout.contains("there may be more"));
    serve.stop();
}
