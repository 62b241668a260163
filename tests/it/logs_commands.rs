//! `obs logs` of what a configured program prints.

use insta::assert_snapshot;

use crate::env::Env;

/// A user's own file with one source that runs a script.
fn printing(script: &str) -> Env {
    let config = format!(
        "[[source]]\nkind = 'command'\nname = 'pods'\ncommand = ['/bin/sh', '-c', '''{script}''']\n"
    );
    Env::new().file("own.toml", config).set("OBS_CONFIG", "own.toml")
}

#[test]
fn what_a_program_prints_is_read_in_any_dialect_and_filtered() {
    let env = printing(
        "echo '[pod/api-7d9/api] {\"level\":\"error\",\"msg\":\"failed\",\"request_id\":\"req_1\"}'\n\
         echo '[pod/api-7d9/api] {\"level\":\"info\",\"msg\":\"well\",\"request_id\":\"req_2\"}'",
    );
    assert_snapshot!(env.obs(["logs", "--level", "error"]), @"
    -                        ERROR api failed request_id=req_1
    --- exit 0
    ");
    assert_eq!(env.obs(["logs", "-r", "req_2", "-o", "raw"]).stdout.lines().count(), 1);
    assert_eq!(env.obs(["logs", "-r", "req_3"]).status, Some(1));
    let shown = env.obs(["config", "show"]);
    assert!(shown.stdout.contains("command /bin/sh -c echo"), "{shown}");
}

#[test]
fn a_program_that_fails_gives_an_answer_in_part_and_its_last_words() {
    let env = printing("echo 'ERROR one'; echo 'Error from server: no pods' >&2; exit 1");
    let outcome = env.obs(["logs"]);
    assert_snapshot!(outcome, @"
    -                        ERROR ERROR one
    --- stderr
    warning: pods answered only in part: `/bin/sh` ended with exit code 1: Error from server: no pods
    --- exit 3
    ");
}

#[test]
fn a_program_that_cannot_be_run_or_followed_says_so() {
    let config = "[[source]]\nkind = 'command'\ncommand = ['./no-such-program']\n";
    let env = Env::new().file("own.toml", config).set("OBS_CONFIG", "own.toml");
    let outcome = env.obs(["logs"]);
    assert!(outcome.stderr.contains("cannot run `./no-such-program`"), "{outcome}");
    assert_eq!(outcome.status, Some(3), "{outcome}");
    let followed = env.obs(["logs", "-f"]);
    assert!(followed.stderr.contains("cannot be followed"), "{followed}");
    assert_eq!(followed.status, Some(2));
}

#[test]
fn a_key_that_a_program_has_no_use_for_is_refused() {
    let config = "[[source]]\nkind = 'command'\ncommand = ['true']\nwindow = '6h'\n";
    let env = Env::new().file("own.toml", config).set("OBS_CONFIG", "own.toml");
    let outcome = env.obs(["logs"]);
    assert!(outcome.stderr.contains("`window`, which is not a key of a command"), "{outcome}");
    assert_eq!(outcome.status, Some(2));
}

#[test]
fn a_repository_has_no_programs_run_and_keeps_nobody_from_reading_files() {
    let env = Env::new()
        .file("obs.toml", "[[source]]\nkind = 'command'\ncommand = ['touch', 'ran']\n")
        .file("app.log", "{\"msg\":\"a\"}\n");
    let outcome = env.obs(["logs"]);
    assert!(outcome.stderr.contains("put the source into your own config.toml"), "{outcome}");
    assert_eq!(outcome.status, Some(3), "{outcome}");
    assert!(!env.path().join("ran").exists());
    let outcome = env.obs(["logs", "app.log"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{outcome}");
}

#[test]
fn a_source_has_one_place() {
    for (source, said) in [
        ("kind = 'command'", "which is not a program"),
        ("kind = 'loki'", "which is not an address"),
        (
            "kind = 'loki'\nurl = 'http://127.0.0.1:1'\ncommand = ['true']",
            "kind is not \"command\"",
        ),
        ("kind = 'comand'\nurl = 'http://127.0.0.1:1'", "did you mean `command`?"),
    ] {
        let outcome = Env::new().file("obs.toml", format!("[[source]]\n{source}\n")).obs(["logs"]);
        assert!(outcome.stderr.contains(said), "{outcome}");
        assert_eq!(outcome.status, Some(2), "{outcome}");
    }
}

#[test]
fn the_last_deploy_is_when_the_configuration_says() {
    let log = "{\"msg\":\"before\",\"ts\":\"2026-11-22T05:00:00Z\"}\n\
               {\"msg\":\"after\",\"ts\":\"2026-11-22T06:10:00Z\"}\n";
    let env = Env::new()
        .file("DEPLOYED", "2026-11-22T06:00:00Z\n")
        .file("obs.toml", "last_deploy = { file = 'DEPLOYED' }\n")
        .file("app.log", log);
    let outcome = env.obs(["logs", "app.log", "--since", "last deploy", "-o", "raw"]);
    assert!(outcome.stdout.contains("after") && !outcome.stdout.contains("before"), "{outcome}");
    assert!(outcome.stderr.contains("the last deploy was at 2026-11-22T06:00:00Z"), "{outcome}");
    assert_eq!(outcome.status, Some(0));
    let outcome =
        Env::new().file("app.log", log).obs(["logs", "app.log", "--since", "last deploy"]);
    assert!(outcome.stderr.contains("no file says so"), "{outcome}");
    assert_eq!(outcome.status, Some(2));
    let outcome = Env::new().file("obs.toml", "last_deploy = { command = ['date'] }\n").obs([
        "errors",
        "--since",
        "last deploy",
    ]);
    assert!(outcome.stderr.contains("may not run a command"), "{outcome}");
    assert_eq!(outcome.status, Some(2));
}
