//! Envelopes that are whole, odd, cut off and made up.

use proptest::collection::vec;
use proptest::num::u8::ANY;
use proptest::prelude::*;

use super::*;

type Framed = (Vec<(String, String)>, Option<&'static str>);

fn framed(body: &str) -> Framed {
    let envelope = Envelope::read(body.as_bytes()).unwrap();
    let text = |item: &EnvelopeItem<'_>| {
        (item.kind.clone(), String::from_utf8(item.payload.to_vec()).unwrap())
    };
    (envelope.items.iter().map(text).collect(), envelope.cut)
}

fn items(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, text)| ((*kind).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn items_are_framed_by_length_or_by_line() {
    let body = concat!(
        "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n",
        "{\"type\":\"attachment\",\"length\":7}\nab\ncd\ne\n",
        "{\"type\":\"event\"}\n{\"a\":1}\n",
        "\n{\"type\":\"profile\",\"length\":2}\n{}",
    );
    let expected = [("attachment", "ab\ncd\ne"), ("event", "{\"a\":1}"), ("profile", "{}")];
    assert_eq!(framed(body), (items(&expected), None));
}

#[test]
fn the_header_says_who_sent_it_and_when() {
    let body = "{\"event_id\":\"9ec79c33-ec99-42ab-8353-589fcb2e04dc\",\
                \"sent_at\":\"2026-11-22T06:30:00Z\",\"dsn\":\"http://k@localhost/7\"}\n\
                {\"type\":\"event\",\"filename\":\"x\"}\n{}";
    let envelope = Envelope::read(body.as_bytes()).unwrap();
    assert_eq!(envelope.event_id.as_deref(), Some("9ec79c33-ec99-42ab-8353-589fcb2e04dc"));
    assert_eq!(envelope.dsn.as_deref(), Some("http://k@localhost/7"));
    assert_eq!(envelope.header, body.lines().next().unwrap().as_bytes());
    assert_eq!(envelope.items[0].header, b"{\"type\":\"event\",\"filename\":\"x\"}");
}

#[test]
fn members_of_a_wrong_shape_are_only_missing() {
    let body = "{\"event_id\":7,\"sent_at\":{},\"dsn\":null,\"dsn\":[]}\n{\"type\":[]}\nx\n{}\ny";
    assert_eq!(framed(body), (items(&[("", "x"), ("", "y")]), None));
    assert_eq!(Envelope::read(body.as_bytes()).unwrap().event_id, None);
}

#[test]
fn what_is_whole_is_kept_and_why_the_rest_is_not_is_said() {
    let first = "{}\n{\"type\":\"event\",\"length\":2}\n{}";
    for (rest, reason) in [
        ("\n{\"type\":\"event\",\"length\":99}\n{", "it ends within an item"),
        ("\n{\"type\":\"event\",\"length\":18446744073709551615}\n{}", "it ends within an item"),
        ("\n{\"type\":\"event\",\"length\":-1}\n{}", "an item's length is not a number of bytes"),
        (
            "\n{\"type\":\"event\",\"length\":\"2\"}\n{}",
            "an item's length is not a number of bytes",
        ),
        ("\n{\"type\":\"event\",\"length\":1}\n{}", "an item is longer than its length"),
        ("\n{\"type\":\"ev", "an item's header is not a JSON object"),
        ("\n[]\n{}", "an item's header is not a JSON object"),
    ] {
        let expected = (items(&[("event", "{}")]), Some(reason));
        assert_eq!(framed(&format!("{first}{rest}")), expected, "{rest}");
    }
}

#[test]
fn lines_and_items_are_bounded() {
    let line = |length: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(length - 8));
    assert_eq!(framed(&line(HEADER_BYTES_MAX)), (vec![], None));
    assert!(Envelope::read(line(HEADER_BYTES_MAX + 1).as_bytes()).is_err());
    let one = "{\"type\":\"session\"}\n{}\n";
    let many = format!("{{}}\n{}", one.repeat(ITEMS_MAX + 1));
    let (kept, cut) = framed(&many);
    assert_eq!((kept.len(), cut), (ITEMS_MAX, Some("it has more than 1000 items")));
    assert_eq!(framed(&format!("{{}}\n{}\n\n", one.repeat(ITEMS_MAX))).1, None);
}

#[test]
fn a_body_without_a_header_is_refused() {
    for body in ["<html>", "", "[]", "null", "\n{}"] {
        assert!(Envelope::read(body.as_bytes()).is_err(), "{body}");
    }
}

proptest! {
    #[test]
    fn framing_never_panics(body in vec(ANY, 0..300)) {
        drop(Envelope::read(&body));
    }

    #[test]
    fn framing_what_looks_like_an_envelope_never_panics(
        body in r#"(\{\}|\{"type":"event"(,"length":[0-9]{1,3})?\}|x|\n|\r\n){0,20}"#,
    ) {
        drop(Envelope::read(format!("{{}}\n{body}").as_bytes()));
    }

    #[test]
    fn a_good_item_after_garbage_of_the_right_length_is_kept(garbage in vec(ANY, 0..300)) {
        let mut body = format!("{{}}\n{{\"type\":\"x\",\"length\":{}}}\n", garbage.len()).into_bytes();
        body.extend_from_slice(&garbage);
        body.extend_from_slice(b"\n{\"type\":\"event\"}\n{\"a\":1}");
        let envelope = Envelope::read(&body).unwrap();
        prop_assert_eq!(envelope.cut, None);
        let payloads: Vec<&[u8]> = envelope.items.iter().map(|item| item.payload).collect();
        prop_assert_eq!(payloads, [&garbage[..], &b"{\"a\":1}"[..]]);
    }
}
