//! Records of lines that are not the JSON of one logger: wrapped ones and logfmt.

use super::line::{Outline, Room, Shape, read};
use super::{access, logfmt, wrapper};
use crate::model::{LogRecord, UnixNanos};

/// How many wrappings are opened: a program's JSON in Docker's, in the journal's.
const DEPTH_MAX: u8 = 4;

/// A record without `raw`, and what the innermost line is.
type Read = (LogRecord, Shape);

/// Reads a line that is no JSON; `None` when it is a plain line, in no wrapping.
///
/// `depth` is how many wrappings it stood in, `latest` a moment that it is not later than.
pub(super) fn text(line: &[u8], depth: u8, latest: Option<UnixNanos>) -> Option<Read> {
    if depth >= DEPTH_MAX {
        return None;
    }
    if let Some(json) = logfmt::to_json(line) {
        return Some(within(&json, depth, latest));
    }
    if let Some(record) = access::record(line) {
        return Some((record, Shape::Text));
    }
    let unwrapped = wrapper::unwrap(line, latest)?;
    let (mut record, shape) = within(&unwrapped.inner, depth, latest);
    record.time = record.time.or(unwrapped.time);
    record.level = record.level.or(unwrapped.level);
    record.service = record.service.or_else(|| unwrapped.service.map(str::to_owned));
    record.logger = record.logger.or_else(|| unwrapped.logger.map(str::to_owned));
    Some((record, shape))
}

/// Reads the line in a wrapper's JSON; `outer` is that, read as if it were a logger's.
///
/// The wrapper's parts count where the line lacks them; its fields come after the line's.
pub(super) fn json(inner: &[u8], outer: LogRecord, depth: u8, latest: Option<UnixNanos>) -> Read {
    let (mut record, shape) = within(inner, depth, latest);
    record.time = record.time.or(outer.time);
    record.level = record.level.or(outer.level);
    record.service = record.service.or(outer.service);
    record.logger = record.logger.or(outer.logger);
    record.request_id = record.request_id.or(outer.request_id);
    record.trace_id = record.trace_id.or(outer.trace_id);
    record.span_id = record.span_id.or(outer.span_id);
    record.exception = record.exception.or(outer.exception);
    // The line stands in one of these once more, unless it was a list of bytes.
    record.fields.extend(
        outer
            .fields
            .into_iter()
            .filter(|field| !matches!(field.name.as_str(), "log" | "line" | "MESSAGE")),
    );
    (record, shape)
}

/// Says whether a wrapper's JSON is opened this deep.
pub(super) fn is_opened(depth: u8) -> bool {
    depth < DEPTH_MAX
}

fn within(inner: &[u8], depth: u8, latest: Option<UnixNanos>) -> Read {
    let mut room = Room::written_by(latest);
    let outline = Outline::at(inner, &mut room, depth + 1);
    (LogRecord { raw: None, ..read(&outline, &room) }, outline.shape)
}
