//! `obs logs` on files and standard input.

use insta::assert_snapshot;

use crate::env::{Env, Serve};

const ID: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";

fn two_services() -> Env {
    let orders = concat!(
        r#"{"timestamp":"2026-11-22T06:30:00.100Z","level":"info","message":"order stored","service":"orders-api","request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12","order_id":22}"#,
        "\n",
        r#"{"timestamp":"2026-11-22T06:30:00.200Z","level":"info","message":"another","service":"orders-api","request_id":"118f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"}"#,
        "\n",
        r#"{"timestamp":"2026-11-22T06:30:00.400Z","level":"error","message":"unhandled error","service":"orders-api","request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12","exception":"InventoryError: 500"}"#,
        "\n",
        r#"{"timestamp":"2026-11-22T06:30:00.500Z","level":"info","message":"retry of 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12","service":"orders-api"}"#,
        "\n",
    );
    let inventory = concat!(
        r#"{"time":1795329000300,"level":50,"msg":"division by zero","name":"inventory","traceId":"018F3C1E9B7A7C448D215A0B6F4E2D12"}"#,
        "\n",
        "plain words, no JSON\n",
    );
    Env::new().file("orders.log", orders).file("inventory.log", inventory)
}

#[test]
fn a_request_is_found_in_several_files_in_any_spelling_and_in_order() {
    let env = two_services();
    let outcome = env.obs(["logs", "orders.log", "inventory.log", "--request-id", ID]);
    assert_snapshot!(outcome, @"
    2026-11-22T06:30:00.100Z INFO  orders-api order stored order_id=22 request_id=018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12
    2026-11-22T06:30:00.300Z ERROR division by zero logger=inventory trace_id=018F3C1E9B7A7C448D215A0B6F4E2D12
    2026-11-22T06:30:00.400Z ERROR orders-api unhandled error request_id=018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12
        InventoryError: 500
    --- stderr
    note: 1 more line holds the id, but not as an id: --anywhere
    --- exit 0
    ");
}

#[test]
fn an_id_that_only_stands_in_a_message_is_offered_and_not_matched() {
    let env = two_services();
    let outcome = env.obs(["logs", "orders.log", "-r", ID, "--anywhere", "--grep", "retry"]);
    assert_snapshot!(outcome, @"
    2026-11-22T06:30:00.500Z INFO  orders-api retry of 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12
    --- exit 0
    ");
}

#[test]
fn levels_and_times_are_understood_in_any_dialect() {
    let env = two_services();
    let outcome =
        env.obs(["logs", "inventory.log", "--level", "error", "--since", "06:00", "-o", "jsonl"]);
    assert_snapshot!(outcome, @r#"
    {"time":"2026-11-22T06:30:00.3Z","level":"error","message":"division by zero","logger":"inventory","trace_id":"018F3C1E9B7A7C448D215A0B6F4E2D12","source":"inventory.log","line":1}
    --- stderr
    warning: 1 line has no level that is understood: left out by --level
    --- exit 0
    "#);
}

#[test]
fn one_document_holds_what_a_person_sees() {
    let env = two_services();
    let outcome = env.obs(["logs", "orders.log", "--level", "error", "-o", "json"]);
    assert_snapshot!(outcome, @r#"
    {
      "schema": "obs.logs/1",
      "records": [
        {"time":"2026-11-22T06:30:00.4Z","level":"error","message":"unhandled error","service":"orders-api","request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12","exception":"InventoryError: 500","source":"orders.log","line":3}
      ],
      "lines": 4,
      "elsewhere": 0,
      "malformed": 0,
      "untimed": 0,
      "unlevelled": 0,
      "cut": 0,
      "truncated": false,
      "asked": [
        "orders.log"
      ],
      "missing": []
    }
    --- exit 0
    "#);
}

#[test]
fn raw_gives_the_lines_as_they_were_written() {
    let lines = b"\xef\xbb\xbf{\"a\": 1} \t\r\nplain \x1b[31mred \xff\n  at f \r\n\nnext\n";
    let env = Env::new().file("app.log", lines);
    let output = env.command(["logs", "app.log", "-o", "raw"]).output().unwrap();
    assert_eq!(output.stdout.escape_ascii().to_string(), lines.escape_ascii().to_string());
}

#[test]
fn an_expression_ends_where_the_line_does_also_when_it_ends_as_on_windows() {
    let outcome = Env::new().obs_with_stdin(["logs", "--grep", "^one$"], b"one\r\nones\r\n");
    assert!(outcome.stdout.ends_with("one\n"), "{outcome}");
}

#[test]
fn escape_sequences_and_secrets_in_a_line_are_shown_harmless_and_masked() {
    let line = r#"{"level":"info","message":"a\u001b[2Jb\u202ec","password":"hunter2","url":"http://u:p@h/"}"#;
    let outcome = Env::new().obs_with_stdin(["logs"], line.as_bytes());
    assert_snapshot!(outcome, @r"
    -                        INFO  a\x1b[2Jb\u{202e}c password=[masked] url=http://[masked]@h/
    --- exit 0
    ");
}

#[test]
fn nothing_found_is_exit_1() {
    let outcome = two_services().obs(["logs", "orders.log", "-r", "req_unknown"]);
    assert_snapshot!(outcome, @"
    --- stderr
    note: none of 4 lines in orders.log matches
    --- exit 1
    ");
}

#[test]
fn a_file_that_cannot_be_read_makes_the_answer_incomplete() {
    let outcome = two_services().obs(["logs", "orders.log", "missing.log", "--level", "error"]);
    assert_snapshot!(outcome, @"
    2026-11-22T06:30:00.400Z ERROR orders-api unhandled error request_id=018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12
        InventoryError: 500
    --- stderr
    warning: cannot read missing.log: No such file or directory (os error 2)
    --- exit 3
    ");
}

#[test]
fn no_file_that_can_be_read_is_an_error() {
    let env = two_services();
    std::fs::create_dir(env.path().join("empty")).unwrap();
    let outcome = env.obs(["logs", "missing.log", "empty", "*.txt", "/dev/zero"]);
    assert_snapshot!(outcome, @"
    --- stderr
    error: cannot read empty: no file with lines is in it, *.txt: no file fits the pattern, missing.log: No such file or directory (os error 2), /dev/zero: it is a device, not a log
      hint: obs logs reads files, folders, patterns ('*.log') and standard input; gzip, zstd, bzip2, xz and lz4 too
    --- exit 3
    ");
}

#[test]
fn lines_whose_level_is_not_understood_are_said_and_not_passed_over() {
    let outcome = Env::new().obs_with_stdin(["logs", "--level", "error", "-"], b"svc: bad\n");
    assert_eq!(outcome.status, Some(1), "{outcome}");
    assert!(outcome.stderr.contains("1 line has no level that is understood"), "{outcome}");
}

#[test]
fn wrong_input_is_refused_with_what_to_type() {
    let env = two_services();
    assert_snapshot!(env.obs(["logs", "orders.log", "--level", "loud"]), @"
    --- stderr
    error: `loud` is no level
      hint: there are: trace, debug, info, warn, error, fatal
    --- exit 2
    ");
    assert_snapshot!(env.obs(["logs", "orders.log", "--since", "soon"]), @"
    --- stderr
    error: --since cannot be understood
      cause: `soon` is neither a duration (30s, 15m, 2h, 7d) nor a time (12:30, 2026-11-22T06:30:00Z)
    --- exit 2
    ");
    assert_snapshot!(env.obs(["logs", "orders.log", "--grep", "a("]), @"
    --- stderr
    error: --grep is no regular expression
      cause: regex parse error:
                 a(
                  ^
             error: unclosed group
      hint: for plain text put a backslash before each of . * + ? ( ) [ ] { } | ^ $
    --- exit 2
    ");
    assert_snapshot!(env.obs(["logs", "orders.log", "-f", "-o", "json"]), @"
    --- stderr
    error: one JSON document cannot be followed
      hint: one document a line can: obs logs -f -o jsonl
    --- exit 2
    ");
    assert_snapshot!(env.obs(["logs", "orders.log", "--since", "1m", "--until", "1h"]), @"
    --- stderr
    error: --since 2026-11-22T06:59:00Z is after --until 2026-11-22T06:00:00Z
    --- exit 2
    ");
    assert_snapshot!(env.obs(["logs", "-", "orders.log"]), @"
    --- stderr
    error: standard input cannot be read together with files
    --- exit 2
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let env = Env::new().file("long.log", "line\n".repeat(200_000));
    let mut command = env.command(["logs", "long.log"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), vec![]));
}

#[test]
fn the_last_lines_are_kept_when_a_limit_is_given() {
    let lines: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
    let lines = lines.join("\n");
    let outcome = Env::new().obs_with_stdin(["logs", "-n", "2", "-o", "raw"], lines.as_bytes());
    assert_snapshot!(outcome, @"
    line 98
    line 99
    --- exit 0
    ");
}

#[test]
fn following_shows_what_is_appended() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let env = Env::new().file("app.log", "one\n");
    let mut command = env.command(["logs", "-f", "app.log", "-o", "raw"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "one");
    let mut file =
        std::fs::OpenOptions::new().append(true).open(env.path().join("app.log")).unwrap();
    writeln!(file, "two").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn raw_shows_what_never_was_a_line_as_for_people_and_says_so_once() {
    let env = Env::new();
    let serve = Serve::start(&env, &[]);
    let record = r#"{"timeUnixNano":"1795329000000000000","severityText":"ERROR","body":{"stringValue":"boom"}}"#;
    let sent = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record},{}]}}]}}]}}"#,
        record.replace("boom", "again")
    );
    assert_eq!(serve.post("/v1/logs", "application/json", sent.as_bytes()).0, 200);
    let outcome = env.obs(["logs", "-o", "raw", "--url", &serve.url]);
    assert_snapshot!(outcome, @"
    2026-11-22T06:30:00.000Z ERROR boom
    2026-11-22T06:30:00.000Z ERROR again
    --- stderr
    note: some records were sent as records and never were lines: shown as for people
    --- exit 0
    ");
    serve.stop();
}

#[test]
fn a_line_without_a_time_is_as_old_as_the_one_before_it() {
    let log = "{\"time\":\"2026-11-22T05:00:00Z\",\"msg\":\"old\"}\nas old\n\
        {\"time\":\"2026-11-22T06:50:00Z\",\"msg\":\"new\"}\nas new\n";
    let env = Env::new().file("app.log", log).file("text.log", "of any age\n");
    assert_snapshot!(env.obs(["logs", "app.log", "text.log", "--since", "15m"]), @"
    -                        -     of any age
    2026-11-22T06:50:00.000Z -     new
    -                        -     as new
    --- stderr
    note: 1 line shown has no time, and none before: of any age
    --- exit 0
    ");
}

/// Starts `obs` with pipes on both ends; what it writes comes line by line.
fn piped<const N: usize>(
    env: &Env,
    arguments: [&str; N],
) -> (std::process::Child, std::process::ChildStdin, impl Iterator<Item = String> + use<N>) {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let mut command = env.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    (child, stdin, lines)
}

#[test]
fn a_piped_line_is_shown_before_the_next_one_comes() {
    use std::io::Write as _;
    let (mut child, mut stdin, mut lines) = piped(&Env::new(), ["logs", "-o", "raw"]);
    for line in ["one", "two"] {
        writeln!(stdin, "{line}").unwrap();
        assert_eq!(lines.next().unwrap(), line);
    }
    drop(stdin);
    assert_eq!(lines.next(), None);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_traceback_that_comes_a_moment_later_is_shown_under_a_level() {
    use std::io::Write as _;
    let (mut child, mut stdin, mut lines) = piped(&Env::new(), ["logs", "--level", "error"]);
    writeln!(stdin, r#"{{"level":"error","msg":"boom","request_id":"r1"}}"#).unwrap();
    assert!(lines.next().unwrap().ends_with("ERROR boom request_id=r1"));
    writeln!(stdin, "Traceback (most recent call last):\n  File \"a.py\"\nKeyError: 'a'").unwrap();
    drop(stdin);
    let rest: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    assert_eq!(rest[0].split_whitespace().collect::<Vec<_>>(), ["-", "ERROR", "request_id=r1"]);
    assert_eq!(rest[1..], ["Traceback (most recent call last):", "File \"a.py\"", "KeyError: 'a'"]);
    child.wait().unwrap();
}

#[test]
fn a_named_pipe_is_followed_to_its_end() {
    let env = Env::new();
    let pipe = env.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = env.command(["logs", "-f", "pipe", "-o", "raw"]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::fs::write(&pipe, "one\ntwo\nno line break").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "one\ntwo\nno line break\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_a_follower_waits_for_and_leaves_out_is_said_once() {
    use std::io::{BufRead as _, BufReader};
    let env = Env::new().file("app.log", "{\"cut\n{\"cut\n");
    let mut command = env.command(["logs", "-f", "app.log", "misspelt.log"]);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.take(2).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        said,
        [
            "note: misspelt.log is not there yet: waiting for it",
            "note: app.log: a line begins as JSON and does not end as it (said for the first only)",
        ]
    );
}
