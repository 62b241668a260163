//! `obs init`: what is here becomes a file that `obs check` reads.

use crate::env::Env;

fn env() -> Env {
    let compose = "services:\n  cache:\n    image: redis:7\n    ports:\n      - 6390:6379\n";
    Env::new()
        .file("compose.yaml", compose)
        .file("requirements.txt", "fastapi==0.110\n")
        .file("app.log", "{}\n")
        .set("SENTRY_DSN", "https://hunter2@127.0.0.1:1/7")
        .set("DATABASE_URL", "sqlite:///orders.sqlite3")
}

#[test]
fn what_is_here_is_written_without_a_secret_and_read_by_check() {
    let env = env();
    let outcome = env.obs(["init", "--no-ports"]);
    assert_eq!(outcome.status, Some(0), "{outcome}");
    for part in [
        "✓ sentry (sentry): $SENTRY_DSN is set",
        "✓ cache (redis): compose.yaml has it",
        "- an application with fastapi: requirements.txt names it (not in the file)",
        "✓ a log file: app.log",
        "wrote obs.toml with 2 checks; try it: obs check",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {outcome}");
    }
    let file = std::fs::read_to_string(env.path().join("obs.toml")).unwrap();
    assert!(file.contains("target = \"${SENTRY_DSN}\""), "{file}");
    assert!(!file.contains("hunter2") && !outcome.to_string().contains("hunter2"), "{file}");
    // Whether the ports answer is not the file's fault: both are known, and one is refused for sure.
    let checked = env.obs(["check", "-o", "short", "--deadline", "5s"]);
    assert_eq!(checked.status, Some(1), "{checked}");
    assert!(checked.stdout.contains("sentry: connection refused"), "{checked}");
}

#[test]
fn a_file_that_is_there_is_not_replaced_unless_told() {
    let env = env().file("obs.toml", "timeout = '3s'\n");
    let refused = env.obs(["init", "--no-ports"]);
    assert_eq!(refused.status, Some(2), "{refused}");
    let shown = env.obs(["init", "--no-ports", "--dry-run"]);
    assert!(shown.stdout.starts_with("# Written by `obs init`"), "{shown}");
    let kept = || std::fs::read_to_string(env.path().join("obs.toml")).unwrap();
    assert_eq!(kept(), "timeout = '3s'\n");
    assert_eq!(env.obs(["init", "--no-ports", "--force"]).status, Some(0));
    assert_eq!(kept(), shown.stdout);
}

#[test]
fn with_nothing_here_nothing_is_written() {
    let env = Env::new();
    let outcome = env.obs(["init", "--no-ports", "-o", "json"]);
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert!(outcome.stderr.contains("nothing was found to check"), "{outcome}");
    assert!(!env.path().join("obs.toml").exists());
    crate::formats::assert_valid(
        "init.schema.json",
        &serde_json::from_str(&outcome.stdout).unwrap(),
    );
}
