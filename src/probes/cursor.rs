//! Bytes of a server, read from the front: what is not there is `None`, never a panic.

/// What is left to read of a message; numbers are big-endian unless their name says otherwise.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn i32_little(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn i64_little(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// Reads up to a zero byte, which is taken too.
    pub(super) fn until_zero(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.0)?;
        let text = self.take(end);
        self.take(1)?;
        text
    }

    /// Reads as many bytes as a number before them says.
    pub(super) fn after_length(&mut self, length: Option<impl TryInto<usize>>) -> Option<&'a [u8]> {
        self.take(length?.try_into().ok()?)
    }
}

/// Returns bytes as a text; what is no UTF-8 is replaced.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_none_and_takes_nothing() {
        let mut cursor = Cursor::new(&[0, 1, 2, b'a', 0, 9]);
        assert_eq!(cursor.u16(), Some(1));
        assert_eq!(cursor.u32(), Some(0x0261_0009));
        assert_eq!(cursor.u8(), None);
        let mut cursor = Cursor::new(&[0, 1]);
        assert_eq!(cursor.u32(), None);
        assert_eq!(cursor.until_zero(), Some([].as_slice()));
        assert_eq!(cursor.until_zero(), None);
        assert_eq!(cursor.u8(), Some(1));
        assert!(cursor.is_empty());
    }

    #[test]
    fn a_length_beyond_the_end_or_below_nothing_is_refused() {
        let mut cursor = Cursor::new(&[0, 5, b'a']);
        let length = cursor.i16();
        assert_eq!(cursor.after_length(length), None);
        assert_eq!(cursor.after_length(Some(-1_i16)), None);
        assert_eq!(cursor.after_length(Some(1_u8)), Some(b"a".as_slice()));
    }
}
