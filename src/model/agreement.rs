//! What an application says of a dependency, held against what the probe of that dependency found.

use serde::Serialize;

use super::{CheckKind, CheckResult, Reason, Status};

/// An application and a probe that do not say the same of one dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The id of the component, by the application's word.
    pub component: String,
    /// How it is by that word.
    pub component_status: Status,
    /// The id of the check that asked the dependency itself.
    pub probe: String,
    /// What that found.
    pub probe_status: Status,
    /// The likely cause of the difference.
    pub likely: &'static str,
}

/// A kind of dependency: its own names, and the words that others share.
struct Family {
    own: &'static [&'static str],
    shared: &'static [&'static str],
}

/// What applications call their dependencies. Source: the names that Actuator, `AspNetCore.HealthChecks`,
/// terminus and django-health-check give their indicators.
const FAMILIES: &[Family] = &[
    Family {
        own: &["postgres", "postgresql", "pg", "npgsql", "psql"],
        shared: &["db", "database", "datasource", "sql", "orm"],
    },
    Family { own: &["mysql", "mariadb"], shared: &["db", "database", "datasource", "sql", "orm"] },
    Family { own: &["mongo", "mongodb"], shared: &["db", "database"] },
    Family { own: &["redis", "valkey"], shared: &["cache"] },
    Family { own: &["memcached"], shared: &["cache"] },
    Family { own: &["rabbit", "rabbitmq", "amqp"], shared: &["broker", "queue", "celery"] },
    Family { own: &["kafka"], shared: &["broker", "queue"] },
    Family { own: &["nats"], shared: &["broker"] },
    Family { own: &["mqtt", "mosquitto"], shared: &["broker"] },
    Family { own: &["elasticsearch", "elastic", "opensearch"], shared: &["search"] },
    Family { own: &["smtp", "mail", "email"], shared: &[] },
];

/// Returns where applications and probes contradict each other, in the order of the components.
pub fn disagreements(checks: &[CheckResult]) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for component in components(checks) {
        let probes = probes_of(component, checks);
        let works = |probe: &&CheckResult| matches!(probe.worst(), Status::Ok | Status::Warn);
        let fails = |probe: &&CheckResult| probe.worst() == Status::Fail;
        let (against, likely): (_, fn(&CheckResult, &CheckResult) -> &'static str) =
            match component.worst() {
                // Of several that could be meant all must say the same.
                Status::Fail if probes.iter().all(works) => (probes.first(), only_the_application),
                Status::Ok if probes.iter().all(fails) => (probes.first(), only_the_probe),
                _ => continue,
            };
        found.extend(against.map(|probe| Disagreement {
            component: component.id.clone(),
            component_status: component.worst(),
            probe: probe.id.clone(),
            probe_status: probe.worst(),
            likely: likely(component, probe),
        }));
    }
    found
}

/// Returns the ids of the failures that no other failure explains: not that of a part of it, and not
/// that of the dependency that a component is.
pub fn root_causes(checks: &[CheckResult]) -> Vec<String> {
    let explained = |result: &CheckResult| {
        result.children.iter().any(|child| child.worst() == Status::Fail)
            || result.kind == CheckKind::Component
                && probes_of(result, checks).iter().any(|probe| probe.worst() == Status::Fail)
    };
    let all = checks.iter().flat_map(CheckResult::flat);
    let roots = all.filter(|result| result.status == Status::Fail && !explained(result));
    let mut ids: Vec<String> = Vec::new();
    for root in roots {
        if !ids.contains(&root.id) {
            ids.push(root.id.clone());
        }
    }
    ids
}

fn components(checks: &[CheckResult]) -> impl Iterator<Item = &CheckResult> {
    let all = checks.iter().flat_map(CheckResult::flat);
    all.filter(|result| result.kind == CheckKind::Component)
}

/// Returns the checks that ask the dependency itself: those of its own name, else those that share the
/// word it goes by.
fn probes_of<'a>(component: &CheckResult, checks: &'a [CheckResult]) -> Vec<&'a CheckResult> {
    let words = words_of(&component.name);
    let probes = |names: fn(&Family) -> &'static [&'static str]| {
        let families: Vec<&Family> =
            FAMILIES.iter().filter(|family| any_of(&words, names(family))).collect();
        let asked = |check: &&CheckResult| families.iter().any(|family| asks(check, family));
        checks.iter().filter(asked).collect::<Vec<_>>()
    };
    let own = probes(|family| family.own);
    if own.is_empty() { probes(|family| family.shared) } else { own }
}

/// Says whether a check asks a dependency of this family: by its kind, or by what it was called.
fn asks(check: &CheckResult, family: &Family) -> bool {
    let says_health = matches!(check.kind, CheckKind::Metrics | CheckKind::Backend);
    let own_page = check.children.iter().any(|child| child.kind == CheckKind::Component);
    let kind = serde_json::to_value(check.kind).ok();
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default();
    family.own.contains(&kind)
        || !says_health && !own_page && any_of(&words_of(&check.name), family.own)
}

fn any_of(words: &[String], names: &[&str]) -> bool {
    words.iter().any(|word| names.contains(&word.as_str()))
}

/// Splits `PrimaryDatabase`, `cache_backend: default` and `postgres-1` into lower-case words.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let begins = character.is_uppercase() && before.is_lowercase();
        if begins || !character.is_alphabetic() {
            words.push(String::new());
        }
        if character.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    // `PostgreSQL` is one word however it is written.
    words.push(name.to_lowercase());
    words.retain(|word| !word.is_empty());
    words
}

fn only_the_application(component: &CheckResult, _: &CheckResult) -> &'static str {
    match component.reason {
        Some(Reason::Saturated) => {
            "the application's own connection pool: connections leaked or kept too long, not the server"
        }
        Some(Reason::AuthFailed | Reason::Forbidden) => {
            "the application has other credentials than this check: an old secret, or one not rotated"
        }
        Some(Reason::Refused | Reason::Timeout | Reason::Unreachable | Reason::DnsNxdomain) => {
            "the application asks another address, or the network between it and the server"
        }
        _ => "the application's credentials, its address of it, its network or its pool",
    }
}

fn only_the_probe(_: &CheckResult, probe: &CheckResult) -> &'static str {
    match probe.reason {
        Some(Reason::AuthFailed | Reason::Forbidden) => {
            "this check has other credentials than the application: an old secret in its target"
        }
        Some(Reason::Saturated) => {
            "the application still has its old connections; a new one would be refused"
        }
        _ => {
            "the application reaches it at another address, still has old connections, or its health page does not ask"
        }
    }
}

#[cfg(test)]
mod tests;
