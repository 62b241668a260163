//! What is wrong with a page of metrics: what `obs metrics lint` answers.

use std::io::{self, Write};

use serde::Serialize;

use super::{Render, Theme, Tone, text};
use crate::metrics::lint::{Problem, Rule};

/// How many problems are drawn for people.
const SHOWN_MAX: usize = 200;

/// The problems of a page; in JSON `obs.metrics-lint/1`.
#[derive(Debug, Serialize)]
pub struct LintReport {
    schema: &'static str,
    /// Where the page is, without secrets.
    pub page: String,
    /// How many samples were read.
    pub samples: usize,
    /// In the order of the lines.
    pub problems: Vec<ListedProblem>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
pub struct ListedProblem {
    /// The 1-based line.
    pub line: usize,
    /// The 1-based character in it.
    pub column: usize,
    /// Which rule it breaks.
    pub rule: &'static str,
    /// The metric; absent of a line that cannot be read.
    pub metric: Option<String>,
    /// What is wrong, in words.
    pub message: String,
}

impl LintReport {
    /// Builds the answer; of a page that is none at all the refusal stands for its lines.
    pub fn new(
        page: String,
        samples: usize,
        refused: Option<String>,
        problems: Vec<Problem>,
        show_secrets: bool,
    ) -> Self {
        let masked = |words: &str| text::masked(words, show_secrets).into_owned();
        let listed = |problem: Problem| ListedProblem {
            line: problem.line,
            column: problem.column,
            rule: problem.rule.word(),
            metric: Some(problem.metric).filter(|name| !name.is_empty()),
            message: masked(&problem.message),
        };
        let problems = match refused {
            Some(message) => {
                let rule = Rule::Unreadable.word();
                vec![ListedProblem { line: 1, column: 1, rule, metric: None, message }]
            }
            None => problems.into_iter().map(listed).collect(),
        };
        Self { schema: "obs.metrics-lint/1", page, samples, problems }
    }

    /// Writes a JSON document a problem.
    pub fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        for problem in &self.problems {
            writeln!(out, "{}", text::harmless_json(&serde_json::to_string(problem)?))?;
        }
        out.flush()
    }

    /// Writes a table in Markdown.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "| line | rule | metric | problem |\n|---|---|---|---|")?;
        for problem in &self.problems {
            let cell = |words: &str| text::harmless(words).replace('|', "\\|");
            let metric = cell(problem.metric.as_deref().unwrap_or(""));
            let (line, rule, message) = (problem.line, problem.rule, cell(&problem.message));
            writeln!(out, "| {line} | {rule} | {metric} | {message} |")?;
        }
        out.flush()
    }
}

impl Render for LintReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        for problem in self.problems.iter().take(SHOWN_MAX) {
            let place = format!("{}:{}", problem.line, problem.column);
            let metric = problem.metric.as_deref().map(|name| format!("{} ", text::harmless(name)));
            let what =
                format!("{}{}", metric.unwrap_or_default(), text::harmless(&problem.message));
            let (place, rule) = (format!("{place:<9}"), format!("{:<17}", problem.rule));
            let indent = 28;
            let lines = text::wrap(&what, theme.width.saturating_sub(indent), 0);
            for (number, line) in lines.iter().enumerate() {
                if number == 0 {
                    let rule = theme.paint(Tone::Warn, rule.as_str());
                    writeln!(out, "{place} {rule} {line}")?;
                } else {
                    writeln!(out, "{:indent$}{line}", "")?;
                }
            }
        }
        if self.problems.len() > SHOWN_MAX {
            writeln!(out, "{} more: -o jsonl lists all", self.problems.len() - SHOWN_MAX)?;
        }
        let problems = text::counted(self.problems.len(), "problem");
        let samples = text::counted(self.samples, "sample");
        let tone = if self.problems.is_empty() { Tone::Good } else { Tone::Warn };
        let foot = format!("{problems} in {samples} of {}", text::shown(&self.page));
        writeln!(out, "{}", theme.paint(tone, foot))
    }
}
