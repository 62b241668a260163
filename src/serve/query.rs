//! What the commands ask: traces, log lines, events and issues out of the store, as JSON.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::Backend;
use super::answer::Refusal;
use crate::model::{LogPage, LogQuery, TraceId, UnixNanos};
use crate::store::{Reader, StoreError};
use crate::wire::backend::{EventPage, FailurePage, Health, IssueDetail, IssuePage, TracePage};

/// Returns the routes that the commands ask.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/healthz", get(health))
        .route("/api/obs/v1/traces/{id}", get(trace))
        .route("/api/obs/v1/logs", post(logs))
        .route("/api/obs/v1/events", post(events))
        .route("/api/obs/v1/failures", get(failures))
        .route("/api/obs/v1/issues", get(issues))
        .route("/api/obs/v1/issues/{id}", get(issue))
}

/// Which issues.
#[derive(Debug, Deserialize)]
pub(super) struct IssueParameters {
    since_ns: Option<i64>,
    limit: Option<u32>,
}

/// How many issues or events are returned when the question does not say.
const LIMIT_DEFAULT: u32 = 100;

/// The most log lines that one answer holds.
const LOG_LINES_MAX: u32 = 100_000;

pub(super) async fn health(State(backend): State<Arc<Backend>>) -> Json<Health> {
    Json(Health { status: "ok".to_owned(), instance: backend.instance.clone() })
}

pub(super) async fn trace(
    State(backend): State<Arc<Backend>>,
    Path(id): Path<String>,
) -> Result<Json<TracePage>, Refusal> {
    let trace_id = TraceId::from_hex(&id)
        .ok_or_else(|| Refusal::Malformed("a trace id has 32 hex digits".to_owned()))?;
    let spans = ask(&backend, move |reader| reader.trace(trace_id)).await?;
    Ok(Json(TracePage { spans }))
}

pub(super) async fn logs(
    State(backend): State<Arc<Backend>>,
    Json(mut query): Json<LogQuery>,
) -> Result<Json<LogPage>, Refusal> {
    query.limit = query.limit.min(LOG_LINES_MAX);
    Ok(Json(ask(&backend, move |reader| reader.logs(&query)).await?))
}

pub(super) async fn events(
    State(backend): State<Arc<Backend>>,
    Json(ids): Json<Vec<String>>,
) -> Result<Json<EventPage>, Refusal> {
    let events = ask(&backend, move |reader| reader.events_of(&ids)).await?;
    Ok(Json(EventPage { events }))
}

pub(super) async fn failures(
    State(backend): State<Arc<Backend>>,
    Query(parameters): Query<IssueParameters>,
) -> Result<Json<FailurePage>, Refusal> {
    let since = UnixNanos(parameters.since_ns.unwrap_or(0));
    let limit = parameters.limit.unwrap_or(LIMIT_DEFAULT);
    let failures = ask(&backend, move |reader| reader.failures(since, limit)).await?;
    Ok(Json(FailurePage { failures }))
}

pub(super) async fn issues(
    State(backend): State<Arc<Backend>>,
    Query(parameters): Query<IssueParameters>,
) -> Result<Json<IssuePage>, Refusal> {
    let since = UnixNanos(parameters.since_ns.unwrap_or(0));
    let limit = parameters.limit.unwrap_or(LIMIT_DEFAULT);
    let issues = ask(&backend, move |reader| reader.issues(since, limit)).await?;
    Ok(Json(IssuePage { issues }))
}

pub(super) async fn issue(
    State(backend): State<Arc<Backend>>,
    Path(id): Path<String>,
    Query(parameters): Query<IssueParameters>,
) -> Result<Json<IssueDetail>, Refusal> {
    let limit = parameters.limit.unwrap_or(LIMIT_DEFAULT);
    let detail = ask(&backend, move |reader| {
        Ok(IssueDetail { issue: reader.issue(&id)?, events: reader.issue_events(&id, limit)? })
    });
    Ok(Json(detail.await?))
}

/// Asks the store on a thread that may block.
async fn ask<T: Send + 'static>(
    backend: &Arc<Backend>,
    question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Refusal> {
    let backend = Arc::clone(backend);
    let asked = tokio::task::spawn_blocking(move || backend.readers.ask(question));
    let outcome = asked.await.map_err(|_| Refusal::Store("the question crashed".to_owned()))?;
    Ok(outcome?)
}
