//! Packets of MySQL's protocol, read and written: pure functions over bytes.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>; `MariaDB` speaks the same.

/// What the server begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Greeting {
    /// Without the `5.5.5-` that `MariaDB` puts before its own for old clients.
    pub(super) version: String,
    pub(super) mariadb: bool,
    pub(super) capabilities: u32,
    /// The 20 bytes that a password is mixed with.
    pub(super) scramble: Vec<u8>,
    /// How it wants the password.
    pub(super) plugin: String,
}

/// An error in the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) message: String,
}

pub(super) const CLIENT_CONNECT_WITH_DB: u32 = 0x8;
pub(super) const CLIENT_SSL: u32 = 0x800;
/// Long passwords and flags, protocol 4.1, transactions, secure connection, named plugins.
const CLIENT_ALWAYS: u32 = 0x1 | 0x4 | 0x200 | 0x2000 | 0x8000 | 0x8_0000;

/// utf8mb4 in its general order: every server has it.
const UTF8MB4: u8 = 45;

/// Takes bytes from the front; `None` when there are too few.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.take(bytes)?;
        Some(taken.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
    }

    /// Takes a text to its zero byte, or to the end where there is none.
    pub(super) fn text(&mut self) -> String {
        let end = memchr::memchr(0, self.0);
        let text = self.take(end.unwrap_or(self.0.len())).unwrap_or_default();
        self.take(usize::from(end.is_some()));
        String::from_utf8_lossy(text).into_owned()
    }

    /// Takes a number of one to nine bytes; the outer `None` is too few bytes, the inner is NULL.
    #[expect(clippy::option_option, reason = "NULL is an answer")]
    pub(super) fn length(&mut self) -> Option<Option<u64>> {
        Some(Some(match self.byte()? {
            0xfb => return Some(None),
            0xfc => self.number(2)?,
            0xfd => self.number(3)?,
            0xfe => self.number(8)?,
            0xff => return None,
            byte => u64::from(byte),
        }))
    }

    /// Takes a text with its length before it.
    #[expect(clippy::option_option, reason = "NULL is an answer")]
    pub(super) fn counted(&mut self) -> Option<Option<String>> {
        let Some(length) = self.length()? else { return Some(None) };
        let text = self.take(usize::try_from(length).ok()?)?;
        Some(Some(String::from_utf8_lossy(text).into_owned()))
    }
}

/// Reads the greeting; `None` where it is none of protocol 10.
pub(super) fn greeting(packet: &[u8]) -> Option<Greeting> {
    let mut reader = Reader(packet);
    if reader.byte()? != 10 {
        return None;
    }
    let version = reader.text();
    reader.take(4)?;
    let mut scramble = reader.take(8)?.to_vec();
    reader.byte()?;
    let low = reader.number(2)?;
    reader.take(3)?;
    let high = reader.number(2)?;
    let length = usize::from(reader.byte()?);
    reader.take(10)?;
    let rest = reader.take(length.saturating_sub(8).max(13)).unwrap_or_default();
    scramble.extend_from_slice(rest.get(..12).unwrap_or_default());
    let plugin = reader.text();
    let mariadb = version.contains("MariaDB");
    let shown = version.strip_prefix("5.5.5-").filter(|_| mariadb).unwrap_or(&version);
    Some(Greeting {
        version: shown.split('-').next().unwrap_or(shown).to_owned(),
        mariadb,
        capabilities: u32::try_from(high << 16 | low).ok()?,
        scramble,
        plugin: if plugin.is_empty() { "mysql_native_password".to_owned() } else { plugin },
    })
}

/// Reads an error; before the login it has no SQLSTATE in it.
pub(super) fn refusal(packet: &[u8]) -> Option<Refusal> {
    let mut reader = Reader(packet);
    if reader.byte()? != 0xff {
        return None;
    }
    let code = u16::try_from(reader.number(2)?).ok()?;
    if reader.0.first() == Some(&b'#') {
        reader.take(6)?;
    }
    Some(Refusal { code, message: String::from_utf8_lossy(reader.0).into_owned() })
}

/// Returns what is claimed to be understood: what the server has of what is needed here.
pub(super) fn capabilities(database: bool, encrypted: bool) -> u32 {
    CLIENT_ALWAYS
        | if database { CLIENT_CONNECT_WITH_DB } else { 0 }
        | if encrypted { CLIENT_SSL } else { 0 }
}

/// The first 32 bytes of a login; alone, with `CLIENT_SSL`, they ask for TLS.
pub(super) fn login_head(capabilities: u32) -> Vec<u8> {
    let mut packet = capabilities.to_le_bytes().to_vec();
    packet.extend_from_slice(&(1_u32 << 24).to_le_bytes());
    packet.push(UTF8MB4);
    packet.extend_from_slice(&[0; 23]);
    packet
}

/// Writes a login. `None` when the answer to the scramble is longer than a byte can say.
pub(super) fn login(
    capabilities: u32,
    user: &str,
    answer: &[u8],
    database: &str,
    plugin: &str,
) -> Option<Vec<u8>> {
    let mut packet = login_head(capabilities);
    packet.extend_from_slice(user.as_bytes());
    packet.push(0);
    packet.push(u8::try_from(answer.len()).ok()?);
    packet.extend_from_slice(answer);
    if capabilities & CLIENT_CONNECT_WITH_DB != 0 {
        packet.extend_from_slice(database.as_bytes());
        packet.push(0);
    }
    packet.extend_from_slice(plugin.as_bytes());
    packet.push(0);
    Some(packet)
}

/// Puts the length and the number of a packet before it; all of ours are short.
pub(super) fn framed(sequence: u8, packet: &[u8]) -> Vec<u8> {
    let length = u32::try_from(packet.len()).unwrap_or(0xff_ffff).min(0xff_ffff).to_le_bytes();
    let mut bytes = length.get(..3).unwrap_or_default().to_vec();
    bytes.push(sequence);
    bytes.extend_from_slice(packet);
    bytes
}

/// Returns the length and the number that stand before a packet.
pub(super) fn frame(head: &[u8]) -> (usize, u8) {
    let mut reader = Reader(head);
    let length = reader.number(3).and_then(|length| usize::try_from(length).ok());
    (length.unwrap_or_default(), reader.byte().unwrap_or_default())
}

/// Returns the name of a column from its definition: the fifth text in it.
pub(super) fn column_name(packet: &[u8]) -> Option<String> {
    let mut reader = Reader(packet);
    for _ in 0..4 {
        drop(reader.counted()?);
    }
    reader.counted()?
}

/// Returns the values of a row of so many columns.
pub(super) fn row(packet: &[u8], columns: usize) -> Option<Vec<Option<String>>> {
    let mut reader = Reader(packet);
    (0..columns).map(|_| reader.counted()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECORDED: &[u8] = include_bytes!("../../../tests/fixtures/wire/mariadb-greeting.bin");

    #[test]
    fn a_recorded_greeting_of_mariadb_is_read_without_its_old_prefix() {
        let (length, sequence) = frame(RECORDED);
        assert_eq!((length, sequence), (RECORDED.len() - 4, 0));
        let greeting = greeting(&RECORDED[4..]).unwrap();
        assert_eq!((greeting.version.as_str(), greeting.mariadb), ("10.11.19", true));
        assert_eq!(greeting.scramble, b"KZb],b-UF>DzZ45JTKXW");
        assert_eq!(greeting.plugin, "mysql_native_password");
        assert_eq!(greeting.capabilities & CLIENT_SSL, 0);
    }

    #[test]
    fn an_error_is_read_with_and_without_its_state() {
        let before = refusal(b"\xff\x10\x04Too many connections").unwrap();
        assert_eq!((before.code, before.message.as_str()), (1040, "Too many connections"));
        let after = refusal(b"\xff\x15\x04#28000Access denied").unwrap();
        assert_eq!((after.code, after.message.as_str()), (1045, "Access denied"));
        assert_eq!(refusal(b"\x00"), None);
    }

    #[test]
    fn a_row_has_texts_and_nulls() {
        let row = row(b"\x02ab\xfb\x00", 3).unwrap();
        assert_eq!(row, [Some("ab".to_owned()), None, Some(String::new())]);
        assert_eq!(super::row(b"\x09ab", 1), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            drop(greeting(&bytes));
            drop(refusal(&bytes));
            drop(column_name(&bytes));
            row(&bytes, 3);
            frame(&bytes);
        }

        #[test]
        fn a_frame_says_how_long_it_is(bytes in proptest::collection::vec(any::<u8>(), 0..300), number: u8) {
            let framed = framed(number, &bytes);
            prop_assert_eq!(frame(&framed), (bytes.len(), number));
        }
    }
}
