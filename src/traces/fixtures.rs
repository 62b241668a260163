//! Spans for tests: written by hand in milliseconds, and random ones.

use proptest::prelude::*;

use crate::model::{Attribute, Span, SpanId, SpanKind, SpanStatus, TraceId, UnixNanos};

/// The trace id of every span here.
pub(crate) fn trace_id() -> TraceId {
    TraceId::from_hex("018f3c1e9b7a7c448d215a0b6f4e2d12").unwrap()
}

/// When every trace here begins: 2026-11-22T06:30:00Z.
pub(crate) const BEGIN_NS: i64 = 1_795_329_000_000_000_000;

/// Builds an internal span of the service `shop`; parent 0 is none, times are milliseconds.
pub(crate) fn span(id: u64, parent: u64, name: &str, start_ms: i64, end_ms: i64) -> Span {
    let at = |ms: i64| UnixNanos(BEGIN_NS + ms * 1_000_000);
    Span {
        trace_id: trace_id(),
        span_id: SpanId::new(id).unwrap(),
        parent: SpanId::new(parent),
        name: name.into(),
        kind: SpanKind::Internal,
        service: "shop".into(),
        start: at(start_ms),
        end: Some(at(end_ms)),
        status: SpanStatus::Unset,
        status_message: String::new(),
        attributes: Vec::new(),
        events: Vec::new(),
        links: Vec::new(),
        resource: [].into(),
        scope: String::new(),
    }
}

/// Makes the span one that failed.
pub(crate) fn failed(span: Span) -> Span {
    Span { status: SpanStatus::Error, ..span }
}

/// Makes the span one of another service and kind.
pub(crate) fn of(service: &str, kind: SpanKind, span: Span) -> Span {
    Span { service: service.into(), kind, ..span }
}

/// Adds a text attribute.
pub(crate) fn with(key: &str, value: &str, mut span: Span) -> Span {
    span.attributes.push(attribute(key, value));
    span
}

/// Builds a text attribute.
pub(crate) fn attribute(key: &str, value: &str) -> Attribute {
    (key.into(), value.into())
}

/// Up to 40 spans whose parents may be absent, later, themselves or in a circle, and whose times,
/// names and ids may be anything.
pub(crate) fn any_spans() -> impl Strategy<Value = Vec<Span>> {
    let kind = prop::sample::select(vec![
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ]);
    let name = prop_oneof![
        4 => Just("select".to_owned()),
        2 => Just("GET /orders/{id}".to_owned()),
        1 => "\\PC{0,80}",
        1 => Just("\u{1b}[2J\r\n\u{202e}日本語 مرحبا e\u{301}".to_owned()),
    ];
    let times = (0_i64..50, prop::option::weighted(0.9, 0_i64..50));
    let one = (0_u64..24, 0_u64..26, kind, name, times, any::<bool>(), 0_usize..3);
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let made =
            all.into_iter().map(|(id, parent, kind, name, (start, length), error, place)| {
                let made = span(id + 1, parent, &name, start, start + length.unwrap_or(0));
                Span {
                    kind,
                    service: ["shop", "inventory", "\u{1b}]0;x\u{7}決済"][place].into(),
                    end: made.end.filter(|_| length.is_some()),
                    status: if error { SpanStatus::Error } else { SpanStatus::Unset },
                    ..made
                }
            });
        made.collect()
    })
}

/// Up to 24 spans of the tree number `seed`: calls between processes, consumers, clocks that are off,
/// children that outlive their parents, spans without a parent or an end. Cheap enough for thousands.
pub(crate) fn random_spans(seed: u64) -> Vec<Span> {
    const KINDS: [SpanKind; 4] =
        [SpanKind::Internal, SpanKind::Client, SpanKind::Server, SpanKind::Consumer];
    let mut state = seed;
    // SplitMix64: the same tree for the same seed, everywhere.
    let mut below = |limit: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    };
    let mut spans = Vec::new();
    for id in 1..=1 + below(24) {
        let parent = if id == 1 { 0 } else { below(id + 1) };
        let start = i64::try_from(below(60)).unwrap();
        let end = start + i64::try_from(below(40)).unwrap();
        let kind = KINDS[usize::try_from(below(4)).unwrap()];
        let service = if below(2) == 0 { "shop" } else { "payments" };
        let mut made = of(service, kind, span(id, parent, "work", start, end));
        // Nanoseconds too: rounding to anything coarser loses spans.
        made.start.0 += i64::try_from(below(1000)).unwrap();
        made.end = made.end.filter(|end| below(12) > 0 && *end >= made.start);
        spans.push(made);
    }
    spans
}
