//! The lines of the Prometheus text format 0.0.4 and of `OpenMetrics` 1.0, none of them lost.
//!
//! Also reads names in UTF-8 (`{"http.requests",…}`). A line that cannot be read is a [`Fault`] with
//! its place; all others are read all the same. The values of native histograms are faults: of
//! `OpenMetrics` 1.0 they are no part.
//! Source: `prometheus.io/docs/instrumenting/exposition_formats`, the `OpenMetrics` 1.0 specification.

use std::borrow::Cow;

use memchr::memchr;

use super::scanner::{Pairs, Refusal, Scanner};
use crate::model::UnixNanos;

/// A page of metrics, understood line by line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition<'a> {
    /// What `# TYPE`, `# HELP` and `# UNIT` say, in order.
    pub declarations: Vec<Declaration<'a>>,
    /// The values, in order.
    pub samples: Vec<Sample<'a>>,
    /// What could not be read.
    pub faults: Vec<Fault>,
    /// Whether the page ends in `# EOF`, as `OpenMetrics` demands.
    pub ended: bool,
    /// Whether it is `OpenMetrics`, by its type or its end.
    pub open_metrics: bool,
    /// How long the page is.
    pub bytes: usize,
}

/// A line that says something of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// The metric.
    pub name: Cow<'a, str>,
    /// What is said.
    pub says: Says<'a>,
    /// The 1-based line.
    pub line: usize,
}

/// What a line says of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says<'a> {
    /// `counter`, `histogram`.
    Type(&'a str),
    /// What it means.
    Help(Cow<'a, str>),
    /// `seconds`.
    Unit(&'a str),
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    /// The name as it stands there, with `_total` or `_bucket`.
    pub name: Cow<'a, str>,
    /// The labels, in order.
    pub labels: Pairs<'a>,
    /// The value.
    pub value: f64,
    /// When it was measured; mostly not said.
    pub time: Option<UnixNanos>,
    /// One observation that stands for the others, mostly with a trace id.
    pub exemplar: Option<Exemplar<'a>>,
    /// The 1-based line.
    pub line: usize,
}

/// One observation of many.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar<'a> {
    /// Its labels: `trace_id`.
    pub labels: Pairs<'a>,
    /// What was observed.
    pub value: f64,
    /// When.
    pub time: Option<UnixNanos>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The 1-based line.
    pub line: usize,
    /// The 1-based character in it.
    pub column: usize,
    /// What is wrong there.
    pub message: &'static str,
}

/// Reads a page; `content_type` tells `OpenMetrics` apart, else an `# EOF` does.
///
/// Times are seconds in `OpenMetrics` and milliseconds in the older format.
///
/// O(bytes); what it gives borrows from the page, but for texts with escapes.
pub fn read<'a>(page: &'a [u8], content_type: &str) -> Exposition<'a> {
    let ends = page.trim_ascii_end().ends_with(b"# EOF");
    let open_metrics = ends || content_type.contains("openmetrics");
    let mut read = Exposition { open_metrics, bytes: page.len(), ..Exposition::default() };
    // Looked at once where it is valid as a whole, else line by line.
    let valid = std::str::from_utf8(page).ok();
    let mut start = 0;
    let mut number = 0;
    while start < page.len() {
        let end = memchr(b'\n', &page[start..]).map_or(page.len(), |at| start + at);
        number += 1;
        let line = match valid {
            Some(text) => Ok(text.get(start..end).unwrap_or_default()),
            None => std::str::from_utf8(&page[start..end]),
        };
        match line {
            Ok(line) => read.line(line.strip_suffix('\r').unwrap_or(line), number),
            Err(error) => {
                let valid = page.get(start..start + error.valid_up_to()).unwrap_or_default();
                let column = String::from_utf8_lossy(valid).chars().count() + 1;
                let message = "the bytes from here on are not UTF-8";
                read.faults.push(Fault { line: number, column, message });
            }
        }
        start = end + 1;
    }
    read
}

impl<'a> Exposition<'a> {
    fn line(&mut self, line: &'a str, number: usize) {
        let content = line.trim_matches([' ', '\t']);
        if content.is_empty() {
            return;
        }
        if self.ended {
            let message = "nothing may follow `# EOF`";
            self.faults.push(Fault { line: number, column: 1, message });
        }
        if content == "# EOF" {
            self.ended = true;
        } else if content.starts_with('#') {
            self.declarations.extend(declaration(content, number));
        } else {
            match sample(line, number, self.open_metrics) {
                Ok(sample) => self.samples.push(sample),
                Err(Refusal { at, message }) => {
                    let before = line.get(..at).unwrap_or(line);
                    let column = before.chars().count() + 1;
                    self.faults.push(Fault { line: number, column, message });
                }
            }
        }
    }
}

impl Sample<'_> {
    /// Writes the series as it stands on a page: `name{label="value"}`.
    pub fn series(&self) -> String {
        let mut made = String::from(&*self.name);
        for (place, (name, value)) in self.labels.iter().enumerate() {
            made.push(if place == 0 { '{' } else { ',' });
            made.push_str(name);
            made.push_str("=\"");
            made.push_str(value);
            made.push('"');
        }
        if !self.labels.is_empty() {
            made.push('}');
        }
        made
    }
}

/// Reads `# TYPE name type` and its like; any other comment says nothing.
fn declaration(content: &str, line: usize) -> Option<Declaration<'_>> {
    let mut scanner = Scanner::new(content);
    if scanner.word() != "#" {
        return None;
    }
    scanner.skip_blanks();
    let keyword = scanner.word();
    if !matches!(keyword, "TYPE" | "HELP" | "UNIT") {
        return None;
    }
    scanner.skip_blanks();
    let name = scanner.name().ok()?;
    scanner.skip_blanks();
    let says = match keyword {
        "TYPE" => Says::Type(scanner.word()),
        "UNIT" => Says::Unit(scanner.word()),
        _ => Says::Help(unescaped(scanner.rest())),
    };
    Some(Declaration { name, says, line })
}

/// Undoes the escapes of a help text: `\\` and `\n`, in `OpenMetrics` also `\"`.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            made.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => made.push('\n'),
            Some(escaped @ ('\\' | '"')) => made.push(escaped),
            Some(other) => made.extend(['\\', other]),
            None => made.push('\\'),
        }
    }
    Cow::Owned(made)
}

fn sample(line: &str, number: usize, seconds: bool) -> Result<Sample<'_>, Refusal> {
    let mut scanner = Scanner::new(line);
    scanner.skip_blanks();
    let outside = if scanner.rest().starts_with('{') { None } else { Some(scanner.name()?) };
    scanner.skip_blanks();
    let mut inside = None;
    let mut labels = Vec::new();
    // A `{` with a colon in it would be the value of a native histogram; `number` says so.
    if scanner.rest().starts_with('{') && !is_native_histogram(scanner.rest()) {
        (inside, labels) = scanner.braces()?;
    }
    let name = match (outside, inside) {
        (Some(name), None) | (None, Some(name)) => name,
        (Some(_), Some(_)) => return Err(scanner.refuse("the metric has two names")),
        (None, None) => return Err(scanner.refuse("the metric has no name")),
    };
    let value = scanner.number()?;
    let time = time(&mut scanner, seconds)?;
    let exemplar = exemplar(&mut scanner)?;
    scanner.skip_blanks();
    if !scanner.rest().is_empty() {
        return Err(scanner.refuse("the line should end here"));
    }
    Ok(Sample { name, labels, value, time, exemplar, line: number })
}

fn is_native_histogram(rest: &str) -> bool {
    ["{count:", "{sum:", "{schema:"].iter().any(|start| rest.starts_with(start))
}

fn time(scanner: &mut Scanner<'_>, seconds: bool) -> Result<Option<UnixNanos>, Refusal> {
    scanner.skip_blanks();
    if scanner.rest().is_empty() || scanner.rest().starts_with('#') {
        return Ok(None);
    }
    let start = *scanner;
    let number = scanner.number()?;
    let time = UnixNanos::from_seconds(if seconds { number } else { number / 1e3 });
    time.map(Some).ok_or_else(|| start.refuse("this is no point in time"))
}

fn exemplar<'a>(scanner: &mut Scanner<'a>) -> Result<Option<Exemplar<'a>>, Refusal> {
    scanner.skip_blanks();
    if !scanner.take('#') {
        return Ok(None);
    }
    scanner.skip_blanks();
    let (_, labels) = scanner.braces()?;
    let value = scanner.number()?;
    let time = time(scanner, true)?;
    Ok(Some(Exemplar { labels, value, time }))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests;
