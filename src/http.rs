//! The one HTTP client: TLS roots, deadlines, a cap on bodies, this run's ids, URLs without secrets.

mod ask;
mod call;
mod ids;
mod plain;
mod shaking;
mod steps;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Host;

pub use ask::{Ask, Body, Reply};
use call::Call;
pub use ids::RunIds;
pub use plain::plain_client;

use crate::model::{Reason, mask_text};

mod fetch;

pub use fetch::{Asked, FetchError, Fetched, Limits, reason_of_io};
pub use tls::{reason_of_tls, words_of_tls};

/// The largest decompressed answer that is read.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// How much is kept of an answer that says no.
const STATUS_BYTES_MAX: usize = 4 << 10;

/// How much of that is shown.
const DETAIL_CHARACTERS_MAX: usize = 300;

/// How many redirects are followed.
const REDIRECTS_MAX: usize = 5;

/// How long a connection may take to be made, whatever the deadline of the whole request.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// Makes requests under a deadline.
///
/// There are two clients, made when first needed: reading the system's certificate authorities is the
/// slowest part of a short command, and a backend on loopback needs none.
#[derive(Debug)]
pub struct Http {
    timeout: Duration,
    ids: RunIds,
    headers: HeaderMap,
    /// `Authorization` for the embedded backend; no other request has it.
    token: Option<HeaderValue>,
    run: Option<tracing::span::Id>,
    loopback: OnceLock<Client>,
    remote: OnceLock<Client>,
    // The same without redirects: whoever asks with them follows step by step.
    loopback_step: OnceLock<Client>,
    remote_step: OnceLock<Client>,
}

/// Why a request has no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is none.
    #[error("`{0}` is not a URL: {1}")]
    Address(String, String),
    /// Nothing answered.
    #[error("{reason} ({url})")]
    NoAnswer {
        /// Who was asked, without secrets.
        url: String,
        /// Why, in few words.
        reason: String,
        /// The same for programs.
        class: Reason,
    },
    /// The answer says no.
    #[error("{url} answered {status}{}", detail(body))]
    Status {
        /// Who was asked, without secrets.
        url: String,
        /// The status.
        status: StatusCode,
        /// The start of the body.
        body: String,
    },
    /// The answer is larger than is read.
    #[error("{url} answered with more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge {
        /// Who was asked, without secrets.
        url: String,
    },
    /// The answer is not what it should be.
    #[error("{url} answered something else than expected: {reason}")]
    Shape {
        /// Who was asked, without secrets.
        url: String,
        /// What is wrong.
        reason: String,
    },
}

impl HttpError {
    /// Returns what a check calls this.
    pub fn check_reason(&self) -> Reason {
        match self {
            Self::Address(..) => Reason::Config,
            Self::NoAnswer { class, .. } => *class,
            Self::Status { .. } => Reason::Status,
            Self::TooLarge { .. } => Reason::TooLarge,
            Self::Shape { .. } => Reason::Protocol,
        }
    }
}

/// Returns the first line of an answer that says no, shortened, its secrets masked, after a colon.
pub fn detail(body: &str) -> String {
    let line = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let line: String = line.chars().take(DETAIL_CHARACTERS_MAX).collect();
    if line.is_empty() { String::new() } else { format!(": {}", mask_text(&line)) }
}

impl Http {
    /// Makes requests that carry the run's ids; `timeout` bounds each as a whole. The current span is
    /// the one that requests of spawned tasks stand under.
    pub fn new(timeout: Duration, ids: &RunIds) -> Self {
        let mut headers = HeaderMap::new();
        // A run id that no header can carry is sent as its trace id in `traceparent` alone.
        if let Ok(value) = HeaderValue::from_str(&ids.request_id) {
            headers.insert("x-request-id", value);
        }
        Self {
            timeout,
            ids: ids.clone(),
            headers,
            token: None,
            run: tracing::Span::current().id(),
            loopback: OnceLock::new(),
            remote: OnceLock::new(),
            loopback_step: OnceLock::new(),
            remote_step: OnceLock::new(),
        }
    }

    /// Sends this token with what is asked of the embedded backend ([`Http::get`], [`Http::post`]).
    #[must_use]
    pub fn with_token(mut self, token: Option<&str>) -> Self {
        // One that no header can carry is refused by the backend like a wrong one.
        let value = token.and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok());
        self.token = value.map(|mut value| {
            value.set_sensitive(true);
            value
        });
        self
    }

    fn client(&self, url: &Url) -> &Client {
        if url.scheme() == "http" && is_loopback(url) {
            return self.loopback.get_or_init(|| {
                // No proxy reaches this machine's loopback, and without certificate authorities a
                // redirect to https could only fail.
                let builder = self.builder(no_tls()).no_proxy();
                finish(builder.redirect(Policy::custom(stay_on_loopback)))
            });
        }
        self.remote.get_or_init(|| {
            finish(self.builder(with_authorities()).redirect(Policy::limited(REDIRECTS_MAX)))
        })
    }

    /// Returns a client that follows no redirect, and whose connections have the time of a request: who
    /// asks for more of it gets it.
    fn stepping_client(&self, url: &Url) -> &Client {
        if url.scheme() == "http" && is_loopback(url) {
            return self.loopback_step.get_or_init(|| {
                let builder = self.builder(no_tls()).no_proxy().connect_timeout(self.timeout);
                finish(steps::watched(builder.redirect(Policy::none())))
            });
        }
        self.remote_step.get_or_init(|| {
            let builder = self.builder(shaking::noted(with_authorities()));
            let builder = builder.connect_timeout(self.timeout);
            finish(steps::watched(builder.redirect(Policy::none())))
        })
    }

    fn builder(&self, tls: ClientConfig) -> ClientBuilder {
        Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("obs/", env!("CARGO_PKG_VERSION")))
            .default_headers(self.headers.clone())
            .connect_timeout(CONNECT_MAX.min(self.timeout))
            .timeout(self.timeout)
    }

    /// Asks with GET and reads a JSON answer.
    pub async fn get<T: DeserializeOwned>(
        &self,
        base: &str,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, HttpError> {
        self.ask(Method::GET, base, path, query, None::<&()>).await
    }

    /// Asks with POST and a JSON body, and reads a JSON answer.
    pub async fn post<T: DeserializeOwned>(
        &self,
        base: &str,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, HttpError> {
        self.ask(Method::POST, base, path, &[], Some(body)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        base: &str,
        path: &[&str],
        query: &[(&str, String)],
        body: Option<&impl Serialize>,
    ) -> Result<T, HttpError> {
        let mut url = address(base, path)?;
        for (name, value) in query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let shown = shown(&url);
        let call = self.begin(&method, &url);
        let mut request = self.client(&url).request(method, url).headers(call.headers());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        call.watch(self.exchange(request, shown), call::error_type).await
    }

    /// Begins a call of its own span; its headers go with the request.
    fn begin(&self, method: &Method, url: &Url) -> Call {
        Call::begin(method, url, &self.ids, self.run.as_ref())
    }

    /// Begins a span for a wait between requests: under the current one or else under the run, as
    /// theirs are. A trace would have a gap there that nothing explains.
    pub fn wait_span(&self, name: &str) -> tracing::Span {
        let parent = tracing::Span::current().id().or_else(|| self.run.clone());
        tracing::info_span!(parent: parent, "wait", otel.name = name)
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        shown: String,
    ) -> Result<T, HttpError> {
        let response = request.send().await.map_err(|error| self.no_answer(&error, &shown))?;
        let status = response.status();
        call::answered(status);
        let bytes = self.read(response, &shown).await?;
        if !status.is_success() {
            let head = bytes.get(..bytes.len().min(STATUS_BYTES_MAX)).unwrap_or_default();
            let body = String::from_utf8_lossy(head).into_owned();
            return Err(HttpError::Status { url: shown, status, body });
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| HttpError::Shape { url: shown, reason: error.to_string() })
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        shown: &str,
    ) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.no_answer(&error, shown))?
        {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(HttpError::TooLarge { url: shown.to_owned() });
            }
        }
        Ok(bytes)
    }

    fn no_answer(&self, error: &reqwest::Error, url: &str) -> HttpError {
        let reason = if error.is_timeout() {
            format!("no answer within {:?}", self.timeout)
        } else {
            innermost(error)
        };
        HttpError::NoAnswer { url: url.to_owned(), reason, class: fetch::classify(error).reason }
    }
}

/// Joins a base address and path segments; each segment is percent-encoded.
pub fn address(base: &str, path: &[&str]) -> Result<Url, HttpError> {
    let refused = |reason: String| HttpError::Address(mask_text(base).into_owned(), reason);
    let mut url = Url::parse(base).map_err(|error| refused(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("it must start with http:// or https://".to_owned()));
    }
    url.path_segments_mut()
        .map_err(|()| refused("it has no path".to_owned()))?
        .pop_if_empty()
        .extend(path);
    Ok(url)
}

/// Returns an address without user, password and query; what is no URL, with its secrets masked.
pub fn without_secrets(url: &str) -> String {
    Url::parse(url).map_or_else(|_| mask_text(url).into_owned(), |url| shown(&url))
}

/// Returns the URL without user, password and query.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for URLs that cannot have a host, and those were refused.
    let removed = url.set_username("").and_then(|()| url.set_password(None));
    if removed.is_ok() { url.into() } else { "(a URL)".to_owned() }
}

/// Returns the last cause: "connection refused" tells more than "error sending request".
pub fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn finish(builder: ClientBuilder) -> Client {
    builder.build().expect("the TLS settings are made here and the headers are checked")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn stay_on_loopback(attempt: Attempt<'_>) -> Action {
    let stays = attempt.url().scheme() == "http" && is_loopback(attempt.url());
    if stays && attempt.previous().len() <= REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// Returns TLS settings with the system's certificate authorities, else Mozilla's.
///
/// reqwest's own default fails to build a client at all where the system has no store, even for
/// plain HTTP, which a static binary in an empty container meets.
pub fn with_authorities() -> ClientConfig {
    with_roots(authorities())
}

/// Returns the system's certificate authorities, else Mozilla's.
///
/// Reading them takes as long as ten handshakes: it is done once.
pub fn authorities() -> Arc<RootCertStore> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Arc::new(roots)
    });
    Arc::clone(&ROOTS)
}

/// Returns TLS settings that trust nobody: for requests on loopback, which need none.
fn no_tls() -> ClientConfig {
    with_roots(RootCertStore::empty())
}

fn with_roots(roots: impl Into<Arc<RootCertStore>>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the protocol versions that rustls calls safe")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
