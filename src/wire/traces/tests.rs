use super::*;
use crate::model::{SpanKind, SpanStatus};

fn read(text: &str) -> TraceAnswer {
    decode_any_traces(text.as_bytes(), &mut |_| true).unwrap()
}

fn error(text: &[u8]) -> String {
    decode_any_traces(text, &mut |_| true).unwrap_err().to_string()
}

const TRACE: &str = "018f3c1e9b7a7c448d215a0b6f4e2d12";

#[test]
fn jaegers_envelope_is_read_with_its_processes_behind_the_spans() {
    let answer = read(
        r#"{"data":[{"traceID":"18f3c1e9b7a7c448d215a0b6f4e2d12","spans":[
        {"traceID":"18f3c1e9b7a7c448d215a0b6f4e2d12","spanID":"a1","operationName":"GET /","references":[],
         "startTime":2000,"duration":3,"tags":[{"key":"span.kind","type":"string","value":"server"},
         {"key":"error","type":"string","value":"unset"}],"logs":[],"processID":"p1","warnings":["skewed"]},
        {"traceID":"18f3c1e9b7a7c448d215a0b6f4e2d12","spanID":"b1","operationName":"select",
         "references":[{"refType":"CHILD_OF","traceID":"18f3c1e9b7a7c448d215a0b6f4e2d12","spanID":"a1"}],
         "startTime":2001,"duration":1,"tags":[{"key":"error","type":"bool","value":true}],"processID":"p1"}],
        "processes":{"p1":{"serviceName":"shop","tags":[{"key":"host.name","type":"string","value":"h"}]}}}],
        "errors":null}"#,
    );
    assert_eq!(answer.format, Some(TraceFormat::JaegerJson));
    let [one, two] = answer.spans.as_slice() else { panic!("{answer:?}") };
    assert_eq!((one.trace_id.to_string().as_str(), one.service.as_str()), (TRACE, "shop"));
    assert_eq!((one.status, one.kind), (SpanStatus::Unset, SpanKind::Server));
    assert_eq!((two.status, two.parent), (SpanStatus::Error, Some(one.span_id)));
    assert_eq!((two.start.0, two.duration_ns()), (2_001_000, Some(1_000)));
    assert_eq!(two.resource.len(), 2);
    assert_eq!(answer.warnings, ["skewed"]);
}

#[test]
fn zipkins_list_is_read_with_both_sides_of_a_call() {
    let answer = read(
        r#"[[{"traceId":"018f3c1e9b7a7c448d215a0b6f4e2d12","id":"a1","kind":"CLIENT","name":"get","timestamp":2000,
        "duration":5,"localEndpoint":{"serviceName":"web"},"tags":{"error":"","http.path":"/"}},
        {"traceId":"018f3c1e9b7a7c448d215a0b6f4e2d12","id":"a1","shared":true,"name":"get",
        "annotations":[{"timestamp":2002,"value":"\"exception\":{\"exception.type\":\"E\"}"}]}]]"#,
    );
    assert_eq!(answer.format, Some(TraceFormat::ZipkinJson));
    let [one, two] = answer.spans.as_slice() else { panic!("{answer:?}") };
    assert_eq!(
        (one.status, one.kind, one.attributes.len()),
        (SpanStatus::Error, SpanKind::Client, 1)
    );
    assert_eq!((two.kind, two.start.0, two.end), (SpanKind::Server, 2_002_000, None));
    assert_eq!(two.exception(), Some(("E", "")));
}

#[test]
fn tempos_ids_and_names_are_read_and_its_partial_answer_is_said() {
    let answer = read(
        r#"{"trace":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"AY88Hpt6fESNIVoLb04tEg==",
        "spanId":"7tB4iaAuHvk=","name":"x","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"7",
        "endTimeUnixNano":"9","status":{"code":"STATUS_CODE_ERROR"},"attributes":null}]}],
        "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pay"}}]}}]},
        "status":"PARTIAL","message":"filtered"}"#,
    );
    let [span] = answer.spans.as_slice() else { panic!("{answer:?}") };
    assert_eq!((span.trace_id.to_string().as_str(), span.service.as_str()), (TRACE, "pay"));
    assert_eq!(
        (span.span_id.to_string().as_str(), span.status),
        ("eed07889a02e1ef9", SpanStatus::Error)
    );
    assert_eq!(answer.incomplete, ["the backend answered in part: filtered"]);
}

#[test]
fn what_is_not_of_spans_is_named() {
    let page = b"\n<!DOCTYPE html><html><head><title>Sign in\n to Grafana</title>";
    assert_eq!(error(page), "it is an HTML page with the title \"Sign in to Grafana\"");
    assert_eq!(error(b" "), "it is empty");
    assert_eq!(error(b"\x1f\x8b\x08"), "it is compressed with gzip");
    assert!(error(b"trace not found").starts_with("it is text"));
    assert!(error(b"{\"a\":1}").starts_with("it is JSON, but not of spans"));
    let broken = error(b"\n{\"a\":1,\n  b}");
    assert_eq!(broken, "line 3, column 3: expected a name in quotes, or `}`, found `b`");
}

#[test]
fn a_trace_of_jaeger_may_come_without_its_envelope_and_its_tags_have_types() {
    let answer = read(
        "\u{feff}{\"processes\":{\"p\":{\"serviceName\":\"a\"}},\"spans\":[{\"traceID\":\"1f\",\"spanID\":\"2\",\"startTime\":5,
        \"processID\":\"p\",\"tags\":[{\"key\":\"i\",\"type\":\"int64\",\"value\":\"9007199254740993\"},
        {\"key\":\"f\",\"type\":\"float64\",\"value\":2},{\"key\":\"b\",\"type\":\"bool\",\"value\":\"true\"},
        {\"key\":\"x\",\"type\":\"binary\",\"value\":\"q80=\"},{\"key\":\"error\",\"type\":\"string\",\"value\":\"timeout\"}],
        \"warnings\":[\"the span had not ended, or ended before it began, when it was sent\"]}]}",
    );
    let [span] = answer.spans.as_slice() else { panic!("{answer:?}") };
    assert_eq!((span.service.as_str(), span.end, span.status), ("a", None, SpanStatus::Unset));
    let shown: Vec<String> =
        span.attributes.iter().map(|(key, value)| format!("{key} {value:?}")).collect();
    assert_eq!(
        shown,
        [
            "i Int(9007199254740993)",
            "f Double(2.0)",
            "b Bool(true)",
            "x Text(\"abcd\")",
            "error Text(\"timeout\")"
        ]
    );
}

#[test]
fn a_service_is_known_whether_its_resource_comes_before_or_after_its_spans() {
    let span = r#""scopeSpans":[{"spans":[{"traceId":"1f","spanId":"2","startTimeUnixNano":1}],"scope":{"name":"lib"}}]"#;
    let resource =
        r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}}]}"#;
    for document in [format!("{resource},{span}"), format!("{span},{resource}")] {
        let answer = read(&format!("{{\"batches\":[{{{document}}}]}}"));
        assert_eq!(
            (answer.spans[0].service.as_str(), answer.spans[0].scope.as_str()),
            ("web", "lib")
        );
        assert_eq!(answer.format, Some(TraceFormat::TempoJson));
    }
}

#[test]
fn spans_that_cannot_be_read_are_left_out_and_counted() {
    let answer = read(
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[7,null,{"spanId":"2"},{"traceId":"1f"},
        {"traceId":"1f","spanId":"2"},{"traceId":"1f","spanId":"3","startTimeUnixNano":1}]}]}]}"#,
    );
    assert_eq!(answer.spans.len(), 1);
    assert_eq!(answer.incomplete.len(), 4, "{answer:?}");
    assert!(answer.incomplete.iter().all(|one| one.starts_with("1 span was left out: ")));
}

#[test]
fn only_what_is_wanted_is_kept_and_everything_is_asked_about() {
    let list =
        r#"[{"traceId":"1f","id":"1","timestamp":1},{"traceId":"2f","id":"2","timestamp":1}]"#;
    let mut asked = 0;
    let wanted = crate::model::TraceId::new(0x2f).unwrap();
    let answer = decode_any_traces(list.as_bytes(), &mut |span| {
        asked += 1;
        span.trace_id == wanted
    });
    assert_eq!((asked, answer.unwrap().spans.len()), (2, 1));
}
