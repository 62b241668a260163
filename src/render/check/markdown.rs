//! Checks as a table in Markdown, for the channel of an incident.

use std::io::{self, Write};

use super::listed::listed;
use super::{CheckReport, counted, look, milliseconds};
use crate::render::{Theme, text};

impl CheckReport {
    /// Writes the counts, a table of all checks, and what to do about what is not well.
    pub fn markdown(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let when = theme.date_time(self.started);
        let counts = counted(&self.counts, ", ");
        writeln!(out, "**obs check**: {counts} · {when} · run `{}`\n", code(&self.request_id))?;
        writeln!(out, "|  | check | status | time | detail |\n|---|---|---|---:|---|")?;
        for one in listed(self) {
            let (symbol, word, _) = look(one.result.status, theme);
            let time = one.result.duration_ms.map(milliseconds).unwrap_or_default();
            let (id, detail) = (escaped(&one.id), escaped(&one.result.message));
            writeln!(out, "| {symbol} | {id} | {word} | {time} | {detail} |")?;
        }
        if !self.root_causes.is_empty() {
            let causes: Vec<String> = self.root_causes.iter().map(|id| escaped(id)).collect();
            writeln!(out, "\nRoot causes: {}", causes.join(", "))?;
        }
        let advised = self.all().filter_map(|result| Some((result, result.hint.as_ref()?)));
        for (place, (result, hint)) in advised.enumerate() {
            let start = if place == 0 { "\n" } else { "" };
            write!(out, "{start}- **{}**: {}", escaped(&result.id), escaped(&hint.likely))?;
            if let Some(command) = &hint.command {
                write!(out, "; try `{}`", code(command))?;
            }
            if let Some(section) = &result.runbook {
                write!(out, "; see `{}`", code(&super::where_to_read(section)))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// Makes text harmless and without markup, on one line.
fn escaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for character in text::harmless(text).chars() {
        if "\\|`*_[]<>&~#@".contains(character) {
            made.push('\\');
        }
        made.push(character);
    }
    made
}

/// Makes text fit for a span of code within a table or a list.
fn code(text: &str) -> String {
    text::harmless(text).replace('`', "'").replace('|', "/")
}
