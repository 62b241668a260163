use std::io::{Seek as _, Write as _};
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::*;
use crate::logs::{Parts, Scan, Scanned};

const SECOND: i64 = 1_000_000_000;

/// What times are at most out of order by in these logs.
const SMALL: Disorder = Disorder { bytes: 300, nanos: 3 * SECOND };

fn file_of(log: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(log).unwrap();
    file.rewind().unwrap();
    file
}

fn ranges_of(file: &File, step: u64, filter: &LogFilter) -> Option<Vec<Range<u64>>> {
    let size = file.metadata().unwrap().len();
    Looks { file, size, step, disorder: SMALL }.ranges(filter.since, filter.until).unwrap()
}

fn raw(mut scan: Scan<'_, impl io::Read>) -> Vec<String> {
    let mut found = Vec::new();
    let done = scan.go_on(&mut |record| {
        let record = record.into_record();
        found.push(String::from_utf8(record.raw.unwrap()).unwrap());
        Ok(ControlFlow::Continue(()))
    });
    assert_eq!(done.unwrap(), Scanned::Done);
    found
}

/// Returns what is found in the ranges, and how many bytes of the log they have.
fn found_in(log: &str, ranges: Vec<Range<u64>>, filter: &LogFilter) -> (Vec<String>, u64) {
    let mut parts = Parts::none();
    for range in ranges {
        parts.read(range);
    }
    let read = log.len() as u64 - parts.passed_over(log.len() as u64);
    let file = file_of(log.as_bytes());
    (raw(Scan::of_parts(&file, parts, "app.log", filter)), read)
}

fn stamped(nanos: i64, text: &str) -> String {
    format!("{{\"time\":\"{}\",\"msg\":\"{text}\"}}", UnixNanos(nanos).timestamp())
}

/// Lines of ascending times, each some seconds early at most; some stretches are the other way round.
fn log() -> impl Strategy<Value = Vec<(i64, String)>> {
    let line = (0..3_i64, 0..=3_i64, 0..10_u8, "[a-z]{0,60}");
    let stretch = (prop::collection::vec(line, 1..4), any::<bool>());
    prop::collection::vec(stretch, 1..40).prop_map(|stretches| {
        let mut clock = 1_795_327_200 * SECOND;
        let mut lines = Vec::new();
        for (stretch, turned) in stretches {
            let mut made: Vec<(i64, String)> = Vec::new();
            for (step, early, kind, text) in stretch {
                clock += step * SECOND;
                let time = clock - early * SECOND;
                made.push((
                    time,
                    match kind {
                        0 => format!("plain {text}"),
                        1 => "Traceback (most recent call last):\n  here\nKeyError: x".to_owned(),
                        2 => format!("  {}", stamped(time, "in")),
                        _ => stamped(time, &text),
                    },
                ));
            }
            if turned && made.iter().map(|(_, line)| line.len() + 1).sum::<usize>() < 300 {
                made.reverse();
            }
            lines.extend(made);
        }
        lines
    })
}

proptest! {
    #[test]
    fn nothing_that_a_whole_reading_finds_is_passed_over(
        lines in log(), step in 1_u64..2000, since in prop::option::of(-5..60_i64),
        until in prop::option::of(-5..60_i64), ended in any::<bool>(),
    ) {
        let text: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        let text = text.join("\n") + if ended { "\n" } else { "" };
        let at = |seconds: Option<i64>| seconds.map(|s| UnixNanos((1_795_327_200 + s) * SECOND));
        let filter = LogFilter { since: at(since), until: at(until), ..LogFilter::default() };
        let file = file_of(text.as_bytes());
        if let Some(ranges) = ranges_of(&file, step, &filter) {
            let whole = raw(Scan::new(text.as_bytes(), "app.log", &filter));
            prop_assert_eq!(found_in(&text, ranges, &filter).0, whole);
        }
    }
}

#[test]
fn of_a_long_file_little_is_read() {
    let start = 1_795_327_200 * SECOND;
    let lines: Vec<String> = (0..5000).map(|n| stamped(start + n * SECOND, "x")).collect();
    let log = lines.join("\n");
    let (since, until) = (UnixNanos(start + 2000 * SECOND), UnixNanos(start + 2009 * SECOND));
    let filter = LogFilter { since: Some(since), until: Some(until), ..LogFilter::default() };
    let ranges = ranges_of(&file_of(log.as_bytes()), 9000, &filter).unwrap();
    let (found, read) = found_in(&log, ranges, &filter);
    assert_eq!(found, lines[2000..=2009]);
    assert!(read < 3000, "{read}");
}

#[test]
fn a_file_that_is_not_in_order_or_has_no_times_is_read_whole() {
    let line = |n: i64| stamped((1_795_327_200 + n) * SECOND, "x");
    let since = Some(UnixNanos(1_795_327_230 * SECOND));
    let filter = LogFilter { since, ..LogFilter::default() };
    let turned: Vec<String> = (0..500).rev().map(line).collect();
    assert_eq!(ranges_of(&file_of(turned.join("\n").as_bytes()), 999, &filter), None);
    // Two days in one file, as `cat b.log a.log` leaves them.
    let two: Vec<String> = (200..300).chain(0..300).map(line).collect();
    assert_eq!(ranges_of(&file_of(two.join("\n").as_bytes()), 999, &filter), None);
    assert_eq!(ranges_of(&file_of("no time\n".repeat(99).as_bytes()), 99, &filter), None);
}

#[test]
fn lines_before_the_first_time_are_of_any_age() {
    let line = |n: i64| stamped((1_795_327_200 + n) * SECOND, "x");
    let log = format!("one\ntwo\n{}", (0..500).map(line).collect::<Vec<_>>().join("\n"));
    let since = Some(UnixNanos((1_795_327_200 + 400) * SECOND));
    let filter = LogFilter { since, ..LogFilter::default() };
    let ranges = ranges_of(&file_of(log.as_bytes()), 999, &filter).unwrap();
    assert_eq!(ranges[0], 0..8);
    assert!(ranges[1].start > 9000, "{ranges:?}");
}
