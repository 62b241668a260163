//! Answers with spans, read as the traces they hold.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::{OfRequest, SourceError};
use crate::http::Reply;
use crate::model::{FoundTrace, Span, TraceId, TraceList, TraceSearch, TraceSummary};
use crate::wire::{decode_json_traces, decode_protobuf_traces};

/// How many questions one source is asked at a time.
const AT_ONCE_MAX: usize = 4;

/// Reads an answer about one trace; spans of others, which some backends add, are left out.
pub(super) fn one(
    endpoint: &Endpoint,
    reply: &Reply,
    trace_id: TraceId,
) -> Result<FoundTrace, SourceError> {
    let mut answer = read(endpoint, reply)?;
    answer.spans.retain(|span| span.trace_id == trace_id);
    Ok(answer)
}

/// Reads an answer with the spans of several traces into a list of those that meet the conditions.
pub(super) fn list(
    endpoint: &Endpoint,
    reply: &Reply,
    search: &TraceSearch,
) -> Result<TraceList, SourceError> {
    let FoundTrace { spans, incomplete, remarks } = read(endpoint, reply)?;
    let mut traces: BTreeMap<TraceId, Vec<Span>> = BTreeMap::new();
    for span in spans {
        traces.entry(span.trace_id).or_default().push(span);
    }
    let truncated = is_full(traces.len(), search);
    let met = traces.values().filter(|spans| search.meets(spans));
    let traces = met.filter_map(|spans| TraceSummary::of(spans)).collect();
    Ok(TraceList { traces, truncated, incomplete, remarks })
}

/// Says whether an answer has as many traces as were asked for, so that there may be more.
pub(super) fn is_full(count: usize, search: &TraceSearch) -> bool {
    u32::try_from(count).is_ok_and(|count| count >= search.limit)
}

/// Asks several questions, four at a time; errs where one does.
pub(super) async fn few_at_once<T: Send>(
    questions: Vec<BoxFuture<'_, Result<T, SourceError>>>,
) -> Result<Vec<T>, SourceError> {
    futures_util::stream::iter(questions).buffered(AT_ONCE_MAX).try_collect().await
}

/// Makes one list of several, in which a trace stands once.
pub(super) fn joined(lists: Vec<TraceList>) -> TraceList {
    let mut all = TraceList::default();
    let mut known = BTreeSet::new();
    for list in lists {
        all.truncated |= list.truncated;
        all.incomplete = all.incomplete.or(list.incomplete);
        all.traces.extend(list.traces.into_iter().filter(|trace| known.insert(trace.trace_id)));
        let remarks = list.remarks.into_iter().filter(|remark| !all.remarks.contains(remark));
        let remarks: Vec<String> = remarks.collect();
        all.remarks.extend(remarks);
    }
    all
}

/// Says which traces the lists hold, as those of one request.
pub(super) fn of_request(lists: Vec<TraceList>) -> OfRequest {
    let all = joined(lists);
    let more = all.truncated.then(|| "the id has more traces than were asked for".to_owned());
    let traces = all.traces.into_iter().map(|trace| trace.trace_id).collect();
    OfRequest { traces, incomplete: all.incomplete.or(more) }
}

/// Reads the spans of an answer; what the source says of it comes with them.
fn read(endpoint: &Endpoint, reply: &Reply) -> Result<FoundTrace, SourceError> {
    let mut all = |_: &Span| true;
    let read = if reply.content_type.contains("protobuf") {
        decode_protobuf_traces(&reply.bytes, &mut all)
    } else {
        decode_json_traces(&reply.bytes, &mut all)
    };
    let answer = read.map_err(|error| endpoint.misread(reply, &error.to_string()))?;
    if let Some(error) = answer.errors.first() {
        return Err(endpoint.misread(reply, error));
    }
    if answer.spans.is_empty() && answer.format.is_none() && !is_empty(&reply.bytes) {
        return Err(endpoint.misread(reply, "it holds no traces"));
    }
    let incomplete = (!answer.incomplete.is_empty()).then(|| answer.incomplete.join("; "));
    Ok(FoundTrace { spans: answer.spans, incomplete, remarks: answer.warnings })
}

/// Says whether a body is a document of a kind with traces, and has none.
fn is_empty(body: &[u8]) -> bool {
    let said: Option<Value> = serde_json::from_slice(body).ok();
    match said {
        Some(Value::Array(members)) => members.is_empty(),
        Some(Value::Object(members)) => {
            let known = ["data", "trace", "result", "batches", "resourceSpans"];
            members.is_empty() || known.iter().any(|name| members.contains_key(*name))
        }
        _ => false,
    }
}
