//! How instrumentation libraries name the requests that a service serves.
//!
//! One name can mean two things (`starlette_requests_total` of two libraries), so a convention only
//! proposes names; which labels are there decides what can be told.

use super::families::{Family, Kind, Labels};

/// The names of one library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convention {
    /// Counters of requests, the one with a status first; the histogram's own count comes last.
    pub requests: Vec<String>,
    /// The histogram of durations; its name ends in its unit.
    pub duration: String,
}

/// Counters and histogram of each library, in the order they are looked for.
const KNOWN: [(&[&str], &str); 12] = [
    // OpenTelemetry's semantic conventions, stable and before.
    (&[], "http_server_request_duration_seconds"),
    (&[], "http_server_duration_milliseconds"),
    // starlette-prometheus has the status on its responses only.
    (
        &["starlette_responses_total", "starlette_requests_total"],
        "starlette_requests_processing_time_seconds",
    ),
    (&["starlette_requests_total"], "starlette_request_duration_seconds"),
    (&["flask_http_request_total"], "flask_http_request_duration_seconds"),
    (
        &["django_http_responses_total_by_status_view_method_total"],
        "django_http_requests_latency_seconds_by_view_method",
    ),
    (&["axum_http_requests_total"], "axum_http_requests_duration_seconds"),
    (&[], "http_server_requests_seconds"),
    (&["http_requests_received_total"], "http_request_duration_seconds"),
    // prometheus-fastapi-instrumentator, Go, and what many write by hand.
    (&["http_requests_total"], "http_request_duration_seconds"),
    (&["prometheus_http_requests_total"], "prometheus_http_request_duration_seconds"),
    (&["istio_requests_total"], "istio_request_duration_milliseconds"),
];

const STATUS_LABELS: [&str; 7] = [
    "http_response_status_code",
    "status_code",
    "http_status_code",
    "status",
    "code",
    "response_code",
    "http_status",
];

const ROUTE_LABELS: [&str; 10] = [
    "http_route",
    "path_template",
    "handler",
    "route",
    "endpoint",
    "uri",
    "url_rule",
    "view",
    "path",
    "http_target",
];

/// Routes that nobody but machines asks for: their requests are no traffic.
const NO_TRAFFIC: [&str; 12] = [
    "/metrics",
    "/health",
    "/healthz",
    "/ready",
    "/readyz",
    "/live",
    "/livez",
    "/ping",
    "/status",
    "/health/live",
    "/health/ready",
    "/-/healthy",
];

impl Convention {
    /// Finds the convention that a page follows; `None` where no name is known and none looks like one.
    pub fn of(page: &[Family]) -> Option<Self> {
        let known = KNOWN.iter().find(|(requests, duration)| {
            let counted = requests.iter().any(|name| find(page, name).is_some());
            find(page, duration).is_some() && (counted || requests.is_empty())
        });
        if let Some((requests, duration)) = known {
            let requests = requests.iter().map(|name| (*name).to_owned()).collect();
            return Some(Self { requests, duration: (*duration).to_owned() });
        }
        let guessed = page.iter().find(|family| {
            let with_status =
                family.series.iter().any(|series| status_of(&series.labels).is_some());
            family.kind == Kind::Histogram && looks_like_requests(&family.name) && with_status
        });
        guessed.map(|family| Self { requests: Vec::new(), duration: family.name.clone() })
    }

    /// Returns how many milliseconds the histogram's unit has.
    pub fn unit_ms(&self) -> f64 {
        let milliseconds = ["_milliseconds", "_ms"].iter().any(|end| self.duration.ends_with(end));
        if milliseconds { 1.0 } else { 1_000.0 }
    }
}

/// Finds a family by the name of its samples: `OpenMetrics` leaves `_total` out of the family's.
pub(super) fn find<'a>(page: &'a [Family], name: &str) -> Option<&'a Family> {
    let short = name.strip_suffix("_total").unwrap_or(name);
    let is_it = |family: &&Family| {
        family.name == name || (family.name == short && family.kind == Kind::Counter)
    };
    page.iter().find(is_it)
}

fn looks_like_requests(name: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    has(&["http", "request", "response"])
        && has(&["duration", "latency", "time"])
        && ["_seconds", "_milliseconds", "_ms"].iter().any(|end| name.ends_with(end))
        && !has(&["client", "outgoing"])
}

/// Returns the value of the label that holds the HTTP status.
pub(super) fn status_of(labels: &Labels) -> Option<&str> {
    value_of(labels, &STATUS_LABELS)
}

/// Says whether a status is a server error: `503`, `5xx`, `5`.
pub(super) fn is_server_error(status: &str) -> bool {
    status.starts_with('5') && matches!(status.len(), 1 | 3)
}

/// Says whether the route is one of those that only machines ask for.
pub(super) fn is_traffic(labels: &Labels) -> bool {
    let route = value_of(labels, &ROUTE_LABELS);
    !route.is_some_and(|route| NO_TRAFFIC.contains(&route.trim_end_matches('/')))
}

fn value_of<'a>(labels: &'a Labels, names: &[&str]) -> Option<&'a str> {
    let named = |name: &&str| labels.iter().find(|(label, _)| label == name);
    names.iter().find_map(named).map(|(_, value)| value.as_str())
}
