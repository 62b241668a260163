//! What a scan finds: a line still where it was read, or a record of several lines.

use std::io;
use std::ops::ControlFlow;

use super::line::{Outline, Room, read, show};
use crate::model::{LogLine, LogRecord};

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
