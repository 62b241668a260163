//! A hand scanner over the JSON object of one line: keys and raw values, nothing decoded or built.
//!
//! Tolerant of what loggers write (`NaN`, invalid UTF-8, raw control characters in strings) and strict
//! about what tells a whole line from a cut one: brackets, quotes, commas and the end. Not here: what a
//! key means ([`super::dialect`]).

use std::borrow::Cow;

use memchr::memchr;

mod scanner;

use scanner::{Scanner, State};

/// The bytes are not one complete JSON object (or array): cut off, or never JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one complete JSON object")]
pub(super) struct Malformed;

/// Iterates over the top-level fields of a JSON object: the key, unescaped, and the raw value.
///
/// The value is the slice as written, without blanks around it. Allocates only for keys with escapes.
/// Yields `Malformed` once, at the place where the object stops being one, and then ends.
pub(super) fn fields(object: &[u8]) -> Fields<'_> {
    Fields { scanner: Scanner { bytes: object, at: 0 }, state: State::Start }
}

/// Iterates over the raw elements of a JSON array, in order; errors as [`fields`].
pub(super) fn elements(array: &[u8]) -> Elements<'_> {
    Elements { scanner: Scanner { bytes: array, at: 0 }, state: State::Start }
}

/// Returns the first value at a dotted `path`, whether its parts are nested, dotted keys, or both.
///
/// `log.level` finds `{"log.level":…}` and `{"log":{"level":…}}`. `None` also when malformed before it.
pub(super) fn find<'a>(object: &'a [u8], path: &str) -> Option<&'a [u8]> {
    for field in fields(object) {
        let (key, value) = field.ok()?;
        if key == path {
            return Some(value);
        }
        let rest = path.strip_prefix(&*key).and_then(|rest| rest.strip_prefix('.'));
        if let Some(found) = rest.filter(|_| value.starts_with(b"{")).and_then(|r| find(value, r)) {
            return Some(found);
        }
    }
    None
}

/// Returns the text of a raw JSON string, unescaped; `None` for a value of another type.
///
/// Invalid UTF-8 becomes U+FFFD; a string whose escapes are invalid is returned as written.
pub(super) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let written = lossy(inner);
    if memchr(b'\\', inner).is_none() {
        return Some(written);
    }
    let read = match &written {
        Cow::Borrowed(_) => serde_json::from_slice(value),
        Cow::Owned(repaired) => serde_json::from_str(&format!("\"{repaired}\"")),
    };
    Some(read.map_or(written, Cow::Owned))
}

/// Returns the bytes as text, what is no UTF-8 as U+FFFD; as [`String::from_utf8_lossy`], which looks at
/// every byte by itself.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The iterator of [`fields`].
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    scanner: Scanner<'a>,
    state: State,
}

/// The iterator of [`elements`].
#[derive(Debug, Clone)]
pub(super) struct Elements<'a> {
    scanner: Scanner<'a>,
    state: State,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(Cow<'a, str>, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let field = self.scanner.more(&mut self.state, b'{', b'}').and_then(|more| {
            if !more {
                return Ok(None);
            }
            let (key, escapes) = self.scanner.string_with_escapes()?;
            self.scanner.expect(b':')?;
            let name = match key {
                // Not searched for a backslash a second time.
                [b'"', name @ .., b'"'] if !escapes => lossy(name),
                key => text(key).ok_or(Malformed)?,
            };
            Ok(Some((name, self.scanner.value()?)))
        });
        self.state = if field.is_err() { State::Done } else { self.state };
        field.transpose()
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self
            .scanner
            .more(&mut self.state, b'[', b']')
            .and_then(|more| if more { self.scanner.value().map(Some) } else { Ok(None) });
        self.state = if element.is_err() { State::Done } else { self.state };
        element.transpose()
    }
}

#[cfg(test)]
mod tests;
