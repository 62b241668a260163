//! Jaeger's present interface, `/api/v3`: traces as OTLP's JSON.
//!
//! The spans of all found traces come in one list, as one document with a newline. Errors are JSON with
//! the content type of text, as there. Source: jaegertracing/jaeger, `apiv3/http_gateway.go`;
//! `traces.md`, section 4.1.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::parameters::{Parameters, trace_id};
use super::{ask, jaeger, jaeger_search, searched};
use crate::model::UnixNanos;
use crate::serve::Backend;
use crate::serve::answer::Refusal;
use crate::store::{Found, Reader};
use crate::wire::write_otlp_json;

pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(search))
        .route("/api/v3/traces/{id}", get(trace))
}

/// An error in the shape that grpc-gateway gives it.
#[derive(Debug)]
struct Failed(StatusCode, String);

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let body = json!({ "error": { "httpCode": status.as_u16(), "message": message } });
        let headers = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
        (status, headers, format!("{body}\n")).into_response()
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.status().0, refusal.message())
    }
}

async fn services(State(backend): State<Arc<Backend>>) -> Result<Response, Failed> {
    let Found { found, complete } = ask(&backend, Reader::services).await?;
    Ok(searched(Json(json!({ "services": found })).into_response(), complete))
}

async fn operations(
    State(backend): State<Arc<Backend>>,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let Some(service) = parameters.get(&["service"]).map(str::to_owned) else {
        return Err(bad("malformed parameter service: it is required"));
    };
    let kind = parameters.get(&["spanKind", "span_kind"]).map(jaeger::kind).transpose();
    let kind = kind.map_err(|error| bad(format!("malformed parameter spanKind: {error}")))?;
    let Found { found, complete } =
        ask(&backend, move |reader| reader.operations(&service)).await?;
    let operations = jaeger::named(found, kind);
    Ok(searched(Json(json!({ "operations": operations })).into_response(), complete))
}

/// `startTime` and `endTime` only help backends that need them to find a trace; here they must be
/// times, and change nothing. Nothing is adjusted, so `rawTraces` changes nothing either.
async fn trace(
    State(backend): State<Arc<Backend>>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Response, Failed> {
    for name in ["startTime", "endTime"] {
        if let Some(text) = parameters.get(&[name]) {
            UnixNanos::parse_rfc3339(text).ok_or_else(|| {
                bad(format!("malformed parameter {name}: `{text}` is no RFC 3339 time"))
            })?;
        }
    }
    let Some(trace_id) = trace_id(&id) else {
        let id = id.escape_default();
        return Err(bad(format!("malformed parameter trace_id: `{id}` is not a trace id")));
    };
    let asked = ask(&backend, move |reader| {
        let spans = reader.trace(trace_id)?;
        Ok((!spans.is_empty()).then(|| write_otlp_json(&spans)))
    });
    result(asked.await?)
}

async fn search(
    State(backend): State<Arc<Backend>>,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let query = jaeger_search::v3(&parameters).map_err(bad)?;
    let asked = ask(&backend, move |reader| {
        let Found { found, complete } = reader.find_traces(&query)?;
        let spans = found.concat();
        Ok((complete, (!spans.is_empty()).then(|| write_otlp_json(&spans))))
    });
    let (complete, found) = asked.await?;
    // What was not looked at may hold what was asked for.
    Ok(searched(result(found).unwrap_or_else(IntoResponse::into_response), complete))
}

fn result(traces: Option<Value>) -> Result<Response, Failed> {
    let Some(traces) = traces else {
        return Err(Failed(StatusCode::NOT_FOUND, "No traces found".to_owned()));
    };
    let body = format!("{}\n", json!({ "result": traces }));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn bad(message: impl Into<String>) -> Failed {
    Failed(StatusCode::BAD_REQUEST, message.into())
}
