//! What stands before a message in a line of syslog.

use super::{Heading, stamp};
use crate::logs::value;

/// Reads the start of a syslog line: the level of `<PRI>`, the program as service, the message.
///
/// `None` for any other line. The old format has no year: its time is for the caller to know.
/// Source: RFC 5424 6, RFC 3164 4.1.
pub(super) fn heading(text: &str) -> Option<Heading<'_>> {
    let (level, rest) = match priority(text) {
        Some((digit, rest)) => (value::level("PRIORITY", &[digit]), rest),
        None => (None, text),
    };
    if let Some(rest) = rest.strip_prefix("1 ").filter(|_| level.is_some()) {
        let (time, rest) = match stamp::take(rest) {
            Some((time, rest)) => (Some(time), rest),
            None => (None, rest.strip_prefix('-')?),
        };
        let mut words = rest.strip_prefix(' ')?.splitn(5, ' ');
        let (_host, program) = (words.next()?, words.next()?);
        let (_process, _kind, rest) = (words.next()?, words.next()?, words.next()?);
        let service = Some(program).filter(|program| *program != "-");
        let message = after_data(rest)?;
        return Some(Heading { time, level, service, message, ..Heading::default() });
    }
    let (yearless, rest) = stamp::take_syslog(rest)?;
    let (_host, rest) = rest.split_once(' ')?;
    let (tag, message) = rest.split_once(": ")?;
    let program = tag.split_once('[').map_or(tag, |(program, _)| program);
    if program.is_empty() || tag.contains(' ') {
        return None;
    }
    let (service, yearless) = (Some(program), Some(yearless));
    Some(Heading { yearless, level, service, message, ..Heading::default() })
}

/// Returns the digit of the severity, and what follows `<PRI>`.
fn priority(text: &str) -> Option<(u8, &str)> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    let number: u8 = Some(number).filter(|number| number.len() <= 3)?.parse().ok()?;
    (number <= 191).then_some((b'0' + number % 8, rest))
}

/// Returns what follows the structured data: `-`, or elements in brackets.
fn after_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(rest.strip_prefix(' ').unwrap_or(rest).trim_start_matches('\u{feff}'));
    }
    let (mut quoted, mut escaped, mut inside) = (false, false, false);
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            '[' if !quoted => inside = true,
            ']' if !quoted => inside = false,
            ' ' if !inside => {
                return text.get(place + 1..).map(|m| m.trim_start_matches('\u{feff}'));
            }
            _ => {}
        }
    }
    (!inside && !quoted).then_some("")
}
