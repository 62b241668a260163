use proptest::prelude::*;

use super::*;

fn outline(line: &str) -> Option<String> {
    let unwrapped = unwrap(line.as_bytes(), None)?;
    let time = unwrapped.time.map_or("-".to_owned(), |time| time.to_string());
    let inner = String::from_utf8_lossy(&unwrapped.inner);
    let partial = if unwrapped.partial { " partial" } else { "" };
    Some(format!("{time} {} {inner}{partial}", unwrapped.service.unwrap_or("-")))
}

#[test]
fn wrappers_of_text_are_opened() {
    for (line, opened) in [
        ("2026-11-22T06:30:00.1Z stdout F text", "2026-11-22T06:30:00.1Z - text"),
        ("2026-11-22T06:30:00.1+00:00 stderr P te", "2026-11-22T06:30:00.1Z - te partial"),
        ("2026-11-22T06:30:00Z stdout F", "2026-11-22T06:30:00Z - "),
        ("orders-api-1  | text", "- orders-api text"),
        ("orders-api | {\"a\":1}", "- orders-api {\"a\":1}"),
        ("\u{1b}[36mapi-1  |\u{1b}[0m text", "- - api-1  | text"),
        ("[pod/orders-7d9/api] text", "- api text"),
        ("orders-7d9 api {\"a\":1}", "- api {\"a\":1}"),
        ("2026-11-22T06:30:00Z {\"a\":1}", "2026-11-22T06:30:00Z - {\"a\":1}"),
        (
            "<14>1 2026-11-22T06:30:00Z web app 7 - - {\"a\":1}",
            "2026-11-22T06:30:00Z app {\"a\":1}",
        ),
        ("Nov 22 06:30:00 web app[7]: {\"a\":1}", "- app {\"a\":1}"),
    ] {
        assert_eq!(outline(line).as_deref(), Some(opened), "{line}");
    }
}

#[test]
fn what_is_no_wrapper_stays_closed() {
    for line in [
        "name | value",
        "2026-11-22 | WARNING | x",
        "answered with {\"a\":1}",
        "2026-11-22T06:30:00Z posted {\"a\":1}",
        "stdout F text",
        "",
    ] {
        assert_eq!(outline(line), None, "{line}");
    }
    for line in [
        r#"{"message":"{\"request_id\":\"r2\"}"}"#,
        r#"{"message":"two lines\n"}"#,
        r#"{"log":"a","time":"2026-11-22T06:30:00Z"}"#,
    ] {
        let message = find(line.as_bytes(), "message").or_else(|| find(line.as_bytes(), "log"));
        assert_eq!(unwrap_json(line.as_bytes(), None, message), None, "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(
        start in prop::sample::select(vec![
            "", "\u{1b}[", "a-1 | ", "[pod/", "2026-11-22T06:30:00Z stdout P ", "<1>1 - ", "{\"log\":\"",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let line = [start.as_bytes(), &rest].concat();
        if let Some(unwrapped) = unwrap(&line, None) {
            prop_assert!(unwrapped.inner.len() <= line.len());
        }
    }
}
