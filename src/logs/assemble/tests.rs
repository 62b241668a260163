use std::sync::Arc;

use super::super::{Condition, Scan};
use super::*;

fn records(text: &str, filter: &LogFilter) -> Vec<LogRecord> {
    let mut records = Vec::new();
    let mut scan = Scan::new(text.as_bytes(), "app.log", filter);
    let scanned = scan.go_on(&mut |found| {
        records.push(found.into_record());
        Ok(ControlFlow::Continue(()))
    });
    scanned.unwrap();
    assert_eq!(scan.count().matched, records.len() as u64);
    records
}

const LOG: &str = "{\"message\":\"a\",\"request_id\":\"r1\"}\n\
    Traceback (most recent call last):\n  File \"app.py\", line 1\n    1 / 0\n\
    ZeroDivisionError: division by zero\n\nThe above exception was the direct cause of:\n\n\
    Traceback (most recent call last):\n  File \"app.py\", line 2\norders.StockError\n\
    \n  {\"message\":\"b\",\"request_id\":\"r1\"}\nKeyError: no part of it\n";

#[test]
fn a_traceback_belongs_to_the_record_above_it() {
    let filter = LogFilter { correlation: Some("r1".parse().unwrap()), ..LogFilter::default() };
    let found = records(LOG, &filter);
    let [first, second] = found.as_slice() else { panic!("{found:?}") };
    let exception = first.exception.as_deref().unwrap();
    assert!(exception.starts_with("Traceback") && exception.ends_with("\norders.StockError"));
    let raw = String::from_utf8(first.raw.clone().unwrap()).unwrap();
    assert!(raw.ends_with("\norders.StockError\n"), "{raw}");
    assert_eq!((second.message.as_str(), second.line, &second.exception), ("b", 13, &None));
}

#[test]
fn a_traceback_goes_with_the_record_that_did_not_match() {
    let filter = LogFilter { service: Some("x".to_owned()), ..LogFilter::default() };
    assert_eq!(records(LOG, &filter).len(), 0);
    let all = records(LOG, &LogFilter::default());
    let messages: Vec<&str> = all.iter().map(|record| record.message.as_str()).collect();
    assert_eq!(messages, ["a", "b", "KeyError: no part of it"]);
}

fn by_condition(text: &str) -> LogFilter {
    let condition = Condition::parse(text, &jiff::Zoned::default()).unwrap();
    LogFilter { condition: Some(Arc::new(condition)), ..LogFilter::default() }
}

#[test]
fn a_condition_is_held_against_a_record_with_its_traceback_and_its_place() {
    for (condition, lines) in [
        ("exception ~ \"StockError$\"", &[1][..]),
        ("exc_info ~ ZeroDivision", &[1]),
        ("not exists(exception)", &[13, 14]),
        ("line > 1 and source = app.log", &[13, 14]),
        ("exception ~ \"no part\"", &[]),
    ] {
        let found = records(LOG, &by_condition(condition));
        let found: Vec<u64> = found.iter().map(|record| record.line).collect();
        assert_eq!(found, lines, "{condition}");
    }
}

#[test]
fn a_record_that_only_mentions_the_id_is_counted_if_its_traceback_is_asked_for() {
    let log = "{\"msg\":\"of r1\"}\n  File \"a\"\nKeyError: 'a'\n{\"msg\":\"of r1\"}\n";
    let correlation = Some("r1".parse().unwrap());
    let filter = LogFilter { correlation, ..by_condition("exception ~ KeyError") };
    let mut scan = Scan::new(log.as_bytes(), "", &filter);
    scan.go_on(&mut |found| panic!("{found:?}")).unwrap();
    assert_eq!(scan.count().elsewhere, 1);
}

#[test]
fn what_comes_to_a_record_of_whose_traceback_too_little_had_come_is_left_out_with_it() {
    let messages = |condition: &str| -> Vec<String> {
        let found = in_pieces(&PIECES, &by_condition(condition));
        found.into_iter().map(|record| record.message).collect()
    };
    assert_eq!(messages("exception ~ KeyError"), Vec::<String>::new());
    assert_eq!(messages("not exists(exception)"), ["boom", "", "", "next"]);
}

#[test]
fn a_traceback_without_end_is_bounded_and_counted() {
    let log = format!("{{\"msg\":\"a\"}}\n{}", format!("  {}\n", "x".repeat(1000)).repeat(2000));
    let filter = LogFilter::default();
    let mut assembler = Assembler::new("", &filter);
    let mut sink = |record: LogRecord| {
        assert!(record.exception.unwrap().len() <= EXCEPTION_BYTES_MAX);
        Ok(ControlFlow::Continue(()))
    };
    for line in log.lines() {
        assert!(assembler.line(line.as_bytes(), 1, &mut sink).unwrap().is_continue());
    }
    assert!(assembler.flush(&mut sink).unwrap().is_continue());
    assert!(assembler.count.cut > 900, "{:?}", assembler.count);
}

#[test]
fn a_traceback_that_nothing_stands_before_is_a_record_of_its_own() {
    let text =
        "Traceback (most recent call last):\n  File \"app.py\", line 1\nKeyError: 'a'\nnext\n";
    let found = records(text, &LogFilter::default());
    let messages: Vec<&str> = found.iter().map(|record| record.message.as_str()).collect();
    assert_eq!(messages, ["Traceback (most recent call last):", "next"]);
    assert!(found[0].exception.as_deref().unwrap().ends_with("KeyError: 'a'"));
}

/// Gives each piece and flushes, as a follower does in between.
fn in_pieces(pieces: &[&str], filter: &LogFilter) -> Vec<LogRecord> {
    let mut assembler = Assembler::new("app.log", filter);
    let mut found = Vec::new();
    let mut sink = |record: LogRecord| {
        found.push(record);
        Ok(ControlFlow::Continue(()))
    };
    let mut number = 0;
    for piece in pieces {
        for line in piece.lines() {
            number += 1;
            assert!(assembler.line(line.as_bytes(), number, &mut sink).unwrap().is_continue());
        }
        assert!(assembler.flush(&mut sink).unwrap().is_continue());
    }
    found
}

const PIECES: [&str; 4] = [
    "{\"level\":\"error\",\"msg\":\"boom\",\"request_id\":\"r1\"}",
    "Traceback (most recent call last):\n  File \"a\"",
    "  File \"b\"\nKeyError: 'a'",
    "{\"level\":\"error\",\"msg\":\"next\"}",
];

#[test]
fn a_traceback_that_comes_after_its_record_was_given_follows_under_its_level_and_ids() {
    let level = Some(crate::model::Severity::Error);
    let filter = LogFilter { level, ..LogFilter::default() };
    let found = in_pieces(&PIECES, &filter);
    let of = |record: &LogRecord| (record.message.clone(), record.exception.clone(), record.line);
    let words = |text: &str| Some(text.to_owned());
    assert_eq!(
        found.iter().map(of).collect::<Vec<_>>(),
        [
            ("boom".to_owned(), None, 1),
            (String::new(), words("Traceback (most recent call last):\n  File \"a\""), 2),
            (String::new(), words("  File \"b\"\nKeyError: 'a'"), 4),
            ("next".to_owned(), None, 6),
        ]
    );
    assert_eq!((found[2].level, found[2].request_id.as_deref()), (level, Some("r1")));
    assert_eq!(found[2].raw.as_deref(), Some(PIECES[2].as_bytes()));
}

#[test]
fn a_traceback_that_comes_after_its_record_was_left_out_is_left_out() {
    let level = Some(crate::model::Severity::Fatal);
    let filter = LogFilter { level, ..LogFilter::default() };
    assert_eq!(in_pieces(&PIECES, &filter).len(), 0);
}

/// Returns the message of each record, and how many lines its traceback has.
fn shapes(log: &str) -> Vec<(String, usize)> {
    let shape = |record: LogRecord| {
        let lines = record.exception.as_deref().map_or(0, |text| text.lines().count());
        (record.message, lines)
    };
    records(log, &LogFilter::default()).into_iter().map(shape).collect()
}

#[test]
fn tracebacks_of_other_languages_belong_to_the_record_above_too() {
    for (log, expected) in [
        (
            "2026-11-22 06:30:00.123 [main] ERROR c.a.Db - late\n\
             java.lang.IllegalStateException: pool\n\tat a.B.c(B.java:7)\n\
             Caused by: java.io.IOException: closed\n\t... 3 more\n\
             2026-11-22 06:30:00.124 [main] INFO c.a.Db - next\n",
            &[("late", 4), ("next", 0)][..],
        ),
        (
            "{\"level\":\"error\",\"msg\":\"late\"}\n    at f (/app/a.js:1:2)\n    at g (/app/a.js:3:4) {\n  \
             code: 'E'\n}\n{\"msg\":\"next\"}\n",
            &[("late", 4), ("next", 0)],
        ),
        (
            "panic: runtime error: index out of range\n[signal SIGSEGV: segmentation violation]\n\n\
             goroutine 1 [running]:\nmain.f(...)\n\t/app/main.go:7 +0x1d\nmain.main()\n\
             \t/app/main.go:12 +0x25\nexit status 2\nlistening (again)\n",
            &[("panic: runtime error: index out of range", 8), ("listening (again)", 0)],
        ),
        (
            "2026/11/22 06:30:00 http: panic serving 127.0.0.1:1: late\ngoroutine 7 [running]:\n\
             net/http.(*conn).serve(0xc0, {0x6f, 0xc0})\n\t/go/server.go:3 +0x1\n\
             created by net/http.Serve in goroutine 1\n\t/go/server.go:9 +0x2\nmain.go: ready()\n",
            &[("panic serving 127.0.0.1:1: late", 5), ("main.go: ready()", 0)],
        ),
        (
            "ERROR:app:late\n   at A.B.C() in B.cs:line 7\n\
             --- End of stack trace from previous location ---\n   at A.D()\nnext\n",
            &[("late", 3), ("next", 0)],
        ),
        (
            "ERROR:app:late\n\tfrom app.rb:7:in `<main>'\n}\n{\n}\n",
            &[("late", 2), ("{", 0), ("}", 0)],
        ),
    ] {
        let expected: Vec<(String, usize)> =
            expected.iter().map(|(message, lines)| ((*message).to_owned(), *lines)).collect();
        assert_eq!(shapes(log), expected, "{log}");
    }
}
