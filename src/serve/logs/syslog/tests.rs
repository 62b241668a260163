use proptest::prelude::*;

use super::*;

/// Cuts a stream that arrives in parts of a length.
fn cut(stream: &[u8], part: usize) -> (Vec<String>, u64) {
    let (mut frames, mut messages, mut cut) = (Frames::default(), Vec::new(), 0);
    for part in stream.chunks(part) {
        cut += frames.take(part, &mut messages);
    }
    cut += frames.end(&mut messages);
    (messages.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect(), cut)
}

#[test]
fn both_framings_are_told_apart_message_by_message() {
    let stream = b"<13>one\n10 <13>t\nwo!!<13>three\r\n7 <13>end<13>last";
    for part in 1..stream.len() {
        let (messages, cut) = cut(stream, part);
        let expected = ["<13>one", "<13>t\nwo!!", "<13>three\r", "<13>end", "<13>last"];
        assert_eq!((messages, cut), (expected.map(str::to_owned).to_vec(), 0), "{part}");
    }
}

#[test]
fn a_message_that_is_too_long_is_cut_and_those_after_it_are_not_lost() {
    let long = "x".repeat(MESSAGE_BYTES_MAX * 2);
    let counted = format!("{} <13>{long}7 <13>end", long.len() + 4);
    let lines = format!("<13>{long}\n<13>end\n");
    for stream in [counted, lines] {
        for part in [1_000, usize::MAX] {
            let (messages, cut) = cut(stream.as_bytes(), part.min(stream.len()));
            assert_eq!((messages[0].len(), cut), (MESSAGE_BYTES_MAX, 1));
            assert_eq!(messages[1..], ["<13>end"]);
        }
    }
}

#[test]
fn a_record_has_what_the_header_says_and_the_line_says_more() {
    let plain = record(b"<11>1 2026-11-22T06:30:00Z web app 7 - [a@1 user=\"x\"] boom").unwrap();
    assert_eq!((plain.message.as_str(), plain.service.as_deref()), ("boom", Some("app")));
    assert_eq!(plain.level, Some(crate::model::Severity::Error));
    let fields: Vec<String> =
        plain.fields.iter().map(|field| format!("{}={}", field.name, field.text())).collect();
    assert_eq!(fields.join(" "), "host.name=web process.pid=7 syslog.facility.code=1 a@1.user=x");
    let json =
        record(br#"<14>Nov 22 06:30:00 web app: {"level":"warn","msg":"slow","request_id":"r-1"}"#);
    let json = json.unwrap();
    assert_eq!((json.message.as_str(), json.request_id.as_deref()), ("slow", Some("r-1")));
    assert_eq!((json.level, json.time), (Some(crate::model::Severity::Warn), None));
    assert!(record(b"<13>\n").is_none() && record(b"").is_none());
}

proptest! {
    #[test]
    fn how_a_stream_is_cut_by_the_network_changes_nothing(
        stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'<'), Just(b' '), b'0'..=b'9', any::<u8>()], 0..120),
        part in 1..20_usize,
    ) {
        prop_assert_eq!(cut(&stream, part), cut(&stream, 1));
    }
}
