//! The id of a request: which one an incoming request is given, and which trace it belongs to.

use std::fmt;

use http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceId};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use uuid::Uuid;

/// The header that carries the id, in both directions.
pub(super) const HEADER: &str = "x-request-id";

/// Longer ids are refused: the id goes into every log line of its request.
const LENGTH_MAX: usize = 128;

/// The id of a request as it is logged, replied and passed on.
///
/// A UUID is in its dashed lower-case form; any other id is the text that the edge sent.
/// Never empty, at most 128 characters of `[A-Za-z0-9._:-]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestId(String);

impl RequestId {
    fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid.hyphenated().to_string())
    }

    /// Reads an id that came from outside.
    fn parse(text: &str) -> Option<Self> {
        if let Some(uuid) = uuid_of(text) {
            return Some(Self::from_uuid(uuid));
        }
        let accepted = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        let fits = !text.is_empty() && text.len() <= LENGTH_MAX;
        (fits && text.bytes().all(accepted)).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What the headers of a request say about who it is.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) request_id: RequestId,
    /// The span of the caller, from a valid `traceparent`.
    pub(super) parent: Option<SpanContext>,
    /// The trace that a request without a parent begins.
    pub(super) trace_id: TraceId,
    /// The sender's id could not be taken and was replaced.
    pub(super) refused: bool,
}

/// Decides the ids of a request from its headers.
///
/// `traceparent` decides the trace, `x-request-id` the request id. Where only one is there, the
/// other follows from it, so that both are the same 128 bits; with neither, a `UUIDv7` is both. An id
/// that is no UUID keeps its text and begins a trace of its own; only log lines join the two.
pub(super) fn adopt(headers: &HeaderMap) -> Adopted {
    let parent = parent_of(headers);
    let sent = headers.get(HEADER);
    let accepted = sent.and_then(|value| value.to_str().ok()).and_then(RequestId::parse);
    let refused = sent.is_some() && accepted.is_none();
    let trace_id = match (&parent, &accepted) {
        (Some(parent), _) => parent.trace_id(),
        (None, Some(request_id)) => {
            trace_of(uuid_of(request_id.as_str()).unwrap_or_else(Uuid::now_v7))
        }
        (None, None) => trace_of(Uuid::now_v7()),
    };
    let request_id =
        accepted.unwrap_or_else(|| RequestId::from_uuid(Uuid::from_bytes(trace_id.to_bytes())));
    Adopted { request_id, parent, trace_id, refused }
}

/// Only these two forms: `Uuid::parse_str` would take braces and `urn:uuid:` too. The nil UUID is
/// no valid trace id (W3C Trace Context, 3.2.2.3).
fn uuid_of(text: &str) -> Option<Uuid> {
    if !matches!(text.len(), 32 | 36) {
        return None;
    }
    Uuid::try_parse(text).ok().filter(|uuid| !uuid.is_nil())
}

fn trace_of(uuid: Uuid) -> TraceId {
    TraceId::from_bytes(uuid.into_bytes())
}

fn parent_of(headers: &HeaderMap) -> Option<SpanContext> {
    let context = TraceContextPropagator::new()
        .extract_with_context(&opentelemetry::Context::new(), &HeaderExtractor(headers));
    let parent = context.span().span_context().clone();
    parent.is_valid().then_some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0192f3a1b2c37d4e8f90a1b2c3d4e5f6";
    const DASHED: &str = "0192f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6";

    fn adopted(headers: &[(&'static str, &str)]) -> Adopted {
        adopt(
            &headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
        )
    }

    fn ids(headers: &[(&'static str, &str)]) -> (String, String) {
        let adopted = adopted(headers);
        (adopted.request_id.to_string(), adopted.trace_id.to_string())
    }

    #[test]
    fn a_uuid_is_the_trace_id_with_or_without_dashes() {
        for sent in [TRACE, DASHED, &DASHED.to_uppercase()] {
            assert_eq!(ids(&[(HEADER, sent)]), (DASHED.to_owned(), TRACE.to_owned()), "{sent}");
        }
    }

    #[test]
    fn a_traceparent_alone_gives_both_ids() {
        let adopted = adopted(&[("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"))]);
        assert_eq!(adopted.request_id.as_str(), DASHED);
        assert_eq!(adopted.parent.unwrap().span_id().to_string(), "00f067aa0ba902b7");
    }

    #[test]
    fn a_traceparent_decides_the_trace_and_the_header_the_request_id() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let both = [("traceparent", parent.as_str()), (HEADER, "req_8fK2")];
        assert_eq!(ids(&both), ("req_8fK2".to_owned(), TRACE.to_owned()));
    }

    #[test]
    fn an_opaque_id_keeps_its_text_and_gets_a_trace_of_its_own() {
        let first = adopted(&[(HEADER, "req_8fK2")]);
        let second = adopted(&[(HEADER, "req_8fK2")]);
        assert_eq!(first.request_id.as_str(), "req_8fK2");
        assert_ne!(first.trace_id, second.trace_id);
    }

    #[test]
    fn without_any_header_a_new_uuid_v7_is_both_ids() {
        let adopted = adopted(&[]);
        let uuid = Uuid::parse_str(adopted.request_id.as_str()).unwrap();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(adopted.trace_id.to_bytes(), uuid.into_bytes());
        assert!(!adopted.refused);
    }

    #[test]
    fn an_id_that_is_too_long_or_has_other_characters_is_replaced() {
        for sent in ["a b", "id=1", "<script>", "", &"a".repeat(129)] {
            let adopted = adopted(&[(HEADER, sent)]);
            assert!(adopted.refused, "{sent}");
            assert!(Uuid::parse_str(adopted.request_id.as_str()).is_ok());
        }
        assert!(!adopted(&[(HEADER, &"a".repeat(128))]).refused);
    }

    #[test]
    fn a_malformed_traceparent_is_as_none() {
        let headers = [("traceparent", "00-zz-00f067aa0ba902b7-01"), (HEADER, DASHED)];
        assert_eq!(ids(&headers), (DASHED.to_owned(), TRACE.to_owned()));
    }
}
