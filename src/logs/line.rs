//! One line of bytes, understood: first what can be had without allocating, then the whole record.

mod held;
mod walk;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use super::dialect::{ROLES, Role, Roles, role_of};
use super::fields::{find, lossy, text};
use super::plain::{Heading, heading};
use super::{logfmt, other, value, wrapper};
use crate::model::{Field, LogLine, LogRecord, Severity, UnixNanos};
pub(super) use held::held_of;
use walk::{Kind, Lists, walk};

/// Where loguru writes the whole line again, rendered, beside its record.
const RENDERED: &str = "text";

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
    let mut room = Room::default();
    read(&Outline::of(line, &mut room), &room)
}

/// Room to work in, kept from line to line so that nothing is allocated for one; after
/// [`Outline::of`] it holds what that line's fields are.
#[derive(Debug, Default)]
pub(super) struct Room {
    path: String,
    names: String,
    leaves: Vec<Leaf>,
    roles: Roles,
    /// A moment that no line is later than, where one is known: it tells the year of times without.
    pub(super) latest: Option<UnixNanos>,
}

impl Room {
    /// Makes room for a line that is not later than `latest`.
    pub(super) fn written_by(latest: Option<UnixNanos>) -> Self {
        Self { latest, ..Self::default() }
    }

    /// Makes room for many lines, one after the other.
    pub(super) fn for_many() -> Self {
        Self { roles: Roles::remembering(), ..Self::default() }
    }
}

/// A value that may be a field: where its name stands in the room and its value in the line.
#[derive(Debug)]
struct Leaf {
    name: Range<usize>,
    value: Range<usize>,
    /// Whether the dialects know the name.
    has_role: bool,
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
    /// Whether an object has a role of its own: then the room does not know what is in it.
    folded: bool,
    /// What stands before the message of a plain line.
    heading: Option<Heading<'a>>,
    /// The record of a line in a wrapper or of logfmt.
    other: Option<Box<LogRecord>>,
}

impl<'a> Outline<'a> {
    /// Walks the line once; `room` is filled anew.
    ///
    /// Nothing is allocated for a JSON line once the room is large enough; for one in a wrapper or of
    /// logfmt its record is.
    pub(super) fn of(line: &'a [u8], room: &mut Room) -> Self {
        Self::at(line, room, 0)
    }

    /// The same for a line in `depth` wrappers.
    pub(super) fn at(line: &'a [u8], room: &mut Room, depth: u8) -> Self {
        let raw = line.strip_suffix(b"\n").unwrap_or(line);
        let line = trimmed(raw);
        let shape =
            if line.trim_ascii_start().starts_with(b"{") { Shape::Json } else { Shape::Text };
        let nothing = |shape| Self {
            raw,
            line,
            shape,
            time: None,
            level: None,
            chosen: [None; ROLES],
            folded: false,
            heading: None,
            other: None,
        };
        let mut outline = nothing(shape);
        if shape == Shape::Text {
            return outline.of_text(depth, room.latest);
        }
        let Room { path, names, leaves, roles, latest } = room;
        let latest = *latest;
        path.clear();
        names.clear();
        leaves.clear();
        let walked = walk(line, path, Lists::Entered, 0, &mut |path, value, kind| {
            let role = roles.of(path);
            let usable = role.is_some_and(|role| outline.consider(role, path, value));
            match kind {
                Kind::Leaf => {
                    let (name, at) = (names.len(), value.as_ptr().addr() - line.as_ptr().addr());
                    names.push_str(path);
                    let (name, value) = (name..names.len(), at..at + value.len());
                    leaves.push(Leaf { name, value, has_role: role.is_some() });
                }
                Kind::Object => outline.folded |= usable || path == RENDERED,
                Kind::Listed => {}
            }
            usable
        });
        if walked.is_err() {
            return nothing(Shape::Malformed);
        }
        let (time, message) = (outline.chosen(Role::Time), outline.chosen(Role::Message));
        if let Some(inner) =
            wrapper::unwrap_json(line, time, message).filter(|_| other::is_opened(depth))
        {
            let outer = read(&outline, room);
            return outline.with_other(other::json(&inner, outer, depth, latest));
        }
        if outline.level.is_none() && find(line, "@t").is_some() {
            // Serilog leaves out the level of what is merely information.
            outline.level = Some(Severity::Info);
        }
        outline
    }

    fn of_text(self, depth: u8, latest: Option<UnixNanos>) -> Self {
        if let Some(read) = other::text(self.line, depth, latest) {
            return self.with_other(read);
        }
        let heading = heading(self.line).dated(latest);
        Self { time: heading.time, level: heading.level, heading: Some(heading), ..self }
    }

    fn with_other(self, (record, inner): (LogRecord, Shape)) -> Self {
        let shape = if inner == Shape::Malformed { inner } else { self.shape };
        let (time, level) = (record.time, record.level);
        Self { shape, time, level, other: Some(Box::new(record)), ..self }
    }

    /// Takes the value when it is the best for its role so far; says whether it is usable at all.
    fn consider(&mut self, (role, rank): (Role, usize), path: &str, value: &'a [u8]) -> bool {
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
        lossy(self.line)
    }

    /// Says whether the value, by its place, is already a part of the record.
    fn took(&self, value: &[u8], exception_taken: bool) -> bool {
        let mut chosen = self.chosen.iter().enumerate().filter_map(|(role, best)| {
            let kept = role == Role::Exception as usize && !exception_taken;
            best.filter(|_| !kept).map(|(_, chosen)| chosen)
        });
        chosen.any(|chosen| std::ptr::eq(chosen, value))
    }

    fn chosen(&self, role: Role) -> Option<&'a [u8]> {
        self.chosen.get(role as usize).copied().flatten().map(|(_, value)| value)
    }
}

/// Reads a plain line behind its heading; the ids in it are those written `request_id=…`.
fn plain<'a>(line: &'a [u8], heading: Heading<'a>) -> LogLine<'a> {
    let message = heading.message_of(line);
    let [request_id, trace_id, span_id] = match &message {
        Cow::Borrowed(text) => logfmt::ids(text).map(|id| id.map(Cow::Borrowed)),
        Cow::Owned(text) => logfmt::ids(text).map(|id| id.map(|id| Cow::Owned(id.to_owned()))),
    };
    LogLine {
        time: heading.time,
        level: heading.level,
        service: heading.service.map(Cow::Borrowed),
        logger: heading.logger.map(Cow::Borrowed),
        request_id,
        trace_id,
        span_id,
        message,
        ..LogLine::default()
    }
}

/// Builds the record of a line that has been walked, `room` being as the walk left it.
pub(super) fn read(outline: &Outline<'_>, room: &Room) -> LogRecord {
    let raw = Some(outline.raw.to_vec());
    if let Some(record) = &outline.other {
        return LogRecord { raw, ..LogRecord::clone(record) };
    }
    if let Some(heading) = outline.heading {
        return LogRecord { raw, ..owned(plain(outline.line, heading)) };
    }
    if outline.shape != Shape::Json {
        return LogRecord { message: outline.written().into_owned(), raw, ..LogRecord::default() };
    }
    let words = |role| outline.chosen(role).and_then(text).map(Cow::into_owned);
    let id = |role| outline.chosen(role).and_then(value::id).map(Cow::into_owned);
    let exception = outline.chosen(Role::Exception).and_then(value::exception);
    let mut fields = Vec::new();
    remaining(outline, room, exception.is_some(), &mut |name, value| {
        fields.push(Field { name: name.to_owned(), value: raw_value(value) });
    });
    LogRecord {
        time: outline.time,
        level: outline.level,
        message: words(Role::Message).unwrap_or_default(),
        service: words(Role::Service),
        logger: words(Role::Logger),
        request_id: id(Role::RequestId),
        trace_id: id(Role::TraceId),
        span_id: id(Role::SpanId),
        fields,
        exception: exception.map(Cow::into_owned),
        source: String::new(),
        line: 0,
        raw,
    }
}

/// Returns what is shown of a line that has been walked: the same as of the record that
/// [`read`] builds, without building it.
pub(super) fn show<'a>(outline: &'a Outline<'a>, room: &'a Room) -> LogLine<'a> {
    let raw = Some(outline.raw);
    if let Some(record) = &outline.other {
        let line = LogLine::from(&**record);
        return LogLine { exception: line.exception.map(without_end), raw, ..line };
    }
    if let Some(heading) = outline.heading {
        return LogLine { raw, ..plain(outline.line, heading) };
    }
    if outline.shape != Shape::Json {
        return LogLine { message: outline.written(), raw, ..LogLine::default() };
    }
    let words = |role| outline.chosen(role).and_then(text);
    let id = |role| outline.chosen(role).and_then(value::id);
    let exception = outline.chosen(Role::Exception).and_then(value::exception);
    let mut fields = Vec::with_capacity(room.leaves.len());
    if !outline.folded {
        let rendered = renders_itself(outline, room);
        let left = room
            .leaves
            .iter()
            .filter_map(|leaf| left_over(outline, room, leaf, exception.is_some(), rendered));
        fields.extend(left.map(|(name, value)| (Cow::Borrowed(name), value::shown(value))));
    } else {
        remaining(outline, room, exception.is_some(), &mut |name, value| {
            fields.push((name.to_owned().into(), value::shown(value).into_owned().into()));
        });
    }
    LogLine {
        time: outline.time,
        level: outline.level,
        message: words(Role::Message).unwrap_or_default(),
        service: words(Role::Service),
        logger: words(Role::Logger),
        request_id: id(Role::RequestId),
        trace_id: id(Role::TraceId),
        span_id: id(Role::SpanId),
        fields,
        exception: exception.map(without_end),
        raw,
    }
}

/// Returns the record of a line without fields.
fn owned(line: LogLine<'_>) -> LogRecord {
    let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    LogRecord {
        time: line.time,
        level: line.level,
        message: line.message.into_owned(),
        service: text(line.service),
        logger: text(line.logger),
        request_id: text(line.request_id),
        trace_id: text(line.trace_id),
        span_id: text(line.span_id),
        ..LogRecord::default()
    }
}

fn without_end(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end()),
        Cow::Owned(text) => Cow::Owned(text.trim_end().to_owned()),
    }
}

/// Says whether loguru wrote the line, which holds it again, rendered, beside the record.
fn renders_itself(outline: &Outline<'_>, room: &Room) -> bool {
    let mut names = room.leaves.iter().map(|leaf| room.names.get(leaf.name.clone()));
    (outline.folded || names.any(|name| name == Some(RENDERED)))
        && find(outline.line, "record.message").is_some()
}

/// Returns the leaf as a field when it is no part of the record yet.
fn left_over<'a>(
    outline: &Outline<'a>,
    room: &'a Room,
    leaf: &Leaf,
    exception_taken: bool,
    rendered: bool,
) -> Option<(&'a str, &'a [u8])> {
    let name = room.names.get(leaf.name.clone())?;
    let value = outline.line.get(leaf.value.clone())?;
    let empty = leaf.has_role && (value == b"null" || value == b"\"\"");
    let said = empty || (rendered && name == RENDERED);
    let taken = leaf.has_role && outline.took(value, exception_taken);
    (!said && !taken).then_some((name, value))
}

/// Gives the fields that are no part of the record yet, in the order written.
fn remaining(
    outline: &Outline<'_>,
    room: &Room,
    exception_taken: bool,
    give: &mut dyn FnMut(&str, &[u8]),
) {
    let rendered = renders_itself(outline, room);
    if !outline.folded {
        for leaf in &room.leaves {
            if let Some((name, value)) = left_over(outline, room, leaf, exception_taken, rendered) {
                give(name, value);
            }
        }
        return;
    }
    let visit = &mut |path: &str, value: &[u8], kind| {
        let empty = value == b"null" || value == b"\"\"";
        let said = (empty && role_of(path).is_some()) || (rendered && path == RENDERED);
        let used = outline.took(value, exception_taken) || said;
        if !used && kind == Kind::Leaf {
            give(path, value);
        }
        used
    };
    // The same walk succeeded when the outline was made.
    let _walked = walk(outline.line, &mut String::new(), Lists::Left, 0, visit);
}

/// Returns the value as JSON that is valid; what is not (`NaN`, a raw tab) becomes JSON text.
pub(super) fn raw_value(value: &[u8]) -> Box<RawValue> {
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
