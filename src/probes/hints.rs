//! What is likely behind a failure, and what to type next.

use super::{causes, codes};
use crate::model::{CheckKind, CheckResult, Hint, Reason, Status};

/// Adds a hint to what is not well; `given` is the cause that whoever set the check up thinks of.
///
/// What only repeats the failure of its parts has none: theirs says more.
pub(super) fn add(result: &mut CheckResult, given: Option<&str>) {
    let told_below = result.children.iter().any(|child| child.worst() >= Status::Warn);
    let well = matches!(result.status, Status::Ok | Status::Skipped);
    let (Some(reason), false, false) = (result.reason, well, told_below) else { return };
    let known = result.code.as_deref().and_then(|code| codes::known(result.kind, code));
    let likely = given
        .or(known.map(|known| known.likely))
        .or_else(|| causes::of(reason, result.kind))
        .unwrap_or_else(|| likely(reason, result.kind))
        .to_owned();
    result.hint = Some(Hint { likely, command: Some(command(reason, result)) });
    if result.runbook.is_none() {
        result.runbook = known.and_then(|known| known.runbook).map(str::to_owned);
    }
}

fn likely(reason: Reason, kind: CheckKind) -> &'static str {
    match (reason, kind) {
        (Reason::Lagging, _) => {
            "it gets changes slower than they are made: load, network, or a long transaction here"
        }
        (Reason::ReadOnly, _) => "a copy and not the main server, or somebody switched writing off",
        (
            Reason::Saturated,
            CheckKind::Postgres | CheckKind::Mysql | CheckKind::Redis | CheckKind::Memcached,
        ) => "applications open more than it has room for: pools that are too large, or leak",
        (Reason::Saturated, CheckKind::Rabbitmq) => {
            "consumers are slower than publishers, or gone: messages pile up in its memory"
        }
        (Reason::Saturated, CheckKind::Elasticsearch) => {
            "its disks fill up: delete old indexes or give it room, before it takes no more writes"
        }
        (
            Reason::Refused | Reason::Unreachable | Reason::Timeout | Reason::DnsNxdomain,
            CheckKind::Part,
        ) => "it sends clients to an address that only works elsewhere (advertised.listeners)",
        (Reason::Saturated, _) => {
            "the application's own connection pool is exhausted: requests keep their connections too long, or leak them"
        }
        (Reason::Refused, CheckKind::Component) => {
            "what the application depends on does not listen, or its address is wrong"
        }
        (Reason::Refused, _) => "it is not running, or listens on another port or address",
        (Reason::Unreachable, _) => "the network or a firewall between here and there",
        (Reason::Timeout, CheckKind::Component) => {
            "what the application depends on hangs, or a firewall drops its packets"
        }
        (Reason::Timeout, _) => "it hangs or is overloaded, or a firewall drops the packets",
        (Reason::Reset, _) => "it crashed, is restarting, or does not speak this protocol",
        (Reason::DnsNxdomain | Reason::DnsTimeout, _) => {
            "the name is misspelt, or only known inside another network"
        }
        (Reason::TlsExpired, _) => "the certificate was not renewed",
        (Reason::TlsUntrusted, _) => {
            "an own authority that is not known here (SSL_CERT_FILE), or a proxy that opens TLS"
        }
        (Reason::TlsName, _) => "another host's certificate: the wrong address, or a new name",
        (Reason::AuthFailed, kind) if kind != CheckKind::Http && kind != CheckKind::Metrics => {
            "the credentials in the address are missing, old or of another environment"
        }
        (Reason::AuthFailed, _) => {
            "a proxy asks for a login before this address, or credentials are old"
        }
        (Reason::Forbidden, _) => "this address is not open to where you are",
        (Reason::NotFound, _) => "the path is another, or the deployed version does not have it",
        (Reason::BodyMismatch, _) => {
            "the health endpoint reports a failure and forgets the status 503 that balancers look for"
        }
        (Reason::Slow, _) => "something that it waits for is slow: look at a slow request's trace",
        (Reason::Status, CheckKind::Metrics) => "requests fail: look at the latest errors",
        (Reason::Starting, _) => "it is starting or stopping: wait for it",
        (Reason::Overloaded, _) => "it turns requests away to protect itself",
        (Reason::TooLarge, CheckKind::Http) => "this is not the address of its health",
        (Reason::TooLarge, _) => "a label with endless values, such as a raw path, in the metrics",
        (Reason::Protocol, CheckKind::Metrics) => "this is not the address of the metrics",
        (Reason::Protocol, _) => "this is not the address of what it should be",
        (Reason::Config, _) => "the check is set up wrongly",
        (Reason::Internal, _) => "a defect of obs",
        // All that is left has a row in `causes`.
        _ => "by the application's own word: its errors say why",
    }
}

/// Returns what to type: what the errors are, or the same check with more patience.
fn command(reason: Reason, result: &CheckResult) -> String {
    let id = result.id.split('/').next().unwrap_or(&result.id);
    match reason {
        Reason::Refused | Reason::Reset | Reason::Starting => format!("obs check {id} --wait 60s"),
        Reason::Stopped if result.kind != CheckKind::Systemd => {
            format!("obs check {id} --wait 60s")
        }
        Reason::Timeout if result.kind != CheckKind::Component => {
            format!("obs check {id} --timeout 30s --deadline 60s")
        }
        Reason::Saturated if result.kind == CheckKind::Slo => "obs errors --since 15m".to_owned(),
        Reason::Saturated if causes::of(reason, result.kind).is_some() => {
            format!("obs check {id} -v")
        }
        Reason::DnsNxdomain | Reason::DnsTimeout => match host_of(&result.target) {
            Some(host) => format!("getent hosts {}", quoted(host)),
            None => format!("obs check {id} -v"),
        },
        _ if result.kind == CheckKind::Exec => format!("obs check {id} -v"),
        _ if result.kind == CheckKind::Systemd && reason != Reason::Config => {
            format!("journalctl -u {} -n 50", quoted(&result.target))
        }
        Reason::Saturated if result.kind == CheckKind::Component => {
            format!("obs runbook explain {}", quoted(&result.message))
        }
        Reason::Slow => "obs logs --level warn --since 5m".to_owned(),
        Reason::Config => "obs config show".to_owned(),
        Reason::Status | Reason::BodyMismatch | Reason::Timeout => {
            "obs issues --since 15m".to_owned()
        }
        // Its steps, and which file or variable has the address and the login.
        _ => format!("obs check {id} -v"),
    }
}

/// Returns the name in a target, of which a login was taken out; none of a socket or of several hosts.
fn host_of(target: &str) -> Option<&str> {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let place = rest.split(['/', '?']).next().unwrap_or_default();
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!host.is_empty() && host.chars().all(is_of_a_name) && !host.starts_with('-')).then_some(host)
}

/// Writes a text as one word of a shell, on one line.
pub(super) fn quoted(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("'{}'", line.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_name_that_has_no_address_the_system_is_asked_alone() {
        let typed = |target: &str| {
            let mut check = CheckResult::of_test("db", CheckKind::Postgres, Status::Fail);
            target.clone_into(&mut check.target);
            command(Reason::DnsNxdomain, &check)
        };
        assert_eq!(typed("postgres://db.nowhere:5432/x"), "getent hosts 'db.nowhere'");
        assert_eq!(typed("https://api.nowhere/readyz"), "getent hosts 'api.nowhere'");
        assert_eq!(typed("db.nowhere:80"), "getent hosts 'db.nowhere'");
        assert_eq!(typed("postgres:///run/db"), "obs check db -v");
        assert_eq!(typed("-x:80"), "obs check db -v");
    }
}
