//! Lines in which a shipper, a container runtime or a terminal has wrapped the line of a program.
//!
//! Nothing is read here but the wrapping: what is in it may be any dialect, and what that lacks the
//! wrapper adds ([`super::other`]). Only wrappers that sign themselves are opened: a program may log
//! a JSON text as its message, and that is a message.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::fields::{elements, find, text};
use super::plain;
use crate::model::{Severity, UnixNanos};

/// The longest name of a container or a pod, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// A line out of its wrapping, and what the wrapping says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unwrapped<'a> {
    /// The line of the program, without a line break.
    pub(super) inner: Cow<'a, [u8]>,
    /// When the wrapper took it.
    pub(super) time: Option<UnixNanos>,
    /// How bad the wrapper says it is.
    pub(super) level: Option<Severity>,
    /// The container or the program it came from.
    pub(super) service: Option<&'a str>,
    /// The part of the program, when a heading before JSON names it.
    pub(super) logger: Option<&'a str>,
    /// Whether the line goes on in the next record of the same stream.
    pub(super) partial: bool,
}

/// Takes a line that is no JSON out of its wrapping; `None` when it is in none.
///
/// Kubernetes CRI, docker compose, `kubectl --prefix`, stern, and any heading of [`plain`] before JSON:
/// syslog, `docker logs -t`. `latest` is a moment that the line is not later than. Allocates only to
/// take colours away.
pub(super) fn unwrap(line: &[u8], latest: Option<UnixNanos>) -> Option<Unwrapped<'_>> {
    if line.get(..line.len().min(NAME_BYTES_MAX))?.contains(&b'\x1b') {
        let inner = Cow::Owned(without_colours(line));
        return Some(Unwrapped { inner, ..Unwrapped::default() });
    }
    cri(line)
        .or_else(|| compose(line))
        .or_else(|| kubectl(line))
        .or_else(|| before_json(line, latest))
}

/// `2016-10-06T00:17:09.669794202Z stdout F text`; source: Kubernetes `kuberuntime/logs`.
fn cri(line: &[u8]) -> Option<Unwrapped<'_>> {
    let mut words = line.splitn(4, |byte| *byte == b' ');
    let (stamp, stream, tag) = (words.next()?, words.next()?, words.next()?);
    let partial = match tag.split(|byte| *byte == b':').next()? {
        b"F" => false,
        b"P" => true,
        _ => return None,
    };
    if !matches!(stream, b"stdout" | b"stderr") || !stamp.contains(&b'T') {
        return None;
    }
    let time = plain::time(std::str::from_utf8(stamp).ok()?)?;
    let inner = Cow::Borrowed(words.next().unwrap_or_default());
    Some(Unwrapped { inner, time: Some(time), partial, ..Unwrapped::default() })
}

/// `orders-api-1  | text`; other tables are told from it by the number, unless JSON follows.
fn compose(line: &[u8]) -> Option<Unwrapped<'_>> {
    let bar = memchr(b'|', line.get(..line.len().min(NAME_BYTES_MAX))?)?;
    let (name, rest) = line.split_at_checked(bar)?;
    let rest =
        rest.strip_prefix(b"| ").or_else(|| rest.strip_prefix(b"|").filter(|r| r.is_empty()))?;
    let padded = std::str::from_utf8(name).ok()?;
    let name = Some(padded.trim_end()).filter(|name| is_name(name) && name.len() < padded.len())?;
    // A date is no name.
    let name =
        Some(name).filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))?;
    let (service, number) = name.rsplit_once(['-', '_']).unwrap_or((name, ""));
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let service = if numbered { service } else { name };
    (numbered || is_object(rest)).then(|| named(service, rest))
}

/// `[pod/orders-7d9/api] text`, and stern's `orders-7d9 api {json}`.
fn kubectl(line: &[u8]) -> Option<Unwrapped<'_>> {
    if let Some(rest) = line.strip_prefix(b"[pod/") {
        let end = memchr(b']', rest)?;
        let name = std::str::from_utf8(rest.get(..end)?).ok()?;
        let (_pod, container) = name.split_once('/')?;
        return Some(named(container, rest.get(end + 1..)?.strip_prefix(b" ")?));
    }
    let start = memchr(b'{', line)?;
    let (prefix, rest) = line.split_at_checked(start)?;
    let mut words = std::str::from_utf8(prefix).ok()?.strip_suffix(' ')?.split(' ');
    let (pod, container) = (words.next()?, words.next()?);
    // Pods have a hash behind their name, or a number.
    let known = is_name(pod) && is_name(container) && pod.contains('-') && words.next().is_none();
    (known && is_object(rest)).then(|| named(container, rest))
}

/// JSON behind a heading that leaves no word unread.
fn before_json(line: &[u8], latest: Option<UnixNanos>) -> Option<Unwrapped<'_>> {
    let start = memchr(b'{', line).filter(|start| *start > 0)?;
    let (prefix, rest) = line.split_at_checked(start)?;
    let heading = plain::heading(prefix).dated(latest);
    let read = heading.message.trim_matches([' ', ':', '-', '|', '\t']).is_empty();
    let known = heading.time.is_some() || heading.level.is_some() || heading.service.is_some();
    (read && known && is_object(rest)).then_some(Unwrapped {
        inner: Cow::Borrowed(rest),
        time: heading.time,
        level: heading.level,
        service: heading.service,
        logger: heading.logger,
        partial: false,
    })
}

/// Returns the line of the program in the JSON of a wrapper; `None` for JSON that is none.
///
/// `time` and `message` are the values that the keys of the dialects found in `line`. Docker's
/// json-file, Fluent Bit, journald (also bytes as numbers), `CloudWatch`, Loki, `VictoriaLogs`.
pub(super) fn unwrap_json<'a>(
    line: &'a [u8],
    time: Option<&[u8]>,
    message: Option<&'a [u8]>,
) -> Option<Cow<'a, [u8]>> {
    let value = match message {
        // The journal has its microseconds in quotes.
        _ if time.is_some_and(|time| time.starts_with(b"\"1") && time.len() == 18) => {
            find(line, "__REALTIME_TIMESTAMP")
                .or_else(|| find(line, "_SOURCE_REALTIME_TIMESTAMP"))?;
            find(line, "MESSAGE")?
        }
        Some(message) if message.starts_with(b"\"{") => {
            let signs = ["ingestionTime", "logStreamName", "_stream", "stream", "kubernetes"];
            signs.iter().find_map(|sign| find(line, sign))?;
            message
        }
        // A container's line keeps its line break.
        Some(message) if message.ends_with(b"\\n\"") || line.starts_with(b"{\"log\":\"") => {
            find(line, "stream").or_else(|| find(line, "kubernetes"))?;
            find(line, "log")?
        }
        Some(_) => return None,
        None => {
            find(line, "labels")?;
            find(line, "line")?
        }
    };
    let inner =
        if value.starts_with(b"[") { bytes(value)? } else { text(value)?.into_owned().into() };
    let length = inner.strip_suffix(b"\n").map_or(inner.len(), <[u8]>::len);
    Some(Cow::Owned(inner.get(..length)?.to_vec()))
}

/// Reads a list of numbers as bytes: what the journal writes for what is no UTF-8, or has colours.
fn bytes(list: &[u8]) -> Option<Vec<u8>> {
    let number = |element: &[u8]| std::str::from_utf8(element).ok()?.parse().ok();
    elements(list).map(|element| number(element.ok()?)).collect()
}

fn named<'a>(service: &'a str, inner: &'a [u8]) -> Unwrapped<'a> {
    Unwrapped { inner: Cow::Borrowed(inner), service: Some(service), ..Unwrapped::default() }
}

fn is_object(text: &[u8]) -> bool {
    text.starts_with(b"{\"") && text.trim_ascii_end().ends_with(b"}")
}

fn is_name(word: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=NAME_BYTES_MAX).contains(&word.len()) && word.chars().all(known)
}

/// Returns the line without the sequences that set colours.
fn without_colours(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = memmem::find(rest, b"\x1b[") {
        plain.extend_from_slice(rest.get(..start).unwrap_or_default());
        rest = rest.get(start + 2..).unwrap_or_default();
        let parameters = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b';').count();
        match rest.get(parameters) {
            Some(b'm') => rest = rest.get(parameters + 1..).unwrap_or_default(),
            // Another sequence, or none: its start stays out, so that this ends.
            _ => plain.extend_from_slice(b"["),
        }
    }
    plain.extend(rest.iter().filter(|byte| **byte != b'\x1b'));
    plain
}

#[cfg(test)]
mod tests;
