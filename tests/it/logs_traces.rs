//! `obs logs -r`: also the lines that have only the request's trace.

use insta::assert_snapshot;

use crate::env::Env;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The first line has the trace alone, and so stands before it is known which it is.
fn services() -> Env {
    let orders = "\
{\"time\":\"2026-11-22T06:30:00.1Z\",\"level\":\"debug\",\"msg\":\"begun\",\"trace_id\":\"TRACE\"}\n\
{\"time\":\"2026-11-22T06:30:00.2Z\",\"level\":\"info\",\"msg\":\"taken\",\"request_id\":\"req_1\",\"trace_id\":\"TRACE\"}\n\
{\"time\":\"2026-11-22T06:30:00.5Z\",\"level\":\"info\",\"msg\":\"another\",\"request_id\":\"req_2\",\"trace_id\":\"TRACE\"}\n";
    let stock = "\
{\"time\":\"2026-11-22T06:30:00.3Z\",\"level\":\"error\",\"msg\":\"failed\",\"trace_id\":\"TRACE\"}\n\
{\"time\":\"2026-11-22T06:30:00.4Z\",\"level\":\"error\",\"msg\":\"of another\",\"trace_id\":\"1af7651916cd43dd8448eb211c80319c\"}\n";
    let of = |log: &str| log.replace("TRACE", TRACE);
    Env::new().file("orders.log", of(orders)).file("stock.log", of(stock))
}

#[test]
fn lines_that_have_only_the_trace_of_a_request_are_its_lines() {
    assert_snapshot!(services().obs(["logs", "orders.log", "-r", "req_1"]), @"
    2026-11-22T06:30:00.100Z DEBUG begun trace_id=0af7651916cd43dd8448eb211c80319c
    2026-11-22T06:30:00.200Z INFO  taken request_id=req_1 trace_id=0af7651916cd43dd8448eb211c80319c
    --- stderr
    note: 1 line has no request id, only the request's trace: 0af7651916cd43dd8448eb211c80319c
    --- exit 0
    ");
}

#[test]
fn the_trace_is_learnt_in_one_file_and_from_lines_of_any_level() {
    let env = services();
    let arguments = ["logs", "orders.log", "stock.log", "-r", "req_1", "-l", "error"];
    let outcome = env.obs(arguments);
    assert!(outcome.stdout.contains("failed") && outcome.stdout.lines().count() == 1, "{outcome}");
    let json = ["logs", "orders.log", "stock.log", "-r", "req_1", "-o", "json", "--reverse"];
    let answer: serde_json::Value = serde_json::from_str(&env.obs(json).stdout).unwrap();
    let messages = answer["records"].as_array().unwrap().iter().map(|record| &record["message"]);
    assert_eq!(messages.collect::<Vec<_>>(), ["failed", "taken", "begun"]);
    assert_eq!(answer["traces"], serde_json::json!([TRACE]));
    assert_eq!(answer["lines"], 5);
}

#[test]
fn neighbours_groups_and_indexes_are_those_of_the_request_and_its_trace() {
    let env = services();
    assert!(env.obs(["logs", "index", "orders.log", "stock.log"]).status == Some(0));
    let explained = env.obs(["logs", "orders.log", "stock.log", "-r", "req_1", "--explain"]);
    assert_eq!(explained.stdout.lines().count(), 3, "{explained}");
    assert_eq!(explained.stderr.matches("stock.log: ").count(), 2, "{explained}");
    let grouped = env.obs(["logs", "stock.log", "orders.log", "-r", "req_1", "--group"]);
    assert!(grouped.stdout.contains("failed") && !grouped.stdout.contains("another"), "{grouped}");
    let around = env.obs(["logs", "orders.log", "-r", "req_1", "-C", "1", "-o", "jsonl"]);
    assert_eq!(around.stdout.lines().count(), 2, "{around}");
    let last = env.obs(["logs", "orders.log", "stock.log", "-r", "req_1", "-n", "1", "-o", "raw"]);
    assert!(last.stdout.contains("failed") && last.stdout.lines().count() == 1, "{last}");
}

#[test]
fn what_can_be_read_only_once_tells_where_the_others_are() {
    let log = std::fs::read(services().path().join("orders.log")).unwrap();
    assert_snapshot!(Env::new().obs_with_stdin(["logs", "-r", "req_1"], &log), @"
    2026-11-22T06:30:00.200Z INFO  taken request_id=req_1 trace_id=0af7651916cd43dd8448eb211c80319c
    --- stderr
    note: its trace is 0af7651916cd43dd8448eb211c80319c: lines may have that alone, and this was read only once; obs logs -r 0af7651916cd43dd8448eb211c80319c
    --- exit 0
    ");
}

#[test]
fn a_follower_shows_lines_of_the_trace_from_where_it_is_known_on() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;
    let env = services();
    let mut command = env.command(["logs", "-f", "stock.log", "orders.log", "-r", "req_1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let note =
        format!("note: its trace is {TRACE}: lines that have that alone are shown from here on");
    assert_eq!(said.next().unwrap(), note);
    let mut shown = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(shown.next().unwrap().contains("taken"));
    let later = format!("{{\"msg\":\"later\",\"trace_id\":\"{TRACE}\"}}\n");
    let mut stock =
        std::fs::OpenOptions::new().append(true).open(env.path().join("stock.log")).unwrap();
    std::io::Write::write_all(&mut stock, later.as_bytes()).unwrap();
    assert!(shown.next().unwrap().contains("later"));
    child.kill().unwrap();
    child.wait().unwrap();
}
