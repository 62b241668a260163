//! What the commands ask: traces, log lines, events and issues out of the store, as JSON.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::ask;
use super::parameters::Parameters;
use crate::model::{
    LogPage, LogQuery, Severity, TraceId, TraceList, TraceSearch, UnixNanos, parse_time,
};
use crate::serve::Backend;
use crate::serve::answer::Refusal;
use crate::wire::backend::{EventPage, FailurePage, IssueDetail, IssuePage, TracePage};

/// Returns the routes that the commands ask.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/obs/v1/traces", post(traces))
        .route("/api/obs/v1/traces/{id}", get(trace))
        .route("/api/obs/v1/logs", post(logs).get(logs_by_parameters))
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

/// How many log lines are returned to who asks by GET and does not say.
const LOG_LINES_DEFAULT: u32 = 1_000;

/// The most traces that one list holds.
const TRACES_MAX: u32 = 1_000;

/// The most log lines that one answer holds.
const LOG_LINES_MAX: u32 = 100_000;

pub(super) async fn trace(
    State(backend): State<Arc<Backend>>,
    Path(id): Path<String>,
) -> Result<Json<TracePage>, Refusal> {
    let trace_id = TraceId::from_hex(&id)
        .ok_or_else(|| Refusal::Malformed("a trace id has 32 hex digits".to_owned()))?;
    let spans = ask(&backend, move |reader| reader.trace(trace_id)).await?;
    Ok(Json(TracePage { spans }))
}

pub(super) async fn traces(
    State(backend): State<Arc<Backend>>,
    Json(mut search): Json<TraceSearch>,
) -> Result<Json<TraceList>, Refusal> {
    search.limit = search.limit.min(TRACES_MAX);
    Ok(Json(ask(&backend, move |reader| reader.list_traces(&search)).await?))
}

pub(super) async fn logs(
    State(backend): State<Arc<Backend>>,
    Json(mut query): Json<LogQuery>,
) -> Result<Json<LogPage>, Refusal> {
    query.limit = query.limit.min(LOG_LINES_MAX);
    Ok(Json(ask(&backend, move |reader| reader.logs(&query)).await?))
}

/// The same by GET: `id` (several), `level`, `since`, `until`, `service`, `grep`, `after`, `limit`.
pub(super) async fn logs_by_parameters(
    State(backend): State<Arc<Backend>>,
    parameters: Parameters,
) -> Result<Json<LogPage>, Refusal> {
    let query = log_query(&parameters).map_err(Refusal::Malformed)?;
    Ok(Json(ask(&backend, move |reader| reader.logs(&query)).await?))
}

fn log_query(parameters: &Parameters) -> Result<LogQuery, String> {
    let known = ["id", "level", "since", "until", "service", "grep", "after", "limit"];
    if let Some(unknown) = parameters.unknown(&known) {
        return Err(format!("`{unknown}` is not known; known are {}", known.join(", ")));
    }
    let level = |name: &str| {
        Severity::from_name(name).ok_or_else(|| format!("`{name}` is not the name of a level"))
    };
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let time = |text: &str| parse_time(text, &now).map_err(|error| error.to_string());
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is no number"));
    let limit = match parameters.get(&["limit"]) {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is not a number of lines"))?,
        None => LOG_LINES_DEFAULT,
    };
    Ok(LogQuery {
        ids: parameters.all("id").map(str::to_owned).collect(),
        correlations: Vec::new(),
        level: parameters.get(&["level"]).map(level).transpose()?,
        since: parameters.get(&["since"]).map(time).transpose()?,
        until: parameters.get(&["until"]).map(time).transpose()?,
        service: parameters.get(&["service"]).map(str::to_owned),
        grep: parameters.get(&["grep"]).map(str::to_owned),
        after: parameters.get(&["after"]).map(number).transpose()?,
        limit: limit.min(LOG_LINES_MAX),
    })
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
