//! One line of an exposition, read from left to right.

use std::borrow::Cow;

use memchr::memchr2;

/// Names or quoted texts with their values.
pub(super) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Why a line cannot be read, and the byte where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) at: usize,
    pub(super) message: &'static str,
}

/// A place in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    pub(super) fn refuse(&self, message: &'static str) -> Refusal {
        Refusal { at: self.at, message }
    }

    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    pub(super) fn take(&mut self, expected: char) -> bool {
        let there = self.rest().starts_with(expected);
        self.at += if there { expected.len_utf8() } else { 0 };
        there
    }

    /// Returns what stands before the next blank.
    pub(super) fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = memchr2(b' ', b'\t', rest.as_bytes()).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Reads a metric's or a label's name without quotes: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    fn bare_name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
        let end = rest.bytes().position(|byte| !is_part(&byte)).unwrap_or(rest.len());
        let name = rest.get(..end).filter(|name| !name.is_empty())?;
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += end;
        Some(name)
    }

    /// Reads a name, in quotes where it has characters beyond the bare ones.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, Refusal> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let name = self.bare_name().map(Cow::Borrowed);
        name.ok_or_else(|| self.refuse("a name is expected here"))
    }

    /// Reads a text in double quotes; `\\`, `\"` and `\n` are escapes, any other backslash is itself.
    pub(super) fn quoted(&mut self) -> Result<Cow<'a, str>, Refusal> {
        let open = *self;
        if !self.take('"') {
            return Err(self.refuse("a text in double quotes is expected here"));
        }
        let rest = self.rest();
        let mut made: Option<String> = None;
        let mut copied = 0;
        let mut next = 0;
        while let Some(found) =
            memchr2(b'"', b'\\', rest.as_bytes().get(next..).unwrap_or_default())
        {
            let at = next + found;
            if rest.as_bytes().get(at) == Some(&b'"') {
                self.at += at + 1;
                let tail = rest.get(copied..at).unwrap_or_default();
                return Ok(match made {
                    None => Cow::Borrowed(tail),
                    Some(made) => Cow::Owned(made + tail),
                });
            }
            // What follows the backslash may be of several bytes: it is no quote then, nor an escape.
            next = at + 2;
            let meant = match rest.as_bytes().get(at + 1) {
                None => break,
                Some(b'n') => '\n',
                Some(b'\\') => '\\',
                Some(b'"') => '"',
                Some(_) => continue,
            };
            let made = made.get_or_insert_default();
            made.push_str(rest.get(copied..at).unwrap_or_default());
            made.push(meant);
            copied = at + 2;
        }
        Err(open.refuse("the quotes that are opened here are not closed"))
    }

    /// Reads `{name="value",…}`; what stands alone in quotes is the metric's own name.
    pub(super) fn braces(&mut self) -> Result<(Option<Cow<'a, str>>, Pairs<'a>), Refusal> {
        let mut metric = None;
        let mut labels = Vec::new();
        if !self.take('{') {
            return Err(self.refuse("`{` is expected here"));
        }
        loop {
            self.skip_blanks();
            if self.take('}') {
                return Ok((metric, labels));
            }
            let quoted = self.rest().starts_with('"');
            let start = *self;
            let name = self.name()?;
            self.skip_blanks();
            if self.take('=') {
                if labels.iter().any(|(known, _)| *known == name) {
                    return Err(start.refuse("this label is there already"));
                }
                self.skip_blanks();
                labels.push((name, self.quoted()?));
            } else if quoted && metric.is_none() && labels.is_empty() {
                metric = Some(name);
            } else {
                return Err(self.refuse("`=` is expected here"));
            }
            self.skip_blanks();
            if !self.take(',') && !self.rest().starts_with('}') {
                return Err(self.refuse("`,` or `}` is expected here"));
            }
        }
    }

    /// Reads a number as Prometheus writes it.
    pub(super) fn number(&mut self) -> Result<f64, Refusal> {
        self.skip_blanks();
        let start = *self;
        let word = self.word();
        if word.starts_with('{') {
            return Err(start.refuse("a native histogram is not read in this format"));
        }
        number(word).ok_or_else(|| start.refuse("a number is expected here"))
    }
}

/// Reads a number as Go's `ParseFloat` does, which wrote it: also with `_` between digits, and in hex.
fn number(word: &str) -> Option<f64> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    let between_digits = |at: usize| {
        let digit = |at: usize| word.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
        at > 0 && digit(at - 1) && digit(at + 1)
    };
    if !word.match_indices('_').all(|(at, _)| between_digits(at)) {
        return None;
    }
    let plain = word.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => Some(sign * hex_number(hex)?),
        None => plain.parse().ok().filter(|_| word.contains('_')),
    }
}

/// Reads `1.8p-2`: hex digits, and the power of two that they are times.
fn hex_number(text: &str) -> Option<f64> {
    let (digits, power) = text.split_once(['p', 'P'])?;
    let mut power = f64::from(power.parse::<i16>().ok()?);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    power -= 4.0 * f64::from(u16::try_from(fraction.len()).ok()?);
    Some(value * power.exp2())
}
