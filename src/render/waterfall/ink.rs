//! A line that never gets wider than it may, in colour or not, in Unicode or ASCII.

use std::io::{self, Write};

use super::WIDTH_MIN;
use crate::render::{Theme, Tone, text};

/// A line being written from left to right.
pub(in crate::render) struct Line<'a> {
    theme: &'a Theme,
    painted: String,
    used: usize,
    limit: usize,
}

impl<'a> Line<'a> {
    /// Begins an empty line as wide as the theme.
    pub(in crate::render) fn new(theme: &'a Theme) -> Self {
        Self { theme, painted: String::new(), used: 0, limit: width(theme) }
    }

    /// Lets what follows end before column `limit`.
    pub(in crate::render) fn until(&mut self, limit: usize) {
        self.limit = limit.min(width(self.theme));
    }

    /// Returns the columns left before the limit.
    pub(in crate::render) fn room(&self) -> usize {
        self.limit.saturating_sub(self.used)
    }

    /// Adds harmless text, cut where the limit is.
    pub(in crate::render) fn push(&mut self, tone: Option<Tone>, text: &str) {
        let cut = text::cut(text, self.room());
        self.used += text::columns(&cut);
        let cut = if self.theme.ascii { in_ascii(&cut) } else { cut.into_owned() };
        match tone {
            Some(tone) if !cut.is_empty() => self.painted.push_str(&self.theme.paint(tone, cut)),
            _ => self.painted.push_str(&cut),
        }
    }

    /// Fills up with blanks to `column`.
    pub(in crate::render) fn pad(&mut self, column: usize) {
        let blanks = column.min(width(self.theme)).saturating_sub(self.used);
        self.painted.extend(std::iter::repeat_n(' ', blanks));
        self.used += blanks;
    }

    /// Writes the line without blanks at its end.
    pub(in crate::render) fn end(self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.painted.trim_end())
    }
}

/// Returns the columns that lines may take.
pub(in crate::render) fn width(theme: &Theme) -> usize {
    theme.width.max(WIDTH_MIN)
}

/// Returns `text` with every symbol that is drawn here in ASCII; each takes one column in both.
fn in_ascii(text: &str) -> String {
    let ascii = |symbol| match symbol {
        '█' => '#',
        '░' | '─' => '-',
        '⇄' => '=',
        '↳' => '>',
        '•' => 'o',
        '±' => '~',
        '◆' => '*',
        '✗' | '×' => 'x',
        '▪' => '.',
        '…' | '╌' | '⋯' => '~',
        '│' | '├' | '·' => '|',
        '└' => '`',
        other => other,
    };
    text.chars().map(ascii).collect()
}

/// Returns harmless `text` in lines of at most `width` columns, broken at blanks where there are.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word = word.to_owned();
        while let Some(line) = lines.last_mut() {
            let blank = usize::from(!line.is_empty());
            if text::columns(line) + blank + text::columns(&word) <= width {
                line.push_str(if blank == 1 { " " } else { "" });
                line.push_str(&word);
                break;
            }
            if blank == 1 {
                lines.push(String::new());
                continue;
            }
            // One word wider than a line: an id or a path without a blank.
            let kept = text::cut(&word, width + 1).trim_end_matches('…').to_owned();
            let rest = word.strip_prefix(&kept).unwrap_or("").to_owned();
            if kept.is_empty() {
                line.push_str(&word);
                break;
            }
            line.push_str(&kept);
            lines.push(String::new());
            word = rest;
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// Writes `pieces` one after another with `between` them, and goes on below where one does not fit.
pub(super) fn pieces(
    out: &mut dyn Write,
    theme: &Theme,
    pieces: &[(Option<Tone>, String)],
    between: &str,
) -> io::Result<()> {
    let mut line = Line::new(theme);
    for (tone, piece) in pieces {
        let needed = text::columns(between) + text::columns(piece);
        if line.used > 0 && needed > line.room() {
            std::mem::replace(&mut line, Line::new(theme)).end(out)?;
        }
        if line.used > 0 {
            line.push(Some(Tone::Dim), between);
        }
        line.push(*tone, piece);
    }
    line.end(out)
}
