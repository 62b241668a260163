//! One page as it is: status, type, body up to a cap, the redirects on the way, and why not.
//!
//! For whoever judges the answer (`probes`); whoever wants its content asks with [`Http::get`].

use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Method, Response, Url, Version};

use super::steps::{Steps, Waiting};
use super::tls::{reason_of_tls, words_of_tls};
use super::{Http, REDIRECTS_MAX, address, innermost, is_loopback, shown};
use crate::model::Reason;

/// How much is read, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest decompressed body.
    pub bytes: usize,
    /// From the first request to the body's end.
    pub timeout: Duration,
}

/// How a page is asked for.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// GET or HEAD.
    pub method: Method,
    /// Which types are understood.
    pub accept: &'a str,
    /// How many redirects are followed; of none, the redirect itself is the page.
    pub redirects: usize,
    /// Whether requests share connections.
    pub shared: bool,
    /// How much, and how long.
    pub limits: Limits,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The last answer's status.
    pub status: u16,
    /// Its type, in lower case; empty when it has none.
    pub content_type: String,
    /// Every address that was asked, without secrets; the last one answered.
    pub addresses: Vec<String>,
    /// Where it redirects to, when that was not followed: it leads away from loopback.
    pub leads_to: Option<String>,
    /// The last answer's headers.
    pub headers: HeaderMap,
    /// The version of HTTP that it was spoken in.
    pub version: Version,
    /// The body, up to the cap.
    pub body: Vec<u8>,
    /// Whether there is more than the cap.
    pub cut: bool,
    /// When the last answer began.
    pub answered: Instant,
    /// What resolving took, of all requests; absent where nothing was resolved.
    pub resolve_took: Option<Duration>,
    /// What connecting took beside that; absent where connections that were open served.
    pub connect_took: Option<Duration>,
    /// What the TLS handshakes took then; absent without any.
    pub tls_took: Option<Duration>,
    /// From the first request to the last answer's head.
    pub answer_took: Duration,
    /// From there to the body's end.
    pub body_took: Duration,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FetchError {
    /// For programs.
    pub reason: Reason,
    /// In words.
    pub message: String,
}

impl FetchError {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

impl Http {
    /// Reads one page with GET; follows redirects as [`Http::fetch_as`] does.
    pub async fn fetch(
        &self,
        url: &str,
        accept: &str,
        limits: Limits,
    ) -> Result<Fetched, FetchError> {
        let (method, redirects, shared) = (Method::GET, REDIRECTS_MAX, true);
        self.fetch_as(url, &Asked { method, accept, redirects, shared, limits }).await
    }

    /// The same over a connection of its own, which ends with the answer: of several processes that
    /// listen on one port each may be met.
    pub async fn fetch_alone(
        &self,
        url: &str,
        accept: &str,
        limits: Limits,
    ) -> Result<Fetched, FetchError> {
        let (method, redirects, shared) = (Method::GET, REDIRECTS_MAX, false);
        self.fetch_as(url, &Asked { method, accept, redirects, shared, limits }).await
    }

    /// Reads one page; follows redirects, but not in a circle and not from loopback to elsewhere.
    pub async fn fetch_as(&self, url: &str, asked: &Asked<'_>) -> Result<Fetched, FetchError> {
        let refused = |error: super::HttpError| FetchError::new(Reason::Config, error.to_string());
        // `address` takes a slash off the end, which can be another page.
        address(url, &[]).map_err(refused)?;
        let url =
            Url::parse(url).map_err(|error| FetchError::new(Reason::Config, error.to_string()))?;
        let limit = asked.limits.timeout;
        let (steps, following) = Steps::watch(self.follow(url, asked));
        let fetched = match tokio::time::timeout(limit, following).await {
            Ok(Err(error)) if error.reason == Reason::Timeout => {
                // The connection has the bound of all requests, which may be the shorter one.
                Err(late(&steps, self.timeout.min(limit)).unwrap_or(error))
            }
            Ok(fetched) => fetched,
            Err(_) => Err(late(&steps, limit).unwrap_or_else(|| {
                FetchError::new(Reason::Timeout, format!("no answer within {limit:?}"))
            })),
        };
        fetched.map(|mut page| {
            let took = steps.took();
            (page.resolve_took, page.connect_took) = (took.resolve, took.connect);
            page.tls_took = took.tls;
            page
        })
    }

    async fn follow(&self, start: Url, how: &Asked<'_>) -> Result<Fetched, FetchError> {
        let (began, limits) = (Instant::now(), how.limits);
        let mut asked = vec![start];
        loop {
            let url = asked.last().expect("it begins with one").clone();
            // The deadline of the whole is `fetch`'s, whose error says how long it was.
            let call = self.begin(&how.method, &url);
            let client = self.stepping_client(&url);
            let request = client.request(how.method.clone(), url.clone());
            let request = request.header(ACCEPT, how.accept);
            let mut request = request.headers(call.headers()).timeout(2 * limits.timeout);
            if !how.shared {
                request = request.header(CONNECTION, "close");
            }
            let exchange = async {
                let response = request.send().await.map_err(|error| classify(&error))?;
                super::call::answered(response.status());
                Ok(response)
            };
            let error_type = |error: &FetchError| reason_name(error.reason);
            let response = call.watch(exchange, error_type).await?;
            let answered = Instant::now();
            let follows = how.redirects > 0;
            let next = if follows { redirect(&response, &url)? } else { None };
            let stays = next.as_ref().is_none_or(|next| !is_loopback(&url) || is_loopback(next));
            if let Some(next) = next.as_ref().filter(|_| stays) {
                let circle = asked.contains(next);
                asked.push(next.clone());
                if circle || asked.len() > how.redirects + 1 {
                    let what = if circle { "redirects in a circle" } else { "redirects on and on" };
                    let path: Vec<&str> = asked.iter().map(Url::path).collect();
                    let message = format!("{what}: {}", path.join(" -> "));
                    return Err(FetchError::new(Reason::RedirectLoop, message));
                }
                continue;
            }
            let status = response.status().as_u16();
            let content_type = header(&response, &CONTENT_TYPE).to_ascii_lowercase();
            let (headers, version) = (response.headers().clone(), response.version());
            let (body, cut) = read(response, limits.bytes).await?;
            return Ok(Fetched {
                status,
                content_type,
                addresses: asked.iter().map(shown).collect(),
                leads_to: next.as_ref().map(shown),
                headers,
                version,
                body,
                cut,
                answered,
                resolve_took: None,
                connect_took: None,
                tls_took: None,
                answer_took: answered - began,
                body_took: answered.elapsed(),
            });
        }
    }
}

/// Says what a request waited for in vain, before it could be sent.
fn late(steps: &Steps, limit: Duration) -> Option<FetchError> {
    let message = match steps.waiting() {
        Waiting::Name => format!("no name server answered within {limit:?}"),
        Waiting::Connection => format!("no connection within {limit:?}"),
        Waiting::Handshake => {
            format!("connected, and no answer to its TLS handshake within {limit:?}")
        }
        Waiting::Answer => return None,
    };
    Some(FetchError::new(Reason::Timeout, message))
}

/// Returns a reason as JSON names it.
fn reason_name(reason: Reason) -> String {
    let name = serde_json::to_value(reason).ok();
    name.and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

fn header<'a>(response: &'a Response, name: &reqwest::header::HeaderName) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn redirect(response: &Response, from: &Url) -> Result<Option<Url>, FetchError> {
    let location = header(response, &LOCATION);
    if !response.status().is_redirection() || location.is_empty() {
        return Ok(None);
    }
    let next = from.join(location).ok().filter(|next| matches!(next.scheme(), "http" | "https"));
    let refused = || FetchError::new(Reason::Protocol, format!("redirects to `{location}`"));
    next.ok_or_else(refused).map(Some)
}

async fn read(mut response: Response, bytes_max: usize) -> Result<(Vec<u8>, bool), FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > bytes_max {
            body.truncate(bytes_max);
            return Ok((body, true));
        }
    }
    Ok((body, false))
}

/// Finds out why a request failed, from the chain of its causes.
pub(super) fn classify(error: &reqwest::Error) -> FetchError {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            let io = within(io);
            if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
            {
                return FetchError::new(reason_of_tls(tls), words_of_tls(tls));
            }
            if let Some((reason, message)) = reason_of_io(io) {
                return FetchError::new(reason, message);
            }
        }
        next = cause.source();
    }
    let innermost = innermost(error);
    if error.is_timeout() {
        let what = if error.is_connect() { "connection" } else { "answer" };
        return FetchError::new(Reason::Timeout, format!("no {what} in time"));
    }
    // The resolver's and hyper's errors have no public types.
    let (reason, message) = match innermost.as_str() {
        text if text.contains("before message completed") => {
            (Reason::Reset, "the connection was closed before the answer".to_owned())
        }
        text if text.contains("lookup") => (Reason::DnsNxdomain, innermost),
        _ => (Reason::Protocol, format!("the answer is not HTTP: {innermost}")),
    };
    FetchError::new(reason, message)
}

/// Returns the error that an error of the system only wraps: those of a TLS handshake come so.
fn within(mut error: &std::io::Error) -> &std::io::Error {
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        error = inner;
    }
    error
}

/// Returns the reason that an error of the system stands for, in words of its own.
pub fn reason_of_io(error: &std::io::Error) -> Option<(Reason, String)> {
    use std::io::ErrorKind as Kind;
    let text = error.to_string();
    let found = match error.kind() {
        Kind::ConnectionRefused => (Reason::Refused, "connection refused: nothing listens there"),
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe
        | Kind::UnexpectedEof => (Reason::Reset, "the connection was closed before the answer"),
        Kind::TimedOut => (Reason::Timeout, "no answer in time"),
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::AddrNotAvailable => {
            (Reason::Unreachable, "there is no way to that address")
        }
        _ if text.contains("failed to lookup") && text.contains("emporary") => {
            (Reason::DnsTimeout, "no name server answered")
        }
        _ if text.contains("failed to lookup") => (Reason::DnsNxdomain, "the name has no address"),
        _ => return None,
    };
    Some((found.0, found.1.to_owned()))
}
