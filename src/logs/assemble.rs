//! Lines into records: a traceback printed below a record is part of it.

use std::io;
use std::ops::ControlFlow;

use super::found::{Found, FoundSink};
use super::line::{Outline, Room, Shape, read};
use super::{LogFilter, ScanCount};
use crate::model::{LogRecord, UnixNanos};

/// The longest traceback kept beside a record, in bytes; lines after it are counted as cut.
const EXCEPTION_BYTES_MAX: usize = 1 << 20;

/// What takes matching records, in order; `Break` ends the work.
pub(super) type Sink<'a> = dyn FnMut(LogRecord) -> io::Result<ControlFlow<()>> + 'a;

/// What became of the last record, when none is open.
#[derive(Debug)]
enum Before {
    /// There was none.
    Nothing,
    /// It did not match: what continues it goes with it.
    LeftOut,
    /// It was flushed: what continues it follows.
    Given(Box<LogRecord>),
}

/// Takes the lines of one source in order and gives its matching records, with their tracebacks.
///
/// A line continues the one before when it is indented, empty inside a traceback, `Traceback (most
/// recent call last)`, `Caused by:`, or the `…Error: …` below an indented line, and is no JSON. It is
/// added to the `exception` and to `raw` of a record that matched. After a record that did not match
/// it is left out with it, unless the filter looks for text: then it is judged by itself.
///
/// The last record is held until a line shows that it is complete, or [`Assembler::flush`]. What comes
/// later to a record that was flushed is a record of its own: the first one's time, level, service,
/// logger and ids, no message, and the rest of the traceback.
#[derive(Debug)]
pub struct Assembler<'a> {
    source: &'a str,
    filter: &'a LogFilter,
    open: Option<LogRecord>,
    after_indented: bool,
    in_traceback: bool,
    before: Before,
    /// The last time that a line of this source has: also that of those after it that have none.
    time: Option<UnixNanos>,
    room: Room,
    /// What was seen so far; `lines` is the caller's to count.
    pub count: ScanCount,
}

impl<'a> Assembler<'a> {
    /// Begins a source; `source` goes into its records.
    pub fn new(source: &'a str, filter: &'a LogFilter) -> Self {
        Self {
            source,
            filter,
            open: None,
            after_indented: false,
            in_traceback: false,
            before: Before::Nothing,
            time: None,
            room: Room::default(),
            count: ScanCount::default(),
        }
    }

    /// Takes one line without its line break; `number` is its 1-based place in the source.
    pub fn line(
        &mut self,
        line: &[u8],
        number: u64,
        sink: &mut Sink<'_>,
    ) -> io::Result<ControlFlow<()>> {
        if self.continues(line.strip_suffix(b"\r").unwrap_or(line)) {
            if self.open.is_some() {
                self.append(line);
                return Ok(ControlFlow::Continue(()));
            }
            match &self.before {
                Before::Given(head) => {
                    self.open = Some(continuation(head, line, number));
                    return Ok(ControlFlow::Continue(()));
                }
                Before::LeftOut if !self.filter.looks_for_text() => {
                    return Ok(ControlFlow::Continue(()));
                }
                Before::LeftOut | Before::Nothing => {}
            }
        }
        if self.give(sink)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.judge(line, number);
        Ok(ControlFlow::Continue(()))
    }

    /// Gives the record held back, if any; a follower calls this when nothing more has come.
    pub fn flush(&mut self, sink: &mut Sink<'_>) -> io::Result<ControlFlow<()>> {
        if let Some(record) = &self.open {
            self.before = Before::Given(Box::new(head(record)));
        }
        self.give(sink)
    }

    fn give(&mut self, sink: &mut Sink<'_>) -> io::Result<ControlFlow<()>> {
        let Some(mut record) = self.open.take() else { return Ok(ControlFlow::Continue(())) };
        if let Some(exception) = &mut record.exception {
            exception.truncate(exception.trim_end().len());
        }
        record.exception = record.exception.filter(|exception| !exception.is_empty());
        self.count.matched += 1;
        sink(record)
    }

    /// Passes over lines that cannot match; the last time in them may be that of the next line.
    pub(super) fn pass_over(&mut self, lines: &[u8]) {
        if self.filter.bounds_time() {
            let room = &mut self.room;
            let mut times =
                lines.rsplit(|byte| *byte == b'\n').map(|line| Outline::of(line, room).time);
            self.time = times.find_map(|time| time).or(self.time);
        }
    }

    /// Says whether the next line may belong to a record that matched.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some() || matches!(self.before, Before::Given(_))
    }

    fn judge(&mut self, line: &[u8], number: u64) {
        let Some(outline) = self.outline(line) else { return };
        let mut record = read(&outline, &self.room);
        if self.filter.matches_at(&record, self.time) {
            self.count.untimed += u64::from(self.time.is_none() && self.filter.bounds_time());
            self.source.clone_into(&mut record.source);
            record.line = number;
            self.open = Some(record);
        } else if self.filter.matches_elsewhere(&record, self.time) {
            self.count.elsewhere += 1;
        }
    }

    /// Walks a line that begins a record and counts it; `None` when all but the id rules it out.
    fn outline<'l>(&mut self, line: &'l [u8]) -> Option<Outline<'l>> {
        self.before = Before::LeftOut;
        let outline = Outline::of(line, &mut self.room);
        self.count.malformed += u64::from(outline.shape == Shape::Malformed);
        self.time = outline.time.or(self.time);
        self.count.unlevelled += u64::from(outline.level.is_none() && self.filter.level.is_some());
        (!self.filter.rules_out(&outline, self.time)).then_some(outline)
    }

    /// Takes a line that the next one does not continue: as [`Assembler::line`], but what matches is
    /// given at once, and no record is built for it.
    pub(super) fn whole_line(
        &mut self,
        line: &[u8],
        number: u64,
        sink: &mut FoundSink<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let record_sink = &mut |record| sink(Found::record(record));
        // Ids and conditions are held against records; what begins an object continues nothing.
        let of_record = self.filter.correlation.is_some() || self.filter.condition.is_some();
        if of_record || !line.starts_with(b"{") {
            return self.line(line, number, record_sink);
        }
        self.after_indented = false;
        self.in_traceback = false;
        if self.give(record_sink)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let Some(outline) = self.outline(line) else { return Ok(ControlFlow::Continue(())) };
        self.count.untimed += u64::from(self.time.is_none() && self.filter.bounds_time());
        self.count.matched += 1;
        sink(Found::line(&outline, &self.room, self.source, number))
    }

    fn append(&mut self, line: &[u8]) {
        let Some(record) = &mut self.open else { return };
        let exception = record.exception.get_or_insert_default();
        if exception.len() + line.len() > EXCEPTION_BYTES_MAX {
            self.count.cut += 1;
            return;
        }
        let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        if !exception.is_empty() {
            exception.push('\n');
        }
        exception.push_str(&text);
        let raw = record.raw.get_or_insert_default();
        raw.push(b'\n');
        raw.extend_from_slice(line);
    }

    /// Says whether the line continues the one before, and remembers what the next one needs.
    fn continues(&mut self, line: &[u8]) -> bool {
        let indented = line.starts_with(b" ") || line.starts_with(b"\t");
        let opens = [
            &b"Traceback (most recent call last)"[..],
            b"Caused by:",
            b"The above exception was the direct cause",
            b"During handling of the above exception",
        ];
        let continues = if indented {
            Outline::of(line, &mut self.room).shape != Shape::Json
        } else if line.is_empty() {
            self.in_traceback
        } else {
            opens.iter().any(|open| line.starts_with(open))
                || (self.after_indented && names_an_error(line))
        };
        self.after_indented = continues && indented;
        self.in_traceback = continues;
        continues
    }
}

/// Returns what a record's later part is known by.
fn head(record: &LogRecord) -> LogRecord {
    LogRecord {
        time: record.time,
        level: record.level,
        service: record.service.clone(),
        logger: record.logger.clone(),
        request_id: record.request_id.clone(),
        trace_id: record.trace_id.clone(),
        span_id: record.span_id.clone(),
        source: record.source.clone(),
        ..LogRecord::default()
    }
}

/// Begins the later part of a record with its first line.
fn continuation(head: &LogRecord, line: &[u8], number: u64) -> LogRecord {
    let text = line.strip_suffix(b"\r").unwrap_or(line);
    LogRecord {
        exception: Some(String::from_utf8_lossy(text).into_owned()),
        line: number,
        raw: Some(line.to_vec()),
        ..head.clone()
    }
}

/// Says whether the line is `package.SomeError: why`, the last line of a traceback.
fn names_an_error(line: &[u8]) -> bool {
    let ends = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'));
    let length = line.iter().position(ends).unwrap_or(line.len());
    let (name, rest) = line.split_at(length);
    let known = [&b"Error"[..], b"Exception", b"Interrupt", b"Exit"];
    (rest.is_empty() || rest.starts_with(b":")) && known.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests;
