//! What is wrong with a runbook, and where.

use serde::Serialize;

/// Something in a runbook that cannot be meant as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what is there instead.
    pub message: String,
    /// That line, for a caret to stand below.
    pub excerpt: String,
}

impl Problem {
    /// Makes the problem at a byte of the file's text.
    pub(super) fn new(file: &str, text: &str, at: usize, message: impl Into<String>) -> Self {
        let (line, column) = place(text, at);
        let excerpt = text.lines().nth(line - 1).unwrap_or_default().to_owned();
        Self { file: file.to_owned(), line, column, message: message.into(), excerpt }
    }
}

/// Returns the line and the column in characters of a byte, both from 1.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    (before.matches('\n').count() + 1, column + 1)
}
