//! Jaeger's older interface, below `/api`: what its page and Grafana's data source ask.
//!
//! Errors have the shape of answers and, as there, the content type of text. Source:
//! jaegertracing/jaeger, `cmd/query/app/http_handler.go`; `traces.md`, section 4.1.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::parameters::{Parameters, trace_id};
use super::{ask, jaeger_search, searched};
use crate::model::{SpanKind, UnixNanos};
use crate::serve::answer::Refusal;
use crate::serve::{Backend, intake};
use crate::store::{Found, TraceQuery};
use crate::wire::write_jaeger_json;

/// How far back calls between services are counted when the question does not say.
const CALLS_LOOKBACK: Duration = Duration::from_hours(24);

/// How many traces may be asked for by their ids at once.
const IDS_MAX: usize = 100;

pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(search))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(dependencies))
}

/// An error in Jaeger's shape.
#[derive(Debug)]
struct Failed(StatusCode, String);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let error = json!({ "code": status.as_u16(), "msg": message });
        let body = json!({ "data": null, "total": 0, "limit": 0, "offset": 0, "errors": [error] });
        let headers = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (status, headers, format!("{body}\n")).into_response()
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.status().0, refusal.message())
    }
}

/// `total` counts names; of traces Jaeger leaves it at zero.
fn page(data: impl Into<Value>, total: usize, errors: &[Value]) -> Response {
    let data: Value = data.into();
    let errors = if errors.is_empty() { Value::Null } else { errors.into() };
    Json(json!({ "data": data, "total": total, "limit": 0, "offset": 0, "errors": errors }))
        .into_response()
}

async fn services(State(backend): State<Arc<Backend>>) -> Result<Response, Failed> {
    let Found { found, complete } = ask(&backend, crate::store::Reader::services).await?;
    let total = found.len();
    Ok(searched(page(found, total, &[]), complete))
}

async fn operation_names(
    State(backend): State<Arc<Backend>>,
    Path(service): Path<String>,
) -> Result<Response, Failed> {
    let asked = ask(&backend, move |reader| reader.operations(&service)).await?;
    let mut names: Vec<String> = asked.found.into_iter().map(|(name, _)| name).collect();
    names.dedup();
    let total = names.len();
    Ok(searched(page(names, total, &[]), asked.complete))
}

async fn operations(
    State(backend): State<Arc<Backend>>,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let Some(service) = parameters.get(&["service"]).map(str::to_owned) else {
        return Err(bad("parameter 'service' is required"));
    };
    let kind = parameters.get(&["spanKind"]).map(kind).transpose().map_err(bad)?;
    let asked = ask(&backend, move |reader| reader.operations(&service)).await?;
    let found = named(asked.found, kind);
    let total = found.len();
    Ok(searched(page(found, total, &[]), asked.complete))
}

/// Reads a kind in any case, with or without the prefix of the protocol's name for it.
pub(super) fn kind(text: &str) -> Result<SpanKind, String> {
    let word = text.to_ascii_lowercase();
    let word = word.strip_prefix("span_kind_").unwrap_or(&word);
    serde_json::from_value(word.into()).map_err(|_| format!("unsupported span kind: '{text}'"))
}

/// Returns operations of a kind as both interfaces write them: `{name, spanKind}`.
pub(super) fn named(operations: Vec<(String, SpanKind)>, kind: Option<SpanKind>) -> Vec<Value> {
    let wanted = operations.into_iter().filter(|(_, found)| kind.is_none_or(|kind| kind == *found));
    wanted.map(|(name, kind)| json!({ "name": name, "spanKind": kind })).collect()
}

async fn trace(
    State(backend): State<Arc<Backend>>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let Some(id) = trace_id(&id) else {
        return Err(bad(format!("`{}` is not a trace id", id.escape_default())));
    };
    let spans = ask(&backend, move |reader| reader.trace(id)).await?;
    if spans.is_empty() {
        return Err(Failed(StatusCode::NOT_FOUND, "trace not found".to_owned()));
    }
    Ok(page(json!([write_jaeger_json(id, &spans)]), 0, &[]))
}

async fn search(
    State(backend): State<Arc<Backend>>,
    parameters: Parameters,
) -> Result<Response, Failed> {
    if parameters.get(&["traceID"]).is_some() {
        return by_ids(&backend, &parameters).await;
    }
    let query = jaeger_search::legacy(&parameters, intake::now()).map_err(bad)?;
    let Found { found, complete } = find(&backend, query).await?;
    Ok(searched(page(found, 0, &[]), complete))
}

async fn find(backend: &Arc<Backend>, query: TraceQuery) -> Result<Found<Vec<Value>>, Refusal> {
    ask(backend, move |reader| {
        let Found { found, complete } = reader.find_traces(&query)?;
        let written = found.iter().filter_map(|spans| {
            let first = spans.first()?;
            Some(write_jaeger_json(first.trace_id, spans))
        });
        Ok(Found { found: written.collect(), complete })
    })
    .await
}

/// Answers `?traceID=a&traceID=b`: the traces that are there, and an error for each that is not.
async fn by_ids(backend: &Arc<Backend>, parameters: &Parameters) -> Result<Response, Failed> {
    let mut ids = Vec::new();
    for text in parameters.all("traceID").take(IDS_MAX + 1) {
        ids.push(trace_id(text).ok_or_else(|| {
            bad(format!("cannot parse traceID param: `{}`", text.escape_default()))
        })?);
    }
    if ids.len() > IDS_MAX {
        return Err(bad(format!("more than {IDS_MAX} traces at once")));
    }
    let asked = ask(backend, move |reader| {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for id in ids {
            let spans = reader.trace(id)?;
            if spans.is_empty() {
                missing.push(json!({ "msg": "trace not found", "traceID": id }));
            } else {
                found.push(write_jaeger_json(id, &spans));
            }
        }
        Ok((found, missing))
    });
    let (found, missing) = asked.await?;
    Ok(page(found, 0, &missing))
}

/// Answers who calls whom in the time before `endTs`, both it and `lookback` in milliseconds.
async fn dependencies(
    State(backend): State<Arc<Backend>>,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let millis = |name: &'static str| -> Result<Option<i64>, Failed> {
        let Some(text) = parameters.get(&[name]) else { return Ok(None) };
        let nanos = text.parse().ok().and_then(|millis: i64| millis.checked_mul(1_000_000));
        let failed = || bad(format!("unable to parse param '{name}': `{text}` is no number"));
        Ok(Some(nanos.ok_or_else(failed)?))
    };
    let until = millis("endTs")?.map_or_else(intake::now, UnixNanos);
    let since = match millis("lookback")? {
        Some(lookback) => UnixNanos(until.since(UnixNanos(lookback))),
        None => until.before(CALLS_LOOKBACK),
    };
    let only = parameters.get(&["service"]).map(str::to_owned);
    let asked = ask(&backend, move |reader| reader.dependencies(since, until)).await?;
    let wanted = asked.found.into_iter().filter(|call| {
        only.as_ref().is_none_or(|only| [&call.parent, &call.child].contains(&only))
    });
    let data: Vec<Value> = wanted
        .map(|call| json!({ "parent": call.parent, "child": call.child, "callCount": call.calls }))
        .collect();
    Ok(searched(page(data, 0, &[]), asked.complete))
}

fn bad(message: impl Into<String>) -> Failed {
    Failed(StatusCode::BAD_REQUEST, message.into())
}
