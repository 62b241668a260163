//! Parts of a source, held against the whole.

use super::*;

/// Gives a few bytes at a time, from any place.
struct Stepped<'a>(io::Cursor<&'a [u8]>, usize);

impl Read for Stepped<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

impl Seek for Stepped<'_> {
    fn seek(&mut self, place: io::SeekFrom) -> io::Result<u64> {
        self.0.seek(place)
    }
}

fn scanned_parts(
    log: &[u8],
    step: usize,
    parts: Parts,
    filter: &LogFilter,
) -> (Vec<LogRecord>, ScanCount) {
    let input = Stepped(io::Cursor::new(log), step);
    all_of(Scan::of_parts(input, parts, "app.log", filter))
}

fn all_of(mut scan: Scan<'_, impl Read>) -> (Vec<LogRecord>, ScanCount) {
    let mut records = Vec::new();
    let scanned = scan.go_on(&mut |found| {
        records.push(found.into_record());
        Ok(ControlFlow::Continue(()))
    });
    assert_eq!(scanned.unwrap(), Scanned::Done);
    (records, scan.count())
}

/// Leaves out pieces of so many lines that hold no literal, if they are to be left out; the last piece
/// is open, or has an end.
fn parts_of(log: &[u8], filter: &LogFilter, pieces: &[(usize, bool)], open: bool) -> Parts {
    let literals = filter.literals();
    let mut parts = Parts::none();
    let mut lines = log.split_inclusive(|byte| *byte == b'\n').peekable();
    let mut start = 0;
    for (length, needed) in pieces.iter().cycle() {
        if lines.peek().is_none() {
            break;
        }
        let piece: Vec<&[u8]> = lines.by_ref().take(*length).collect();
        let end = start + piece.iter().map(|line| line.len() as u64).sum::<u64>();
        let holds = |literal: &Vec<u8>| memmem::find(&piece.concat(), literal).is_some();
        if *needed || literals.iter().any(holds) {
            parts.read(start..end);
        } else {
            parts.pass_over(piece.len() as u64);
        }
        start = end;
    }
    if open {
        parts.read(start..u64::MAX);
    }
    parts
}

#[test]
fn a_traceback_is_read_on_after_the_part_that_its_record_ends() {
    let log = format!(
        "{{\"msg\":\"a\"}}\n{{\"request_id\":\"{UUID}\"}}\nTraceback (most recent call last):\n  b\n\
         KeyError: c\n{{\"msg\":\"d\"}}\n"
    );
    let start = log.find('\n').unwrap() as u64 + 1;
    let end = log.find("Trace").unwrap() as u64;
    let mut parts = Parts::none();
    parts.pass_over(1);
    parts.read(start..end);
    parts.pass_over(4);
    let (records, count) = scanned_parts(log.as_bytes(), 7, parts, &by_id());
    let exception = "Traceback (most recent call last):\n  b\nKeyError: c";
    assert_eq!(records[0].exception.as_deref(), Some(exception));
    assert_eq!((records[0].line, count.lines), (2, 6));
}

#[test]
fn an_input_is_read_no_further_than_it_is_asked_for() {
    let log = format!("{{\"request_id\":\"{UUID}\"}}\n{{}}\n{{}}\n");
    let end = log.len() as u64 - 3;
    // It would err when it is read any further.
    let input = log.as_bytes()[..log.len() - 3].chain(Fails);
    let filter = by_id();
    let (records, count) = all_of(Scan::until(input, end, 1, "app.log", &filter));
    assert_eq!((records.len(), count.lines), (1, 3));
}

struct Fails;

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("damaged"))
    }
}

#[test]
fn what_only_ends_like_the_id_is_not_counted() {
    let log = "{\"request_id\":\"018f3c1e-9b7a-7c44-8d22-5a0b6f4e2d12\n";
    let (_, count) = scanned(log.as_bytes(), &by_id());
    assert_eq!((count.malformed, count.lines), (0, 1));
}

proptest! {
    #[test]
    fn parts_that_hold_all_literals_give_the_same_answer_as_the_whole(
        log in log(), step in 1_usize..200, anywhere in any::<bool>(), error in any::<bool>(),
        since in proptest::option::of(4_i64..8), condition in conditions(),
        pieces in prop::collection::vec((1_usize..5, any::<bool>()), 1..6), open in any::<bool>(),
    ) {
        let level = error.then_some(crate::model::Severity::Error);
        let since = since.map(|seconds| crate::model::UnixNanos(seconds * 1_000_000_000));
        let filter = LogFilter { level, since, anywhere, condition, ..by_id() };
        let whole = scanned(log.as_slice(), &filter);
        let parts = parts_of(&log, &filter, &pieces, open);
        let (records, count) = scanned_parts(&log, step, parts, &filter);
        let shown = |records: &[LogRecord]| serde_json::to_string(records).unwrap();
        prop_assert_eq!(shown(&records), shown(&whole.0));
        prop_assert_eq!(count, whole.1);
    }
}
