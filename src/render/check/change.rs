//! One check of `--watch`: a live row, and a line when it is no longer as it was.

use std::io::{self, Write};

use serde::Serialize;

use super::{look, milliseconds};
use crate::model::{CheckResult, Reason, Status, UnixNanos, mask_text};
use crate::render::{Theme, Tone, text};

/// A check that changed; in JSON `obs.check-change/1`.
#[derive(Debug, Serialize)]
pub struct ChangeReport {
    schema: &'static str,
    /// When it was looked.
    pub at: UnixNanos,
    /// The check, or the part of one.
    pub id: String,
    /// How it was; `null` at the first look.
    pub before: Option<Status>,
    /// How it is.
    pub status: Status,
    /// Why.
    pub reason: Option<Reason>,
    /// What came back.
    pub message: String,
}

impl ChangeReport {
    /// Says what became of a check.
    pub fn new(
        result: &CheckResult,
        before: Option<Status>,
        at: UnixNanos,
        show_secrets: bool,
    ) -> Self {
        let mask = |text: &str| {
            if show_secrets { text.to_owned() } else { mask_text(text).into_owned() }
        };
        Self {
            schema: "obs.check-change/1",
            at,
            id: mask(&result.id),
            before,
            status: result.status,
            reason: result.reason,
            message: mask(&result.message),
        }
    }
}

impl ChangeReport {
    /// Writes the line for people.
    pub fn line(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let (symbol, word, tone) = look(self.status, theme);
        let before = self.before.map_or(String::new(), |before| {
            format!("{} {} ", look(before, theme).1, theme.symbol("→", "->"))
        });
        let zoned = self.at.timestamp().to_zoned(theme.zone.clone());
        let time = theme.paint(Tone::Dim, zoned.strftime("%H:%M:%S"));
        let (id, message) = (text::shown(&self.id), text::shown(&self.message));
        let word = theme.paint(tone, word);
        let line = format!("{time} {} {id} {before}{word}", theme.paint(tone, symbol));
        writeln!(out, "{line}  {message}")
    }
}

/// Draws a check as one line of at most the theme's width, for a live list; without a result it
/// is still being asked.
pub fn row(id: &str, result: Option<&CheckResult>, theme: &Theme) -> String {
    let Some(result) = result else { return text::cut(&text::shown(id), theme.width).into_owned() };
    let (symbol, word, tone) = look(result.status, theme);
    let time = result.duration_ms.map_or_else(|| "-".to_owned(), milliseconds);
    let told = format!("{} {time} {}", text::shown(id), text::shown(&result.message));
    let told = text::cut(&told, theme.width.saturating_sub(9)).into_owned();
    format!("{} {} {told}", theme.paint(tone, symbol), theme.paint(tone, format!("{word:<5}")))
}
