//! `obs check`: what is well, what is not and why, on servers that misbehave and on the demo.

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use insta::assert_snapshot;
use serde_json::Value;

use crate::env::{Env, Outcome, wait_for};
use crate::fake::Fake;

/// An environment whose file lists one check for each path of the server.
fn env(url: &str, checks: &[(&str, &str, &str)]) -> Env {
    let check = |(id, kind, rest): &(&str, &str, &str)| {
        let target = rest.replace("$URL", url);
        format!("[[check]]\nid = '{id}'\nkind = '{kind}'\n{target}\n")
    };
    let toml: String = checks.iter().map(check).collect();
    let id = "01920000-0000-7000-8000-000000000001";
    Env::new().file("obs.toml", toml).set("OBS_REQUEST_ID", id)
}

/// Times differ from run to run; so do ports.
fn shown(outcome: &Outcome) -> String {
    let times = regex::Regex::new(r" +\d[\d.]*(ms|us|s)\b").unwrap();
    let ports = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
    // The run's id ends at the right edge: how far it is from a time depends on the time.
    let edge = regex::Regex::new(r" +obs run ").unwrap();
    let text = edge.replace_all(&outcome.to_string(), "  obs run ").into_owned();
    ports.replace_all(&times.replace_all(&text, " [time]"), "127.0.0.1:[port]").into_owned()
}

fn document(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome}"))
}

#[test]
fn each_bad_answer_is_told_apart() {
    let fake = Fake::start();
    let env = env(
        &fake.url,
        &[
            ("ok", "http", "target = '$URL/ok'"),
            ("down", "http", "target = '$URL/down'"),
            ("hang", "http", "target = '$URL/hang'\ntimeout = '200ms'"),
            ("reset", "http", "target = '$URL/reset'"),
            ("circle", "http", "target = '$URL/circle'"),
            ("login", "http", "target = '$URL/to-login'"),
            ("away", "http", "target = '$URL/away'"),
            ("none", "http", "target = '$URL/none'"),
            ("ssh", "http", "target = '$URL/no-http'"),
            ("refused", "tcp", "target = '127.0.0.1:1'"),
            ("metrics-html", "metrics", "target = '$URL/html'"),
            ("metrics-50-mb", "metrics", "target = '$URL/endless'"),
        ],
    );
    assert_snapshot!(shown(&env.obs(["check", "--timeout", "3s"])));
}

#[test]
fn a_hang_takes_no_longer_than_its_timeout_and_hides_nothing() {
    let fake = Fake::start();
    let env = env(
        &fake.url,
        &[("hang", "http", "target = '$URL/hang'"), ("ok", "http", "target = '$URL/ok'")],
    );
    let document = document(&env.obs(["check", "-o", "json", "--deadline", "300ms"]));
    assert_eq!(document["status"], "unknown");
    assert_eq!(document["checks"][0]["reason"], "timeout");
    assert_eq!(document["checks"][1]["status"], "ok");
    assert!(document["duration_ms"].as_f64().unwrap() < 3_000.0);
}

#[test]
fn nothing_failed_and_something_unknown_is_exit_code_3() {
    let fake = Fake::start();
    let env = env(&fake.url, &[("big", "metrics", "target = '$URL/endless'")]);
    let outcome = env.obs(["check"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
}

#[test]
fn errors_and_slowness_are_judged_by_their_limits() {
    let fake = Fake::start();
    let env = env(
        &fake.url,
        &[
            ("good", "metrics", "target = '$URL/metrics/100/0'\nwindow = '50ms'"),
            ("warn", "metrics", "target = '$URL/metrics/98/2'\nwindow = '50ms'"),
            ("fail", "metrics", "target = '$URL/metrics/50/50'\nwindow = '50ms'"),
            ("few", "metrics", "target = '$URL/metrics/0/1'\nwindow = '50ms'"),
            (
                "slow",
                "metrics",
                "target = '$URL/metrics/100/0'\nwindow = '50ms'\nfail = ['p95 > 10ms']",
            ),
            ("cut", "metrics", "target = '$URL/broken-metrics'\nwindow = '50ms'"),
        ],
    );
    let document = document(&env.obs(["check", "-o", "json"]));
    let found: Vec<_> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| format!("{} {} {}", check["id"], check["status"], check["reason"]))
        .collect();
    assert_eq!(
        found.join("\n").replace('"', ""),
        "good ok null\nwarn warn status\nfail fail status\nfew unknown status\nslow fail slow\ncut warn protocol"
    );
    let cut = document["checks"][5]["message"].as_str().unwrap();
    assert!(cut.contains("1 line cannot be read, the first at 2:26"), "{cut}");
}

#[test]
fn warnings_are_healthy_unless_said_otherwise() {
    let fake = Fake::start();
    let target = "target = '$URL/metrics/98/2'\nwindow = '50ms'";
    let env = env(&fake.url, &[("api", "metrics", target)]);
    assert_eq!(env.obs(["check"]).status, Some(0));
    assert_eq!(env.obs(["check", "--fail-on", "warn"]).status, Some(1));
}

#[test]
fn what_needs_a_failed_check_is_skipped_and_named() {
    let fake = Fake::start();
    let env = env(
        &fake.url,
        &[
            ("queue", "http", "target = '$URL/ok'\nneeds = ['redis']"),
            (
                "redis",
                "tcp",
                "target = '127.0.0.1:1'\nhint = 'redis was not started'\nrunbook = '#redis'",
            ),
        ],
    );
    assert_snapshot!(shown(&env.obs(["check"])), @"
    2 checks in [time]  obs run 01920000-0000-7000-8000-000000000001
       CHECK          TIME  DETAIL
    checks
     - queue skip        -  needs redis, which failed
     ✗ redis FAIL [time]  connection refused: nothing listens there

     ✗ redis: connection refused: nothing listens there
       where   127.0.0.1:[port]
       likely  redis was not started
       try     obs check redis --wait [time]

    1 fail  1 skipped    root causes: redis
    --- stderr
    note: the check `redis` ($DIR/obs.toml:6) names the section `#redis`, which the runbook that is built in does not have
    --- exit 1
    ");
}

#[test]
fn the_section_of_a_check_is_looked_up_in_the_teams_runbook() {
    let env = env(
        "",
        &[
            ("a", "tcp", "target = '127.0.0.1:1'\nrunbook = '#ledger'"),
            ("b", "tcp", "target = '127.0.0.1:1'\nrunbook = '#ledgr'"),
            ("c", "tcp", "target = '127.0.0.1:1'\nrunbook = 'https://wiki.example/queue'"),
        ],
    );
    std::fs::create_dir(env.path().join("docs")).unwrap();
    let env = env.file("docs/runbook.md", "# Ours\n\n## Ledger\n\nCount it.\n");
    let outcome = env.obs(["check"]).to_string();
    let see: Vec<&str> = outcome.lines().filter(|line| line.starts_with("   see ")).collect();
    assert_eq!(see, ["   see     obs runbook ledger", "   see     https://wiki.example/queue"]);
    assert!(outcome.contains("note: the check `b` ($DIR/obs.toml:6) names the section `#ledgr`, which the runbook $DIR/docs/runbook.md does not have, did you mean `ledger`?"), "{outcome}");
}

#[test]
fn only_what_was_asked_for_is_checked() {
    let fake = Fake::start();
    let env = env(
        &fake.url,
        &[
            ("a", "http", "target = '$URL/ok'\ngroup = 'api'"),
            ("b", "http", "target = '$URL/down'\ngroup = 'api'"),
            ("c", "tcp", "target = '127.0.0.1:1'"),
        ],
    );
    let ids = |outcome: &Outcome| -> Vec<String> {
        let document = document(outcome);
        let checks = document["checks"].as_array().unwrap();
        checks.iter().map(|check| check["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&env.obs(["check", "a", "-o", "json"])), ["a"]);
    assert_eq!(ids(&env.obs(["check", "api", "-o", "json"])), ["a", "b"]);
    assert_eq!(ids(&env.obs(["check", "--skip", "http", "-o", "json"])), ["c"]);
    assert_snapshot!(env.obs(["check", "d"]), @"
    --- stderr
    error: there is no check `d`
      hint: checks, groups and kinds: a, b, c, api, checks, http, tcp
    --- exit 2
    ");
    let named = env.file(
        "obs.toml",
        "[[check]]\nid = 'tcp'\nkind = 'tcp'\ntarget = '127.0.0.1:1'\n\
         [[check]]\nid = 'other'\nkind = 'tcp'\ntarget = '127.0.0.1:1'\n",
    );
    assert_eq!(ids(&named.obs(["check", "tcp", "-o", "json"])), ["tcp"]);
}

#[test]
fn a_time_that_no_answer_could_meet_is_refused_and_not_blamed_on_the_service() {
    let fake = Fake::start();
    let env = env(&fake.url, &[("api", "metrics", "target = '$URL/metrics/98/2'")]);
    assert_snapshot!(env.obs(["check", "--window", "20s"]), @"
    --- stderr
    error: the scrapes of /metrics are 20s apart, --deadline is 10s
      hint: give more time: --deadline 40s
      hint: or look at less: --skip metrics, or a shorter --window
    --- exit 2
    ");
}

#[test]
fn waiting_for_what_hangs_takes_no_longer_than_it_may() {
    let fake = Fake::start();
    let env = env(&fake.url, &[("hang", "http", "target = '$URL/hang'\ntimeout = '1h'")]);
    let outcome = env.obs(["check", "--wait", "300ms", "--deadline", "1h", "-o", "json"]);
    assert_eq!(outcome.status, Some(3), "{outcome}");
    let message = document(&outcome)["checks"][0]["message"].to_string();
    assert!(message.contains("300ms"), "{outcome}");
}

#[test]
fn waiting_ends_when_all_is_well_and_else_shows_the_last_state() {
    let fake = Fake::start();
    let env = env(&fake.url, &[("down", "http", "target = '$URL/down'")]);
    let outcome = env.obs(["check", "--wait", "2500ms", "-o", "json"]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert!(document(&outcome)["attempts"].as_u64().unwrap() >= 2);
    assert!(outcome.stderr.contains("not healthy within 2.5s"), "{outcome}");
}

#[test]
fn waiting_does_not_mend_a_file() {
    let env = env("", &[("db", "postgress", "target = 'db'")]);
    let outcome = env.obs(["check", "--wait", "1h", "--deadline", "1h", "-o", "json"]);
    assert_eq!((outcome.status, &document(&outcome)["attempts"]), (Some(3), &Value::from(1)));
}

#[test]
fn secrets_and_control_characters_do_not_come_through() {
    let fake = Fake::start();
    let targets = [
        ("secret", "http", "target = '$URL/secret?token=hunter2'"),
        ("escape", "http", "target = '$URL/escape'"),
    ];
    let env = env(&fake.url, &targets);
    let (human, json) = (env.obs(["check"]), env.obs(["check", "-o", "json"]));
    for text in [&human.stdout, &json.stdout] {
        assert!(!text.contains("hunter2") && !text.contains('\u{1b}'), "{text}");
    }
    assert!(human.stdout.contains("\\x1b[2Jgone"), "{human}");
}

#[test]
fn a_certificate_is_judged_by_its_issuer_its_name_and_its_end() {
    let (port, other) = (Fake::start_tls("127.0.0.1"), Fake::start_tls("127.0.0.2"));
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.pem");
    let check = |now: &str, trusted: bool, target: &str| {
        let target = format!("target = '{target}'");
        let mut env = env("", &[("tls", "tls", &target)]).set("OBS_NOW", now);
        if trusted {
            env = env.set("SSL_CERT_FILE", authority);
        }
        let document = document(&env.obs(["check", "-o", "json"]));
        let check = &document["checks"][0];
        format!("{} {} {}", check["status"], check["reason"], check["observed"][0]["value"])
    };
    let localhost = &format!("localhost:{port}");
    let november = "2026-11-22T00:00:00Z";
    assert_eq!(check(november, true, localhost), "\"ok\" null 71.0");
    assert_eq!(check("2027-01-20T00:00:00Z", true, localhost), "\"warn\" \"tls_expired\" 12.0");
    assert_eq!(check("2027-01-30T00:00:00Z", true, localhost), "\"fail\" \"tls_expired\" 2.0");
    assert_eq!(check("2027-02-03T00:00:00Z", true, localhost), "\"fail\" \"tls_expired\" -2.0");
    assert_eq!(check(november, true, &format!("127.0.0.2:{other}")), "\"fail\" \"tls_name\" 71.0");
    assert_eq!(check(november, false, localhost), "\"fail\" \"tls_issuer_missing\" 71.0");
}

#[test]
fn a_check_that_cannot_be_meant_is_unknown_and_the_others_are_asked() {
    let fake = Fake::start();
    let env = env(
        &fake.url,
        &[
            ("good", "http", "target = '$URL/ok'"),
            ("kind", "htpp", "target = '$URL/ok'"),
            ("key", "http", "targets = '$URL/ok'"),
            ("needs", "http", "target = '$URL/ok'\nneeds = ['goood']"),
            ("circle", "http", "target = '$URL/ok'\nneeds = ['circle']"),
            ("limit", "http", "target = '$URL/ok'\nwarn = ['p95 > 3ms']"),
            ("time", "http", "target = '$URL/ok'\ntimeout = 'soon'"),
            ("window", "http", "target = '$URL/ok'\nwindow = '1s'"),
            ("good", "http", "target = '$URL/down'"),
            ("behind", "http", "target = '$URL/ok'\nneeds = ['kind']"),
        ],
    );
    assert_snapshot!(shown(&env.obs(["check", "-o", "short"])));
    assert_eq!(env.obs(["check", "--only", "good"]).status, Some(0));
}

#[test]
fn an_objective_that_cannot_be_meant_is_unknown_and_the_others_are_asked() {
    let fake = Fake::start();
    let toml = format!(
        "[[check]]\nid = 'api'\nkind = 'http'\ntarget = '{}/ok'\n\
         [[slo]]\nid = 'all'\nobjective = 100\nurl = 'http://a/'\n\
         [[slo]]\nid = 'api'\nobjective = 99\nurl = 'http://a/'\n\
         [[slo]]\nid = 'nobody'\nobjective = 99\nerrors = 'e[{{{{window}}}}]'\ntotal = 't[{{{{window}}}}]'\n",
        fake.url
    );
    assert_snapshot!(shown(&Env::new().file("obs.toml", toml).obs(["check", "-o", "short"])));
}

#[test]
fn with_nothing_to_check_it_says_what_to_do() {
    assert_snapshot!(Env::new().obs(["check"]), @r#"
    --- stderr
    error: there is nothing to check: no file lists checks and nothing runs here
      hint: list them in obs.toml: [[check]] id = "api" kind = "http" target = "http://…/healthz"
      hint: or write down what is here: obs init
      hint: or name them: DATABASE_URL, REDIS_URL, AMQP_URL and their like
      hint: see it work: obs demo
    --- exit 2
    "#);
}

/// `obs demo`, interrupted with the test.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let interrupt = ["-INT".to_owned(), self.0.id().to_string()];
        drop(std::process::Command::new("kill").args(interrupt).status());
        drop(self.0.wait());
    }
}

impl Demo {
    fn start(env: &Env) -> Self {
        let mut child =
            env.command(["demo", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let demo = Self(child);
        let mut line = String::new();
        std::io::BufReader::new(stdout).read_line(&mut line).unwrap();
        demo
    }
}

/// Sends a request and leaves the answer for later.
fn get(address: &str, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

#[test]
fn the_running_demo_is_healthy_until_its_pool_is_exhausted() {
    let env = Env::new();
    let _demo = Demo::start(&env);
    let outcome = wait_for(|| {
        let outcome = env.obs(["check", "--window", "50ms", "-o", "json"]);
        (outcome.status == Some(0)).then_some(outcome)
    });
    let found = document(&outcome);
    let checks = found["checks"].as_array().unwrap();
    let ids: Vec<&str> = checks.iter().map(|check| check["id"].as_str().unwrap()).collect();
    let expected = [
        "inventory.healthz",
        "inventory.readyz",
        "inventory.metrics",
        "orders-api.healthz",
        "orders-api.readyz",
        "orders-api.metrics",
        "backend",
    ];
    assert_eq!(ids, expected);
    let components = checks[4]["children"].as_array().unwrap();
    assert_eq!(components[0]["id"], "orders-api.readyz/database");
    assert_eq!(components[1]["id"], "orders-api.readyz/inventory");

    let target = checks[4]["target"].as_str().unwrap();
    let address = target.trim_start_matches("http://").trim_end_matches("/readyz").to_owned();
    let outcome = wait_for(|| {
        let slow: Vec<TcpStream> = (0..5).map(|_| get(&address, "/reports/slow")).collect();
        let outcome = env.obs(["check", "readyz", "--quiet"]);
        for mut socket in slow {
            drop(socket.read_to_end(&mut Vec::new()));
        }
        (outcome.status == Some(1)).then_some(outcome)
    });
    for part in [
        "✗ └─ database",
        "timed out waiting for connection",
        "connection pool is exhausted",
        "root causes: orders-api.readyz/database",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome}");
    }
}
