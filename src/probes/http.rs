//! A page: its status first, then what its body says.

use super::health::{self, Health};
use super::{Finding, Means, Part, Probe, phase};
use crate::http::{Fetched, Limits};
use crate::model::{Reason, Status};

/// A health page is small; what is beyond is not read.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What health endpoints answer in.
const ACCEPT: &str = "application/health+json, application/json, text/plain;q=0.9, */*;q=0.5";

pub(super) async fn run(probe: &Probe, url: &str, means: &Means) -> Finding {
    let limits = Limits { bytes: BODY_BYTES_MAX, timeout: probe.timeout };
    match means.http.fetch(url, ACCEPT, limits).await {
        Ok(page) => {
            let mut finding = judge(&page);
            finding.phases = vec![phase("answer", page.answer_took), phase("body", page.body_took)];
            finding
        }
        Err(error) => Finding::of_error(error),
    }
}

/// Trusts the status first, then the body; a page that cannot be read as health is only its status.
fn judge(page: &Fetched) -> Finding {
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
    if page.cut {
        let message = format!("{}, and a body of more than {BODY_BYTES_MAX} bytes", page.status);
        return Finding::unknown(Reason::TooLarge, message);
    }
    let health = health::read(&page.content_type, &page.body);
    let mut finding = match health {
        Some(health) => of_health(page.status, health),
        None => of_status(page),
    };
    if page.addresses.len() > 1 {
        let place = page.addresses.last().map_or("", String::as_str);
        finding.message = format!("{}, after a redirect to {place}", finding.message);
    }
    finding
}

fn of_health(code: u16, health: Health) -> Finding {
    let up = health.components.iter().filter(|part| is_up(part)).count();
    let all = health.components.len();
    let parts = if all == 0 { String::new() } else { format!(", {up}/{all} components up") };
    let said =
        if health.said.is_empty() { String::new() } else { format!(", \"{}\"", health.said) };
    let detail = health.detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let message = format!("{code}{said}{parts}{detail}");
    let good = (200..300).contains(&code);
    let mut finding = match (good, health.status) {
        (true, Status::Fail) => Finding::fail(Reason::BodyMismatch, message),
        (true, Status::Warn) => Finding::new(Status::Warn, Some(Reason::Status), message),
        (true, _) => Finding::ok(message),
        (false, _) => Finding::fail(reason_of(code), message),
    };
    finding.children = health.components;
    finding
}

/// Says whether a component and all that it is made of are well.
fn is_up(part: &Part) -> bool {
    part.status == Status::Ok && part.children.iter().all(is_up)
}

fn of_status(page: &Fetched) -> Finding {
    let code = page.status;
    let html = if page.content_type.contains("html") { ", a page in HTML" } else { "" };
    let bytes = page.body.len();
    match code {
        200..300 => Finding::ok(format!("{code}{html}, {bytes} bytes")),
        _ => Finding::fail(reason_of(code), format!("{code}{html}{}", first_line(page))),
    }
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

fn reason_of(code: u16) -> Reason {
    match code {
        401 | 407 => Reason::AuthFailed,
        403 => Reason::Forbidden,
        404 | 410 => Reason::NotFound,
        429 => Reason::Overloaded,
        504 => Reason::Timeout,
        _ => Reason::Status,
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
    use std::time::{Duration, Instant};

    use super::*;

    fn page(status: u16, content_type: &str, body: &str) -> Fetched {
        Fetched {
            status,
            content_type: content_type.to_owned(),
            addresses: vec!["http://a/healthz".to_owned()],
            leads_to: None,
            body: body.as_bytes().to_vec(),
            cut: false,
            answered: Instant::now(),
            answer_took: Duration::ZERO,
            body_took: Duration::ZERO,
        }
    }

    fn judged(status: u16, content_type: &str, body: &str) -> (Status, Option<Reason>) {
        let finding = judge(&page(status, content_type, body));
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
    fn a_body_that_was_cut_is_not_judged() {
        let page = Fetched { cut: true, ..page(200, "text/plain", "OK") };
        assert_eq!(judge(&page).status, Status::Unknown);
    }
}
