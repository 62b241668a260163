//! Whether an expression holds for a record.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::parse::{is_level, is_time};
use super::{Expression, Operator, Value};
use crate::logs::dialect::{Role, role_of};
use crate::model::{Field, LogRecord, UnixNanos};

/// What a record has under a name.
pub(in crate::logs) enum Held<'a> {
    Nothing,
    Bool(bool),
    /// A number, as written.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
}

impl Expression {
    /// Says whether it holds for the record when `time` is its time or its predecessor's.
    pub(super) fn holds(&self, record: &LogRecord, time: Option<UnixNanos>) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.holds(record, time)),
            Self::And(parts) => parts.iter().all(|part| part.holds(record, time)),
            Self::Not(part) => !part.holds(record, time),
            Self::Exists(name) => !matches!(held(record, name), Held::Nothing),
            Self::Compare(name, operator, value) => compares(record, time, name, *operator, value),
            Self::In(name, values) => {
                values.iter().any(|value| compares(record, time, name, Operator::Equal, value))
            }
        }
    }
}

fn compares(
    record: &LogRecord,
    time: Option<UnixNanos>,
    name: &str,
    operator: Operator,
    value: &Value,
) -> bool {
    let order = || match value {
        Value::Level(level) => record.level.map(|held| held.cmp(level)),
        Value::Time(_, at) => time.map(|held| held.cmp(at)),
        value => order(name, &held(record, name), value),
    };
    match operator {
        Operator::Equal => order() == Some(Ordering::Equal),
        Operator::NotEqual => order() != Some(Ordering::Equal),
        Operator::Less => order() == Some(Ordering::Less),
        Operator::LessEqual => order().is_some_and(Ordering::is_le),
        Operator::Greater => order() == Some(Ordering::Greater),
        Operator::GreaterEqual => order().is_some_and(Ordering::is_ge),
        Operator::Matches => finds(&held(record, name), value),
        Operator::NotMatches => !finds(&held(record, name), value),
    }
}

/// Compares what is held with the value; `None` when they are not of one kind.
fn order(name: &str, held: &Held<'_>, value: &Value) -> Option<Ordering> {
    match (held, value) {
        (Held::Nothing, Value::Null) => Some(Ordering::Equal),
        (Held::Bool(held), Value::Bool(value)) => Some(held.cmp(value)),
        (Held::Text(held), Value::Bool(value)) => {
            (**held == *value.to_string()).then_some(Ordering::Equal)
        }
        (Held::Number(held) | Held::Text(held), Value::Number(value)) => value.compare(name, held),
        (Held::Number(held) | Held::Text(held), Value::Text(value)) => {
            Some((**held).cmp(value.as_str()))
        }
        (Held::Bool(held), Value::Text(value)) => Some(held.to_string().cmp(value)),
        _ => None,
    }
}

fn finds(held: &Held<'_>, value: &Value) -> bool {
    let Value::Pattern(pattern) = value else { return false };
    match held {
        Held::Nothing => false,
        Held::Bool(held) => pattern.0.is_match(&held.to_string()),
        Held::Number(text) | Held::Text(text) => pattern.0.is_match(text),
    }
}

/// Returns what the record has under a name: a normalised one, a field's, else the key that a logger
/// has for a normalised one (`msg`, `traceId`).
pub(in crate::logs) fn held<'a>(record: &'a LogRecord, name: &str) -> Held<'a> {
    let text = |text: &'a Option<String>| {
        text.as_deref().map_or(Held::Nothing, |text| Held::Text(text.into()))
    };
    match name {
        "time" => by_role(record, Role::Time),
        "level" => by_role(record, Role::Level),
        "service" => text(&record.service),
        "message" => Held::Text(record.message.as_str().into()),
        "logger" => text(&record.logger),
        "request_id" => text(&record.request_id),
        "trace_id" => text(&record.trace_id),
        "span_id" => text(&record.span_id),
        "exception" => text(&record.exception),
        "source" if !record.source.is_empty() => Held::Text(record.source.as_str().into()),
        "line" if record.line > 0 => Held::Number(record.line.to_string().into()),
        name => match record.fields.iter().find(|field| field.name == name) {
            Some(field) => of_field(field),
            None => role_of(name).map_or(Held::Nothing, |(role, _)| by_role(record, role)),
        },
    }
}

/// Says whether the record has the field, null or not.
pub(super) fn has(record: &LogRecord, name: &str) -> bool {
    is_level(name)
        || is_time(name)
        || record.fields.iter().any(|field| field.name == name)
        || !matches!(held(record, name), Held::Nothing)
}

fn by_role(record: &LogRecord, role: Role) -> Held<'_> {
    let text = match role {
        Role::Time => record.time.map(|time| Cow::Owned(time.to_string())),
        Role::Level => record.level.map(|level| Cow::Borrowed(level.name())),
        Role::Message => Some(Cow::Borrowed(record.message.as_str())),
        Role::Logger => record.logger.as_deref().map(Cow::Borrowed),
        Role::Service => record.service.as_deref().map(Cow::Borrowed),
        Role::RequestId => record.request_id.as_deref().map(Cow::Borrowed),
        Role::TraceId => record.trace_id.as_deref().map(Cow::Borrowed),
        Role::SpanId => record.span_id.as_deref().map(Cow::Borrowed),
        Role::Exception => record.exception.as_deref().map(Cow::Borrowed),
    };
    text.map_or(Held::Nothing, Held::Text)
}

fn of_field(field: &Field) -> Held<'_> {
    let json = field.value.get();
    match json.as_bytes().first() {
        Some(b'n') => Held::Nothing,
        Some(b't') => Held::Bool(true),
        Some(b'f') => Held::Bool(false),
        Some(b'-' | b'0'..=b'9') => Held::Number(json.into()),
        _ => Held::Text(field.text().into()),
    }
}
