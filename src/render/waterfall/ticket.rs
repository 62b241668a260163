//! A trace as Markdown, to be pasted into a ticket: the facts as text, the drawing as it is.

use std::io::{self, Write};

use super::{TraceReport, footer, grid, rows, summary};
use crate::render::theme::duration;
use crate::render::{Theme, text};

/// How wide the drawing is: what ticket systems show without a scroll bar.
const WIDTH: usize = 100;

impl TraceReport {
    /// Writes the trace as Markdown: a heading, what failed, the findings as a list, and the drawing
    /// in a fence, 100 columns wide and without colour, as its view and its options say.
    ///
    /// What was sent is masked as everywhere, and escaped so that it is no markup.
    pub fn markdown(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let theme = &Theme { color: false, terminal: false, width: WIDTH, ..theme.clone() };
        let code = self.status_code.map(|code| format!(" {code}")).unwrap_or_default();
        let length = duration(self.analysis().duration_ns());
        writeln!(out, "### {}{code}, {length}\n", escaped(&self.name))?;
        writeln!(out, "- trace `{}`", self.name_of_trace())?;
        if let Some(request) = &self.request_id {
            writeln!(out, "- request {}", escaped(request))?;
        }
        if let Some(start) = self.start {
            let spans = crate::model::counted(self.analysis().tree.nodes().len(), "span");
            let services: Vec<String> = self.services.iter().map(|name| escaped(name)).collect();
            let (_, complete) = summary::completeness(self);
            let start = theme.date_time(start);
            writeln!(out, "- {start}, {spans} of {}, {complete}", services.join(", "))?;
        }
        for missing in &self.missing {
            let (source, reason) = (escaped(&missing.source), escaped(&missing.reason));
            writeln!(out, "- **no answer** of {source}: {reason}")?;
        }
        let error = summary::error_lines(self);
        if !error.is_empty() {
            writeln!(out, "- **error** {}", escaped(&error.join(" · ")))?;
        }
        for (tag, line) in summary::finding_lines(self) {
            writeln!(out, "- **{tag}** {}", escaped(&line))?;
        }
        self.fence(out, theme)
    }

    fn fence(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        if self.analysis().tree.nodes().is_empty() {
            return Ok(());
        }
        let scope = self.options.view.scope(self.analysis());
        let rows = rows::choose(self, &scope);
        let mut drawn = Vec::new();
        grid::draw(self, &rows, &scope, &mut drawn, theme)?;
        footer::write(self, &rows, &mut drawn, theme)?;
        let drawn = String::from_utf8_lossy(&drawn);
        // A span's name may hold backticks: the fence is longer than any run of them.
        let longest = drawn.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        writeln!(out, "\n{fence}text\n{}\n{fence}", drawn.trim_end())
    }
}

/// Returns text on one line in which Markdown finds no markup, HTML or link.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text::harmless(text).chars() {
        if "\\`*_[]<>&~|#!".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_that_was_sent_is_markup() {
        assert_eq!(escaped("GET /*_a_*/ `x` <b>"), "GET /\\*\\_a\\_\\*/ \\`x\\` \\<b\\>");
        assert_eq!(escaped("[a](b)"), "\\[a\\](b)");
    }
}
