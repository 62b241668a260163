//! The last traces of one operation, with their spans: what is usual for it.

use futures_util::future::join_all;

use super::merge::merged;
use super::{of_trace, trace_lists};
use crate::model::{Gathered, Missing, Span, TraceId, TraceSearch};
use crate::sources::Backend;

/// How many traces are fetched at once.
const AT_ONCE: usize = 8;

/// Traces of one operation.
#[derive(Debug, Default)]
pub struct SameOperation {
    /// The traces, the latest first, with the spans of each.
    pub traces: Vec<(TraceId, Vec<Span>)>,
    /// What a reader should know of the search: there may be more traces, or younger ones.
    pub remarks: Vec<String>,
}

/// Returns at most `limit` traces, the latest of those that `search` finds whose root does `name`,
/// other than `except`; each is asked of every source that has traces, and put together as a single
/// one is.
pub async fn same_operation(
    backends: &[Box<dyn Backend>],
    search: &TraceSearch,
    name: &str,
    except: TraceId,
    limit: usize,
) -> Gathered<SameOperation> {
    let Gathered { found: list, asked, mut missing } = trace_lists(backends, search).await;
    let mut found = SameOperation { traces: Vec::new(), remarks: list.remarks };
    let same = list
        .traces
        .into_iter()
        .filter(|trace| trace.trace_id != except && trace.name.as_deref() == Some(name))
        .filter(|trace| search.service.is_none() || trace.service == search.service);
    let same: Vec<TraceId> = same.map(|trace| trace.trace_id).take(limit).collect();
    if list.truncated && same.len() < limit {
        let looked_at = search.limit;
        found.remarks.push(format!("only the latest {looked_at} traces were looked through"));
    }
    for some in same.chunks(AT_ONCE) {
        let asked = some.iter().map(|trace_id| of_trace(backends, *trace_id));
        for (trace_id, (lists, failed)) in some.iter().zip(join_all(asked).await) {
            let spans = merged(lists);
            if !spans.is_empty() {
                found.traces.push((*trace_id, spans));
            }
            let known = |one: &Missing| missing.iter().any(|known| known.source == one.source);
            let new: Vec<Missing> = failed.into_iter().filter(|one| !known(one)).collect();
            missing.extend(new);
        }
    }
    Gathered { found, asked, missing }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::model::{FoundTrace, SpanId, TraceList, TraceSummary, UnixNanos};
    use crate::sources::{SourceError, TraceSource};
    use crate::traces::fixtures::span;

    /// A backend with traces 1 to 3 of one span each; its times are off by `coarse` nanoseconds.
    #[derive(Debug)]
    struct Having {
        coarse: i64,
        truncated: bool,
    }

    fn id(number: u128) -> TraceId {
        TraceId::new(number).unwrap()
    }

    #[async_trait]
    impl Backend for Having {
        fn name(&self) -> String {
            format!("off by {}", self.coarse)
        }

        async fn ping(&self) -> Result<String, SourceError> {
            Ok(String::new())
        }

        fn traces(&self) -> Option<&dyn TraceSource> {
            Some(self)
        }
    }

    #[async_trait]
    impl TraceSource for Having {
        async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
            let one = span(1, 0, "GET /", 0, 9);
            let start = UnixNanos(one.start.0 - self.coarse);
            let incomplete = (trace_id == id(2)).then(|| "cut".to_owned());
            let spans = vec![Span { trace_id, start, ..one }];
            Ok(FoundTrace { spans, incomplete, ..FoundTrace::default() })
        }

        async fn search(&self, _: &TraceSearch) -> Result<TraceList, SourceError> {
            let summary = |number| TraceSummary {
                trace_id: id(number),
                name: Some(if number == 3 { "other" } else { "GET /" }.to_owned()),
                service: None,
                start: UnixNanos(1),
                duration_ns: Some(1),
                spans: Some(1),
                errors: Some(0),
            };
            let traces = (1..=3).map(summary).collect();
            Ok(TraceList { traces, truncated: self.truncated, ..TraceList::default() })
        }
    }

    #[test]
    fn copies_of_two_sources_are_one_trace_and_what_is_cut_is_said() {
        let backends: Vec<Box<dyn Backend>> = vec![
            Box::new(Having { coarse: 7, truncated: false }),
            Box::new(Having { coarse: 0, truncated: true }),
        ];
        let until = UnixNanos(2);
        let search = TraceSearch { until, limit: 9, ..TraceSearch::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let asked = same_operation(&backends, &search, "GET /", id(9), 50);
        let Gathered { found, missing, .. } = runtime.block_on(asked);
        let of = |spans: &[Span]| spans.iter().map(|span| span.span_id).collect::<Vec<_>>();
        let spans: Vec<Vec<SpanId>> = found.traces.iter().map(|(_, spans)| of(spans)).collect();
        assert_eq!(spans, vec![vec![SpanId::new(1).unwrap()]; 2]);
        assert!(missing.contains(&Missing::in_part("off by 0".to_owned(), "cut")), "{missing:?}");
        assert_eq!(found.remarks, ["only the latest 9 traces were looked through"]);
    }
}
