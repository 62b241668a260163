//! What a scan finds: a line still where it was read, or a record of several lines.

use std::io;
use std::ops::ControlFlow;

use super::expression::{Held, held};
use super::line::{Outline, Room, held_of, read, show};
use crate::model::{LogLine, LogRecord, UnixNanos};

/// What takes what a scan finds, in order; `Break` ends the work.
pub type FoundSink<'a> = dyn FnMut(Found<'_>) -> io::Result<ControlFlow<()>> + 'a;

/// A record that matches, of which no more is built than is asked for.
#[derive(Debug)]
pub struct Found<'a>(Kept<'a>);

#[derive(Debug)]
enum Kept<'a> {
    Line { outline: &'a Outline<'a>, room: &'a Room, source: &'a str, number: u64 },
    Record(Box<LogRecord>),
}

impl<'a> Found<'a> {
    pub(super) fn record(record: LogRecord) -> Self {
        Self(Kept::Record(Box::new(record)))
    }

    pub(super) fn line(
        outline: &'a Outline<'a>,
        room: &'a Room,
        source: &'a str,
        number: u64,
    ) -> Self {
        Self(Kept::Line { outline, room, source, number })
    }

    /// Returns what is shown of it, borrowed where it can be.
    pub fn shown(&self) -> LogLine<'_> {
        match &self.0 {
            Kept::Line { outline, room, .. } => show(outline, room),
            Kept::Record(record) => LogLine::from(&**record),
        }
    }

    /// Returns the time.
    pub(super) fn time(&self) -> Option<UnixNanos> {
        match &self.0 {
            Kept::Line { outline, .. } => outline.time,
            Kept::Record(record) => record.time,
        }
    }

    /// Returns what it has under a name, as [`held`] does of the record; builds no record for it.
    pub(super) fn held(&self, name: &str) -> Held<'_> {
        match &self.0 {
            Kept::Line { source, .. } if name == "source" => Held::Text((*source).into()),
            Kept::Line { number, .. } if name == "line" => Held::Number(number.to_string().into()),
            Kept::Line { outline, room, .. } => held_of(outline, room, name),
            Kept::Record(record) => held(record, name),
        }
    }

    /// Returns the record.
    pub fn into_record(self) -> LogRecord {
        match self.0 {
            Kept::Record(record) => *record,
            Kept::Line { outline, room, source, number } => {
                let mut record = read(outline, room);
                if let Some(exception) = &mut record.exception {
                    exception.truncate(exception.trim_end().len());
                }
                record.exception = record.exception.filter(|exception| !exception.is_empty());
                LogRecord { source: source.to_owned(), line: number, ..record }
            }
        }
    }
}
