//! `obs check` for other programs, again and again, and against the run before.

use std::net::TcpListener;

use obs::metrics::exposition;
use serde_json::Value;

use crate::env::{Env, Outcome};
use crate::fake::Fake;

/// A page that is well, a port where nothing listens, and what needs that.
fn env(fake: &Fake) -> Env {
    let toml = format!(
        "[[check]]\nid = 'api'\nkind = 'http'\ntarget = '{}/ok'\n\
         [[check]]\nid = 'redis'\nkind = 'tcp'\ntarget = '127.0.0.1:1'\n\
         [[check]]\nid = 'queue'\nkind = 'http'\ntarget = '{}/ok'\nneeds = ['redis']\n",
        fake.url, fake.url
    );
    Env::new().file("obs.toml", toml)
}

#[test]
fn a_line_a_check_comes_as_it_ends_and_the_summary_last() {
    let fake = Fake::start();
    let outcome = env(&fake).obs(["check", "-o", "jsonl"]);
    let lines: Vec<Value> =
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut ids: Vec<&str> = lines.iter().filter_map(|line| line["check"]["id"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["api", "queue", "redis"]);
    let last = lines.last().unwrap();
    assert_eq!(last["root_causes"][0], "redis");
    assert_eq!((last["counts"]["ok"].as_u64(), outcome.status), (Some(1), Some(1)));
}

#[test]
fn what_hangs_until_the_deadline_is_in_the_stream_too() {
    let fake = Fake::start();
    let hang = format!("[[check]]\nid = 'hang'\nkind = 'http'\ntarget = '{}/hang'\n", fake.url);
    let outcome =
        Env::new().file("obs.toml", hang).obs(["check", "-o", "jsonl", "--deadline", "100ms"]);
    let first: Value = serde_json::from_str(outcome.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((first["check"]["status"].as_str(), outcome.status), (Some("unknown"), Some(3)));
}

#[test]
fn nagios_gets_its_own_exit_codes_also_where_nothing_could_be_asked() {
    let fake = Fake::start();
    let warn = format!(
        "[[check]]\nid = 'slow'\nkind = 'http'\ntarget = '{}/ok'\nwarn = ['time > 0ms']\n",
        fake.url
    );
    for (env, name, code, start) in [
        (env(&fake), "api", 0, "OBS OK - 1 ok"),
        (Env::new().file("obs.toml", warn), "slow", 1, "OBS WARNING - 1 warn; slow: "),
        (env(&fake), "redis", 2, "OBS CRITICAL - 1 fail; redis: connection refused"),
        (env(&fake), "none", 3, "OBS UNKNOWN - there is no check `none`"),
    ] {
        let outcome = env.obs(["check", name, "-o", "nagios"]);
        assert_eq!(outcome.status, Some(code), "{outcome}");
        assert!(outcome.stdout.starts_with(start), "{outcome}");
        assert_eq!(outcome.stdout.lines().count(), 1, "{outcome}");
    }
    let refused = env(&fake).obs(["check", "-o", "nagios", "--fail-on", "warn"]);
    assert_eq!(refused.status, Some(2), "{refused}");
}

#[test]
fn the_metrics_are_read_by_our_own_reader() {
    let fake = Fake::start();
    let outcome = env(&fake).obs(["check", "-o", "prometheus"]);
    let page = exposition::read(outcome.stdout.as_bytes(), "");
    assert_eq!(page.faults, [], "{outcome}");
    let status = |id: &str| {
        let mut samples = page.samples.iter();
        let found = samples.find(|sample| {
            sample.name == "obs_check_status"
                && sample.labels.iter().any(|(name, value)| *name == "id" && *value == id)
        });
        found.unwrap().value
    };
    assert_eq!((status("api"), status("redis"), status("queue")), (0.0, 2.0, 3.0));
    let phases = page.samples.iter().filter(|sample| sample.name == "obs_check_duration_seconds");
    assert!(phases.count() >= 3, "{outcome}");
}

#[test]
fn short_tap_junit_and_md_say_the_same() {
    let fake = Fake::start();
    for (format, part) in [
        ("short", "✗ FAIL  redis: connection refused"),
        ("short", "- skip  queue: needs redis, which failed"),
        ("tap", "not ok 2 - redis"),
        ("tap", "ok 3 - queue # SKIP needs redis, which failed"),
        ("junit", "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""),
        ("md", "| ✗ | redis | FAIL |"),
    ] {
        let outcome = env(&fake).obs(["check", "-o", format]);
        assert!(outcome.stdout.contains(part), "{part}: {outcome}");
        assert_eq!(outcome.status, Some(1));
    }
}

#[test]
fn never_is_0_and_only_is_a_name() {
    let fake = Fake::start();
    assert_eq!(env(&fake).obs(["check", "--fail-on", "never"]).status, Some(0));
    let outcome = env(&fake).obs(["check", "--only", "api", "-o", "short"]);
    assert_eq!(outcome.to_string(), "1 ok\n--- exit 0");
}

#[test]
fn the_last_run_says_since_when() {
    let fake = Fake::start();
    let env = env(&fake).set("OBS_NOW", "2026-11-22T06:00:00Z").set("COLUMNS", "120");
    let seen =
        |outcome: &Outcome, part: &str| assert!(outcome.stdout.contains(part), "{part}: {outcome}");
    let first = env.obs(["check", "redis"]);
    assert!(!first.stdout.contains("since"), "{first}");
    let env = env.set("OBS_NOW", "2026-11-22T07:30:00Z");
    seen(&env.obs(["check", "redis"]), "failing since 06:00");
    let env = env.set("OBS_NOW", "2026-11-22T08:30:00Z");
    seen(&env.obs(["check", "redis"]), "failing since 06:00");
    let without = env.obs(["check", "redis", "--no-baseline"]);
    assert!(!without.stdout.contains("since"), "{without}");
    let kept = walk(&env.path().join("home"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(!kept[0].contains("127.0.0.1"), "{kept:?}");
}

/// Reads all files below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() { walk(&path) } else { vec![std::fs::read_to_string(path).unwrap()] }
        })
        .collect()
}

#[test]
fn what_the_application_says_is_held_against_the_probe() {
    let fake = Fake::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let toml = format!(
        "[[check]]\nid = 'api'\nkind = 'http'\ntarget = '{}/secret'\n\
         [[check]]\nid = 'postgres'\nkind = 'tcp'\ntarget = '{}'\n",
        fake.url,
        listener.local_addr().unwrap()
    );
    let outcome = Env::new().file("obs.toml", toml).obs(["check"]);
    assert!(outcome.stdout.contains("but     postgres works from here"), "{outcome}");
    assert!(outcome.stdout.contains("root causes: api/db"), "{outcome}");
}
