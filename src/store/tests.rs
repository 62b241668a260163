//! The store against itself: what goes in comes out, once.

use super::*;
use crate::model::{
    ErrorEvent, Exception, LogQuery, LogRecord, Severity, Span, SpanId, SpanKind, SpanStatus,
    TraceId, UnixNanos,
};

mod failures;
mod migration;
mod order;
mod pressure;
mod retention;

const REQUEST: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";

fn span(number: u64, end: Option<i64>) -> Span {
    Span {
        trace_id: TraceId::from_hex(REQUEST).unwrap(),
        span_id: SpanId::new(number).unwrap(),
        parent: None,
        name: "GET /".to_owned(),
        kind: SpanKind::Server,
        service: "orders-api".to_owned(),
        start: UnixNanos(100),
        end: end.map(UnixNanos),
        status: SpanStatus::Unset,
        status_message: String::new(),
        attributes: vec![],
        events: vec![],
        links: vec![],
        resource: [].into(),
        scope: String::new(),
    }
}

fn line(message: &str, time: i64) -> LogRecord {
    LogRecord {
        time: Some(UnixNanos(time)),
        level: Some(Severity::Error),
        message: message.to_owned(),
        request_id: Some("req_8fK2".to_owned()),
        trace_id: Some("018f3c1e9b7a7c448d215a0b6f4e2d12".to_owned()),
        ..LogRecord::default()
    }
}

fn batch(index: u32) -> LogOrigin {
    LogOrigin::Batch { request: [7; 16], index, received: UnixNanos(5) }
}

fn event(id: u8, value: &str) -> ErrorEvent {
    ErrorEvent {
        event_id: format!("{id:032x}"),
        time: UnixNanos(i64::from(id)),
        service: "orders-api".to_owned(),
        request_id: Some(REQUEST.to_owned()),
        exceptions: vec![Exception {
            kind: "E".to_owned(),
            value: value.to_owned(),
            ..Exception::default()
        }],
        ..ErrorEvent::default()
    }
}

struct Scratch {
    folder: tempfile::TempDir,
    writer: Writer,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer =
            Writer::open(&folder.path().join("store.sqlite"), Retention::default()).unwrap();
        Self { folder, writer }
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.folder.path().join("store.sqlite")).unwrap()
    }
}

fn boxed_span(span: Span) -> Record {
    Record::Span(Box::new(span))
}

#[test]
fn a_span_stored_twice_is_one_span() {
    let store = Scratch::new();
    let records = vec![boxed_span(span(1, Some(200))), boxed_span(span(2, Some(200)))];
    let stored = store.writer.write(records.clone()).unwrap();
    assert_eq!((stored.all_new(), stored.all_repeated()), (2, 0));
    let stored = store.writer.write(records).unwrap();
    assert_eq!((stored.all_new(), stored.all_repeated()), (0, 2));
    assert_eq!(store.reader().trace(TraceId::from_hex(REQUEST).unwrap()).unwrap().len(), 2);
}

#[test]
fn the_ended_span_wins_in_either_order() {
    for order in [[None, Some(300)], [Some(300), None]] {
        let store = Scratch::new();
        for end in order {
            store.writer.write(vec![boxed_span(span(1, end))]).unwrap();
        }
        let stored = store.reader().trace(TraceId::from_hex(REQUEST).unwrap()).unwrap();
        assert_eq!(stored, vec![span(1, Some(300))]);
    }
}

#[test]
fn a_batch_of_lines_sent_again_stores_nothing_new() {
    let store = Scratch::new();
    let equal = |index| Record::Log(Box::new(line("same", 1)), batch(index));
    assert_eq!(store.writer.write(vec![equal(0), equal(1)]).unwrap().all_new(), 2);
    assert_eq!(store.writer.write(vec![equal(0), equal(1)]).unwrap().all_new(), 0);
}

#[test]
fn lines_are_found_by_request_by_trace_and_by_level() {
    let store = Scratch::new();
    let records =
        (0..3).map(|n| Record::Log(Box::new(line("x", i64::from(n))), batch(n))).collect();
    store.writer.write(records).unwrap();
    for id in ["req_8fK2", "018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D12"] {
        let query = LogQuery { ids: vec![id.to_owned()], limit: 10, ..LogQuery::default() };
        assert_eq!(store.reader().logs(&query).unwrap().records.len(), 3, "{id}");
    }
    let fatal = LogQuery { level: Some(Severity::Fatal), limit: 10, ..LogQuery::default() };
    assert!(store.reader().logs(&fatal).unwrap().records.is_empty());
}

#[test]
fn a_page_that_is_full_says_so_and_keeps_the_latest() {
    let store = Scratch::new();
    let records =
        (0..5).map(|n| Record::Log(Box::new(line("x", i64::from(n))), batch(n))).collect();
    store.writer.write(records).unwrap();
    let query = LogQuery { limit: 2, ..LogQuery::default() };
    let page = store.reader().logs(&query).unwrap();
    let times: Vec<_> = page.records.iter().map(|record| record.time.unwrap().0).collect();
    assert_eq!((times, page.truncated, page.position), (vec![3, 4], true, 5));
}

#[test]
fn following_continues_after_the_position() {
    let store = Scratch::new();
    store.writer.write(vec![Record::Log(Box::new(line("a", 9)), batch(0))]).unwrap();
    let first = store.reader().logs(&LogQuery { limit: 9, ..LogQuery::default() }).unwrap();
    store.writer.write(vec![Record::Log(Box::new(line("b", 1)), batch(1))]).unwrap();
    let query = LogQuery { after: Some(first.position), limit: 9, ..LogQuery::default() };
    let next = store.reader().logs(&query).unwrap();
    assert_eq!(next.records.len(), 1);
    assert_eq!((next.records[0].message.as_str(), next.position), ("b", 2));
}

#[test]
fn events_are_grouped_and_found_by_their_request() {
    let store = Scratch::new();
    let records =
        [event(1, "no price for SKU-1"), event(2, "no price for SKU-2"), event(2, "again")];
    let records =
        records.into_iter().map(|event| Record::Event(Box::new(event), b"{}".to_vec())).collect();
    let stored = store.writer.write(records).unwrap();
    assert_eq!((stored.all_new(), stored.all_repeated()), (2, 1));
    let reader = store.reader();
    let issues = reader.issues(UnixNanos(0), 10).unwrap();
    assert_eq!(issues.len(), 1);
    assert_eq!((issues[0].id.as_str(), issues[0].events), ("ORDERS-API-1", 2));
    assert_eq!(issues[0].title, "E: no price for SKU-2");
    assert_eq!(reader.events_of(&[REQUEST.to_owned()]).unwrap().len(), 2);
    assert_eq!(reader.issue("orders-api-1").unwrap().as_ref(), Some(&issues[0]));
    assert_eq!(reader.issue("orders-api-9").unwrap(), None);
    assert_eq!(reader.issue_events("ORDERS-API-1", 1).unwrap()[0].event_id, format!("{:032x}", 2));
}

#[test]
fn ids_are_values_and_never_sql() {
    let store = Scratch::new();
    let hostile = "'; DROP TABLE spans; --".to_owned();
    let reader = store.reader();
    assert!(reader.events_of(std::slice::from_ref(&hostile)).unwrap().is_empty());
    let query = LogQuery { ids: vec![hostile], limit: 1, ..LogQuery::default() };
    assert!(reader.logs(&query).unwrap().records.is_empty());
    assert!(reader.trace(TraceId::from_hex(REQUEST).unwrap()).unwrap().is_empty());
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let store = Scratch::new();
    let path = store.folder.path().join("store.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = Writer::open(&path, Retention::default()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }));
    assert!(error.remedy().unwrap().contains("--store FILE"));
    assert!(matches!(Reader::open(&path), Err(StoreError::Newer { found: 99, .. })));
}

#[test]
fn a_store_that_cannot_be_made_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Writer::open(&file.join("store.sqlite"), Retention::default()).unwrap_err();
    assert!(error.to_string().contains("store.sqlite"), "{error}");
}

#[test]
fn a_line_of_a_file_gets_the_traceback_that_came_later_and_keeps_it() {
    let store = Scratch::new();
    let begun = LogRecord {
        message: "failed".to_owned(),
        source: "app.log".to_owned(),
        line: 3,
        raw: Some(b"failed".to_vec()),
        ..LogRecord::default()
    };
    let exception = Some("Traceback…".to_owned());
    let whole = LogRecord { exception, raw: Some("failed\nTraceback…".into()), ..begun.clone() };
    for record in [&begun, &whole, &begun] {
        let origin = LogOrigin::File { file: [7; 16], offset: 3, received: UnixNanos(5) };
        store.writer.write(vec![Record::Log(Box::new(record.clone()), origin)]).unwrap();
    }
    let page = store.reader().logs(&LogQuery { limit: 9, ..LogQuery::default() }).unwrap();
    assert_eq!(page.records.len(), 1);
    assert_eq!(page.records[0].exception, whole.exception);
}

#[test]
fn who_follows_the_log_sees_a_line_again_that_got_its_traceback() {
    let store = Scratch::new();
    let begun = LogRecord { raw: Some(b"failed".to_vec()), ..line("failed", 1) };
    let whole = LogRecord { exception: Some("Traceback".to_owned()), ..begun.clone() };
    let origin = LogOrigin::File { file: [7; 16], offset: 3, received: UnixNanos(5) };
    let write = |record: &LogRecord| {
        store.writer.write(vec![Record::Log(Box::new(record.clone()), origin)]).unwrap()
    };
    write(&begun);
    store.writer.write(vec![Record::Log(Box::new(line("other", 2)), batch(1))]).unwrap();
    let all = LogQuery { limit: 9, ..LogQuery::default() };
    let first = store.reader().logs(&all).unwrap();
    assert_eq!(first.records.len(), 2);
    write(&whole);
    let after = LogQuery { after: Some(first.position), ..all };
    let next = store.reader().logs(&after).unwrap();
    assert_eq!(next.records.len(), 1);
    assert_eq!(next.records[0].exception, whole.exception);
    // Delivered once more it is nothing new.
    write(&whole);
    let after = LogQuery { after: Some(next.position), ..after };
    assert!(store.reader().logs(&after).unwrap().records.is_empty());
}

#[test]
fn spans_of_several_processes_keep_what_each_said_about_itself() {
    let store = Scratch::new();
    let of_process = |number: u64, host: &str| {
        let mut span = span(number, Some(200));
        span.resource = [("host.name".to_owned(), host.into())].into();
        span.scope = "lib".to_owned();
        span
    };
    let spans = [of_process(1, "a"), of_process(2, "b"), of_process(3, "a")];
    store.writer.write(spans.iter().cloned().map(boxed_span).collect()).unwrap();
    let stored = store.reader().trace(TraceId::from_hex(REQUEST).unwrap()).unwrap();
    assert_eq!(stored, spans);
    let resources: i64 = store
        .reader()
        .connection
        .query_row("SELECT count(*) FROM resources", [], |row| row.get(0))
        .unwrap();
    assert_eq!(resources, 2);
}

#[test]
fn readers_that_wait_are_asked_again() {
    let store = Scratch::new();
    let readers = Readers::new(store.folder.path().join("store.sqlite"));
    let count =
        || readers.ask(|reader| reader.trace(TraceId::from_hex(REQUEST).unwrap())).unwrap().len();
    assert_eq!(count(), 0);
    store.writer.write(vec![boxed_span(span(1, None))]).unwrap();
    assert_eq!(count(), 1, "a reader that was kept sees what came since");
    assert!(readers.ask(|_| Err::<(), _>(StoreError::Closed)).is_err());
    assert_eq!(count(), 1);
}
