//! `obs demo --once`: one real request through all of it.

use serde_json::Value;

use crate::env::Env;

fn document() -> Value {
    let outcome = Env::new().obs(["demo", "--once", "--port", "0", "-o", "json"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    assert_eq!(outcome.stderr, "");
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn act<'a>(document: &'a Value, scenario: &str) -> &'a Value {
    let acts = document["acts"].as_array().unwrap();
    acts.iter().find(|act| act["scenario"] == scenario).unwrap()
}

/// The document that a command of an act answered with.
fn answer<'a>(act: &'a Value, command: &str) -> &'a Value {
    let answers = act["answers"].as_array().unwrap();
    let start = format!("obs {command} ");
    let found = answers.iter().find(|one| one["command"].as_str().unwrap().starts_with(&start));
    &found.unwrap()["document"]
}

fn texts<'a>(values: &'a Value, field: &str) -> Vec<&'a str> {
    values.as_array().unwrap().iter().filter_map(|value| value[field].as_str()).collect()
}

#[test]
fn one_failing_request_is_explained_by_its_id_from_all_three_signals() {
    let document = document();
    assert_eq!(document["schema"], "obs.demo/1");
    let act = act(&document, "deep-error");
    let id = act["request_id"].as_str().unwrap();
    let trace_id = id.replace('-', "");
    assert_eq!((document["request_id"].as_str(), act["status"].as_i64()), (Some(id), Some(500)));

    let logs = answer(act, "logs");
    let records = &logs["records"];
    assert!(texts(records, "request_id").iter().all(|logged| *logged == id));
    assert!(texts(records, "trace_id").iter().all(|logged| *logged == trace_id));
    for service in ["orders-api", "inventory"] {
        assert!(texts(records, "service").contains(&service), "{service}");
    }
    assert!(texts(records, "exception").iter().any(|text| text.contains("DivisionByZero")));

    let trace = answer(act, "trace");
    assert_eq!(
        (trace["schema"].as_str(), trace["trace_id"].as_str()),
        (Some("obs.trace/1"), Some(&*trace_id))
    );
    assert_eq!(trace["complete"], true);
    assert_eq!(trace["services"], serde_json::json!(["orders-api", "inventory"]));
    assert_eq!(trace["root_cause"]["service"], "inventory");
    assert_eq!(trace["root_cause"]["exception_type"], "ReservationError");

    let issue = answer(act, "issues");
    let events = issue["events"].as_array().unwrap();
    assert_eq!(texts(&issue["events"], "service"), ["inventory", "orders-api"]);
    assert!(events.iter().all(|event| event["request_id"] == id && event["trace_id"] == *trace_id));
    assert_eq!(
        texts(&events[0]["exceptions"], "type"),
        ["DivisionByZero", "PackingError", "ReservationError"]
    );
    assert!(!document.to_string().contains("edge-session"), "a secret of the edge got through");
}

#[test]
fn a_query_for_each_row_is_found_and_counted() {
    let document = document();
    let trace = answer(act(&document, "query-per-row"), "trace");
    let findings = trace["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["kind"] == "n_plus_one").unwrap();
    assert!(finding["spans"].as_array().unwrap().len() >= 10, "{finding}");
}

#[test]
fn a_request_whose_id_is_not_its_trace_id_is_joined_by_its_log_line() {
    let document = document();
    let act = act(&document, "foreign-request-id");
    let id = act["request_id"].as_str().unwrap();
    assert!(id.starts_with("req_") && act["trace_id"].is_null());
    let records = &answer(act, "logs")["records"];
    let trace_ids = texts(records, "trace_id");
    assert!(texts(records, "request_id").iter().all(|logged| *logged == id));
    assert!(trace_ids.iter().all(|logged| *logged == trace_ids[0]));

    let trace = answer(act, "trace");
    assert_eq!(
        (trace["trace_id"].as_str(), trace["request_id"].as_str()),
        (Some(trace_ids[0]), Some(id))
    );
    let request = answer(act, "request");
    assert_eq!(request["resolved_by"], "log line");
    assert_eq!(request["services"], serde_json::json!(["orders-api", "inventory"]));
}

#[test]
fn the_demo_for_people_ends_well_and_leaves_nothing_behind() {
    let env = Env::new();
    let folder = env.path().join("tmp");
    std::fs::create_dir(&folder).unwrap();
    let env = env.set("TMPDIR", folder.to_str().unwrap());
    let outcome = env.obs(["demo", "--once", "--port", "0"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let ending = outcome.stdout.split("each found by its id").nth(1).unwrap();
    let ending: Vec<&str> = ending.split_whitespace().collect();
    assert!(ending.join(" ").contains("7 of them went wrong: a pattern of the runbook fits 6"));
    for command in ["$ obs logs --request-id ", "$ obs trace ", "$ obs issues --request-id "] {
        assert!(outcome.stdout.contains(command), "{command}");
    }
    assert!(!outcome.stdout.contains('\u{1b}'));
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn an_interrupted_demo_leaves_no_process_and_no_file_behind() {
    let env = Env::new();
    let folder = env.path().join("tmp");
    std::fs::create_dir(&folder).unwrap();
    let env = env.set("TMPDIR", folder.to_str().unwrap());
    let mut command = env.command(["demo", "--port", "0"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let address = url.trim_start_matches("http://").trim_end_matches(',').to_owned();
    assert!(std::net::TcpStream::connect(&address).is_ok());
    let interrupt = ["-INT".to_owned(), child.id().to_string()];
    assert!(std::process::Command::new("kill").args(interrupt).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(std::net::TcpStream::connect(&address).is_err(), "the backend is still there");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn every_answer_of_the_demo_has_the_exit_code_that_tells_the_truth() {
    let document = document();
    let acts = document["acts"].as_array().unwrap();
    let answers: Vec<&Value> =
        acts.iter().flat_map(|act| act["answers"].as_array().unwrap()).collect();
    assert!(answers.iter().all(|answer| answer["exit_code"] == answer["expected_code"]));
    for (scenario, pattern) in [
        ("deep-error", "units-per-box-is-zero"),
        ("query-per-row", "query-per-row"),
        ("timeout-with-retry", "inventory-timeout"),
        ("slow-stretch", "slow-stretch"),
        ("reused-request-id", "request-id-reused"),
        ("pool-exhausted", "pool-exhausted"),
    ] {
        let answers = act(&document, scenario)["answers"].as_array().unwrap();
        let command = |one: &&Value| one["command"].as_str().unwrap().contains("runbook explain");
        let explained = &answers.iter().find(command).unwrap()["document"];
        assert_eq!(explained["matches"][0]["pattern"], pattern, "{scenario}: {explained}");
    }
    let unknown = answer(act(&document, "unknown-failure"), "runbook");
    assert_eq!(unknown["matches"], serde_json::json!([]), "{unknown}");
    let check = answers.iter().find(|answer| answer["command"] == "obs check").unwrap();
    assert_eq!(check["exit_code"], 1);
    let failed = check["document"].to_string();
    assert!(failed.contains("timed out waiting for connection"), "{failed}");
}

#[test]
fn a_run_of_check_is_seen_with_the_services_spans_below_its_own() {
    let env = Env::new();
    let mut command = env.command(["demo", "--port", "0"]);
    let mut demo = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(demo.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let url = url.trim_end_matches(',').to_owned();

    let id = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";
    let mut check = env.command(["check", "--quiet"]);
    check.env("OTEL_EXPORTER_OTLP_ENDPOINT", &url).env("OBS_REQUEST_ID", id);
    let checked = check.output().unwrap();
    assert!(matches!(checked.status.code(), Some(0 | 1)), "{checked:?}");
    let trace = crate::env::wait_for(|| {
        let outcome = env.obs(["trace", id, "-o", "json", "--quiet"]);
        let trace: Value = serde_json::from_str(&outcome.stdout).ok()?;
        let services = trace["services"].as_array()?.len();
        (services == 3).then_some(trace)
    });
    let spans = trace["spans"].as_array().unwrap();
    let by_id = |id: &Value| spans.iter().find(|span| span["span_id"] == *id);
    let served =
        spans.iter().filter(|span| span["kind"] == "server" && span["service"] == "orders-api");
    let mut callers = served.filter_map(|span| by_id(&span["parent"]));
    assert!(callers.any(|caller| caller["service"] == "obs" && caller["kind"] == "client"));
    let interrupt = ["-INT".to_owned(), demo.id().to_string()];
    assert!(std::process::Command::new("kill").args(interrupt).status().unwrap().success());
    assert_eq!(demo.wait().unwrap().code(), Some(130));
}
