//! `obs runbook`: read, searched, and held against errors.

use std::fmt::Write as _;
use std::path::Path;

use insta::assert_snapshot;

use crate::env::Env;

const PAGE: &str = "\
---
owner: team-a
---
# Service A

## Look

```sh { name=look risk=read }
curl -s  \"$URL\" |\tjq .
```

## Pool empty

Nothing is left.

```toml pattern
severity = \"critical\"
direct = [{ exception = 'pool.Empty' }]
```

**Next:** [look](#look), then [the line](https://logs.example/?q={request_id}).

## Contacts

- Ann, first
";

fn team() -> Env {
    let env = Env::new();
    std::fs::create_dir(env.path().join("docs")).unwrap();
    env.file("docs/runbook.md", PAGE)
}

#[test]
fn a_teams_runbook_wins_and_is_listed() {
    assert_snapshot!(team().obs(["runbook"]), @"
    owner         team-a

    Sections  obs runbook ANCHOR
      service-a                              Service A
        look                                 Look
        contacts                             Contacts

    Steps  what to run; a step that changes something says so
        1 look                             read-only

    Error patterns  obs runbook explain TEXT
      pool-empty                           critical
    --- stderr
    note: the runbook is $DIR/docs/runbook.md
    --- exit 0
    ");
}

#[test]
fn a_section_is_read_with_its_step_as_it_was_written() {
    assert_snapshot!(team().obs(["runbook", "https://git.example/a/docs/runbook.md#look"]), @r#"
    ## Look

    [1] look · read-only
    curl -s  "$URL" |	jq .

    runbook.md:6
    --- stderr
    note: the runbook is $DIR/docs/runbook.md
    --- exit 0
    "#);
}

#[test]
fn links_lead_to_the_request() {
    assert_snapshot!(team().obs(["runbook", "pool-empty", "--request-id", "a/b c", "-q"]), @r#"
    ## Pool empty

    Nothing is left.

    ╶─ toml pattern
    severity = "critical"
    direct = [{ exception = 'pool.Empty' }]

    Next: look (#look), then the line (https://logs.example/?q=a%2Fb%20c).

    runbook.md:12
    --- exit 0
    "#);
}

#[test]
fn an_unknown_section_is_told_with_the_one_that_may_be_meant() {
    assert_snapshot!(team().obs(["runbook", "#contact", "-q"]), @"
    --- stderr
    error: the runbook has no section `contact`
      hint: did you mean: obs runbook contacts
      hint: what is in it: obs runbook
    --- exit 1
    ");
}

#[test]
fn contacts_are_shown_with_the_owner() {
    assert_snapshot!(team().obs(["runbook", "contacts", "-q"]), @"
    owner         team-a

    ## Contacts

    • Ann, first

    runbook.md:23
    --- exit 0
    ");
}

#[test]
fn words_are_found() {
    assert_snapshot!(team().obs(["runbook", "search", "pool", "empty", "-q"]), @"
    pattern  pool-empty  runbook.md:12
    --- exit 0
    ");
    assert_snapshot!(team().obs(["runbook", "search", "nothing-like-it", "-q"]), @"
    --- stderr
    warning: nothing in the runbook has all of: nothing-like-it
    --- exit 1
    ");
}

#[test]
fn an_error_is_explained() {
    assert_snapshot!(team().obs(["runbook", "explain", "pool.Empty: none of 4", "-q"]), @"
    error pool.Empty: none of 4

    pool-empty · critical · runbook.md:12
    by type: pool.Empty

    Nothing is left.

    Next: look (#look), then the line (https://logs.example/?q={request_id}).
    --- exit 0
    ");
}

#[test]
fn a_log_line_fills_the_links_with_its_request() {
    let line = br#"{"level":"error","message":"failed","request_id":"req_7","exception":"a.B: outer\ncaused by: pool.Empty: none, password=hunter2"}"#;
    assert_snapshot!(team().obs_with_stdin(["runbook", "explain"], line), @"
    error a.B: outer
    cause pool.Empty: none, password=[masked]

    pool-empty · critical · runbook.md:12
    by type: pool.Empty

    Nothing is left.

    Next: look (#look), then the line (https://logs.example/?q=req%5F7).
    --- stderr
    note: the runbook is $DIR/docs/runbook.md
    hint: what else is known of the request: obs request req_7
    --- exit 0
    ");
}

#[test]
fn an_error_that_no_pattern_knows_says_so() {
    let unknown = "LedgerImbalance: ledger out of balance by 3 cents";
    assert_snapshot!(Env::new().obs(["runbook", "explain", unknown]), @"
    error LedgerImbalance: ledger out of balance by 3 cents

    no pattern of the runbook fits
    --- stderr
    note: this is the runbook of the demo's services, which is built in
    hint: once you know the cause, add it: a heading in the runbook, below it a ```toml pattern fence with direct = [{ exception = 'LedgerImbalance' }], and a paragraph that begins **Next:**
    --- exit 1
    ");
}

#[test]
fn a_traceback_with_windows_line_ends_and_escape_sequences_is_read() {
    let text = b"\x1b[31mTraceback (most recent call last):\r\n  File \"a.py\", line 1\r\n    x()\r\nredis.exceptions.ReadOnlyError: You can't write\r\n\x1b[0m";
    let outcome = Env::new().obs_with_stdin(["runbook", "explain", "-", "-q"], text);
    assert!(outcome.stdout.contains("redis-unreachable"), "{outcome}");
    assert!(!outcome.stdout.contains('\u{1b}') && !outcome.stdout.contains("\\x1b"), "{outcome}");
    assert_eq!(outcome.status, Some(0));
}

#[test]
fn a_traceback_that_is_cut_in_its_middle_is_told() {
    let text = b"Traceback (most recent call last):\n  File \"a.py\", line 1, in x\n    y()\n";
    assert_snapshot!(Env::new().obs_with_stdin(["runbook", "explain", "-q"], text), @"

    no pattern of the runbook fits
    --- stderr
    warning: the text ends within a traceback: the exception itself is missing
    --- exit 3
    ");
}

#[test]
fn nothing_to_explain_is_a_mistake() {
    assert_snapshot!(Env::new().obs(["runbook", "explain"]), @"
    --- stderr
    error: there is nothing to explain
      hint: an error: obs runbook explain 'TimeoutError: QueuePool limit reached'
      hint: a log line: tail -1 app.log | obs runbook explain
    --- exit 2
    ");
}

#[test]
fn a_runbook_that_is_wrong_shows_where_and_still_answers() {
    let env = Env::new();
    std::fs::create_dir(env.path().join("runbook")).unwrap();
    let env = env.file(
        "runbook/index.md",
        "---\nowner: a\n  deep: b\n\n# A\r\n\r\nSee [there](b.md#nowhere) and [here](c.md).\r\n\r\n\
         ## Broken\n\n```toml pattern\ndirect = [{ message = 'a(b' }, { exception = 'X', massage = 'y' }]\n```\n",
    );
    let env = env.file("runbook/b.md", "# B\u{1b}[2J\n## Twice\n## Twice\n");
    assert_snapshot!(env.obs(["runbook"]), @r"
    owner         a

    Sections  obs runbook ANCHOR
      a                                      A
      b2j                                    B\x1b[2J
        twice                                Twice
        twice-1                              Twice

    Steps  what to run; a step that changes something says so

    Error patterns  obs runbook explain TEXT
      broken                               warning

    8 problems
      runbook/index.md:1:1: the front matter is not closed by a line of `---`
        | ---
        | ^
      runbook/index.md:3:1: front matter is flat here: `key: value` on each line
        |   deep: b
        | ^
      runbook/index.md:7:5: no heading of runbook/b.md has the anchor `#nowhere`
        | See [there](b.md#nowhere) and [here](c.md).
        |     ^
      runbook/index.md:7:31: no file of the runbook is `runbook/c.md`
        | See [there](b.md#nowhere) and [here](c.md).
        |                               ^
      runbook/index.md:9:1: pattern `broken` has no paragraph that begins with **Next:**
        | ## Broken
        | ^
      runbook/index.md:12:25: this expression does not compile: unclosed group
        | direct = [{ message = 'a(b' }, { exception = 'X', massage = 'y' }]
        |                         ^
      runbook/index.md:12:51: unknown key `massage`; did you mean `message`?
        | direct = [{ message = 'a(b' }, { exception = 'X', massage = 'y' }]
        |                                                   ^
      runbook/b.md:3:1: another heading has the anchor `twice`; this one's is `twice-1`
        | ## Twice
        | ^
    --- stderr
    note: the runbook is $DIR/runbook
    --- exit 0
    ");
    assert_snapshot!(env.obs(["runbook", "explain", "Xx: a"]), @"
    log   Xx: a

    no pattern of the runbook fits
    --- stderr
    note: the runbook is $DIR/runbook
    warning: expressions of the runbook do not compile, see its problems: obs runbook (1 were needed here)
    hint: once you know the cause, add it: a heading in the runbook, below it a ```toml pattern fence with direct = [{ log = 'WORDS OF THE LINE' }], and a paragraph that begins **Next:**
    --- exit 3
    ");
}

#[test]
fn nothing_of_another_format_is_answered() {
    assert_snapshot!(team().obs(["runbook", "-o", "raw"]), @"
    --- stderr
    error: `obs runbook` answers as human or json
    --- exit 2
    ");
}

#[test]
fn each_failure_of_the_demo_has_its_cause() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runbook");
    let lines = std::fs::read(folder.join("failures.jsonl")).unwrap();
    let env = Env::new();
    let mut answers = String::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let outcome = env.obs_with_stdin(["runbook", "explain", "-o", "json"], line);
        let answer: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        let said = answer["chain"][0]["type"].as_str().or(answer["log"][0].as_str()).unwrap();
        let pattern = answer["matches"][0]["pattern"].as_str().unwrap_or("no pattern");
        let code = outcome.status.unwrap();
        writeln!(answers, "{said} -> {pattern}, exit {code}").unwrap();
    }
    assert_snapshot!(answers, @"
    ReservationError -> units-per-box-is-zero, exit 0
    InventoryError -> inventory-answers-5xx, exit 0
    retrying -> inventory-timeout, exit 0
    LedgerImbalance -> no pattern, exit 1
    QueryError -> pool-exhausted, exit 0
    ");
}
