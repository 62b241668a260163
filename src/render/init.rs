//! What `obs init` found and wrote.

use std::io::{self, Write};

use serde::Serialize;

use super::{Render, Theme, Tone, text};

/// What was found, and the file; in JSON `obs.init/1`.
#[derive(Debug, Serialize)]
pub struct InitReport {
    schema: &'static str,
    /// The file.
    pub path: &'static str,
    /// Whether it was written, and not only shown.
    pub written: bool,
    /// In the order it was looked for.
    pub found: Vec<FoundRow>,
    /// What the file holds.
    pub toml: String,
}

/// One thing that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundRow {
    /// What it is.
    pub what: String,
    /// How it was found, or why it is not in the file.
    pub why: String,
    /// Whether the file has it.
    pub written: bool,
}

impl InitReport {
    /// Builds the report.
    pub fn new(path: &'static str, written: bool, found: Vec<FoundRow>, toml: String) -> Self {
        Self { schema: "obs.init/1", path, written, found, toml }
    }

    /// Returns a line for each thing that was found.
    pub fn lines(&self) -> Vec<String> {
        let line = |row: &FoundRow| {
            let left = if row.written { "" } else { " (not in the file)" };
            format!("{}: {}{left}", row.what, row.why)
        };
        self.found.iter().map(line).collect()
    }
}

impl Render for InitReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        for (row, line) in self.found.iter().zip(self.lines()) {
            let (symbol, tone) =
                if row.written { (theme.symbol("✓", "+"), Tone::Good) } else { ("-", Tone::Dim) };
            let lines = text::wrap(&text::shown(&line), theme.width.saturating_sub(3), 0);
            for (place, line) in lines.iter().enumerate() {
                let start = if place == 0 { theme.paint(tone, symbol) } else { " ".to_owned() };
                writeln!(out, " {start} {line}")?;
            }
        }
        let next = theme.paint(Tone::Id, "obs check");
        let checks = self.toml.matches("[[check]]").count();
        if self.written {
            let checks = text::counted(checks, "check");
            writeln!(out, "\nwrote {} with {checks}; try it: {next}", self.path)
        } else {
            let empty = if self.found.is_empty() { "nothing was found here" } else { "" };
            let none = if empty.is_empty() { "nothing of it is to be checked" } else { empty };
            writeln!(out, "{none}: no {} was written", self.path)?;
            writeln!(out, "name what there is: DATABASE_URL, REDIS_URL and their like, or by hand")
        }
    }
}
