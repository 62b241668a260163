//! Collectors, trackers and variables that do not work, and panics: one warning, the same exit code.

use std::time::{Duration, Instant};

use crate::collector::{Answers, Fake, nobody};
use crate::env::{Env, Serve, wait_for};
use crate::telemetry::{DASHED, ENDPOINT, NO_ISSUES, TRACE, attribute, issues, spans_of};

/// Runs a command against a collector; returns what is said beside its answer and the run's id.
fn warnings_with(collector: &str) -> Vec<String> {
    let backend = Fake::start(NO_ISSUES);
    let env = Env::new().set(ENDPOINT, collector);
    let outcome = issues(&env, &backend.url, &[]);
    assert_eq!(outcome.status, Some(1), "the exit code is the answer's: {outcome}");
    assert!(outcome.stdout.starts_with("no errors"), "{outcome}");
    let said = outcome.stderr.lines().filter(|line| !line.starts_with("note: obs run "));
    said.map(|line| line.replace(collector, "COLLECTOR")).collect()
}

#[test]
fn a_collector_that_refuses_is_said_once() {
    assert_eq!(
        warnings_with(&nobody()),
        ["warning: spans were not sent: Connection refused (os error 111) (COLLECTOR/v1/traces)"]
    );
}

#[test]
fn a_collector_that_fails_is_said_once_and_not_asked_again() {
    let collector = Fake::start(Answers::With(500, ""));
    assert_eq!(
        warnings_with(&collector.url),
        ["warning: spans were not sent: answered 500 Internal Server Error (COLLECTOR/v1/traces)"]
    );
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn a_collector_that_hangs_costs_half_a_second_and_not_its_own_timeout() {
    let collector = Fake::start(Answers::Not);
    let began = Instant::now();
    assert_eq!(
        warnings_with(&collector.url),
        ["warning: spans were not sent: no answer within 500ms (COLLECTOR/v1/traces)"]
    );
    // An export has 10 s; half of it is left for a machine that builds beside the tests.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn an_endpoint_that_is_no_url_is_one_warning() {
    let backend = Fake::start(NO_ISSUES);
    let outcome = issues(&Env::new().set(ENDPOINT, "http://[::"), &backend.url, &[]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert_eq!(outcome.stderr.matches("spans were not sent").count(), 1, "{outcome}");
}

#[test]
fn a_dsn_that_is_none_is_one_warning_without_its_secret() {
    let env = Env::new().set("SENTRY_DSN", "hunter2").file("app.log", "{\"message\":\"x\"}\n");
    let outcome = env.obs(["logs", "app.log"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    assert!(outcome.stderr.starts_with("warning: SENTRY_DSN is not a DSN"), "{outcome}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
    assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
}

#[test]
fn log_lines_that_nobody_reads_change_nothing() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let backend = Fake::start(NO_ISSUES);
    let env = Env::new();
    let mut command = env.command(["issues", "--log-format", "json", "--url", &backend.url]);
    let status = command.stdout(std::process::Stdio::null()).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

/// The place of [`a_panic_still_sends_its_spans_and_its_report`] where the panic happens: another
/// process, because a subscriber and a panic hook are for good. By itself it does nothing.
#[test]
fn the_process_that_panics() {
    use obs::config::Environment;
    use obs::telemetry::{Plan, Run, Telemetry, Watched};
    let environment = Environment::from_process();
    if environment.get("SENTRY_DSN").is_none() {
        return;
    }
    let ids = obs::context::run_ids(&environment);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut plan = Plan::read(&environment, false, false, Watched::Wholly);
    let run = Run { command: "check", arguments: &[], ids: &ids };
    let mut telemetry = Telemetry::start(&mut plan, run, Some(runtime.handle().clone()));
    let panic = telemetry.watch(|| panic!("password=hunter2 went wrong")).unwrap_err();
    assert!(panic.place.unwrap().file.ends_with("telemetry_fails.rs"));
    telemetry.end(3, "panic");
    assert!(telemetry.leaves_traces());
    let unsent = telemetry.flush(|| Some(runtime.handle().clone()));
    println!("unsent: {unsent:?}");
}

fn panic_with(variables: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "telemetry_fails::the_process_that_panics", "--nocapture"]);
    let output = command.env_clear().envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn a_panic_still_sends_its_spans_and_its_report() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    let dsn = serve.url.replace("http://", "http://key@") + "/1";
    let said =
        panic_with(&[(ENDPOINT, &serve.url), ("SENTRY_DSN", &dsn), ("OBS_REQUEST_ID", DASHED)]);
    assert!(said.contains("unsent: []"), "{said}");
    let spans = spans_of(&env, &serve.url, DASHED);
    assert_eq!((&spans[0]["name"], &spans[0]["status"]), (&"obs check".into(), &"error".into()));
    assert_eq!(attribute(&spans[0], "error.type"), "panic");
    let found = wait_for(|| {
        let outcome =
            env.obs(["issues", "--request-id", DASHED, "--url", &serve.url, "-o", "json"]);
        (outcome.status == Some(0)).then_some(outcome.stdout)
    });
    assert!(found.contains("password=[masked]") && !found.contains("hunter2"), "{found}");
    assert!(found.contains("obs check") && found.contains(TRACE), "{found}");
}

#[test]
fn a_tracker_and_a_collector_that_hang_share_the_half_second() {
    let hanging = Fake::start(Answers::Not);
    let dsn = hanging.url.replace("http://", "http://key@") + "/1";
    let began = Instant::now();
    let said = panic_with(&[(ENDPOINT, &hanging.url), ("SENTRY_DSN", &dsn)]);
    let wall = began.elapsed();
    assert_eq!(said.matches("no answer within 500ms").count(), 2, "{said}");
    assert!(wall < Duration::from_secs(5), "{wall:?}");
}

#[test]
fn a_tracker_that_refuses_is_said() {
    let dsn = nobody().replace("http://", "http://key@") + "/1";
    let said = panic_with(&[("SENTRY_DSN", &dsn)]);
    assert!(said.contains("the failure was not reported: Connection refused"), "{said}");
}
