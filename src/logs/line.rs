//! One line of bytes, understood: first what can be had without allocating, then the whole record.

mod walk;

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::dialect::{ROLES, Role, role_of};
use super::fields::{Malformed, find, text};
use super::plain::{Heading, heading};
use super::{logfmt, other, value, wrapper};
use crate::model::{Field, LogRecord, Severity, UnixNanos};
use walk::walk;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One JSON object.
    Json,
    /// Begins as a JSON object and does not end as one.
    Malformed,
    /// Anything else.
    Text,
}

/// Reads a line in any dialect; never fails, whatever the bytes.
///
/// A wrapped line is what is in the wrapper, with what the wrapper adds. A plain one gives what stands before
/// its message as loggers write it, and the ids in it that are written `request_id=…`; JSON that does
/// not end is a message and nothing else (invalid UTF-8 is U+FFFD). In JSON the best key of each kind that holds a usable
/// value gives the record's part; all others go to `fields`, flattened with dots, in order. `source`
/// and `line` are left for the caller.
pub fn read_line(line: &[u8]) -> LogRecord {
    read(&Outline::of(line, &mut String::new()))
}

/// What one walk over a line finds; borrowed from it.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    /// As it was written, a line break at its end aside.
    raw: &'a [u8],
    line: &'a [u8],
    pub(super) shape: Shape,
    pub(super) time: Option<UnixNanos>,
    pub(super) level: Option<Severity>,
    chosen: [Option<(usize, &'a [u8])>; ROLES],
    /// What stands before the message of a plain line.
    heading: Option<Heading<'a>>,
    /// The record of a line in a wrapper or of logfmt.
    other: Option<Box<LogRecord>>,
}

impl<'a> Outline<'a> {
    /// Walks the line once; `path` is room to work in, so that nothing is allocated a line.
    pub(super) fn of(line: &'a [u8], path: &mut String) -> Self {
        Self::at(line, path, 0)
    }

    /// The same for a line in `depth` wrappers.
    pub(super) fn at(line: &'a [u8], path: &mut String, depth: u8) -> Self {
        let raw = line.strip_suffix(b"\n").unwrap_or(line);
        let line = trimmed(raw);
        let shape =
            if line.trim_ascii_start().starts_with(b"{") { Shape::Json } else { Shape::Text };
        let (time, level, chosen) = (None, None, [None; ROLES]);
        let mut outline =
            Self { raw, line, shape, time, level, chosen, heading: None, other: None };
        if shape == Shape::Text {
            return outline.of_text(depth);
        }
        path.clear();
        let walked = walk(line, path, true, 0, &mut |path, value, _| outline.consider(path, value));
        if walked.is_err() {
            let shape = Shape::Malformed;
            return Self { raw, line, shape, time, level, chosen, heading: None, other: None };
        }
        let (time, message) = (outline.chosen(Role::Time), outline.chosen(Role::Message));
        if let Some(inner) =
            wrapper::unwrap_json(line, time, message).filter(|_| other::is_opened(depth))
        {
            let outer = read(&outline);
            return outline.with_other(other::json(&inner, outer, depth));
        }
        if outline.level.is_none() && find(line, "@t").is_some() {
            // Serilog leaves out the level of what is merely information.
            outline.level = Some(Severity::Info);
        }
        outline
    }

    fn of_text(self, depth: u8) -> Self {
        if let Some(read) = other::text(self.line, depth) {
            return self.with_other(read);
        }
        let heading = heading(self.line);
        Self { time: heading.time, level: heading.level, heading: Some(heading), ..self }
    }

    fn with_other(self, (record, inner): (LogRecord, Shape)) -> Self {
        let shape = if inner == Shape::Malformed { inner } else { self.shape };
        let (time, level) = (record.time, record.level);
        Self { shape, time, level, other: Some(Box::new(record)), ..self }
    }

    /// Takes the value when it is the best for its role so far; says whether it is usable at all.
    fn consider(&mut self, path: &str, value: &'a [u8]) -> bool {
        let Some((role, rank)) = role_of(path) else { return false };
        let Some(best) = self.chosen.get_mut(role as usize) else { return false };
        if best.is_some_and(|(known, _)| known <= rank) {
            return false;
        }
        let usable = match role {
            Role::Time => value::time(value).inspect(|time| self.time = Some(*time)).is_some(),
            Role::Level => {
                value::level(path, value).inspect(|level| self.level = Some(*level)).is_some()
            }
            Role::Message | Role::Logger | Role::Service => value.starts_with(b"\""),
            Role::RequestId | Role::TraceId | Role::SpanId => value::id(value).is_some(),
            Role::Exception => matches!(value.first(), Some(b'"' | b'[')) && value.len() > 2,
        };
        if usable {
            *best = Some((rank, value));
        }
        usable
    }

    /// Returns the service's name.
    pub(super) fn service(&self) -> Option<Cow<'a, str>> {
        match (&self.other, self.heading.and_then(|heading| heading.service)) {
            (Some(record), _) => record.service.clone().map(Cow::Owned),
            (None, Some(service)) => Some(Cow::Borrowed(service)),
            (None, None) => self.chosen(Role::Service).and_then(text),
        }
    }

    /// Returns the line as text, without what [`trimmed`] takes away.
    pub(super) fn written(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.line)
    }

    fn chosen(&self, role: Role) -> Option<&'a [u8]> {
        self.chosen.get(role as usize).copied().flatten().map(|(_, value)| value)
    }
}

/// Builds the record of a line that has been walked.
pub(super) fn read(outline: &Outline<'_>) -> LogRecord {
    let raw = Some(outline.raw.to_vec());
    if let Some(record) = &outline.other {
        return LogRecord { raw, ..LogRecord::clone(record) };
    }
    if let Some(heading) = outline.heading {
        return LogRecord { raw, ..plain(outline.line, heading) };
    }
    if outline.shape != Shape::Json {
        return LogRecord { message: outline.written().into_owned(), raw, ..LogRecord::default() };
    }
    let words = |role| outline.chosen(role).and_then(text).map(Cow::into_owned);
    let id = |role| outline.chosen(role).and_then(value::id).map(Cow::into_owned);
    let exception = outline.chosen(Role::Exception).and_then(value::exception);
    LogRecord {
        time: outline.time,
        level: outline.level,
        message: words(Role::Message).unwrap_or_default(),
        service: words(Role::Service),
        logger: words(Role::Logger),
        request_id: id(Role::RequestId),
        trace_id: id(Role::TraceId),
        span_id: id(Role::SpanId),
        fields: remaining(outline, exception.is_some()),
        exception: exception.map(Cow::into_owned),
        source: String::new(),
        line: 0,
        raw,
    }
}

/// Builds the record of a plain line.
fn plain(line: &[u8], heading: Heading<'_>) -> LogRecord {
    let message = heading.message_of(line);
    let [request_id, trace_id, span_id] = logfmt::ids(&message).map(|id| id.map(str::to_owned));
    LogRecord {
        time: heading.time,
        level: heading.level,
        service: heading.service.map(str::to_owned),
        logger: heading.logger.map(str::to_owned),
        request_id,
        trace_id,
        span_id,
        message: message.into_owned(),
        ..LogRecord::default()
    }
}

/// Returns the fields that are no part of the record yet, in the order written.
fn remaining(outline: &Outline<'_>, exception_taken: bool) -> Vec<Field> {
    let taken = |value: &[u8]| {
        let mut chosen = outline.chosen.iter().enumerate().filter_map(|(role, best)| {
            let kept = role == Role::Exception as usize && !exception_taken;
            best.filter(|_| !kept).map(|(_, chosen)| chosen)
        });
        chosen.any(|chosen| std::ptr::eq(chosen, value))
    };
    // loguru writes the whole line again, rendered, beside the record.
    let rendered = find(outline.line, "record.message").is_some();
    let mut left = Vec::new();
    let walked = walk(outline.line, &mut String::new(), false, 0, &mut |path, value, leaf| {
        let empty = value == b"null" || value == b"\"\"";
        let said = (empty && role_of(path).is_some()) || (rendered && path == "text");
        let used = taken(value) || said;
        if !used && leaf {
            left.push(Field { name: path.to_owned(), value: raw_value(value) });
        }
        used
    });
    // The same walk succeeded when the outline was made.
    walked.map_or_else(|Malformed| Vec::new(), |()| left)
}

/// Returns the value as JSON that is valid; what is not (`NaN`, a raw tab) becomes JSON text.
fn raw_value(value: &[u8]) -> Box<RawValue> {
    let written = String::from_utf8_lossy(value);
    RawValue::from_string(written.clone().into_owned())
        .or_else(|_| serde_json::value::to_raw_value(&text(value).unwrap_or(written)))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Returns the line without what editors, Windows and truncated files leave around it.
pub(super) fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    // A log truncated under its writer begins with a hole, which reads as zeros.
    let zeros = line.iter().take_while(|byte| **byte == 0).count();
    line.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
