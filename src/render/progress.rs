//! What is being done, on a terminal's standard error; nothing in a pipe.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Theme, text};

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// One line that says what is being done, until something else is written.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    ascii: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    /// Begins; draws nothing where standard error is no terminal.
    pub fn new(notes: &Theme) -> Self {
        Self { shown: notes.terminal, ascii: notes.ascii, bar: Mutex::new(None) }
    }

    /// Says what is being done now.
    pub fn say(&self, doing: &str) {
        if !self.shown {
            return;
        }
        let Ok(mut bar) = self.bar.lock() else { return };
        let bar = bar.get_or_insert_with(|| self.spinner());
        bar.set_message(text::shown(doing));
        bar.enable_steady_tick(TICK);
    }

    /// Takes the line away: before anything else is written.
    pub fn clear(&self) {
        let Ok(mut bar) = self.bar.lock() else { return };
        if let Some(bar) = bar.take() {
            bar.finish_and_clear();
        }
    }

    fn spinner(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let ticks = if self.ascii { "|/-\\ " } else { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " };
        let style = ProgressStyle::with_template("{spinner} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars(ticks));
        bar
    }
}

/// A line left behind would look like an answer.
impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
