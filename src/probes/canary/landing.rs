//! Where a canary may land: a page of an application that its own metrics know.
//!
//! A route that is counted is instrumented, and one that people ask for with GET all the time does no
//! harm. Not a health page: applications leave those out of logs and traces.

use crate::metrics::conventions::{Convention, is_traffic_route};
use crate::metrics::families::Family;
use crate::metrics::golden::{By, Golden, Group};

/// A page that takes longer than this, in milliseconds, is dear.
const DEAR_MS: f64 = 500.0;

/// The longest path that is taken, in bytes.
const PATH_BYTES_MAX: usize = 200;

/// Words in the path of what changes something though it is a GET, or never ends.
const NOT_THESE: [&str; 16] = [
    "logout",
    "signout",
    "sign-out",
    "log-out",
    "login",
    "callback",
    "unsubscribe",
    "delete",
    "remove",
    "reset",
    "restart",
    "shutdown",
    "stream",
    "export",
    "download",
    "debug",
];

/// Returns the path that was answered well most often, and how often; one without failures and that
/// is quick comes first. `None` where the metrics name none that can be asked without knowing more.
pub fn page_of(families: &[Family]) -> Option<(String, f64)> {
    let golden = Golden::lifetime(Convention::of(families)?, families, None, By::Route)?;
    let all = golden.groups.iter().filter_map(|group| {
        let path = group.name.strip_prefix("GET ")?;
        let well = well(group);
        (may_be_asked(path) && well >= 1.0).then(|| (rank(group), well, path))
    });
    let best = all.max_by(|a, b| {
        let (first, second) = (a.0.cmp(&b.0), a.1.total_cmp(&b.1));
        first.then(second).then_with(|| b.2.cmp(a.2))
    });
    best.map(|(_, well, path)| (path.to_owned(), well))
}

/// Says whether a path is that of a page for people: no health page, no file, and not the start page,
/// which most interfaces have not.
pub fn is_a_page(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let last = path.rsplit_once('/').map_or("", |(_, last)| last);
    !last.is_empty() && is_traffic_route(path) && is_traffic_route(&format!("/{last}"))
}

fn may_be_asked(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    // `{id}`, `<int:id>`, `:id`, `*`: what to put there is not known. A dot is a file's.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_~/".contains(c);
    path.starts_with('/')
        && !path.contains("//")
        && path.len() <= PATH_BYTES_MAX
        && path.chars().all(plain)
        && is_a_page(path)
        && !NOT_THESE.iter().any(|word| lower.contains(word))
}

fn well(group: &Group) -> f64 {
    let failed = group.errors.unwrap_or(0.0);
    group.requests - failed - group.client_errors - group.throttled - group.cancelled
}

/// The higher the better.
fn rank(group: &Group) -> u8 {
    let fails = group.errors.is_some_and(|errors| errors > 0.0);
    let mean = group.sum_ms.filter(|_| group.observed > 0.0).map(|sum| sum / group.observed);
    2 * u8::from(!fails) + u8::from(mean.is_none_or(|mean| mean < DEAR_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::exposition;
    use crate::metrics::families::group;

    fn chosen(rows: &[(&str, &str, u16, u32)]) -> Option<String> {
        let mut text = "# TYPE http_requests_total counter\n".to_owned();
        for (method, route, status, count) in rows {
            text += &format!(
                "http_requests_total{{method=\"{method}\",handler=\"{route}\",status=\"{status}\"}} {count}\n"
            );
        }
        let exposition = exposition::read(text.as_bytes(), "text/plain; version=0.0.4");
        page_of(&group(&exposition)).map(|(path, _)| path)
    }

    #[test]
    fn the_page_that_is_answered_most_often_is_chosen() {
        let rows =
            [("GET", "/orders", 200, 30), ("GET", "/users", 200, 3), ("POST", "/pay", 200, 99)];
        assert_eq!(chosen(&rows).as_deref(), Some("/orders"));
    }

    #[test]
    fn one_that_fails_at_times_comes_after_one_that_does_not() {
        let rows =
            [("GET", "/reports", 200, 30), ("GET", "/reports", 500, 1), ("GET", "/orders", 200, 3)];
        assert_eq!(chosen(&rows).as_deref(), Some("/orders"));
        assert_eq!(chosen(&rows[..2]).as_deref(), Some("/reports"));
    }

    #[test]
    fn what_is_no_page_for_everybody_is_none() {
        for route in [
            "/orders/{id}",
            "/orders/<int:id>",
            "/orders/:id",
            "/static/*",
            "/",
            "/healthz",
            "/api/health",
            "/actuator/info",
            "/favicon.ico",
            "/logout",
            "/users/delete-me",
            "//a",
            "/a b",
            "orders",
            "",
        ] {
            assert_eq!(chosen(&[("GET", route, 200, 9)]), None, "{route}");
        }
        assert_eq!(chosen(&[("GET", "/orders", 404, 9)]), None);
    }
}
