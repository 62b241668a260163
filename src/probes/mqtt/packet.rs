//! The packets of MQTT 3.1.1 and 5.0 that a probe sends and understands.
//!
//! After chapters 2 and 3 of both specifications; of a version 5 answer's properties the reason
//! string is kept.

use crate::probes::cursor::{Cursor, text};

/// The largest answer that is read.
pub(super) const PACKET_BYTES_MAX: usize = 64 * 1024;

/// A check and a good end of the connection, the same in both versions.
pub(super) const PINGREQ: [u8; 2] = [0xC0, 0];
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// The version that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V311,
    V5,
}

/// What a broker said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    /// The code, 0 when the connection is accepted, and the broker's words, if it has any.
    Connack {
        code: u8,
        words: Option<String>,
    },
    Pingresp,
    /// Version 5: why it ends the connection.
    Disconnect {
        code: u8,
        words: Option<String>,
    },
    Other,
}

/// Writes CONNECT of a session that leaves nothing behind.
pub(super) fn connect(
    version: Version,
    client_id: &str,
    user: Option<&str>,
    password: Option<&str>,
    keep_alive_s: u16,
) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, b"MQTT");
    body.push(if version == Version::V5 { 5 } else { 4 });
    let flag = |given: bool, bit: u8| if given { bit } else { 0 };
    body.push(0x02 | flag(user.is_some(), 0x80) | flag(password.is_some(), 0x40));
    body.extend(keep_alive_s.to_be_bytes());
    if version == Version::V5 {
        body.push(0); // no properties
    }
    put(&mut body, client_id.as_bytes());
    for value in [user, password].into_iter().flatten() {
        put(&mut body, value.as_bytes());
    }
    let mut bytes = vec![0x10];
    put_length(&mut bytes, body.len());
    bytes.extend(body);
    bytes
}

/// Takes one more byte of a packet's length, least significant first; `None` while there is more to
/// come.
///
/// The caller reads at most four.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let last = bytes.last()?;
    let sum = |(at, byte): (usize, &u8)| usize::from(byte & 0x7f) << (7 * at);
    (last & 0x80 == 0).then(|| bytes.iter().enumerate().take(4).map(sum).sum())
}

/// Reads a packet from its first byte and its body; `None` when it is cut short.
pub(super) fn read(version: Version, first: u8, body: &[u8]) -> Option<Packet> {
    let mut cursor = Cursor::new(body);
    match first {
        0x20 => {
            let _session_present = cursor.u8()?;
            let code = cursor.u8()?;
            let words = reason_string(version, &mut cursor);
            Some(Packet::Connack { code, words })
        }
        0xD0 => Some(Packet::Pingresp),
        0xE0 => {
            let code = cursor.u8().unwrap_or(0);
            Some(Packet::Disconnect { code, words: reason_string(version, &mut cursor) })
        }
        _ => Some(Packet::Other),
    }
}

/// Finds the reason string among the properties; `None` too where they cannot be read, because the
/// code has said what counts.
fn reason_string(version: Version, cursor: &mut Cursor<'_>) -> Option<String> {
    if version != Version::V5 {
        return None;
    }
    let mut length_bytes = Vec::new();
    let length = loop {
        length_bytes.push(cursor.u8()?);
        match length(&length_bytes) {
            Some(length) => break length,
            None if length_bytes.len() == 4 => return None,
            None => {}
        }
    };
    let mut properties = Cursor::new(cursor.take(length)?);
    while let Some(property) = properties.u8() {
        match property {
            0x1F => return string(&mut properties).map(text),
            // Session expiry, maximum packet size; receive maximum, topic aliases, keep alive.
            0x11 | 0x27 => {
                properties.take(4)?;
            }
            0x21 | 0x22 | 0x13 => {
                properties.take(2)?;
            }
            // Maximum QoS, retain, wildcards, subscription identifiers, shared subscriptions.
            0x24 | 0x25 | 0x28 | 0x29 | 0x2A => {
                properties.take(1)?;
            }
            // Client's id, response information, server reference, authentication.
            0x12 | 0x1A | 0x1C | 0x15 | 0x16 => {
                string(&mut properties)?;
            }
            0x26 => {
                string(&mut properties)?;
                string(&mut properties)?;
            }
            _ => return None,
        }
    }
    None
}

fn string<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.u16();
    cursor.after_length(length)
}

/// Writes a text of at most 65,535 bytes; what is longer is cut.
fn put(bytes: &mut Vec<u8>, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.extend(value.iter().take(length.into()));
}

fn put_length(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or(0);
        length >>= 7;
        if length == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONNACK_311: &[u8] = include_bytes!("../../../tests/fixtures/wire/mqtt311-connack.bin");
    const CONNACK_5: &[u8] = include_bytes!("../../../tests/fixtures/wire/mqtt5-connack.bin");
    const PINGRESP: &[u8] = include_bytes!("../../../tests/fixtures/wire/mqtt311-pingresp.bin");

    fn whole(version: Version, bytes: &[u8]) -> Option<Packet> {
        let length = length(&bytes[1..2]).unwrap();
        assert_eq!(bytes.len(), length + 2);
        read(version, bytes[0], &bytes[2..])
    }

    #[test]
    fn the_answers_of_a_real_mosquitto_are_read() {
        let accepted = Some(Packet::Connack { code: 0, words: None });
        assert_eq!(whole(Version::V311, CONNACK_311), accepted);
        assert_eq!(whole(Version::V5, CONNACK_5), accepted);
        assert_eq!(whole(Version::V311, PINGRESP), Some(Packet::Pingresp));
    }

    #[test]
    fn a_version_5_refusal_brings_its_words() {
        let bytes = b"\x20\x0b\x00\x87\x08\x24\x01\x1f\x00\x03bad";
        let words = Some("bad".to_owned());
        assert_eq!(
            read(Version::V5, bytes[0], &bytes[2..]),
            Some(Packet::Connack { code: 0x87, words: words.clone() })
        );
        assert_eq!(
            read(Version::V5, 0xE0, b"\x8b\x06\x1f\x00\x03bad"),
            Some(Packet::Disconnect { code: 0x8b, words })
        );
    }

    #[test]
    fn a_connect_follows_the_specification() {
        assert_eq!(
            connect(Version::V311, "obs", Some("u"), Some("pw"), 30),
            b"\x10\x16\x00\x04MQTT\x04\xc2\x00\x1e\x00\x03obs\x00\x01u\x00\x02pw"
        );
        assert_eq!(
            connect(Version::V5, "obs", None, None, 30),
            b"\x10\x10\x00\x04MQTT\x05\x02\x00\x1e\x00\x00\x03obs"
        );
    }

    proptest! {
        #[test]
        fn every_length_is_read_as_it_was_written(value in 0_usize..268_435_456) {
            let mut bytes = Vec::new();
            put_length(&mut bytes, value);
            prop_assert!(bytes.len() <= 4);
            prop_assert_eq!(length(&bytes), Some(value));
            prop_assert_eq!(length(&bytes[..bytes.len() - 1]), None);
        }

        #[test]
        fn no_packet_breaks_it(
            first in proptest::sample::select(vec![0x20_u8, 0xD0, 0xE0, 0x30]),
            five in any::<bool>(),
            body in proptest::collection::vec(any::<u8>(), 0..100),
        ) {
            drop(read(if five { Version::V5 } else { Version::V311 }, first, &body));
        }
    }
}
