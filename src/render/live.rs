//! A row for each thing that is being asked, on a terminal's standard error; nothing in a pipe.

use std::cell::RefCell;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Theme, text};

/// With more rows than that one line tells how far it is: a list that scrolls cannot be drawn again.
const ROWS_MAX: usize = 16;

/// How many of those that are waited for the one line names.
const NAMED_MAX: usize = 5;

/// The rows; they are drawn from the first tick on, so that what is quick does not flicker.
#[derive(Debug)]
pub struct Live {
    shown: bool,
    theme: Theme,
    rows: RefCell<Vec<Row>>,
    title: RefCell<String>,
    drawn: RefCell<Option<Drawn>>,
}

#[derive(Debug)]
struct Row {
    name: String,
    /// What came of it; while it is `None` the row has a spinner.
    line: Option<String>,
}

#[derive(Debug)]
struct Drawn {
    all: MultiProgress,
    /// The title first.
    bars: Vec<ProgressBar>,
}

impl Live {
    /// Begins with one row for each name; draws nothing where standard error is no terminal.
    pub fn new<'a>(notes: &Theme, names: impl IntoIterator<Item = &'a str>) -> Self {
        let row = |name: &str| Row { name: text::shown(name), line: None };
        Self {
            shown: notes.terminal,
            theme: notes.clone(),
            rows: RefCell::new(names.into_iter().map(row).collect()),
            title: RefCell::new(String::new()),
            drawn: RefCell::new(None),
        }
    }

    /// Returns how the rows look: one line of theirs is no wider than the terminal.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    /// Says above the rows what is going on.
    pub fn title(&self, title: &str) {
        title.clone_into(&mut self.title.borrow_mut());
        self.draw();
    }

    /// Replaces a row by what came of it, which is harmless already.
    pub fn set(&self, place: usize, line: String) {
        if let Some(row) = self.rows.borrow_mut().get_mut(place) {
            row.line = Some(line);
        }
        self.draw();
    }

    /// Turns the spinners; draws the rows the first time.
    pub fn tick(&self) {
        if !self.shown {
            return;
        }
        if self.drawn.borrow().is_none() {
            let drawn = self.begin();
            *self.drawn.borrow_mut() = Some(drawn);
            self.draw();
        }
        if let Some(drawn) = &*self.drawn.borrow() {
            drawn.bars.iter().for_each(ProgressBar::tick);
        }
    }

    /// Takes the rows away while something else is written; the next tick draws them again.
    pub fn clear(&self) {
        if let Some(drawn) = self.drawn.borrow_mut().take() {
            drawn.bars.iter().for_each(ProgressBar::finish_and_clear);
            // Whether the terminal is still there or not: nothing is left to be cleared.
            drop(drawn.all.clear());
        }
    }

    fn is_list(&self) -> bool {
        self.rows.borrow().len() <= ROWS_MAX
    }

    fn begin(&self) -> Drawn {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let count = if self.is_list() { self.rows.borrow().len() } else { 0 };
        let bars = (0..=count).map(|_| all.add(ProgressBar::no_length())).collect();
        Drawn { all, bars }
    }

    fn draw(&self) {
        let drawn = self.drawn.borrow();
        let Some(Drawn { bars, .. }) = &*drawn else { return };
        let ticks = if self.theme.ascii { "|/-\\ " } else { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " };
        let style = |template: &str| {
            let style = ProgressStyle::with_template(template);
            style.unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars(ticks)
        };
        let rows = self.rows.borrow();
        let mut bars = bars.iter();
        if let Some(title) = bars.next() {
            title.set_style(style("{spinner} {msg}"));
            let told = if self.is_list() { None } else { progress(&rows) };
            let told = told.unwrap_or_else(|| self.title.borrow().clone());
            let width = self.theme.width.saturating_sub(3);
            title.set_message(text::cut(&text::shown(&told), width).into_owned());
        }
        for (row, bar) in rows.iter().zip(bars) {
            if let Some(line) = &row.line {
                bar.set_style(style("  {msg}"));
                bar.set_message(line.clone());
            } else {
                bar.set_style(style("  {spinner} {msg}"));
                bar.set_message(row.name.clone());
            }
        }
    }
}

/// Says how many are done and who is waited for; `None` where nobody is.
fn progress(rows: &[Row]) -> Option<String> {
    let waiting: Vec<&str> =
        rows.iter().filter(|row| row.line.is_none()).map(|row| row.name.as_str()).collect();
    if waiting.is_empty() {
        return None;
    }
    let done = rows.len() - waiting.len();
    let named = waiting.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = if waiting.len() > NAMED_MAX { ", …" } else { "" };
    Some(format!("{done} of {}, waiting for {named}{more}", rows.len()))
}

/// Rows left behind would look like an answer.
impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}
