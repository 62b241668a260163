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
    assert_eq!(first.step(&served.backend).unwrap().lines, 0, "not there yet");
    append(&file, "one\ntwo\ntw");
    assert_eq!(first.step(&served.backend).unwrap().lines, 2);
    assert_eq!(messages(&served), ["one", "two"]);
    append(&file, "o\n{\"message\":\"four\",\"timestamp\":\"2026-11-22T06:30:00Z\"}\n");
    first.step(&served.backend).unwrap();
    assert_eq!(messages(&served), ["one", "two", "two", "four"]);
    let mut restarted = Tail::new(&file);
    assert_eq!(restarted.step(&served.backend).unwrap().lines, 4);
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

fn step(tail: &mut Tail, served: &Served) {
    while tail.step(&served.backend).unwrap().more {}
}

/// What is stored, in any order: line numbers begin anew with each file.
fn sorted(served: &Served) -> Vec<String> {
    let mut messages = messages(served);
    messages.sort();
    messages
}

#[test]
fn a_rotated_file_is_stored_once_also_after_a_restart() {
    let served = Served::new();
    let file = served.folder.path().join("app.log");
    append(&file, "banner\none\n");
    let mut first = Tail::new(&file);
    step(&mut first, &served);
    std::fs::rename(&file, served.folder.path().join("app.log.1")).unwrap();
    append(&file, "banner\ntwo\n");
    step(&mut first, &served);
    assert_eq!(sorted(&served), ["banner", "banner", "one", "two"]);
    step(&mut Tail::new(&file), &served);
    assert_eq!(sorted(&served), ["banner", "banner", "one", "two"]);
    let lines: Vec<u64> = records(&served).iter().map(|record| record.line).collect();
    assert_eq!(lines, [1, 1, 2, 2]);
}

#[test]
fn a_truncated_file_that_begins_alike_is_stored_once_also_after_a_restart() {
    let served = Served::new();
    let file = served.folder.path().join("app.log");
    append(&file, "banner\none\nmore\n");
    let mut first = Tail::new(&file);
    step(&mut first, &served);
    std::fs::write(&file, "banner\ntwo\n").unwrap();
    step(&mut first, &served);
    assert_eq!(sorted(&served), ["banner", "banner", "more", "one", "two"]);
    let mut restarted = Tail::new(&file);
    step(&mut restarted, &served);
    assert_eq!(sorted(&served), ["banner", "banner", "more", "one", "two"]);
    std::fs::write(&file, "banner\n").unwrap();
    step(&mut restarted, &served);
    assert_eq!(sorted(&served), ["banner", "banner", "banner", "more", "one", "two"]);
}

#[test]
fn files_of_one_name_in_two_folders_are_two_files() {
    let served = Served::new();
    for folder in ["a", "b"] {
        let folder = served.folder.path().join(folder);
        std::fs::create_dir(&folder).unwrap();
        append(&folder.join("app.log"), "same\n");
        // A relative path is called the same in every working directory.
        let mut tail = Tail::new(&folder.join("app.log"));
        tail.source = "app.log".to_owned();
        step(&mut tail, &served);
    }
    assert_eq!(messages(&served), ["same", "same"]);
}

#[test]
fn what_could_not_be_stored_is_stored_when_it_can_be() {
    let served = Served::new();
    let file = served.folder.path().join("app.log");
    append(&file, "one\n");
    let mut tail = Tail::new(&file);
    step(&mut tail, &served);
    let store = rusqlite::Connection::open(served.store()).unwrap();
    let refuse =
        "CREATE TRIGGER refuse BEFORE INSERT ON logs BEGIN SELECT raise(FAIL, 'full'); END";
    store.execute_batch(refuse).unwrap();
    append(&file, "two\nthree\n");
    assert!(tail.step(&served.backend).is_err());
    append(&file, "four\n");
    assert!(tail.step(&served.backend).is_err());
    store.execute_batch("DROP TRIGGER refuse").unwrap();
    step(&mut tail, &served);
    step(&mut tail, &served);
    assert_eq!(messages(&served), ["one", "two", "three", "four"]);
}

#[test]
fn a_failure_is_said_once_and_does_not_end_the_tail() {
    let served = Served::new();
    let file = served.folder.path().join("app.log");
    let store = rusqlite::Connection::open(served.store()).unwrap();
    let refuse =
        "CREATE TRIGGER refuse BEFORE INSERT ON logs BEGIN SELECT raise(FAIL, 'full'); END";
    store.execute_batch(refuse).unwrap();
    append(&file, "one\n");
    let stop = Arc::new(AtomicBool::new(false));
    let (said, hears) = std::sync::mpsc::channel();
    let failed = move |reason| said.send(reason).unwrap();
    let thread = tail(Arc::clone(&served.backend), file, Arc::clone(&stop), failed).unwrap();
    let reason: String = hears.recv().unwrap();
    assert!(reason.contains("app.log cannot be stored, trying again"), "{reason}");
    store.execute_batch("DROP TRIGGER refuse").unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while messages(&served).is_empty() && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    thread.join().unwrap();
    assert_eq!(messages(&served), ["one"]);
    assert_eq!(hears.try_iter().count(), 0);
}
