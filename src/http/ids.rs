//! The ids of a run.

use opentelemetry::trace::SpanContext;

use crate::model::{SpanId, TraceId};

/// The ids of this run, sent with every request.
#[derive(Debug, Clone)]
pub struct RunIds {
    /// This run's request id; what `obs run …` shows.
    pub request_id: String,
    /// The same as a trace id.
    pub trace_id: TraceId,
    /// The span of the run.
    pub span_id: SpanId,
    /// The span that this run belongs to, as `TRACEPARENT` and `TRACESTATE` say.
    pub caller: Option<SpanContext>,
}
