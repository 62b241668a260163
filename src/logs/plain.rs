//! What stands before the message of a plain line: time, level, logger, service.
//!
//! Conservative: what is not surely one of these stays in the message. Nothing is allocated for a line
//! but for the time of an access log and for one that is no plain ISO 8601.

mod stamp;
mod syslog;
mod yearless;

use std::borrow::Cow;

use super::level_in_text;
use crate::model::{Severity, UnixNanos};
use yearless::Yearless;

/// The longest name of a thread, a process or a logger that is taken for one, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// A plain line, understood; borrowed from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Heading<'a> {
    /// When it was logged; a time without a zone is taken as UTC, one without a year is
    /// not one yet.
    pub(super) time: Option<UnixNanos>,
    pub(super) yearless: Option<Yearless<'a>>,
    pub(super) level: Option<Severity>,
    /// The program that syslog names.
    pub(super) service: Option<&'a str>,
    pub(super) logger: Option<&'a str>,
    /// What is left.
    pub(super) message: &'a str,
}

/// Reads a line that is no JSON; bytes from the first that is no UTF-8 on are not looked at.
///
/// Known are the formats of Python's logging (with and without `basicConfig`), Flask, gunicorn,
/// uvicorn, loguru, Go's log, klog, Rust's `env_logger` and tracing, Logback, Log4j and Spring, nginx and
/// Apache, syslog. Of any other line the level is told by [`level_in_text`].
pub(super) fn heading(line: &[u8]) -> Heading<'_> {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(line.get(..error.valid_up_to()).unwrap_or_default())
            .unwrap_or_default(),
    };
    let known = timed(text)
        .or_else(|| python(text))
        .or_else(|| syslog::heading(text))
        .or_else(|| klog(text))
        .unwrap_or_else(|| Heading {
            time: stamp::of_access_line(text),
            message: text,
            ..Heading::default()
        });
    let level = known.level.or_else(|| level_in_text(line)).or_else(|| {
        // Behind a syslog heading the words that may be a level begin again.
        known.service.and_then(|_| level_in_text(known.message.as_bytes()))
    });
    Heading { level, ..known }
}

/// Reads a text that is nothing but a time.
pub(super) fn time(text: &str) -> Option<UnixNanos> {
    stamp::take(text).filter(|(_, rest)| rest.is_empty()).map(|(time, _)| time)
}

/// Reads the time of a line of an access log.
pub(super) fn time_of_access_line(text: &str) -> Option<UnixNanos> {
    stamp::of_access_line(text)
}

impl Heading<'_> {
    /// The same with its time, where only the year of it is not written; `latest` is a moment that no
    /// line of its source is later than.
    pub(super) fn dated(self, latest: Option<UnixNanos>) -> Self {
        let time = || self.yearless?.before(latest?);
        Self { time: self.time.or_else(time), ..self }
    }

    /// Returns the message of `line`, which this was read from, with U+FFFD for what is no UTF-8.
    pub(super) fn message_of<'l>(&self, line: &'l [u8]) -> Cow<'l, str> {
        let valid = std::str::from_utf8(line).map_or_else(|error| error.valid_up_to(), str::len);
        // The message is the end of what is valid.
        let start = valid.saturating_sub(self.message.len());
        String::from_utf8_lossy(line.get(start..).unwrap_or_default())
    }
}

/// Reads a line that begins with its time.
fn timed(text: &str) -> Option<Heading<'_>> {
    let bracket = text.strip_prefix('[');
    let (time, rest) = stamp::take(bracket.unwrap_or(text))?;
    // `env_logger` has the level and the logger in the same brackets.
    if bracket.is_some() && rest.starts_with(' ') {
        let (inside, message) = rest.split_once(']')?;
        let mut words = inside.split_ascii_whitespace();
        let level = words.next().and_then(word_level)?;
        let message = message.trim_start();
        return Some(Heading {
            time: Some(time),
            level: Some(level),
            logger: words.next(),
            message,
            ..Heading::default()
        });
    }
    let rest = if bracket.is_some() { rest.strip_prefix(']')? } else { rest };
    if !rest.is_empty() && !rest.starts_with([' ', ':', '\t', '|']) {
        return None;
    }
    let heading = Heading { time: Some(time), ..Heading::default() };
    if let Some(read) = dashed(rest) {
        return Some(Heading { time: Some(time), ..read });
    }
    Some(match take_level(rest) {
        Some((level, rest)) => {
            let (logger, message) = take_logger(rest);
            Heading { level: Some(level), logger, message, ..heading }
        }
        None => Heading { message: rest.trim_start_matches([' ', ':', '\t', '|']), ..heading },
    })
}

/// Reads ` - app.db - ERROR - text`, the format of Python's cookbook.
fn dashed(text: &str) -> Option<Heading<'_>> {
    let mut parts = text.strip_prefix(" - ")?.splitn(3, " - ");
    let (logger, level, message) = (parts.next()?, parts.next()?, parts.next()?);
    let level = word_level(level)?;
    let logger = Some(logger).filter(|logger| is_logger(logger))?;
    Some(Heading { level: Some(level), logger: Some(logger), message, ..Heading::default() })
}

/// Takes the level behind the time, and names in brackets around it: threads and processes.
fn take_level(text: &str) -> Option<(Severity, &str)> {
    let mut rest = skip_separators(text);
    // Before the level at most: a process and a thread.
    for _ in 0..3 {
        let (word, after) = take_word(rest)?;
        if let Some(level) = word_level(word) {
            return Some((level, after));
        }
        let number = word.bytes().all(|byte| byte.is_ascii_digit());
        if !(number || word.starts_with('[')) {
            return None;
        }
        rest = skip_separators(after);
    }
    None
}

/// Takes `app: `, `in app: `, `app.db - `, `[main] a.B : ` and loguru's `app:main:23 - ` behind the level.
fn take_logger(text: &str) -> (Option<&str>, &str) {
    let mut rest = skip_separators(text);
    // Spring writes the process and `---`, all Java loggers may write the thread.
    while let Some((word, after)) = take_word(rest).filter(|(word, _)| {
        word.starts_with('[') || *word == "---" || word.bytes().all(|byte| byte.is_ascii_digit())
    }) {
        if after.trim().is_empty() {
            break;
        }
        (_, rest) = (word, after.trim_start());
    }
    let named = rest.strip_prefix("in ").unwrap_or(rest);
    let Some((word, after)) = take_word(named) else { return (None, rest) };
    let (name, message) = if let Some(name) = word.strip_suffix(':') {
        (name, after)
    } else if let Some(message) =
        ["- ", ": "].iter().find_map(|dash| after.trim_start().strip_prefix(dash))
    {
        (word, message)
    } else {
        return (None, rest);
    };
    if is_logger(name) { (Some(name), message.trim_start()) } else { (None, rest) }
}

/// Reads `ERROR:app.db:text` of Python's `basicConfig`, and uvicorn's `INFO:     text`.
fn python(text: &str) -> Option<Heading<'_>> {
    let (word, rest) = text.split_once(':')?;
    let level = word_level(word).filter(|_| word.bytes().all(|byte| byte.is_ascii_uppercase()))?;
    let heading = Heading { level: Some(level), ..Heading::default() };
    if rest.starts_with(' ') {
        return Some(Heading { message: rest.trim_start(), ..heading });
    }
    let (logger, message) = rest.split_once(':').filter(|(name, _)| is_logger(name))?;
    Some(Heading { logger: Some(logger), message, ..heading })
}

/// Reads `E1122 06:30:00.123456       7 server.go:12] text`, which has no year.
///
/// Source: Kubernetes `klog`.
fn klog(text: &str) -> Option<Heading<'_>> {
    let (letter, rest) = text.split_at_checked(1)?;
    let level = match letter {
        "I" => Severity::Info,
        "W" => Severity::Warn,
        "E" => Severity::Error,
        "F" => Severity::Fatal,
        _ => return None,
    };
    let (date, rest) = rest.split_once(' ')?;
    let (place, message) = rest.split_once("] ")?;
    let mut words = place.split_ascii_whitespace();
    let (time, _thread, logger) = (words.next()?, words.next()?, words.next()?);
    let dated = date.len() == 4 && date.bytes().all(|byte| byte.is_ascii_digit());
    let timed = time.len() == 15 && time.bytes().filter(|byte| *byte == b':').count() == 2;
    (dated && timed && words.next().is_none()).then_some(Heading {
        yearless: Yearless::of_klog(date, time),
        level: Some(level),
        logger: Some(logger),
        message,
        ..Heading::default()
    })
}

/// Returns the level that a word is, in brackets or before a colon too.
fn word_level(word: &str) -> Option<Severity> {
    let bare = word.trim_matches(['[', ']', ':', ',', '|']);
    // `Severity` knows letters; a single one is no word of a line.
    Some(bare).filter(|bare| bare.len() >= 3).and_then(Severity::from_name)
}

fn skip_separators(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '|'])
}

/// Takes a word, or what is in brackets.
fn take_word(text: &str) -> Option<(&str, &str)> {
    let length = if text.starts_with('[') {
        text.find(']')? + 1
    } else {
        text.find([' ', '\t', '|']).unwrap_or(text.len())
    };
    text.split_at_checked(length).filter(|(word, _)| (1..=NAME_BYTES_MAX).contains(&word.len()))
}

/// Says whether a word names a part of a program; a sentence begins with a capital.
fn is_logger(word: &str) -> bool {
    let first = word.chars().next();
    let plain = first.is_some_and(|first| first.is_ascii_lowercase() || first == '_');
    let dotted =
        first.is_some_and(|first| first.is_ascii_alphabetic()) && word.contains(['.', ':']);
    let known = |c: char| c.is_ascii_alphanumeric() || "_.:$-<>/".contains(c);
    (plain || dotted) && word.chars().all(known)
}

#[cfg(test)]
mod tests;
