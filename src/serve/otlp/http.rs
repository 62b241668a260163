//! `POST /v1/traces`, `/v1/logs` and `/v1/metrics`: OTLP over HTTP.
//!
//! Answers come in the request's content type, shaped as the Collector's. One difference is meant: ids
//! in base 64, which the Collector refuses, are taken, because Tempo and others write them.
//!
//! Source: OTLP 1.9, "OTLP/HTTP Response".

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use prost::Message;
use serde_json::{Value, json};

use super::message::{ExportResponse, Status};
use super::{Batch, Signal, Taken, take};
use crate::serve::answer::Refusal;
use crate::serve::intake::Sent;
use crate::serve::{Backend, intake};
use crate::wire::OtlpFormat;

/// Where OTLP is sent to: at the root, and where Sentry has it.
const PREFIXES: [&str; 2] = ["", "/api/{project}/integration/otlp"];

/// Returns the routes over HTTP.
pub(super) fn routes() -> Router<Arc<Backend>> {
    let mut router = Router::new();
    for prefix in PREFIXES {
        for (signal, name) in
            [(Signal::Traces, "traces"), (Signal::Logs, "logs"), (Signal::Metrics, "metrics")]
        {
            let export = move |state, headers, sent| export(signal, state, headers, sent);
            for path in [format!("{prefix}/v1/{name}"), format!("{prefix}/v1/{name}/")] {
                router = router.route(&path, post(export).fallback(wrong_method));
            }
        }
    }
    router
}

/// Takes a request whose path only ends as one of the routes does.
pub(in crate::serve) async fn export_below_prefix(
    signal: Signal,
    request: Request,
    backend: Arc<Backend>,
) -> Response {
    let headers = request.headers().clone();
    let sent = Sent::from_request(request, &backend).await;
    export(signal, State(backend), headers, sent).await
}

async fn export(
    signal: Signal,
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Result<Sent, Refusal>,
) -> Response {
    let Some(format) = format_of(&headers) else {
        let refusal = Refusal::UnsupportedType("application/json, application/x-protobuf");
        // The Collector's words: senders' documentation has them.
        let (status, _) = refusal.status();
        let text = format!("{} unsupported media type, {}", status.as_u16(), refusal.message());
        let mut response = (status, text).into_response();
        refusal.dress(&mut response);
        return response;
    };
    let sent = match sent {
        Ok(sent) => sent,
        Err(refusal) => return refuse(format, &refusal),
    };
    let received = intake::now();
    let read = move |body: &[u8]| Batch::read(signal, body, format, received);
    let stored = async { take(&backend, signal, intake::read(&headers, sent, read).await?).await };
    match stored.await {
        Ok(taken) => answer(format, signal, &taken),
        Err(refusal) => refuse(format, &refusal),
    }
}

fn format_of(headers: &HeaderMap) -> Option<OtlpFormat> {
    match intake::media_type(headers).as_str() {
        "application/x-protobuf" => Some(OtlpFormat::Protobuf),
        "application/json" => Some(OtlpFormat::Json),
        _ => None,
    }
}

fn answer(format: OtlpFormat, signal: Signal, taken: &Taken) -> Response {
    let json = |partial: Value| json_answer(StatusCode::OK, &json!({ "partialSuccess": partial }));
    match format {
        OtlpFormat::Protobuf => protobuf(StatusCode::OK, &ExportResponse::new(taken)),
        OtlpFormat::Json if taken.rejected == 0 && taken.told.is_empty() => json(json!({})),
        OtlpFormat::Json if taken.rejected == 0 => json(json!({ "errorMessage": taken.told })),
        // OTLP's JSON has 64-bit numbers as text.
        OtlpFormat::Json => json(json!({
            signal.rejected_name(): taken.rejected.to_string(), "errorMessage": taken.told
        })),
    }
}

fn refuse(format: OtlpFormat, refusal: &Refusal) -> Response {
    let (http, code) = refusal.status();
    let message = refusal.message();
    let mut response = match format {
        OtlpFormat::Protobuf => protobuf(http, &Status::new(code, message, None)),
        OtlpFormat::Json => json_answer(http, &json!({ "code": code, "message": message })),
    };
    refusal.dress(&mut response);
    response
}

/// The Collector's words for another method than POST.
async fn wrong_method() -> Response {
    let text = "405 method not allowed, supported: [POST]";
    (StatusCode::METHOD_NOT_ALLOWED, text).into_response()
}

fn protobuf(status: StatusCode, message: &impl Message) -> Response {
    typed(status, "application/x-protobuf", message.encode_to_vec())
}

fn json_answer(status: StatusCode, value: &Value) -> Response {
    typed(status, "application/json", value.to_string().into_bytes())
}

fn typed(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
