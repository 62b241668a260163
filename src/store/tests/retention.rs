//! What is removed, in which order, and what of it is seen.

use std::time::Duration;

use super::super::ingest::{Ids, Inserts, Known, Rows, store as store_row};
use super::super::retention::{bytes_used, mark, step};
use super::*;

const HOUR: i64 = 3_600_000_000_000;

/// A store over which the test has the clock.
struct Clocked {
    folder: tempfile::TempDir,
    removed: Removed,
}

impl Clocked {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), removed: Removed::default() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("store.sqlite")
    }

    fn write(&self, records: Vec<Record>) {
        // The writer has a clock of its own: by that nothing is old.
        let retention = Retention { age: Duration::MAX, ..Retention::default() };
        let writer = Writer::open(&self.path(), retention).unwrap();
        writer.write(records).unwrap();
    }

    /// Notes that what is there had come by `at`.
    fn mark(&self, at: i64) {
        let opened = schema::open_for_writing(&self.path()).unwrap();
        opened
            .connection
            .execute("DELETE FROM arrivals WHERE at_ns > 1000000000000000", [])
            .unwrap();
        mark(&opened.connection, &known(&opened.connection), UnixNanos(at)).unwrap();
    }

    /// Removes until there is no more to remove; returns in how many steps.
    fn remove(&self, retention: Retention, now: i64, rows_max: usize) -> usize {
        let opened = schema::open_for_writing(&self.path()).unwrap();
        let mut known = known(&opened.connection);
        let mut steps = 1;
        while step(
            &opened.connection,
            &mut known,
            retention,
            UnixNanos(now),
            rows_max,
            &self.removed,
        )
        .unwrap()
        {
            steps += 1;
            assert!(steps < 10_000, "it must end");
        }
        steps
    }

    fn count(&self, table: &str) -> i64 {
        let reader = Reader::open(&self.path()).unwrap();
        let sql = format!("SELECT count(*) FROM {table}");
        reader.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

fn known(connection: &rusqlite::Connection) -> Known {
    Known::new(Ids::read(connection).unwrap())
}

fn one_of_each(number: u8) -> Vec<Record> {
    vec![
        boxed_span(span(u64::from(number), Some(200))),
        Record::Log(Box::new(line("x", 1)), batch(u32::from(number))),
        Record::Event(
            Box::new(event(number, &"no price".repeat(usize::from(number)))),
            b"{}".to_vec(),
        ),
    ]
}

fn aged(hours: u64) -> Retention {
    Retention { age: Duration::from_secs(hours * 3_600), ..Retention::default() }
}

#[test]
fn what_came_too_long_ago_goes_and_its_issue_too() {
    let store = Clocked::new();
    store.write(one_of_each(1));
    store.mark(HOUR);
    store.write(one_of_each(2));
    store.mark(3 * HOUR);
    store.remove(aged(2), 2 * HOUR, 10);
    assert_eq!(store.count("spans"), 2, "nothing is two hours old yet");
    store.remove(aged(2), 4 * HOUR, 10);
    for table in ["spans", "logs", "events", "issues"] {
        assert_eq!(store.count(table), 1, "{table}");
    }
    assert_eq!(store.removed.of(RecordKind::Span), 1);
    assert_eq!(store.removed.of(RecordKind::Event), 1);
    assert_eq!(store.removed.of(RecordKind::Metric), 0);
}

#[test]
fn a_removed_issue_leaves_its_number_free_for_nobody() {
    let store = Clocked::new();
    store.write(one_of_each(1));
    store.mark(HOUR);
    store.remove(aged(1), 9 * HOUR, 10);
    assert_eq!((store.count("issues"), store.count("resources")), (0, 0));
    store.write(one_of_each(1));
    let issues = Reader::open(&store.path()).unwrap().issues(UnixNanos(0), 9).unwrap();
    assert_eq!(issues[0].id, "ORDERS-API-2");
}

#[test]
fn a_follower_sees_what_comes_after_everything_was_removed() {
    let store = Clocked::new();
    store.write(one_of_each(1));
    store.mark(HOUR);
    let all = LogQuery { limit: 9, ..LogQuery::default() };
    let position = Reader::open(&store.path()).unwrap().logs(&all).unwrap().position;
    store.remove(aged(1), 9 * HOUR, 10);
    let after = LogQuery { after: Some(position), ..all };
    let page = Reader::open(&store.path()).unwrap().logs(&after).unwrap();
    assert_eq!((page.records.len(), page.position), (0, position));
    store.write(one_of_each(2));
    let page = Reader::open(&store.path()).unwrap().logs(&after).unwrap();
    assert_eq!((page.records.len(), page.position), (1, position + 1));
}

#[test]
fn a_file_that_is_too_large_loses_its_oldest_rows_in_small_steps() {
    let store = Clocked::new();
    for numbers in [1..=500_u64, 501..=1000] {
        store.write(numbers.map(|number| boxed_span(span(number, Some(200)))).collect());
        store.mark(if store.count("spans") == 500 { HOUR } else { 2 * HOUR });
    }
    let used = bytes_used(&Reader::open(&store.path()).unwrap().connection).unwrap();
    let size = std::fs::metadata(store.path()).unwrap().len();
    let retention = Retention { bytes: used * 3 / 4, ..Retention::default() };
    assert!(store.remove(retention, 3 * HOUR, 50) > 3);
    let left = store.count("spans");
    assert!((50..950).contains(&left), "{left}");
    let reader = Reader::open(&store.path()).unwrap();
    assert!(bytes_used(&reader.connection).unwrap() <= retention.bytes);
    let first: i64 =
        reader.connection.query_row("SELECT min(id) FROM spans", [], |row| row.get(0)).unwrap();
    assert_eq!(first, 1001 - left, "the oldest went");
    // What they used is used again.
    store.write((2000..=2300).map(|number| boxed_span(span(number, Some(200)))).collect());
    assert!(std::fs::metadata(store.path()).unwrap().len() <= size + 65_536);
}

#[test]
fn a_bound_smaller_than_the_empty_tables_ends_with_none() {
    let store = Clocked::new();
    store.write(one_of_each(1));
    store.remove(Retention { bytes: 1, ..Retention::default() }, i64::MAX / 2, 10);
    assert_eq!((store.count("spans"), store.count("logs")), (0, 0));
}

#[test]
fn the_writer_removes_while_it_takes_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let retention = Retention { bytes: 1 << 20, ..Retention::default() };
    let writer = Writer::open(&path, retention).unwrap();
    for round in 0..80_u64 {
        let spans = (1..=200).map(|n| boxed_span(span(round * 200 + n, Some(200)))).collect();
        assert_eq!(writer.write(spans).unwrap().all_new(), 200);
    }
    assert!(writer.removed().of(RecordKind::Span) > 0);
    drop(writer);
    let reader = Reader::open(&path).unwrap();
    let newest = reader.trace(TraceId::from_hex(REQUEST).unwrap()).unwrap();
    assert!(newest.contains(&span(16_000, Some(200))));
    let used = bytes_used(&reader.connection).unwrap();
    // What comes between two looks is more for a while; all of it would be 2.4 MiB.
    assert!(used < retention.bytes + (1 << 20), "{used}");
}

#[test]
fn what_came_last_gets_old_too_when_nothing_comes_after_it() {
    let store = Clocked::new();
    store.write(one_of_each(1));
    store.mark(HOUR);
    store.write(one_of_each(2));
    // Their writer's clock is the real one: the marks that it made are taken away.
    let opened = schema::open_for_writing(&store.path()).unwrap();
    opened.connection.execute("DELETE FROM arrivals WHERE at_ns > ?1", [HOUR]).unwrap();
    drop(opened);
    let keep = Retention { age: Duration::from_secs(3), ..Retention::default() };
    store.remove(keep, HOUR + 60_000_000_000, 100);
    assert_eq!(store.count("logs"), 1, "the second came within the minute");
    store.remove(keep, HOUR + 120_000_000_000, 100);
    assert_eq!((store.count("logs"), store.count("spans")), (0, 0));
}

#[test]
fn a_trace_goes_with_its_last_span_and_may_come_again() {
    let store = Clocked::new();
    let opened = schema::open_for_writing(&store.path()).unwrap();
    let connection = &opened.connection;
    let mut known = known(connection);
    let write = |known: &mut Known, number| {
        let rows = Rows::of(vec![boxed_span(span(number, Some(200)))]).unwrap();
        let mut inserts = Inserts::new(connection);
        store_row(&mut inserts, known, &rows.rows[0]).unwrap();
    };
    write(&mut known, 1);
    write(&mut known, 2);
    connection.execute("DELETE FROM arrivals", []).unwrap();
    mark(connection, &known, UnixNanos(HOUR)).unwrap();
    let remove = |known: &mut Known, rows| {
        step(connection, known, aged(1), UnixNanos(3 * HOUR), rows, &store.removed).unwrap();
    };
    remove(&mut known, 1);
    assert_eq!((store.count("spans"), store.count("traces")), (1, 1));
    remove(&mut known, 1);
    assert_eq!((store.count("spans"), store.count("traces")), (0, 0));
    write(&mut known, 3);
    let trace = Reader::open(&store.path()).unwrap().trace(TraceId::from_hex(REQUEST).unwrap());
    assert_eq!(trace.unwrap(), [span(3, Some(200))]);
}
