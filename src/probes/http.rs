//! A page: its status first, then what its body says, then what the check itself expects.

use std::time::Duration;

use super::health::{self, Health};
use super::{Finding, Means, Part, Probe, phase};
use crate::http::{Asked, FetchError, Fetched, Limits};
use crate::model::{Phase, Reason, Status};

mod expected;

pub use expected::Page;

/// A health page is small; what is beyond is not read.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What health endpoints answer in.
const ACCEPT: &str = "application/health+json, application/json, text/plain;q=0.9, */*;q=0.5";

/// How much of a header is said, in characters.
const HEADER_CHARACTERS_MAX: usize = 60;

/// Asks for a page of which nothing is expected but that it is well.
pub(super) async fn run(probe: &Probe, url: &str, means: &Means) -> Finding {
    run_page(probe, &Page::plain(url), means).await
}

/// Asks for a page, and holds it against what is expected of it.
pub(super) async fn run_page(probe: &Probe, expected: &Page, means: &Means) -> Finding {
    let limits = Limits { bytes: BODY_BYTES_MAX, timeout: probe.timeout };
    let (method, redirects) = (expected.method.clone(), usize::from(expected.redirects));
    let asked = Asked { method, accept: ACCEPT, redirects, shared: true, limits };
    match means.http.fetch_as(&expected.url, &asked).await {
        Ok(page) => {
            let mut finding = judge(&page, expected);
            finding.phases = phases(&page);
            finding
        }
        Err(error) => of_error(probe, &expected.url, error, means).await,
    }
}

/// Draws the steps: what connecting took is no part of waiting for the answer.
fn phases(page: &Fetched) -> Vec<Phase> {
    let (resolve, connect) = (page.resolve_took, page.connect_took);
    let before = [("resolve", resolve), ("connect", connect), ("tls", page.tls_took)];
    let spent: Duration = before.iter().filter_map(|(_, took)| *took).sum();
    let mut all: Vec<Phase> =
        before.into_iter().filter_map(|(name, took)| Some(phase(name, took?))).collect();
    all.push(phase("answer", page.answer_took.saturating_sub(spent)));
    all.push(phase("body", page.body_took));
    all
}

/// Says why there is no page; of a certificate that is refused, all that is wrong with it.
async fn of_error(probe: &Probe, url: &str, error: FetchError, means: &Means) -> Finding {
    use Reason::{
        Protocol, Reset, Timeout, TlsExpired, TlsIssuerMissing, TlsName, TlsNotYetValid,
        TlsUntrusted,
    };
    let url = url::Url::parse(url).ok();
    let place = url.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    let (Some(url), Some((host, port))) = (&url, place) else { return Finding::of_error(error) };
    match error.reason {
        TlsExpired | TlsIssuerMissing | TlsName | TlsNotYetValid | TlsUntrusted => {
            let seen = super::tls::run(probe, host, port, means).await;
            // Behind a redirect it is another server's certificate that was refused.
            if seen.status == Status::Fail { seen } else { Finding::of_error(error) }
        }
        Protocol | Reset if url.scheme() == "http" => {
            let found = super::tcp::resolve(host, port, probe.timeout).await;
            let peer = found.ok().and_then(|all| all.first().copied());
            if super::secure::answers_tls(peer, host, probe.timeout).await {
                return needs_tls();
            }
            Finding::of_error(error)
        }
        Timeout if error.message.starts_with("connected") => Finding::of_error(error)
            .likely("it takes connections and says nothing: it hangs, is stopped or overloaded"),
        _ => Finding::of_error(error),
    }
}

/// The page is asked for without the TLS that it is behind.
fn needs_tls() -> Finding {
    Finding { reason: Some(Reason::TlsRequired), likely: None, ..super::secure::only_tls() }
}

/// Says whether an answer complains of being asked without TLS, as nginx and its like do.
fn wants_tls(page: &Fetched) -> bool {
    let says = |text: &[u8]| memchr::memmem::find(&page.body, text).is_some();
    page.status == 400
        && (says(b"plain HTTP request was sent to HTTPS port")
            || says(b"Client sent an HTTP request to an HTTPS server")
            || says(b"speaking plain HTTP to an SSL-enabled server port"))
}

/// Trusts the status first, then the body; a page that cannot be read as health is only its status.
fn judge(page: &Fetched, expected: &Page) -> Finding {
    if let Some(elsewhere) = &page.leads_to {
        let reason = if is_login(elsewhere) { Reason::AuthFailed } else { Reason::Protocol };
        return Finding::fail(reason, format!("redirects to {elsewhere}, which is not followed"));
    }
    if is_login_page(page) {
        let place = page.addresses.last().map_or("", String::as_str);
        return Finding::fail(
            Reason::AuthFailed,
            format!("{}, a login page in HTML ({place})", page.status),
        );
    }
    if wants_tls(page) {
        return needs_tls();
    }
    if page.cut {
        let message = format!("{}, and a body of more than {BODY_BYTES_MAX} bytes", page.status);
        return Finding::unknown(Reason::TooLarge, message);
    }
    let health = health::read(&page.content_type, &page.body);
    let mut finding = match health {
        Some(health) => of_health(page, health, expected),
        None => of_status(page, expected),
    };
    if let [_, between @ .., last] = page.addresses.as_slice() {
        let by = if between.is_empty() { "" } else { &format!("{} -> ", between.join(" -> ")) };
        finding.message = format!("{}, after a redirect to {by}{last}", finding.message);
    }
    expected.compare(page, &mut finding);
    finding
}

fn of_health(page: &Fetched, health: Health, expected: &Page) -> Finding {
    let code = page.status;
    let up = health.components.iter().filter(|part| is_up(part)).count();
    let all = health.components.len();
    let parts = if all == 0 { String::new() } else { format!(", {up}/{all} components up") };
    let said =
        if health.said.is_empty() { String::new() } else { format!(", \"{}\"", health.said) };
    let detail = health.detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let message = format!("{code}{said}{parts}{detail}{}", asides(page));
    let explained = health.explains_code && !expected.names_codes();
    let mut finding = match (expected.accepts(code) || explained, health.status) {
        (true, Status::Fail) if explained => Finding::fail(health.reason, message),
        // Who expects a 503 expects what it says, too.
        (true, Status::Fail) if code >= 400 => Finding::ok(message),
        (true, Status::Fail) => Finding::fail(Reason::BodyMismatch, message),
        (true, Status::Warn) => Finding::new(Status::Warn, Some(Reason::Status), message),
        (true, _) => Finding::ok(message),
        (false, _) => of_code(code, health.reason, unexpected(message, expected)),
    };
    finding.children = health.components;
    finding
}

/// Says that the check names other codes, where it does.
fn unexpected(message: String, expected: &Page) -> String {
    match expected.codes() {
        Some(codes) => format!("{message}, and {codes} was expected"),
        None => message,
    }
}

/// Says whether a component and all that it is made of are well.
fn is_up(part: &Part) -> bool {
    part.status == Status::Ok && part.children.iter().all(is_up)
}

fn of_status(page: &Fetched, expected: &Page) -> Finding {
    let code = page.status;
    let html = if page.content_type.contains("html") { ", a page in HTML" } else { "" };
    let bytes = page.body.len();
    let asides = asides(page);
    if expected.accepts(code) {
        return Finding::ok(format!("{code}{html}, {bytes} bytes{asides}"));
    }
    let message = format!("{code}{html}{}{}{asides}", leads_to(page), first_line(page));
    look_at(of_code(code, Reason::Status, unexpected(message, expected)), page)
}

/// Draws what stands in headers and explains an answer: an old protocol, when to come back, a proxy.
fn asides(page: &Fetched) -> String {
    let header = |name: &str| {
        let value = page.headers.get(name)?.to_str().ok()?;
        Some(value.chars().take(HEADER_CHARACTERS_MAX).collect::<String>())
    };
    let old = page.version < http::Version::HTTP_11;
    let old = if old { format!(", {:?}", page.version) } else { String::new() };
    let bad = page.status >= 400;
    let again = header("retry-after").filter(|_| bad).map_or_else(String::new, |when| {
        let seconds = if when.bytes().all(|byte| byte.is_ascii_digit()) { "s" } else { "" };
        format!(", to be asked again after {when}{seconds}")
    });
    let flags = header("x-envoy-response-flags").filter(|_| bad);
    let flags = flags.map_or_else(String::new, |flags| format!(", envoy says {flags}"));
    format!("{old}{again}{flags}")
}

/// Draws where a redirect that was to be the page leads, without secrets.
fn leads_to(page: &Fetched) -> String {
    let location = page.headers.get("location").filter(|_| (300..400).contains(&page.status));
    let Some(location) = location.and_then(|value| value.to_str().ok()) else {
        return String::new();
    };
    let from = page.addresses.last().and_then(|url| url::Url::parse(url).ok());
    let to = from.and_then(|from| from.join(location).ok());
    let to = to.map_or_else(|| location.to_owned(), |to| to.to_string());
    format!(", leads to {}", crate::http::without_secrets(&to))
}

fn first_line(page: &Fetched) -> String {
    if page.content_type.contains("html") {
        return String::new();
    }
    let head = page.body.get(..page.body.len().min(200)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map_or_else(String::new, |line| format!(": {line}"))
}

/// Says what a code that is not a good one stands for.
fn of_code(code: u16, said: Reason, message: String) -> Finding {
    let finding = Finding::fail(reason_of(code, said), message);
    match likely_of(code) {
        Some(likely) => finding.likely(likely),
        None => finding,
    }
}

/// What to type about a redirect that is not followed: its errors say nothing of it.
fn look_at(finding: Finding, page: &Fetched) -> Finding {
    match page.addresses.last().filter(|_| (300..400).contains(&page.status)) {
        Some(url) => finding.command(format!("curl -sI {}", super::hints::quoted(url))),
        None => finding,
    }
}

fn likely_of(code: u16) -> Option<&'static str> {
    Some(match code {
        200..=299 => {
            "the page is well by its own word: the check expects another status, or another page"
        }
        300..=399 => "it redirects: give the address that it leads to, or let the check follow",
        401 => {
            "it wants a login: the address has none or an old one; user:password@ in the target, or a page that is open"
        }
        403 => {
            "whoever asks from here may not: a rule of a proxy or a firewall, or a page for others; ask from inside"
        }
        404 | 410 => {
            "no such path: it is misspelt, the deployed version does not have it, or a proxy leads elsewhere"
        }
        405 => "the page is there and takes another method than the check's: see its `method`",
        407 => "a proxy between here and there wants a login",
        500 => "the application fails while it answers: its latest errors say why",
        502 => {
            "a proxy answers, and what is behind it is down, restarting or on another port: look at that"
        }
        503 => {
            "the application says that it is not ready, or a proxy has nobody ready behind it: starting, overloaded or in maintenance"
        }
        504 => {
            "a proxy answers, and what is behind it hangs or is too slow for the proxy's patience"
        }
        _ => return None,
    })
}

/// Returns what a code stands for; where it is any failure, what the body says.
fn reason_of(code: u16, said: Reason) -> Reason {
    match code {
        401 | 407 => Reason::AuthFailed,
        403 => Reason::Forbidden,
        404 | 410 => Reason::NotFound,
        429 => Reason::Overloaded,
        504 => Reason::Timeout,
        _ => said,
    }
}

fn is_login(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["login", "signin", "sign-in", "/sso", "/oauth", "/auth"].iter().any(|word| text.contains(word))
}

/// Says whether a person is asked to log in: a form with a password, or a path that says so.
pub(super) fn is_login_page(page: &Fetched) -> bool {
    if !page.content_type.contains("html") {
        return false;
    }
    let body = String::from_utf8_lossy(&page.body).to_ascii_lowercase();
    let form = body.contains("type=\"password\"") || body.contains("type=password");
    let moved =
        page.addresses.len() > 1 && page.addresses.last().is_some_and(|last| is_login(last));
    form || moved || body.contains("<title>login") || body.contains("<title>sign in")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn page(status: u16, content_type: &str, body: &str) -> Fetched {
        Fetched {
            status,
            content_type: content_type.to_owned(),
            addresses: vec!["http://a/healthz".to_owned()],
            leads_to: None,
            headers: http::HeaderMap::new(),
            version: http::Version::HTTP_11,
            body: body.as_bytes().to_vec(),
            cut: false,
            answered: Instant::now(),
            resolve_took: None,
            connect_took: None,
            tls_took: None,
            answer_took: Duration::ZERO,
            body_took: Duration::ZERO,
        }
    }

    fn judged(status: u16, content_type: &str, body: &str) -> (Status, Option<Reason>) {
        let finding = judge(&page(status, content_type, body), &Page::plain("http://a/"));
        (finding.status, finding.reason)
    }

    #[test]
    fn the_status_comes_first() {
        let json = "application/json";
        assert_eq!(judged(200, json, "{\"status\":\"UP\"}"), (Status::Ok, None));
        assert_eq!(judged(503, json, "{\"status\":\"UP\"}"), (Status::Fail, Some(Reason::Status)));
        assert_eq!(judged(404, "text/plain", "no"), (Status::Fail, Some(Reason::NotFound)));
        assert_eq!(judged(204, "", ""), (Status::Ok, None));
    }

    #[test]
    fn a_200_that_says_down_fails() {
        for (content_type, body) in [
            ("application/json", "{\"status\":\"DOWN\"}"),
            ("text/plain", "DOWN"),
            ("text/plain", "Unhealthy\n"),
        ] {
            assert_eq!(
                judged(200, content_type, body),
                (Status::Fail, Some(Reason::BodyMismatch)),
                "{body}"
            );
        }
    }

    #[test]
    fn a_login_page_is_no_answer() {
        let form = "<html><form><input type=\"password\"></form></html>";
        assert_eq!(judged(200, "text/html", form), (Status::Fail, Some(Reason::AuthFailed)));
        assert_eq!(judged(200, "text/html", "<html>welcome</html>"), (Status::Ok, None));
    }

    #[test]
    fn a_redirect_that_is_not_followed_says_where_it_leads() {
        let mut page = page(302, "text/html", "");
        page.headers.insert("location", "/login?token=hunter2".parse().unwrap());
        let finding = judge(&page, &Page::plain("http://a/healthz"));
        assert_eq!(finding.message, "302, a page in HTML, leads to http://a/login");
        assert_eq!(finding.command.as_deref(), Some("curl -sI 'http://a/healthz'"));
    }

    #[test]
    fn a_body_that_was_cut_is_not_judged() {
        let page = Fetched { cut: true, ..page(200, "text/plain", "OK") };
        assert_eq!(judge(&page, &Page::plain("http://a/")).status, Status::Unknown);
    }
}
