//! Jaeger's interface before its third: what older Jaegers and `VictoriaTraces` answer.
//!
//! It searches the traces of one service, so without one each service is asked for its own.
//! Source: jaegertracing/jaeger, `cmd/query/app/http_handler.go`; `traces.md`, section 4.1.

use futures_util::FutureExt as _;
use reqwest::StatusCode;
use serde_json::Value;

use super::endpoint::{Endpoint, JSON};
use super::request_attributes::{REQUEST_ATTRIBUTES, TRACES_MAX, window};
use super::{OfRequest, SourceError, trace_reply};
use crate::model::{Correlation, FoundTrace, TraceId, TraceList, TraceSearch};

/// How many services are asked for their traces, where no service is named.
const SERVICES_MAX: usize = 20;

/// How many questions are asked for one request id.
const QUESTIONS_MAX: usize = 60;

/// Returns the spans of a trace; none when it is unknown there, which may be 404 or an empty list.
pub(super) async fn trace(
    endpoint: &Endpoint,
    base: &[&str],
    trace_id: TraceId,
) -> Result<FoundTrace, SourceError> {
    let id = trace_id.to_string();
    let path = [base, &["traces", &id]].concat();
    let reply = endpoint.look(&path, &[], JSON).await?;
    if reply.status == StatusCode::NOT_FOUND {
        let said: Option<Value> = serde_json::from_slice(&reply.bytes).ok();
        if said.is_some_and(|said| said.pointer("/errors/0/code") == Some(&404.into())) {
            return Ok(FoundTrace::default());
        }
    }
    trace_reply::one(endpoint, &endpoint.judged(reply)?, trace_id)
}

#[derive(serde::Deserialize)]
struct Services {
    data: Option<Vec<String>>,
}

/// Returns the names of the services.
pub(super) async fn services(
    endpoint: &Endpoint,
    base: &[&str],
) -> Result<Vec<String>, SourceError> {
    let path = [base, &["services"]].concat();
    let reply = endpoint.get(&path, &[]).await?;
    let services: Result<Services, _> = serde_json::from_slice(&reply.bytes);
    let services = services.map_err(|error| endpoint.misread(&reply, &error.to_string()))?;
    Ok(services.data.unwrap_or_default())
}

/// Returns the latest traces that meet the conditions; without a service those of every service, as
/// far as [`SERVICES_MAX`] goes.
pub(super) async fn search(
    endpoint: &Endpoint,
    base: &[&str],
    search: &TraceSearch,
) -> Result<TraceList, SourceError> {
    let condition = search.errors.then_some(("error", "true"));
    if let Some(service) = &search.service {
        return of_service(endpoint, base, search, service, condition).await;
    }
    let services = services(endpoint, base).await?;
    let asked = services.iter().take(SERVICES_MAX);
    let asked = asked.map(|service| of_service(endpoint, base, search, service, condition).boxed());
    let mut all = trace_reply::joined(trace_reply::few_at_once(asked.collect()).await?);
    let (count, name) = (services.len(), &endpoint.settings.name);
    if count > SERVICES_MAX {
        all.incomplete.get_or_insert(format!(
            "only {SERVICES_MAX} of its {count} services were asked for their traces: name one \
             with --service"
        ));
    } else {
        all.remarks.push(format!("{name}: asked for the traces of each of its {count} services"));
    }
    Ok(all)
}

/// Returns the traces with a span that has the request id as an attribute.
pub(super) async fn of_request(
    endpoint: &Endpoint,
    base: &[&str],
    id: &Correlation,
) -> Result<OfRequest, SourceError> {
    let services = services(endpoint, base).await?;
    let (since, until) = window(endpoint, id);
    let search = TraceSearch { since, until, limit: TRACES_MAX, ..TraceSearch::default() };
    let mut questions = Vec::new();
    for key in REQUEST_ATTRIBUTES {
        for value in id.spellings() {
            questions.extend(services.iter().map(|service| (service, (key, value.as_str()))));
        }
    }
    let count = questions.len();
    let asked = questions.into_iter().take(QUESTIONS_MAX);
    let asked = asked
        .map(|(service, pair)| of_service(endpoint, base, &search, service, Some(pair)).boxed());
    let mut found = trace_reply::of_request(trace_reply::few_at_once(asked.collect()).await?);
    if count > QUESTIONS_MAX {
        found.incomplete.get_or_insert(format!(
            "only {QUESTIONS_MAX} of {count} questions for the id as an attribute were asked"
        ));
    }
    Ok(found)
}

async fn of_service(
    endpoint: &Endpoint,
    base: &[&str],
    search: &TraceSearch,
    service: &str,
    condition: Option<(&str, &str)>,
) -> Result<TraceList, SourceError> {
    let micros = |ns: i64| ns.div_euclid(1_000);
    let mut parameters = vec![
        ("service", service.to_owned()),
        ("start", micros(search.since.0).to_string()),
        ("end", (micros(search.until.0) + 1).to_string()),
        ("limit", search.limit.to_string()),
    ];
    if let Some((key, value)) = condition {
        parameters.push(("tags", serde_json::json!({ key: value }).to_string()));
    }
    let least = search.min_duration_ns.map(|ns| format!("{}us", micros(ns)));
    parameters.extend(least.map(|least| ("minDuration", least)));
    let path = [base, &["traces"]].concat();
    let reply = endpoint.get(&path, &parameters).await?;
    trace_reply::list(endpoint, &reply, search)
}
