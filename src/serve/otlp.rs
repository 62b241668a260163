//! `POST /v1/traces` and `/v1/logs`: OTLP over HTTP.
//!
//! Answers come in the request's content type, shaped as the Collector's. Source: OTLP 1.9,
//! "OTLP/HTTP Response".

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::intake::Sent;
use super::{Backend, intake, logs};
use crate::store::Record;
use crate::wire::{OtlpFormat, decode_logs, decode_traces};

/// `google.rpc.Status`: how OTLP says what was wrong.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Returns the routes of OTLP.
pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new().route("/v1/traces", post(traces)).route("/v1/logs", post(logs))
}

/// Stores spans.
pub(super) async fn traces(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    let Some(format) = format_of(&headers) else { return unsupported() };
    let stored = async {
        let decoded = intake::read(&headers, sent, move |body| decode_traces(body, format)).await?;
        let records = decoded.accepted.into_iter().map(|span| Record::Span(Box::new(span)));
        intake::store(&backend, records.collect()).await?;
        Ok((decoded.rejected, decoded.reason))
    };
    match stored.await {
        Ok((rejected, reason)) => answer(format, rejected, "rejectedSpans", &reason, |message| {
            let rejected_spans = i64::try_from(rejected).unwrap_or(i64::MAX);
            let partial = ExportTracePartialSuccess { rejected_spans, error_message: message };
            ExportTraceServiceResponse { partial_success: Some(partial) }
        }),
        Err(refusal) => refuse(format, &refusal),
    }
}

/// Stores log records.
pub(super) async fn logs(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    let Some(format) = format_of(&headers) else { return unsupported() };
    let stored = async {
        let received = intake::now();
        let decode = move |body: &[u8]| {
            let decoded = decode_logs(body, format)?;
            let records = logs::batch(decoded.accepted, body, received);
            Ok((records, decoded.rejected, decoded.reason))
        };
        let (records, rejected, reason) = intake::read(&headers, sent, decode).await?;
        intake::store(&backend, records).await?;
        Ok((rejected, reason))
    };
    match stored.await {
        Ok((rejected, reason)) => {
            answer(format, rejected, "rejectedLogRecords", &reason, |message| {
                let rejected_log_records = i64::try_from(rejected).unwrap_or(i64::MAX);
                let partial =
                    ExportLogsPartialSuccess { rejected_log_records, error_message: message };
                ExportLogsServiceResponse { partial_success: Some(partial) }
            })
        }
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

fn answer<M: Message>(
    format: OtlpFormat,
    rejected: u64,
    rejected_name: &str,
    reason: &str,
    message: impl FnOnce(String) -> M,
) -> Response {
    match format {
        OtlpFormat::Protobuf => protobuf(StatusCode::OK, &message(reason.to_owned())),
        OtlpFormat::Json if rejected == 0 => {
            json_answer(StatusCode::OK, &json!({ "partialSuccess": {} }))
        }
        OtlpFormat::Json => json_answer(
            StatusCode::OK,
            // OTLP's JSON has 64-bit numbers as text.
            &json!({ "partialSuccess":
                { rejected_name: rejected.to_string(), "errorMessage": reason } }),
        ),
    }
}

fn refuse(format: OtlpFormat, refusal: &Refusal) -> Response {
    let (http, code) = refusal.status();
    let message = refusal.message();
    let mut response = match format {
        OtlpFormat::Protobuf => protobuf(http, &Status { code, message }),
        OtlpFormat::Json => json_answer(http, &json!({ "code": code, "message": message })),
    };
    response.headers_mut().extend(refusal.headers());
    response
}

fn unsupported() -> Response {
    let refusal = Refusal::UnsupportedType("application/json, application/x-protobuf");
    let (status, _) = refusal.status();
    // The Collector's words: senders' documentation has them.
    let text = format!("{} unsupported media type, {}", status.as_u16(), refusal.message());
    (status, text).into_response()
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
