//! The frames of AMQP 0-9-1 that a probe sends and understands.
//!
//! After sections 2.3 and 4.2 of the specification. Of tables only texts and truths are kept.

use crate::probes::cursor::{Cursor, text};

/// What a client says first; a server that speaks another version answers with its own.
pub(super) const HEADER: [u8; 8] = *b"AMQP\x00\x00\x09\x01";

/// The end of every frame.
pub(super) const FRAME_END: u8 = 0xCE;

/// Bytes before a frame's payload.
pub(super) const HEAD_BYTES: usize = 7;

/// The largest frame that is read: servers that agree to what they proposed send 128 KiB.
pub(super) const FRAME_BYTES_MAX: usize = 256 * 1024;

/// Tables are in tables at most this deep.
const DEPTH_MAX: usize = 8;

/// The first bytes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// A frame with so many bytes of payload, on a channel.
    Frame { kind: u8, size: usize },
    /// The server's own protocol header instead: it speaks another version.
    OtherVersion,
    /// Not AMQP.
    Foreign,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Start { product: String, version: String, mechanisms: String, tells_blocked: bool },
    Secure,
    Tune { channel_max: u16, frame_max: u32 },
    OpenOk,
    Close { code: u16, text: String },
    CloseOk,
    Blocked { reason: String },
    ChannelOpenOk,
    ChannelClose { code: u16, text: String },
    Returned,
    Other,
}

impl Head {
    pub(super) fn read(bytes: [u8; HEAD_BYTES]) -> Self {
        if bytes.starts_with(b"AMQP") {
            return Self::OtherVersion;
        }
        let [kind, _, _, a, b, c, d] = bytes;
        let size = u32::from_be_bytes([a, b, c, d]);
        match usize::try_from(size) {
            // Method, header, body, heartbeat.
            Ok(size) if matches!(kind, 1..=3 | 8) && size <= FRAME_BYTES_MAX => {
                Self::Frame { kind, size }
            }
            _ => Self::Foreign,
        }
    }
}

/// Reads a frame's payload; `None` when it is cut short.
pub(super) fn read(kind: u8, payload: &[u8]) -> Option<Said> {
    if kind != 1 {
        return Some(Said::Other);
    }
    let mut cursor = Cursor::new(payload);
    let method = (cursor.u16()?, cursor.u16()?);
    Some(match method {
        (10, 10) => start(&mut cursor)?,
        (10, 20) => Said::Secure,
        (10, 30) => Said::Tune { channel_max: cursor.u16()?, frame_max: cursor.u32()? },
        (10, 41) => Said::OpenOk,
        (10, 50) => Said::Close { code: cursor.u16()?, text: short(&mut cursor)? },
        (10, 51) => Said::CloseOk,
        (10, 60) => Said::Blocked { reason: short(&mut cursor)? },
        (20, 11) => Said::ChannelOpenOk,
        (20, 40) => Said::ChannelClose { code: cursor.u16()?, text: short(&mut cursor)? },
        (60, 50) => Said::Returned,
        _ => Said::Other,
    })
}

fn start(cursor: &mut Cursor<'_>) -> Option<Said> {
    cursor.take(2)?;
    let properties = long(cursor)?;
    let mechanisms = text(long(cursor)?);
    let (mut product, mut version, mut tells_blocked) = (String::new(), String::new(), false);
    table(properties, 0, &mut |name, value| match (name, value) {
        (b"product", Value::Text(value)) => product = text(value),
        (b"version", Value::Text(value)) => version = text(value),
        (b"connection.blocked", Value::Truth(value)) => tells_blocked = value,
        _ => {}
    })?;
    Some(Said::Start { product, version, mechanisms, tells_blocked })
}

/// A value of a table.
enum Value<'a> {
    Text(&'a [u8]),
    Truth(bool),
}

/// Tells `found` of each text and truth in a table and those below it.
fn table<'a>(
    bytes: &'a [u8],
    depth: usize,
    found: &mut impl FnMut(&'a [u8], Value<'a>),
) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    while !cursor.is_empty() {
        let length = cursor.u8();
        let name = cursor.after_length(length)?;
        match cursor.u8()? {
            b'S' => found(name, Value::Text(long(&mut cursor)?)),
            b't' => found(name, Value::Truth(cursor.u8()? != 0)),
            // What is nested too deep is passed over, as an array is.
            b'F' if depth < DEPTH_MAX => nested(&mut cursor, depth, found)?,
            b'F' | b'A' | b'x' => {
                long(&mut cursor)?;
            }
            b'V' => {}
            b'b' | b'B' => {
                cursor.take(1)?;
            }
            b's' | b'u' => {
                cursor.take(2)?;
            }
            b'I' | b'i' | b'f' => {
                cursor.take(4)?;
            }
            b'D' => {
                cursor.take(5)?;
            }
            b'l' | b'd' | b'T' => {
                cursor.take(8)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn nested<'a, F: FnMut(&'a [u8], Value<'a>)>(
    cursor: &mut Cursor<'a>,
    depth: usize,
    found: &mut F,
) -> Option<()> {
    table(long(cursor)?, depth + 1, found)
}

fn long<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = cursor.u32();
    cursor.after_length(length)
}

fn short(cursor: &mut Cursor<'_>) -> Option<String> {
    let length = cursor.u8();
    cursor.after_length(length).map(text)
}

/// Writes `Start-Ok` with the mechanism PLAIN; it asks to be told of alarms and of a refused password.
pub(super) fn start_ok(user: &str, password: &str) -> Vec<u8> {
    let mut capabilities = Vec::new();
    for name in ["authentication_failure_close", "connection.blocked"] {
        put_short(&mut capabilities, name);
        capabilities.extend([b't', 1]);
    }
    let mut properties = Vec::new();
    put_short(&mut properties, "capabilities");
    properties.push(b'F');
    put_long(&mut properties, &capabilities);
    for (name, value) in [("product", "obs"), ("connection_name", "obs check")] {
        put_short(&mut properties, name);
        properties.push(b'S');
        put_long(&mut properties, value.as_bytes());
    }
    let mut arguments = Vec::new();
    put_long(&mut arguments, &properties);
    put_short(&mut arguments, "PLAIN");
    put_long(&mut arguments, format!("\0{user}\0{password}").as_bytes());
    put_short(&mut arguments, "en_US");
    method(0, (10, 11), &arguments)
}

/// Writes `Tune-Ok`, which agrees to what was proposed and to no heartbeat, and `Open`.
pub(super) fn tune_ok_and_open(channel_max: u16, frame_max: u32, vhost: &str) -> Vec<u8> {
    let mut arguments = channel_max.to_be_bytes().to_vec();
    arguments.extend(frame_max.to_be_bytes());
    arguments.extend([0, 0]);
    let mut bytes = method(0, (10, 31), &arguments);
    let mut arguments = Vec::new();
    put_short(&mut arguments, vhost);
    arguments.extend([0, 0]);
    bytes.extend(method(0, (10, 40), &arguments));
    bytes
}

/// Writes `Channel.Open` of channel 1.
pub(super) fn channel_open() -> Vec<u8> {
    method(1, (20, 10), &[0])
}

/// Writes an empty message for a queue that does not exist, to be returned: it is stored nowhere.
///
/// A server with an alarm tells of it only to who publishes.
pub(super) fn publish_to_nobody(routing_key: &str) -> Vec<u8> {
    let mut arguments = vec![0, 0, 0];
    put_short(&mut arguments, routing_key);
    arguments.push(1); // mandatory
    let mut bytes = method(1, (60, 40), &arguments);
    let mut header = 60_u16.to_be_bytes().to_vec();
    header.extend([0; 12]);
    bytes.extend(frame(2, 1, &header));
    bytes
}

/// Writes `Close` with the code of a good end.
pub(super) fn close() -> Vec<u8> {
    let mut arguments = 200_u16.to_be_bytes().to_vec();
    put_short(&mut arguments, "bye");
    arguments.extend([0; 4]);
    method(0, (10, 50), &arguments)
}

fn method(channel: u16, (class, method): (u16, u16), arguments: &[u8]) -> Vec<u8> {
    let mut payload = class.to_be_bytes().to_vec();
    payload.extend(method.to_be_bytes());
    payload.extend(arguments);
    frame(1, channel, &payload)
}

fn frame(kind: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(channel.to_be_bytes());
    bytes.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(payload);
    bytes.push(FRAME_END);
    bytes
}

/// Writes a text of at most 255 bytes; what is longer is cut.
fn put_short(bytes: &mut Vec<u8>, text: &str) {
    let text = text.as_bytes();
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    bytes.push(length);
    bytes.extend(text.iter().take(length.into()));
}

fn put_long(bytes: &mut Vec<u8>, value: &[u8]) {
    bytes.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: &[u8] = include_bytes!("../../../tests/fixtures/wire/amqp-start.bin");
    const OTHER: &[u8] = include_bytes!("../../../tests/fixtures/wire/amqp-badproto.bin");

    fn head(bytes: &[u8]) -> Head {
        Head::read(bytes[..HEAD_BYTES].try_into().unwrap())
    }

    /// Reads back what is written here, as a server would.
    fn payload(bytes: &[u8]) -> &[u8] {
        let Head::Frame { kind: 1, size } = head(bytes) else { panic!("{bytes:?}") };
        assert_eq!(bytes[HEAD_BYTES + size], FRAME_END);
        &bytes[HEAD_BYTES..HEAD_BYTES + size]
    }

    #[test]
    fn the_start_of_a_real_rabbitmq_is_read() {
        let Head::Frame { kind, size } = head(START) else { panic!() };
        let Some(Said::Start { product, version, mechanisms, tells_blocked }) =
            read(kind, &START[HEAD_BYTES..HEAD_BYTES + size])
        else {
            panic!()
        };
        assert_eq!((product.as_str(), version.as_str()), ("RabbitMQ", "3.10.8"));
        assert!(mechanisms.contains("PLAIN") && tells_blocked);
    }

    #[test]
    fn another_version_and_another_protocol_are_told_apart() {
        assert_eq!(head(OTHER), Head::OtherVersion);
        assert_eq!(head(b"HTTP/1.1 400"), Head::Foreign);
        assert_eq!(head(&[0x15, 3, 1, 0, 2, 2, 70]), Head::Foreign);
        assert_eq!(head(&[1, 0, 0, 0xff, 0xff, 0xff, 0xff]), Head::Foreign);
    }

    #[test]
    fn what_is_said_back_follows_the_specification() {
        assert_eq!(
            tune_ok_and_open(2047, 131_072, "/"),
            [
                &[1, 0, 0, 0, 0, 0, 12, 0, 10, 0, 31, 7, 255, 0, 2, 0, 0, 0, 0, FRAME_END][..],
                &[1, 0, 0, 0, 0, 0, 8, 0, 10, 0, 40, 1, b'/', 0, 0, FRAME_END],
            ]
            .concat()
        );
        let start_ok = start_ok("guest", "hunter2");
        let mut cursor = Cursor::new(payload(&start_ok));
        assert_eq!((cursor.u16(), cursor.u16()), (Some(10), Some(11)));
        let mut said = Vec::new();
        table(long(&mut cursor).unwrap(), 0, &mut |name, _| said.push(name)).unwrap();
        assert!(said.contains(&b"connection.blocked".as_slice()), "{said:?}");
        assert_eq!(short(&mut cursor).unwrap(), "PLAIN");
        assert_eq!(long(&mut cursor).unwrap(), b"\0guest\0hunter2");
        assert_eq!(payload(&close()), b"\0\x0a\0\x32\0\xc8\x03bye\0\0\0\0");
        let message = publish_to_nobody("obs");
        assert_eq!(payload(&message), b"\0\x3c\0\x28\0\0\0\x03obs\x01");
    }

    #[test]
    fn a_refusal_and_an_alarm_have_their_words() {
        let close = b"\0\x0a\0\x32\x01\x93\x05no go\0\x0a\0\x0b";
        assert_eq!(read(1, close), Some(Said::Close { code: 403, text: "no go".to_owned() }));
        let blocked = b"\0\x0a\0\x3c\x0dlow on memory";
        assert_eq!(read(1, blocked), Some(Said::Blocked { reason: "low on memory".to_owned() }));
        assert_eq!(read(1, b"\0\x0a\0\x32\x01"), None);
    }

    proptest! {
        #[test]
        fn no_payload_breaks_it(kind in 0_u8..9, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(read(kind, &bytes));
            let method = [&[0, 10, 0, 10, 0, 9], bytes.as_slice()].concat();
            drop(read(1, &method));
        }

        #[test]
        fn tables_in_tables_end(depth in 0_usize..40) {
            let mut bytes = Vec::new();
            for _ in 0..depth {
                let mut outer = vec![1, b'x', b'F'];
                put_long(&mut outer, &bytes);
                bytes = outer;
            }
            let read = table(&bytes, 0, &mut |_, _| {});
            prop_assert!(read.is_some());
        }
    }
}
