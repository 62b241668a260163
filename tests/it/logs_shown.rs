//! How `obs logs` shows records: chosen fields, tables, groups, the newest first.

use insta::assert_snapshot;

use crate::env::Env;

fn log() -> Env {
    let lines = concat!(
        r#"{"time":"2026-11-22T06:30:00Z","level":"error","msg":"payment failed for order 7","service":"api","request_id":"r1","status":503,"note":"=1+1","password":"hunter2"}"#,
        "\n",
        r#"{"time":"2026-11-22T06:30:01Z","level":"error","msg":"payment failed for order 8","service":"api","status":500,"http":{"method":"GET"}}"#,
        "\n",
        r#"{"time":"2026-11-22T06:30:02Z","level":"info","msg":"a|b \u001b[2J, \"c\"","status":200,"exception":"E: x\n  at y"}"#,
        "\n",
    );
    Env::new().file("app.log", lines)
}

#[test]
fn only_the_chosen_fields_are_shown_in_their_order() {
    assert_snapshot!(log().obs(["logs", "app.log", "--fields", "status,level,message,stauts"]), @r#"
    status=503 ERROR payment failed for order 7
    status=500 ERROR payment failed for order 8
    status=200 INFO  a|b \x1b[2J, "c"
    --- stderr
    note: no record that was looked at has a field `stauts`; did you mean `status`?
    --- exit 0
    "#);
}

#[test]
fn what_is_hidden_is_not_shown_and_time_and_level_stay() {
    let outcome = log().obs(["logs", "app.log", "--hide", "http,request_id,note,exception"]);
    assert_snapshot!(outcome, @r#"
    2026-11-22T06:30:00.000Z ERROR api payment failed for order 7 status=503 password=[masked]
    2026-11-22T06:30:01.000Z ERROR api payment failed for order 8 status=500
    2026-11-22T06:30:02.000Z INFO  a|b \x1b[2J, "c" status=200
    --- exit 0
    "#);
    let outcome = log().obs(["logs", "app.log", "--hide", "time"]);
    assert_eq!(outcome.status, Some(2), "{outcome}");
}

#[test]
fn a_record_of_json_is_whole() {
    for format in ["json", "jsonl", "raw"] {
        let outcome = log().obs(["logs", "app.log", "--fields", "status", "-o", format]);
        assert_eq!(outcome.status, Some(2), "{outcome}");
    }
}

#[test]
fn csv_has_a_heading_masks_secrets_and_holds_no_formula() {
    let outcome =
        log().obs(["logs", "app.log", "-o", "csv", "--fields", "time,message,note,password"]);
    assert_eq!(
        outcome.stdout,
        "time,message,note,password\r\n\
         2026-11-22T06:30:00Z,payment failed for order 7,'=1+1,[masked]\r\n\
         2026-11-22T06:30:01Z,payment failed for order 8,,\r\n\
         2026-11-22T06:30:02Z,\"a|b \\x1b[2J, \"\"c\"\"\",,\r\n"
    );
    let all = log().obs(["logs", "app.log", "-o", "csv", "-n", "1"]);
    assert_snapshot!(all.stdout.replace('\r', ""), @r#"
    time,level,service,message,logger,request_id,trace_id,span_id,exception,source,line,fields
    2026-11-22T06:30:02Z,info,,"a|b \x1b[2J, ""c""",,,,,"E: x
      at y",app.log,3,"{""status"":200}"
    "#);
}

#[test]
fn a_table_without_rows_has_its_heading() {
    let outcome = log().obs(["logs", "app.log", "-o", "csv", "--fields", "a", "--grep", "nowhere"]);
    assert_eq!((outcome.stdout.as_str(), outcome.status), ("a\r\n", Some(1)));
}

#[test]
fn markdown_and_logfmt_hold_what_a_line_holds() {
    assert_snapshot!(log().obs(["logs", "app.log", "-o", "md", "--hide", "source,line"]), @r#"
    | time | level | service | message | logger | request\_id | trace\_id | span\_id | exception | fields |
    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
    | 2026-11-22T06:30:00Z | error | api | payment failed for order 7 |  | r1 |  |  |  | {"status":503,"note":"=1+1","password":"\[masked\]"} |
    | 2026-11-22T06:30:01Z | error | api | payment failed for order 8 |  |  |  |  |  | {"status":500,"http.method":"GET"} |
    | 2026-11-22T06:30:02Z | info |  | a\|b \\x1b\[2J, "c" |  |  |  |  | E: x<br>  at y | {"status":200} |
    --- exit 0
    "#);
    assert_snapshot!(log().obs(["logs", "app.log", "-o", "logfmt"]), @r#"
    time=2026-11-22T06:30:00Z level=error service=api message="payment failed for order 7" request_id=r1 source=app.log line=1 status=503 note="=1+1" password=[masked]
    time=2026-11-22T06:30:01Z level=error service=api message="payment failed for order 8" source=app.log line=2 status=500 http.method=GET
    time=2026-11-22T06:30:02Z level=info message="a|b \x1b[2J, \"c\"" exception="E: x\n  at y" source=app.log line=3 status=200
    --- exit 0
    "#);
}

#[test]
fn other_commands_refuse_the_formats_of_logs() {
    for format in ["csv", "md", "logfmt"] {
        let outcome = Env::new().obs(["errors", "-o", format]);
        assert_eq!(outcome.status, Some(2), "{outcome}");
        let outcome = log().obs(["logs", "app.log", "--group", "-o", format]);
        assert_eq!(outcome.status, Some(2), "{outcome}");
    }
}

#[test]
fn messages_that_say_the_same_are_one_group() {
    assert_snapshot!(log().obs(["logs", "app.log", "--group", "--utc"]), @r"
    2 × ERROR api payment failed for order <n>
        2026-11-22 06:30:00 UTC to 2026-11-22 06:30:01 UTC · obs logs app.log -r r1
    1 × INFO  a|b \x1b[<n>J, <text>
        2026-11-22 06:30:02 UTC
    --- exit 0
    ");
}

#[test]
fn the_newest_comes_first_of_the_last_that_were_asked_for() {
    let outcome = log().obs(["logs", "app.log", "--reverse", "-n", "2", "--fields", "status"]);
    assert_snapshot!(outcome, @"
    status=200
    status=500
    --- exit 0
    ");
}
