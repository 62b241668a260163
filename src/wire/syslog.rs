//! One syslog message, without its framing: RFC 5424, or what RFC 3164 describes.
//!
//! Lenient: what does not parse as a header stays part of the message. Not here: sockets, framing.

use jiff::Timestamp;

use crate::model::{Severity, UnixNanos};

/// The most fields of one message.
const FIELDS_MAX: usize = 128;

/// A message and what its header says of it; borrowed from the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyslogMessage<'a> {
    /// Which part of the system it is from (RFC 5424, table 1); `None` without a header.
    pub facility: Option<u8>,
    /// How bad it is; `None` without a header.
    pub severity: Option<Severity>,
    /// When it was written.
    pub time: Option<SyslogTime<'a>>,
    /// The machine.
    pub host: Option<&'a str>,
    /// The program.
    pub application: Option<&'a str>,
    /// Its process.
    pub process: Option<&'a str>,
    /// The kind of message.
    pub message_id: Option<&'a str>,
    /// Structured data, as `(element.name, value)`; an element without parameters has no field.
    pub fields: Vec<(String, String)>,
    /// The message itself.
    pub text: &'a [u8],
}

/// A time as the two RFCs have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyslogTime<'a> {
    /// A moment.
    At(UnixNanos),
    /// `Nov 22 06:30:00`: no year and no zone, so no moment.
    Written(&'a str),
}

/// Reads a message; never fails, whatever the bytes.
pub fn read_syslog(bytes: &[u8]) -> SyslogMessage<'_> {
    let bytes = bytes.trim_ascii_end();
    let Some((priority, rest)) = priority(bytes) else {
        return SyslogMessage { text: bytes, ..SyslogMessage::default() };
    };
    let mut message = SyslogMessage {
        facility: Some(priority >> 3),
        severity: Some(severity(priority & 7)),
        text: rest,
        ..SyslogMessage::default()
    };
    if let Some(rest) = rest.strip_prefix(b"1 ") {
        // A header that breaks off leaves the rest as text.
        if modern(rest, &mut message).is_none() {
            message.text = rest;
        }
    } else {
        traditional(rest, &mut message);
    }
    message
}

/// RFC 5424, section 6.2.1: `<0>` to `<191>`.
fn priority(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let rest = bytes.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
    let (digits, rest) = rest.split_at_checked(end)?;
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(digits).ok()?.parse::<u8>().ok();
    Some((number.filter(|number| plain && *number <= 191)?, rest.get(1..)?))
}

/// RFC 5424, table 2: 0 is an emergency, 7 is for debugging.
fn severity(number: u8) -> Severity {
    match number {
        0..=2 => Severity::Fatal,
        3 => Severity::Error,
        4 => Severity::Warn,
        5 | 6 => Severity::Info,
        _ => Severity::Debug,
    }
}

/// `TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]`; `-` is nothing.
fn modern<'a>(bytes: &'a [u8], message: &mut SyslogMessage<'a>) -> Option<()> {
    let (mut words, mut rest) = ([None; 5], bytes);
    for word in &mut words {
        let end = rest.iter().position(|byte| *byte == b' ')?;
        let (text, after) = rest.split_at_checked(end)?;
        *word = std::str::from_utf8(text).ok().filter(|text| *text != "-" && !text.is_empty());
        rest = after.get(1..)?;
    }
    let [time, host, application, process, message_id] = words;
    message.time = time.and_then(moment);
    message.host = host;
    message.application = application;
    message.process = process;
    message.message_id = message_id;
    message.text = structured(rest, &mut message.fields)?;
    Some(())
}

fn moment(text: &str) -> Option<SyslogTime<'_>> {
    let time: Timestamp = text.parse().ok()?;
    Some(SyslogTime::At(UnixNanos(i64::try_from(time.as_nanosecond()).ok()?)))
}

/// Reads `-` or `[element name="value"]…`; returns the message behind it.
fn structured<'a>(bytes: &'a [u8], fields: &mut Vec<(String, String)>) -> Option<&'a [u8]> {
    let mut rest = bytes;
    if let Some(after) = rest.strip_prefix(b"-") {
        rest = after;
    }
    while let Some(element) = rest.strip_prefix(b"[") {
        let end = element.iter().position(|byte| matches!(byte, b' ' | b']'))?;
        let (id, mut parameters) = element.split_at_checked(end)?;
        let id = String::from_utf8_lossy(id).into_owned();
        loop {
            parameters = parameters.trim_ascii_start();
            if let Some(after) = parameters.strip_prefix(b"]") {
                rest = after;
                break;
            }
            let equals = parameters.iter().position(|byte| *byte == b'=')?;
            let (name, after) = parameters.split_at_checked(equals)?;
            let (value, after) = quoted(after.get(1..)?)?;
            if fields.len() < FIELDS_MAX {
                fields.push((format!("{id}.{}", String::from_utf8_lossy(name)), value));
            }
            parameters = after;
        }
    }
    let text = rest.strip_prefix(b" ").unwrap_or(rest);
    Some(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
}

/// RFC 5424, section 6.3.3: only `"`, `\` and `]` are escaped.
fn quoted(bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut rest = bytes.strip_prefix(b"\"")?;
    let mut value = Vec::new();
    loop {
        let (first, after) = rest.split_first()?;
        rest = match (first, after.split_first()) {
            (b'"', _) => return Some((String::from_utf8_lossy(&value).into_owned(), after)),
            (b'\\', Some((escaped @ (b'"' | b'\\' | b']'), after))) => {
                value.push(*escaped);
                after
            }
            (byte, _) => {
                value.push(*byte);
                after
            }
        };
    }
}

/// RFC 3164, section 4.1: `Nov 22 06:30:00 host app[7]: text`, or RFC 3339 in the time's place, as
/// rsyslog writes it. The host is missing where a machine logs to itself.
fn traditional<'a>(bytes: &'a [u8], message: &mut SyslogMessage<'a>) {
    let Some(rest) = time(bytes, message) else { return };
    let mut rest = rest.trim_ascii_start();
    // The first word is the host, unless it is the tag already.
    if let Some((word, after)) = word(rest)
        && !word.ends_with(':')
        && !after.is_empty()
    {
        message.host = Some(word);
        rest = after;
    }
    message.text = rest;
    let Some((tag, after)) = word(rest) else { return };
    let Some(tag) = tag.strip_suffix(':') else { return };
    let (name, process) = match tag.strip_suffix(']').and_then(|tag| tag.split_once('[')) {
        Some((name, process)) => (name, Some(process)),
        None => (tag, None),
    };
    message.application = Some(name).filter(|name| !name.is_empty());
    message.process = process;
    message.text = after;
}

/// Reads the time; returns what follows.
fn time<'a>(bytes: &'a [u8], message: &mut SyslogMessage<'a>) -> Option<&'a [u8]> {
    if let Some((first, after)) = word(bytes)
        && let Some(time) = moment(first)
    {
        message.time = Some(time);
        return Some(after);
    }
    let (stamp, after) = bytes.split_at_checked(15)?;
    let fits = stamp.iter().zip(b"Aaa 00 00:00:00").all(|(byte, kind)| match kind {
        b'A' => byte.is_ascii_uppercase(),
        b'a' => byte.is_ascii_lowercase(),
        b'0' => byte.is_ascii_digit() || *byte == b' ',
        _ => byte == kind,
    });
    message.time = Some(SyslogTime::Written(std::str::from_utf8(stamp).ok().filter(|_| fits)?));
    Some(after)
}

fn word(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b' ')?;
    let (word, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(word).ok().filter(|word| !word.is_empty())?, rest.get(1..)?))
}

#[cfg(test)]
mod tests;
