use super::*;

#[test]
fn times_are_read_in_every_unit_without_losing_a_digit() {
    for (value, nanos) in [
        ("1795328997", 1_795_328_997_000_000_000),
        ("1795328997.448289", 1_795_328_997_448_289_000),
        ("1795329003088", 1_795_329_003_088_000_000),
        ("\"1795328997448289123\"", 1_795_328_997_448_289_123),
        ("1.795328997e9", 1_795_328_997_000_000_000),
        ("\"2026-11-22 06:29:57,168\"", 1_795_328_997_168_000_000),
        (r#"{"seconds":"1795328997","nanos":5}"#, 1_795_328_997_000_000_005),
        (r#"{"epochSecond":1795328997,"nanoOfSecond":5}"#, 1_795_328_997_000_000_005),
        (r#"{"repr":"x","timestamp":1795328997.5}"#, 1_795_328_997_500_000_000),
    ] {
        assert_eq!(time(value.as_bytes()), Some(UnixNanos(nanos)), "{value}");
    }
}

#[test]
fn a_duration_is_not_a_time() {
    for value in ["0.0031", "12", "-5", "true", "\"soon\"", "{}", "1e3", "99999999999999999999"] {
        assert_eq!(time(value.as_bytes()), None, "{value}");
    }
}

#[test]
fn a_number_means_what_its_key_means() {
    for (key, value, expected) in [
        ("level", "50", Severity::Error),
        ("levelno", "50", Severity::Fatal),
        ("level", "4", Severity::Warn),
        ("PRIORITY", "\"3\"", Severity::Error),
        ("severityNumber", "17", Severity::Error),
        ("LogLevel", "4", Severity::Error),
        ("level_value", "40000", Severity::Error),
        ("severity", "500", Severity::Error),
        ("level", "\"WARNING\"", Severity::Warn),
        ("record.level", r#"{"name":"ERROR","no":40}"#, Severity::Error),
    ] {
        assert_eq!(level(key, value.as_bytes()), Some(expected), "{key}={value}");
    }
}

#[test]
fn what_stands_for_no_id_is_none() {
    for value in ["\"\"", "\"0\"", "null", "false", "\"00000000-0000\""] {
        assert_eq!(id(value.as_bytes()), None, "{value}");
    }
}

#[test]
fn a_list_of_exceptions_reads_as_a_traceback() {
    let value = br#"[{"exc_type":"E","exc_value":"v","frames":[{"filename":"a.py","lineno":1,"name":"f"}]}]"#;
    let expected = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nE: v";
    assert_eq!(exception(value).as_deref(), Some(expected));
}
