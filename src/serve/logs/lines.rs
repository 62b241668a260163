//! `POST /logs`: log lines as they are, JSON or plain, a traceback below its line.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::super::answer::Refusal;
use super::super::intake::Sent;
use super::super::{Backend, intake};
use super::{RECORDS_AT_ONCE, levelled, request_of};
use crate::logs::{Assembler, LogFilter};
use crate::model::{LogRecord, UnixNanos};
use crate::store::{LogOrigin, Record};

/// The most text that is read before what was read is stored, in bytes.
const TEXT_AT_ONCE: usize = 4 << 20;

/// Stores one record for each line that is not blank and does not continue the one before.
///
/// A body of any length is stored in parts, so that what is read of it has a bound; sent again after
/// a failure in its middle it stores the rest.
pub(super) async fn lines(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Json<Value>, Refusal> {
    let body = intake::read(&headers, sent, |body| Ok(body.to_vec())).await?;
    let body = backend.bodies.hold(body).ok_or(Refusal::Busy)?;
    let mut text =
        Text { request: request_of(&body), received: intake::now(), body, at: 0, taken: 0 };
    let mut new = 0;
    while text.at < text.body.len() {
        let read = tokio::task::spawn_blocking(move || {
            let part = text.next_part();
            (text, part)
        });
        let (rest, part) = read.await.map_err(|_| Refusal::Malformed("not lines".to_owned()))?;
        text = rest;
        new += intake::store(&backend, part).await?.all_new();
    }
    Ok(Json(json!({ "lines": text.taken, "new": new })))
}

/// A body, and how far it has been read.
#[derive(Debug)]
struct Text {
    body: Bytes,
    request: [u8; 16],
    received: UnixNanos,
    at: usize,
    taken: u32,
}

impl Text {
    /// Returns the next records, of which the last is whole.
    fn next_part(&mut self) -> Vec<Record> {
        let every_line = LogFilter::default();
        let mut assembler = Assembler::new("", &every_line);
        let mut found = Vec::new();
        let begin = self.at;
        let mut at = begin;
        for line in self.body.get(begin..).unwrap_or_default().split(|byte| *byte == b'\n') {
            let before = found.len();
            let start = at;
            at += line.len() + 1;
            // Only spaces: nothing, or an empty line within a traceback.
            let line = if line.trim_ascii().is_empty() { line.trim_ascii() } else { line };
            add(&mut found, |keep| {
                assembler.line(line.strip_suffix(b"\r").unwrap_or(line), 0, keep)
            });
            let full = found.len() >= RECORDS_AT_ONCE || start - begin >= TEXT_AT_ONCE;
            if full && found.len() > before {
                // The record that this line begins is the first of the next part.
                self.at = start;
                return self.records(found);
            }
        }
        add(&mut found, |keep| assembler.flush(keep));
        self.at = self.body.len();
        self.records(found)
    }

    fn records(&mut self, found: Vec<LogRecord>) -> Vec<Record> {
        let mut records = Vec::with_capacity(found.len());
        for mut record in found {
            // Its place in a file is not known.
            record.line = 0;
            let index = self.taken;
            let origin = LogOrigin::Batch { request: self.request, index, received: self.received };
            records.push(Record::Log(Box::new(levelled(record)), origin));
            self.taken += 1;
        }
        records
    }
}

fn add(
    found: &mut Vec<LogRecord>,
    give: impl FnOnce(
        &mut dyn FnMut(LogRecord) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<ControlFlow<()>>,
) {
    let mut keep = |mut record: LogRecord| {
        let raw = record.raw.get_or_insert_default();
        // Empty lines below a traceback are taken for its own.
        let end = raw.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        raw.truncate(end);
        if !raw.is_empty() {
            found.push(record);
        }
        Ok(ControlFlow::Continue(()))
    };
    give(&mut keep).map(drop).expect("the sink never fails");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(body: &[u8]) -> Text {
        let body = Bytes::copy_from_slice(body);
        Text { request: request_of(&body), received: UnixNanos(1), body, at: 0, taken: 0 }
    }

    fn raws(records: Vec<Record>) -> Vec<String> {
        let raw = |record| match record {
            Record::Log(record, _) => String::from_utf8(record.raw.unwrap()).unwrap(),
            other => unreachable!("{other:?}"),
        };
        records.into_iter().map(raw).collect()
    }

    #[test]
    fn a_traceback_is_part_of_the_line_above_it() {
        let body =
            b"ERROR boom\r\nTraceback (most recent call last):\n  File \"a.py\", line 1\n\n    \
                     x()\nValueError: no\n\nINFO next\n";
        let mut text = text(body);
        let records = raws(text.next_part());
        assert_eq!(records.len(), 2, "{records:?}");
        assert!(records[0].ends_with("ValueError: no"), "{records:?}");
        assert_eq!((records[1].as_str(), text.at, text.taken), ("INFO next", body.len(), 2));
    }

    #[test]
    fn a_long_body_comes_in_parts_that_never_cut_a_record() {
        let one = "ERROR boom\n  at x\n  at y\n";
        let mut text = text(one.repeat(RECORDS_AT_ONCE + 10).as_bytes());
        let first = raws(text.next_part());
        let second = raws(text.next_part());
        assert_eq!((first.len(), second.len()), (RECORDS_AT_ONCE, 10));
        let whole = one.trim_end();
        assert!(first.iter().chain(&second).all(|record| record == whole));
        assert_eq!(usize::try_from(text.taken).unwrap(), RECORDS_AT_ONCE + 10);
    }

    proptest! {
        #[test]
        fn every_line_that_is_not_blank_is_in_some_record(
            lines in proptest::collection::vec("[ a-c{\"]{0,6}", 0..40)
        ) {
            let mut text = text(lines.join("\n").as_bytes());
            let mut found = Vec::new();
            while text.at < text.body.len() {
                found.extend(raws(text.next_part()));
            }
            let found = found.join("\n");
            let not_blank = |text: &str| -> Vec<String> {
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                lines.map(str::to_owned).collect()
            };
            prop_assert_eq!(not_blank(&found), not_blank(&lines.join("\n")));
        }
    }
}
