//! `obs serve` as a process: ports, stores, what it receives, how it ends.

use insta::assert_snapshot;

use crate::env::{Env, Serve, wait_for};

const LINE: &str = r#"{"timestamp":"2026-11-22T06:30:00Z","level":"error","message":"boom","service":"api","request_id":"req_1"}"#;

#[test]
fn a_line_that_was_acknowledged_is_found_by_its_id() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    let (status, body) = serve.post("/logs", "application/x-ndjson", LINE.as_bytes());
    assert_eq!((status, body.as_str()), (200, r#"{"lines":1,"new":1}"#));
    let outcome = env.obs(["logs", "--request-id", "req_1", "--quiet"]);
    assert_snapshot!(outcome, @"
    2026-11-22T06:30:00.000Z ERROR api boom request_id=req_1
    --- exit 0
    ");
    serve.stop();
}

#[test]
fn a_store_is_read_when_its_backend_no_longer_runs() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    assert_eq!(serve.post("/logs", "text/plain", LINE.as_bytes()).0, 200);
    serve.stop();
    let stored = env.path().join("home/.local/share/obs");
    std::fs::create_dir_all(&stored).unwrap();
    std::fs::rename(env.path().join("store.sqlite"), stored.join("store.sqlite")).unwrap();
    assert_snapshot!(env.obs(["logs", "--level", "error"]), @"
    2026-11-22T06:30:00.000Z ERROR api boom request_id=req_1
    --- stderr
    note: no backend runs; reading the store $DIR/home/.local/share/obs/store.sqlite
    --- exit 0
    ");
}

#[test]
fn the_lines_of_a_followed_file_are_stored() {
    let env = Env::new().file("app.log", format!("{LINE}\n"));
    let serve = Serve::start(&env, &["--tail", "app.log"]);
    let found = wait_for(|| {
        let outcome = env.obs(["logs", "-r", "req_1", "--quiet", "-o", "jsonl"]);
        (outcome.status == Some(0)).then_some(outcome.stdout)
    });
    assert!(found.contains("boom"), "{found}");
    serve.stop();
}

#[test]
fn a_stale_announcement_is_ignored() {
    let env = Env::new();
    let running = env.path().join("home/.local/state/obs/running");
    std::fs::create_dir_all(&running).unwrap();
    let stale = r#"{"command":"serve","url":"http://127.0.0.1:1","instance":"x","pid":1,"started":"2026-11-22T06:00:00Z"}"#;
    std::fs::write(running.join("1.json"), stale).unwrap();
    let outcome = env.obs(["logs"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
    assert!(outcome.stderr.contains("no backend runs here"), "{outcome}");
}

#[test]
fn a_port_in_use_is_said_and_the_next_free_one_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let env = Env::new();
    let mut command = env.command(["serve", "--port", &port, "--until-stdin-ends"]);
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains(&format!("port {port} is in use")), "{stderr}");
    assert!(output.status.success(), "{stderr}");
}

#[test]
fn a_store_that_cannot_be_written_is_refused() {
    let env = Env::new().file("file", "");
    assert_snapshot!(env.obs(["serve", "--port", "0", "--store", "file/store.sqlite"]), @"
    --- stderr
    error: the backend cannot keep what it would receive
      cause: cannot open the store at file/store.sqlite
      cause: File exists (os error 17)
      hint: name a file in a folder that can be written: obs serve --store FILE
    --- exit 2
    ");
}

#[test]
fn a_terminated_backend_ends_well_and_leaves_no_announcement() {
    let env = Env::new();
    let mut command = env.command(["serve", "--port", "0", "--ready-file", "ready.json"]);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_for(|| env.path().join("ready.json").exists().then_some(()));
    let running = env.path().join("home/.local/state/obs/running");
    wait_for(|| (std::fs::read_dir(&running).ok()?.count() == 1).then_some(()));
    let kill = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(kill.success() && child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(running).unwrap().count(), 0);
}
