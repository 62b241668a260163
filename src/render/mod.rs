//! The only writer to standard output and standard error.
//!
//! A command gathers, builds a report (a plain serde struct) and calls [`Output::show`]; JSON is the
//! same report, serialised. Text from outside goes through [`text::harmless`] or [`text::shown`] here
//! and nowhere else. Not here: the clock, the environment, the network.

use std::io::{self, Write};

use serde::Serialize;

pub mod check;
pub mod errors;
pub mod explain;
pub mod init;
pub mod issues;
mod live;
mod log_columns;
pub mod log_groups;
pub mod log_line;
pub mod log_report;
pub mod log_stats;
pub mod markdown;
pub mod metrics;
pub mod metrics_lint;
pub mod metrics_list;
mod pager;
mod progress;
pub mod promql;
mod room;
pub mod runbook;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod trace_baseline;
pub mod trace_diff;
pub mod trace_list;
mod trace_steps;
pub mod waterfall;

pub use live::Live;
pub use log_columns::Columns;
use pager::Pager;
pub use progress::Progress;
pub use theme::{Theme, Tone};

/// How an answer is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people: text, coloured on a terminal.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// One JSON document a line (`logs`, `check`, `metrics`).
    Jsonl,
    /// Lines as they were written, nothing masked (`logs`).
    Raw,
    /// A table for spreadsheets, with a heading (`logs`).
    Csv,
    /// `key=value` lines (`logs`).
    Logfmt,
    /// A table in Markdown (`logs`, `check`, `metrics`), a text for a ticket (`trace`).
    Md,
    /// A page that loads nothing (`trace`).
    Html,
    /// A picture (`trace`).
    Svg,
    /// OTLP's JSON, whatever the trace was read from (`trace`).
    Otlp,
    /// Stacks for a flame graph (`trace`).
    Folded,
    /// Trace events for Perfetto and Chrome (`trace`).
    Perfetto,
    /// Only what is not well, and how many are (`check`).
    Short,
    /// A test report as XML, for CI (`check`).
    Junit,
    /// The Test Anything Protocol (`check`).
    Tap,
    /// One line with its numbers and that protocol's exit codes (`check`).
    Nagios,
    /// Metrics for a scraper or a textfile collector (`check`).
    Prometheus,
}

/// How notes, warnings and errors are written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// As log lines, one JSON object each.
    Json,
}

/// The command has no such format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`obs {command}` answers as {formats}")]
pub struct UnknownFormat {
    command: String,
    formats: &'static str,
}

/// What a command answers: data first, and how a person reads it.
pub trait Render: Serialize {
    /// Writes the answer for a person, within `theme.width` columns.
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()>;

    /// Says whether the drawing keeps to ASCII by itself where the theme wants it, because what it
    /// quotes must stay as it is written.
    fn minds_ascii(&self) -> bool {
        false
    }
}

/// The two streams, and how to write to them.
pub struct Output {
    format: Format,
    log_format: LogFormat,
    quiet: bool,
    /// How human output looks on standard output.
    pub theme: Theme,
    /// How notes and errors look on standard error.
    pub notes: Theme,
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    pager: Pager,
    /// What is to be said when the pager has left the screen.
    held: Vec<String>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { format, log_format, quiet, theme, notes, stdout: _, stderr: _, pager: _, held } =
            self;
        f.debug_struct("Output")
            .field("format", format)
            .field("log_format", log_format)
            .field("quiet", quiet)
            .field("theme", theme)
            .field("notes", notes)
            .field("held", held)
            .finish_non_exhaustive()
    }
}

impl Output {
    /// Writes to the process's own streams.
    ///
    /// `pager` is the command line that a long answer on a terminal goes through; empty for none.
    pub fn to_process(
        format: Format,
        quiet: bool,
        theme: Theme,
        notes: Theme,
        pager: &str,
    ) -> Self {
        let stdout = Box::new(io::BufWriter::with_capacity(64 << 10, io::stdout()));
        let wanted = theme.terminal && format == Format::Human;
        let pager = Pager::new(if wanted { pager } else { "" });
        Self {
            format,
            log_format: LogFormat::Text,
            quiet,
            theme,
            notes,
            stdout,
            stderr: Box::new(io::stderr()),
            pager,
            held: Vec::new(),
        }
    }

    /// Writes notes, warnings and errors in this format. As JSON they are `tracing` events of the
    /// target `obs`, which whoever listens writes.
    #[must_use]
    pub fn with_log_format(mut self, log_format: LogFormat) -> Self {
        self.log_format = log_format;
        self
    }

    /// Returns how notes, warnings and errors are written.
    pub fn log_format(&self) -> LogFormat {
        self.log_format
    }

    /// From here on the answer goes through the pager, where there is one to use.
    pub fn page(&mut self) {
        if let Some(stdin) = self.pager.start() {
            self.stdout = Box::new(io::BufWriter::new(stdin));
        }
    }

    /// Returns the chosen format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Refuses the formats that only `logs` has.
    pub fn only_human_or_json(&self, command: &str) -> Result<(), UnknownFormat> {
        match self.format {
            Format::Human | Format::Json => Ok(()),
            _ => Err(UnknownFormat { command: command.to_owned(), formats: "human or json" }),
        }
    }

    /// Refuses the formats that a trace is not written in.
    pub fn only_of_trace(&self) -> Result<(), UnknownFormat> {
        match self.format {
            Format::Human
            | Format::Json
            | Format::Md
            | Format::Html
            | Format::Svg
            | Format::Otlp
            | Format::Folded
            | Format::Perfetto => Ok(()),
            _ => Err(UnknownFormat {
                command: "trace".into(),
                formats: "human, json, md, html, svg, otlp, folded or perfetto",
            }),
        }
    }

    /// Refuses the formats that log lines are not written in.
    pub fn only_of_logs(&self) -> Result<(), UnknownFormat> {
        match self.format {
            Format::Human
            | Format::Json
            | Format::Jsonl
            | Format::Raw
            | Format::Csv
            | Format::Logfmt
            | Format::Md => Ok(()),
            _ => Err(UnknownFormat {
                command: "logs".into(),
                formats: "human, json, jsonl, raw, csv, logfmt or md",
            }),
        }
    }

    /// Refuses the formats that checks are not written in.
    pub fn only_of_check(&self) -> Result<(), UnknownFormat> {
        match self.format {
            Format::Human
            | Format::Short
            | Format::Json
            | Format::Jsonl
            | Format::Md
            | Format::Junit
            | Format::Tap
            | Format::Nagios
            | Format::Prometheus => Ok(()),
            _ => Err(UnknownFormat {
                command: "check".into(),
                formats: "human, short, json, jsonl, md, junit, tap, nagios or prometheus",
            }),
        }
    }

    /// Refuses the formats that signals are not written in; samples also have lines.
    pub fn only_of_signals(&self) -> Result<(), UnknownFormat> {
        match self.format {
            Format::Human | Format::Json | Format::Md => Ok(()),
            _ => Err(UnknownFormat {
                command: "metrics".to_owned(),
                formats: "human, json or md; `obs metrics list` also as jsonl",
            }),
        }
    }

    /// Refuses the formats that metrics are not written in.
    pub fn only_of_metrics(&self, command: &str) -> Result<(), UnknownFormat> {
        match self.format {
            Format::Human | Format::Json | Format::Jsonl | Format::Md => Ok(()),
            _ => Err(UnknownFormat {
                command: command.to_owned(),
                formats: "human, json, jsonl or md",
            }),
        }
    }

    /// Refuses every format but the one for people.
    pub fn only_human(&self, command: &str) -> Result<(), UnknownFormat> {
        match self.format {
            Format::Human => Ok(()),
            _ => Err(UnknownFormat { command: command.to_owned(), formats: "human" }),
        }
    }

    /// Says whether the answer is JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Writes a whole answer in the chosen format and flushes it.
    pub fn show(&mut self, report: &impl Render) -> io::Result<()> {
        match self.format {
            Format::Human => {
                self.page();
                if self.theme.ascii && !report.minds_ascii() {
                    let mut drawn = Vec::new();
                    report.human(&mut drawn, &self.theme)?;
                    self.stdout
                        .write_all(text::ascii(&String::from_utf8_lossy(&drawn)).as_bytes())?;
                } else {
                    report.human(&mut self.stdout, &self.theme)?;
                }
            }
            _ => self.json(report)?,
        }
        self.stdout.flush()
    }

    /// Writes one JSON document and a line break.
    pub fn json(&mut self, report: &impl Serialize) -> io::Result<()> {
        let document = serde_json::to_string_pretty(report)?;
        writeln!(self.stdout, "{}", text::harmless_json(&document))
    }

    /// Writes one JSON document on a line of its own, at once.
    pub fn json_line(&mut self, report: &impl Serialize) -> io::Result<()> {
        let document = serde_json::to_string(report)?;
        writeln!(self.stdout, "{}", text::harmless_json(&document))?;
        self.stdout.flush()
    }

    /// Returns standard output for an answer that comes in pieces; the caller flushes.
    pub fn stream(&mut self) -> (&mut dyn Write, &Theme) {
        (&mut *self.stdout, &self.theme)
    }

    /// Says on standard error what was chosen or left out, unless `--quiet`.
    pub fn note(&mut self, message: &str) {
        if !self.quiet {
            self.say(Tone::Dim, "note", message);
        }
    }

    /// Says on standard error what went wrong beside the answer.
    pub fn warn(&mut self, message: &str) {
        self.say(Tone::Warn, "warning", message);
    }

    /// Says on standard error what to type next, unless `--quiet`.
    pub fn hint(&mut self, message: &str) {
        if !self.quiet {
            self.say(Tone::Id, "hint", message);
        }
    }

    /// Shows an error: what failed, why, what to type next.
    pub fn error(&mut self, message: &str, causes: &[String], hints: &[String]) {
        if self.log_format == LogFormat::Json {
            let cause = (!causes.is_empty()).then(|| causes.join(": "));
            let hint = (!hints.is_empty()).then(|| hints.join("\n"));
            return tracing::error!(target: "obs", cause, hint, "{message}");
        }
        self.say(Tone::Bad, "error", message);
        for cause in causes {
            let mut lines = cause.lines().filter(|line| !line.trim().is_empty());
            self.say(Tone::Dim, "  cause", lines.next().unwrap_or_default());
            for line in lines {
                // A failure to write to standard error has nowhere to be told.
                drop(writeln!(self.stderr, "         {}", text::shown(line)));
            }
        }
        for hint in hints {
            self.say(Tone::Id, "  hint", hint);
        }
    }

    fn say(&mut self, tone: Tone, word: &str, message: &str) {
        // Notes come between pieces of the answer on a terminal: keep the order. A failure to
        // write them must not lose the answer.
        drop(self.stdout.flush());
        if self.log_format == LogFormat::Json {
            return match tone {
                Tone::Bad => tracing::error!(target: "obs", "{message}"),
                Tone::Warn => tracing::warn!(target: "obs", "{message}"),
                _ => tracing::info!(target: "obs", "{message}"),
            };
        }
        let word = self.notes.paint(tone, word);
        let line = format!("{word}: {}", text::shown(message));
        if self.pager.runs() {
            self.held.push(line);
        } else {
            drop(writeln!(self.stderr, "{line}"));
        }
    }

    /// Ends the answer, and waits until the reader has left the pager; notes can still be written.
    pub fn finish(&mut self) {
        // The pager may have been left before the end: that is no error.
        drop(self.stdout.flush());
        self.stdout = Box::new(io::sink());
        let failure = self.pager.wait();
        for line in self.held.drain(..) {
            // There is nobody left to tell that standard error is gone.
            drop(writeln!(self.stderr, "{line}"));
        }
        if let Some(failure) = failure {
            self.say(Tone::Warn, "warning", &failure);
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Returns the stream for log lines of `obs` itself, which come from any thread.
pub fn standard_error() -> io::Stderr {
    io::stderr()
}
