//! An expression as text, so that reading it again gives the same.

use std::fmt::{self, Display, Formatter};

use super::parse::KEYWORDS;
use super::token::{Token, tokens};
use super::{Expression, Operator, Value};

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(parts) => join(f, parts, " or ", |part| matches!(part, Self::Or(_))),
            Self::And(parts) => {
                join(f, parts, " and ", |part| matches!(part, Self::Or(_) | Self::And(_)))
            }
            Self::Not(part) => match **part {
                Self::Or(_) | Self::And(_) => write!(f, "not ({part})"),
                _ => write!(f, "not {part}"),
            },
            Self::Exists(name) => write!(f, "exists({})", Name(name)),
            Self::Compare(name, operator, value) => {
                write!(f, "{} {} {value}", Name(name), operator.sign())
            }
            Self::In(name, values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "{} in ({})", Name(name), values.join(", "))
            }
        }
    }
}

impl Operator {
    /// Returns how it is written.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Matches => "~",
            Self::NotMatches => "!~",
        }
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(number) => f.write_str(&number.text),
            Self::Text(text) | Self::Time(text, _) => f.write_str(&quoted(text)),
            Self::Level(level) => f.write_str(level.name()),
            Self::Pattern(pattern) => f.write_str(&quoted(pattern.0.as_str())),
        }
    }
}

/// A field's name, in quotes where it would be read as something else.
struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = Token::Word(self.0.to_owned());
        let is_word = tokens(self.0).is_ok_and(|read| read.first().is_some_and(|t| t.0 == word));
        if is_word && !KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(self.0)) {
            return f.write_str(self.0);
        }
        f.write_str(&quoted(self.0))
    }
}

fn join(
    f: &mut Formatter<'_>,
    parts: &[Expression],
    between: &str,
    in_parentheses: impl Fn(&Expression) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if in_parentheses(part) {
            write!(f, "({part})")?;
        } else {
            part.fmt(f)?;
        }
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}
