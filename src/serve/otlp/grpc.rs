//! OTLP over gRPC, by hand: unary calls on the router that answers HTTP too.
//!
//! A call is a POST over HTTP/2 to `/package.Service/Method`, one framed message each way; how it ended
//! is in the trailers, or in the headers when there is no message.
//!
//! Source: gRPC, "gRPC over HTTP2" and "Compression"; OTLP 1.9, "OTLP/gRPC".

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use http_body_util::{BodyExt as _, Full};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use prost::Message as _;

use super::message::{ExportResponse, Status};
use super::{Batch, Signal, take};
use crate::serve::answer::{Refusal, Refused};
use crate::serve::intake::Sent;
use crate::serve::{Backend, INFLATED_BYTES_MAX, intake};
use crate::wire::{Encodings, OtlpFormat, WireError, frame, inflate, unframe};

/// google.rpc.Code; those of refusals are in [`Refusal::status`].
mod code {
    pub(super) const OK: i32 = 0;
    pub(super) const UNKNOWN: i32 = 2;
    pub(super) const NOT_FOUND: i32 = 5;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const UNIMPLEMENTED: i32 = 12;
    pub(super) const INTERNAL: i32 = 13;
    pub(super) const UNAVAILABLE: i32 = 14;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const ENCODING: &str = "grpc-encoding";

/// How messages may be compressed.
const ACCEPTED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderValue::from_static("identity,deflate,gzip,zstd"),
);

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");

/// What `grpc-message` writes in percent: all but printable ASCII, and the sign itself.
const PERCENT: &AsciiSet = &CONTROLS.add(b'%');

/// The longest answer of another route that becomes the message of a status.
const WORDS_BYTES_MAX: usize = 4 << 10;

/// Returns the routes over gRPC.
pub(super) fn routes() -> Router<Arc<Backend>> {
    let mut router = Router::new().route("/grpc.health.v1.Health/Check", post(health));
    for signal in Signal::ALL {
        let export = move |state, headers, sent| export(signal, state, headers, sent);
        router = router.route(&format!("/{}/Export", service(signal)), post(export));
    }
    router
}

fn service(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "opentelemetry.proto.collector.trace.v1.TraceService",
        Signal::Logs => "opentelemetry.proto.collector.logs.v1.LogsService",
        Signal::Metrics => "opentelemetry.proto.collector.metrics.v1.MetricsService",
    }
}

/// Why a call failed.
#[derive(Debug)]
struct Failure {
    code: i32,
    message: String,
    retry_seconds: Option<i64>,
    mark: Option<Refused>,
}

impl Failure {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_seconds: None, mark: Some(Refused("grpc")) }
    }
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Self {
        let (_, code) = refusal.status();
        // Without it, RESOURCE_EXHAUSTED tells an exporter to drop what it sent.
        let retry_seconds = (!refusal.headers().is_empty()).then_some(1);
        Self { code, message: refusal.message(), retry_seconds, mark: refusal.mark() }
    }
}

async fn export(
    signal: Signal,
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Result<Sent, Refusal>,
) -> Response {
    if !is_grpc(&headers) {
        return not_grpc();
    }
    let sent = match sent {
        Ok(sent) => sent,
        Err(refusal) => return fail(&Failure::from(&refusal)),
    };
    let stored = async {
        let received = intake::now();
        let batch = message(&headers, sent, move |message| {
            Batch::read(signal, message, OtlpFormat::Protobuf, received)
        });
        take(&backend, signal, batch.await?).await.map_err(Problem::Refused)
    };
    match stored.await {
        Ok(taken) => succeed(&ExportResponse::new(&taken)),
        Err(Problem::Refused(refusal)) => fail(&Failure::from(&refusal)),
        Err(Problem::Call(failure)) => fail(&failure),
    }
}

/// What is wrong with a request, in OTLP's words or in gRPC's.
enum Problem {
    Refused(Refusal),
    Call(Failure),
}

/// Reads the request's one message, decompressed.
async fn message<T: Send + 'static>(
    headers: &HeaderMap,
    Sent(body): Sent,
    decode: impl FnOnce(&[u8]) -> Result<T, WireError> + Send + 'static,
) -> Result<T, Problem> {
    let said = intake::text(headers, ENCODING).unwrap_or("identity");
    let encodings = Encodings::from_header(said).filter(|_| said != "br").ok_or_else(|| {
        let text = format!("grpc-encoding {said} is not taken");
        Problem::Call(Failure::new(code::UNIMPLEMENTED, text))
    })?;
    let internal = |text: String| Problem::Call(Failure::new(code::INTERNAL, text));
    let (compressed, message) = unframe(&body).map_err(|error| internal(error.to_string()))?;
    if compressed && encodings.is_identity() {
        return Err(internal(
            "the message is compressed, but grpc-encoding does not say how".to_owned(),
        ));
    }
    let encodings = if compressed { encodings } else { Encodings::default() };
    let message = body.slice_ref(message);
    let weight = encodings.weight(message.len());
    let work = move || Ok(decode(&inflate(&message, &encodings, INFLATED_BYTES_MAX)?)?);
    intake::on_a_thread(weight, work).await.map_err(Problem::Refused)
}

/// `grpc.health.v1.Health/Check`: whoever asks is answered, so this serves.
async fn health(headers: HeaderMap, sent: Result<Sent, Refusal>) -> Response {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Check {
        #[prost(string, tag = "1")]
        service: String,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    struct Checked {
        #[prost(int32, tag = "1")]
        status: i32,
    }
    const SERVING: i32 = 1;
    if !is_grpc(&headers) {
        return not_grpc();
    }
    let decode = |message: &[u8]| {
        Check::decode(message).map_err(|error| WireError::Protobuf(error.to_string()))
    };
    let sent = match sent {
        Ok(sent) => sent,
        Err(refusal) => return fail(&Failure::from(&refusal)),
    };
    match message(&headers, sent, decode).await {
        Ok(Check { service: name })
            if name.is_empty() || Signal::ALL.iter().any(|signal| service(*signal) == name) =>
        {
            succeed(&Checked { status: SERVING })
        }
        Ok(_) => fail(&Failure::new(code::NOT_FOUND, "no such service is here")),
        Err(Problem::Refused(refusal)) => fail(&Failure::from(&refusal)),
        Err(Problem::Call(failure)) => fail(&failure),
    }
}

fn is_grpc(headers: &HeaderMap) -> bool {
    matches!(intake::media_type(headers).as_str(), "application/grpc" | "application/grpc+proto")
}

/// A call of another sort: gRPC asks for the status of HTTP.
fn not_grpc() -> Response {
    Refusal::UnsupportedType("application/grpc").into_response()
}

fn succeed(message: &impl prost::Message) -> Response {
    let Some(framed) = frame(&message.encode_to_vec()) else {
        return fail(&Failure::new(code::INTERNAL, "the answer is too long"));
    };
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from(code::OK));
    let body = Full::new(Bytes::from(framed)).with_trailers(async move { Some(Ok(trailers)) });
    ([(header::CONTENT_TYPE, MEDIA_TYPE), ACCEPTED], Body::new(body)).into_response()
}

/// Answers without a message: what would be the trailers are the headers.
fn fail(failure: &Failure) -> Response {
    let mut response = ([(header::CONTENT_TYPE, MEDIA_TYPE), ACCEPTED], ()).into_response();
    if let Some(mark) = failure.mark {
        response.extensions_mut().insert(mark);
    }
    let headers = response.headers_mut();
    headers.insert(STATUS, HeaderValue::from(failure.code));
    let words = utf8_percent_encode(&failure.message, PERCENT).to_string();
    headers.extend(HeaderValue::try_from(words).ok().map(|words| (MESSAGE, words)));
    if failure.retry_seconds.is_some() {
        let status = Status::new(failure.code, failure.message.clone(), failure.retry_seconds);
        let details = HeaderValue::try_from(BASE64.encode(status.encode_to_vec()));
        headers.extend(details.ok().map(|details| (DETAILS, details)));
    }
    response
}

/// Lets clients of gRPC understand what is not answered by a service: unknown methods, refusals of the
/// whole request. Everything else passes as it is.
///
/// Source: gRPC, "HTTP to gRPC Status Code Mapping"; an unknown path is `UNIMPLEMENTED`.
pub(in crate::serve) async fn speak_grpc(request: Request, next: Next) -> Response {
    let asks = is_grpc(request.headers());
    let response = next.run(request).await;
    let answers = response.headers().get(header::CONTENT_TYPE) == Some(&MEDIA_TYPE);
    if !asks || answers {
        return response;
    }
    let code = match response.status() {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => code::UNIMPLEMENTED,
        StatusCode::UNAUTHORIZED => code::UNAUTHENTICATED,
        StatusCode::FORBIDDEN => code::PERMISSION_DENIED,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => code::UNAVAILABLE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => code::UNIMPLEMENTED,
        _ => code::UNKNOWN,
    };
    let mark = response.extensions().get().copied();
    let words = to_bytes(response.into_body(), WORDS_BYTES_MAX).await.unwrap_or_default();
    fail(&Failure { mark, ..Failure::new(code, String::from_utf8_lossy(&words).trim()) })
}
