use super::*;
use crate::model::Field;

fn field(name: &str, value: &str) -> Field {
    Field {
        name: name.to_owned(),
        value: serde_json::value::RawValue::from_string(value.to_owned()).unwrap(),
    }
}

fn record() -> LogRecord {
    LogRecord {
        time: UnixNanos::parse_rfc3339("2026-11-22T06:30:33.750Z"),
        level: Some(Severity::Error),
        message: "stock \u{1b}[2Jfailed".to_owned(),
        service: Some("orders".to_owned()),
        logger: Some("app.api".to_owned()),
        request_id: Some("018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12".to_owned()),
        trace_id: Some("018f3c1e9b7a7c448d215a0b6f4e2d12".to_owned()),
        span_id: Some("8132b6d5e90ad81e".to_owned()),
        exception: Some("Traceback:\n\tat f\nE: postgres://a:b@db/x".to_owned()),
        fields: vec![
            field("status", "500"),
            field("why", "\"no \\\"box\\\"\""),
            field("db.password", "\"hunter2\""),
            field("tags", "[\"a\",\"password=hunter2\"]"),
            field("empty", "\"\""),
        ],
        raw: Some(b"{\"a\":\t\"\x1b[2J\"}".to_vec()),
        ..LogRecord::default()
    }
}

fn plain() -> Theme {
    Theme::plain(80, UnixNanos(0))
}

fn terminal() -> Theme {
    Theme { terminal: true, ..plain() }
}

fn written(theme: &Theme, full: bool, records: &[LogRecord]) -> String {
    let mut out = Vec::new();
    let mut lines = LogLines::new(full, None);
    for record in records {
        lines.write(&mut out, theme, record).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_record_is_one_line_and_its_exception_below() {
    insta::assert_snapshot!(written(&plain(), false, &[record()]), @r#"
    2026-11-22T06:30:33.750Z ERROR orders stock \x1b[2Jfailed status=500 why="no \"box\"" db.password=[masked] tags="[\"a\",\"password=[masked]\"]" empty="" logger=app.api request_id=018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12 span_id=8132b6d5e90ad81e
        Traceback:
            at f
        E: postgres://[masked]@db/x
    "#);
}

#[test]
fn a_piped_line_has_its_date_and_a_terminal_shows_it_when_it_changes() {
    let at = |time: &str, service: &str| LogRecord {
        time: UnixNanos::parse_rfc3339(time),
        service: Some(service.to_owned()),
        level: Some(Severity::Info),
        message: "hi".to_owned(),
        ..LogRecord::default()
    };
    let text = LogRecord { message: "plain text".to_owned(), ..LogRecord::default() };
    let records = [
        at("2026-11-22T23:59:59Z", "inventory"),
        at("2026-11-22T23:59:59.5Z", "orders"),
        text,
        at("2026-11-23T00:00:00Z", "orders"),
    ];
    insta::assert_snapshot!(written(&plain(), false, &records), @"
    2026-11-22T23:59:59.000Z INFO  inventory hi
    2026-11-22T23:59:59.500Z INFO  orders    hi
    -                        -     plain text
    2026-11-23T00:00:00.000Z INFO  orders    hi
    ");
    insta::assert_snapshot!(written(&terminal(), false, &records), @r##"
2026-11-22 UTC
23:59:59.000 INFO  inventory hi
23:59:59.500 INFO  orders    hi
-            -     plain text
2026-11-23 UTC
00:00:00.000 INFO  orders    hi
"##);
}

#[test]
fn a_piped_line_has_its_zone() {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(-3));
    let line = written(&Theme { zone, ..plain() }, false, &[record()]);
    assert!(line.starts_with("2026-11-22T03:30:33.750-03:00 ERROR"), "{line}");
}

#[test]
fn long_values_and_ids_are_cut_on_a_terminal_unless_asked_for_in_full() {
    let mut long =
        LogRecord { fields: vec![field("sql", &format!("\"{}\"", "x".repeat(80)))], ..record() };
    long.exception = None;
    insta::assert_snapshot!(written(&terminal(), false, &[long.clone()]), @r"
    2026-11-22 UTC
    06:30:33.750 ERROR orders stock \x1b[2Jfailed
        sql=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
        request_id=018f3c…4e2d12
    ");
    assert!(!written(&terminal(), true, &[long.clone()]).contains('…'));
    assert!(!written(&plain(), false, &[long]).contains('…'));
}

#[test]
fn services_have_colours_only_where_there_is_colour() {
    assert!(!written(&plain(), false, &[record()]).contains('\u{1b}'));
    let coloured = written(&Theme { color: true, ..terminal() }, false, &[record()]);
    assert!(coloured.contains("\u{1b}[36morders") && !coloured.contains("\u{1b}[2J"), "{coloured}");
}

#[test]
fn json_is_one_masked_line_of_the_same_record() {
    let mut out = Vec::new();
    json(&mut out, &plain(), &record()).unwrap();
    let line = String::from_utf8(out).unwrap();
    insta::assert_snapshot!(line, @r##"
{"time":"2026-11-22T06:30:33.75Z","level":"error","message":"stock \u001b[2Jfailed","service":"orders","logger":"app.api","request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12","trace_id":"018f3c1e9b7a7c448d215a0b6f4e2d12","span_id":"8132b6d5e90ad81e","exception":"Traceback:\n\tat f\nE: postgres://[masked]@db/x","fields":[{"name":"status","value":500},{"name":"why","value":"no \"box\""},{"name":"db.password","value":"[masked]"},{"name":"tags","value":["a","password=[masked]"]},{"name":"empty","value":""}]}
"##);
    serde_json::from_str::<LogRecord>(&line).unwrap();
}

#[test]
fn json_escapes_what_could_move_the_cursor() {
    let mut out = Vec::new();
    let message = "a\u{9b}2J\u{e0041}é".to_owned();
    json(&mut out, &plain(), &LogRecord { message: message.clone(), ..LogRecord::default() })
        .unwrap();
    assert_eq!(out, b"{\"message\":\"a\\u009b2J\\udb40\\udc41\xc3\xa9\"}\n");
    assert_eq!(serde_json::from_slice::<LogRecord>(&out).unwrap().message, message);
}

#[test]
fn secrets_are_shown_when_asked_for() {
    let theme = Theme { show_secrets: true, ..plain() };
    assert!(written(&theme, false, &[record()]).contains("db.password=hunter2"));
}

#[test]
fn the_raw_line_is_as_written_and_harmless_on_a_terminal() {
    let shown = |theme: &Theme| {
        let mut out = Vec::new();
        raw(&mut out, theme, &record().raw.unwrap()).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(shown(&plain()), "{\"a\":\t\"\u{1b}[2J\"}\n");
    assert_eq!(shown(&terminal()), "{\"a\":\t\"\\x1b[2J\"}\n");
}
