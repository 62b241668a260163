//! What there is to check: an application by its address, a backend, an objective.

use std::sync::Arc;
use std::time::Duration;

use super::slo::Slo;
use super::{Probe, Target};
use crate::model::{CheckKind, Threshold};
use crate::sources::Backend;

/// The pages that an instrumented service has.
const PAGES: [&str; 2] = ["healthz", "readyz"];

/// What limits hold where none are set.
pub(super) const DEFAULT_WARN: [&str; 14] = [
    "error_ratio > 1%",
    "p95 > 500ms",
    "saturation > 90%",
    "expires < 21d",
    "connections > 80%",
    "lag > 10s",
    "transaction > 5m",
    "locks > 0",
    "memory > 90%",
    "disk > 90%",
    "inodes > 90%",
    "load > 2",
    "files > 80%",
    "restarts > 3",
];
pub(super) const DEFAULT_FAIL: [&str; 8] = [
    "error_ratio > 5%",
    "expires < 7d",
    "connections > 95%",
    "lag > 5m",
    "memory > 98%",
    "disk > 97%",
    "inodes > 97%",
    "files > 95%",
];

/// Returns the checks of an application that announced itself: its pages and its metrics.
pub fn of_application(
    name: &str,
    url: &str,
    origin: &str,
    timeout: Duration,
    window: Duration,
) -> Vec<Probe> {
    let base = url.trim_end_matches('/');
    let page = |page: &str| Target::Http(format!("{base}/{page}"));
    let mut targets: Vec<(&str, Target)> = PAGES.map(|name| (name, page(name))).to_vec();
    targets.push(("metrics", Target::Metrics(format!("{base}/metrics"), window)));
    let probe = |(part, target): (&str, Target)| {
        let probe = Probe::plain(&format!("{name}.{part}"), name, target, timeout);
        Probe { name: part.to_owned(), ..probe.with_defaults(origin.to_owned()) }
    };
    targets.into_iter().map(probe).collect()
}

/// Returns the check of a backend that `obs` asks.
pub fn of_backend(backend: Arc<dyn Backend>, origin: &str, timeout: Duration) -> Probe {
    let probe = Probe::plain("backend", "observability", Target::Backend(backend), timeout);
    Probe { origin: origin.to_owned(), ..probe }
}

/// Returns the check of a configured source.
pub fn of_source(backend: Arc<dyn Backend>, name: &str, origin: &str, timeout: Duration) -> Probe {
    let id = format!("source.{name}");
    let target = Target::Source(Arc::clone(&backend));
    Probe { id, name: name.to_owned(), target, ..of_backend(backend, origin, timeout) }
}

/// Returns the check of an objective.
pub fn of_objective(
    id: &str,
    slo: Slo,
    origin: &str,
    runbook: Option<String>,
    timeout: Duration,
) -> Probe {
    let probe = Probe::plain(id, "objectives", Target::Slo(slo), timeout);
    Probe { runbook, origin: origin.to_owned(), ..probe }
}

/// Returns a check of which nothing can be asked, whatever should have been: says why.
pub fn of_wrong(kind: CheckKind, id: &str, group: &str, place: String, why: String) -> Probe {
    let target = Target::Unset(kind, place.clone(), why);
    Probe { origin: place, ..Probe::plain(id, group, target, Duration::ZERO) }
}

/// Reads `host:port`, or a URL of any scheme; of a URL only the host and the port are kept.
pub(super) fn host_and_port(text: &str, default: Option<u16>) -> Result<(String, u16), String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("tcp://{text}") };
    let url = url::Url::parse(&full).ok();
    let host = url.as_ref().and_then(url::Url::host_str).filter(|host| !host.is_empty());
    let port = url.as_ref().and_then(url::Url::port_or_known_default).or(default);
    let target = crate::model::mask_text(text);
    match (host, port) {
        (Some(host), Some(port)) => Ok((host.to_owned(), port)),
        (Some(_), None) => Err(format!("has the target `{target}`, which has no port")),
        (None, _) => Err(format!("has the target `{target}`, which is not host:port")),
    }
}

/// Returns the limits that hold where none are set: of warnings, of failures.
pub(super) fn default_limits() -> (Vec<Threshold>, Vec<Threshold>) {
    (limits(&DEFAULT_WARN), limits(&DEFAULT_FAIL))
}

pub(super) fn limits(texts: &[&str]) -> Vec<Threshold> {
    texts.iter().filter_map(|text| Threshold::parse(text)).collect()
}

/// Returns what a check asks, its kind and where, without secrets; or why nothing is asked.
pub fn described(probe: &Probe) -> String {
    if let Target::Unset(_, _, why) = &probe.target {
        return format!("not asked: {why}");
    }
    let (kind, target) = probe.target.shown();
    format!("{} {target}", kind.name())
}

/// Returns the names that a check goes by: its id, its group, the last part of its id, its kind.
pub fn names_of(probe: &Probe) -> Vec<&str> {
    let kind = probe.target.shown().0.name();
    vec![&probe.id, &probe.group, &probe.name, kind]
}

/// A check of a service with the limits that hold where none are set.
#[cfg(test)]
pub(super) fn limits_for_tests(kind: &str) -> Probe {
    let kind = super::Kind::named(kind).unwrap();
    let address = kind.address("127.0.0.1:1").unwrap();
    let target = Target::Service(kind, address);
    Probe::plain(kind.name, "checks", target, Duration::from_secs(5))
        .with_defaults("a test".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_read_from_what_people_write() {
        let read = |text, default| host_and_port(text, default).unwrap();
        assert_eq!(read("db.internal:5432", None), ("db.internal".to_owned(), 5432));
        assert_eq!(read("https://api.example", Some(443)), ("api.example".to_owned(), 443));
        assert_eq!(read("api.example", Some(443)), ("api.example".to_owned(), 443));
        assert_eq!(read("[::1]:80", None), ("[::1]".to_owned(), 80));
        let secret = "postgres://u:hunter2@db:5432/x";
        assert_eq!(read(secret, None), ("db".to_owned(), 5432));
        assert!(host_and_port("db", None).is_err());
        assert!(!host_and_port("redis://u:hunter2@db", None).unwrap_err().contains("hunter2"));
    }

    #[test]
    fn every_default_limit_can_be_read() {
        assert_eq!(limits(&DEFAULT_WARN).len(), DEFAULT_WARN.len());
        assert_eq!(limits(&DEFAULT_FAIL).len(), DEFAULT_FAIL.len());
    }
}
