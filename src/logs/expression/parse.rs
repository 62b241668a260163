//! Text into an expression; a fault points at its place and says what was expected.

use std::ops::Range;

use jiff::Zoned;
use regex::Regex;
use unicode_width::UnicodeWidthStr as _;

use super::number::{Number, UNITS_SHOWN};
use super::token::{Placed, Token, tokens};
use super::{Expression, Operator, Pattern, Value};
use crate::model::{Severity, nearest, parse_time};

/// How deep parentheses and `not` may nest.
const DEPTH_MAX: usize = 64;

/// The words with a meaning of their own, in any case.
pub(super) const KEYWORDS: [&str; 8] =
    ["and", "or", "not", "in", "exists", "true", "false", "null"];

/// The levels as they are offered.
const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];

/// Text that is no expression: what was expected, and the text with a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}\n{shown}\n{caret}")]
pub struct ExpressionError {
    /// What was expected.
    pub reason: String,
    /// The text, on one line.
    pub shown: String,
    /// Blanks and carets, to stand below it.
    pub caret: String,
}

/// Reads an expression; `now` is what relative times count from.
///
/// Bounded: nests at most 64 deep, and is linear in the text.
pub(super) fn parse(text: &str, now: &Zoned) -> Result<Expression, ExpressionError> {
    let pointed = |Fault { at, reason }: Fault| {
        let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let columns = |range: Range<usize>| shown_columns(text.get(range).unwrap_or_default());
        let caret = " ".repeat(columns(0..at.start)) + &"^".repeat(columns(at).max(1));
        ExpressionError { reason, shown, caret }
    };
    let tokens = tokens(text)
        .map_err(|no_token| pointed(Fault { at: no_token.at, reason: no_token.reason }))?;
    let mut parser = Parser { tokens: &tokens, next: 0, depth: 0, now };
    parser.whole().map_err(pointed)
}

fn shown_columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_control() { 1 } else { c.to_string().width() }).sum()
}

struct Fault {
    at: Range<usize>,
    reason: String,
}

struct Parser<'a> {
    tokens: &'a [Placed],
    next: usize,
    depth: usize,
    now: &'a Zoned,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Expression, Fault> {
        let expression = self.any()?;
        match self.peek() {
            (Token::End, _) => Ok(expression),
            _ => Err(self.expected("`and`, `or` or the end", &["and", "or"])),
        }
    }

    fn any(&mut self) -> Result<Expression, Fault> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn all(&mut self) -> Result<Expression, Fault> {
        let mut parts = vec![self.one()?];
        while self.take_word("and") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn one(&mut self) -> Result<Expression, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let reason = format!("this nests deeper than {DEPTH_MAX}");
            return Err(Fault { at: self.peek().1.clone(), reason });
        }
        let expression = if self.take_word("not") {
            Expression::Not(Box::new(self.one()?))
        } else if self.take(&Token::Open) {
            let expression = self.any()?;
            self.close()?;
            expression
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, Fault> {
        if self.is_word("exists")
            && matches!(self.tokens.get(self.next + 1), Some((Token::Open, _)))
        {
            self.next += 2;
            let name = self.name("the name of a field")?;
            self.close()?;
            return Ok(Expression::Exists(name));
        }
        let name = self.name("a field, `not`, `exists(` or `(`")?;
        if self.take_word("not") {
            if !self.take_word("in") {
                return Err(self.expected("`in`", &["in"]));
            }
            return Ok(Expression::Not(Box::new(self.members(name)?)));
        }
        if self.take_word("in") {
            return self.members(name);
        }
        let &(Token::Operator(operator), _) = self.peek() else {
            return Err(self.expected("one of = != < <= > >= ~ !~ in", &["in"]));
        };
        self.next += 1;
        let value = self.value(&name, operator)?;
        Ok(Expression::Compare(name, operator, value))
    }

    fn members(&mut self, name: String) -> Result<Expression, Fault> {
        if !self.take(&Token::Open) {
            return Err(self.expected("`(` and values", &[]));
        }
        let mut values = vec![self.value(&name, Operator::Equal)?];
        while self.take(&Token::Comma) {
            values.push(self.value(&name, Operator::Equal)?);
        }
        if !self.take(&Token::Close) {
            return Err(self.expected("`,` or `)`", &[]));
        }
        Ok(Expression::In(name, values))
    }

    fn name(&mut self, expected: &str) -> Result<String, Fault> {
        match self.peek() {
            (Token::Word(word), _) if !is_keyword(word) => {
                let name = word.clone();
                self.next += 1;
                Ok(name)
            }
            (Token::Quoted(name), _) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.expected(expected, &[])),
        }
    }

    fn value(&mut self, name: &str, operator: Operator) -> Result<Value, Fault> {
        let (token, at) = self.peek().clone();
        let (text, bare) = match token {
            Token::Word(word) => (word, true),
            Token::Quoted(text) => (text, false),
            _ => return Err(self.expected("a value", &[])),
        };
        let refused = |reason: String| Fault { at: at.clone(), reason };
        let value = match operator {
            Operator::Matches | Operator::NotMatches => {
                Value::Pattern(Pattern(Regex::new(&text).map_err(|error| refused(why(&error)))?))
            }
            _ => match plain_value(text, bare) {
                Value::Text(text) if is_level(name) => Value::Level(level(&text).map_err(refused)?),
                Value::Text(text) if is_time(name) => self.time(text).map_err(refused)?,
                Value::Number(number) if is_time(name) => {
                    self.time(number.text).map_err(refused)?
                }
                Value::Text(word) if bare && is_keyword(&word) => {
                    return Err(self.expected("a value", &[]));
                }
                Value::Text(word) if bare && orders(operator) => {
                    return Err(refused(format!(
                        "expected a number (units: {UNITS_SHOWN}) or text in quotes, found `{word}`"
                    )));
                }
                Value::Null | Value::Bool(_) if orders(operator) => {
                    return Err(refused(format!(
                        "expected a number or text after `{}`",
                        operator.sign()
                    )));
                }
                value => value,
            },
        };
        self.next += 1;
        Ok(value)
    }

    fn time(&self, text: String) -> Result<Value, String> {
        match parse_time(&text, self.now) {
            Ok(at) => Ok(Value::Time(text, at)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.take(&Token::Close) { Ok(()) } else { Err(self.expected("`)`", &["and", "or"])) }
    }

    fn peek(&self) -> &Placed {
        const END: &Placed = &(Token::End, 0..0);
        self.tokens.get(self.next).or(self.tokens.last()).unwrap_or(END)
    }

    fn take(&mut self, token: &Token) -> bool {
        let taken = self.peek().0 == *token;
        self.next += usize::from(taken);
        taken
    }

    fn is_word(&self, keyword: &str) -> bool {
        matches!(&self.peek().0, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let taken = self.is_word(keyword);
        self.next += usize::from(taken);
        taken
    }

    fn expected(&self, what: &str, words: &[&str]) -> Fault {
        let (token, at) = self.peek();
        let found = match token {
            Token::End => "the end".to_owned(),
            Token::Word(word) => format!("`{word}`"),
            Token::Quoted(text) => format!("the text \"{text}\""),
            Token::Operator(operator) => format!("`{}`", operator.sign()),
            Token::Open => "`(`".to_owned(),
            Token::Close => "`)`".to_owned(),
            Token::Comma => "`,`".to_owned(),
        };
        let near = match token {
            Token::Word(word) if word.starts_with('&') => words.contains(&"and").then_some("and"),
            Token::Word(word) if word.starts_with('|') => words.contains(&"or").then_some("or"),
            Token::Word(word) => nearest(&word.to_lowercase(), words.iter().copied()),
            _ => None,
        };
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Fault { at: at.clone(), reason: format!("expected {what}, found {found}{near}") }
    }
}

fn plain_value(text: String, bare: bool) -> Value {
    if !bare {
        return Value::Text(text);
    }
    match text.to_ascii_lowercase().as_str() {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => Number::read(&text).map_or(Value::Text(text), Value::Number),
    }
}

/// Says whether values of this field are levels.
pub(super) fn is_level(name: &str) -> bool {
    ["level", "severity", "levelname", "lvl", "log.level"].contains(&name)
}

/// Says whether values of this field are instants.
pub(super) fn is_time(name: &str) -> bool {
    ["time", "timestamp", "@timestamp", "ts"].contains(&name)
}

fn level(text: &str) -> Result<Severity, String> {
    Severity::from_name(text).ok_or_else(|| {
        let near = nearest(&text.to_lowercase(), LEVELS)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        format!("`{text}` is no level: {}{near}", LEVELS.join(", "))
    })
}

fn orders(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual
    )
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Returns the reason that a regular expression does not compile; its place is within ours.
fn why(error: &regex::Error) -> String {
    let text = error.to_string();
    let reason = text.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or(&text);
    format!("this is no regular expression: {reason}")
}
