//! The requests and answers of Kafka that a probe sends and understands.
//!
//! After Apache Kafka's protocol guide: `ApiVersions` 0, `Metadata` 4, `SaslHandshake` 1 and
//! `SaslAuthenticate` 0, which every broker since 1.0 has and 4.0 kept. Version 4 is the first that can
//! ask for a topic without creating it. No recording of a broker stands behind the tests here: their
//! bytes are written after the guide; `tests/live/brokers.sh` asks the mock cluster of librdkafka.

use crate::probes::cursor::{Cursor, text};

pub(super) const METADATA: i16 = 3;
pub(super) const SASL_HANDSHAKE: i16 = 17;
pub(super) const API_VERSIONS: i16 = 18;
pub(super) const SASL_AUTHENTICATE: i16 = 36;

/// The largest answer that is read: some 100,000 partitions.
pub(super) const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A request that a broker knows, and the versions of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Api {
    pub(super) key: i16,
    pub(super) oldest: i16,
    pub(super) latest: i16,
}

/// What a broker knows of its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) brokers: Vec<Broker>,
    /// Empty where it has no name.
    pub(super) cluster: String,
    pub(super) controller: i32,
    pub(super) topics: Vec<Topic>,
}

/// A broker at the address that it tells clients to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broker {
    pub(super) id: i32,
    pub(super) host: String,
    pub(super) port: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) error: i16,
    pub(super) name: String,
    pub(super) partitions: Vec<Partition>,
}

/// A partition; `leader` is -1 when it has none, the others are how many brokers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) id: i32,
    pub(super) leader: i32,
    pub(super) replicas: usize,
    pub(super) in_sync: usize,
}

/// Writes a request with its length before it.
pub(super) fn request(key: i16, version: i16, correlation: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(key.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend(correlation.to_be_bytes());
    put(&mut bytes, "obs");
    bytes.extend(body);
    let mut message = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    message.extend(bytes);
    message
}

/// Writes what is asked of `Metadata`: one topic or all of them; none is created by that.
pub(super) fn metadata_body(topic: Option<&str>) -> Vec<u8> {
    let count: i32 = if topic.is_some() { 1 } else { -1 };
    let mut body = count.to_be_bytes().to_vec();
    if let Some(topic) = topic {
        put(&mut body, topic);
    }
    body.push(0);
    body
}

/// Writes what is asked of `SaslHandshake`.
pub(super) fn mechanism_body(mechanism: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, mechanism);
    body
}

/// Writes what is asked of `SaslAuthenticate` with PLAIN.
pub(super) fn plain_body(user: &str, password: &str) -> Vec<u8> {
    let token = format!("\0{user}\0{password}");
    let mut body = u32::try_from(token.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    body.extend(token.as_bytes());
    body
}

/// Reads an answer's number and returns the rest; `None` for another request's answer.
pub(super) fn body_of(correlation: i32, answer: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(answer);
    (cursor.i32()? == correlation).then_some(())?;
    answer.get(4..)
}

/// Reads the answer of `ApiVersions`: its error code, and what the broker knows.
pub(super) fn api_versions(body: &[u8]) -> Option<(i16, Vec<Api>)> {
    let mut cursor = Cursor::new(body);
    let error = cursor.i16()?;
    let apis = list(&mut cursor, |cursor| {
        Some(Api { key: cursor.i16()?, oldest: cursor.i16()?, latest: cursor.i16()? })
    })?;
    Some((error, apis))
}

/// Reads the answer of `SaslHandshake`: its error code, and the mechanisms that there are.
pub(super) fn mechanisms(body: &[u8]) -> Option<(i16, Vec<String>)> {
    let mut cursor = Cursor::new(body);
    let error = cursor.i16()?;
    Some((error, list(&mut cursor, string)?))
}

/// Reads the answer of `SaslAuthenticate`: its error code, and the broker's words.
pub(super) fn authenticated(body: &[u8]) -> Option<(i16, String)> {
    let mut cursor = Cursor::new(body);
    Some((cursor.i16()?, nullable(&mut cursor)?))
}

/// Reads the answer of `Metadata`.
pub(super) fn metadata(body: &[u8]) -> Option<Metadata> {
    let mut cursor = Cursor::new(body);
    cursor.i32()?; // how long it would have liked to wait
    let brokers = list(&mut cursor, |cursor| {
        let broker = Broker { id: cursor.i32()?, host: string(cursor)?, port: cursor.i32()? };
        nullable(cursor)?; // its rack
        Some(broker)
    })?;
    let cluster = nullable(&mut cursor)?;
    let controller = cursor.i32()?;
    let topics = list(&mut cursor, |cursor| {
        let (error, name) = (cursor.i16()?, string(cursor)?);
        cursor.u8()?; // whether it is Kafka's own
        Some(Topic { error, name, partitions: list(cursor, partition)? })
    })?;
    Some(Metadata { brokers, cluster, controller, topics })
}

fn partition(cursor: &mut Cursor<'_>) -> Option<Partition> {
    cursor.i16()?; // an error that the leader tells too
    let (id, leader) = (cursor.i32()?, cursor.i32()?);
    let replicas = list(cursor, Cursor::i32)?.len();
    let in_sync = list(cursor, Cursor::i32)?.len();
    Some(Partition { id, leader, replicas, in_sync })
}

/// Reads as many as a number before them says; none where that is -1. Nothing is reserved by its word.
fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    one: impl Fn(&mut Cursor<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let count = cursor.i32()?;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(one(cursor)?);
    }
    Some(all)
}

fn string(cursor: &mut Cursor<'_>) -> Option<String> {
    let length = cursor.i16();
    cursor.after_length(length).map(text)
}

/// Reads a text that may be absent, by the length -1: then it is empty.
fn nullable(cursor: &mut Cursor<'_>) -> Option<String> {
    match cursor.i16()? {
        -1 => Some(String::new()),
        length => cursor.after_length(Some(length)).map(text),
    }
}

/// Writes a text of at most 32,767 bytes; what is longer is cut.
fn put(bytes: &mut Vec<u8>, text: &str) {
    let length = i16::try_from(text.len()).unwrap_or(i16::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.bytes().take(usize::try_from(length).unwrap_or(0)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_follows_the_guide() {
        let bytes = request(METADATA, 4, 7, &metadata_body(Some("orders")));
        assert_eq!(bytes, b"\0\0\0\x1a\0\x03\0\x04\0\0\0\x07\0\x03obs\0\0\0\x01\0\x06orders\0");
        assert_eq!(metadata_body(None), [0xff, 0xff, 0xff, 0xff, 0]);
        assert_eq!(plain_body("u", "p"), b"\0\0\0\x04\0u\0p");
        assert_eq!(mechanism_body("PLAIN"), b"\0\x05PLAIN");
    }

    #[test]
    fn a_cluster_is_read_with_its_brokers_topics_and_partitions() {
        let body = [
            &b"\0\0\0\0\0\0\0\x02"[..],
            b"\0\0\0\x01\0\x01a\0\0\x23\x84\xff\xff",
            b"\0\0\0\x02\0\x01b\0\0\x23\x84\0\x02r1",
            b"\0\x02c1\0\0\0\x01",
            b"\0\0\0\x01\0\0\0\x06orders\0\0\0\0\x01",
            b"\0\x05\0\0\0\0\xff\xff\xff\xff\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\0\0\x01",
        ]
        .concat();
        let read = metadata(&body).unwrap();
        assert_eq!(read.brokers[1], Broker { id: 2, host: "b".to_owned(), port: 9092 });
        assert_eq!((read.cluster.as_str(), read.controller), ("c1", 1));
        let partition = Partition { id: 0, leader: -1, replicas: 2, in_sync: 1 };
        let topic = Topic { error: 0, name: "orders".to_owned(), partitions: vec![partition] };
        assert_eq!(read.topics, [topic]);
        assert_eq!(metadata(&body[..body.len() - 1]), None);
    }

    #[test]
    fn the_answer_to_another_request_is_not_taken() {
        assert_eq!(body_of(7, b"\0\0\0\x07ab"), Some(b"ab".as_slice()));
        assert_eq!(body_of(7, b"\0\0\0\x08ab"), None);
        assert_eq!(body_of(7, b"\0\0"), None);
    }

    #[test]
    fn versions_mechanisms_and_refusals_are_read() {
        let apis = api_versions(b"\0\0\0\0\0\x01\0\x03\0\0\0\x0c").unwrap();
        assert_eq!(apis, (0, vec![Api { key: METADATA, oldest: 0, latest: 12 }]));
        let found = mechanisms(b"\0\x21\0\0\0\x01\0\x0dSCRAM-SHA-256").unwrap();
        assert_eq!(found, (33, vec!["SCRAM-SHA-256".to_owned()]));
        assert_eq!(authenticated(b"\0\x3a\0\x02no").unwrap(), (58, "no".to_owned()));
        assert_eq!(authenticated(b"\0\0\xff\xff\0\0\0\0").unwrap(), (0, String::new()));
    }

    proptest! {
        #[test]
        fn no_answer_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop((api_versions(&bytes), metadata(&bytes), mechanisms(&bytes)));
            drop((authenticated(&bytes), body_of(1, &bytes)));
        }

        #[test]
        fn a_count_that_lies_reserves_nothing(count in any::<i32>()) {
            let bytes = [&[0; 4], &count.to_be_bytes()[..], &[0; 64]].concat();
            drop(metadata(&bytes));
        }
    }
}
