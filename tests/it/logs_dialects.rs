//! `[[logs.dialect]]`: loggers that name things in their own way.

use insta::assert_snapshot;

use crate::env::{Env, Serve};

const LINE: &str = concat!(
    r#"{"meta":{"when":"2026-11-22T06:30:00Z","rid":"req_7"},"grade":"ERROR","say":"failed","#,
    r#""part":"billing","message":"not this","who":"api"}"#,
    "\n",
);

const DIALECT: &str = "[[logs.dialect]]\nname = 'billing'\ntime = 'meta.when'\nlevel = ['gravity', 'grade']\n\
    message = 'say'\nlogger = 'part'\nservice = 'who'\nrequest_id = 'META.rid'\n";

fn env(toml: &str) -> Env {
    Env::new().file("obs.toml", toml).file("app.log", LINE)
}

#[test]
fn a_line_is_read_by_the_names_of_the_configuration() {
    let found = env(DIALECT).obs(["logs", "app.log", "--request-id", "req_7", "--level", "error"]);
    assert_snapshot!(found);
    let without = env("").obs(["logs", "app.log"]);
    assert_snapshot!(without);
}

#[test]
fn a_backend_reads_lines_by_them_too() {
    let env = env(DIALECT);
    let serve = Serve::start(&env, &[]);
    assert_eq!(serve.post("/logs", "application/x-ndjson", LINE.as_bytes()).0, 200);
    let url = serve.url.clone();
    let found = env.obs(["logs", "--url", &url, "--request-id", "req_7", "--service", "api"]);
    assert!(found.stdout.contains("failed") && found.status == Some(0), "{found}");
    serve.stop();
}

#[test]
fn the_settings_show_them_with_their_origin() {
    let shown = env(DIALECT).obs(["config", "show"]);
    let row = shown.stdout.lines().find(|line| line.contains("logs.dialect")).unwrap_or_default();
    assert!(row.contains("billing") && row.contains("$DIR/obs.toml"), "{shown}");
}

#[test]
fn a_row_that_cannot_be_used_is_named() {
    let said = |rows: &str| env(rows).obs(["logs", "app.log"]);
    assert_snapshot!(said("[[logs.dialect]]\nname = 'a'\nmesage = 'say'\n"));
    assert_snapshot!(said("[[logs.dialect]]\nname = 'a'\n"));
    assert_snapshot!(said("[[logs.dialect]]\nname = 'a'\ntime = 7\n"));
    assert_snapshot!(said("[[logs.dialect]]\nname = 'a'\ntime = 'a..b'\n"));
    let twice =
        "[[logs.dialect]]\nname = 'a'\ntime = 'x'\n[[logs.dialect]]\nname = 'b'\nlevel = 'X'\n";
    assert_snapshot!(said(twice));
}
