//! The answer of `obs logs` in each of its formats, a record at a time.

use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

use super::log_line::{self, LogLines};
use super::{Format, Output};
use crate::model::{Correlation, LogLine, LogRecord, Missing};

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
    /// Whether there were more lines than were asked for.
    pub truncated: bool,
    /// Whether it was the user who set how many.
    #[serde(skip)]
    pub limit_given: bool,
    /// The sources that were asked.
    pub asked: Vec<String>,
    /// Those that did not answer.
    pub missing: Vec<Missing>,
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
    collected: Vec<Box<RawValue>>,
    /// Whether it was said that some records never were lines.
    said_no_line: bool,
    /// How many records were written.
    pub written: u64,
}

impl LogWriter {
    /// Begins; `full` shows values and ids whole on a terminal too, and `about` is the request that
    /// all records belong to, if one was asked for.
    pub fn new(full: bool, about: Option<Correlation>) -> Self {
        Self {
            lines: LogLines::new(full, about),
            collected: Vec::new(),
            said_no_line: false,
            written: 0,
        }
    }

    /// Writes one record; for one JSON document it is kept until the end.
    pub fn write(&mut self, output: &mut Output, record: &LogRecord) -> io::Result<()> {
        self.written += 1;
        let format = output.format();
        let (out, theme) = output.stream();
        match format {
            Format::Human => self.lines.write(out, theme, record),
            Format::Jsonl => log_line::json(out, theme, record),
            Format::Raw => match &record.raw {
                Some(bytes) => log_line::raw(out, theme, bytes),
                None => self.without_raw(output, record),
            },
            Format::Json => {
                let mut line = Vec::new();
                log_line::json(&mut line, theme, record)?;
                self.collected.push(serde_json::from_slice(&line)?);
                Ok(())
            }
        }
    }

    /// Says whether [`LogWriter::write_line`] is enough for the chosen format.
    pub fn takes_lines(output: &Output) -> bool {
        matches!(output.format(), Format::Human | Format::Raw)
    }

    /// Writes one record that was borrowed from its line, for people or as it was written.
    pub fn write_line(&mut self, output: &mut Output, line: &LogLine<'_>) -> io::Result<()> {
        self.written += 1;
        let format = output.format();
        let (out, theme) = output.stream();
        match (format, line.raw) {
            (Format::Raw, Some(bytes)) => log_line::raw(out, theme, bytes),
            _ => self.lines.write_line(out, theme, line),
        }
    }

    /// Writes a record that never was a line as people read it, and says so, once.
    fn without_raw(&mut self, output: &mut Output, record: &LogRecord) -> io::Result<()> {
        if !std::mem::replace(&mut self.said_no_line, true) {
            output.note(
                "some records were sent as records and never were lines: shown as for people",
            );
        }
        let (out, theme) = output.stream();
        self.lines.write(out, theme, record)
    }

    /// Writes what is left, and says what a reader would not expect of the answer.
    pub fn finish(self, output: &mut Output, summary: &LogSummary) -> io::Result<()> {
        if output.is_json() {
            let records = &self.collected;
            output.json(&LogReport { schema: "obs.logs/1", records, summary })?;
        }
        output.flush()?;
        if summary.truncated && !summary.limit_given {
            output.warn("there were more lines; see them with --limit N");
        }
        if summary.elsewhere > 0 {
            let (count, lines) = counted(summary.elsewhere, "more line holds", "more lines hold");
            output.note(&format!("{count} {lines} the id, but not as an id: --anywhere"));
        }
        if summary.malformed > 0 {
            let (count, lines) = counted(summary.malformed, "line begins", "lines begin");
            output.note(&format!("{count} {lines} as JSON and did not end as it"));
        }
        if summary.unlevelled > 0 {
            let (count, lines) = counted(summary.unlevelled, "line has", "lines have");
            let why = "no level that is understood: left out by --level";
            output.warn(&format!("{count} {lines} {why}"));
        }
        if summary.untimed > 0 {
            let (count, lines) = counted(summary.untimed, "line shown has", "lines shown have");
            output.note(&format!("{count} {lines} no time, and none before: of any age"));
        }
        if summary.cut > 0 {
            let (count, lines) = counted(summary.cut, "line was", "lines were");
            output.warn(&format!("{count} {lines} too long and cut"));
        }
        Ok(())
    }
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
