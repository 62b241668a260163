use crate::runbook::{Evidence, Link};

/// The chain as `type: message`, outermost first.
fn chain(text: &str) -> Vec<String> {
    let mut evidence = Evidence::default();
    evidence.add_text(text);
    let line = |link: &Link| format!("{}: {}", link.kind, link.message);
    evidence.chain.iter().map(line).collect()
}

const PYTHON: &str = "\
Traceback (most recent call last):
  File \"/srv/app/pay.py\", line 7, in pay
    charge(total)
    ~~~~~~^^^^^^^
redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused.

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File \"/srv/app/api.py\", line 30, in post
    pay(order)
PaymentFailed: order 7
";

#[test]
fn a_python_chain_is_turned_round_so_that_the_outermost_is_first() {
    let wanted = [
        "PaymentFailed: order 7",
        "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused.",
    ];
    assert_eq!(chain(PYTHON), wanted);
    assert_eq!(chain(&PYTHON.replace('\n', "\r\n")), wanted, "Windows line ends");
    let colored = PYTHON
        .replace("  File", "\u{1b}[1;35m  File\u{1b}[0m")
        .replace("order 7", "\u{1b}]8;;x\u{7}order 7");
    assert_eq!(chain(&colored), wanted, "escape sequences");
}

#[test]
fn a_traceback_may_begin_in_its_middle() {
    let cut = PYTHON.split_once("charge").unwrap().1;
    assert_eq!(chain(cut).len(), 2, "{:?}", chain(cut));
}

#[test]
fn a_traceback_that_ends_in_its_middle_says_so() {
    let mut evidence = Evidence::default();
    evidence.add_text(PYTHON.split_once("    pay(order)").unwrap().0);
    assert!(evidence.cut);
    assert_eq!(evidence.chain.len(), 1);
    let mut whole = Evidence::default();
    whole.add_text(PYTHON);
    assert!(!whole.cut);
}

#[test]
fn the_lines_below_an_exception_are_its_message() {
    let text = "sqlalchemy.exc.OperationalError: (psycopg.errors.DeadlockDetected) deadlock detected\n\
                DETAIL:  Process 1 waits for ShareLock\n[SQL: update t]";
    assert_eq!(
        chain(text),
        [
            "sqlalchemy.exc.OperationalError: (psycopg.errors.DeadlockDetected) deadlock detected\n\
             DETAIL:  Process 1 waits for ShareLock\n[SQL: update t]",
            "psycopg.errors.DeadlockDetected: deadlock detected\n\
             DETAIL:  Process 1 waits for ShareLock\n[SQL: update t]",
        ]
    );
}

#[test]
fn java_rust_and_javascript_are_read_too() {
    let java = "Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat a.B.c(B.java:7)\n\
                Caused by: java.net.ConnectException: refused\n\t... 3 more";
    assert_eq!(
        chain(java),
        ["java.lang.IllegalStateException: no", "java.net.ConnectException: refused"]
    );
    let panic = "thread 'main' panicked at src/main.rs:3:5:\nindex out of bounds\nnote: run with `RUST_BACKTRACE=1`";
    assert_eq!(chain(panic), ["panic: index out of bounds"]);
    let anyhow =
        "Error: cannot start\n\nCaused by:\n    0: cannot read x\n    1: No such file (os error 2)";
    assert_eq!(
        chain(anyhow),
        ["Error: cannot start", ": cannot read x", ": No such file (os error 2)"]
    );
    let node =
        "TypeError: x is not a function\n    at run (/srv/a.js:1:2) {\n  [cause]: Error: deep\n}";
    assert_eq!(chain(node)[..2], ["TypeError: x is not a function", "Error: deep"]);
}

#[test]
fn what_a_logger_writes_before_the_exception_is_passed_over() {
    let line = "2026-11-22 12:30:01,123 ERROR app: sqlalchemy.exc.TimeoutError: QueuePool limit";
    assert_eq!(chain(line), ["sqlalchemy.exc.TimeoutError: QueuePool limit"]);
}

#[test]
fn a_plain_line_is_no_exception() {
    for line in ["LOG:  duration: 5021.113 ms", "12:30: all is well", "Host: a", "GET /health 200"]
    {
        assert_eq!(chain(line), Vec::<String>::new(), "{line}");
    }
}

/// How many of the chain begin an error of their own.
fn errors(text: &str) -> usize {
    let mut evidence = Evidence::default();
    evidence.add_text(text);
    evidence.chain.iter().filter(|link| !link.is_cause).count()
}

#[test]
fn a_cause_is_one_only_in_the_languages_own_words() {
    assert_eq!(errors(PYTHON), 1);
    let two =
        PYTHON.replace("The above exception was the direct cause of the following", "And then");
    assert_eq!(errors(&two), 2);
    assert_eq!(errors("ValueError: a\nKeyError: b\nr2d2::Error: timed out"), 3);
    assert_eq!(errors("ValueError: a\n\nKeyError: b"), 2);
    assert_eq!(errors("Error: a\n\nCaused by:\n    0: b\n    1: KeyError: c\n\nKeyError: d"), 2);
    let after = "Error: a\n\nCaused by:\n    the disk\nready";
    assert_eq!(chain(after), ["Error: a", ": the disk"]);
}

#[test]
fn numbered_causes_below_an_empty_error_are_its_causes() {
    let text =
        "Error:\n   0: cannot start\n   1: db::Error: no pool\n\nLocation:\n   src/main.rs:7";
    assert_eq!(chain(text), ["Error: ", ": cannot start", "db::Error: no pool"]);
    assert_eq!(errors(text), 1);
}

#[test]
fn the_members_of_a_group_are_its_causes() {
    let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1\n  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: a\n    +---------------- 2 ----------------\n    | KeyError: b\n    +------------------------------------";
    assert_eq!(
        chain(text),
        ["ExceptionGroup: two (2 sub-exceptions)", "ValueError: a", "KeyError: b"]
    );
    assert_eq!(errors(text), 1);
}

#[test]
fn a_panic_of_go_is_read_without_its_frames() {
    let text = "panic: runtime error: index out of range [5]\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/a.go:7 +0x1d\n\nValueError: x";
    assert_eq!(chain(text), ["panic: runtime error: index out of range [5]", "ValueError: x"]);
}

#[test]
fn a_traceback_that_is_quoted_indented_or_prefixed_is_whole() {
    for prefix in ["api-1  | ", "> ", "    ", "\t", "Nov 22 18:40:33 host api[7]: "] {
        let lines = PYTHON.lines().map(|line| [prefix, line, "\n"].concat());
        let text = lines.collect::<Vec<_>>().concat();
        let mut evidence = Evidence::default();
        evidence.add_text(&text);
        assert!(!evidence.cut, "{prefix}");
        assert_eq!(chain(&text), chain(PYTHON), "{prefix}");
    }
    let below = format!("it said:\n\n    {}", PYTHON.replace('\n', "\n    "));
    assert_eq!(chain(&below), chain(PYTHON));
}
