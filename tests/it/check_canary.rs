//! `obs check --canary`: one request, and what it leaves behind.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::env::{Env, Outcome};
use crate::fake_source::{FakeSource, Reply};

fn whole(status: &'static str, kind: &'static str, body: &str) -> Reply {
    Reply::Whole(status, kind, "", body.to_owned())
}

#[test]
fn a_canary_finds_its_line_in_a_file_and_its_count_and_says_what_is_not_there() {
    let env = Env::new().file("app.log", "{\"message\":\"before\"}\n");
    let (log, count) = (env.path().join("app.log"), Arc::new(AtomicU32::new(3)));
    let counted = Arc::clone(&count);
    let fake = FakeSource::by_question(move |asked| {
        if asked.path() == "/metrics" {
            let count = counted.load(Ordering::Relaxed);
            let text = format!(
                "# TYPE http_requests_total counter\nhttp_requests_total{{method=\"GET\",handler=\"/orders\",status=\"200\"}} {count}\n\
                 # TYPE http_request_duration_seconds histogram\nhttp_request_duration_seconds_bucket{{handler=\"/orders\",le=\"+Inf\"}} {count}\n\
                 http_request_duration_seconds_sum{{handler=\"/orders\"}} 1\nhttp_request_duration_seconds_count{{handler=\"/orders\"}} {count}\n"
            );
            return whole("200 OK", "text/plain; version=0.0.4", &text);
        }
        let id = asked.headers.iter().find_map(|header| header.strip_prefix("x-request-id: "));
        counted.fetch_add(1, Ordering::Relaxed);
        let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
        writeln!(file, "{{\"message\":\"listed\",\"request_id\":\"{}\"}}", id.unwrap()).unwrap();
        whole("200 OK", "application/json", "[]")
    });
    let env = env.file("obs.toml", "[logs]\nfiles = ['app.log']\n");
    let url = format!("{}/orders", fake.url);
    let outcome = env.obs(["check", "--canary", &url, "-o", "json", "--deadline", "5s"]);
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    crate::formats::assert_valid("check.schema.json", &document);
    let signs: Vec<String> = document["checks"][0]["children"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sign| {
            format!("{} {}", sign["name"].as_str().unwrap(), sign["status"].as_str().unwrap())
        })
        .collect();
    // Where traces would be is not known: that is not the same as none.
    assert_eq!(signs, ["answer ok", "log line ok", "trace unknown", "metrics ok"], "{outcome}");
    assert_eq!(outcome.status, Some(3), "{outcome}");
    let signs = document["checks"][0]["children"].as_array().unwrap();
    for seen in [&signs[1], &signs[3]] {
        assert!(seen["message"].as_str().unwrap().contains(", to within "), "{seen}");
    }
    assert_ne!(signs[1]["duration_ms"], signs[3]["duration_ms"], "each by itself");
    let scrapes = fake.asked().iter().filter(|asked| asked.path() == "/metrics").count();
    let sent = fake.asked().len() - scrapes;
    assert_eq!(sent, 1, "one request alone is sent");
}

/// An application of two pages, its metrics elsewhere than most have them.
fn application() -> FakeSource {
    let asked = AtomicU32::new(9);
    let asked = Arc::new(asked);
    FakeSource::by_question(move |question| match question.path() {
        "/internal/metrics" => {
            let count = asked.load(Ordering::Relaxed);
            let rows = [("/healthz", 99), ("/orders/{id}", 50), ("/orders", count), ("/users", 3)];
            let rows = rows.map(|(route, count)| {
                format!("http_requests_total{{method=\"GET\",handler=\"{route}\",status=\"200\"}} {count}\n")
            });
            let text = format!("# TYPE http_requests_total counter\n{}", rows.concat());
            whole("200 OK", "text/plain; version=0.0.4", &text)
        }
        "/orders" => {
            asked.fetch_add(1, Ordering::Relaxed);
            whole("200 OK", "application/json", "[]")
        }
        _ => whole("404 Not Found", "text/plain", "no"),
    })
}

fn canary(checks: &str) -> (Value, Outcome) {
    let toml = format!("[logs]\nfiles = ['app.log']\n{checks}");
    let env = Env::new().file("obs.toml", toml).file("app.log", "");
    let outcome = env.obs(["check", "-o", "json", "--deadline", "1s", "--canary"]);
    let document = serde_json::from_str(&outcome.stdout).unwrap();
    (document, outcome)
}

#[test]
fn without_an_address_it_flies_to_the_page_that_the_metrics_of_a_check_know_best() {
    let fake = application();
    let toml = format!(
        "[[check]]\nid = 'ready'\nkind = 'http'\ntarget = '{0}/healthz'\n\
         [[check]]\nid = 'numbers'\nkind = 'metrics'\ntarget = '{0}/internal/metrics'\n",
        fake.url
    );
    let (document, outcome) = canary(&toml);
    let check = &document["checks"][0];
    assert_eq!(check["target"], format!("{}/orders", fake.url), "{outcome}");
    let said = format!("flies to {}/orders, a page of ready that its metrics count", fake.url);
    assert!(outcome.stderr.contains(&said), "{outcome}");
    let signs = check["children"].as_array().unwrap();
    assert_eq!((&signs[0]["message"], &signs[3]["status"]), (&json!("200"), &json!("ok")));
}

#[test]
fn without_metrics_it_flies_to_the_page_of_a_check_and_says_that_it_is_not_there() {
    let fake = application();
    let toml = format!("[[check]]\nid = 'shop'\nkind = 'http'\ntarget = '{}/shop'\n", fake.url);
    let (document, outcome) = canary(&toml);
    assert!(outcome.stderr.contains("/shop, the page of the check `shop`"), "{outcome}");
    let check = &document["checks"][0];
    let answer = &check["children"][0];
    assert_eq!((&answer["status"], &answer["reason"]), (&json!("warn"), &json!("not_found")));
    assert!(check["message"].as_str().unwrap().ends_with("answered 404, there is no such page"));
    let hint = answer["hint"]["command"].as_str().unwrap();
    assert_eq!(hint, format!("obs check --canary {}/PATH", fake.url));
}
