//! Lists of traces of several sources: asked at once, a trace that two have counts once.

use std::collections::HashMap;

use futures_util::future::join_all;

use crate::model::{Gathered, Missing, TraceId, TraceList, TraceSearch, TraceSummary};
use crate::sources::{Backend, TraceSource};

/// Returns the latest traces that meet the conditions, the latest first, at most as many as are asked
/// for; `asked` are the sources that have traces.
pub async fn trace_lists(
    backends: &[Box<dyn Backend>],
    search: &TraceSearch,
) -> Gathered<TraceList> {
    let sides: Vec<(String, &dyn TraceSource)> =
        backends.iter().filter_map(|backend| Some((backend.name(), backend.traces()?))).collect();
    let answers = join_all(sides.iter().map(|(_, side)| side.search(search))).await;
    let mut gathered = Gathered::<TraceList>::default();
    let mut traces: HashMap<TraceId, TraceSummary> = HashMap::new();
    for ((name, _), answer) in sides.into_iter().zip(answers) {
        match answer {
            Ok(list) => {
                gathered.found.truncated |= list.truncated;
                gathered.found.remarks.extend(list.remarks);
                let reason = list.incomplete.iter();
                gathered.missing.extend(reason.map(|why| Missing::in_part(name.clone(), why)));
                list.traces.into_iter().for_each(|trace| add(&mut traces, trace));
            }
            Err(error) => {
                let reason = error.to_string();
                gathered.missing.push(Missing { source: name.clone(), reason });
            }
        }
        gathered.asked.push(name);
    }
    let mut traces: Vec<TraceSummary> = traces.into_values().collect();
    // A backend that gives what was not asked for is not believed.
    traces.retain(|trace| trace.start <= search.until && ends(trace) >= search.since.0);
    traces.sort_by_key(|trace| (std::cmp::Reverse(trace.start), trace.trace_id));
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    gathered.found.truncated |= traces.len() > limit;
    traces.truncate(limit);
    gathered.found.traces = traces;
    gathered
}

/// Keeps of two sums of one trace the one that saw its root, and more spans.
fn add(traces: &mut HashMap<TraceId, TraceSummary>, trace: TraceSummary) {
    let weight = |trace: &TraceSummary| (trace.name.is_some(), trace.spans);
    let known = traces.entry(trace.trace_id).or_insert_with(|| trace.clone());
    if weight(&trace) > weight(known) {
        *known = trace;
    }
}

fn ends(trace: &TraceSummary) -> i64 {
    trace.start.0.saturating_add(trace.duration_ns.unwrap_or(0))
}
