//! The same records in any order, in any batches and repeated, are the same rows.

use proptest::prelude::*;

use super::*;
use crate::model::{AttributeValue, Item, MetricKind, MetricPoint};

/// What is delivered: several of each kind, some of them versions of one thing.
fn records() -> Vec<Record> {
    let mut all = Vec::new();
    for number in 1..=3_u64 {
        for end in [None, Some(200), Some(300)] {
            let mut span = span(number, end);
            if end == Some(300) {
                span.attributes.push(("retry".to_owned(), AttributeValue::Int(1)));
            }
            all.push(boxed_span(span.clone()));
            span.kind = SpanKind::Client;
            span.status = SpanStatus::Error;
            all.push(boxed_span(span));
        }
        let time = i64::try_from(number).unwrap();
        for value in [0.5, 7.0] {
            all.push(Record::Metric(Box::new(MetricPoint {
                name: "requests".to_owned(),
                service: "orders-api".to_owned(),
                kind: MetricKind::Sum,
                time: UnixNanos(time),
                value: serde_json::json!(value),
                description: String::new(),
                unit: String::new(),
                start: None,
                attributes: vec![],
            })));
        }
        all.push(Record::Item(Box::new(Item {
            kind: "session".to_owned(),
            project: "1".to_owned(),
            payload: vec![u8::try_from(number).unwrap()],
            ..Item::default()
        })));
        let byte = u8::try_from(number).unwrap();
        all.push(Record::Event(Box::new(event(byte, "no price")), vec![byte]));
        let mut line = line("failed", time);
        line.raw = Some(b"failed".to_vec());
        let origin = LogOrigin::File { file: [7; 16], offset: number, received: UnixNanos(5) };
        all.push(Record::Log(Box::new(line.clone()), origin));
        line.exception = Some("Traceback".to_owned());
        all.push(Record::Log(Box::new(line), origin));
    }
    all
}

/// Everything that the tables hold but the numbers of arrival.
fn rows(reader: &Reader) -> Vec<String> {
    let mut found = Vec::new();
    for sql in [
        "SELECT s.trace_id, span_id, kind, parent_id, service, name, start_ns, end_ns, is_error,
           s.body, r.body FROM spans s JOIN resources r ON r.id = s.resource",
        "SELECT hex(digest), time_ns, level, service, request_key, trace_key, body FROM logs",
        "SELECT event_id, i.short_id, time_ns, level, request_key, trace_key, user, body, hex(raw)
           FROM events e JOIN issues i ON i.id = e.issue",
        "SELECT hex(digest), time_ns, name, service, body FROM metrics",
        "SELECT hex(digest), received_ns, kind, project, event_id, header, hex(payload) FROM items",
        "SELECT short_id, service, hex(fingerprint) FROM issues",
    ] {
        let mut statement = reader.connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns)
                .map(|column| Ok(format!("{:?}", row.get_ref(column)?)))
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        found.extend(rows.unwrap().map(|row| row.unwrap().join(" | ")));
    }
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_order_and_the_number_of_deliveries_change_nothing(
        order in Just((0..records().len()).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(0..records().len(), 0..30),
        batch in 1..20_usize,
    ) {
        let all = records();
        let straight = Scratch::new();
        straight.writer.write(all.clone()).unwrap();
        let shuffled = Scratch::new();
        let deliveries: Vec<_> = order.into_iter().chain(again).collect();
        for batch in deliveries.chunks(batch) {
            shuffled.writer.write(batch.iter().map(|place| all[*place].clone()).collect()).unwrap();
        }
        prop_assert_eq!(rows(&straight.reader()), rows(&shuffled.reader()));
    }
}
