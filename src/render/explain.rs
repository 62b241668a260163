//! What the runbook says of an error: the cause that fits, and what to do next.

use std::io::{self, Write};

use serde::Serialize;

use super::markdown::{MarkdownOptions, markdown};
use super::runbook::severity;
use super::{Render, Theme, Tone, text};
use crate::runbook::{Evidence, Explanation, Found, PatternSeverity, Runbook};

/// The patterns that an error fits; in JSON `obs.explain/1`.
#[derive(Debug, Serialize)]
pub struct ExplainReport {
    schema: &'static str,
    /// The folder or file; `None` for the one built in.
    runbook: Option<String>,
    /// The exceptions that were read, error by error, each outermost first.
    chain: Vec<LinkRow>,
    /// The lines that are no exception.
    log: Vec<String>,
    /// Whether a traceback was cut before its exception.
    cut: bool,
    request_id: Option<String>,
    trace_id: Option<String>,
    matches: Vec<MatchRow>,
    ruled_out: Vec<RuledOutRow>,
    #[serde(skip)]
    steps: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LinkRow {
    #[serde(rename = "type")]
    kind: String,
    message: String,
    /// Whether it is a cause of the one before it.
    is_cause: bool,
}

#[derive(Debug, Serialize)]
struct MatchRow {
    pattern: String,
    title: String,
    severity: PatternSeverity,
    file: String,
    line: usize,
    matched_by: &'static str,
    /// Its place in `chain`, from 0; `None` for a log line.
    link: Option<usize>,
    matched_text: String,
    cause: String,
    next: String,
    explained_by: Option<String>,
    supported_by: Vec<String>,
    refuted_by: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RuledOutRow {
    pattern: String,
    matched_text: String,
}

impl ExplainReport {
    /// Tells what was read and what fits; what was pasted is masked, the runbook is not.
    pub fn new(
        runbook: &Runbook,
        path: Option<String>,
        evidence: &Evidence,
        explanation: &Explanation<'_>,
        show_secrets: bool,
    ) -> Self {
        let mask = |text: &str| text::masked(text, show_secrets).into_owned();
        let all = |texts: &[String]| texts.iter().map(|text| mask(text)).collect();
        let row = |found: &Found<'_>| MatchRow {
            pattern: found.pattern.id.clone(),
            title: found.pattern.title.clone(),
            severity: found.pattern.severity,
            file: runbook.file(found.pattern.page).to_owned(),
            line: found.pattern.line,
            matched_by: found.by.name(),
            link: found.link,
            matched_text: mask(&found.text),
            cause: found.pattern.cause.clone(),
            next: found.pattern.next.clone(),
            explained_by: found.explained_by.map(str::to_owned),
            supported_by: all(&found.supported_by),
            refuted_by: all(&found.refuted_by),
        };
        let link = |link: &crate::runbook::Link| LinkRow {
            kind: link.kind.clone(),
            message: mask(&link.message),
            is_cause: link.is_cause,
        };
        let ruled_out = |one: &crate::runbook::RuledOut<'_>| RuledOutRow {
            pattern: one.pattern.id.clone(),
            matched_text: mask(&one.text),
        };
        Self {
            schema: "obs.explain/1",
            runbook: path,
            chain: evidence.chain.iter().map(link).collect(),
            log: evidence.log.iter().map(|line| mask(&line.text)).collect(),
            cut: evidence.cut,
            request_id: evidence.request_id.clone(),
            trace_id: evidence.trace_id.clone(),
            matches: explanation.found.iter().map(row).collect(),
            ruled_out: explanation.ruled_out.iter().map(ruled_out).collect(),
            steps: runbook.steps.iter().map(|step| step.name.clone()).collect(),
        }
    }

    fn options(&self) -> MarkdownOptions<'_> {
        let ids = [("request_id", &self.request_id), ("trace_id", &self.trace_id)];
        MarkdownOptions {
            steps: self.steps.iter().map(String::as_str).collect(),
            values: ids.into_iter().filter_map(|(name, id)| Some((name, id.as_deref()?))).collect(),
        }
    }

    /// Writes what was read: the exceptions, or else the first lines, those that fit when some do.
    fn read(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        const LINES_MAX: usize = 3;
        const LINKS_MAX: usize = 20;
        let line = |text: &str| {
            let first = text.lines().next().unwrap_or_default();
            cut(first, theme.width.min(100).saturating_sub(6), theme)
        };
        for link in self.chain.iter().take(LINKS_MAX) {
            let said = match (link.kind.as_str(), link.message.as_str()) {
                (kind, "") => kind.to_owned(),
                ("", message) => message.to_owned(),
                (kind, message) => format!("{kind}: {message}"),
            };
            let word = if link.is_cause { "cause" } else { "error" };
            writeln!(out, "{} {}", theme.paint(Tone::Dim, word), line(&said))?;
        }
        let mut more = self.chain.len().saturating_sub(LINKS_MAX);
        if self.chain.is_empty() {
            let fits = |said: &&String| {
                let mut found = self.matches.iter();
                self.matches.is_empty() || found.any(|row| said.contains(&row.matched_text))
            };
            let mut lines = self.log.iter().filter(fits);
            for said in lines.by_ref().take(LINES_MAX) {
                writeln!(out, "{}   {}", theme.paint(Tone::Dim, "log"), line(said))?;
            }
            more = lines.count();
        }
        if more > 0 {
            writeln!(out, "{}", theme.paint(Tone::Dim, format!("and {more} more")))?;
        }
        Ok(())
    }

    /// Says whether there is an error, and what fits speaks only of lines around it.
    fn leaves_errors(&self) -> bool {
        let in_chain = |said: &String| {
            self.chain.iter().any(|link| link.kind == *said || link.message.contains(said.as_str()))
        };
        let of_error = |row: &MatchRow| row.link.is_some() || row.supported_by.iter().any(in_chain);
        !self.chain.is_empty() && !self.matches.is_empty() && !self.matches.iter().any(of_error)
    }

    fn one(&self, row: &MatchRow, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let (tone, word) = severity(row.severity);
        let dot = theme.symbol("·", "|");
        let place = format!("{}:{}", row.file, row.line);
        writeln!(
            out,
            "\n{} {dot} {} {dot} {}",
            theme.paint(Tone::Strong, text::harmless(&row.pattern)),
            theme.paint(tone, word),
            theme.paint(Tone::Dim, text::harmless(&place))
        )?;
        let width = theme.width.min(100).saturating_sub(20);
        let first = row.matched_text.lines().next().unwrap_or_default();
        let matched = cut(first, width, theme);
        writeln!(out, "{}", theme.paint(Tone::Dim, format!("by {}: {matched}", row.matched_by)))?;
        if let Some(cause) = &row.explained_by {
            // What to do is said there; here it would only be in the way.
            return writeln!(out, "explained by {}: see there", text::harmless(cause));
        }
        for (word, texts) in [("fits too", &row.supported_by), ("but", &row.refuted_by)] {
            for said in texts {
                writeln!(out, "{word}: {}", cut(said, width, theme))?;
            }
        }
        for part in [&row.cause, &row.next].into_iter().filter(|part| !part.is_empty()) {
            writeln!(out)?;
            markdown(part, &self.options(), out, theme)?;
        }
        Ok(())
    }
}

impl Render for ExplainReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        self.read(out, theme)?;
        if self.matches.is_empty() {
            writeln!(out, "\n{}", theme.paint(Tone::Warn, "no pattern of the runbook fits"))?;
        }
        if self.leaves_errors() {
            let said = "no pattern of the runbook fits the error itself; a line around it fits one";
            writeln!(out, "\n{}", theme.paint(Tone::Warn, said))?;
        }
        for row in &self.matches {
            self.one(row, out, theme)?;
        }
        for row in &self.ruled_out {
            let (pattern, said) = (text::harmless(&row.pattern), text::harmless(&row.matched_text));
            writeln!(out, "\nnot {pattern}: {said}")?;
        }
        Ok(())
    }

    fn minds_ascii(&self) -> bool {
        true
    }
}

/// Returns outside text harmless and cut, the mark of the cut in ASCII where the theme wants it.
fn cut(said: &str, width: usize, theme: &Theme) -> String {
    let said = text::harmless(said);
    match text::cut(&said, width) {
        cut if theme.ascii && cut != said => text::ascii(&cut),
        cut => cut.into_owned(),
    }
}
