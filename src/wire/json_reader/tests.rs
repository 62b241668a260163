use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

/// Builds the value that serde would build.
fn value(reader: &mut JsonReader<'_>) -> Result<Value> {
    match reader.peek() {
        Some(b'{') => {
            let mut members = Map::new();
            reader.object(|reader, name| {
                members.insert(name.to_owned(), value(reader)?);
                Ok(())
            })?;
            Ok(members.into())
        }
        Some(b'[') => {
            let mut items = Vec::new();
            reader.list(|reader| {
                items.push(value(reader)?);
                Ok(())
            })?;
            Ok(items.into())
        }
        _ => Ok(match reader.scalar()? {
            Scalar::Null | Scalar::Other => Value::Null,
            Scalar::Bool(truth) => truth.into(),
            Scalar::Int(number) => number.into(),
            Scalar::Double(number) => number.into(),
            Scalar::Text(text) => text.into_owned().into(),
        }),
    }
}

fn read(text: &[u8]) -> Result<Value> {
    value(&mut JsonReader::new(text))
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9_f64..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn a_text_that_is_no_utf8_changes_none_before_or_behind_it() {
    let read = read(b"[\"\xc3\xa9\", \"\xff\", \"\xc3\xa9\"]").unwrap();
    assert_eq!(read, serde_json::json!(["é", "\u{fffd}", "é"]));
}

#[test]
fn half_a_pair_and_broken_utf8_become_a_mark() {
    for (sent, text) in [
        (&br#""a\ud83d""#[..], "a\u{fffd}"),
        (br#""\ud83d\ude00\ude00\ud83d\u0041""#, "\u{1f600}\u{fffd}\u{fffd}A"),
        (b"\"a\xffb\"", "a\u{fffd}b"),
        (b"\"a\x1b[31m\\u001b\"", "a\u{1b}[31m\u{1b}"),
    ] {
        assert_eq!(read(sent).unwrap(), text);
    }
}

#[test]
fn a_text_that_was_cut_has_ended_and_another_is_wrong() {
    let whole = br#"{"a":[1,-2.5e3,"x\n",true,null]}"#;
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).unwrap_err().ended, "{length}");
    }
    for (wrong, at) in [("{a:1}", 1), ("[tru]", 1), ("{\"a\" 1}", 5), ("[\"\\x\"]", 2), ("]", 0)] {
        let fault = read(wrong.as_bytes()).unwrap_err();
        assert_eq!((fault.at, fault.ended), (at, false), "{wrong}");
    }
}

#[test]
fn nesting_is_bounded() {
    assert!(read("[".repeat(1_000_000).as_bytes()).unwrap_err().expected.contains("128"));
    let deep = "[".repeat(128) + &"]".repeat(128);
    assert!(read(deep.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn what_serde_writes_is_read_as_it_was(value in any_value()) {
        prop_assert_eq!(&read(value.to_string().as_bytes()).unwrap(), &value);
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let mut reader = JsonReader::new(pretty.as_bytes());
        reader.skip().unwrap();
        prop_assert_eq!(reader.at(), pretty.len());
    }

    #[test]
    fn no_bytes_panic(text in prop::collection::vec(any::<u8>(), 0..60), json in r#"[\[\]{}",:\\ud8tn0-]{0,40}"#) {
        drop(read(&text));
        drop(read(json.as_bytes()));
    }

    #[test]
    fn what_serde_takes_is_taken(text in r#"[\[\]{}",:\\u1atrue0.-]{0,12}"#) {
        if serde_json::from_str::<Value>(&text).is_ok() {
            prop_assert!(read(text.as_bytes()).is_ok(), "{}", text);
        }
    }
}
