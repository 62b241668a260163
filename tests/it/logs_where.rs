//! `obs logs --where`, of every source.

use insta::assert_snapshot;

use crate::env::{Env, Serve};

fn log() -> Env {
    let lines = concat!(
        r#"{"time":"2026-11-22T06:30:00Z","level":"error","msg":"failed","service":"api","status":503,"path":"/api/orders","user":{"id":8}}"#,
        "\n",
        r#"{"time":"2026-11-22T06:30:01Z","level":"error","msg":"failed","service":"api","status":500,"path":"/api/users","user":{"id":7}}"#,
        "\n",
        r#"{"time":"2026-11-22T06:30:02Z","level":"info","msg":"served","service":"api","status":200,"path":"/health"}"#,
        "\n",
        "plain words\n",
    );
    Env::new().file("app.log", lines)
}

#[test]
fn the_records_for_which_it_holds_are_shown() {
    let condition = r#"status >= 500 and path ~ "^/api" and not user.id = 7"#;
    assert_snapshot!(log().obs(["logs", "app.log", "--where", condition]), @"
    2026-11-22T06:30:00.000Z ERROR api failed status=503 path=/api/orders user.id=8
    --- exit 0
    ");
}

#[test]
fn a_traceback_in_the_lines_below_is_the_exception() {
    let lines = concat!(
        "2026-11-22 06:30:00,000 ERROR app: first\n",
        "Traceback (most recent call last):\n  File \"app.py\", line 1\nKeyError: 'a'\n",
        "2026-11-22 06:30:01,000 ERROR app: second\n",
    );
    let env = Env::new().file("app.log", lines);
    assert_snapshot!(env.obs(["logs", "app.log", "--where", "exception ~ KeyError"]), @r#"
    2026-11-22T06:30:00.000Z ERROR first logger=app
        Traceback (most recent call last):
          File "app.py", line 1
        KeyError: 'a'
    --- exit 0
    "#);
    assert_snapshot!(env.obs(["logs", "app.log", "--where", "exception = null and line > 1"]), @"
    2026-11-22T06:30:01.000Z ERROR second logger=app
    --- exit 0
    ");
}

#[test]
fn a_field_that_no_record_has_is_said_with_what_was_meant() {
    assert_snapshot!(log().obs(["logs", "app.log", "--where", "statsu >= 500"]), @"
    --- stderr
    note: none of 4 lines in app.log matches
    note: no record that was looked at has a field `statsu`; did you mean `status`?
    --- exit 1
    ");
    let outcome = log().obs(["logs", "app.log", "--where", "statsu >= 500", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        document["unknown_fields"],
        serde_json::json!([{"name": "statsu", "near": "status"}])
    );
}

#[test]
fn what_cannot_be_understood_has_a_caret_below_it() {
    assert_snapshot!(log().obs(["logs", "app.log", "--where", "level >= eror or status = 1"]), @r#"
    --- stderr
    error: --where cannot be understood
      cause: `eror` is no level: trace, debug, info, warn, error, fatal; did you mean `error`?
             level >= eror or status = 1
                      ^^^^
      hint: for example: --where 'status >= 500 and path ~ "^/api"'
    --- exit 2
    "#);
}

#[test]
fn standard_input_is_held_against_it_too() {
    let lines = b"{\"msg\":\"a\",\"n\":1}\n{\"msg\":\"b\",\"n\":2}\n";
    assert_snapshot!(Env::new().obs_with_stdin(["logs", "--where", "n > 1", "-o", "raw"], lines), @r#"
    {"msg":"b","n":2}
    --- exit 0
    "#);
}

#[test]
fn what_a_backend_gives_is_held_against_it() {
    let env = log();
    let serve = Serve::start(&env, &[]);
    let lines = std::fs::read(env.path().join("app.log")).unwrap();
    assert_eq!(serve.post("/logs", "application/x-ndjson", &lines).0, 200);
    let url = serve.url.clone();
    let ask = ["logs", "--url", &url, "--where", "status in (500, 503)", "-o", "raw", "-n", "1"];
    let outcome = env.obs(ask);
    assert!(outcome.stdout.contains("/api/users"), "{outcome}");
    assert!(!outcome.stdout.contains("/api/orders"), "the last one that was asked for: {outcome}");
    assert_eq!(outcome.status, Some(0), "{outcome}");
    let none = env.obs(["logs", "--url", &url, "--where", "status = 418"]);
    assert_eq!(none.status, Some(1), "{none}");
    serve.stop();
}
