//! A program as a check: a plugin of Nagios, another `obs check`, or anything by its exit code.
//!
//! Whatever a program prints is text from outside: it is shown, measured and never run.

use super::program::{self, Ended, NotRun};
use super::{Finding, Probe};
use crate::model::{Reason, Status};

mod document;
mod plugin;

/// How much of a line is said, in characters.
const LINE_CHARACTERS_MAX: usize = 400;

/// How a program says how it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// By exit codes 0 to 3 and a first line, as plugins of Nagios do.
    Nagios,
    /// By a document `obs.check/1` on its standard output.
    Json,
    /// By its exit code alone: 0 is well.
    Exit,
}

impl Format {
    /// Reads its name.
    pub(super) fn read(name: &str) -> Option<Self> {
        match name {
            "nagios" => Some(Self::Nagios),
            "json" => Some(Self::Json),
            "exit" => Some(Self::Exit),
            _ => None,
        }
    }
}

/// A program and its arguments, and how it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Never empty; no shell reads it.
    pub argv: Vec<String>,
    /// How it says how it is.
    pub format: Format,
}

pub(super) async fn run(probe: &Probe, program: &Program) -> Finding {
    match program::run(&program.argv, probe.timeout).await {
        Ok(ended) => judge(program, &ended),
        Err(error) => not_run(&error),
    }
}

/// What cannot be run says nothing of what it was to check; what does not end is not well.
fn not_run(error: &NotRun) -> Finding {
    match error {
        NotRun::Start(..) => Finding::unknown(Reason::Config, error.to_string()),
        NotRun::Late(..) => Finding::fail(Reason::Timeout, error.to_string()),
    }
}

fn judge(program: &Program, ended: &Ended) -> Finding {
    let name = program.argv.first().map_or("", String::as_str);
    let mut finding = match (program.format, ended.code) {
        (_, None) => Finding::unknown(Reason::Internal, format!("`{name}` was ended by a signal")),
        (Format::Nagios, Some(code)) => plugin::judge(code, &ended.output, &ended.error),
        (Format::Json, Some(code)) => document::judge(code, &ended.output, &ended.error),
        (Format::Exit, Some(0)) => Finding::ok(said(ended, "exit code 0")),
        (Format::Exit, Some(code)) => {
            let message = said(ended, "nothing said");
            Finding::fail(Reason::Status, format!("exit code {code}: {message}"))
        }
    };
    if ended.cut {
        let kept = program::OUTPUT_BYTES_MAX >> 10;
        finding.message =
            format!("{} (only {kept} KiB of what it prints are read)", finding.message);
        // What was cut may have said something else.
        finding.status = finding.status.max(Status::Unknown);
        finding.reason = finding.reason.or(Some(Reason::TooLarge));
    }
    finding
}

/// Returns the last line of the output, else of the errors.
fn said(ended: &Ended, nothing: &str) -> String {
    let printed = ended.output.lines().map(str::trim).rfind(|line| !line.is_empty());
    let all = [printed, Some(ended.error.as_str()), Some(nothing)];
    let line = all.into_iter().flatten().find(|line| !line.is_empty()).unwrap_or_default();
    shortened(line)
}

fn shortened(line: &str) -> String {
    line.chars().take(LINE_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests;
