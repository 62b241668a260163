//! Only what is not well, a line each, and how many are.

use std::io::{self, Write};

use super::{CheckReport, foot, look};
use crate::render::{Theme, text};

impl CheckReport {
    /// Writes a line for each check or part that is not ok, and the counts.
    pub fn short(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let not_well = self.all().filter(|result| result.status != crate::model::Status::Ok);
        for result in not_well {
            // What its parts say better is left to them.
            if result.children.iter().any(|part| part.worst() >= result.status) {
                continue;
            }
            let (symbol, word, tone) = look(result.status, theme);
            let (id, message) = (text::shown(&result.id), text::shown(&result.message));
            let line = format!("{id}: {message}");
            let lines = text::wrap(&line, theme.width.saturating_sub(9), 0);
            for (place, line) in lines.iter().enumerate() {
                let start = format!(" {} {word:<5}", theme.paint(tone, symbol));
                let start = if place == 0 { start } else { " ".repeat(8) };
                writeln!(out, "{start} {line}")?;
            }
        }
        foot(out, theme, self)
    }
}
