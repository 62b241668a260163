//! JSON read member by member, straight into whatever the caller builds: no tree of values between.
//!
//! More lenient than the grammar where nothing is lost by it: half a surrogate pair and bytes that are
//! no UTF-8 become U+FFFD, control characters stay, brackets need no comma between their items. Nesting
//! is bounded, so that no text can exhaust the stack. Source: RFC 8259.

use std::borrow::Cow;

/// How deep lists and objects may nest: serde's own bound.
const DEPTH_MAX: u32 = 128;

/// Where a text stops being what is read, and what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// The offset in bytes.
    pub(super) at: usize,
    /// What should have been there.
    pub(super) expected: &'static str,
    /// Whether it is the end of the text: what was cut, and not what is wrong.
    pub(super) ended: bool,
}

/// A value that is no list and no object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond `i64`, or a number with a fraction or an exponent.
    Double(f64),
    Text(Cow<'a, str>),
    /// A list or an object, passed over.
    Other,
}

/// A place in a text.
#[derive(Debug, Clone)]
pub(super) struct JsonReader<'a> {
    text: &'a [u8],
    /// As much of its beginning as is UTF-8, nearly always all of it: checked once, not text by text.
    utf8: &'a str,
    at: usize,
    depth: u32,
}

type Result<T> = std::result::Result<T, Fault>;

impl<'a> JsonReader<'a> {
    /// Stands before the first value of `text`.
    pub(super) fn new(text: &'a [u8]) -> Self {
        let utf8 = std::str::from_utf8(text).unwrap_or_else(|error| {
            let (valid, _) = text.split_at(error.valid_up_to());
            std::str::from_utf8(valid).unwrap_or_default()
        });
        Self { text, utf8, at: 0, depth: 0 }
    }

    /// Returns the offset in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Returns the byte that the next value begins with; `None` at the end of the text.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Gives `each` every name of an object; it has to take the value.
    ///
    /// Says whether there was one: any other value is passed over.
    pub(super) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<()>,
    ) -> Result<bool> {
        if self.peek() != Some(b'{') {
            return self.skip().map(|()| false);
        }
        self.enter()?;
        loop {
            match self.peek() {
                Some(b'}') => break,
                Some(b',') => self.at += 1,
                Some(b'"') => {
                    let name = self.text()?;
                    if self.peek() != Some(b':') {
                        return Err(self.fault("`:`"));
                    }
                    self.at += 1;
                    each(self, &name)?;
                }
                _ => return Err(self.fault("a name in quotes, or `}`")),
            }
        }
        self.leave();
        Ok(true)
    }

    /// Lets `each` take every item of a list; any other value is passed over, as [`Self::object`] has it.
    pub(super) fn list(&mut self, mut each: impl FnMut(&mut Self) -> Result<()>) -> Result<bool> {
        if self.peek() != Some(b'[') {
            return self.skip().map(|()| false);
        }
        self.enter()?;
        loop {
            match self.peek() {
                Some(b']') => break,
                Some(b',') => self.at += 1,
                _ => each(self)?,
            }
        }
        self.leave();
        Ok(true)
    }

    /// Takes a value that is no list and no object.
    pub(super) fn scalar(&mut self) -> Result<Scalar<'a>> {
        match self.peek() {
            Some(b'"') => self.text().map(Scalar::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => self.object(|reader, _| reader.skip()).map(|_| Scalar::Other),
            Some(b'[') => self.list(Self::skip).map(|_| Scalar::Other),
            Some(b't') => self.word(b"true", Scalar::Bool(true)),
            Some(b'f') => self.word(b"false", Scalar::Bool(false)),
            Some(b'n') => self.word(b"null", Scalar::Null),
            _ => Err(self.fault("a value")),
        }
    }

    /// Passes over one value of any type.
    pub(super) fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'"') => self.end_of_text().map(|_| ()),
            _ => self.scalar().map(|_| ()),
        }
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.fault("nesting of at most 128 levels"));
        }
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected, ended: self.at >= self.text.len() }
    }

    fn word(&mut self, word: &'static [u8], means: Scalar<'a>) -> Result<Scalar<'a>> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if rest.starts_with(word) {
            self.at += word.len();
            return Ok(means);
        }
        let cut = word.starts_with(rest);
        Err(Fault { at: self.at, expected: "a value", ended: cut })
    }

    fn number(&mut self) -> Result<Scalar<'a>> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let of_number = |byte: &u8| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(of_number).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(length);
        // Ascii by the pattern above.
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let whole = digits.parse().map(Scalar::Int);
        let number = whole.or_else(|_| digits.parse().map(Scalar::Double));
        let cut = after.is_empty();
        let number = number.map_err(|_| Fault { at: self.at, expected: "a number", ended: cut })?;
        self.at += length;
        Ok(number)
    }

    /// Returns the offset of the quote that ends the text that begins here.
    fn end_of_text(&mut self) -> Result<(usize, bool)> {
        let mut at = self.at + 1;
        let mut escaped = false;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(Fault {
                    at: self.text.len(),
                    expected: "the end of a text",
                    ended: true,
                });
            };
            at += found;
            if self.text.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Ok((at, escaped));
            }
            escaped = true;
            at += 2;
        }
    }

    fn text(&mut self) -> Result<Cow<'a, str>> {
        let from = self.at + 1;
        let (end, escaped) = self.end_of_text()?;
        let sent = self.text.get(from..end).unwrap_or_default();
        if !escaped {
            let checked = self.utf8.get(from..end).map(Cow::Borrowed);
            return Ok(checked.unwrap_or_else(|| String::from_utf8_lossy(sent)));
        }
        let unescaped = unescape(sent);
        unescaped.map(Cow::Owned).ok_or(Fault {
            at: from,
            expected: "a text whose escapes JSON has",
            ended: false,
        })
    }
}

/// Undoes the escapes; `None` for one that JSON does not have.
fn unescape(sent: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(sent.len());
    let mut rest = sent;
    while let Some(place) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(place);
        text.push_str(&String::from_utf8_lossy(plain));
        let (letter, after) = escape.get(1..)?.split_first()?;
        rest = after;
        text.push(match letter {
            b'"' | b'\\' | b'/' => char::from(*letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = code_unit(rest)?;
                rest = rest.get(4..)?;
                let second = rest.strip_prefix(b"\\u").and_then(code_unit);
                match (first, second) {
                    (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                        rest = rest.get(6..)?;
                        let pair = (u32::from(first) - 0xd800) << 10 | (u32::from(low) - 0xdc00);
                        char::from_u32(0x1_0000 + pair)?
                    }
                    // Half a pair: its writer cut the text between the halves.
                    _ => char::from_u32(first.into()).unwrap_or('\u{fffd}'),
                }
            }
            _ => return None,
        });
    }
    text.push_str(&String::from_utf8_lossy(rest));
    Some(text)
}

/// Returns the number of four hex digits at the start.
fn code_unit(text: &[u8]) -> Option<u16> {
    let digits = text.get(..4)?;
    let hex = digits.iter().all(u8::is_ascii_hexdigit);
    hex.then(|| u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())?
}

#[cfg(test)]
mod tests;
