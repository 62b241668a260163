use proptest::prelude::*;

use super::super::read_line;
use super::parse::parse;
use super::*;

fn now() -> jiff::Zoned {
    "2026-11-22T06:30:00Z[UTC]".parse().unwrap()
}

fn read(text: &str) -> Expression {
    parse(text, &now()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn holds(text: &str, line: &str) -> bool {
    let record = read_line(line.as_bytes());
    read(text).holds(&record, record.time)
}

fn refusal(text: &str) -> String {
    format!("{}\n", parse(text, &now()).unwrap_err())
}

const LINE: &str = r#"{"time":"2026-11-22T06:29:00Z","level":"warning","msg":"slow answer","service":"orders",
    "status":503,"path":"/api/orders","user":{"id":8},"ok":false,"none":null,"duration_ms":600,"took":"1.5s",
    "size":2048,"order_id":9007199254740993,"odd name":"x","code":"07","http":{"headers":{"a-b":"c"}}}"#;

#[test]
fn what_is_written_holds_for_the_record() {
    for text in [
        "status >= 500 and path ~ '^/api' and not user.id = 7",
        "status = 503",
        "status = '503'",
        "status in (500, 503)",
        "status not in (500, 502)",
        "STATUS = 1 or status < 1k",
        "user.id != 7",
        "missing != 7",
        "missing = null and none = null and not exists(none) and exists(ok)",
        "ok = false",
        "\"odd name\" = x",
        "'odd name' ~ ^x$",
        "http.headers.a-b = c",
        "message ~ 'slow (answer|reply)'",
        "msg = 'slow answer'",
        "service = orders and service !~ inventory",
        "code = 7 and code = '07' and code != '7'",
    ] {
        assert!(holds(text, LINE), "{text}");
    }
}

#[test]
fn what_is_not_does_not_hold() {
    for text in [
        "status = 5030",
        "missing = 7",
        "missing < 7",
        "missing ~ '.*'",
        "status < 'a' and status > 'z'",
        "path > 5",
        "ok = true",
        "none != null",
        "not (status = 503 or status = 1)",
        "path in (a, b)",
    ] {
        assert!(!holds(text, LINE), "{text}");
    }
}

#[test]
fn levels_and_times_compare_by_what_they_mean() {
    for (text, expected) in [
        ("level >= warn", true),
        ("level = warning", true),
        ("severity < error", true),
        ("level in (error, fatal)", false),
        ("level > 'warn'", false),
        ("time >= 5m", true),
        ("time >= '2026-11-22T06:29:30Z'", false),
        ("time < 06:29:01", true),
    ] {
        assert_eq!(holds(text, LINE), expected, "{text}");
    }
    assert!(!holds("level < fatal", "{}"), "a record without a level is no match");
    assert!(holds("level != fatal", "{}"));
}

#[test]
fn numbers_have_the_unit_that_the_field_or_its_name_says() {
    for (text, expected) in [
        ("duration_ms > 500ms", true),
        ("duration_ms < 1s", true),
        ("duration_ms = 0.6s", true),
        ("took >= 1500ms", true),
        ("took > 1", false),
        ("size = 2KiB", true),
        ("size > 2kB", true),
        ("took > 1MiB", false),
        ("order_id = 9007199254740993", true),
        ("order_id = 9007199254740992", false),
    ] {
        assert_eq!(holds(text, LINE), expected, "{text}");
    }
}

#[test]
fn not_binds_before_and_before_or() {
    assert_eq!(read("not a=1 and b=2 or c=3"), read("((not (a=1)) and b=2) or c=3"));
    assert_ne!(read("a=1 and (b=2 or c=3)"), read("a=1 and b=2 or c=3"));
    assert_eq!(read("NOT a=1 AND b==2"), read("not a = 1 and b = 2"));
}

#[test]
fn a_fault_points_at_its_place_and_says_what_was_expected() {
    let texts = [
        "status >= and x = 1",
        "status = 500 adn x = 1",
        "status = 500 && x = 1",
        "level >= eror",
        "path ~ '(api'",
        "m = \"日本\" x",
        "duration > 500mss",
        "path = 'open",
        "status in 500",
        "(status = 1",
        "time > tuesdy",
        "a !b",
        "",
    ];
    insta::assert_snapshot!(texts.map(refusal).join("\n"), @r#"
    expected a value, found `and`
    status >= and x = 1
              ^^^

    expected `and`, `or` or the end, found `adn`; did you mean `and`?
    status = 500 adn x = 1
                 ^^^

    expected `and`, `or` or the end, found `&&`; did you mean `and`?
    status = 500 && x = 1
                 ^^

    `eror` is no level: trace, debug, info, warn, error, fatal; did you mean `error`?
    level >= eror
             ^^^^

    this is no regular expression: unclosed group
    path ~ '(api'
           ^^^^^^

    expected `and`, `or` or the end, found `x`
    m = "日本" x
               ^

    expected a number (units: ns, us, ms, s, m, h, d, kB, MB, GB, KiB, MiB, GiB, k, M) or text in quotes, found `500mss`
    duration > 500mss
               ^^^^^^

    the text that begins here has no closing '
    path = 'open
           ^

    expected `(` and values, found `500`
    status in 500
              ^^^

    expected `)`, found the end
    (status = 1
               ^

    `tuesdy` is neither a duration (30s, 15m, 2h, 7d) nor a time (12:30, 2026-11-22T06:30:00Z)
    time > tuesdy
           ^^^^^^

    expected `!=`, `!~` or the word `not`
    a !b
      ^

    expected a field, `not`, `exists(` or `(`, found the end

    ^
    "#);
}

#[test]
fn nesting_has_a_bound_and_length_has_none() {
    let deep = |depth| format!("{}a=1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&deep(63), &now()).is_ok());
    assert!(parse(&deep(64), &now()).unwrap_err().reason.contains("deeper than 64"));
    assert!(parse(&"not ".repeat(100_000), &now()).is_err());
    let long = vec!["a = 1"; 20_000].join(" or ");
    assert!(!read(&long).holds(&read_line(b"{}"), None));
}

#[test]
fn a_field_that_no_record_had_is_known_and_what_was_meant() {
    let condition = Condition::parse("statsu = 500 or user.id = 7 or message = x", &now()).unwrap();
    assert_eq!(condition.unknown(), []);
    let record = read_line(LINE.as_bytes());
    assert!(!condition.holds(&record, None));
    let near = Some("status".to_owned());
    assert_eq!(condition.unknown(), [UnknownField { name: "statsu".to_owned(), near }]);
}

/// What an expression means, written as plainly as can be, over the line's JSON.
fn naively(expression: &Expression, line: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    let equal = |name: &String, value: &Value| match (&line[name], value) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(a), Value::Bool(b)) => a == b,
        (Json::Number(a), Value::Number(b)) => a.to_string() == b.text,
        (Json::Number(a), Value::Text(b)) => &a.to_string() == b,
        (Json::String(a), Value::Text(b)) => a == b,
        (Json::Bool(a), Value::Text(b)) => &a.to_string() == b,
        _ => false,
    };
    let less = |name: &String, value: &Value| match (&line[name], value) {
        (Json::Number(a), Value::Number(b)) => a.as_i64().unwrap() < b.text.parse().unwrap(),
        (Json::Number(a), Value::Text(b)) => a.to_string() < *b,
        (Json::String(a), Value::Text(b)) => a < b,
        (Json::Bool(a), Value::Text(b)) => a.to_string() < *b,
        _ => false,
    };
    match expression {
        Expression::Or(parts) => parts.iter().map(|p| naively(p, line)).max().unwrap(),
        Expression::And(parts) => parts.iter().map(|p| naively(p, line)).min().unwrap(),
        Expression::Not(part) => !naively(part, line),
        Expression::Exists(name) => !line[name].is_null(),
        Expression::In(name, values) => values.iter().any(|value| equal(name, value)),
        Expression::Compare(name, Operator::Equal, value) => equal(name, value),
        Expression::Compare(name, Operator::NotEqual, value) => !equal(name, value),
        Expression::Compare(name, Operator::Less, value) => less(name, value),
        Expression::Compare(name, Operator::LessEqual, value) => {
            less(name, value) || equal(name, value)
        }
        Expression::Compare(..) => unreachable!("not generated"),
    }
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abc]",
        Just("and".to_owned()),
        Just("odd \"name\\".to_owned()),
        Just("a.b".to_owned())
    ]
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(|n| Value::Number(Number::read(&n.to_string()).unwrap())),
        "[abc\"'\\\\ 01]{0,3}".prop_map(Value::Text),
    ]
}

fn ordered_values() -> impl Strategy<Value = Value> {
    values().prop_filter("no order", |value| !matches!(value, Value::Null | Value::Bool(_)))
}

fn expressions() -> impl Strategy<Value = Expression> {
    let equals = prop_oneof![Just(Operator::Equal), Just(Operator::NotEqual)];
    let orders = prop_oneof![Just(Operator::Less), Just(Operator::LessEqual)];
    let leaf = prop_oneof![
        names().prop_map(Expression::Exists),
        (names(), equals, values()).prop_map(|(n, o, v)| Expression::Compare(n, o, v)),
        (names(), orders, ordered_values()).prop_map(|(n, o, v)| Expression::Compare(n, o, v)),
        (names(), proptest::collection::vec(values(), 1..3))
            .prop_map(|(n, values)| Expression::In(n, values)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expression::Or),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expression::And),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

fn lines() -> impl Strategy<Value = serde_json::Value> {
    let value = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-3_i64..4).prop_map(Into::into),
        "[abc\"'\\\\ ]{0,3}".prop_map(Into::into),
    ];
    proptest::collection::hash_map(names(), value, 0..4)
        .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect()))
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same(expression in expressions()) {
        prop_assert_eq!(read(&expression.to_string()), expression);
    }

    #[test]
    fn it_holds_when_the_plain_meaning_does(expression in expressions(), line in lines()) {
        let record = read_line(line.to_string().as_bytes());
        prop_assert_eq!(expression.holds(&record, None), naively(&expression, &line), "{}", expression);
    }

    #[test]
    fn any_text_is_read_or_refused_with_the_caret_within_reach(text in "\\PC{0,40}") {
        if let Err(error) = parse(&text, &now()) {
            prop_assert!(error.caret.contains('^'));
        }
    }

    #[test]
    fn words_of_the_language_in_any_order_are_read_or_refused(
        words in proptest::collection::vec(
            prop_oneof!["and", "or", "not", "in", "exists", "\\(", "\\)", ",", "=", "~", "a", "7ms", "'x'"], 0..16)
    ) {
        if let Ok(expression) = parse(&words.join(" "), &now()) {
            prop_assert_eq!(read(&expression.to_string()), expression);
        }
    }
}
