//! Statistics of fields.

use std::ops::ControlFlow;

use super::*;
use crate::logs::{LogFilter, Scan};

fn stats(field: &str, lines: &str) -> FieldStats {
    let mut stats = Stats::new(field);
    scan(lines, &mut |found| stats.add_found(&found));
    stats.finish()
}

fn scan(lines: &str, take: &mut dyn FnMut(Found<'_>)) {
    let filter = LogFilter::default();
    let mut scan = Scan::new(lines.as_bytes(), "app.log", &filter);
    scan.go_on(&mut |found| {
        take(found);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
}

fn counts(stats: &FieldStats) -> Vec<(&str, u64)> {
    stats.values.iter().map(|one| (one.value.as_str(), one.count)).collect()
}

#[test]
fn values_are_counted_the_most_frequent_first_and_what_lacks_the_field_too() {
    let lines =
        "{\"status\":200}\n{\"status\":\"500\"}\n{\"status\":200}\n{\"status\":null}\nplain\n";
    let found = stats("status", lines);
    assert_eq!(counts(&found), [("200", 2), ("500", 1)]);
    assert_eq!((found.with, found.without, found.different, found.others), (3, 2, 2, 0));
    let [numbers] = found.numbers.as_slice() else { panic!("{found:?}") };
    assert_eq!((numbers.count, numbers.min, numbers.p50, numbers.max), (3, 200.0, 200.0, 500.0));
}

#[test]
fn numbers_with_units_are_brought_to_one() {
    let found = stats(
        "took",
        &["1.5s", "200ms", "2MiB", "7"]
            .map(|took| format!("level=info msg=x took={took}\n"))
            .concat(),
    );
    let units: Vec<_> = found.numbers.iter().map(|one| (one.unit, one.min, one.max)).collect();
    let bytes = 2.0 * 1_048_576.0;
    assert_eq!(
        units,
        [(None, 7.0, 7.0), (Some(Unit::Ms), 200.0, 1500.0), (Some(Unit::Bytes), bytes, bytes)]
    );
}

#[test]
fn a_normalised_name_is_that_of_every_dialect() {
    let lines =
        "{\"levelname\":\"ERROR\"}\n{\"level\":50,\"pid\":1}\n2026-11-22 06:30:00,000 ERROR a: b\n";
    assert_eq!(counts(&stats("level", lines)), [("error", 3)]);
    assert_eq!(counts(&stats("severity", lines)), [("error", 3)]);
}

#[test]
fn what_is_beyond_the_bound_is_counted_and_its_numbers_are_told_roughly() {
    let mut found = Stats::new("n");
    let many = VALUES_MAX as u64 * 2;
    for n in 1..=many {
        found.count(None, &n.to_string());
    }
    let found = found.finish();
    assert_eq!((found.values.len(), found.others), (VALUES_MAX, VALUES_MAX as u64));
    let [numbers] = found.numbers.as_slice() else { panic!() };
    assert!((numbers.p90 - 18_000.0).abs() <= 180.0 && numbers.relative_error > 0.0, "{numbers:?}");
}

#[test]
fn a_long_value_is_known_by_its_beginning() {
    let found = stats("a", &format!("{{\"a\":\"{}\"}}\n", "é".repeat(1000)));
    assert_eq!((found.shortened, found.values[0].value.chars().count()), (1, 129));
}

#[test]
fn a_field_that_no_record_has_is_unknown() {
    for (asked, near) in
        [("statsu_code", Some("status_code")), ("status", Some("status_code")), ("x", None)]
    {
        let mut found = Stats::new(asked);
        scan("{\"status_code\":200}\n", &mut |one| found.add_found(&one));
        assert_eq!(found.unknown().unwrap().near.as_deref(), near, "{asked}");
    }
}

#[test]
fn a_line_has_what_its_record_has() {
    let samples = concat!(
        include_str!("../../../tests/fixtures/logs/python.jsonl"),
        include_str!("../../../tests/fixtures/logs/javascript.jsonl"),
        include_str!("../../../tests/fixtures/logs/orders-api.jsonl"),
        include_str!("../../../tests/fixtures/logs/dialects/documented.log"),
        "{\"a\":NaN,\"b\":nul,\"text\":\"x\",\"exc_info\":\"a\",\"stack\":\"b\"}\n",
        "{\"a\":NaN,\"b\":\"\\u00e9\",\"c\":[1],\"msg\":\"\",\"event\":\"\",\"stack\":\"b\"}\n",
    );
    let text = |held: Held<'_>| match held {
        Held::Nothing => None,
        Held::Bool(bool) => Some(bool.to_string()),
        Held::Number(text) | Held::Text(text) => Some(text.into_owned()),
    };
    let mut names: BTreeSet<String> = LogRecord::NAMES.iter().map(ToString::to_string).collect();
    names.extend(["msg", "event", "text", "severity", "nothing"].map(ToOwned::to_owned));
    scan(samples, &mut |found| {
        names.extend(found.into_record().fields.into_iter().map(|field| field.name));
    });
    for name in &names {
        let mut of_lines = Vec::new();
        scan(samples, &mut |found| of_lines.push(text(found.held(name))));
        let mut of_records = Vec::new();
        scan(samples, &mut |found| of_records.push(text(held(&found.into_record(), name))));
        assert_eq!(of_lines, of_records, "{name}");
    }
}
