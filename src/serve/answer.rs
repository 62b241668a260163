//! What all routes answer alike: refusals, unknown paths, the help page.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::store::StoreError;
use crate::wire::{InflateError, WireError};

/// Why a request was not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The body is not what it should be: 400.
    Malformed(String),
    /// The content type or encoding is not taken: 415, with what is.
    UnsupportedType(&'static str),
    /// The body is too large: 413.
    TooLarge(String),
    /// The queue or the memory for bodies is full: 429, come back in a second.
    Busy,
    /// The body stood still, or took longer than this: 408.
    Slow(Duration),
    /// The store failed: 503.
    Store(String),
    /// There is no such thing: 404.
    NotFound(String),
    /// One of the others, counted where it arose: what comes later may not come, as its sender can
    /// go away.
    Counted(Box<Self>),
}

/// On an answer: the reason of its refusal, to be counted once, by [`super::observe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused(pub(super) &'static str);

impl Refusal {
    /// Returns what marks an answer with this refusal; `None` when it is not to be counted.
    pub(super) fn mark(&self) -> Option<Refused> {
        Some(Refused(match self {
            Self::Malformed(_) => "malformed",
            Self::UnsupportedType(_) => "unsupported_type",
            Self::TooLarge(_) => "too_large",
            Self::Busy => "busy",
            Self::Slow(_) => "slow",
            Self::Store(_) => "store_failed",
            Self::NotFound(_) | Self::Counted(_) => return None,
        }))
    }

    /// Returns the HTTP status, and the code that gRPC has for the same (google.rpc.Code).
    pub(super) fn status(&self) -> (StatusCode, i32) {
        match self {
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, 3),
            Self::UnsupportedType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 3),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, 8),
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, 8),
            Self::Slow(_) => (StatusCode::REQUEST_TIMEOUT, 4),
            Self::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, 14),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, 5),
            Self::Counted(refusal) => refusal.status(),
        }
    }

    /// Returns the reason in words.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Malformed(reason) | Self::TooLarge(reason) | Self::NotFound(reason) => {
                reason.clone()
            }
            Self::UnsupportedType(taken) => format!("supported: [{taken}]"),
            Self::Busy => "the store is busy, send again".to_owned(),
            Self::Slow(waited) => format!("the body was not there within {waited:?}"),
            Self::Store(reason) => format!("not stored: {reason}"),
            Self::Counted(refusal) => refusal.message(),
        }
    }

    /// Gives an answer the headers of the refusal, and its mark.
    pub(super) fn dress(&self, response: &mut Response) {
        response.headers_mut().extend(self.headers());
        if let Some(mark) = self.mark() {
            response.extensions_mut().insert(mark);
        }
    }

    /// Returns the headers that say when to come back, if ever.
    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Self::Busy | Self::Store(_) => {
                vec![(header::RETRY_AFTER, HeaderValue::from_static("1"))]
            }
            Self::Counted(refusal) => refusal.headers(),
            _ => Vec::new(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, _) = self.status();
        let mut response = (status, Json(json!({ "error": self.message() }))).into_response();
        self.dress(&mut response);
        response
    }
}

impl From<WireError> for Refusal {
    fn from(error: WireError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<InflateError> for Refusal {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::Malformed(_) => Self::Malformed(error.to_string()),
            InflateError::TooLarge(_) => Self::TooLarge(error.to_string()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if let StoreError::Pattern(cause) = &error {
            return Self::Malformed(format!("{error}: {cause}"));
        }
        let cause = std::error::Error::source(&error).map(|source| format!(": {source}"));
        Self::Store(format!("{error}{}", cause.unwrap_or_default()))
    }
}

/// `GET /`: what this is and where to send.
pub(super) fn help() -> &'static str {
    "obs serve: the embedded backend\n\n\
     To send; bodies may be gzip, deflate, zstd or br:\n\
     POST /v1/traces, /v1/logs, /v1/metrics    OTLP over HTTP (protobuf or JSON)\n\
     gRPC, on this port and on 4317            OTLP over gRPC (gzip, deflate or zstd)\n\
     POST /api/PROJECT/envelope/               Sentry; the DSN is http://key@HOST:PORT/1\n\
     POST /api/PROJECT/store/                  one Sentry event\n\
     POST /api/PROJECT/security/               what browsers report: CSP and its like\n\
     POST /api/PROJECT/minidump/               what crash handlers post\n\
     POST /api/PROJECT/integration/otlp/v1/... OTLP where Sentry has it\n\
     POST /tunnel, /stream                     Sentry envelopes by tunnel, and Spotlight's\n\
     POST /logs                                log lines, one a line, JSON or plain\n\
     POST /loki/api/v1/push                    Loki's pushes (snappy protobuf or JSON)\n\
     POST /_bulk, /INDEX/_bulk                 Elasticsearch's bulks\n\n\
     To ask:\n\
     GET  /api/traces, /api/services           Jaeger's HTTP API, and what its page needs\n\
     GET  /api/v3/traces/ID                    Jaeger's API v3 (OTLP's JSON)\n\
     GET  /api/0/...                           Sentry's issues and events\n\
     GET  /stream                              Spotlight's events, as they come\n\
     GET  /metrics                             its own counts, for Prometheus\n\
     GET  /healthz, /readyz                    is it up; would it store\n\n\
     Or with: obs logs, obs trace ID, obs issues, obs request ID\n"
}

/// Any other path.
pub(super) async fn unknown_path(uri: Uri) -> Refusal {
    Refusal::NotFound(format!("nothing is at {}; GET / lists what is", uri.path()))
}

/// A path that is there, asked in the wrong way.
pub(super) async fn wrong_method(uri: Uri) -> Response {
    let message = format!("{} is not asked in this way; GET / lists what is", uri.path());
    (StatusCode::METHOD_NOT_ALLOWED, Json(json!({ "error": message }))).into_response()
}
