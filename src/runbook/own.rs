//! What `obs` itself writes for people, read back: log lines, findings, issues, errors, timelines.
//!
//! Somebody in a hurry pipes one command into the other. Log lines become records again, findings are
//! joined that were broken at the width of the page, and what is drawn is passed over.

use std::sync::OnceLock;

use regex::{Captures, Regex};

use super::evidence::LogText;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A line of log.
    Log(LogText),
    /// What stood below a line of log: its exception.
    Exception(String),
    /// Anything else.
    Text(String),
}

/// What the lines above have begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    /// A line of log: what is indented below is its exception.
    Log,
    /// A finding: what stands below its words goes on with it.
    Finding,
    /// The bars of a trace, to the next blank line.
    Bars,
    /// The title of an issue: what is indented by two goes on with it.
    Title,
    /// What an issue has below its title.
    Issue,
    /// A reason of `obs errors`: what is indented by seven goes on with it.
    Reason,
}

/// The columns of a finding's kind, and of what stands below it.
const KIND_COLUMNS: usize = 10;

/// The kinds of findings, as `obs trace` writes them.
const KINDS: [&str; 10] = [
    "error", "missing", "running", "retry", "timeout", "N+1", "fan-out", "gap", "roots", "critical",
];

struct Shapes {
    log: Regex,
    pair: Regex,
    trace: Regex,
    moment: Regex,
    issue: Regex,
    reason: Regex,
}

fn shapes() -> &'static Shapes {
    static SHAPES: OnceLock<Shapes> = OnceLock::new();
    let regex = |text| Regex::new(text).expect("the expressions are constant and tested");
    SHAPES.get_or_init(|| Shapes {
        log: regex(
            r"^(?:[0-9]{4}-[0-9][0-9]-[0-9][0-9]T)?[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]{3}(?:Z|[+-][0-9][0-9]:[0-9][0-9])? (?:TRACE|DEBUG|INFO |WARN |ERROR|FATAL|-    ) (.*)$",
        ),
        pair: regex(r#" ([A-Za-z_][A-Za-z0-9_.:/@-]*)=("(?:[^"\\]|\\.)*"|\S*)"#),
        trace: regex(r"^trace [0-9a-f]{32}\b"),
        moment: regex(
            r"^ *\+[0-9.,]+ ?(?:ns|us|µs|ms|s|m)? *[·▸✗.>x] (log  |span |ERROR) +(\S+) +(.*)$",
        ),
        issue: regex(r"^[A-Z][A-Z0-9-]*-[0-9]+  (\S.*)$"),
        reason: regex(r"^ *[0-9]+ × (\S.*)$"),
    })
}

/// Reads a text without controls and prefixes.
pub(super) fn read(text: &str) -> Vec<Part> {
    let mut reader = Reader { parts: Vec::new(), inside: Inside::Nothing };
    for line in text.lines() {
        reader.line(line);
    }
    reader.parts
}

struct Reader {
    parts: Vec<Part>,
    inside: Inside,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let shapes = shapes();
        if let Some(found) = shapes.log.captures(line) {
            self.parts.push(Part::Log(record(group(&found, 1))));
            self.inside = Inside::Log;
        } else if let Some(found) = shapes.moment.captures(line) {
            self.moment(group(&found, 1), group(&found, 3));
        } else if shapes.trace.is_match(line) {
            self.inside = Inside::Issue;
        } else if let Some(words) = finding(line) {
            self.text(words.to_owned());
            self.inside = Inside::Finding;
        } else if let Some(found) = shapes.issue.captures(line) {
            self.text(group(&found, 1).to_owned());
            self.inside = Inside::Title;
        } else if let Some(found) = shapes.reason.captures(line) {
            self.text(group(&found, 1).to_owned());
            self.inside = Inside::Reason;
        } else {
            self.other(line);
        }
    }

    fn other(&mut self, line: &str) {
        let blanks = line.len() - line.trim_start().len();
        let words = line.trim();
        match self.inside {
            _ if words.is_empty() => {
                // Below a trace's findings, and only there, bars are drawn.
                let drawn = self.inside == Inside::Finding;
                self.inside = if drawn { Inside::Bars } else { Inside::Nothing };
                self.more("", '\n');
            }
            Inside::Bars if !line.starts_with("all of it:") => {}
            Inside::Log if blanks >= 4 => self.exception(line.get(4..).unwrap_or_default()),
            Inside::Finding if blanks == KIND_COLUMNS => {
                // The error itself stands on a line of its own.
                let own = words.split(": ").next().is_some_and(|kind| !kind.contains(' '));
                self.more(words, if own && words.contains(": ") { '\n' } else { ' ' });
            }
            Inside::Title | Inside::Issue if after_arrow(words).is_some() => {
                let cause = after_arrow(words).unwrap_or_default();
                self.more(&format!("caused by: {cause}"), '\n');
                self.inside = Inside::Issue;
            }
            Inside::Title if blanks == 2 && !words.starts_with(|c: char| c.is_ascii_digit()) => {
                self.more(words, ' ');
            }
            Inside::Reason if blanks == 7 && !words.contains(" · ") => self.more(words, ' '),
            Inside::Title | Inside::Issue | Inside::Reason if blanks >= 2 => {
                self.inside = Inside::Issue;
            }
            _ => {
                self.inside = Inside::Nothing;
                match self.parts.last_mut() {
                    Some(Part::Text(text)) => {
                        text.push('\n');
                        text.push_str(line);
                    }
                    _ => self.parts.push(Part::Text(line.to_owned())),
                }
            }
        }
    }

    /// Begins a text that does not go on with what is above.
    fn text(&mut self, words: String) {
        self.parts.push(Part::Text(words));
    }

    fn more(&mut self, words: &str, joint: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(joint);
            text.push_str(words);
        }
    }

    fn exception(&mut self, line: &str) {
        match self.parts.last_mut() {
            Some(Part::Exception(text)) => {
                text.push('\n');
                text.push_str(line);
            }
            _ => self.parts.push(Part::Exception(line.to_owned())),
        }
    }

    /// Reads a line of a request's story.
    fn moment(&mut self, kind: &str, words: &str) {
        self.inside = Inside::Nothing;
        match (kind.trim(), words.split_once(" — ")) {
            ("log", _) => {
                let levels = ["WARN ", "ERROR ", "FATAL "];
                let level = levels.iter().find_map(|level| words.strip_prefix(level));
                let mut record = record(level.unwrap_or(words));
                // Here the service has a column of its own.
                record.bare = None;
                self.parts.push(Part::Log(record));
            }
            ("span", Some((_, error))) => {
                let error = error.rsplit_once("  ").map_or(error, |(error, _)| error);
                self.text(error.to_owned());
            }
            ("ERROR", _) => {
                self.text(words.split_once(' ').map_or(words, |(_, title)| title).to_owned());
            }
            _ => {}
        }
    }
}

fn group<'t>(found: &Captures<'t>, number: usize) -> &'t str {
    found.get(number).map_or("", |group| group.as_str())
}

/// Returns a finding's words: they stand in the eleventh column, behind its kind.
fn finding(line: &str) -> Option<&str> {
    let (kind, words) = line.split_at_checked(KIND_COLUMNS)?;
    let known = kind.ends_with(' ') && KINDS.contains(&kind.trim_end());
    (known && !words.is_empty() && !words.starts_with(' ')).then_some(words)
}

/// Returns what an issue's `↳ caused by ` names.
fn after_arrow(words: &str) -> Option<&str> {
    let (arrow, cause) = words.split_once(" caused by ")?;
    (arrow.chars().count() <= 2 && !arrow.chars().any(char::is_alphanumeric)).then_some(cause)
}

/// Reads what stands behind the level: a service, if the record had one, the message, and its fields.
fn record(words: &str) -> LogText {
    // A blank before the first, so that a record without a message is read as well.
    let padded = format!(" {words}");
    let mut fields = Vec::new();
    let mut end = None;
    for found in shapes().pair.captures_iter(&padded) {
        end = end.or_else(|| found.get(0).map(|whole| whole.start()));
        let value = group(&found, 2);
        let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let value = inner.map_or_else(|| value.to_owned(), |inner| inner.replace("\\\"", "\""));
        fields.push((group(&found, 1).to_owned(), value));
    }
    let text = padded.get(..end.unwrap_or(padded.len())).unwrap_or_default().trim();
    let bare = text.split_once(' ').map(|(_, rest)| rest.trim_start().to_owned());
    LogText { text: text.to_owned(), bare, fields }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_a_record_again_and_what_is_below_its_exception() {
        let text = "2026-11-22T18:40:33.588Z ERROR inventory  unhandled error method=POST note=\"a \\\"b\\\"\"\n\
                    \u{20}   Boom: x\n    caused by: Deep: y";
        let fields = [("method", "POST"), ("note", "a \"b\"")];
        let record = LogText {
            text: "inventory  unhandled error".to_owned(),
            bare: Some("unhandled error".to_owned()),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        };
        let exception = Part::Exception("Boom: x\ncaused by: Deep: y".to_owned());
        assert_eq!(read(text), [Part::Log(record), exception]);
    }

    #[test]
    fn a_finding_is_joined_and_bars_are_passed_over() {
        let text = "trace 01a2048f5c1171e9b5d6abcc4485f6e6   GET /orders 200   5.79ms\n22 spans\n\
                    N+1       orders-api GET /orders: 20 × `SELECT a\n          FROM b` one after another\n\
                    error     a GET (span 1)\n          Boom: x\n\n  ├─SELECT orders  1us █\n█ path";
        let wanted = [
            "22 spans",
            "orders-api GET /orders: 20 × `SELECT a FROM b` one after another",
            "a GET (span 1)\nBoom: x\n",
        ];
        let wanted: Vec<Part> = wanted.iter().map(|text| Part::Text((*text).to_owned())).collect();
        assert_eq!(read(text).into_iter().skip(1).collect::<Vec<_>>(), wanted[1..]);
    }

    #[test]
    fn a_reason_is_joined_and_what_is_below_it_is_passed_over() {
        let text = "   1 × QueryError: cannot\n       run x\n       orders-api · GET /a · seen in logs, traces,\n       errors\n       obs request 1\n   2 × B: c";
        let wanted = ["QueryError: cannot run x", "B: c"];
        let wanted: Vec<Part> = wanted.iter().map(|text| Part::Text((*text).to_owned())).collect();
        assert_eq!(read(text), wanted);
    }

    #[test]
    fn an_issue_is_its_title_and_its_causes() {
        let text = "ORDERS-API-1  QueryError: cannot\n  run x\n  2026-11-22 18:40:33 UTC · a\n  ↳ caused by r2d2::Error: y\n  before it\n    18:40:33.4 serve  listening";
        let wanted = "QueryError: cannot run x\ncaused by: r2d2::Error: y";
        assert_eq!(read(text), [Part::Text(wanted.to_owned())]);
    }
}
