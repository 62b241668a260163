//! A log file that is stored as it grows, step by step.

use std::io::Write as _;
use std::sync::atomic::AtomicBool;

use super::super::tail::{Tail, tail};
use super::*;
use crate::model::{LogQuery, LogRecord};

fn append(file: &Path, text: &str) {
    let mut file = std::fs::File::options().append(true).create(true).open(file).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn records(served: &Served) -> Vec<LogRecord> {
    let query = LogQuery { limit: 1_000, ..LogQuery::default() };
    let mut records = served.reader().logs(&query).unwrap().records;
    records.sort_by_key(|record| record.line);
    records
}

fn messages(served: &Served) -> Vec<String> {
    records(served).into_iter().map(|record| record.message).collect()
}

#[test]
fn a_growing_file_is_stored_once_also_after_a_restart() {
    let served = Served::new();
    let file = served.folder.path().join("app.log");
    let mut first = Tail::new(&file);
    assert_eq!(first.step(&served.backend).unwrap(), 0, "not there yet");
    append(&file, "one\ntwo\ntw");
    assert_eq!(first.step(&served.backend).unwrap(), 2);
    assert_eq!(messages(&served), ["one", "two"]);
    append(&file, "o\n{\"message\":\"four\",\"timestamp\":\"2026-11-22T06:30:00Z\"}\n");
    first.step(&served.backend).unwrap();
    assert_eq!(messages(&served), ["one", "two", "two", "four"]);
    let mut restarted = Tail::new(&file);
    assert_eq!(restarted.step(&served.backend).unwrap(), 4);
    append(&file, "five\n");
    restarted.step(&served.backend).unwrap();
    assert_eq!(messages(&served), ["one", "two", "two", "four", "five"]);
}

#[test]
fn a_traceback_written_piece_by_piece_is_one_record_also_after_a_restart() {
    let pieces = [
        "request failed\n",
        "Traceback (most recent call last):\n",
        "  File \"app.py\", line 121, in stock\n",
        "ZeroDivisionError: division by zero\n",
    ];
    let served = Served::new();
    let file = served.folder.path().join("app.log");
    let mut growing = Tail::new(&file);
    for piece in pieces {
        append(&file, piece);
        growing.step(&served.backend).unwrap();
    }
    append(&file, "next\n");
    growing.step(&served.backend).unwrap();
    Tail::new(&file).step(&served.backend).unwrap();
    let stored = records(&served);
    assert_eq!(messages(&served), ["request failed", "next"]);
    assert_eq!(stored[0].exception.as_deref(), Some(pieces[1..].concat().trim_end()));
}

#[test]
fn equal_lines_of_two_files_are_two_records() {
    let served = Served::new();
    for name in ["a.log", "b.log"] {
        let file = served.folder.path().join(name);
        append(&file, "same\n");
        Tail::new(&file).step(&served.backend).unwrap();
    }
    assert_eq!(messages(&served), ["same", "same"]);
}

#[test]
fn what_was_written_before_the_stop_is_stored() {
    let served = Served::new();
    let file = served.folder.path().join("app.log");
    append(&file, "last words\n");
    let stop = Arc::new(AtomicBool::new(true));
    let failed = |reason| panic!("{reason}");
    tail(Arc::clone(&served.backend), file, stop, failed).unwrap().join().unwrap();
    assert_eq!(messages(&served), ["last words"]);
}
