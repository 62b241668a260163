//! Who a request is, as the edge tells it.

use uuid::Uuid;

/// The ids of a request.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) request_id: String,
    /// 32 hex digits; `None` leaves the choice to the application.
    pub(super) trace_id: Option<String>,
}

impl Identity {
    /// The request id is the trace id. The edge sends no `traceparent`: it makes no spans, and a
    /// parent that nobody ever receives would leave each trace without its root.
    pub(super) fn matching() -> Self {
        let uuid = Uuid::now_v7();
        Self { request_id: uuid.to_string(), trace_id: Some(uuid.simple().to_string()) }
    }

    /// The request id is no UUID.
    pub(super) fn foreign() -> Self {
        Self { request_id: format!("req_{}", Uuid::new_v4().simple()), trace_id: None }
    }
}
