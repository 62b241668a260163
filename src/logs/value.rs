//! What loggers write as a time, a level, an id and an exception.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;

use super::fields::{find, text};
use super::line::raw_value;
use crate::model::{Field, Severity, UnixNanos};

pub(super) mod stamp;

/// The smallest number that is a time and not a duration, in seconds: March 1973.
const TIME_SECONDS_MIN: i128 = 100_000_000;

/// Reads a raw JSON value as a time.
///
/// Taken are RFC 3339 text and its relatives, numbers and numeric text (the unit by magnitude, every
/// digit kept), and objects: `{seconds,nanos}`, `{epochSecond,nanoOfSecond}`, loguru's `{timestamp}`.
pub(super) fn time(value: &[u8]) -> Option<UnixNanos> {
    match value.first()? {
        b'"' => {
            if let Some(time) = stamp::read(value.get(1..value.len() - 1)?) {
                return Some(time);
            }
            let text = text(value)?;
            number_time(&text).or_else(|| UnixNanos::parse_rfc3339(&text))
        }
        b'{' => {
            if let Some(timestamp) = find(value, "timestamp") {
                return number_time(std::str::from_utf8(timestamp).ok()?);
            }
            let seconds = find(value, "seconds").or_else(|| find(value, "epochSecond"))?;
            let nanos = find(value, "nanos").or_else(|| find(value, "nanoOfSecond"));
            let whole = integer(seconds)?.checked_mul(1_000_000_000)?;
            Some(UnixNanos(whole.checked_add(nanos.map_or(Some(0), integer)?)?))
        }
        _ => number_time(std::str::from_utf8(value).ok()?),
    }
}

/// Reads an integer, also one in quotes as protobuf's JSON writes 64-bit ones.
fn integer(value: &[u8]) -> Option<i64> {
    let inner = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\""));
    std::str::from_utf8(inner.unwrap_or(value)).ok()?.parse().ok()
}

/// Reads decimal digits with an optional fraction; a double would lose the nanoseconds.
fn number_time(text: &str) -> Option<UnixNanos> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if text.contains(['e', 'E']) {
        // No logger keeps nanoseconds in such a number.
        let time = UnixNanos::from_number(text.parse().ok()?)?;
        return (i128::from(time.0) >= TIME_SECONDS_MIN * 1_000_000_000).then_some(time);
    }
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    if whole < TIME_SECONDS_MIN {
        return None;
    }
    let unit: i128 = match whole {
        ..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    let billionths = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let billionths = billionths.fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    let nanos = whole.checked_mul(unit)? + billionths * unit / 1_000_000_000;
    i64::try_from(nanos).ok().map(UnixNanos)
}

/// Reads the raw JSON value at `path` as a level: a word, a number, or loguru's `{name,no}`.
pub(super) fn level(path: &str, value: &[u8]) -> Option<Severity> {
    match value.first()? {
        b'"' => {
            let word = text(value)?;
            Severity::from_name(&word).or_else(|| level_of_number(path, word.parse().ok()?))
        }
        b'{' => level("", find(value, "name")?),
        _ => level_of_number(path, std::str::from_utf8(value).ok()?.parse().ok()?),
    }
}

/// Numbers collide; the key tells whose they are, and under `level` itself the magnitude does.
///
/// Source: Python `logging`; `OTel` `logs.proto` `SeverityNumber`; .NET `LogLevel`; pino and bunyan;
/// RFC 5424 6.2.1 (GELF, journald); Google `LogSeverity`; logback `level_value`.
fn level_of_number(path: &str, number: u32) -> Option<Severity> {
    use Severity::{Debug, Error, Fatal, Info, Trace, Warn};
    let is = |key: &str| path.eq_ignore_ascii_case(key);
    let steps: &[(u32, Severity)] = if is("levelno") || is("level_number") {
        &[(50, Fatal), (40, Error), (30, Warn), (20, Info), (10, Debug), (1, Trace)]
    } else if is("severityNumber") || is("severity_number") {
        &[(21, Fatal), (17, Error), (13, Warn), (9, Info), (5, Debug), (1, Trace)]
    } else if is("LogLevel") {
        &[(5, Fatal), (4, Error), (3, Warn), (2, Info), (1, Debug), (0, Trace)]
    } else if number >= 1_000 {
        &[(40_000, Error), (30_000, Warn), (20_000, Info), (10_000, Debug), (0, Trace)]
    } else if number >= 100 {
        &[(600, Fatal), (500, Error), (400, Warn), (200, Info), (0, Debug)]
    } else if number >= 10 {
        &[(60, Fatal), (50, Error), (40, Warn), (30, Info), (20, Debug), (0, Trace)]
    } else {
        // The journal's numbers fall as it gets worse: emergency 0, debug 7.
        &[(8, Trace), (7, Debug), (5, Info), (4, Warn), (3, Error), (0, Fatal)]
    };
    steps.iter().find(|(from, _)| number >= *from).map(|(_, level)| *level)
}

/// Reads a raw JSON value as an id, as written; `None` for nothing and for the zeros that stand for it.
pub(super) fn id(value: &[u8]) -> Option<Cow<'_, str>> {
    let id = match value.first()? {
        b'"' => text(value)?,
        b'0'..=b'9' => String::from_utf8_lossy(value),
        _ => return None,
    };
    id.bytes().any(|byte| byte != b'0' && byte != b'-').then_some(id)
}

/// Returns a raw JSON value as a reader wants it: what [`Field::text`] gives of it.
pub(super) fn shown(value: &[u8]) -> Cow<'_, str> {
    let inner = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\""));
    let plain = |bytes: &[u8]| bytes.iter().all(|byte| *byte >= b' ' && *byte != b'\\');
    match inner {
        Some(inner) if plain(inner) => String::from_utf8_lossy(inner),
        Some(_) => Field { name: String::new(), value: raw_value(value) }.text().into(),
        None => String::from_utf8_lossy(value),
    }
}

/// Reads a raw JSON value as a traceback: text, or structlog's list of `{exc_type,exc_value,frames}`.
pub(super) fn exception(value: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(text) = text(value) {
        return (!text.trim().is_empty()).then_some(text);
    }
    if !value.starts_with(b"[") {
        return None;
    }
    let mut raised: Vec<Raised> = serde_json::from_slice(value).ok()?;
    // structlog lists the last raised first; a traceback ends with it.
    raised.reverse();
    let mut made = String::new();
    for (index, raised) in raised.iter().enumerate() {
        write_raised(&mut made, index, raised).ok()?;
    }
    (!made.is_empty()).then_some(Cow::Owned(made))
}

fn write_raised(made: &mut String, index: usize, raised: &Raised) -> std::fmt::Result {
    if index > 0 {
        made.push_str("\n\n");
    }
    made.push_str("Traceback (most recent call last):\n");
    for Frame { filename, lineno, name } in &raised.frames {
        writeln!(made, "  File \"{filename}\", line {lineno}, in {name}")?;
    }
    write!(made, "{}: {}", raised.exc_type, raised.exc_value)
}

/// Source: structlog `tracebacks.ExceptionDictTransformer`.
#[derive(Deserialize)]
struct Raised {
    exc_type: String,
    exc_value: String,
    #[serde(default)]
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(default)]
    filename: String,
    #[serde(default)]
    lineno: u64,
    #[serde(default)]
    name: String,
}

#[cfg(test)]
mod tests;
