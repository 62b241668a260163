//! The attributes under which spans carry a request's id, and where in time to look for them.

use std::time::Duration;

use super::endpoint::Endpoint;
use crate::model::{Correlation, UnixNanos};

/// What instrumentations and teams call it.
///
/// Source: OpenTelemetry, "Semantic conventions for HTTP spans", `http.request.header.<key>`; older
/// instrumentations write `_` for `-` there.
pub const REQUEST_ATTRIBUTES: [&str; 7] = [
    "request_id",
    "request.id",
    "http.request.id",
    "http.request.header.x-request-id",
    "http.request.header.x_request_id",
    "x-request-id",
    "correlation_id",
];

/// How many traces one request id leads to.
pub(super) const TRACES_MAX: u32 = 20;

/// How far before its own time a request id is looked for: clocks differ.
const BEFORE: Duration = Duration::from_mins(5);

/// Returns the stretch of time to search: from the id's own time where it tells one, else the window
/// of the source.
pub(super) fn window(endpoint: &Endpoint, id: &Correlation) -> (UnixNanos, UnixNanos) {
    let (now, window) = (endpoint.started(), endpoint.settings.window);
    let own = id.trace_id().and_then(UnixNanos::of_uuid_v7);
    let Some(own) = own.filter(|own| *own <= now) else { return (now.before(window), now) };
    let length = i64::try_from(window.as_nanos()).unwrap_or(i64::MAX);
    (own.before(BEFORE), UnixNanos(own.0.saturating_add(length)).min(now))
}
