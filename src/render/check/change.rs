//! One check of `--watch`: a live row, and a line when it is no longer as it was.

use std::io::{self, Write};

use serde::Serialize;

use super::listed::reason_word;
use super::{look, milliseconds};
use crate::model::{CheckResult, Reason, Status, UnixNanos, mask_text};
use crate::render::{Theme, Tone, text};

/// How a check was: another reason of the same failure is another state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    status: Status,
    reason: Option<Reason>,
    code: Option<String>,
}

impl State {
    /// Returns the state of a check.
    pub fn of(result: &CheckResult) -> Self {
        Self { status: result.status, reason: result.reason, code: result.code.clone() }
    }
}

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
    /// Why it was not well then.
    pub before_reason: Option<Reason>,
    /// What its own protocol called that.
    pub before_code: Option<String>,
    /// How it is.
    pub status: Status,
    /// Why.
    pub reason: Option<Reason>,
    /// What its own protocol calls that.
    pub code: Option<String>,
    /// What came back.
    pub message: String,
}

impl ChangeReport {
    /// Says what became of a check.
    pub fn new(
        result: &CheckResult,
        before: Option<State>,
        at: UnixNanos,
        show_secrets: bool,
    ) -> Self {
        let mask = |text: &str| {
            if show_secrets { text.to_owned() } else { mask_text(text).into_owned() }
        };
        let (status, reason, code) =
            before.map_or((None, None, None), |one| (Some(one.status), one.reason, one.code));
        Self {
            schema: "obs.check-change/1",
            at,
            id: mask(&result.id),
            before: status,
            before_reason: reason,
            before_code: code.as_deref().map(mask),
            status: result.status,
            reason: result.reason,
            code: result.code.as_deref().map(mask),
            message: mask(&result.message),
        }
    }

    /// Writes the line for people.
    pub fn line(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let (symbol, word, tone) = look(self.status, theme);
        let arrow = theme.symbol("→", "->");
        let (mut before, mut why) = (String::new(), String::new());
        match self.before {
            // The word twice would say nothing: what differs is why.
            Some(status) if status == self.status => why = self.differs(arrow),
            Some(status) => before = format!("{} {arrow} ", look(status, theme).1),
            None => {}
        }
        let zoned = self.at.timestamp().to_zoned(theme.zone.clone());
        let time = theme.paint(Tone::Dim, zoned.strftime("%H:%M:%S"));
        let (id, message) = (text::shown(&self.id), text::shown(&self.message));
        let word = theme.paint(tone, word);
        let line = format!("{time} {} {id} {before}{word}{why}", theme.paint(tone, symbol));
        writeln!(out, "{line}  {message}")
    }

    /// Draws what differs where the status does not: the reason, else the code.
    fn differs(&self, arrow: &str) -> String {
        let code = |code: &Option<String>| code.as_deref().map(text::shown);
        let (then, now) = if self.before_reason != self.reason {
            (self.before_reason.map(reason_word), self.reason.map(reason_word))
        } else {
            (code(&self.before_code), code(&self.code))
        };
        let shown = |word: Option<String>| word.unwrap_or_else(|| "none".to_owned());
        format!(" ({} {arrow} {})", shown(then), shown(now))
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
