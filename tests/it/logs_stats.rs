//! `obs logs --stats`, of every source.

use insta::assert_snapshot;

use crate::env::{Env, Serve};

fn log() -> Env {
    let line = |minute: usize| {
        let (status, level) = if minute % 7 == 3 { (503, "error") } else { (200, "info") };
        format!(
            "{{\"time\":\"2026-11-22T06:{minute:02}:00Z\",\"level\":\"{level}\",\"msg\":\"served\",\
             \"status\":{status},\"took\":\"{}ms\",\"token\":\"t{minute}\"}}\n",
            minute * minute,
        )
    };
    let lines: String = (0..20).map(line).collect();
    Env::new().file("app.log", &(lines + "plain words\n"))
}

#[test]
fn values_are_counted_and_drawn_over_time() {
    assert_snapshot!(log().obs(["logs", "app.log", "--stats", "status"]));
    assert_snapshot!(log().obs(["logs", "app.log", "--stats", "level", "--ascii"]));
}

#[test]
fn numbers_are_told_by_their_percentiles_and_listed_when_asked_for() {
    let measured = |n: usize| format!("{{\"ms\":{}.5}}\n", n * 37 % 1000);
    let lines: String = (0..500).map(measured).collect();
    let env = Env::new().file("app.log", &lines);
    assert_snapshot!(env.obs(["logs", "app.log", "--stats", "ms"]));
    let full = env.obs(["logs", "app.log", "--stats", "ms", "--full"]);
    assert_eq!(full.stdout.lines().count(), 502);
    assert_snapshot!(log().obs(["logs", "--stats", "took", "--where", "status = 503", "app.log"]));
}

#[test]
fn filters_limit_and_secrets_hold_for_statistics() {
    let outcome =
        log().obs(["logs", "app.log", "--stats", "token", "--level", "error", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(document["values"].as_array().unwrap().len(), 1, "masked alike: {document}");
    assert_eq!((&document["with"], &document["without"]), (&3.into(), &0.into()));
    let last = log().obs(["logs", "app.log", "--stats", "status", "-n", "3", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&last.stdout).unwrap();
    assert_eq!((&document["with"], &document["truncated"]), (&2.into(), &true.into()));
}

#[test]
fn a_field_that_no_record_has_is_not_found() {
    assert_snapshot!(log().obs(["logs", "app.log", "--stats", "statsu"]));
    assert_snapshot!(log().obs(["logs", "app.log", "--stats", "time"]));
    let env = log();
    assert_eq!(env.obs(["logs", "app.log", "--stats", "status", "--follow"]).status, Some(2));
    assert_eq!(env.obs(["logs", "app.log", "--stats", "status", "-o", "csv"]).status, Some(2));
}

#[test]
fn standard_input_and_a_backend_have_statistics_too() {
    let env = log();
    let lines = std::fs::read(env.path().join("app.log")).unwrap();
    let piped = env.obs_with_stdin(["logs", "--stats", "status", "-o", "json"], &lines);
    let serve = Serve::start(&env, &[]);
    assert_eq!(serve.post("/logs", "application/x-ndjson", &lines).0, 200);
    let url = serve.url.clone();
    let asked = env.obs(["logs", "--url", &url, "--stats", "status", "-o", "json"]);
    let counted = |outcome: crate::env::Outcome| {
        let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        (document["values"].clone(), document["timeline"].clone())
    };
    assert_eq!(counted(piped), counted(asked));
    serve.stop();
}
