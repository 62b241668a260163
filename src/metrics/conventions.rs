//! How instrumentation libraries name the requests that a service serves.
//!
//! One name can mean two things (`starlette_requests_total` of two libraries, `http_requests_total`
//! with `code`, `status` or neither), so a convention only proposes names; which labels are there
//! decides what can be told. Names of requests that a service makes itself are in none of them.

use super::families::{Family, Kind, Labels};

/// The names of one library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convention {
    /// Whose names these are; `None` where they only look like names of requests.
    pub library: Option<&'static str>,
    /// Counters of requests, in the order they are preferred; the histogram's own count comes last.
    pub requests: Vec<String>,
    /// The histogram or summary of durations; its name ends in its unit.
    pub duration: Option<String>,
    /// The same of all requests together, in finer buckets and without labels.
    pub overall: Option<String>,
    /// The gauge of requests that are being served.
    pub in_flight: Option<String>,
}

/// What one library calls things.
struct Library {
    name: &'static str,
    requests: &'static [&'static str],
    duration: &'static [&'static str],
    overall: Option<&'static str>,
    in_flight: &'static [&'static str],
}

const fn library(
    name: &'static str,
    requests: &'static [&'static str],
    duration: &'static [&'static str],
    in_flight: &'static [&'static str],
) -> Library {
    Library { name, requests, duration, overall: None, in_flight }
}

/// In the order they are looked for.
const KNOWN: [Library; 24] = [
    library(
        "OpenTelemetry",
        &[],
        &["http_server_request_duration_seconds", "http_server_request_duration"],
        &["http_server_active_requests"],
    ),
    library(
        "OpenTelemetry before 1.23",
        &[],
        &["http_server_duration_milliseconds", "http_server_duration"],
        &["http_server_active_requests"],
    ),
    // The status is on its responses only.
    library(
        "starlette-prometheus",
        &["starlette_responses_total", "starlette_requests_total"],
        &["starlette_requests_processing_time_seconds"],
        &["starlette_requests_in_progress"],
    ),
    library(
        "starlette_exporter",
        &["starlette_requests_total"],
        &["starlette_request_duration_seconds"],
        &["starlette_requests_in_progress"],
    ),
    library(
        "prometheus-flask-exporter",
        &["flask_http_request_total"],
        &["flask_http_request_duration_seconds"],
        &[],
    ),
    library(
        "django-prometheus",
        &[
            "django_http_responses_total_by_status_view_method_total",
            "django_http_responses_total_by_status_total",
        ],
        &["django_http_requests_latency_seconds_by_view_method"],
        &[],
    ),
    library(
        "axum-prometheus",
        &["axum_http_requests_total"],
        &["axum_http_requests_duration_seconds"],
        &["axum_http_requests_pending"],
    ),
    library(
        "Micrometer",
        &[],
        &["http_server_requests_seconds"],
        &["http_server_requests_active_seconds_active_count"],
    ),
    library(
        "prometheus-net",
        &["http_requests_received_total"],
        &["http_request_duration_seconds"],
        &["http_requests_in_progress"],
    ),
    Library {
        name: "prometheus-fastapi-instrumentator",
        requests: &["http_requests_total"],
        duration: &["http_request_duration_seconds"],
        overall: Some("http_request_duration_highr_seconds"),
        in_flight: &["http_requests_inprogress"],
    },
    library(
        "Prometheus",
        &["prometheus_http_requests_total"],
        &["prometheus_http_request_duration_seconds"],
        &["promhttp_metric_handler_requests_in_flight"],
    ),
    library(
        "Alertmanager",
        &[],
        &["alertmanager_http_request_duration_seconds"],
        &["alertmanager_http_requests_in_flight"],
    ),
    library("Istio", &["istio_requests_total"], &["istio_request_duration_milliseconds"], &[]),
    library(
        "ingress-nginx",
        &["nginx_ingress_controller_requests"],
        &["nginx_ingress_controller_request_duration_seconds"],
        &[],
    ),
    library(
        "Traefik",
        &["traefik_service_requests_total", "traefik_entrypoint_requests_total"],
        &[
            "traefik_service_request_duration_seconds",
            "traefik_entrypoint_request_duration_seconds",
        ],
        &["traefik_open_connections"],
    ),
    library(
        "Caddy",
        &[],
        &["caddy_http_request_duration_seconds"],
        &["caddy_http_requests_in_flight"],
    ),
    library(
        "Envoy",
        &["envoy_http_downstream_rq_xx", "envoy_cluster_upstream_rq_xx"],
        &["envoy_http_downstream_rq_time", "envoy_cluster_upstream_rq_time"],
        &["envoy_http_downstream_rq_active", "envoy_cluster_upstream_rq_active"],
    ),
    library("Linkerd", &["response_total"], &["response_latency_ms"], &[]),
    library("gRPC", &["grpc_server_handled_total"], &["grpc_server_handling_seconds"], &[]),
    library(
        "nginx-plus",
        &["nginxplus_server_zone_responses"],
        &[],
        &["nginxplus_connections_active"],
    ),
    library("nginx", &["nginx_http_requests_total"], &[], &["nginx_connections_active"]),
    library(
        "HAProxy",
        &["haproxy_frontend_http_responses_total", "haproxy_frontend_http_requests_total"],
        &[],
        &["haproxy_frontend_current_sessions"],
    ),
    // What many write by hand, in Go and in Node.
    library("common use", &["http_requests_total"], &["http_request_duration_seconds"], &[]),
    library("common use", &["http_server_requests_total"], &["http_server_duration_seconds"], &[]),
];

/// The labels that hold a status, the more telling first.
const STATUS_LABELS: [&str; 10] = [
    "http_response_status_code",
    "status_code",
    "http_status_code",
    "status",
    "code",
    "response_code",
    "http_status",
    "grpc_code",
    "envoy_response_code_class",
    "classification",
];

const METHOD_LABELS: [&str; 5] =
    ["http_request_method", "method", "http_method", "verb", "grpc_method"];

const ROUTE_LABELS: [&str; 20] = [
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
    "http_path",
    "action",
    "grpc_service",
    "service",
    "destination_service",
    "ingress",
    "envoy_cluster_name",
    "dst_service",
    "proxy",
    "server_zone",
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
    "/startupz",
    "/q/metrics",
    "/q/health",
];

const NO_TRAFFIC_BELOW: [&str; 4] = ["/health/", "/actuator/", "/-/", "/q/health/"];

impl Convention {
    /// Finds the convention that a page follows; `None` where no name is known and none looks like one.
    ///
    /// One with durations comes before one with a counter alone.
    pub fn of(page: &[Family]) -> Option<Self> {
        let with_duration = |library: &&Library| {
            let counted = library.requests.iter().any(|name| find(page, name).is_some());
            // Others call theirs alike, but for the histogram without labels.
            let finer = library.overall.is_none_or(|name| find(page, name).is_some());
            library.duration.iter().any(|name| find(page, name).is_some())
                && (counted || library.requests.is_empty())
                && finer
        };
        let counted =
            |library: &&Library| library.requests.iter().any(|name| find(page, name).is_some());
        if let Some(library) = KNOWN.iter().find(with_duration) {
            return Some(library.of(page));
        }
        guessed(page).or_else(|| KNOWN.iter().find(counted).map(|library| library.of(page)))
    }

    /// Takes these names in place of what would be found.
    pub fn given(requests: Option<String>, duration: Option<String>) -> Self {
        let requests = requests.into_iter().collect();
        Self { library: None, requests, duration, overall: None, in_flight: None }
    }

    /// Returns how many milliseconds the unit of the durations has, by their name or their `# UNIT`.
    pub fn unit_ms(&self, page: &[Family]) -> f64 {
        let Some(name) = &self.duration else { return 1_000.0 };
        let unit = find(page, name).and_then(|family| family.unit.as_deref());
        // Go's client had a summary in microseconds once.
        if name.ends_with("_microseconds") || unit == Some("microseconds") {
            return 0.001;
        }
        let milliseconds =
            ["_milliseconds", "_ms", "_rq_time"].iter().any(|end| name.ends_with(end))
                || matches!(unit, Some("milliseconds" | "ms"))
                || name == "http_server_duration";
        if milliseconds { 1.0 } else { 1_000.0 }
    }
}

impl Library {
    fn of(&self, page: &[Family]) -> Convention {
        let first = |names: &[&str]| {
            let found = names.iter().find(|name| find(page, name).is_some());
            found.map(|name| (*name).to_owned())
        };
        Convention {
            library: Some(self.name),
            requests: self.requests.iter().map(|name| (*name).to_owned()).collect(),
            duration: first(self.duration),
            overall: self.overall.and_then(|name| first(&[name])),
            in_flight: first(self.in_flight),
        }
    }
}

/// Finds a histogram that looks like durations of requests, else a counter with a status.
fn guessed(page: &[Family]) -> Option<Convention> {
    let has_status = |family: &Family| {
        family.series.iter().any(|series| status_of(&series.labels).is_some_and(is_status))
    };
    let has_route = |family: &Family| {
        family.series.iter().any(|series| value_of(&series.labels, &ROUTE_LABELS).is_some())
    };
    let timed = |family: &&Family| {
        matches!(family.kind, Kind::Histogram | Kind::Summary) && looks_like_requests(&family.name)
    };
    let timed: Vec<&Family> = page.iter().filter(timed).collect();
    let duration = timed
        .iter()
        .find(|family| has_status(family))
        .or_else(|| timed.iter().find(|family| has_route(family)))
        .or_else(|| timed.first());
    let counts = |family: &&Family| {
        let name = &family.name;
        family.kind == Kind::Counter
            && (name.contains("http") || name.contains("request"))
            && !is_of_client(name)
            && has_status(family)
    };
    let counter = page.iter().find(counts).map(|family| family.name.clone());
    if duration.is_none() && counter.is_none() {
        return None;
    }
    Some(Convention::given(counter, duration.map(|family| family.name.clone())))
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
        && ["_seconds", "_milliseconds", "_ms", "_microseconds"]
            .iter()
            .any(|end| name.ends_with(end))
        && !is_of_client(name)
}

fn is_of_client(name: &str) -> bool {
    // promhttp counts nothing but the scrapes themselves.
    ["client", "outgoing", "outbound", "upstream", "sd_", "notification", "remote_", "promhttp_"]
        .iter()
        .any(|word| name.contains(word))
}

/// Returns the value of the label that holds the status.
pub(super) fn status_of(labels: &Labels) -> Option<&str> {
    value_of(labels, &STATUS_LABELS)
}

/// Returns the value of the label that holds the method.
pub(super) fn method_of(labels: &Labels) -> Option<&str> {
    value_of(labels, &METHOD_LABELS)
}

/// Returns the value of the label that holds the route.
pub(super) fn route_of(labels: &Labels) -> Option<&str> {
    value_of(labels, &ROUTE_LABELS)
}

/// Returns the names of the labels that tell method, route and status, as far as they are there.
pub(super) fn names_of(labels: &Labels) -> Vec<String> {
    let there = |names: &[&str]| {
        let found = names.iter().find(|name| labels.iter().any(|(label, _)| label == *name));
        found.map(|name| (*name).to_owned())
    };
    let all = [there(&METHOD_LABELS), there(&ROUTE_LABELS), there(&STATUS_LABELS)];
    all.into_iter().flatten().collect()
}

/// What a status says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It went well, or nothing is said.
    Good,
    /// The client's own mistake: 4xx.
    Client,
    /// Turned away: 429.
    Throttled,
    /// The client went away: 499.
    Cancelled,
    /// A server error: 5xx.
    Server,
}

/// Reads a status: `503`, `5xx`, `5`, gRPC's `Unavailable`, Linkerd's `failure`.
pub fn class_of(status: &str) -> Class {
    let first = status.bytes().next().unwrap_or(b'0');
    match (status, status.len()) {
        ("429", _) => Class::Throttled,
        ("499", _) => Class::Cancelled,
        (_, 1 | 3) if first == b'5' => Class::Server,
        (_, 1 | 3) if first == b'4' => Class::Client,
        (_, 1 | 3) if first.is_ascii_digit() => Class::Good,
        _ => class_of_word(status),
    }
}

/// The codes of gRPC that are the server's fault.
///
/// Source: OpenTelemetry semantic conventions, "gRPC", server spans.
fn class_of_word(status: &str) -> Class {
    let word: String = status.chars().filter(char::is_ascii_alphabetic).collect();
    match word.to_ascii_lowercase().as_str() {
        "unknown" | "deadlineexceeded" | "unimplemented" | "internal" | "unavailable"
        | "dataloss" | "failure" => Class::Server,
        "canceled" | "cancelled" => Class::Cancelled,
        "resourceexhausted" => Class::Throttled,
        "invalidargument" | "notfound" | "alreadyexists" | "permissiondenied"
        | "unauthenticated" | "failedprecondition" | "aborted" | "outofrange" => Class::Client,
        _ => Class::Good,
    }
}

fn is_status(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    matches!((digits, text.len()), (3, 3) | (1, 1)) || text.ends_with("xx") || text == "OK"
}

/// Says whether the route is one of those that only machines ask for.
pub(super) fn is_traffic(labels: &Labels) -> bool {
    route_of(labels).is_none_or(is_traffic_route)
}

/// The same of a route itself.
pub fn is_traffic_route(route: &str) -> bool {
    let bare = route.trim_end_matches('/');
    !(NO_TRAFFIC.contains(&bare) || NO_TRAFFIC_BELOW.iter().any(|start| route.starts_with(start)))
}

fn value_of<'a>(labels: &'a Labels, names: &[&str]) -> Option<&'a str> {
    let named = |name: &&str| labels.iter().find(|(label, _)| label == name);
    names.iter().find_map(named).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_any_library_has_its_class() {
        for (status, class) in [
            ("200", Class::Good),
            ("5xx", Class::Server),
            ("5", Class::Server),
            ("503", Class::Server),
            ("4xx", Class::Client),
            ("404", Class::Client),
            ("429", Class::Throttled),
            ("499", Class::Cancelled),
            ("OK", Class::Good),
            ("DeadlineExceeded", Class::Server),
            ("DEADLINE_EXCEEDED", Class::Server),
            ("NotFound", Class::Client),
            ("failure", Class::Server),
            ("", Class::Good),
        ] {
            assert_eq!(class_of(status), class, "{status}");
        }
    }

    #[test]
    fn what_only_machines_ask_for_is_no_traffic() {
        let labels = |route: &str| vec![("path".to_owned(), route.to_owned())];
        for (route, traffic) in [
            ("/metrics", false),
            ("/healthz/", false),
            ("/-/ready", false),
            ("/health-plans", true),
        ] {
            assert_eq!(is_traffic(&labels(route)), traffic, "{route}");
        }
    }
}
