//! A line made of parts, which a terminal breaks between them.

use crate::render::text;

/// Lines in the making: the text so far, and where the parts of the last line begin in it.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) text: String,
    starts: Vec<usize>,
}

impl Parts {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.starts.clear();
    }

    /// Begins a part, a blank after the one before, and returns the text to add it to.
    pub(super) fn begin(&mut self) -> &mut String {
        if !self.starts.is_empty() {
            self.text.push(' ');
        }
        self.starts.push(self.text.len());
        &mut self.text
    }

    /// Ends the line, broken between parts into lines of at most `width` columns; a part is never
    /// broken.
    pub(super) fn end(&mut self, width: usize) {
        if width < usize::MAX {
            self.wrap(width);
        }
        self.text.push('\n');
    }

    fn wrap(&mut self, width: usize) {
        let Some(first) = self.starts.first().copied() else { return };
        let line = self.text.split_off(first);
        let mut used = 0;
        for (index, start) in self.starts.iter().enumerate() {
            let next = self.starts.get(index + 1);
            let end = next.map_or(line.len(), |next| next - 1 - first);
            let part = line.get(start - first..end).unwrap_or_default();
            let columns = painted_columns(part);
            if used == 0 {
                used = columns;
            } else if used + 1 + columns <= width {
                self.text.push(' ');
                used += 1 + columns;
            } else {
                self.text.push_str("\n    ");
                used = columns + 4;
            }
            self.text.push_str(part);
        }
    }
}

/// Returns the columns of text that a theme has painted; no other escape sequence is in it.
fn painted_columns(painted: &str) -> usize {
    let mut pieces = painted.split('\u{1b}');
    let first = pieces.next().map_or(0, text::columns);
    let after_escape =
        |piece: &str| piece.split_once('m').map_or(0, |(_, rest)| text::columns(rest));
    first + pieces.map(after_escape).sum::<usize>()
}
