//! Log records as lines: for people, as JSON, and as they were written.

mod machine;
mod parts;
mod stamp;

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::civil::Date;
pub use machine::{json, raw};
use parts::Parts;

use super::theme::severity_tone;
use super::{Theme, Tone, text};
use crate::model::{Correlation, LogLine, LogRecord, Severity, UnixNanos, mask_text, mask_value};

/// The columns of a field's value on a terminal, unless asked for in full.
const VALUE_COLUMNS_MAX: usize = 60;

/// The columns of an id on a terminal, unless asked for in full.
const ID_COLUMNS_MAX: usize = 13;

/// The columns of `06:30:33.750`.
const TIME_COLUMNS: usize = 12;

/// The columns of `2026-11-22T06:30:33.750Z`.
const TIMESTAMP_COLUMNS: usize = 24;

/// Writes records as lines, and remembers what depends on those before: the date, the services.
///
/// A line is `time level service message key=value… ids`, and below it, indented, the exception.
/// A message is never cut. In a pipe nothing is cut or broken, and every line has its date and zone:
/// `grep` and `sort` take lines by themselves. On a terminal the date and the zone stand on a line of
/// their own when the date is another than before, lines are broken between fields, long values and ids are cut, and what every line has
/// (the id that was asked for) or few need (logger, span) is left out.
#[derive(Debug, Default)]
pub struct LogLines {
    full: bool,
    about: Option<Correlation>,
    date: Option<Date>,
    services: Vec<String>,
    service_columns: usize,
    /// The line being made, kept for its room.
    made: Parts,
}

impl LogLines {
    /// Begins; `full` shows values and ids whole on a terminal too, and `about` is the request that all
    /// lines belong to, if one was asked for: its id need not stand in each.
    pub fn new(full: bool, about: Option<Correlation>) -> Self {
        Self { full, about, ..Self::default() }
    }

    /// Writes one record, masked and harmless.
    pub fn write(
        &mut self,
        out: &mut dyn Write,
        theme: &Theme,
        record: &LogRecord,
    ) -> io::Result<()> {
        self.write_line(out, theme, &LogLine::from(record))
    }

    /// Writes a record that was borrowed; allocates nothing in a pipe for values that need no mask.
    pub fn write_line(
        &mut self,
        out: &mut dyn Write,
        theme: &Theme,
        line: &LogLine<'_>,
    ) -> io::Result<()> {
        let mut made = std::mem::take(&mut self.made);
        made.clear();
        self.time(&mut made, theme, line.time);
        painted(made.begin(), theme, severity_tone(line.level), level_word(line.level));
        if let Some(service) = &line.service {
            self.service(made.begin(), theme, service);
        }
        if !line.message.is_empty() {
            let message = made.begin();
            if theme.color && severity_tone(line.level) == Tone::Bad {
                let shown = shown(theme, "message", &line.message);
                painted(message, theme, Tone::Strong, &shown);
            } else {
                push_shown(message, theme, "message", &line.message);
            }
        }
        let cut = theme.terminal && !self.full;
        for (name, value) in &line.fields {
            pair(made.begin(), theme, name, value, cut.then_some(VALUE_COLUMNS_MAX));
        }
        ids(&mut made, theme, line, cut, self.about.as_ref());
        made.end(if theme.terminal { theme.width } else { usize::MAX });
        for line in line.exception.iter().flat_map(|exception| exception.lines()) {
            let line = shown(theme, "exception", &line.replace('\t', "    "));
            made.text.push_str("    ");
            painted(&mut made.text, theme, Tone::Dim, &line);
            made.text.push('\n');
        }
        let written = out.write_all(made.text.as_bytes());
        self.made = made;
        written
    }

    fn time(&mut self, made: &mut Parts, theme: &Theme, time: Option<UnixNanos>) {
        let Some(time) = time else {
            let columns = if theme.terminal { TIME_COLUMNS } else { TIMESTAMP_COLUMNS };
            let part = made.begin();
            part.push('-');
            return part.extend(std::iter::repeat_n(' ', columns - 1));
        };
        if !theme.terminal && !theme.color {
            return stamp::push(made.begin(), &theme.zone, time);
        }
        if !theme.terminal {
            let mut stamp = String::new();
            stamp::push(&mut stamp, &theme.zone, time);
            return painted(made.begin(), theme, Tone::Dim, &stamp);
        }
        let zoned = time.timestamp().to_zoned(theme.zone.clone());
        let date = zoned.date();
        if self.date.replace(date) != Some(date) {
            let zoned = zoned.strftime("%Y-%m-%d %Z");
            made.text.push_str(&theme.paint(Tone::Strong, zoned));
            made.text.push('\n');
        }
        painted(made.begin(), theme, Tone::Dim, &theme.time_of_day(time));
    }

    fn service(&mut self, part: &mut String, theme: &Theme, service: &str) {
        let known = self.services.iter().position(|known| known == service);
        let index = known.unwrap_or_else(|| {
            self.services.push(service.to_owned());
            self.services.len() - 1
        });
        let name = mask(theme, "service", service);
        let name = text::harmless(&name);
        let columns = text::columns(&name);
        self.service_columns = self.service_columns.max(columns.min(20));
        painted(part, theme, Tone::Service(index), &name);
        part.extend(std::iter::repeat_n(' ', self.service_columns.saturating_sub(columns)));
    }
}

/// The level in five columns.
fn level_word(level: Option<Severity>) -> &'static str {
    match level {
        None => "-    ",
        Some(Severity::Trace) => "TRACE",
        Some(Severity::Debug) => "DEBUG",
        Some(Severity::Info) => "INFO ",
        Some(Severity::Warn) => "WARN ",
        Some(Severity::Error) => "ERROR",
        Some(Severity::Fatal) => "FATAL",
    }
}

fn painted(part: &mut String, theme: &Theme, tone: Tone, piece: &str) {
    if theme.color {
        part.push_str(&theme.paint(tone, piece));
    } else {
        part.push_str(piece);
    }
}

pub(super) fn mask<'a>(theme: &Theme, key: &str, value: &'a str) -> Cow<'a, str> {
    match (theme.show_secrets, key) {
        (true, _) => Cow::Borrowed(value),
        (false, "message" | "exception") => mask_text(value),
        (false, key) => mask_value(key, value),
    }
}

fn shown(theme: &Theme, key: &str, value: &str) -> String {
    text::harmless(&mask(theme, key, value)).into_owned()
}

fn push_shown(part: &mut String, theme: &Theme, key: &str, value: &str) {
    part.push_str(&text::harmless(&mask(theme, key, value)));
}

/// Adds `key=value`, the value in quotes when a reader could not see where it ends.
pub(super) fn pair(
    part: &mut String,
    theme: &Theme,
    key: &str,
    value: &str,
    columns_max: Option<usize>,
) {
    let key_shown = text::harmless(key);
    if theme.color {
        part.push_str(&theme.paint(Tone::Dim, format!("{key_shown}=")));
    } else {
        part.push_str(&key_shown);
        part.push('=');
    }
    let value = mask(theme, key, value);
    let value = text::harmless(&value);
    let value = match columns_max {
        Some(max) => text::cut(&value, max),
        None => value,
    };
    let quoted = |byte: u8| matches!(byte, b' ' | b'"' | b'=');
    if !value.is_empty() && !value.bytes().any(quoted) {
        return part.push_str(&value);
    }
    part.push('"');
    part.push_str(&value.replace('"', "\\\""));
    part.push('"');
}

/// Adds the logger and the ids; a trace id that is the request id again is left out.
fn ids(
    made: &mut Parts,
    theme: &Theme,
    line: &LogLine<'_>,
    cut: bool,
    about: Option<&Correlation>,
) {
    let plain = |id: &'_ str| -> Vec<u8> {
        id.bytes().filter(|byte| *byte != b'-').map(|byte| byte.to_ascii_lowercase()).collect()
    };
    let same = match (&line.trace_id, &line.request_id) {
        (Some(trace_id), Some(request_id)) => plain(trace_id) == plain(request_id),
        (None, None) => true,
        _ => false,
    };
    let ids = [
        ("logger", line.logger.as_ref().filter(|_| !cut)),
        ("request_id", line.request_id.as_ref()),
        ("trace_id", line.trace_id.as_ref().filter(|_| !same)),
        ("span_id", line.span_id.as_ref().filter(|_| !cut)),
    ];
    let wanted = |id: &str| !cut || about.is_none_or(|about| !about.matches(id));
    for (name, id) in ids {
        let Some(id) = id.filter(|id| wanted(id)) else { continue };
        let id = mask(theme, name, id);
        let id = text::harmless(&id);
        let part = made.begin();
        let cut = cut && name != "logger";
        let id = if cut { text::cut_middle(&id, ID_COLUMNS_MAX) } else { id };
        if theme.color {
            part.push_str(&theme.paint(Tone::Dim, format!("{name}={id}")));
        } else {
            part.push_str(name);
            part.push('=');
            part.push_str(&id);
        }
    }
}

#[cfg(test)]
mod tests;
