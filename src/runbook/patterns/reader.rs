//! A pattern's TOML, read with the place of everything in it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Matcher, Pattern, PatternSeverity};
use crate::model::nearest;
use crate::runbook::expression::Expression;

const KEYS: [&str; 8] =
    ["severity", "direct", "support", "refute", "unless", "explains", "since", "not_env"];

/// The kinds of matchers: the key that makes one, and those that go with it.
const MATCHERS: [(&str, &[&str]); 9] = [
    ("exception", &["message"]),
    ("message", &[]),
    ("log", &["where"]),
    ("metric", &["above", "below"]),
    ("span", &["slower_than", "same_statement_at_least", "same_target_at_least"]),
    ("check", &["status", "field", "above", "below"]),
    ("status", &["ratio_above"]),
    ("new_error", &[]),
    ("deploy", &["minutes"]),
];

/// Reads one fence, collecting what is wrong with it.
pub(super) struct Reader<'a> {
    text: &'a str,
    /// The byte of the page that the text begins at.
    at: usize,
    problems: Vec<(usize, String)>,
}

impl Reader<'_> {
    pub(super) fn new(text: &str, at: usize) -> Reader<'_> {
        Reader { text, at, problems: Vec::new() }
    }

    /// Returns what was wrong, each with its byte of the page.
    pub(super) fn into_problems(self) -> Vec<(usize, String)> {
        self.problems
    }

    pub(super) fn complain(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.problems.push((self.at + span.start, message.into()));
    }

    fn unknown(&mut self, key: &Spanned<impl AsRef<str>>, known: &[&str]) {
        let name = key.get_ref().as_ref();
        let near = nearest(name, known.iter().copied());
        let instead = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", known.join(", ")),
        };
        self.complain(key.span(), format!("unknown key `{name}`; {instead}"));
    }

    /// Fills the pattern with what the table says.
    pub(super) fn pattern(&mut self, table: &DeTable<'_>, pattern: &mut Pattern) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "severity" => pattern.severity = self.severity(value),
                "direct" => pattern.direct = self.matchers(value),
                "support" => pattern.support = self.matchers(value),
                "refute" => pattern.refute = self.matchers(value),
                "unless" => pattern.unless = self.matchers(value),
                "explains" => {
                    for id in self.array(value) {
                        if let Some(text) = self.string(id) {
                            pattern.explains.push(text);
                            pattern.explains_at.push(self.at + id.span().start);
                        }
                    }
                }
                "since" | "not_env" => {}
                _ => self.unknown(key, &KEYS),
            }
        }
    }

    fn severity(&mut self, value: &Spanned<DeValue<'_>>) -> PatternSeverity {
        match value.get_ref().as_str() {
            Some("info") => PatternSeverity::Info,
            Some("warning") => PatternSeverity::Warning,
            Some("critical") => PatternSeverity::Critical,
            _ => {
                self.complain(value.span(), "a severity is info, warning or critical");
                PatternSeverity::default()
            }
        }
    }

    fn array<'v, 't>(&mut self, value: &'v Spanned<DeValue<'t>>) -> Vec<&'v Spanned<DeValue<'t>>> {
        let Some(array) = value.get_ref().as_array() else {
            self.complain(value.span(), "this must be an array");
            return Vec::new();
        };
        array.iter().collect()
    }

    fn string(&mut self, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.complain(value.span(), "this must be a string");
        }
        text
    }

    fn expression(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Expression> {
        let text = self.string(value)?;
        // One quote stands before it, unless it is a multi-line or an escaped string.
        let from = value.span().start + 1;
        let literal = self.text.get(from..).is_some_and(|rest| rest.starts_with(&text));
        Some(Expression::new(&text, self.at + from, literal))
    }

    fn matchers(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<Matcher> {
        let all = self.array(value);
        all.into_iter().filter_map(|one| self.matcher(one)).collect()
    }

    fn matcher(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Matcher> {
        let names = MATCHERS.map(|(name, _)| name);
        let Some(table) = value.get_ref().as_table() else {
            self.complain(value.span(), "this must be a table, { message = '…' }");
            return None;
        };
        let Some((name, with)) = MATCHERS.into_iter().find(|(name, _)| table.contains_key(*name))
        else {
            match table.keys().next() {
                Some(key) => self.unknown(key, &names),
                None => self.complain(value.span(), "this matches nothing"),
            }
            return None;
        };
        for key in table.keys() {
            let key_name = key.get_ref().as_ref();
            if key_name != name && !with.contains(&key_name) {
                self.unknown(key, &[&[name], with].concat());
            }
        }
        let main = table.get(name)?;
        Some(match name {
            "exception" => Matcher::Exception {
                kind: self.string(main)?,
                message: match table.get("message") {
                    Some(message) => Some(self.expression(message)?),
                    None => None,
                },
            },
            "message" => Matcher::Message(self.expression(main)?),
            "log" => {
                let fields = table.get("where").map(|wanted| self.fields(wanted));
                Matcher::Log { text: self.expression(main)?, fields: fields.unwrap_or_default() }
            }
            key => {
                let toml = self.text.get(value.span()).unwrap_or_default().to_owned();
                Matcher::Kept { key, toml }
            }
        })
    }

    fn fields(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(String, String)> {
        let Some(table) = value.get_ref().as_table() else {
            self.complain(value.span(), "this must be a table, { field = 'value' }");
            return Vec::new();
        };
        let mut fields = Vec::new();
        for (key, value) in table {
            if let Some(text) = self.string(value) {
                fields.push((key.get_ref().to_string(), text));
            }
        }
        fields
    }
}
