//! Sources of metrics and of alerts: `PromQL`, what they say of themselves, objectives.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{Env, Outcome};
use crate::fake_source::{Asked, FakeSource, Reply};

fn recorded(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prom-api");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn whole(status: &'static str, kind: &'static str, body: &str) -> Reply {
    Reply::Whole(status, kind, "", body.to_owned())
}

fn json(body: &str) -> Reply {
    whole("200 OK", "application/json", body)
}

/// A Prometheus as it was recorded; the value of every expression is `answer`.
fn prometheus(answer: &'static str) -> FakeSource {
    FakeSource::by_question(move |asked: &Asked| match asked.path() {
        "/api/v1/query" if asked.parameter("query").as_deref() == Some("vector(1)") => json(
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}"#,
        ),
        "/api/v1/query" | "/api/v1/query_range" => json(&recorded(answer)),
        "/api/v1/targets" => json(&recorded("targets.json")),
        "/api/v1/rules" => json(&recorded("rules.json")),
        "/api/v1/status/buildinfo" => json(&recorded("buildinfo.json")),
        "/api/v1/status/runtimeinfo" => json(&recorded("runtimeinfo.json")),
        _ => whole("404 Not Found", "text/plain", "404 page not found\n"),
    })
}

fn query(fake: &FakeSource, arguments: &[&str]) -> Outcome {
    let env = Env::new().set("PROMETHEUS_URL", &fake.url);
    env.run(env.command(["metrics", "--query"]).args(arguments))
}

fn without_address(text: &str, fake: &FakeSource) -> String {
    text.replace(fake.url.trim_start_matches("http://"), "HOST")
}

#[test]
fn a_histogram_over_time_leads_to_its_slowest_trace() {
    let fake = FakeSource::by_question(|asked: &Asked| match asked.path() {
        "/api/v1/query_range" => json(&recorded("range-hist-quantile.json")),
        "/api/v1/query_exemplars" => json(&recorded("exemplars.json")),
        _ => whole("404 Not Found", "text/plain", "404 page not found\n"),
    });
    let expression =
        "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))";
    let range = ["--since", "2026-11-22T06:15:00Z", "--until", "2026-11-22T06:20:00Z"];
    let asked = |more: &[&str]| query(&fake, &[&[expression], more].concat());
    let shown = asked(&range);
    assert_eq!(shown.status, Some(0), "{shown}");
    assert!(shown.stdout.contains("Slowest with a trace: "), "{shown}");
    assert!(shown.stdout.contains("\n  obs trace "), "{shown}");
    let document: Value =
        serde_json::from_str(&asked(&[&range[..], &["-o", "json"]].concat()).stdout).unwrap();
    crate::formats::assert_valid("metrics-query.schema.json", &document);
    assert_eq!(document["slowest"]["labels"]["__name__"], "http_request_duration_seconds_bucket");
    // A moment has no slowest one; a source without them is silent.
    let without =
        query(&prometheus("range-hist-quantile.json"), &[&[expression][..], &range].concat());
    assert_eq!((without.status, without.stderr.as_str()), (Some(0), ""), "{without}");
    assert!(!without.stdout.contains("obs trace"), "{without}");
}

#[test]
fn an_address_that_computes_nothing_is_told_for_what_it_is() {
    let page = "# TYPE up gauge\nup 1\n";
    let none = || whole("404 Not Found", "text/plain", "404 page not found\n");
    let of_page = FakeSource::by_question(move |asked: &Asked| match asked.path() {
        "/metrics" => whole("200 OK", "text/plain", page),
        _ => none(),
    });
    let of_obs = FakeSource::by_question(move |asked: &Asked| match asked.path() {
        "/healthz" => json(r#"{"status":"ok","instance":"c4268b7989414cfcab809264170b630b"}"#),
        _ => none(),
    });
    let of_otlp = FakeSource::by_question(move |asked: &Asked| match asked.path() {
        "/v1/metrics" => whole("405 Method Not Allowed", "text/plain", "405 method not allowed\n"),
        _ => none(),
    });
    let of_mimir = FakeSource::by_question(move |asked: &Asked| match asked.path() {
        "/prometheus/api/v1/query" => json(&recorded("query-vector.json")),
        "/metrics" => whole("200 OK", "text/plain", page),
        _ => none(),
    });
    let told = [of_page, of_obs, of_otlp, of_mimir].map(|fake| {
        let shown = query(&fake, &["up"]);
        assert_eq!(shown.status, Some(2), "{shown}");
        without_address(&shown.stderr, &fake)
    });
    assert_snapshot!(told.join("\n"));
}

#[test]
fn a_source_may_be_named_without_its_scheme() {
    let fake = prometheus("query-vector.json");
    let address = fake.url.trim_start_matches("http://");
    let shown = Env::new().obs(["metrics", "--query", "up", "--source", address]);
    assert_eq!(shown.status, Some(0), "{shown}");
}

#[test]
fn an_expression_is_a_table_and_a_document() {
    let fake = prometheus("query-vector.json");
    let shown = query(&fake, &["up"]);
    assert_eq!(shown.status, Some(0), "{shown}");
    assert_snapshot!(without_address(&shown.stdout, &fake));
    let document = query(&fake, &["up", "-o", "json"]);
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    crate::formats::assert_valid("metrics-query.schema.json", &document);
    assert_eq!(document["series"][0]["labels"]["job"], "down");
    assert_eq!(document["series"][0]["points"][0]["value"], 0.0);
    let strange = query(&prometheus("query-nan-inf.json"), &["special_values", "-o", "json"]);
    let strange: Value = serde_json::from_str(&strange.stdout).unwrap();
    crate::formats::assert_valid("metrics-query.schema.json", &strange);
    assert_eq!(strange["series"][2]["points"][0]["value"], "-Inf");
}

#[test]
fn a_range_ends_where_it_was_asked_to_and_has_as_many_values_as_a_chart_shows() {
    let fake = prometheus("range.json");
    let outcome = query(&fake, &["up", "--since", "1h", "-o", "csv"]);
    assert_eq!((outcome.status, outcome.stdout.lines().count()), (Some(0), 13), "{outcome}");
    let asked = &fake.asked()[0];
    assert_eq!(asked.path(), "/api/v1/query_range");
    let number = |name: &str| asked.parameter(name).unwrap().parse::<f64>().unwrap();
    // The harness's now is 2026-11-22T07:00:00Z.
    assert!((number("end") - 1_795_330_800.0).abs() < 0.001);
    assert!((number("end") - number("start") - 3_600.0).abs() < 0.001);
    assert!((number("step") - 15.0).abs() < 0.001);
    for (arguments, said) in [
        (&["up", "--since", "1d", "--step", "1s"][..], "at most 11000 are computed"),
        (&["up", "--since", "1h", "--until", "2h"], "not before --until"),
        (&["up", "--since", "soon"], "--since cannot be understood"),
        (&["up", "-o", "raw"], "human, json, jsonl, csv, md or svg"),
    ] {
        let refused = query(&fake, arguments);
        assert_eq!(refused.status, Some(2), "{refused}");
        assert!(refused.stderr.contains(said), "{refused}");
    }
}

#[test]
fn every_refusal_says_what_it_means_and_what_to_type() {
    let refusal = |name: &str, status| whole(status, "application/json", &recorded(name));
    let mut said = Vec::new();
    for (name, reply, status) in [
        ("parse", refusal("query-parse-error.json", "400 Bad Request"), 2),
        ("execution", refusal("query-exec-error.json", "422 Unprocessable Entity"), 2),
        ("404", whole("404 Not Found", "text/plain", "404 page not found\n"), 3),
        ("401", whole("401 Unauthorized", "text/plain", "no org id\n"), 3),
        (
            "503",
            whole(
                "503 Service Unavailable",
                "application/json",
                r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#,
            ),
            3,
        ),
        ("page", whole("200 OK", "text/html", "<!DOCTYPE html><title>Login</title>"), 3),
        ("half", json(recorded("query-vector.json").get(..200).unwrap()), 3),
        ("no data", json(&recorded("query-empty.json")), 1),
    ] {
        let fake = FakeSource::start(vec![reply]);
        let outcome = query(&fake, &["up", "-q"]);
        assert_eq!(outcome.status, Some(status), "{name}: {outcome}");
        said.push(format!("{name}:\n{}", without_address(&outcome.stderr, &fake)));
    }
    assert_snapshot!(said.concat());
    let none = Env::new().obs(["metrics", "--query", "up"]);
    assert_eq!(none.status, Some(2), "{none}");
    assert!(none.stderr.contains("PROMETHEUS_URL"), "{none}");
}

#[test]
fn a_source_is_chosen_by_its_name_or_its_address_and_behind_grafana_by_its_uid() {
    let (one, other) = (prometheus("query-vector.json"), prometheus("query-scalar.json"));
    let source = |name: &str, url: &str, more: &str| {
        format!("[[source]]\nkind = 'prometheus'\nname = '{name}'\nurl = '{url}'\n{more}")
    };
    let toml = source("eu", &one.url, "") + &source("us", &other.url, "");
    let env = Env::new().file("obs.toml", toml);
    let first = env.obs(["metrics", "--query", "up"]);
    assert!(
        first.stderr.contains("others: --source us") && first.stdout.contains("eu at"),
        "{first}"
    );
    let named = env.obs(["metrics", "--query", "up", "--source", "us"]);
    assert!(named.stdout.contains("us at"), "{named}");
    let at = env.obs(["metrics", "--query", "up", "--source", &other.url]);
    assert_eq!(at.status, Some(0), "{at}");
    let unknown = env.obs(["metrics", "--query", "up", "--source", "uss"]);
    assert!(unknown.stderr.contains("did you mean `us`?"), "{unknown}");
    let grafana = FakeSource::start(vec![json(&recorded("query-scalar.json"))]);
    let toml = source("grafana", &grafana.url, "datasource = 'P8E8'\ntoken = 't0p'\n");
    let outcome = Env::new().file("obs.toml", toml).obs(["metrics", "--query", "1"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let asked = &grafana.asked()[0];
    assert_eq!(asked.path(), "/api/datasources/proxy/uid/P8E8/api/v1/query");
    assert!(asked.headers.contains(&"authorization: Bearer t0p".to_owned()));
}

#[test]
fn a_check_tells_what_a_prometheus_does_not_scrape_not_compute_and_what_fires() {
    let fake = prometheus("query-vector.json");
    let env = Env::new().set("PROMETHEUS_URL", &fake.url);
    let outcome = env.obs(["check", "-o", "json", "--no-baseline"]);
    // A rule that cannot be computed is a failure.
    assert_eq!(outcome.status, Some(1), "{outcome}");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    crate::formats::assert_valid("check.schema.json", &document);
    let check = &document["checks"][0];
    let mut rows = Vec::new();
    for part in check["children"].as_array().unwrap() {
        let name = part["name"].as_str().unwrap();
        rows.push(format!("{name} {} {}", part["status"], part["reason"]));
        for below in part["children"].as_array().unwrap() {
            rows.push(format!("  {} {} {}", below["name"], below["status"], below["reason"]));
        }
    }
    let expected = [
        "targets \"warn\" \"status\"",
        "  \"down 127.0.0.1:1\" \"warn\" \"refused\"",
        "rules \"fail\" \"config\"",
        "  \"BrokenMany\" \"fail\" \"config\"",
        "alerts \"warn\" \"status\"",
        "  \"AlwaysFiring\" \"warn\" \"status\"",
    ];
    let kept: Vec<&String> = rows.iter().filter(|row| !row.contains("lagging")).collect();
    assert_eq!(kept, expected.iter().collect::<Vec<_>>(), "{outcome}");
    let alert = &check["children"][2]["children"][0]["hint"]["likely"];
    assert_eq!(*alert, json!("always on; https://runbooks.example/always"));
}

#[test]
fn an_alertmanager_is_ready_and_tells_what_fires() {
    let fake = FakeSource::by_question(|asked| match asked.path() {
        "/-/ready" => whole("200 OK", "text/plain", "OK"),
        "/api/v2/alerts" => json(&recorded("am-v2-alerts.json")),
        _ => whole("404 Not Found", "text/plain", "404 page not found\n"),
    });
    let outcome = Env::new().set("ALERTMANAGER_URL", &fake.url).obs(["check", "--no-baseline"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    assert!(
        outcome.stdout.contains("1 firing") && outcome.stdout.contains("AlwaysFiring"),
        "{outcome}"
    );
    // It is no source of anything that is asked for by a request's id.
    let request = Env::new().set("ALERTMANAGER_URL", &fake.url).obs(["request", "x-1"]);
    assert!(!request.stderr.contains("alertmanager"), "{request}");
}

#[test]
fn an_objective_is_judged_by_its_burn_rates() {
    let fake = FakeSource::by_question(|asked| {
        let value = match asked.parameter("query").unwrap_or_default() {
            // Of the last hour 2 % fail, of all days far less.
            query if query.starts_with("bad") => {
                if query.contains("[1h]") || query.contains("[5m]") { "2" } else { "0.01" }
            }
            _ => "100",
        };
        json(&format!(
            r#"{{"status":"success","data":{{"resultType":"scalar","result":[1,"{value}"]}}}}"#
        ))
    });
    let slo = "[[slo]]\nid = 'orders'\nobjective = 99.9\nerrors = 'bad[{{window}}]'\ntotal = 'all[{{window}}]'\n";
    let toml = format!("[[source]]\nkind = 'prometheus'\nurl = '{}'\n{slo}", fake.url);
    let env = Env::new().file("obs.toml", toml);
    let outcome = env.obs(["check", "orders", "-o", "json", "--no-baseline"]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let check = &document["checks"][0];
    assert_eq!((&check["kind"], &check["reason"]), (&json!("slo"), &json!("saturated")));
    let page = &check["children"][0];
    assert_eq!(page["message"], "burn rate 20 and 20; page above 14.4");
    assert_eq!(page["hint"]["command"], "obs metrics --query 'bad[5m]' --since 6h");
    assert!(page["hint"]["likely"].as_str().unwrap().contains("obs errors --since 15m"), "{page}");
    assert_eq!(
        check["message"],
        "99.9%: 90% of the budget of 30d is left, for 32h at the rate of the last hour"
    );
    for (toml, said) in
        [(slo.to_owned(), "needs a source of metrics"), (slo.replace("99.9", "100"), "below 100")]
    {
        let refused = Env::new().file("obs.toml", toml).obs(["check"]);
        assert_eq!(refused.status, Some(3), "{refused}");
        let words = refused.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(said), "{refused}");
    }
}
