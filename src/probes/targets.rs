//! What there is to check: an application by its address, a configured check, a backend.

use std::sync::Arc;
use std::time::Duration;

use super::kinds::{KINDS, Kind};
use super::slo::Slo;
use super::{Probe, Target, keys};
use crate::config::{CheckSettings, CheckTarget, Origin};
use crate::model::{CheckKind, Threshold, example_limits, nearest};
use crate::sources::Backend;

/// The pages that an instrumented service has.
const PAGES: [&str; 2] = ["healthz", "readyz"];

/// The kinds that are asked by a page's address, or by `host:port`.
const PLAIN_KINDS: [&str; 4] = ["http", "tcp", "tls", "metrics"];

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

/// Why a configured check cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the check `{id}` ({origin}) {reason}")]
pub struct TargetError {
    id: String,
    origin: String,
    reason: String,
}

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

/// Returns the configured checks; refuses what cannot be meant.
pub fn of_settings(
    all: &[CheckSettings],
    timeout: Duration,
    window: Duration,
) -> Result<Vec<Probe>, TargetError> {
    let probes: Vec<Probe> =
        all.iter().map(|one| of_setting(one, timeout, window)).collect::<Result<_, _>>()?;
    for (settings, probe) in all.iter().zip(&probes) {
        let refuse = |reason: String| refused(settings, reason);
        if probes.iter().filter(|other| other.id == probe.id).count() > 1 {
            return Err(refuse("is there twice".to_owned()));
        }
        let unknown = |need: &&String| !probes.iter().any(|other| other.id == **need);
        if let Some(need) = probe.needs.iter().find(unknown) {
            return Err(refuse(format!("needs `{need}`, which is no check")));
        }
        if waits_for_itself(probe, &probes) {
            return Err(refuse("needs itself, in a circle".to_owned()));
        }
    }
    Ok(probes)
}

fn of_setting(
    settings: &CheckSettings,
    timeout: Duration,
    window: Duration,
) -> Result<Probe, TargetError> {
    let refuse = |reason: String| refused(settings, reason);
    let window = settings.window.unwrap_or(window);
    let target = match &settings.target {
        _ if runs_a_repositorys_program(settings) => {
            let why = "a repository's file may not have programs run: put the check into your own \
                       config.toml";
            let program = settings.keys.command.first().cloned().unwrap_or_default();
            Target::Unset(CheckKind::Exec, program, why.to_owned())
        }
        CheckTarget::Known(text) => target(settings, text, window)
            // What a variable holds may be a secret: the reason names the variable.
            .map_err(|reason| refuse(without(&reason, text, &settings.written)))?,
        // A variable that is not set here is no reason to look at nothing else.
        CheckTarget::Unknown(why) => {
            let kind = kind_of(&settings.kind).map_err(refuse)?;
            Target::Unset(kind, settings.written.clone(), why.clone())
        }
    };
    let (kind, _) = target.shown();
    let read =
        |given: &Option<Vec<String>>, default: &[&str]| -> Result<Vec<Threshold>, TargetError> {
            let Some(given) = given else { return Ok(limits(default)) };
            let one = |text: &String| {
                let limit = Threshold::parse(text).filter(|limit| limit.is_of(kind));
                limit.ok_or_else(|| {
                    let there_are = example_limits(kind).join(", ");
                    let kind = &settings.kind;
                    let reason =
                        format!("has the limit `{text}`, which is none for {kind}, as {there_are}");
                    refused(settings, reason)
                })
            };
            given.iter().map(one).collect()
        };
    Ok(Probe {
        id: settings.id.clone(),
        name: settings.id.clone(),
        group: settings.group.clone().unwrap_or_else(|| "checks".to_owned()),
        target,
        timeout: settings.timeout.unwrap_or(timeout),
        needs: settings.needs.clone(),
        warn: read(&settings.warn, &DEFAULT_WARN)?,
        fail: read(&settings.fail, &DEFAULT_FAIL)?,
        hint: settings.hint.clone(),
        runbook: settings.runbook.clone(),
        origin: settings.origin.to_string(),
    })
}

fn refused(settings: &CheckSettings, reason: String) -> TargetError {
    TargetError { id: settings.id.clone(), origin: settings.origin.to_string(), reason }
}

/// Says whether it is a program that a repository wants to be run: whoever clones it has not read it.
fn runs_a_repositorys_program(settings: &CheckSettings) -> bool {
    !settings.keys.command.is_empty() && matches!(settings.origin, Origin::Repository(..))
}

fn target(settings: &CheckSettings, target: &str, window: Duration) -> Result<Target, String> {
    let kind = settings.kind.as_str();
    keys::refuse_strange(kind, &settings.keys)?;
    if let Some(local) = keys::local(kind, target, &settings.keys) {
        return local;
    }
    let page = || match crate::http::address(target, &[]) {
        Ok(_) => Ok(target.to_owned()),
        Err(error) => Err(format!("cannot be asked: {error}")),
    };
    match kind {
        "http" => page().and_then(|url| keys::page(url, &settings.keys)),
        "metrics" => page().map(|url| Target::Metrics(url, window)),
        "tcp" => host_and_port(target, None).map(|(host, port)| Target::Tcp(host, port)),
        "tls" => host_and_port(target, Some(443)).map(|(host, port)| Target::Tls(host, port)),
        other => service(other, target),
    }
}

/// Returns the kind of a configured check by its name.
fn kind_of(name: &str) -> Result<CheckKind, String> {
    match name {
        "http" => Ok(CheckKind::Http),
        "metrics" => Ok(CheckKind::Metrics),
        "tcp" => Ok(CheckKind::Tcp),
        "tls" => Ok(CheckKind::Tls),
        other => Kind::named(other).map(|row| row.check).ok_or_else(|| no_such_kind(other)),
    }
}

/// Puts the words of the file in the place of what they stand for.
fn without(reason: &str, value: &str, written: &str) -> String {
    reason.replace(value, written).replace(&*crate::model::mask_text(value), written)
}

fn no_such_kind(kind: &str) -> String {
    let plain = PLAIN_KINDS.into_iter().chain(keys::LOCAL_KINDS);
    let all: Vec<&str> = plain.chain(KINDS.iter().map(|row| row.name)).collect();
    let meant = nearest(kind, all.iter().copied());
    let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
    format!("has the kind `{kind}`{meant}; there are {}", all.join(", "))
}

fn service(kind: &str, target: &str) -> Result<Target, String> {
    let Some(row) = Kind::named(kind) else {
        return Err(no_such_kind(kind));
    };
    let refuse = |error| format!("has a target that {error}; one is {}://host/…", row.schemes[0]);
    row.address(target).map(|address| Target::Service(row, address)).map_err(refuse)
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

fn waits_for_itself(probe: &Probe, all: &[Probe]) -> bool {
    let mut waiting: Vec<&str> = probe.needs.iter().map(String::as_str).collect();
    let mut seen: Vec<&str> = Vec::new();
    while let Some(id) = waiting.pop() {
        if id == probe.id {
            return true;
        }
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let needed = all.iter().filter(|other| other.id == id);
        waiting.extend(needed.flat_map(|other| other.needs.iter().map(String::as_str)));
    }
    false
}

/// Returns the limits that hold where none are set: of warnings, of failures.
pub(super) fn default_limits() -> (Vec<Threshold>, Vec<Threshold>) {
    (limits(&DEFAULT_WARN), limits(&DEFAULT_FAIL))
}

pub(super) fn limits(texts: &[&str]) -> Vec<Threshold> {
    texts.iter().filter_map(|text| Threshold::parse(text)).collect()
}

/// Returns the names that a check goes by: its id, its group, the last part of its id, its kind.
pub fn names_of(probe: &Probe) -> Vec<&str> {
    let kind = probe.target.shown().0.name();
    vec![&probe.id, &probe.group, &probe.name, kind]
}

/// A check of a service with the limits that hold where none are set.
#[cfg(test)]
pub(super) fn limits_for_tests(kind: &str) -> Probe {
    let kind = Kind::named(kind).unwrap();
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
