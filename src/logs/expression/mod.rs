//! The language of `--where`: what a record must be, in words.
//!
//! `not` binds before `and`, `and` before `or`. A comparison is a field, an operator and a value:
//! `status >= 500`, `path ~ "^/api"`, `level in (error, fatal)`, `exists(user.id)`. Start at
//! [`Condition::parse`]. Not here: which lines are parsed at all ([`super::LogFilter`]).
//!
//! A record that lacks the field does not match, whatever the value, except `= null`; `!=` and `!~`
//! say the opposite of `=` and `~` and so hold for it. Text is compared as written, numbers as
//! numbers also where a logger wrote them as text, levels by how bad they are.

mod condition;
mod evaluate;
mod number;
mod parse;
mod print;
mod token;

pub use condition::{Condition, UnknownField};
pub(super) use evaluate::{Held, held};
use number::Number;
pub(super) use number::measured;
pub use parse::ExpressionError;
use regex::Regex;

use crate::model::{Severity, UnixNanos};

/// What a record must be.
#[derive(Debug, Clone, PartialEq)]
enum Expression {
    /// One of them holds; two or more.
    Or(Vec<Self>),
    /// All of them hold; two or more.
    And(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// The record has the field, and it is not null.
    Exists(String),
    /// The field stands in this relation to the value.
    Compare(String, Operator, Value),
    /// The field is one of the values.
    In(String, Vec<Value>),
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `~`: the regular expression is found in it
    Matches,
    /// `!~`
    NotMatches,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    /// `null`: also of a field that is not there.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, with or without a unit.
    Number(Number),
    /// Text, in quotes or a single word.
    Text(String),
    /// A level, of the field `level`.
    Level(Severity),
    /// An instant, of the field `time`: as typed, and what that means.
    Time(String, UnixNanos),
    /// A regular expression.
    Pattern(Pattern),
}

/// A regular expression; two are equal when they are written alike.
#[derive(Debug, Clone)]
struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

#[cfg(test)]
mod tests;
