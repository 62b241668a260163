//! `obs runbook explain`: errors from files, pipes and `obs` itself, held against the patterns.

use std::fmt::Write as _;
use std::path::Path;

use insta::assert_snapshot;

use crate::env::Env;

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
      hint: a request: obs logs --request-id ID | obs runbook explain
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

/// A file of what `obs` shows of the demo's failures.
fn shown(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runbook/shown").join(name)
}

#[test]
fn the_first_five_minutes_lead_to_the_cause() {
    let env = Env::new();
    let steps = env.obs(["runbook", "first-five-minutes", "-q"]).stdout;
    let piped = "`obs logs --request-id REQUEST_ID | obs runbook explain`";
    assert!(steps.split_whitespace().collect::<Vec<_>>().join(" ").contains(piped), "{steps}");
    for name in ["units-per-box-is-zero", "inventory-timeout", "pool-exhausted"] {
        let file = shown(&format!("{name}.raw.jsonl"));
        let file = file.to_str().unwrap();
        for format in ["human", "raw", "json"] {
            // In the document of the retry the peer is no field of the line's own.
            if (format, name) == ("json", "inventory-timeout") {
                continue;
            }
            let logged = env.obs(["logs", file, "-o", format]);
            let arguments = ["runbook", "explain", "-o", "json", "-q"];
            let outcome = env.obs_with_stdin(arguments, logged.stdout.as_bytes());
            let answer: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
            assert_eq!(answer["matches"][0]["pattern"], name, "{format}: {}", logged.stdout);
        }
    }
}

#[test]
fn the_example_of_the_hint_has_a_pattern() {
    let said = Env::new().obs(["runbook", "explain"]).stderr;
    let example = said.split('\'').nth(1).unwrap();
    let outcome = Env::new().obs(["runbook", "explain", example]);
    assert_eq!(outcome.status, Some(0), "{example}: {outcome}");
}

#[test]
fn what_only_explains_a_line_around_the_error_says_so() {
    let text = "LedgerImbalance: out by 3 cents\n\norder of no stock: No space left on device (os error 28)";
    assert_snapshot!(Env::new().obs_with_stdin(["runbook", "explain", "-q"], text.as_bytes()), @"
    error LedgerImbalance: out by 3 cents

    no pattern of the runbook fits the error itself; a line around it fits one

    disk-full · critical · runbook/dependencies.md:300
    by message: No space left on device (os error 28)

    There is no space left on a file system.

    Next: `df -h`, `du -xh / | sort -h | tail`. Logs and core files first; never a
    database's files.
    --- exit 0
    ");
}

#[test]
fn errors_without_a_link_are_shown_as_two_and_what_a_cause_explains_is_short() {
    let text = std::fs::read(shown("units-per-box-is-zero.logs.txt")).unwrap();
    assert_snapshot!(Env::new().obs_with_stdin(["runbook", "explain", "-q"], &text), @"
    error ReservationError: cannot reserve 2 of SKU-9
    cause PackingError: cannot pack SKU-9 into boxes
    cause DivisionByZero: attempt to divide 2 by zero: units_per_box is 0
    error InventoryError: inventory answered 500 Internal Server Error to POST /res…

    units-per-box-is-zero · critical · runbook/orders.md:5
    by type and message: units_per_box is 0

    An article's `units_per_box` is 0, so `inventory` cannot divide a quantity into
    boxes: `orders-api` stores the order and answers 500.

    Next: zero-boxes (index.md#find-articles-that-cannot-be-packed) lists the
    articles; set the number with set-units-per-box (index.md#set-units-per-box).
    The orders are stored with status `placed`: place their reservations again
    afterwards.

    inventory-answers-5xx · critical · runbook/orders.md:22
    by type and message: answered 500
    explained by units-per-box-is-zero: see there

    reservation-failed · warning · runbook/orders.md:206
    by type: ReservationError
    explained by units-per-box-is-zero: see there
    --- exit 0
    ");
}
