use super::*;
use crate::model::{AttributeValue, SpanEvent, SpanId, SpanStatus};
use crate::store::Retention;
use crate::store::{Record, Writer};

fn span(trace: u128, id: u64, service: &str, name: &str, start: i64) -> Span {
    Span {
        trace_id: TraceId::new(trace).unwrap(),
        span_id: SpanId::new(id).unwrap(),
        parent: None,
        name: name.to_owned(),
        kind: SpanKind::Server,
        service: service.to_owned(),
        start: UnixNanos(start),
        end: Some(UnixNanos(start + 10)),
        status: SpanStatus::Unset,
        status_message: String::new(),
        attributes: Vec::new(),
        events: Vec::new(),
        links: Vec::new(),
        resource: [].into(),
        scope: String::new(),
    }
}

fn with<T>(spans: Vec<Span>, ask: impl FnOnce(&Reader) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.sqlite");
    let writer = Writer::open(&file, Retention::default()).unwrap();
    writer.write(spans.into_iter().map(|span| Record::Span(Box::new(span))).collect()).unwrap();
    ask(&Reader::open(&file).unwrap())
}

fn names(found: &Found<Vec<Vec<Span>>>) -> Vec<&str> {
    found.found.iter().map(|trace| trace[0].name.as_str()).collect()
}

#[test]
fn services_and_operations_are_each_named_once() {
    let spans = vec![
        span(1, 1, "web", "GET /", 5),
        span(1, 2, "db", "SELECT", 6),
        span(2, 1, "web", "GET /", 7),
        Span { kind: SpanKind::Client, ..span(2, 2, "web", "POST", 8) },
    ];
    with(spans, |reader| {
        let services = reader.services().unwrap();
        assert_eq!((services.found, services.complete), (vec!["db".into(), "web".into()], true));
        let expected =
            [("GET /".to_owned(), SpanKind::Server), ("POST".to_owned(), SpanKind::Client)];
        assert_eq!(reader.operations("web").unwrap().found, expected);
        assert!(reader.operations("nope").unwrap().found.is_empty());
    });
}

#[test]
fn traces_are_found_by_service_time_and_duration_the_latest_first() {
    let slow = Span { end: Some(UnixNanos(1_030)), ..span(2, 1, "web", "b", 30) };
    let running = Span { end: None, ..span(3, 1, "web", "c", 40) };
    let spans = vec![span(1, 1, "web", "a", 20), slow, running, span(4, 1, "db", "d", 50)];
    let web = TraceQuery { service: Some("web".into()), limit: 10, ..TraceQuery::default() };
    with(spans, |reader| {
        let find = |query: TraceQuery| {
            let found = reader.find_traces(&query).unwrap();
            names(&found).join(" ")
        };
        assert_eq!(find(web.clone()), "c b a");
        assert_eq!(find(TraceQuery { limit: 2, ..web.clone() }), "c b");
        assert_eq!(find(TraceQuery { operation: Some("b".into()), ..web.clone() }), "b");
        let between =
            TraceQuery { since: Some(UnixNanos(20)), until: Some(UnixNanos(30)), ..web.clone() };
        assert_eq!(find(between), "b a");
        assert_eq!(find(TraceQuery { duration_min_ns: Some(11), ..web.clone() }), "b");
        assert_eq!(find(TraceQuery { duration_max_ns: Some(10), ..web }), "a");
    });
}

#[test]
fn all_conditions_hold_of_one_span() {
    let tag = |key: &str, value| (key.to_owned(), value);
    let mut one = span(1, 1, "web", "a", 20);
    one.attributes = vec![tag("http.response.status_code", AttributeValue::Int(503))];
    one.resource = [tag("host.name", "h1".into())].into();
    let attributes = vec![tag("exception.type", "KeyError".into())];
    one.events = vec![SpanEvent { time: UnixNanos(21), name: "exception".into(), attributes }];
    let mut other = span(1, 2, "db", "b", 22);
    other.attributes = vec![tag("db", "x".into())];
    with(vec![one, other], |reader| {
        let find = |service: Option<&str>, pairs: &[(&str, &str)]| {
            let attributes = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            let query = TraceQuery {
                service: service.map(str::to_owned),
                attributes: attributes.collect(),
                limit: 10,
                ..TraceQuery::default()
            };
            reader.find_traces(&query).unwrap().found.len()
        };
        let all = [
            ("http.response.status_code", "503"),
            ("host.name", "h1"),
            ("exception.type", "KeyError"),
            ("error", "true"),
            ("span.kind", "server"),
            ("otel.status_code", "UNSET"),
        ];
        assert_eq!(find(Some("web"), &all), 1);
        assert_eq!(find(None, &[("db", "x"), ("error", "false")]), 1);
        assert_eq!(find(Some("web"), &[("db", "x")]), 0, "another span's");
        assert_eq!(find(None, &[("db", "x"), ("host.name", "h1")]), 0, "of two spans");
    });
}

#[test]
fn a_call_from_one_service_to_another_is_counted() {
    let child = |trace, id, service, parent| Span {
        parent: SpanId::new(parent),
        ..span(trace, id, service, "x", 30)
    };
    let spans = vec![
        span(1, 1, "web", "a", 20),
        child(1, 2, "web", 1),
        child(1, 3, "db", 2),
        child(2, 3, "db", 2),
        child(1, 4, "db", 1),
    ];
    with(spans, |reader| {
        let all = reader.dependencies(UnixNanos(0), UnixNanos(100)).unwrap().found;
        let expected = Dependency { parent: "web".into(), child: "db".into(), calls: 2 };
        assert_eq!(all, [expected]);
        assert!(reader.dependencies(UnixNanos(90), UnixNanos(100)).unwrap().found.is_empty());
    });
}

#[test]
fn a_list_sums_traces_up_and_says_when_there_are_more() {
    use crate::model::TraceSearch;
    let child = Span {
        parent: SpanId::new(1),
        status: SpanStatus::Error,
        end: Some(UnixNanos(90)),
        ..span(1, 2, "db", "SELECT", 30)
    };
    let spans = vec![span(1, 1, "web", "GET /", 20), child, span(2, 1, "web", "POST", 40)];
    with(spans, |reader| {
        let search = TraceSearch { until: UnixNanos(100), limit: 1, ..TraceSearch::default() };
        let list = reader.list_traces(&search).unwrap();
        assert_eq!((list.traces.len(), list.truncated, list.incomplete), (1, true, None));
        assert_eq!(list.traces[0].name.as_deref(), Some("POST"));
        let failed = TraceSearch { errors: true, limit: 9, ..search };
        let list = reader.list_traces(&failed).unwrap();
        let one = &list.traces[0];
        assert_eq!((list.traces.len(), list.truncated, one.trace_id.to_bytes()[15]), (1, false, 1));
        assert_eq!((one.duration_ns, one.spans, one.errors), (Some(70), Some(2), Some(1)));
        let of_web = TraceSearch { service: Some("web".to_owned()), ..failed };
        assert!(reader.list_traces(&of_web).unwrap().traces.is_empty());
    });
}
