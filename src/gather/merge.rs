//! One trace out of the copies that several sources have of it.

use std::collections::HashMap;

use crate::model::{AttributeValue, Span, SpanId, TraceId};

/// Puts the spans of all sources, a list each, together by their ids; of several copies the one that
/// tells most stays, and of equal ones the first source's. They come in the order of their start.
///
/// Two spans of one source may share an id, as client and server do in Zipkin: they stay both, and a
/// source with both has more to tell than one with either.
pub(super) fn merged(sources: Vec<Vec<Span>>) -> Vec<Span> {
    let mut chosen: HashMap<(TraceId, SpanId), Vec<Span>> = HashMap::new();
    for spans in sources {
        let mut own: HashMap<(TraceId, SpanId), Vec<Span>> = HashMap::new();
        for span in spans {
            let same = own.entry((span.trace_id, span.span_id)).or_default();
            // The same span comes again where a trace was asked for twice.
            match same.iter_mut().find(|known| known.kind == span.kind) {
                None => same.push(span),
                Some(known) if richness(&span) > richness(known) => *known = span,
                Some(_) => {}
            }
        }
        for (key, copy) in own {
            let known = chosen.entry(key).or_default();
            if weight(&copy) > weight(known) {
                *known = copy;
            }
        }
    }
    let mut spans: Vec<Span> = chosen.into_values().flatten().collect();
    spans.sort_by_key(|span| (span.start, span.span_id, span.kind));
    spans
}

/// Returns how much a source tells of one id.
fn weight(copy: &[Span]) -> (usize, (bool, bool, usize, usize)) {
    (copy.len(), copy.iter().map(richness).max().unwrap_or_default())
}

/// Returns how much a copy tells, in the order of what matters: that it ended, nanoseconds, values
/// that kept their type, and the number of facts.
fn richness(span: &Span) -> (bool, bool, usize, usize) {
    let fine = |ns: i64| ns % 1_000 != 0;
    let fine = fine(span.start.0) || span.end.is_some_and(|end| fine(end.0));
    let typed =
        span.attributes.iter().filter(|(_, value)| !matches!(value, AttributeValue::Text(_)));
    let facts = span.attributes.len()
        + span.events.iter().map(|event| 1 + event.attributes.len()).sum::<usize>()
        + span.links.len()
        + span.resource.len()
        + usize::from(span.parent.is_some())
        + usize::from(!span.status_message.is_empty());
    (span.end.is_some(), fine, typed.count(), facts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{SpanKind, SpanStatus, UnixNanos};

    fn span(id: u64, start: i64) -> Span {
        Span {
            trace_id: TraceId::new(1).unwrap(),
            span_id: SpanId::new(id).unwrap(),
            parent: None,
            name: "a".to_owned(),
            kind: SpanKind::Internal,
            service: "s".to_owned(),
            start: UnixNanos(start),
            end: Some(UnixNanos(start + 5_000)),
            status: SpanStatus::Unset,
            status_message: String::new(),
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            resource: [].into(),
            scope: String::new(),
        }
    }

    #[test]
    fn nanoseconds_win_over_microseconds_and_an_end_over_both() {
        let (coarse, fine) = (span(1, 7_000), span(1, 7_123));
        for sources in
            [[vec![coarse.clone()], vec![fine.clone()]], [vec![fine.clone()], vec![coarse]]]
        {
            assert_eq!(merged(sources.to_vec()), std::slice::from_ref(&fine));
        }
        let running = Span { end: None, ..fine };
        assert_eq!(merged(vec![vec![running], vec![span(1, 7_000)]]), [span(1, 7_000)]);
    }

    #[test]
    fn what_kept_its_types_wins_and_what_one_alone_has_stays() {
        let text = Span {
            attributes: vec![("n".into(), AttributeValue::Text("1".into()))],
            ..span(1, 1_001)
        };
        let typed = Span { attributes: vec![("n".into(), AttributeValue::Int(1))], ..text.clone() };
        let found = merged(vec![vec![text], vec![typed.clone(), span(2, 9_000)]]);
        assert_eq!(found, [typed, span(2, 9_000)]);
    }

    #[test]
    fn a_client_and_a_server_that_share_an_id_stay_two() {
        let client = Span { kind: SpanKind::Client, ..span(1, 1_000) };
        let server = Span { kind: SpanKind::Server, ..span(1, 2_000) };
        let found = merged(vec![vec![span(1, 1_500)], vec![server.clone(), client.clone()]]);
        assert_eq!(found, [client, server]);
    }

    proptest! {
        #[test]
        fn the_order_of_spans_within_a_source_changes_nothing(
            ids in prop::collection::vec((1..9_u64, 0..4_i64), 0..20), turn in 0..20_usize,
        ) {
            let spans: Vec<Span> = ids.iter().map(|(id, at)| span(*id, *at * 500)).collect();
            let mut turned = spans.clone();
            let places = turned.len().max(1);
            turned.rotate_left(turn % places);
            let key = |spans: Vec<Span>| -> Vec<SpanId> {
                let mut ids: Vec<SpanId> = spans.iter().map(|span| span.span_id).collect();
                ids.sort();
                ids
            };
            let mut expected: Vec<SpanId> = spans.iter().map(|span| span.span_id).collect();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(key(merged(vec![spans])), expected.clone());
            prop_assert_eq!(key(merged(vec![turned])), expected);
        }
    }
}
