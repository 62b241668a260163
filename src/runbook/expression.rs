//! A regular expression of a pattern: compiled when it is first needed, and its place kept.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// What a compiled expression may weigh: a runbook is text from outside.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// An expression as it is written, and once compiled.
#[derive(Debug)]
pub struct Expression {
    /// As it is written.
    pub text: String,
    /// The byte of the page that it begins at.
    pub(super) at: usize,
    /// Whether the page has exactly these bytes there, so that columns can be counted.
    pub(super) literal: bool,
    compiled: OnceLock<Result<Regex, String>>,
}

impl Expression {
    pub(super) fn new(text: &str, at: usize, literal: bool) -> Self {
        Self { text: text.to_owned(), at, literal, compiled: OnceLock::new() }
    }

    /// Returns what of the text it matches; one that does not compile matches nothing, and is a problem.
    pub fn finds<'t>(&self, text: &'t str) -> Option<&'t str> {
        let regex = self.compiled().as_ref().ok()?;
        regex.find(text).map(|found| found.as_str())
    }

    /// Says whether it was needed, and does not compile.
    pub(super) fn is_broken(&self) -> bool {
        self.compiled.get().is_some_and(Result::is_err)
    }

    /// Returns why it does not compile and the byte of the page where.
    pub(super) fn problem(&self) -> Option<(usize, String)> {
        let refusal = self.compiled().as_ref().err()?;
        let mut lines = refusal.lines();
        let reason = lines.find_map(|line| line.strip_prefix("error: "));
        // regex tells the place as a caret below the expression, which is indented by four.
        let caret =
            refusal.lines().find(|line| line.trim() == "^" || line.trim().starts_with("^^"));
        let characters = caret.and_then(|line| line.find('^')).and_then(|at| at.checked_sub(4));
        let offset = characters
            .filter(|_| self.literal)
            .and_then(|characters| self.text.char_indices().map(|(at, _)| at).nth(characters));
        let reason = reason.unwrap_or_else(|| refusal.lines().next().unwrap_or_default());
        Some((self.at + offset.unwrap_or(0), format!("this expression does not compile: {reason}")))
    }

    fn compiled(&self) -> &Result<Regex, String> {
        self.compiled.get_or_init(|| {
            let mut builder = RegexBuilder::new(&self.text);
            builder.multi_line(true).size_limit(COMPILED_BYTES_MAX);
            builder.build().map_err(|error| error.to_string())
        })
    }
}
