//! The bytes of JSON, taken token by token.

use memchr::memchr2;

use super::Malformed;

/// The deepest nesting taken; `serde_json` stops at the same.
const DEPTH_MAX: u32 = 127;

/// Where an iterator is in its object or array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Before the opening bracket.
    Start,
    /// After a member.
    Between,
    /// After the closing bracket or an error.
    Done,
}

/// A place in the bytes.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte` and the blanks on both sides of it.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.take(byte) { Ok(()) } else { Err(Malformed) }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.blanks();
        }
        found
    }

    /// Moves to the next member; says `false` after the last, when nothing but blanks follows it.
    pub(super) fn more(
        &mut self,
        state: &mut State,
        open: u8,
        close: u8,
    ) -> Result<bool, Malformed> {
        match *state {
            State::Done => return Ok(false),
            State::Start => {
                self.expect(open)?;
                *state = State::Between;
                if !self.take(close) {
                    return Ok(true);
                }
            }
            State::Between => {
                if !self.take(close) {
                    return self.expect(b',').map(|()| true);
                }
            }
        }
        *state = State::Done;
        if self.at == self.bytes.len() { Ok(false) } else { Err(Malformed) }
    }

    /// Takes a string and returns it with its quotes.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Malformed> {
        self.string_with_escapes().map(|(string, _)| string)
    }

    /// Takes a string; returns it with its quotes, and whether there is a backslash in it.
    pub(super) fn string_with_escapes(&mut self) -> Result<(&'a [u8], bool), Malformed> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(Malformed);
        }
        self.at += 1;
        let mut escapes = false;
        loop {
            let rest = self.bytes.get(self.at..).ok_or(Malformed)?;
            let place = quote_or_backslash(rest).ok_or(Malformed)?;
            self.at += place + 1;
            if rest.get(place) == Some(&b'"') {
                return Ok((self.bytes.get(start..self.at).ok_or(Malformed)?, escapes));
            }
            escapes = true;
            self.at += 1;
        }
    }

    pub(super) fn value(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'{' | b'[') => self.nested()?,
            _ => self.word()?,
        }
        self.bytes.get(start..self.at).ok_or(Malformed)
    }

    /// Takes a number or a literal, with those that Python and JavaScript write beside JSON.
    fn word(&mut self) -> Result<(), Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let number = word.first().is_some_and(|byte| *byte == b'-' || byte.is_ascii_digit())
            && word.iter().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let literal = matches!(word, b"true" | b"false" | b"null" | b"NaN" | b"undefined")
            || matches!(word, b"Infinity" | b"-Infinity");
        self.at += length;
        if number || literal { Ok(()) } else { Err(Malformed) }
    }

    /// Skips an object or an array by its brackets; its commas and colons are checked on descent.
    fn nested(&mut self) -> Result<(), Malformed> {
        // One bit a level: set for an object, clear for an array.
        let mut kinds = 0_u128;
        let mut depth = 0;
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                open @ (b'{' | b'[') if depth < DEPTH_MAX => {
                    kinds = (kinds << 1) | u128::from(open == b'{');
                    depth += 1;
                }
                b'{' | b'[' => return Err(Malformed),
                close @ (b'}' | b']') => {
                    if (kinds & 1 == 1) != (close == b'}') {
                        return Err(Malformed);
                    }
                    kinds >>= 1;
                    depth -= 1;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// How many words are looked at before a search that is faster when the string is long.
const WORDS: usize = 4;

/// Returns where the first quote or backslash stands.
///
/// Keys and most values are of a few bytes: eight at a time are compared right here.
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let (words, _) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        let places = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if places != 0 {
            return Some(index * 8 + places.trailing_zeros() as usize / 8);
        }
    }
    let before = words.len().min(WORDS) * 8;
    memchr2(b'"', b'\\', bytes.get(before..)?).map(|place| before + place)
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// Sets the highest bit of the lowest byte that is zero; of higher bytes it may set some more.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_quote_or_backslash_is_found(
            bytes in prop::collection::vec(prop::sample::select(b"\"\\!#]\x21\xa2\xdc\0a".to_vec()), 0..80),
            plain in 0_usize..60,
        ) {
            let bytes = [vec![b'a'; plain], bytes].concat();
            let slow = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_backslash(&bytes), slow);
        }
    }
}
