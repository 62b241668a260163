//! What the environment's variables name, as checks: for whoever has no file.

use std::time::Duration;

use super::kinds::Kind;
use super::targets::host_and_port;
use super::{Probe, Target};
use crate::config::ServiceVariable;
use crate::model::CheckKind;

/// The checks, and what could not be made one.
#[derive(Debug, Default)]
pub struct Named {
    /// In the order of the variables.
    pub probes: Vec<Probe>,
    /// Those of which nothing can be asked: whoever named them expects an answer, and has none.
    pub unknown: Vec<Probe>,
    /// A line each, for people: of what is not asked, or not in its own protocol.
    pub remarks: Vec<String>,
}

/// Returns the checks of the services that variables name.
///
/// Two variables with one value are one check. Nothing of a value is in a remark but its scheme.
pub fn of_variables(services: &[ServiceVariable], timeout: Duration) -> Named {
    let mut named = Named::default();
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for service in services {
        let variable = service.variable;
        if let Some((_, place)) = seen.iter().find(|(value, _)| *value == service.value) {
            let origin = &mut named.probes[*place].origin;
            *origin = format!("{origin}, ${variable}");
            continue;
        }
        match target(service) {
            Ok((target, remark)) => {
                named.remarks.extend(remark.map(|remark| format!("${variable} {remark}")));
                let id = free(service.id, &named.probes);
                seen.push((&service.value, named.probes.len()));
                named.probes.push(probe(service, &id, target, timeout));
            }
            Err(why) => {
                named.remarks.push(format!("${variable} is not checked: it {why}"));
                // A file needs no server; everything else may well have one that is down.
                if why != A_FILE {
                    let written = format!("${variable}");
                    let target = Target::Unset(CheckKind::Tcp, written, format!("it {why}"));
                    let id = free(service.id, &named.probes);
                    named.unknown.push(probe(service, &id, target, timeout));
                }
            }
        }
    }
    named
}

fn probe(service: &ServiceVariable, id: &str, target: Target, timeout: Duration) -> Probe {
    let group = if service.observability { "observability" } else { "dependencies" };
    Probe::plain(id, group, target, timeout).with_defaults(format!("${}", service.variable))
}

/// Why a file of `SQLite` is not asked.
const A_FILE: &str = "is a file of SQLite, which has no server to ask";

/// Returns what to ask and what to say of it, or why nothing can be asked.
fn target(service: &ServiceVariable) -> Result<(Target, Option<String>), String> {
    let value = &service.value;
    let scheme = value.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let scheme = scheme.as_deref().unwrap_or_default();
    let plain = scheme.split('+').next().unwrap_or_default();
    if plain == "sqlite" || value.starts_with("sqlite:") || value.starts_with("file:") {
        return Err(A_FILE.to_owned());
    }
    if service.kind == Some("port") {
        return port_of(value).map(|target| (target, None));
    }
    let by_scheme = Kind::of_scheme(scheme);
    let by_name = service.kind.and_then(Kind::named);
    if let Some(kind) = by_scheme.or(by_name) {
        let address = kind.address(value)?;
        return Ok((Target::Service(kind, address), None));
    }
    if ["http", "https"].contains(&plain) {
        return match crate::http::address(value, &[]) {
            Ok(_) => Ok((Target::Http(value.clone()), None)),
            Err(_) => Err("is an address that cannot be asked".to_owned()),
        };
    }
    let word = match (plain, service.kind) {
        ("", None) => return Err("has no scheme, so that its protocol is not known".to_owned()),
        ("", Some(kind)) => kind,
        (scheme, _) => scheme,
    };
    // A scheme is shown: it is no place for a secret, but nobody checked it.
    if !word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) || word.len() > 32 {
        return Err("has no scheme, so that its protocol is not known".to_owned());
    }
    let unspoken = format!("is of the protocol {word}, which obs does not speak");
    match port_of(value) {
        Ok(target) => Ok((target, Some(format!("{unspoken}: only its port is tried")))),
        Err(_) => Err(unspoken),
    }
}

/// Returns the check of the first host's port alone: with TLS where the scheme says so.
fn port_of(value: &str) -> Result<Target, String> {
    let refused = |_| "names no host and port".to_owned();
    let first = value.split(',').next().unwrap_or(value);
    let target = if first.starts_with("https://") {
        host_and_port(first, Some(443)).map(|(host, port)| Target::Tls(host, port))
    } else {
        host_and_port(first, None).map(|(host, port)| Target::Tcp(host, port))
    };
    target.map_err(refused)
}

/// Returns a name that no other check has.
fn free(id: &str, probes: &[Probe]) -> String {
    let is_free = |name: &String| probes.iter().all(|probe| probe.id != *name);
    let mut names = std::iter::once(id.to_owned()).chain((2..).map(|n| format!("{id}-{n}")));
    names.find(is_free).unwrap_or_else(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(variable: &'static str, kind: Option<&'static str>, value: &str) -> ServiceVariable {
        let (value, written) = (value.to_owned(), format!("${variable}"));
        ServiceVariable { variable, id: "x", kind, observability: false, value, written }
    }

    fn named(value: &str, kind: Option<&'static str>) -> (Vec<String>, Vec<String>) {
        let services = [service("A_URL", kind, value)];
        let named = of_variables(&services, Duration::from_secs(1));
        let shown = |probe: &Probe| {
            let (kind, target) = probe.target.shown();
            format!("{} {target}", kind.name())
        };
        (named.probes.iter().map(shown).collect(), named.remarks)
    }

    #[test]
    fn a_variable_becomes_a_check_of_its_protocol() {
        for (value, kind, expected) in [
            ("redis://:hunter2@cache:6380/1", None, "redis redis://"),
            ("redis+socket:///run/redis.sock", None, "redis "),
            ("cache:11211", Some("memcached"), "memcached memcached://cache:11211"),
            ("https://key@sentry.example/1", Some("port"), "tls sentry.example:443"),
            ("http://127.0.0.1:4318", Some("port"), "tcp 127.0.0.1:4318"),
            ("http://search:9200", None, "http http://search:9200"),
        ] {
            let (probes, remarks) = named(value, kind);
            assert!(probes[0].starts_with(expected), "{probes:?}");
            assert!(!probes[0].contains("hunter2") && remarks.is_empty(), "{probes:?} {remarks:?}");
        }
    }

    #[test]
    fn what_cannot_be_asked_is_unknown_unless_it_is_a_file() {
        for (value, unknown) in [("sqlite:///db.sqlite3", 0), ("hunter2", 1), ("redis://c", 0)] {
            let named = of_variables(&[service("A_URL", None, value)], Duration::from_secs(1));
            assert_eq!(named.unknown.len(), unknown, "{value}");
            for probe in named.unknown {
                assert_eq!(probe.target.shown(), (CheckKind::Tcp, "$A_URL".to_owned()));
            }
        }
    }

    #[test]
    fn what_is_not_asked_in_its_protocol_is_said() {
        for (value, count, said) in [
            ("sqlite:///db.sqlite3", 0, "is a file of SQLite"),
            ("sqlite+aiosqlite:///db.sqlite3", 0, "is a file of SQLite"),
            ("gopher://:hunter2@hole:70/x", 1, "only its port is tried"),
            ("hunter2", 0, "has no scheme"),
            ("gopher:///x", 0, "of the protocol gopher, which obs does not speak"),
            ("redis://a:port", 0, "is not checked"),
        ] {
            let (probes, remarks) = named(value, None);
            assert_eq!((probes.len(), remarks.len()), (count, 1), "{value}: {remarks:?}");
            assert!(remarks[0].contains(said), "{remarks:?}");
            assert!(!remarks[0].contains("hunter2"), "{remarks:?}");
        }
    }

    #[test]
    fn one_value_in_two_variables_is_one_check_and_one_name_two() {
        let value = "redis://cache:6379";
        let services = [
            service("REDIS_URL", None, value),
            service("CELERY_BROKER_URL", None, value),
            service("CACHE_URL", None, "redis://other"),
        ];
        let named = of_variables(&services, Duration::from_secs(1));
        let shown: Vec<_> =
            named.probes.iter().map(|probe| (probe.id.as_str(), probe.origin.as_str())).collect();
        assert_eq!(shown, [("x", "$REDIS_URL, $CELERY_BROKER_URL"), ("x-2", "$CACHE_URL")]);
    }
}
