//! The lines of the Prometheus text format 0.0.4 and of `OpenMetrics` 1.0, none of them lost.
//!
//! Also reads names in UTF-8 (`{"http.requests",…}`). A line that cannot be read is a [`Fault`] with
//! its place; all others are read all the same. Native histograms, floats in hex and digits with
//! underscores are faults, as in Prometheus' own reader of the text format.
//! Source: `prometheus.io/docs/instrumenting/exposition_formats`, the `OpenMetrics` 1.0 specification.

use std::borrow::Cow;

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
}

/// A line that says something of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// The metric.
    pub name: Cow<'a, str>,
    /// What is said.
    pub says: Says<'a>,
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
pub fn read<'a>(page: &'a [u8], content_type: &str) -> Exposition<'a> {
    let ends = page.trim_ascii_end().ends_with(b"# EOF");
    let seconds = ends || content_type.contains("openmetrics");
    let mut read = Exposition::default();
    for (index, bytes) in page.split(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        let fault = |column, message| Fault { line: number, column, message };
        let line = match std::str::from_utf8(bytes) {
            Ok(line) => line.strip_suffix('\r').unwrap_or(line),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let column = String::from_utf8_lossy(valid).chars().count() + 1;
                read.faults.push(fault(column, "the bytes from here on are not UTF-8"));
                continue;
            }
        };
        let content = line.trim_matches([' ', '\t']);
        if content.is_empty() {
            continue;
        }
        if read.ended {
            read.faults.push(fault(1, "nothing may follow `# EOF`"));
        }
        if let Err(refusal) = read.take(line, content, number, seconds) {
            let before = line.get(..refusal.at).unwrap_or(line);
            read.faults.push(fault(before.chars().count() + 1, refusal.message));
        }
    }
    read
}

impl<'a> Exposition<'a> {
    fn take(
        &mut self,
        line: &'a str,
        content: &'a str,
        number: usize,
        seconds: bool,
    ) -> Result<(), Refusal> {
        if content == "# EOF" {
            self.ended = true;
        } else if content.starts_with('#') {
            self.declarations.extend(declaration(content));
        } else {
            self.samples.push(sample(line, number, seconds)?);
        }
        Ok(())
    }
}

/// Reads `# TYPE name type` and its like; any other comment says nothing.
fn declaration(content: &str) -> Option<Declaration<'_>> {
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
    Some(Declaration { name, says })
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
