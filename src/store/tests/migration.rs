//! Files of older versions, with rows in them: opened, read and written.

use super::super::migrations::{METRICS_AND_ITEMS, NUMBERED_TRACES, ORDER_OF_ARRIVAL, TABLES};
use super::*;

/// Writes a file as version 1, 2 or 3 had it: two spans, two lines, two issues with an event each.
fn old_file(version: i64) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(TABLES).unwrap();
    if version > 1 {
        connection.execute_batch(METRICS_AND_ITEMS).unwrap();
        connection
            .execute(
                "INSERT INTO metrics (digest, time_ns, name, service, body)
                 VALUES (x'01', 1, 'up', 'orders-api', '{}')",
                [],
            )
            .unwrap();
    }
    for number in [1, 2_i64] {
        let span = span(number.unsigned_abs(), Some(200));
        connection
            .execute(
                "INSERT INTO spans VALUES (?1, ?2, 'server', NULL, 'orders-api', 'GET /', 100, 200, 0, ?3)",
                rusqlite::params![
                    span.trace_id.to_string(),
                    span.span_id.to_string(),
                    serde_json::to_string(&span).unwrap()
                ],
            )
            .unwrap();
        let line = line("old", number);
        connection
            .execute(
                "INSERT INTO logs VALUES (?1, ?2, ?1, 4, NULL, 'req_8fK2', NULL, ?3)",
                rusqlite::params![
                    number,
                    [number.to_be_bytes()[7]],
                    serde_json::to_string(&line).unwrap()
                ],
            )
            .unwrap();
        let event = event(u8::try_from(number).unwrap(), "old");
        connection
            .execute(
                "INSERT INTO issues VALUES (?1, ?2, ?3, 'orders-api')",
                rusqlite::params![
                    number,
                    [number.to_be_bytes()[7]],
                    format!("ORDERS-API-{}", number * 5)
                ],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO events VALUES (?1, ?2, ?2, 4, NULL, NULL, '', ?3, x'7b7d')",
                rusqlite::params![event.event_id, number, serde_json::to_string(&event).unwrap()],
            )
            .unwrap();
    }
    if version > 2 {
        connection.execute_batch(ORDER_OF_ARRIVAL).unwrap();
    }
    if version > 3 {
        connection.execute_batch(NUMBERED_TRACES).unwrap();
    }
    connection.pragma_update(None, "user_version", version).unwrap();
    (folder, path)
}

fn check(reader: &Reader, version: i64) {
    let trace = reader.trace(TraceId::from_hex(REQUEST).unwrap()).unwrap();
    assert_eq!(trace, [span(1, Some(200)), span(2, Some(200))], "version {version}");
    let page = reader.logs(&LogQuery { limit: 9, ..LogQuery::default() }).unwrap();
    assert_eq!((page.records.len(), page.position), (2, 2), "version {version}");
    let event = &reader.issue_events("ORDERS-API-10", 9).unwrap()[0];
    assert_eq!(event.event_id, format!("{:032x}", 2), "version {version}");
    assert_eq!(reader.failures(UnixNanos(0), 9).unwrap().len(), 4, "version {version}");
}

#[test]
fn an_older_file_is_read_as_it_is() {
    for version in [1, 2, 3, 4] {
        let (_folder, path) = old_file(version);
        check(&Reader::open(&path).unwrap(), version);
        let connection = rusqlite::Connection::open(&path).unwrap();
        let found: i64 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(found, version);
    }
}

#[test]
fn an_older_file_keeps_its_rows_when_it_is_written_again() {
    for version in [1, 2, 3, 4] {
        let (_folder, path) = old_file(version);
        let writer = Writer::open(&path, Retention::default()).unwrap();
        check(&Reader::open(&path).unwrap(), version);
        let repeated = vec![boxed_span(span(1, Some(200)))];
        assert_eq!(writer.write(repeated).unwrap().all_new(), 1);
        let new = Record::Event(Box::new(event(3, "new")), b"{}".to_vec());
        let records = vec![boxed_span(span(3, Some(200))), new];
        assert_eq!(writer.write(records).unwrap().all_new(), 2);
        let reader = Reader::open(&path).unwrap();
        assert_eq!(reader.trace(TraceId::from_hex(REQUEST).unwrap()).unwrap().len(), 3);
        // The numbers of short ids go on after the largest.
        assert_eq!(
            reader.events_of(&[format!("{:032x}", 3)]).unwrap()[0].issue_id,
            "ORDERS-API-11"
        );
        let metrics: i64 = reader
            .connection
            .query_row("SELECT count(*) FROM metrics", [], |row| row.get(0))
            .unwrap();
        assert_eq!(metrics, i64::from(version > 1));
    }
}

#[test]
fn an_old_span_that_is_sent_again_is_still_one() {
    for version in [2, 3] {
        let (_folder, path) = old_file(version);
        let writer = Writer::open(&path, Retention::default()).unwrap();
        for _ in 0..2 {
            writer.write(vec![boxed_span(span(1, Some(300)))]).unwrap();
        }
        let reader = Reader::open(&path).unwrap();
        let trace = reader.trace(TraceId::from_hex(REQUEST).unwrap()).unwrap();
        assert_eq!(trace, [span(1, Some(300)), span(2, Some(200))], "version {version}");
    }
}
