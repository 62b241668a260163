//! `obs logs -C`: records around those that match.

use insta::assert_snapshot;

use crate::env::Env;

fn log() -> Env {
    let line = |second: usize| {
        let (id, level) = (second % 2, if second == 10 { "error" } else { "info" });
        format!(
            "{{\"time\":\"2026-11-22T06:30:{second:02}Z\",\"level\":\"{level}\",\"msg\":\"step {second}\",\
             \"request_id\":\"req_{id}\"}}\n"
        )
    };
    let own: String = (0..20).map(line).collect();
    let plain = concat!(
        "2026-11-22 06:31:00,000 INFO app: before\n",
        "2026-11-22 06:31:01,000 ERROR app: failed\n",
        "Traceback (most recent call last):\n  File \"app.py\", line 1\nKeyError: 'a'\n",
        "2026-11-22 06:31:02,000 INFO app: after\n",
        "2026-11-22 06:31:03,000 INFO app: later\n",
    );
    Env::new().file("app.log", own + plain)
}

#[test]
fn the_neighbours_are_those_of_the_request_else_of_the_file() {
    assert_snapshot!(log().obs(["logs", "app.log", "--level", "error", "-C", "1"]));
    let ten = log().obs(["logs", "app.log", "--level", "error", "--context", "2", "-o", "jsonl"]);
    assert_eq!(ten.stdout.lines().count(), 5 + 5, "{ten}");
    let piped = log();
    let lines = std::fs::read(piped.path().join("app.log")).unwrap();
    let piped = piped.obs_with_stdin(["logs", "-l", "error", "-C", "1"], &lines);
    let read = log().obs(["logs", "app.log", "-l", "error", "-C", "1"]);
    assert_eq!(piped.stdout, read.stdout);
}

#[test]
fn nothing_matches_so_nothing_is_beside_it() {
    let outcome = log().obs(["logs", "app.log", "--grep", "no such", "-C", "3"]);
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("", Some(1)), "{outcome}");
}

#[test]
fn neighbours_are_shown_of_several_files_and_neither_followed_nor_counted_by_a_limit() {
    let env = log()
        .file("b.log", "{\"time\":\"2026-11-22T06:30:11.5Z\",\"level\":\"error\",\"msg\":\"b\"}\n");
    let arguments = ["logs", "app.log", "b.log", "-l", "error", "-C", "1", "--where", "line < 20"];
    assert_snapshot!(env.obs(arguments));
    assert_eq!(env.obs(["logs", "app.log", "-C", "1", "-f"]).status, Some(2));
    assert_eq!(env.obs(["logs", "app.log", "-C", "1", "-n", "1"]).status, Some(2));
    assert_eq!(env.obs(["logs", "app.log", "-C", "0"]).status, Some(2));
}
