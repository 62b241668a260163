//! The answer of `obs logs` in each of its formats, a record at a time.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

use super::log_columns::{self, Unseen};
use super::log_line::{self, LogLines};
use super::{Columns, Format, Output, Tone};
use crate::model::{Correlation, LogLine, LogRecord, Missing, Searched};

/// What is known when all records are written.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LogSummary {
    /// Lines that were read, of files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Lines that hold the id, but not as an id.
    pub elsewhere: u64,
    /// Lines that begin as JSON and do not end as it.
    pub malformed: u64,
    /// Lines that are there although neither they nor one before them has a time to judge by.
    pub untimed: u64,
    /// Lines left out because a level was asked for and they have none that is understood.
    pub unlevelled: u64,
    /// Lines that were too long to be kept whole.
    pub cut: u64,
    /// Lines that stand after younger ones, because they came too late in their file to be put in order.
    #[serde(skip_serializing_if = "is_zero")]
    pub late: u64,
    /// Older parts of rotated logs that the answer did not need, and so were not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<String>,
    /// Traces of the request, learnt from its lines in files: those that have one alone are there too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<String>,
    /// Fields that `--where`, `--fields` or `--hide` names and that no record had that was looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_fields: Vec<UnknownField>,
    /// Whether there were more lines than were asked for.
    pub truncated: bool,
    /// Whether it was the user who set how many.
    #[serde(skip)]
    pub limit_given: bool,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// What those searched that can say it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<Searched>,
    /// Those that did not answer.
    pub missing: Vec<Missing>,
}

/// A field that was asked for and that no record had.
#[derive(Debug, Clone, Serialize)]
pub struct UnknownField {
    /// As it was typed.
    pub name: String,
    /// One that the records have and that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<String>,
}

/// One JSON document of all records: `obs.logs/1`.
#[derive(Serialize)]
struct LogReport<'a> {
    schema: &'static str,
    records: &'a [Box<RawValue>],
    #[serde(flatten)]
    summary: &'a LogSummary,
}

/// Writes records in the chosen format.
#[derive(Debug)]
pub struct LogWriter {
    lines: LogLines,
    full: bool,
    columns: Columns,
    unseen: Unseen,
    collected: Vec<Box<RawValue>>,
    /// Whether it was said that some records never were lines.
    said_no_line: bool,
    /// How many records were written.
    pub written: u64,
}

impl LogWriter {
    /// Begins; `full` shows values and ids whole on a terminal too, and `about` is the request that
    /// all records belong to, if one was asked for. `columns` are for people and for tables.
    pub fn new(full: bool, about: Option<Correlation>, columns: Columns) -> Self {
        Self {
            lines: LogLines::new(full, about),
            full,
            unseen: Unseen::new(&columns),
            columns,
            collected: Vec::new(),
            said_no_line: false,
            written: 0,
        }
    }

    /// Writes one record; for one JSON document it is kept until the end.
    pub fn write(&mut self, output: &mut Output, record: &LogRecord) -> io::Result<()> {
        self.unseen.notice(record);
        if self.written == 0 {
            let format = output.format();
            log_columns::heading(output.stream().0, format, &self.columns)?;
        }
        self.written += 1;
        let record = if self.columns.hidden.is_empty() {
            Cow::Borrowed(record)
        } else {
            Cow::Owned(self.columns.without_hidden(record))
        };
        let record = record.as_ref();
        let format = output.format();
        let (out, theme) = output.stream();
        match format {
            Format::Human if !self.columns.only.is_empty() => {
                log_columns::line(out, theme, record, &self.columns, self.full)
            }
            Format::Human => self.lines.write(out, theme, record),
            Format::Csv | Format::Logfmt | Format::Md => {
                log_columns::row(out, theme, format, record, &self.columns)
            }
            Format::Jsonl => log_line::json(out, theme, record),
            Format::Raw => match &record.raw {
                Some(bytes) => log_line::raw(out, theme, bytes),
                None => self.without_raw(output, &LogLine::from(record)),
            },
            // The others were refused.
            _ => {
                let mut line = Vec::new();
                log_line::json(&mut line, theme, record)?;
                self.collected.push(serde_json::from_slice(&line)?);
                Ok(())
            }
        }
    }

    /// Says whether [`LogWriter::write_line`] is enough for the chosen format and columns.
    pub fn takes_lines(&self, output: &Output) -> bool {
        matches!(output.format(), Format::Human | Format::Raw) && self.columns.is_all()
    }

    /// Writes one record that was borrowed from its line, as [`LogWriter::write`] does where
    /// [`LogWriter::takes_lines`] says so.
    pub fn write_line(&mut self, output: &mut Output, line: &LogLine<'_>) -> io::Result<()> {
        self.written += 1;
        let format = output.format();
        let (out, theme) = output.stream();
        match (format, line.raw) {
            (Format::Raw, Some(bytes)) => log_line::raw(out, theme, bytes),
            (Format::Raw, None) => self.without_raw(output, line),
            _ => self.lines.write_line(out, theme, line),
        }
    }

    /// Marks, for people, that records between the last one and the next are left out.
    pub fn gap(output: &mut Output) -> io::Result<()> {
        if output.format() != Format::Human {
            return Ok(());
        }
        let (out, theme) = output.stream();
        writeln!(out, "{}", theme.paint(Tone::Dim, "--"))
    }

    /// Writes a record that never was a line as people read it, and says so, once.
    fn without_raw(&mut self, output: &mut Output, line: &LogLine<'_>) -> io::Result<()> {
        if !std::mem::replace(&mut self.said_no_line, true) {
            output.note(
                "some records were sent as records and never were lines: shown as for people",
            );
        }
        let (out, theme) = output.stream();
        self.lines.write_line(out, theme, line)
    }

    /// Writes what is left, and says what a reader would not expect of the answer.
    pub fn finish(self, output: &mut Output, summary: &LogSummary) -> io::Result<()> {
        let mut summary = summary.clone();
        let unknown = self.unseen.unknown().into_iter().filter(|_| self.written > 0);
        summary.unknown_fields.extend(unknown.map(|(name, near)| UnknownField { name, near }));
        if self.written == 0 {
            let format = output.format();
            log_columns::heading(output.stream().0, format, &self.columns)?;
        }
        if output.is_json() {
            let records = &self.collected;
            output.json(&LogReport { schema: "obs.logs/1", records, summary: &summary })?;
        }
        output.flush()?;
        summary.say(output);
        Ok(())
    }
}

impl LogSummary {
    /// Says what a reader would not expect of the answer.
    pub(super) fn say(&self, output: &mut Output) {
        if self.truncated && !self.limit_given {
            output.warn("there were more lines; see them with --limit N");
        }
        if self.elsewhere > 0 {
            let (count, lines) = counted(self.elsewhere, "more line holds", "more lines hold");
            output.note(&format!("{count} {lines} the id, but not as an id: --anywhere"));
        }
        if self.malformed > 0 {
            let (count, lines) = counted(self.malformed, "line begins", "lines begin");
            output.note(&format!("{count} {lines} as JSON and did not end as it"));
        }
        if self.unlevelled > 0 {
            let (count, lines) = counted(self.unlevelled, "line has", "lines have");
            let why = "no level that is understood: left out by --level";
            output.warn(&format!("{count} {lines} {why}"));
        }
        if self.untimed > 0 {
            let (count, lines) = counted(self.untimed, "line shown has", "lines shown have");
            output.note(&format!("{count} {lines} no time, and none before: of any age"));
        }
        if self.late > 0 {
            let (count, lines) = counted(self.late, "line comes", "lines come");
            let why = "after younger ones, too far behind them in the file to be put in order";
            output.note(&format!("{count} {lines} {why}"));
        }
        if self.cut > 0 {
            let (count, lines) = counted(self.cut, "line was", "lines were");
            output.warn(&format!("{count} {lines} too long and cut"));
        }
        for UnknownField { name, near } in &self.unknown_fields {
            let near = near.as_ref().map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_default();
            output.note(&format!("no record that was looked at has a field `{name}`{near}"));
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn counted(count: u64, one: &'static str, many: &'static str) -> (u64, &'static str) {
    (count, if count == 1 { one } else { many })
}

impl Output {
    /// Hands everything written so far to whoever reads it.
    pub fn flush(&mut self) -> io::Result<()> {
        self.stream().0.flush()
    }
}
