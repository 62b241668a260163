//! A record by columns: the value that it has under a name, and lines and tables of chosen ones.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::log_line::{mask, pair};
use super::theme::severity_tone;
use super::{Format, Theme, text};
use crate::model::{LogRecord, nearest};

/// The column of all fields that are no column of their own, as a JSON object.
const REST: &str = "fields";

/// The columns of a value on a terminal, unless asked for in full.
const VALUE_COLUMNS_MAX: usize = 60;

/// How many names of fields are remembered, to offer one of them for one that was mistyped.
const NAMES_MAX: usize = 256;

/// Which columns are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Only these, in this order; empty for all.
    pub only: Vec<String>,
    /// All but these, and but what is nested in them.
    pub hidden: Vec<String>,
}

impl Columns {
    /// Says whether all are shown.
    pub fn is_all(&self) -> bool {
        self.only.is_empty() && self.hidden.is_empty()
    }

    fn hides(&self, name: &str) -> bool {
        self.hidden.iter().any(|hidden| {
            name.strip_prefix(hidden.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Returns the record without what is hidden; its time and its level stay.
    pub(super) fn without_hidden(&self, record: &LogRecord) -> LogRecord {
        let mut left = record.clone();
        left.fields.retain(|field| !self.hides(&field.name));
        if self.hides("message") {
            left.message.clear();
        }
        for (name, member) in [
            ("service", &mut left.service),
            ("logger", &mut left.logger),
            ("request_id", &mut left.request_id),
            ("trace_id", &mut left.trace_id),
            ("span_id", &mut left.span_id),
            ("exception", &mut left.exception),
        ] {
            if self.hides(name) {
                *member = None;
            }
        }
        left
    }

    /// Returns the names of a table's columns.
    fn names(&self) -> Vec<&str> {
        if !self.only.is_empty() {
            return self.only.iter().map(String::as_str).collect();
        }
        LogRecord::NAMES.into_iter().chain([REST]).filter(|name| !self.hides(name)).collect()
    }
}

/// The columns that were asked for and that no record had so far.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    names: Vec<String>,
    others: BTreeSet<String>,
}

impl Unseen {
    pub(super) fn new(columns: &Columns) -> Self {
        let asked = columns.only.iter().chain(&columns.hidden);
        let known = |name: &&String| *name == REST || LogRecord::NAMES.contains(&name.as_str());
        let names = asked.filter(|name| !known(name)).cloned().collect();
        Self { names, others: BTreeSet::new() }
    }

    pub(super) fn notice(&mut self, record: &LogRecord) {
        if self.names.is_empty() {
            return;
        }
        for field in &record.fields {
            self.names.retain(|name| {
                let rest = field.name.strip_prefix(name.as_str());
                rest.is_none_or(|rest| !rest.is_empty() && !rest.starts_with('.'))
            });
            if self.others.len() < NAMES_MAX && !self.others.contains(&field.name) {
                self.others.insert(field.name.clone());
            }
        }
    }

    /// Returns each name and what was probably meant by it.
    pub(super) fn unknown(&self) -> Vec<(String, Option<String>)> {
        let known = || self.others.iter().map(String::as_str).chain(LogRecord::NAMES);
        let near = |name: &String| nearest(name, known()).map(ToOwned::to_owned);
        self.names.iter().map(|name| (name.clone(), near(name))).collect()
    }
}

/// Returns what the record has under a name, masked and with its line breaks; `None` for nothing.
fn cell(theme: &Theme, record: &LogRecord, name: &str) -> Option<String> {
    let held = match name {
        "time" => record.time.map(|time| time.to_string()),
        "level" => record.level.map(|level| level.name().to_owned()),
        "service" => record.service.clone(),
        "message" => Some(record.message.clone()),
        "logger" => record.logger.clone(),
        "request_id" => record.request_id.clone(),
        "trace_id" => record.trace_id.clone(),
        "span_id" => record.span_id.clone(),
        "exception" => record.exception.clone(),
        "source" => Some(record.source.clone()),
        "line" => (record.line > 0).then(|| record.line.to_string()),
        name => {
            let field = record.fields.iter().find(|field| field.name == name);
            return field.map(|field| mask(theme, name, &field.text()).into_owned());
        }
    };
    held.filter(|text| !text.is_empty()).map(|text| mask(theme, name, &text).into_owned())
}

/// Writes the chosen columns of a record as one line for people: what explains itself bare, the others
/// as `key=value`, an exception below; `-` when it has none of them.
pub(super) fn line(
    out: &mut dyn Write,
    theme: &Theme,
    record: &LogRecord,
    columns: &Columns,
    full: bool,
) -> io::Result<()> {
    let mut parts = Vec::new();
    for name in columns.only.iter().filter(|name| *name != "exception") {
        let Some(value) = cell(theme, record, name) else { continue };
        let shown = text::harmless(&value);
        parts.push(match name.as_str() {
            "time" | "service" | "message" => shown.into_owned(),
            "level" => {
                let level = format!("{:<5}", shown.to_uppercase());
                theme.paint(severity_tone(record.level), level)
            }
            name => {
                let cut = (theme.terminal && !full).then_some(VALUE_COLUMNS_MAX);
                let mut part = String::new();
                pair(&mut part, theme, name, &value, cut);
                part
            }
        });
    }
    let exception = columns.only.iter().any(|name| name == "exception");
    let exception = record.exception.as_ref().filter(|_| exception);
    if parts.is_empty() && exception.is_none() {
        parts.push("-".to_owned());
    }
    writeln!(out, "{}", parts.join(" "))?;
    for line in exception.iter().flat_map(|exception| exception.lines()) {
        let masked = mask(theme, "exception", line);
        writeln!(out, "    {}", text::harmless(&masked.replace('\t', "    ")))?;
    }
    Ok(())
}

/// Writes the row above all others, in the formats that have one.
pub(super) fn heading(out: &mut dyn Write, format: Format, columns: &Columns) -> io::Result<()> {
    let names = columns.names();
    match format {
        Format::Csv => {
            let names: Vec<String> = names.into_iter().map(csv).collect();
            write!(out, "{}\r\n", names.join(","))
        }
        Format::Md => {
            let cells: Vec<String> = names.iter().map(|name| markdown(name)).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
            writeln!(out, "|{}", " --- |".repeat(names.len()))
        }
        _ => Ok(()),
    }
}

/// Writes a record as a row: CSV (RFC 4180, a line break is CR LF), Markdown or logfmt.
pub(super) fn row(
    out: &mut dyn Write,
    theme: &Theme,
    format: Format,
    record: &LogRecord,
    columns: &Columns,
) -> io::Result<()> {
    let value = |name: &str| match name {
        REST if columns.only.is_empty() => rest(theme, record),
        name => cell(theme, record, name),
    };
    let names = columns.names();
    let cells = |write: fn(&str) -> String| -> Vec<String> {
        names.iter().map(|name| write(&value(name).unwrap_or_default())).collect()
    };
    match format {
        Format::Csv => write!(out, "{}\r\n", cells(csv).join(",")),
        Format::Md => writeln!(out, "| {} |", cells(markdown).join(" | ")),
        _ => {
            let mut pairs = Vec::new();
            for name in names {
                if name == REST && columns.only.is_empty() {
                    let fields = record.fields.iter();
                    pairs.extend(fields.map(|field| {
                        logfmt(&field.name, &mask(theme, &field.name, &field.text()))
                    }));
                } else if let Some(value) = cell(theme, record, name) {
                    pairs.push(logfmt(name, &value));
                }
            }
            writeln!(out, "{}", pairs.join(" "))
        }
    }
}

/// Returns the fields as a JSON object, each value of the type that it was written as unless masked.
fn rest(theme: &Theme, record: &LogRecord) -> Option<String> {
    let members: Vec<String> = record
        .fields
        .iter()
        .filter_map(|field| {
            let text = field.text();
            let masked = mask(theme, &field.name, &text);
            let value = if masked == text {
                field.value.get().to_owned()
            } else {
                serde_json::to_string(&*masked).ok()?
            };
            Some(format!("{}:{value}", serde_json::to_string(&field.name).ok()?))
        })
        .collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
}

/// Returns a CSV cell: quoted where it must be, and never a formula to a spreadsheet.
pub(super) fn csv(value: &str) -> String {
    let lines: Vec<_> = value.lines().map(text::harmless).collect();
    let mut cell = lines.join("\n");
    // A spreadsheet runs what begins so; a number may begin with its sign.
    if cell.starts_with(['=', '+', '-', '@', '\\']) && cell.parse::<f64>().is_err() {
        cell.insert(0, '\'');
    }
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

/// Returns a cell of a Markdown table that shows the text and means nothing else.
pub(super) fn markdown(value: &str) -> String {
    let mut cell = String::new();
    for (index, line) in value.lines().enumerate() {
        if index > 0 {
            cell.push_str("<br>");
        }
        for character in text::harmless(line).chars() {
            if "\\|`*_[]<>&~".contains(character) {
                cell.push('\\');
            }
            cell.push(character);
        }
    }
    cell
}

fn logfmt(name: &str, value: &str) -> String {
    let name: String = text::harmless(name)
        .chars()
        .map(|c| if c.is_whitespace() || "=\"".contains(c) { '_' } else { c })
        .collect();
    let escaped = value.replace('\\', r"\\").replace('"', "\\\"");
    let shown = text::harmless(&escaped);
    let bare = !value.is_empty() && *shown == *value && !value.contains([' ', '=']);
    if bare { format!("{name}={shown}") } else { format!("{name}=\"{shown}\"") }
}

#[cfg(test)]
mod tests;
