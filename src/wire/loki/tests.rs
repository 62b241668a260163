use proptest::prelude::*;
use prost::Message;

use super::*;

#[derive(Clone, PartialEq, Message)]
struct PushRequest {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<StreamAdapter>,
}

#[derive(Clone, PartialEq, Message)]
struct StreamAdapter {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<EntryAdapter>,
    #[prost(uint64, tag = "3")]
    hash: u64,
}

#[derive(Clone, PartialEq, Message)]
struct EntryAdapter {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Timestamp>,
    #[prost(string, tag = "2")]
    line: String,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<Pair>,
}

#[derive(Clone, PartialEq, Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

fn snappy(push: &PushRequest) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(&push.encode_to_vec()).unwrap()
}

fn push(lines: usize) -> PushRequest {
    let entry = |number: usize| EntryAdapter {
        timestamp: Some(Timestamp { seconds: 1_795_329_610, nanos: 466_057_087 }),
        line: format!("line {number}"),
        metadata: vec![Pair { name: "trace_id".to_owned(), value: "ab".to_owned() }],
    };
    let labels = r#"{app="web", pod="a\"b"}"#.to_owned();
    PushRequest {
        streams: vec![StreamAdapter { labels, entries: (0..lines).map(entry).collect(), hash: 7 }],
    }
}

#[test]
fn the_same_lines_come_out_of_both_formats() {
    let json = br#"{"streams":[{"stream":{"app":"web","pod":"a\"b"},
        "values":[["1795329610466057087","line 0",{"trace_id":"ab"}]]}]}"#;
    let read = decode_loki_json(json).unwrap();
    assert_eq!(read, decode_loki_protobuf(&snappy(&push(1)), 1 << 20).unwrap());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(read[0].labels, [pair("app", "web"), pair("pod", "a\"b"), pair("trace_id", "ab")]);
    assert_eq!(read[0].time, UnixNanos(1_795_329_610_466_057_087));
}

#[test]
fn a_push_of_too_many_lines_is_refused_in_both_formats() {
    let refused = WireError::Push("more than 100000 lines");
    let body = snappy(&push(ENTRIES_MAX + 1));
    assert_eq!(decode_loki_protobuf(&body, 64 << 20), Err(refused));
    let values = vec![r#"["1","x"]"#; ENTRIES_MAX + 1].join(",");
    let json = format!(r#"{{"streams":[{{"stream":{{}},"values":[{values}]}}]}}"#);
    assert!(matches!(decode_loki_json(json.as_bytes()), Err(WireError::Json(_))));
}

#[test]
fn a_bomb_is_refused_before_it_is_decompressed() {
    let bomb = snap::raw::Encoder::new().compress_vec(&vec![0; 1 << 20]).unwrap();
    let refused = WireError::Push("larger than a push may be when it is decompressed");
    assert_eq!(decode_loki_protobuf(&bomb, 1_000), Err(refused));
}

#[test]
fn what_is_no_push_is_refused_with_words() {
    for body in [&b""[..], b"{}", b"[]", br#"{"streams":[{"stream":{},"values":[["soon","x"]]}]}"#]
    {
        assert!(decode_loki_json(body).is_err(), "{}", String::from_utf8_lossy(body));
    }
    let truncated = snap::raw::Encoder::new().compress_vec(&[10, 200, 1]).unwrap();
    for body in [&b""[..], b"not snappy", &truncated] {
        assert!(decode_loki_protobuf(body, 1 << 20).is_err(), "{body:?}");
    }
}

#[test]
fn labels_that_are_cut_give_those_before() {
    assert_eq!(loki_labels(r#"{a="1", b="2"#), [("a".to_owned(), "1".to_owned())]);
    assert_eq!(loki_labels("{}"), []);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        drop(decode_loki_json(&body));
        drop(decode_loki_protobuf(&body, 1 << 20));
        let block = snap::raw::Encoder::new().compress_vec(&body).unwrap();
        drop(decode_loki_protobuf(&block, 1 << 20));
        loki_labels(&String::from_utf8_lossy(&body));
    }

    #[test]
    fn labels_come_back_as_they_were(pairs in proptest::collection::vec(("[a-z_]{1,8}", "\\PC{0,12}"), 0..6)) {
        let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
        let written = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value)));
        let text = format!("{{{}}}", written.collect::<Vec<_>>().join(", "));
        prop_assert_eq!(loki_labels(&text), pairs);
    }
}
