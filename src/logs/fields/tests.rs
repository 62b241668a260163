use proptest::prelude::*;

use super::*;

fn pairs(object: &str) -> Result<Vec<(String, String)>, Malformed> {
    let read = |(key, value): (Cow<'_, str>, &[u8])| {
        (key.into_owned(), String::from_utf8_lossy(value).into_owned())
    };
    fields(object.as_bytes()).map(|field| field.map(read)).collect()
}

#[test]
fn keys_and_raw_values_come_in_the_order_written() {
    let read = pairs(r#" { "a" : "x,\"}" ,"b":{"c":[1,{"d":"]"}]}, "\u0065":-1.5e3,"f":null} "#);
    let expected =
        [("a", r#""x,\"}""#), ("b", r#"{"c":[1,{"d":"]"}]}"#), ("e", "-1.5e3"), ("f", "null")];
    assert_eq!(read, Ok(expected.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec()));
}

#[test]
fn a_key_without_escapes_is_not_copied() {
    let field = fields(br#"{"request_id":"r1"}"#).next();
    assert!(matches!(field, Some(Ok((Cow::Borrowed("request_id"), br#""r1""#)))), "{field:?}");
}

#[test]
fn a_line_that_was_cut_is_malformed_wherever_it_was_cut() {
    let whole = r#"{"a":"x\"","b":[1,{"c":true}]}"#;
    assert!(pairs(whole).is_ok());
    for length in 0..whole.len() {
        let cut = whole.get(..length).unwrap();
        assert_eq!(pairs(cut), Err(Malformed), "{cut}");
    }
}

#[test]
fn what_only_looks_like_json_is_malformed() {
    for line in ["{}{}", "{\"a\":1,}", "{a:1}", "{\"a\":[1}]}", "{\"a\" 1}", "{\"a\":oops}", "[]"] {
        assert_eq!(pairs(line), Err(Malformed), "{line}");
    }
}

#[test]
fn what_loggers_write_beside_json_is_taken() {
    assert!(pairs(r#"{"a":NaN,"b":-Infinity,"c":undefined}"#).is_ok());
    assert!(fields(b"{\"a\":\"\xff\x01\"}").all(|field| field.is_ok()));
}

#[test]
fn nesting_without_end_is_refused_and_not_followed() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(pairs(&deep), Err(Malformed));
}

#[test]
fn a_path_is_found_nested_dotted_or_both() {
    for line in [r#"{"log.level":1}"#, r#"{"log":{"x":0},"log.level":1}"#, r#"{"log":{"level":1}}"#]
    {
        assert_eq!(find(line.as_bytes(), "log.level"), Some(&b"1"[..]), "{line}");
    }
    assert_eq!(find(br#"{"log":"level"}"#, "log.level"), None);
}

#[test]
fn elements_of_a_list_come_in_order() {
    let read: Result<Vec<&[u8]>, _> = elements(br#"[1, {"a":[2]} ,"x"]"#).collect();
    assert_eq!(read, Ok(vec![&b"1"[..], br#"{"a":[2]}"#, br#""x""#]));
    assert_eq!(elements(b"[]").count(), 0);
}

/// Any JSON value, a few levels deep.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "\\PC{0,12}|[\"\\\\{}\\[\\],:\n\u{1b}]{0,6}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("\\PC{0,6}|[\"\\\\.]{1,3}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_scanner_agrees_with_serde_json(
        map in prop::collection::btree_map("\\PC{0,8}|[\"\\\\\n.]{1,3}", json(), 0..6),
        pretty in any::<bool>(),
    ) {
        let map: serde_json::Map<_, _> = map.into_iter().collect();
        let line = if pretty { serde_json::to_vec_pretty(&map) } else { serde_json::to_vec(&map) };
        let line = line.unwrap();
        let mut read = serde_json::Map::new();
        for field in fields(&line) {
            let (key, value) = field.unwrap();
            prop_assert_eq!(value, value.trim_ascii());
            read.insert(key.into_owned(), serde_json::from_slice(value).unwrap());
        }
        // Through text once more: a float may change its last digit when read.
        let expected: serde_json::Map<_, _> = serde_json::from_slice(&line).unwrap();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        line in prop::collection::vec(prop_oneof![
            any::<u8>(), prop::sample::select(&b"{}[]\",:\\ 1tn."[..])
        ], 0..60),
    ) {
        fields(&line).chain(fields(b"")).for_each(drop);
        elements(&line).for_each(drop);
        find(&line, "a.b");
        text(&line);
    }
}
