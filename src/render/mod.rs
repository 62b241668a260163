//! The only writer to standard output and standard error.
//!
//! A command gathers, builds a report (a plain serde struct) and calls [`Output::show`]; JSON is the
//! same report, serialised. Text from outside goes through [`text::harmless`] or [`text::shown`] here
//! and nowhere else. Not here: the clock, the environment, the network.

use std::io::{self, Write};

use serde::Serialize;

pub mod text;
pub mod theme;

pub use theme::{Theme, Tone};

/// How an answer is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people: text, coloured on a terminal.
    #[default]
    Human,
    /// One JSON document.
    Json,
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
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { format, quiet, theme, notes, stdout: _, stderr: _ } = self;
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
    pub fn to_process(format: Format, quiet: bool, theme: Theme, notes: Theme) -> Self {
        let stdout = Box::new(io::BufWriter::with_capacity(64 << 10, io::stdout()));
        Self { format, quiet, theme, notes, stdout, stderr: Box::new(io::stderr()) }
    }

    /// Returns the chosen format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Writes a whole answer in the chosen format and flushes it.
    pub fn show(&mut self, report: &impl Render) -> io::Result<()> {
        match self.format {
            Format::Json => self.json(report)?,
            Format::Human => report.human(&mut self.stdout, &self.theme)?,
        }
        self.stdout.flush()
    }

    /// Writes one JSON document and a line break.
    pub fn json(&mut self, report: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.stdout, report)?;
        writeln!(self.stdout)
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
            self.say(Tone::Dim, "  cause", cause);
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
