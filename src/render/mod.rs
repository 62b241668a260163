//! The only writer to standard output and standard error.
//!
//! A command gathers, builds a report (a plain serde struct) and calls [`Output::show`]; JSON is the
//! same report, serialised. Text from outside goes through [`text::harmless`] or [`text::shown`] here
//! and nowhere else. Not here: the clock, the environment, the network.

use std::io::{self, Write};

use serde::Serialize;

pub mod check;
pub mod issues;
pub mod log_line;
pub mod log_report;
mod pager;
mod progress;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod waterfall;

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
    /// One JSON document a line (`logs`).
    Jsonl,
    /// Lines as they were written, nothing masked (`logs`).
    Raw,
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
}

/// The two streams, and how to write to them.
pub struct Output {
    format: Format,
    quiet: bool,
    /// How human output looks on standard output.
    pub theme: Theme,
    /// How notes and errors look on standard error.
    pub notes: Theme,
    stdout: Box<dyn Write + Send>,
    stderr: Box<dyn Write + Send>,
    pager: Pager,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { format, quiet, theme, notes, stdout: _, stderr: _, pager: _ } = self;
        f.debug_struct("Output")
            .field("format", format)
            .field("quiet", quiet)
            .field("theme", theme)
            .field("notes", notes)
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
        Self { format, quiet, theme, notes, stdout, stderr: Box::new(io::stderr()), pager }
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
            Format::Jsonl | Format::Raw => {
                Err(UnknownFormat { command: command.to_owned(), formats: "human or json" })
            }
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
                if self.theme.ascii {
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
        let word = self.notes.paint(tone, word);
        drop(writeln!(self.stderr, "{word}: {}", text::shown(message)));
    }
}

/// Waits until the reader has left the pager.
impl Drop for Output {
    fn drop(&mut self) {
        // The pager may have been left before the end: that is no error.
        drop(self.stdout.flush());
        self.stdout = Box::new(io::sink());
        self.pager.wait();
    }
}
