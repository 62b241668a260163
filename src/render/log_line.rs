//! Log records as lines: for people, as JSON, and as they were written.

mod machine;

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::civil::Date;
pub use machine::{json, raw};

use super::theme::severity_tone;
use super::{Theme, Tone, text};
use crate::model::{Correlation, LogRecord, Severity, mask_text, mask_value};

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
        let mut parts = vec![self.time(out, theme, record)?];
        let level = record.level.map_or("-", Severity::name).to_uppercase();
        parts.push(theme.paint(severity_tone(record.level), format!("{level:<5}")));
        if let Some(service) = &record.service {
            parts.push(self.service(theme, service));
        }
        if !record.message.is_empty() {
            let message = shown(theme, "message", &record.message);
            let bad = severity_tone(record.level) == Tone::Bad;
            parts.push(if bad { theme.paint(Tone::Strong, message) } else { message });
        }
        let cut = theme.terminal && !self.full;
        for field in &record.fields {
            parts.push(pair(theme, &field.name, &field.text(), cut.then_some(VALUE_COLUMNS_MAX)));
        }
        parts.extend(ids(theme, record, cut, self.about.as_ref()));
        let width = if theme.terminal { theme.width } else { usize::MAX };
        for line in joined(parts, width) {
            writeln!(out, "{line}")?;
        }
        for line in record.exception.iter().flat_map(|exception| exception.lines()) {
            let line = shown(theme, "exception", &line.replace('\t', "    "));
            writeln!(out, "    {}", theme.paint(Tone::Dim, line))?;
        }
        Ok(())
    }

    fn time(
        &mut self,
        out: &mut dyn Write,
        theme: &Theme,
        record: &LogRecord,
    ) -> io::Result<String> {
        let columns = if theme.terminal { TIME_COLUMNS } else { TIMESTAMP_COLUMNS };
        let Some(time) = record.time else { return Ok(format!("{:<columns$}", "-")) };
        let zoned = time.timestamp().to_zoned(theme.zone.clone());
        if !theme.terminal {
            let zone = if zoned.offset().is_zero() { "Z" } else { "%:z" };
            let stamp = zoned.strftime(&format!("%Y-%m-%dT%H:%M:%S%.3f{zone}")).to_string();
            return Ok(theme.paint(Tone::Dim, stamp));
        }
        let date = zoned.date();
        if self.date.replace(date) != Some(date) {
            let zoned = zoned.strftime("%Y-%m-%d %Z");
            writeln!(out, "{}", theme.paint(Tone::Strong, zoned))?;
        }
        Ok(theme.paint(Tone::Dim, theme.time_of_day(time)))
    }

    fn service(&mut self, theme: &Theme, service: &str) -> String {
        let known = self.services.iter().position(|known| known == service);
        let index = known.unwrap_or_else(|| {
            self.services.push(service.to_owned());
            self.services.len() - 1
        });
        let name = shown(theme, "service", service);
        self.service_columns = self.service_columns.max(text::columns(&name).min(20));
        let fill = " ".repeat(self.service_columns.saturating_sub(text::columns(&name)));
        theme.paint(Tone::Service(index), name) + &fill
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

/// Returns `key=value`, the value in quotes when a reader could not see where it ends.
pub(super) fn pair(theme: &Theme, key: &str, value: &str, columns_max: Option<usize>) -> String {
    let value = shown(theme, key, value);
    let value = columns_max.map_or(Cow::Borrowed(&*value), |max| text::cut(&value, max));
    let quoted = value.is_empty() || value.contains([' ', '"', '=']);
    let value = if quoted { format!("\"{}\"", value.replace('"', "\\\"")) } else { value.into() };
    format!("{}{value}", theme.paint(Tone::Dim, format!("{}=", text::harmless(key))))
}

/// Joins parts with blanks into lines of at most `width` columns; a part is never broken.
fn joined(parts: Vec<String>, width: usize) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = vec![(String::new(), 0)];
    for part in parts {
        let columns = painted_columns(&part);
        match lines.last_mut() {
            Some((line, used)) if *used == 0 => (*line, *used) = (part, columns),
            Some((line, used)) if *used + 1 + columns <= width => {
                line.push(' ');
                line.push_str(&part);
                *used += 1 + columns;
            }
            _ => lines.push((format!("    {part}"), columns + 4)),
        }
    }
    lines.into_iter().map(|(line, _)| line).collect()
}

/// Returns the columns of text that a theme has painted; no other escape sequence is in it.
fn painted_columns(painted: &str) -> usize {
    let mut pieces = painted.split('\u{1b}');
    let first = pieces.next().map_or(0, text::columns);
    let after_escape =
        |piece: &str| piece.split_once('m').map_or(0, |(_, rest)| text::columns(rest));
    first + pieces.map(after_escape).sum::<usize>()
}

/// Returns the logger and the ids; a trace id that is the request id again is left out.
fn ids(theme: &Theme, record: &LogRecord, cut: bool, about: Option<&Correlation>) -> Vec<String> {
    let plain = |id: &String| id.replace('-', "").to_ascii_lowercase();
    let same = record.trace_id.as_ref().map(plain) == record.request_id.as_ref().map(plain);
    let trace_id = record.trace_id.as_ref().filter(|_| !same);
    let ids = [
        ("logger", record.logger.as_ref().filter(|_| !cut)),
        ("request_id", record.request_id.as_ref()),
        ("trace_id", trace_id),
        ("span_id", record.span_id.as_ref().filter(|_| !cut)),
    ];
    let wanted = |id: &&String| !cut || about.is_none_or(|about| !about.matches(id));
    let pairs = ids.into_iter().filter_map(|(name, id)| {
        let id = shown(theme, name, id.filter(wanted)?);
        let max = if cut && name != "logger" { ID_COLUMNS_MAX } else { usize::MAX };
        Some((name, text::cut_middle(&id, max).into_owned()))
    });
    pairs.map(|(name, value)| theme.paint(Tone::Dim, format!("{name}={value}"))).collect()
}

#[cfg(test)]
mod tests;
