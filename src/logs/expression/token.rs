//! An expression's text as tokens with their places.

use std::ops::Range;

use super::Operator;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A run of characters that mean nothing else: a name, a number, a keyword.
    Word(String),
    /// Text in quotes, without them.
    Quoted(String),
    Operator(Operator),
    Open,
    Close,
    Comma,
    End,
}

/// A token and its bytes in the text.
pub(super) type Placed = (Token, Range<usize>);

/// Text that holds no tokens.
#[derive(Debug)]
pub(super) struct NoToken {
    pub(super) at: Range<usize>,
    pub(super) reason: String,
}

/// Returns the tokens; the last is `End`.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, NoToken> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (token, length) = match first {
            blank if blank.is_whitespace() => {
                at += blank.len_utf8();
                continue;
            }
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '"' | '\'' => quoted(rest, first).ok_or_else(|| NoToken {
                at: at..at + 1,
                reason: format!("the text that begins here has no closing {first}"),
            })?,
            _ => match operator(rest) {
                Some((operator, length)) => (Token::Operator(operator), length),
                None if first == '!' => {
                    let reason = "expected `!=`, `!~` or the word `not`".to_owned();
                    return Err(NoToken { at: at..at + 1, reason });
                }
                None => word(rest),
            },
        };
        found.push((token, at..at + length));
        at += length;
    }
    found.push((Token::End, at..at));
    Ok(found)
}

fn operator(rest: &str) -> Option<(Operator, usize)> {
    let known = [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("!~", Operator::NotMatches),
        ("<=", Operator::LessEqual),
        (">=", Operator::GreaterEqual),
        ("=", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("~", Operator::Matches),
    ];
    known.into_iter().find(|(sign, _)| rest.starts_with(sign)).map(|(sign, op)| (op, sign.len()))
}

fn word(rest: &str) -> (Token, usize) {
    let ends = |c: char| c.is_whitespace() || "()=!<>~,\"'".contains(c);
    let length = rest.find(ends).unwrap_or(rest.len());
    (Token::Word(rest.get(..length).unwrap_or_default().to_owned()), length)
}

/// Reads text up to its closing quote; a backslash stands before a quote or a backslash that is meant,
/// and for itself before all else, so that regular expressions need no second one.
fn quoted(rest: &str, quote: char) -> Option<(Token, usize)> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return Some((Token::Quoted(text), at + 1));
        }
        let escaped = (character == '\\')
            .then(|| characters.next_if(|(_, next)| *next == quote || *next == '\\'))
            .flatten();
        text.push(escaped.map_or(character, |(_, meant)| meant));
    }
    None
}
