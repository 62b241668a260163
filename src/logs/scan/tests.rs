mod parts;
mod sieve;

use std::sync::Arc;

use proptest::prelude::*;

use super::super::line::{Outline, Room, read};
use super::blocks::BLOCK_BYTES;
use super::*;
use crate::logs::{Condition, LINE_BYTES_MAX};
use crate::model::{LogLine, LogRecord};

const UUID: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";

/// A trace of that request.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn by_id() -> LogFilter {
    LogFilter { correlation: Some(UUID.parse().unwrap()), ..LogFilter::default() }
}

fn scanned(input: impl Read, filter: &LogFilter) -> (Vec<LogRecord>, ScanCount) {
    let mut records = Vec::new();
    let mut scan = Scan::new(input, "app.log", filter);
    let scanned = scan.go_on(&mut |found| {
        records.push(found.into_record());
        Ok(ControlFlow::Continue(()))
    });
    assert_eq!(scanned.unwrap(), Scanned::Done);
    (records, scan.count())
}

#[test]
fn line_numbers_are_right_although_lines_are_skipped() {
    let log = format!("a\n\nb\n{{\"request_id\":\"{UUID}\"}}\r\nc\n{{\"trace_id\":\"{UUID}\"}}");
    let (records, count) = scanned(log.as_bytes(), &by_id());
    let lines: Vec<u64> = records.iter().map(|record| record.line).collect();
    assert_eq!(lines, [4, 6]);
    let raw = format!("{{\"request_id\":\"{UUID}\"}}\r").into_bytes();
    assert_eq!(records[0].raw, Some(raw));
    assert_eq!((count.lines, count.matched), (6, 2));
}

#[test]
fn lines_that_only_mention_the_id_and_cut_ones_are_counted() {
    let log = format!("seen {UUID}\n{{\"msg\":\"{UUID}\"}}\n{{\"request_id\":\"{UUID}\"\n");
    let (records, count) = scanned(log.as_bytes(), &by_id());
    assert!(records.is_empty());
    assert_eq!((count.elsewhere, count.malformed, count.lines), (3, 1, 3));
}

#[test]
fn marks_zeros_and_invalid_bytes_do_not_hide_a_record() {
    let mut log =
        b"\xef\xbb\xbf{\"msg\":\"a\"}\r\n\0\0\0\0{\"msg\":\"b\"}\n{\"msg\":\"\xff\"}\n\xff\n"
            .to_vec();
    log.extend(vec![0; BLOCK_BYTES * 3]);
    log.extend(b"{\"msg\":\"c\"}");
    let (records, count) = scanned(log.as_slice(), &LogFilter::default());
    let messages: Vec<&str> = records.iter().map(|record| record.message.as_str()).collect();
    assert_eq!(messages, ["a", "b", "\u{fffd}", "\u{fffd}", "c"]);
    assert_eq!((count.lines, count.cut, count.malformed), (5, 0, 0));
}

#[test]
fn a_line_longer_than_any_is_cut_and_the_next_one_is_whole() {
    let mut log = vec![b'x'; LINE_BYTES_MAX + 1000];
    log.extend(b"\n{\"msg\":\"after\"}\n");
    let (records, count) = scanned(log.as_slice(), &LogFilter::default());
    assert_eq!(records[0].message.len(), LINE_BYTES_MAX);
    assert_eq!((records[1].message.as_str(), records[1].line), ("after", 2));
    assert_eq!((count.lines, count.cut), (2, 1));
}

#[test]
fn the_reader_stops_when_the_sink_has_enough() {
    let log = "a\n".repeat(1000);
    let filter = LogFilter::default();
    let mut scan = Scan::new(log.as_bytes(), "", &filter);
    assert_eq!(scan.go_on(&mut |_| Ok(ControlFlow::Break(()))).unwrap(), Scanned::Done);
    assert_eq!(scan.count().matched, 1);
    let mut scan = Scan::new(log.as_bytes(), "", &filter);
    assert!(scan.go_on(&mut |_| Err(io::ErrorKind::BrokenPipe.into())).is_err());
}

/// Gives at most `step` bytes a read, as a pipe does.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.1.min(buffer.len());
        self.0.read(&mut buffer[..room])
    }
}

#[test]
fn an_input_that_has_no_more_for_now_is_said_and_the_last_record_given_when_it_stays_so() {
    let (pieces, given) = std::sync::mpsc::channel::<&[u8]>();
    struct Pieces(std::sync::mpsc::Receiver<&'static [u8]>);
    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.try_recv().map_err(|_| io::ErrorKind::WouldBlock)?.read(buffer)
        }
    }
    let filter = LogFilter::default();
    let mut scan = Scan::new(Pieces(given), "", &filter);
    let mut records: Vec<LogRecord> = Vec::new();
    let mut go_on = |piece: Option<&'static [u8]>| {
        if let Some(piece) = piece {
            pieces.send(piece).unwrap();
        }
        let scanned = scan.go_on(&mut |found| {
            records.push(found.into_record());
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!(scanned.unwrap(), Scanned::Dry);
        records.iter().map(|record| record.message.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(go_on(Some(b"a\nb\nc")), "a");
    assert_eq!(go_on(None), "a b");
    assert_eq!(go_on(Some(b"d\ne\n")), "a b cd");
}

/// The slow, obvious way: every line by itself, no search.
fn naive(log: &[u8], filter: &LogFilter) -> (Vec<LogRecord>, ScanCount) {
    let mut records = Vec::new();
    let mut sink = |record| {
        records.push(record);
        Ok(ControlFlow::Continue(()))
    };
    let mut assembler = Assembler::new("app.log", filter);
    let mut lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
    lines.pop_if(|last| last.is_empty());
    for (number, line) in (1..).zip(&lines) {
        assert!(assembler.line(line, number, &mut sink).unwrap().is_continue());
    }
    assert!(assembler.flush(&mut sink).unwrap().is_continue());
    let mut count = assembler.count;
    count.lines = lines.len() as u64;
    (records, count)
}

/// Lines that are no JSON of a logger, some of them with the id, and those around them.
fn kinds() -> impl Strategy<Value = String> {
    let line = |text: &str| Just(text.replace("ID", UUID));
    prop_oneof![
        line("1970-01-01 00:00:05,5 ERROR app.db: failed request_id=ID"),
        line("[1970-01-01 00:00:06 +0000] [7] [INFO] Booting"),
        line("time=1970-01-01T00:00:04Z level=error msg=\"two words\" request_id=ID"),
        line("1970-01-01T00:00:07Z stdout F {\"level\":\"error\",\"request_id\":\"ID\"}"),
        line("api-1  | {\"level\":\"info\",\"msg\":\"ID\"}"),
        line("{\"log\":\"ERROR app.db: x trace_id=ID\\n\",\"stream\":\"stdout\"}"),
        line("Caused by: java.io.IOException: ID"),
        line("The above exception was the direct cause"),
        line("java.lang.IllegalStateException: ID"),
        line("panic: ID"),
        line("goroutine 7 [running]:"),
        line("main.f(0x1, ...)"),
        line("[signal SIGSEGV: segmentation violation]"),
        line("}"),
        line("Cut off"),
        line("\t... 3 more\r"),
    ]
}

/// Logs of lines that hold the id in a field, elsewhere, or not; whole, cut, or no JSON.
fn log() -> impl Strategy<Value = Vec<u8>> {
    let hex = UUID.replace('-', "");
    let line = prop_oneof![
        Just(format!(r#"{{"level":"info","request_id":"{UUID}","msg":"a"}}"#)),
        Just(format!(r#"{{"level":"error","trace_id":"{}","msg":"b"}}"#, hex.to_uppercase())),
        Just(format!(r#"{{"level":"error","msg":"{hex}"}}"#)),
        Just(format!(r#"{{"level":"error","trace_id":"{TRACE}","msg":"c"}}"#)),
        Just(format!(r#"{{"request_id":"{UUID}","trace_id":"{TRACE}","msg":"d"}}"#)),
        Just(format!(r#"{{"request_id":"r2","trace_id":"{TRACE}","msg":"e"}}"#)),
        Just(format!(r#"{{"request_id":"{UUID}"#)),
        Just(format!("  at {UUID}")),
        Just(r#"{"level":"error","request_id":"r2"}"#.to_owned()),
        (3..9).prop_map(|second| format!(r#"{{"time":"1970-01-01T00:00:0{second}Z","msg":"t"}}"#)),
        Just("Traceback (most recent call last):".to_owned()),
        Just("  File \"a.py\"".to_owned()),
        Just("KeyError: 'a'".to_owned()),
        kinds(),
        "[\\PC]{0,30}\r?",
        Just(String::new()),
    ];
    let lines = prop::collection::vec(line, 0..25);
    (lines, any::<bool>()).prop_map(|(lines, ended)| {
        let mut log = lines.join("\n");
        if ended {
            log.push('\n');
        }
        log.into_bytes()
    })
}

/// No condition, or one about a record's own line, its place or its traceback.
fn conditions() -> impl Strategy<Value = Option<Arc<Condition>>> {
    let texts = ["", "level = error", "line > 3", "exception ~ \"Key\"", "not exists(exception)"];
    prop::sample::select(texts.to_vec()).prop_map(|text| {
        let read = |text| Condition::parse(text, &jiff::Zoned::default()).unwrap();
        (!text.is_empty()).then(|| Arc::new(read(text)))
    })
}

proptest! {
    #[test]
    fn the_search_finds_what_reading_every_line_finds(
        log in log(), step in 1_usize..200, anywhere in any::<bool>(), error in any::<bool>(),
        since in proptest::option::of(4_i64..8), condition in conditions(), traced in any::<bool>(),
    ) {
        let level = error.then_some(crate::model::Severity::Error);
        let since = since.map(|seconds| crate::model::UnixNanos(seconds * 1_000_000_000));
        let traces = if traced { vec![TRACE.parse().unwrap()] } else { Vec::new() };
        let filter = LogFilter { traces, level, since, anywhere, condition, ..by_id() };
        let (fast, fast_count) = scanned(Trickle(&log, step), &filter);
        let (slow, slow_count) = naive(&log, &filter);
        let shown = |records: &[LogRecord]| serde_json::to_string(records).unwrap();
        prop_assert_eq!(shown(&fast), shown(&slow));
        // A line that need not be parsed is not known to be malformed, or without a level.
        prop_assert!(fast_count.malformed <= slow_count.malformed);
        prop_assert!(fast_count.unlevelled <= slow_count.unlevelled);
        let ScanCount { malformed, unlevelled, .. } = fast_count;
        let known = ScanCount { malformed, unlevelled, ..slow_count };
        prop_assert_eq!(fast_count, known);
    }

    #[test]
    fn without_an_id_every_line_is_a_record_or_part_of_one(log in log(), step in 1_usize..200) {
        let filter = LogFilter::default();
        let (fast, fast_count) = scanned(Trickle(&log, step), &filter);
        let (slow, slow_count) = naive(&log, &filter);
        prop_assert_eq!(serde_json::to_string(&fast).unwrap(), serde_json::to_string(&slow).unwrap());
        prop_assert_eq!(fast_count, slow_count);
    }

    #[test]
    fn what_is_shown_of_lines_is_what_is_shown_of_their_records(
        log in log(), step in 1_usize..200, error in any::<bool>(), grep in any::<bool>(),
        since in proptest::option::of(4_i64..8), condition in conditions(),
    ) {
        let level = error.then_some(crate::model::Severity::Error);
        let since = since.map(|seconds| crate::model::UnixNanos(seconds * 1_000_000_000));
        let grep = grep.then(|| regex::Regex::new("[Ea]").unwrap());
        let filter = LogFilter { level, since, grep, condition, ..LogFilter::default() };
        let mut shown = Vec::new();
        let mut scan = Scan::new(Trickle(&log, step), "app.log", &filter);
        let scanned = scan.go_on(&mut |found| {
            shown.push(format!("{:?}", found.shown()));
            Ok(ControlFlow::Continue(()))
        });
        prop_assert_eq!(scanned.unwrap(), Scanned::Done);
        let (records, count) = naive(&log, &filter);
        let of_records: Vec<String> =
            records.iter().map(|record| format!("{:?}", LogLine::from(record))).collect();
        prop_assert_eq!(shown, of_records);
        prop_assert_eq!(scan.count(), count);
    }

    #[test]
    fn the_level_is_judged_before_the_record_is_made(log in log()) {
        let level = Some(crate::model::Severity::Error);
        let filter = LogFilter { level, ..LogFilter::default() };
        for line in log.split(|byte| *byte == b'\n') {
            let mut room = Room::default();
            let outline = Outline::of(line, &mut room);
            let record = read(&outline, &room);
            prop_assert_eq!(filter.rules_out(&outline, outline.time, ""), !filter.matches(&record));
        }
    }
}
