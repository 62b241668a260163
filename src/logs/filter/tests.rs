use super::super::read_line;
use super::*;

const UUID: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";

fn by_id(id: &str) -> LogFilter {
    LogFilter { correlation: Some(id.parse().unwrap()), ..LogFilter::default() }
}

fn found(filter: &LogFilter, line: &str) -> bool {
    filter.matches(&read_line(line.as_bytes()))
}

#[test]
fn an_id_matches_in_any_spelling_under_any_name_for_ids() {
    for line in [
        r#"{"request_id":"018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D12"}"#,
        r#"{"req":{"id":"018f3c1e9b7a7c448d215a0b6f4e2d12"}}"#,
        r#"{"trace_id":"0x018f3c1e9b7a7c448d215a0b6f4e2d12"}"#,
        r#"{"logging.googleapis.com/trace":"projects/p/traces/018f3c1e9b7a7c448d215a0b6f4e2d12"}"#,
        r#"{"request_id":"r1","correlation_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"}"#,
        r#"{"spans":[{"name":"a"},{"request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"}]}"#,
    ] {
        assert!(found(&by_id(UUID), line), "{line}");
    }
}

#[test]
fn an_id_elsewhere_in_the_line_matches_only_when_asked_for() {
    for line in [
        format!(r#"{{"message":"retry of {UUID}","request_id":"r2"}}"#),
        format!(r#"{{"caused_by":{{"request_id":"{UUID}"}}}}"#),
        format!(r#"{{"request_id":"{UUID}-2"}}"#),
        format!("plain {UUID}"),
    ] {
        assert!(!found(&by_id(UUID), &line), "{line}");
        assert!(found(&LogFilter { anywhere: true, ..by_id(UUID) }, &line), "{line}");
        assert!(by_id(UUID).matches_elsewhere(&read_line(line.as_bytes()), None), "{line}");
    }
}

#[test]
fn level_time_and_service_are_bounds() {
    let at = |text| UnixNanos::parse_rfc3339(text);
    let filter = LogFilter {
        level: Some(Severity::Warn),
        since: at("2026-11-22T06:30:00Z"),
        until: at("2026-11-22T06:40:00Z"),
        service: Some("Orders".to_owned()),
        ..LogFilter::default()
    };
    let line = |time, level| format!(r#"{{"time":"{time}","level":"{level}","service":"orders"}}"#);
    assert!(found(&filter, &line("2026-11-22T06:30:00Z", "error")));
    assert!(!found(&filter, &line("2026-11-22T06:29:59Z", "error")));
    assert!(!found(&filter, &line("2026-11-22T06:40:01Z", "error")));
    assert!(!found(&filter, &line("2026-11-22T06:35:00Z", "info")));
    assert!(found(&filter, r#"{"level":"error","service":"orders"}"#));
    assert!(!found(&filter, r#"{"level":"error"}"#));
}

#[test]
fn what_json_may_escape_is_no_part_of_a_literal() {
    let literals = by_id("AB/longer+x\u{e9}y").literals();
    assert_eq!(literals, [b"longer".to_vec(), b"LONGER".to_vec()]);
    assert!(by_id("/").literals().is_empty());
    assert!(LogFilter::default().literals().is_empty());
}

#[test]
fn a_line_that_names_no_service_is_of_what_its_file_is_called() {
    let filter = LogFilter { service: Some("inventory".to_owned()), ..LogFilter::default() };
    let of = |source: &str, line: &str| {
        filter.matches(&LogRecord { source: source.to_owned(), ..read_line(line.as_bytes()) })
    };
    for source in ["inventory.log", "logs/Inventory.log.2.gz", "/var/log/inventory"] {
        assert!(of(source, "text"), "{source}");
        assert!(!of(source, r#"{"service":"orders","msg":"text"}"#), "{source}");
    }
    for source in ["orders.log", "inventory/orders.log", "inventory-api.log", ""] {
        assert!(!of(source, "text"), "{source}");
        assert!(of(source, r#"{"service":"inventory","msg":"text"}"#), "{source}");
    }
}

#[test]
fn an_id_may_stand_in_braces_or_be_a_urn() {
    for id in
        ["{018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D12}", "urn:uuid:018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"]
    {
        assert!(found(&by_id(UUID), &format!(r#"{{"request_id":"{id}"}}"#)), "{id}");
        assert!(found(&by_id(id), &format!(r#"{{"request_id":"{UUID}"}}"#)), "{id}");
    }
}
