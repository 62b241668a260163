//! Unhandled errors become Sentry events: who, where, which request, and nothing secret.

use std::error::Error;
use std::sync::Arc;

use http::HeaderMap;
use opentelemetry::Context as OtelContext;
use opentelemetry::trace::TraceContextExt as _;
use sentry::protocol::{
    Context, Event, Exception, Level, Map, Request, SpanId, TraceContext, TraceId, User, Value,
};
use sentry::transports::ReqwestHttpTransportOptions;
use sentry::{ClientOptions, Hub, Scope, Transport, TransportFactory, TransportOptions};

use crate::demo::error_chain;
use crate::demo::log_format::logger;
use crate::demo::request_scope::RequestScope;
use crate::demo::scrub;
use crate::demo::service::Service;
use crate::demo::settings::Settings;

/// The header in which the edge tells who is signed in.
const USER_ID_HEADER: &str = "x-user-id";

/// Starts the client and binds it to the main hub; without a DSN it takes events and drops them.
pub(super) fn start(settings: &Settings, client: reqwest::Client) -> sentry::ClientInitGuard {
    let mut options = ClientOptions::new()
        .release(settings.release.clone())
        .environment(settings.environment.clone())
        .server_name(server_name(settings.service))
        .before_send(|event| Some(without_secrets(event)))
        .before_breadcrumb(|mut breadcrumb| {
            breadcrumb.category = breadcrumb.category.map(|from| logger(&from).to_owned());
            Some(breadcrumb)
        })
        .transport(PreparedTransport(client));
    options.dsn.clone_from(&settings.sentry_dsn);
    sentry::init(options)
}

/// The transport over a client of ours: the one that Sentry builds by itself refuses to start where
/// the system has no certificates, even for a DSN with `http://`.
struct PreparedTransport(reqwest::Client);

impl TransportFactory for PreparedTransport {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let options = ReqwestHttpTransportOptions::from(options).with_client(self.0.clone());
        Arc::new(options.build())
    }
}

fn server_name(service: Service) -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { service.name().to_owned() } else { name.trim().to_owned() }
}

/// Returns the hub of one request: breadcrumbs of other requests stay out of its events.
pub(super) fn request_hub(
    service: Service,
    request: &Arc<RequestScope>,
    headers: &HeaderMap,
) -> Arc<Hub> {
    let hub = Arc::new(Hub::new_from_top(Hub::main()));
    hub.configure_scope(|scope| describe(scope, service, request, headers));
    hub
}

fn describe(scope: &mut Scope, service: Service, request: &Arc<RequestScope>, headers: &HeaderMap) {
    scope.set_tag("request_id", &request.request_id);
    scope.set_tag("service", service.name());
    scope.set_transaction(Some(&request.operation()));
    let header = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    if let Some(id) = header(USER_ID_HEADER) {
        scope.set_user(Some(User { id: Some(scrub::text(&id)), ..User::default() }));
    }
    let described = Request {
        url: header("host").and_then(|host| format!("http://{host}{}", request.path).parse().ok()),
        method: Some(request.method.clone()),
        headers: headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect(),
        ..Request::default()
    };
    scope.add_event_processor(move |mut event| {
        event.request.get_or_insert_with(|| described.clone());
        Some(event)
    });
}

/// Sends an unhandled error as an event, with the request and the span that are current.
pub(super) fn capture(error: &(dyn Error + 'static)) {
    Hub::current().capture_event(event_of(error));
}

/// Sentry wants the root cause first and the outermost error last.
fn event_of(error: &(dyn Error + 'static)) -> Event<'static> {
    let mut exceptions: Vec<Exception> = error_chain::links(error)
        .into_iter()
        .map(|link| Exception { ty: link.kind, value: Some(link.message), ..Exception::default() })
        .collect();
    exceptions.reverse();
    let mut contexts = Map::new();
    if let Some(trace) = current_trace() {
        contexts.insert(String::from("trace"), Context::Trace(Box::new(trace)));
    }
    Event { level: Level::Error, exception: exceptions.into(), contexts, ..Event::default() }
}

/// Makes the event point at the span that failed. (`sentry-opentelemetry` would do it, for another
/// version of OpenTelemetry than the one spans are made with.)
fn current_trace() -> Option<TraceContext> {
    OtelContext::map_current(|context| {
        let span = context.span().span_context().clone();
        span.is_valid().then(|| TraceContext {
            trace_id: TraceId::from(span.trace_id().to_bytes()),
            span_id: SpanId::from(span.span_id().to_bytes()),
            op: Some(String::from("http.server")),
            ..TraceContext::default()
        })
    })
}

/// The last look at an event before it leaves.
fn without_secrets(mut event: Event<'static>) -> Event<'static> {
    if let Some(request) = &mut event.request {
        scrub_named(&mut request.headers);
        request.cookies = None;
        request.query_string = request.query_string.as_deref().map(scrub::text);
    }
    scrub_named(&mut event.tags);
    scrub_values(&mut event.extra);
    event.message = event.message.as_deref().map(scrub::text);
    for breadcrumb in &mut event.breadcrumbs.values {
        breadcrumb.message = breadcrumb.message.as_deref().map(scrub::text);
        scrub_values(&mut breadcrumb.data);
    }
    for exception in &mut event.exception.values {
        exception.value = exception.value.as_deref().map(scrub::text);
    }
    event
}

fn scrub_named(named: &mut Map<String, String>) {
    for (name, value) in named {
        *value =
            if scrub::is_sensitive(name) { scrub::SCRUBBED.into() } else { scrub::text(value) };
    }
}

fn scrub_values(values: &mut Map<String, Value>) {
    for (name, value) in values {
        if scrub::is_sensitive(name) {
            *value = scrub::SCRUBBED.into();
        } else if let Value::String(text) = value {
            *text = scrub::text(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("inner")]
    struct Inner;

    #[test]
    fn the_root_cause_is_the_first_exception_of_an_event() {
        let event = event_of(&Outer(Inner));
        let types: Vec<&str> = event.exception.iter().map(|link| link.ty.as_str()).collect();
        assert_eq!(types, ["Inner", "Outer"]);
    }

    #[test]
    fn an_event_leaves_without_credentials() {
        let headers = [("authorization", "Bearer abc"), ("cookie", "a=b"), ("accept", "*/*")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let event = Event {
            request: Some(Request { headers: headers.into(), ..Request::default() }),
            extra: [(String::from("db_password"), Value::from("hunter2"))].into(),
            ..Event::default()
        };
        let sent = serde_json::to_string(&without_secrets(event)).unwrap();
        for secret in ["Bearer abc", "a=b", "hunter2"] {
            assert!(!sent.contains(secret), "{sent}");
        }
        assert!(sent.contains("*/*"));
    }
}
