//! One call, watched: its client span, the ids it takes along, its log line.
//!
//! Without a subscriber there is no span, and a call costs a clock reading more.
//! Source: OpenTelemetry semantic conventions, "HTTP client span".

use std::time::Instant;

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_http::HeaderInjector;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Url};
use tracing::{Instrument as _, Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{HttpError, RunIds, shown};

/// A call that is about to be made.
#[derive(Debug)]
pub(super) struct Call {
    span: Span,
    method: Method,
    url: String,
    headers: HeaderMap,
}

impl Call {
    /// Begins the span, under the current one or else under `run`: a spawned task has no current one.
    pub(super) fn begin(
        method: &Method,
        url: &Url,
        ids: &RunIds,
        run: Option<&tracing::span::Id>,
    ) -> Self {
        let host = url.host_str().unwrap_or_default();
        let shown = shown(url);
        let span = info_span!(
            parent: Span::current().id().or_else(|| run.cloned()),
            "request",
            otel.name = method.as_str(),
            otel.kind = "client",
            http.request.method = method.as_str(),
            url.full = shown,
            server.address = host.trim_matches(['[', ']']),
            server.port = url.port_or_known_default(),
            http.response.status_code = field::Empty,
            error.type = field::Empty,
        );
        let headers = headers(&span, ids);
        Self { span, method: method.clone(), url: shown, headers }
    }

    /// Returns `traceparent` and `tracestate`, which go with the request.
    pub(super) fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    /// Waits for the answer and says how it went; `error_type` names a failure in a word of few.
    pub(super) async fn watch<T, E: std::fmt::Display>(
        self,
        answer: impl Future<Output = Result<T, E>>,
        error_type: impl FnOnce(&E) -> String,
    ) -> Result<T, E> {
        let began = Instant::now();
        let answer = answer.instrument(self.span.clone()).await;
        let _entered = self.span.enter();
        let (method, url) = (self.method.as_str(), self.url.as_str());
        let duration_ms = (began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        match &answer {
            Ok(_) => tracing::info!(method, url, duration_ms, "request answered"),
            Err(error) => {
                let reason = error.to_string();
                self.span.record("error.type", error_type(error));
                self.span.set_status(Status::error(reason.clone()));
                tracing::warn!(method, url, duration_ms, reason, "request failed");
            }
        }
        answer
    }
}

/// Returns what tells the server its parent: the call's span; where no span is made, the caller of
/// this run, else the run.
fn headers(span: &Span, ids: &RunIds) -> HeaderMap {
    let of_span = span.context();
    let context = if of_span.has_active_span() { of_span } else { outside(ids) };
    let mut headers = HeaderMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(&mut headers));
    headers
}

/// Notes the status on the span of the call that is being made.
pub(super) fn answered(status: StatusCode) {
    Span::current().record("http.response.status_code", status.as_u16());
}

/// Returns the context of a run that makes no spans: what it was given, else its own ids.
fn outside(ids: &RunIds) -> Context {
    let own = || {
        SpanContext::new(
            TraceId::from_bytes(ids.trace_id.to_bytes()),
            SpanId::from_bytes(ids.span_id.to_bytes()),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        )
    };
    Context::new().with_remote_span_context(ids.caller.clone().unwrap_or_else(own))
}

/// Returns the status, or what did not work.
pub(super) fn error_type(error: &HttpError) -> String {
    match error {
        HttpError::Status { status, .. } => status.as_u16().to_string(),
        HttpError::NoAnswer { .. } => "no_answer".to_owned(),
        HttpError::TooLarge { .. } => "too_large".to_owned(),
        HttpError::Shape { .. } => "unexpected_shape".to_owned(),
        HttpError::Address(..) => "bad_address".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;

    fn ids(caller: Option<SpanContext>) -> RunIds {
        RunIds {
            request_id: "req_1".to_owned(),
            trace_id: model::TraceId::new(1).unwrap(),
            span_id: model::SpanId::new(2).unwrap(),
            caller,
        }
    }

    fn sent(ids: &RunIds) -> String {
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        let headers = Call::begin(&Method::GET, &url, ids, None).headers();
        headers["traceparent"].to_str().unwrap().to_owned()
    }

    #[test]
    fn without_spans_the_run_itself_is_the_parent() {
        let own = "00-00000000000000000000000000000001-0000000000000002-01";
        assert_eq!(sent(&ids(None)), own);
    }

    #[test]
    fn without_spans_the_caller_is_passed_on_as_it_came() {
        let caller = SpanContext::new(
            TraceId::from_bytes([3; 16]),
            SpanId::from_bytes([4; 8]),
            TraceFlags::NOT_SAMPLED,
            true,
            TraceState::NONE,
        );
        let passed_on = "00-03030303030303030303030303030303-0404040404040404-00";
        assert_eq!(sent(&ids(Some(caller))), passed_on);
    }
}
