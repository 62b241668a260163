//! What the backend notes of each request: its duration by route, and a line for one that it refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::Backend;
use super::answer::Refused;

/// How many refused requests are told in one second; what is beyond is counted all the same.
const LINES_PER_SECOND_MAX: u32 = 10;

/// Counts a request by its route's template; a path that no route has is `other`.
pub(super) async fn count(
    State(backend): State<Arc<Backend>>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let active = backend.counts.active();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let method = method_name(request.method());
    let brings = brings(method, request.uri().path());
    let response = next.run(request).await;
    drop(active);
    let route = matched.as_ref().map_or("other", MatchedPath::as_str);
    let (status, took) = (response.status(), begun.elapsed());
    backend.counts.answered(method, route, status.as_u16(), took);
    let mark = response.extensions().get::<Refused>();
    if let Some(Refused(reason)) = mark.filter(|_| brings) {
        backend.counts.rejected("request", reason, 1);
    }
    if status.is_client_error() || status.is_server_error() {
        tell(&backend.told, method, route, status);
    }
    response
}

/// Says whether a request brings something to store. Paths that no route has carry no mark; what is
/// left of POST and PUT are our own questions and Sentry's.
fn brings(method: &str, path: &str) -> bool {
    let asks = ["/api/obs/", "/api/0/"].iter().any(|prefix| path.starts_with(prefix));
    matches!(method, "POST" | "PUT") && !asks
}

/// Returns one of few words: a client may send any.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}

/// How many lines were written in the present second.
#[derive(Debug)]
pub(super) struct Told {
    since: Instant,
    /// The second in the upper half, the lines in it in the lower: one word changes both at once.
    state: AtomicU64,
}

impl Told {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), state: AtomicU64::new(0) }
    }

    /// Says whether one more may be written in the second `second`.
    fn one_more(&self, second: u32) -> bool {
        let next = |state: u64| {
            let [before, lines] = [state >> 32, state & 0xffff_ffff];
            let lines = if before == u64::from(second) { lines } else { 0 };
            (lines < u64::from(LINES_PER_SECOND_MAX))
                .then_some(u64::from(second) << 32 | (lines + 1))
        };
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// Writes a line to the log of `--log-format json`. Paths and bodies are not in it: they may hold
/// secrets.
fn tell(told: &Told, method: &str, route: &str, status: StatusCode) {
    let second = u32::try_from(told.since.elapsed().as_secs()).unwrap_or(u32::MAX);
    if told.one_more(second) {
        let status = status.as_u16();
        tracing::warn!(target: "obs::serve", method, route, status, "request refused");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_a_second_are_written_and_no_more() {
        let told = Told::new();
        let written = |second| (0..100).filter(|_| told.one_more(second)).count();
        assert_eq!([written(0), written(0), written(7), written(8)], [10, 0, 10, 10]);
    }
}
