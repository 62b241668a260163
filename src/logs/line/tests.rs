use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// Shows what a record knows: the named parts, then the fields.
fn outline(record: &LogRecord) -> String {
    let mut shown = String::new();
    let time = record.time.map_or("-".to_owned(), |time| time.to_string());
    let level = record.level.map_or("-", Severity::name);
    let message: String = record.message.chars().take(60).collect();
    write!(shown, "{time} {level} {message:?}").unwrap();
    for (name, part) in [
        ("service", &record.service),
        ("logger", &record.logger),
        ("request", &record.request_id),
        ("trace", &record.trace_id),
        ("span", &record.span_id),
    ] {
        if let Some(part) = part {
            write!(shown, " {name}:{part}").unwrap();
        }
    }
    if let Some(exception) = &record.exception {
        write!(shown, " !{:?}", exception.trim_end().lines().last().unwrap_or_default()).unwrap();
    }
    for field in &record.fields {
        let value: String = field.value.get().chars().take(20).collect();
        write!(shown, " {}={value}", field.name).unwrap();
    }
    shown
}

fn outlines(log: &str) -> String {
    let lines: Vec<String> = log.lines().map(|line| outline(&read_line(line.as_bytes()))).collect();
    lines.join("\n")
}

#[test]
fn python_loggers_are_understood() {
    let log = include_str!("../../../tests/fixtures/logs/python.jsonl");
    insta::assert_snapshot!(outlines(log), @r##"
- - "boom" request:r1 !"ZeroDivisionError: division by zero"
2026-11-22T06:29:57.168Z error "boom" logger:app.api request:r1 !"ZeroDivisionError: division by zero"
2026-11-22T06:29:57.168603Z error "boom" request:r1 !"ZeroDivisionError: division by zero"
2026-11-22T06:29:57.168Z error "boom" logger:app.api trace:4bf92f3577b34da6a3ce929d0e0e4736 !"         ~^~" ecs.version="1.6.0" error.message="division by zero" error.type="ZeroDivisionError" log.origin.file.line=9 log.origin.file.name="py.py" log.origin.function="cap" log.original="boom" process.name="MainProcess" process.pid=24441 process.thread.id=140030773681024 process.thread.name="MainThread"
2026-11-22T06:29:57.169439Z error "boom" request:r1 !"ZeroDivisionError: division by zero"
2026-11-22T06:29:57.1761496Z error "boom" request:r1 exc_info=true
- - "{\"request_id\": \"r1\", \"level\": \"error\", \"timestamp\": \"2026-11"
2026-11-22T06:29:57.448289Z warn "hi" logger:__main__ request:r1 record.elapsed.repr="0:00:00.078379" record.elapsed.seconds=0.078379 record.file.name="py.py" record.file.path="/srv/app/samples/py record.function="<module>" record.line=23 record.module="py" record.process.id=24441 record.process.name="MainProcess" record.thread.id=140030773681024 record.thread.name="MainThread"
- info "" logging.googleapis.com/diagnostic.instrumentation_source=[{"name": "python",  logging.googleapis.com/labels.python_logger="google.cloud.loggin logging.googleapis.com/trace_sampled=false logging.googleapis.com/sourceLocation.line=151 logging.googleapis.com/sourceLocation.file="/srv/app/venv/lib/p logging.googleapis.com/sourceLocation.function="emit_instrumentatio
- error "x" request:r1 trace:projects/p/traces/4bf9 logging.googleapis.com/labels.python_logger="gcp" logging.googleapis.com/trace_sampled=false logging.googleapis.com/sourceLocation.line=26 logging.googleapis.com/sourceLocation.file="/srv/app/samples/py logging.googleapis.com/sourceLocation.function="<module>"
"##);
}

#[test]
fn javascript_loggers_are_understood() {
    let log = include_str!("../../../tests/fixtures/logs/javascript.jsonl");
    insta::assert_snapshot!(outlines(log), @r##"
2026-11-22T06:30:03.088Z error "hi" request:r1 !"    at node:internal/main/run_main_module:28:49" pid=24628 hostname="vm" err.type="Error" err.message="boom"
2026-11-22T06:30:03.1Z warn "hi" request:r1 pid=24628 hostname="vm"
2026-11-22T06:30:03.103Z info "fastify style" request:7 pid=24628 hostname="vm"
2026-11-22T06:30:03.134Z error "hi" request:r1
2026-11-22T06:30:03.181Z warn "hi" logger:app request:r1 hostname="vm" pid=24628 v=0
2026-11-22T06:30:03.21Z info "ecs" trace:abc process.pid=24628 host.hostname="vm" ecs.version="8.10.0"
"##);
}

#[test]
fn the_services_of_an_incident_are_understood() {
    let orders = include_str!("../../../tests/fixtures/logs/orders-api.jsonl");
    let inventory = include_str!("../../../tests/fixtures/logs/inventory.jsonl");
    let stderr = include_str!("../../../tests/fixtures/logs/gunicorn.stderr");
    insta::assert_snapshot!(outlines(&format!("{orders}{inventory}{stderr}")), @r##"
2026-11-22T06:53:54.758777Z info "startup complete" service:orders-api logger:orders context.release="orders-api@1.4.2" context.environment="staging"
2026-11-22T06:53:54.767962Z info "Application startup complete." service:orders-api logger:uvicorn.error
2026-11-22T06:53:54.769067Z info "Uvicorn running on http://127.0.0.1:8811 (Press CTRL+C to qu" service:orders-api logger:uvicorn.error
2026-11-22T06:53:55.122169Z info "request" service:orders-api logger:orders request:09a99bbb-374a-470c-9245-9aa414f292a8 trace:09a99bbb374a470c92459aa414f292a8 span:5c2d9c0eacf67778 context.status=200 context.duration_ms=23.05 context.path="/healthz" context.method="GET"
2026-11-22T06:53:55.123165Z info "127.0.0.1:38404 - \"GET /healthz HTTP/1.1\" 200" service:orders-api logger:uvicorn.access request:09a99bbb-374a-470c-9245-9aa414f292a8 trace:09a99bbb374a470c92459aa414f292a8 span:5c2d9c0eacf67778 context.path="/healthz" context.method="GET"
2026-11-22T06:54:15.174986Z error "pricing failed" service:orders-api logger:orders.errors request:db6acc5a-f6b0-4eb6-ba3e-b1bc782c9882 trace:db6acc5af6b04eb6ba3eb1bc782c9882 span:0d690afe5c85663f !"PricingError: no price for SKU-77" context.error="no price for SKU-77 context.sentry_event_id="310ab34bdb064f1c98d context.path="/fail" context.method="GET"
2026-11-22T06:53:55.19071Z info "request_finished" request:334275d2-3c7f-06ae-18cd-0dfd3fc1b185 trace:334275d23c7f06ae18cd0dfd3fc1b185 span:8132b6d5e90ad81e method="GET" path="/healthz" status=200 duration=0.00031
2026-11-22T06:53:56.827917Z info "request_finished" request:e4762263-f086-4276-a60e-8228f6040d40 trace:e4762263f0864276a60e8228f6040d40 span:cd281c7bbfe76ad5 method="GET" path="/stock/SKU-6" status=200 duration=0.00266
2026-11-22T06:53:56.888648Z info "request_finished" request:e9f94ec3-00d1-4541-9baf-1dc3637b6507 trace:e9f94ec300d145419baf1dc3637b6507 span:de3a3a252178d3f5 method="GET" path="/stock/SKU-1" status=200 duration=0.00232
2026-11-22T06:53:41Z info "Booting worker with pid: 10642"
2026-11-22T06:54:02.235Z error "Exception on /stock/SKU-9 [GET]" logger:app
- - "Traceback (most recent call last):"
- - "  File \"/srv/checkout/current/app/inventory_flask/app.py\", l"
- - "    return jsonify(sku=sku, per_box=row.qty / 0)"
- - "                                    ~~~~~~~~^~~"
- - "ZeroDivisionError: division by zero"
- - ""
- - "The above exception was the direct cause of the following ex"
"##);
}

#[test]
fn dialects_known_from_their_documentation_are_understood() {
    let log = [
        r#"{"timestamp":"2026-11-22T06:30:00Z","level":"WARN","fields":{"message":"slow","ms":7},"target":"orders::db","span":{"name":"q"},"spans":[{"request_id":"r1","name":"http"},{"name":"q"}]}"#,
        r#"{"ts":1795329000.5,"level":"dpanic","logger":"caddy","msg":"zap","stacktrace":"main.f"}"#,
        r#"{"time":"2026-11-22T07:30:00.123456789+01:00","level":"INFO+2","msg":"slog","source":{"line":3}}"#,
        r#"{"@t":"2026-11-22T06:30:00.1234567Z","@m":"clef","@tr":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        r#"{"version":"1.1","timestamp":1795329000.25,"level":3,"short_message":"gelf","_request_id":"r1"}"#,
        r#"{"timeUnixNano":"1795329000000000001","severityNumber":17,"body":{"stringValue":"otel"},"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        r#"{"__REALTIME_TIMESTAMP":"1795329000000001","PRIORITY":"4","MESSAGE":"journal"}"#,
        r#"{"instant":{"epochSecond":1795329000,"nanoOfSecond":7},"level":"ERROR","loggerName":"a.B","message":"log4j2","contextMap":{"requestId":"r1"}}"#,
    ];
    insta::assert_snapshot!(outlines(&log.join("\n")), @r##"
2026-11-22T06:30:00Z warn "slow" logger:orders::db request:r1 fields.ms=7 span.name="q" spans=[{"request_id":"r1",
2026-11-22T06:30:00.5Z fatal "zap" logger:caddy !"main.f"
2026-11-22T06:30:00.123456789Z info "slog" source.line=3
2026-11-22T06:30:00.1234567Z info "clef" trace:4bf92f3577b34da6a3ce929d0e0e4736
2026-11-22T06:30:00.25Z error "gelf" request:r1 version="1.1"
2026-11-22T06:30:00.000000001Z error "otel" trace:4bf92f3577b34da6a3ce929d0e0e4736
2026-11-22T06:30:00.000001Z warn "journal"
2026-11-22T06:30:00.000000007Z error "log4j2" logger:a.B request:r1
"##);
}

/// Each sample of `documented.log` stands between its name (`# …`) and what is read of it (`> …`).
#[test]
fn every_documented_dialect_and_wrapper_is_read_as_its_sample_says() {
    let samples = include_str!("../../../tests/fixtures/logs/dialects/documented.log");
    let mut samples_read = String::new();
    for line in samples.lines() {
        match line.get(..2) {
            Some("# ") => writeln!(samples_read, "{line}").unwrap(),
            Some("> ") => {}
            _ => {
                let read = outline(&read_line(line.as_bytes()));
                writeln!(samples_read, "{line}\n> {read}").unwrap();
            }
        }
    }
    assert!(samples_read == samples, "read now:\n{samples_read}");
}

#[test]
fn a_line_that_is_no_json_is_its_own_message() {
    let record = read_line(b"\xef\xbb\xbfplain \xff text\r\n");
    assert_eq!(record.message, "plain \u{fffd} text");
    assert_eq!(record.raw.unwrap(), b"\xef\xbb\xbfplain \xff text\r");
    let cut = read_line(br#"{"request_id":"r1","msg":"cut"#);
    assert_eq!((cut.request_id, cut.message.as_str()), (None, r#"{"request_id":"r1","msg":"cut"#));
}

#[test]
fn what_is_known_but_unusable_stays_a_field() {
    let line = br#"{"time":0.003,"level":"loud","message":7,"exception":[1],"otelTraceID":"0","request_id":null}"#;
    insta::assert_snapshot!(outline(&read_line(line)), @r##"
- - "" time=0.003 level="loud" message=7 exception=[1] otelTraceID="0"
"##);
}

#[test]
fn a_value_that_is_no_valid_json_is_kept_as_text() {
    let record = read_line(b"{\"a\":NaN,\"b\":\"x\ty\",\"c\":\"\xff\"}");
    insta::assert_snapshot!(outline(&record), @r##"
- - "" a="NaN" b="x\ty" c="�"
"##);
}

#[test]
fn objects_deeper_than_the_bound_stay_one_value() {
    let line = format!("{}1{}", "{\"a\":".repeat(12), "}".repeat(12));
    let record = read_line(line.as_bytes());
    let shown: Vec<_> = record.fields.iter().map(|f| (f.name.as_str(), f.value.get())).collect();
    assert_eq!(shown, [("a.a.a.a.a.a.a.a.a", r#"{"a":{"a":{"a":1}}}"#)]);
}

proptest! {
    #[test]
    fn any_bytes_make_a_record(
        line in prop::collection::vec(prop_oneof![
            any::<u8>(), prop::sample::select(&b"{}[]\",:\\ 1tn."[..])
        ], 0..80),
        key in prop::sample::select(vec![
            "time", "level", "message", "spans", "exception", "trace_id", "record", "@t", "log",
        ]),
    ) {
        read_line(&line);
        read_line(&[format!("{{\"{key}\":").as_bytes(), &line, b"}"].concat());
    }

    #[test]
    fn every_value_is_in_the_record_once(
        map in prop::collection::btree_map("[a-c]{3,5}", "\\PC{0,8}", 0..6),
    ) {
        let record = read_line(&serde_json::to_vec(&map).unwrap());
        let read: std::collections::BTreeMap<_, _> =
            record.fields.iter().map(|field| (field.name.clone(), field.text())).collect();
        prop_assert_eq!(read, map);
    }
}

/// Lines of every kind: JSON, bare and in wrappers, logfmt, plain, some of them broken.
fn any_line() -> impl Strategy<Value = String> {
    let wrapped = |start: &'static str| any_json().prop_map(move |json| format!("{start}{json}"));
    let words = prop::sample::select(vec![
        "2026-11-22 06:30:00,5 ERROR app.db: failed request_id=r1",
        "[2026-11-22 06:30:00 +0000] [7] [INFO] Booting",
        "Nov 22 06:30:00 web app[7]: ERROR trace_id=4bf92f",
        "level=warn msg=\"two words\" request_id=r1 n=7 exception=\"E: b \"",
        "E1122 06:30:00.123456       7 server.go:12] text",
        "plain words",
        "",
    ]);
    let in_docker =
        prop_oneof![any_json(), words.clone().prop_map(str::to_owned)].prop_map(|line| {
            let line = serde_json::to_string(&format!("{line}\n")).unwrap();
            format!("{{\"log\":{line},\"stream\":\"stderr\",\"time\":\"2026-11-22T06:30:00.1Z\"}}")
        });
    let in_journal = any_json().prop_map(|json| {
        let bytes: Vec<u8> = json.into_bytes();
        format!("{{\"__REALTIME_TIMESTAMP\":\"1795329000000000\",\"MESSAGE\":{bytes:?}}}")
    });
    prop_oneof![
        any_json(),
        wrapped("2026-11-22T06:30:00.1Z stdout F "),
        wrapped("api-1  | "),
        wrapped("[pod/orders-7d9/api] "),
        wrapped("2026-11-22 06:30:00 ERROR app: "),
        wrapped("\u{1b}[36mapi-1  |\u{1b}[0m "),
        (wrapped("api-1  | "), words.clone()).prop_map(|(json, words)| json + words),
        words.prop_map(str::to_owned),
        in_docker,
        in_journal,
    ]
}

/// JSON with values in every place, some of them keys of loggers, some broken.
fn any_json() -> impl Strategy<Value = String> {
    let known = [
        "level",
        "time",
        "msg",
        "text",
        "record",
        "message",
        "exception",
        "request_id",
        "trace",
        "span",
        "spans",
        "fields",
        "@t",
        "a",
        "b.c",
        "é",
    ];
    let key = prop::sample::select(known.to_vec());
    let leaves = [
        "null",
        "\"\"",
        "12",
        "1795329000",
        "NaN",
        "01",
        "true",
        "\"info\"",
        "\"r\\u00e9\"",
        "\"\\q\"",
        "\"\\ud800\"",
        "\"a\tb\"",
        "[]",
        "\"2026-11-22T06:30:00.5Z\"",
        "\"E: b\\n  \"",
        "[\"a\", 1]",
        "\"abc\"",
        "{\"name\":\"error\"}",
    ];
    let leaf = prop::sample::select(leaves.to_vec()).prop_map(str::to_owned);
    let value = leaf.prop_recursive(3, 16, 4, move |inner| {
        let pairs = prop::collection::vec((key.clone(), inner.clone()), 0..5);
        let object = pairs.prop_map(|pairs| {
            let members = pairs.iter().map(|(key, value)| format!("\"{key}\":{value}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        });
        prop_oneof![object, inner.prop_map(|one| format!("[{one}]"))]
    });
    (value, 0_usize..20).prop_map(|(value, cut)| {
        let cut = if cut == 0 { value.len() / 2 } else { value.len() };
        value.chars().take(cut).collect()
    })
}

/// Returns what is shown of a line, and what is shown of its record.
fn shown_twice(line: &[u8]) -> (String, String) {
    let mut room = Room::default();
    let outline = Outline::of(line, &mut room);
    let mut record = read(&outline, &room);
    record.exception = record.exception.map(|exception| exception.trim_end().to_owned());
    let of_record = format!("{:?}", LogLine::from(&record));
    (format!("{:?}", show(&outline, &room)), of_record)
}

#[test]
fn what_is_shown_of_every_documented_line_is_what_is_shown_of_its_record() {
    let documented = &include_bytes!("../../../tests/fixtures/logs/dialects/documented.log")[..];
    let recorded =
        &include_bytes!("../../../tests/fixtures/logs/incident/inventory.gunicorn.stderr")[..];
    let invalid = &b"2026-11-22 06:30:00,5 ERROR app: \xff request_id=r1"[..];
    let lines =
        [documented, recorded, invalid].into_iter().flat_map(|log| log.split(|b| *b == b'\n'));
    for line in lines {
        let (of_line, of_record) = shown_twice(line);
        assert_eq!(of_line, of_record, "{}", String::from_utf8_lossy(line));
    }
}

proptest! {
    #[test]
    fn what_is_shown_of_a_line_is_what_is_shown_of_its_record(line in any_line()) {
        let (of_line, of_record) = shown_twice(line.as_bytes());
        prop_assert_eq!(of_line, of_record);
    }

    #[test]
    fn one_walk_finds_the_fields_that_two_find(line in any_line()) {
        let mut room = Room::default();
        let outline = Outline::of(line.as_bytes(), &mut room);
        let once = format!("{:?}", read(&outline, &room));
        let twice = read(&Outline { folded: true, ..outline }, &room);
        prop_assert_eq!(once, format!("{twice:?}"));
    }
}
