//! The last traces of one operation, with their spans: what is usual for it.

use futures_util::future::join_all;

use super::trace_lists;
use crate::model::{Gathered, Missing, Span, TraceId, TraceSearch};
use crate::sources::Backend;

/// How many traces are fetched at once.
const AT_ONCE: usize = 8;

/// Traces of one operation, the spans of each.
pub type Traces = Vec<(TraceId, Vec<Span>)>;

/// Returns at most `limit` traces, the latest of those that `search` finds whose root does `name`,
/// other than `except`; each is asked of every source that has traces.
pub async fn same_operation(
    backends: &[Box<dyn Backend>],
    search: &TraceSearch,
    name: &str,
    except: TraceId,
    limit: usize,
) -> Gathered<Traces> {
    let Gathered { found: list, asked, mut missing } = trace_lists(backends, search).await;
    let mut same: Vec<_> = list
        .traces
        .into_iter()
        .filter(|trace| trace.trace_id != except && trace.name.as_deref() == Some(name))
        .filter(|trace| search.service.is_none() || trace.service == search.service)
        .collect();
    same.sort_by_key(|trace| std::cmp::Reverse((trace.start, trace.trace_id)));
    same.truncate(limit);
    let mut found = Traces::new();
    for some in same.chunks(AT_ONCE) {
        let asked = some.iter().map(|trace| one(backends, trace.trace_id));
        for (trace_id, spans, failed) in join_all(asked).await {
            if !spans.is_empty() {
                found.push((trace_id, spans));
            }
            let new = failed
                .into_iter()
                .filter(|failed| missing.iter().all(|known| known.source != failed.source));
            let new: Vec<Missing> = new.collect();
            missing.extend(new);
        }
    }
    Gathered { found, asked, missing }
}

async fn one(
    backends: &[Box<dyn Backend>],
    trace_id: TraceId,
) -> (TraceId, Vec<Span>, Vec<Missing>) {
    let sides = backends.iter().filter_map(|backend| Some((backend, backend.traces()?)));
    let answers = sides.map(async |(backend, side)| (backend.name(), side.trace(trace_id).await));
    let (mut spans, mut failed) = (Vec::new(), Vec::new());
    for (source, answer) in join_all(answers).await {
        match answer {
            Ok(trace) => spans.extend(trace.spans),
            Err(error) => failed.push(Missing { source, reason: error.to_string() }),
        }
    }
    (trace_id, spans, failed)
}
