//! Outgoing calls: each has a client span, and takes the trace and the request id along.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::Status;
use opentelemetry_http::HeaderInjector;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use reqwest::{Method, Request, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore};
use tracing::{Instrument as _, Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::demo::request_id;
use crate::demo::request_scope::RequestScope;
use crate::demo::unhandled::record_exception;

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Builds a client without instrumentation, as telemetry itself needs it.
///
/// The roots are given, because reqwest would refuse to start where the system has no certificates,
/// even if only `http://` is used. Proxies are not used: every peer is on the same network.
pub(super) fn build(with_system_roots: bool) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls(with_system_roots))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .no_proxy()
        .build()
}

/// Reading the system's certificates takes longer than everything else at start: `with_system_roots`
/// is false where no peer is reached over TLS.
fn tls(with_system_roots: bool) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    if with_system_roots {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The client that handlers call other services with.
#[derive(Debug, Clone)]
pub(super) struct HttpClient(reqwest::Client);

impl HttpClient {
    pub(super) fn new(client: reqwest::Client) -> Self {
        Self(client)
    }

    /// Begins a request, to be built and then sent with [`HttpClient::send`].
    pub(super) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.0.request(method, url)
    }

    /// Sends a request and waits for the head of the response, whatever its status.
    ///
    /// The span is an error from 400 up, as it is the client's (a server's only from 500).
    /// Source: OpenTelemetry semantic conventions, "HTTP client span".
    pub(super) async fn send(&self, request: Request) -> Result<Response, reqwest::Error> {
        self.exchange(request, None).await
    }

    /// Sends a request again, `resend_count` being 1 for the first time; its span says so.
    pub(super) async fn resend(
        &self,
        request: Request,
        resend_count: u32,
    ) -> Result<Response, reqwest::Error> {
        self.exchange(request, Some(resend_count)).await
    }

    async fn exchange(
        &self,
        mut request: Request,
        resend_count: Option<u32>,
    ) -> Result<Response, reqwest::Error> {
        let span = client_span(&request, resend_count);
        pass_on(&span, &mut request);
        let called = format!("{} {}", request.method(), request.url());
        let outcome = self.0.execute(request).instrument(span.clone()).await;
        let status = outcome.as_ref().ok().map(|response| response.status().as_u16());
        sentry::add_breadcrumb(sentry::Breadcrumb {
            ty: String::from("http"),
            category: Some(String::from("http.client")),
            message: Some(called),
            data: status
                .map(|status| (String::from("status_code"), status.into()))
                .into_iter()
                .collect(),
            ..sentry::Breadcrumb::default()
        });
        record(&span, &outcome);
        outcome
    }
}

fn client_span(request: &Request, resend_count: Option<u32>) -> Span {
    let url = request.url();
    info_span!(
        "call",
        otel.name = request.method().as_str(),
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        http.request.resend_count = resend_count,
        http.response.status_code = field::Empty,
        url.full = url.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        error.type = field::Empty,
    )
}

/// Writes `traceparent` and the request id into the headers.
fn pass_on(span: &Span, request: &mut Request) {
    TraceContextPropagator::new()
        .inject_context(&span.context(), &mut HeaderInjector(request.headers_mut()));
    let scope = RequestScope::current();
    let id = scope.and_then(|scope| HeaderValue::from_str(scope.request_id.as_str()).ok());
    if let Some(id) = id {
        request.headers_mut().insert(request_id::HEADER, id);
    }
}

fn record(span: &Span, outcome: &Result<Response, reqwest::Error>) {
    match outcome {
        Ok(response) => {
            let status = response.status();
            span.record("http.response.status_code", status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                span.record("error.type", status.as_str());
                span.set_status(Status::error(""));
            }
        }
        Err(error) => {
            span.record("error.type", if error.is_timeout() { "timeout" } else { "connection" });
            record_exception(span, error);
            span.set_status(Status::error(error.to_string()));
        }
    }
}
