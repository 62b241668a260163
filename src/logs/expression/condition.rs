//! An expression at work: it remembers which of its fields no record had.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::Zoned;

use super::evaluate::has;
use super::parse::{is_time, parse};
use super::{Expression, ExpressionError, Operator, Value};
use crate::logs::dialect::{Role, role_of};
use crate::model::{LogRecord, UnixNanos, nearest};

/// How many names of fields are remembered, to offer one of them for one that was mistyped.
const NAMES_MAX: usize = 256;

/// What `--where` asks for.
#[derive(Debug)]
pub struct Condition {
    expression: Expression,
    names: Vec<(String, AtomicBool)>,
    of_exception: bool,
    of_time: bool,
    /// How many of `names` no record had yet.
    unseen: AtomicUsize,
    judged: AtomicBool,
    others: Mutex<BTreeSet<String>>,
}

/// A field that was asked for and that no record had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// As it was typed.
    pub name: String,
    /// The one that the records have and that was probably meant.
    pub near: Option<String>,
}

impl Condition {
    /// Reads an expression; `now` is what relative times count from.
    pub fn parse(text: &str, now: &Zoned) -> Result<Self, ExpressionError> {
        let expression = parse(text, now)?;
        let mut names = BTreeSet::new();
        collect(&expression, &mut names);
        let of_exception =
            names.iter().any(|name| matches!(role_of(name), Some((Role::Exception, _))));
        let of_time = names.iter().any(|name| is_time(name));
        names.retain(|name| !LogRecord::NAMES.contains(&name.as_str()));
        Ok(Self {
            expression,
            of_exception,
            of_time,
            unseen: AtomicUsize::new(names.len()),
            names: names.into_iter().map(|name| (name, AtomicBool::new(false))).collect(),
            judged: AtomicBool::new(false),
            others: Mutex::default(),
        })
    }

    /// Says whether the exception counts: then the lines below a record's own may change the answer.
    pub fn looks_at_exception(&self) -> bool {
        self.of_exception
    }

    /// Says whether the time counts: a record without one has its predecessor's.
    pub(in crate::logs) fn looks_at_time(&self) -> bool {
        self.of_time
    }

    /// Returns fields without each of which it holds for no record.
    pub(in crate::logs) fn required(&self) -> Vec<&str> {
        required(&self.expression)
    }

    /// Says whether it holds for the record when `time` is its time or its predecessor's.
    pub fn holds(&self, record: &LogRecord, time: Option<UnixNanos>) -> bool {
        if self.unseen.load(Ordering::Relaxed) > 0 {
            self.notice(record);
        }
        self.expression.holds(record, time)
    }

    /// Returns the fields that none of the records judged so far had; none when none was judged.
    pub fn unknown(&self) -> Vec<UnknownField> {
        if !self.judged.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let others = self.others.lock().map(|others| others.clone()).unwrap_or_default();
        let unseen = self.names.iter().filter(|(_, seen)| !seen.load(Ordering::Relaxed));
        let known = || others.iter().map(String::as_str).chain(LogRecord::NAMES);
        let unknown = |(name, _): &(String, AtomicBool)| UnknownField {
            name: name.clone(),
            near: nearest(name, known()).map(ToOwned::to_owned),
        };
        unseen.map(unknown).collect()
    }

    fn notice(&self, record: &LogRecord) {
        self.judged.store(true, Ordering::Relaxed);
        for (name, seen) in &self.names {
            if !seen.load(Ordering::Relaxed)
                && has(record, name)
                && !seen.swap(true, Ordering::Relaxed)
            {
                self.unseen.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let Ok(mut others) = self.others.lock() else { return };
        for field in &record.fields {
            if others.len() < NAMES_MAX && !others.contains(&field.name) {
                others.insert(field.name.clone());
            }
        }
    }
}

fn collect(expression: &Expression, names: &mut BTreeSet<String>) {
    match expression {
        Expression::Or(parts) | Expression::And(parts) => {
            for part in parts {
                collect(part, names);
            }
        }
        Expression::Not(part) => collect(part, names),
        Expression::Exists(name) | Expression::Compare(name, ..) | Expression::In(name, _) => {
            names.insert(name.clone());
        }
    }
}

fn required(expression: &Expression) -> Vec<&str> {
    match expression {
        Expression::And(parts) => parts.iter().flat_map(required).collect(),
        Expression::Or(parts) => {
            let mut parts = parts.iter().map(required);
            let first = parts.next().unwrap_or_default();
            parts.fold(first, |all, part| all.into_iter().filter(|n| part.contains(n)).collect())
        }
        Expression::Compare(name, operator, value) if needs_it(*operator, value) => vec![name],
        Expression::In(name, values) if !values.contains(&Value::Null) => vec![name],
        Expression::Exists(name) => vec![name],
        Expression::Not(_) | Expression::Compare(..) | Expression::In(..) => Vec::new(),
    }
}

/// Says whether no record without the field stands in this relation to the value.
fn needs_it(operator: Operator, value: &Value) -> bool {
    !matches!(operator, Operator::NotEqual | Operator::NotMatches) && *value != Value::Null
}
