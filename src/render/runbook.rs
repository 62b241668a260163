//! A runbook's answers: what is in it, a section, and where words stand.

mod search;

use std::io::{self, Write};

use serde::Serialize;

use super::markdown::{MarkdownOptions, markdown};
use super::{Render, Theme, Tone, text};
use crate::runbook::{Pattern, PatternSeverity, Problem, Risk, Runbook, Section, Step};
pub use search::SearchReport;

/// What is in a runbook; in JSON `obs.runbook/1`.
#[derive(Debug, Serialize)]
pub struct RunbookReport {
    schema: &'static str,
    /// The folder or file; `None` for the one built in.
    runbook: Option<String>,
    metadata: Vec<(String, String)>,
    files: Vec<String>,
    sections: Vec<SectionRow>,
    steps: Vec<StepRow>,
    patterns: Vec<PatternRow>,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct SectionRow {
    anchor: String,
    title: String,
    level: u8,
    file: String,
    line: usize,
}

#[derive(Debug, Serialize)]
struct StepRow {
    number: usize,
    name: String,
    risk: Risk,
    command: String,
    anchor: Option<String>,
    file: String,
    line: usize,
}

#[derive(Debug, Serialize)]
struct PatternRow {
    pattern: String,
    title: String,
    severity: PatternSeverity,
    file: String,
    line: usize,
}

impl SectionRow {
    fn new(runbook: &Runbook, section: &Section) -> Self {
        Self {
            anchor: section.slug.clone(),
            title: section.title.clone(),
            level: section.level,
            file: runbook.file(section.page).to_owned(),
            line: section.line,
        }
    }
}

impl RunbookReport {
    /// Tells what is in the runbook.
    ///
    /// `more` are problems that only show today, as that it was not tested for long.
    pub fn new(runbook: &Runbook, path: Option<String>, more: Vec<Problem>) -> Self {
        let step = |(place, step): (usize, &Step)| StepRow {
            number: place + 1,
            name: step.name.clone(),
            risk: step.risk,
            command: step.command.clone(),
            anchor: step.section.and_then(|at| runbook.sections.get(at)).map(|at| at.slug.clone()),
            file: runbook.file(step.page).to_owned(),
            line: step.line,
        };
        let pattern = |pattern: &Pattern| PatternRow {
            pattern: pattern.id.clone(),
            title: pattern.title.clone(),
            severity: pattern.severity,
            file: runbook.file(pattern.page).to_owned(),
            line: pattern.line,
        };
        Self {
            schema: "obs.runbook/1",
            runbook: path,
            metadata: runbook.pages.iter().flat_map(|page| page.metadata.clone()).collect(),
            files: runbook.pages.iter().map(|page| page.file.clone()).collect(),
            sections: runbook.sections.iter().map(|one| SectionRow::new(runbook, one)).collect(),
            steps: runbook.steps.iter().enumerate().map(step).collect(),
            patterns: runbook.patterns.iter().map(pattern).collect(),
            problems: [runbook.problems(), more].concat(),
        }
    }
}

impl Render for RunbookReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        metadata(out, theme, &self.metadata)?;
        let is_pattern = |row: &SectionRow| {
            self.patterns.iter().any(|one| (&one.file, one.line) == (&row.file, row.line))
        };
        heading(out, theme, "Sections", "obs runbook ANCHOR")?;
        for row in self.sections.iter().filter(|row| !is_pattern(row)) {
            let indent = " ".repeat(2 * usize::from(row.level));
            let anchor = format!("{indent}{}", text::harmless(&row.anchor));
            let title = text::harmless(&row.title);
            writeln!(out, "{} {}", theme.paint(Tone::Id, text::fit(&anchor, 40)), title)?;
        }
        heading(out, theme, "Steps", "what to run; a step that changes something says so")?;
        for row in &self.steps {
            let name = text::fit(&text::harmless(&row.name), 32);
            let tone = if row.risk == Risk::Read { Tone::Dim } else { Tone::Warn };
            let risk = theme.paint(tone, row.risk.said());
            writeln!(out, "  {:>3} {} {risk}", row.number, theme.paint(Tone::Id, name))?;
        }
        heading(out, theme, "Error patterns", "obs runbook explain TEXT")?;
        for row in &self.patterns {
            let name = text::fit(&text::harmless(&row.pattern), 36);
            let (tone, word) = severity(row.severity);
            writeln!(out, "  {} {}", theme.paint(Tone::Id, name), theme.paint(tone, word))?;
        }
        match self.problems.len() {
            0 => Ok(()),
            1 => heading(out, theme, "1 problem", ""),
            many => heading(out, theme, &format!("{many} problems"), ""),
        }?;
        self.problems.iter().try_for_each(|problem| problem_lines(out, theme, problem))
    }
}

/// One section, or the several that were asked for together; in JSON `obs.runbook-section/1`.
#[derive(Debug, Serialize)]
pub struct SectionReport {
    schema: &'static str,
    runbook: Option<String>,
    metadata: Vec<(String, String)>,
    #[serde(flatten)]
    section: SectionRow,
    markdown: String,
    #[serde(skip)]
    steps: Vec<String>,
    #[serde(skip)]
    values: Vec<(&'static str, String)>,
    /// Whether the front matter is shown above it.
    #[serde(skip)]
    with_metadata: bool,
}

impl SectionReport {
    /// Shows a section; `values` stand for `{request_id}` and its like in its links.
    pub fn new(
        runbook: &Runbook,
        path: Option<String>,
        section: &Section,
        values: Vec<(&'static str, String)>,
    ) -> Self {
        let page = runbook.pages.get(section.page);
        Self {
            schema: "obs.runbook-section/1",
            runbook: path,
            metadata: page.map(|page| page.metadata.clone()).unwrap_or_default(),
            section: SectionRow::new(runbook, section),
            markdown: runbook.markdown(section).to_owned(),
            steps: runbook.steps.iter().map(|step| step.name.clone()).collect(),
            values,
            with_metadata: false,
        }
    }

    /// Shows who owns the runbook above the section.
    #[must_use]
    pub fn with_metadata(self) -> Self {
        Self { with_metadata: true, ..self }
    }
}

impl Render for SectionReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        if self.with_metadata {
            metadata(out, theme, &self.metadata)?;
            writeln!(out)?;
        }
        let options = MarkdownOptions {
            steps: self.steps.iter().map(String::as_str).collect(),
            values: self.values.iter().map(|(name, value)| (*name, value.as_str())).collect(),
        };
        markdown(&self.markdown, &options, out, theme)?;
        let at = format!("{}:{}", self.section.file, self.section.line);
        writeln!(out, "\n{}", theme.paint(Tone::Dim, text::harmless(&at)))
    }

    fn minds_ascii(&self) -> bool {
        true
    }
}

pub(super) fn severity(severity: PatternSeverity) -> (Tone, &'static str) {
    match severity {
        PatternSeverity::Info => (Tone::Dim, "info"),
        PatternSeverity::Warning => (Tone::Warn, "warning"),
        PatternSeverity::Critical => (Tone::Bad, "critical"),
    }
}

fn heading(out: &mut dyn Write, theme: &Theme, title: &str, how: &str) -> io::Result<()> {
    let line = format!("{}  {}", theme.paint(Tone::Strong, title), theme.paint(Tone::Dim, how));
    writeln!(out, "\n{}", line.trim_end())
}

fn metadata(out: &mut dyn Write, theme: &Theme, pairs: &[(String, String)]) -> io::Result<()> {
    for (key, value) in pairs {
        let key = text::fit(&text::harmless(key), 13);
        writeln!(out, "{} {}", theme.paint(Tone::Dim, key), text::harmless(value))?;
    }
    Ok(())
}

/// Writes a problem with its line and a caret below the place.
fn problem_lines(out: &mut dyn Write, theme: &Theme, problem: &Problem) -> io::Result<()> {
    let place = format!("{}:{}:{}", problem.file, problem.line, problem.column);
    let message = text::harmless(&problem.message);
    writeln!(out, "  {}: {message}", theme.paint(Tone::Warn, text::harmless(&place)))?;
    let before: String = problem.excerpt.chars().take(problem.column - 1).collect();
    let (shown, before) = (text::harmless(&problem.excerpt), text::harmless(&before));
    writeln!(out, "    | {shown}")?;
    writeln!(out, "    | {}{}", " ".repeat(text::columns(&before)), theme.paint(Tone::Bad, "^"))
}
