//! What an application says of a dependency, held against what the probe of that dependency found.

use serde::Serialize;

use super::{CheckKind, CheckResult, Reason, Status};

mod meant;

use meant::meant_by;

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
    /// Whether more than a word that many share, as `database`, says that both are about the same.
    pub certain: bool,
    /// The other checks that the component may mean, by their ids.
    pub others: Vec<String>,
    /// The likely cause of the difference.
    pub likely: &'static str,
}

/// Returns where applications and probes contradict each other, in the order of the components.
///
/// Of several checks that a component may mean, those count of which most says so. One of them that works
/// contradicts a component that is down; one that is up is contradicted where all of them fail.
pub fn disagreements(checks: &[CheckResult]) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for component in components(checks) {
        let meant = meant_by(component, checks);
        let (against, likely): (_, fn(&CheckResult, &CheckResult) -> &'static str) = match component
            .worst()
        {
            Status::Fail => (meant.probes.iter().find(|probe| works(probe)), only_the_application),
            Status::Ok if meant.probes.iter().all(|probe| fails(probe)) => {
                (meant.probes.first(), only_the_probe)
            }
            _ => continue,
        };
        let Some(probe) = against else { continue };
        let others = meant.probes.iter().filter(|other| other.id != probe.id);
        found.push(Disagreement {
            component: component.id.clone(),
            component_status: component.worst(),
            probe: probe.id.clone(),
            probe_status: probe.worst(),
            certain: meant.certain,
            others: others.map(|other| other.id.clone()).collect(),
            likely: likely(component, probe),
        });
    }
    found
}

fn works(probe: &CheckResult) -> bool {
    matches!(probe.worst(), Status::Ok | Status::Warn)
}

fn fails(probe: &CheckResult) -> bool {
    probe.worst() == Status::Fail
}

/// Returns the ids of the failures that no other failure explains: not that of a part of it, and not
/// that of the dependency that a component is.
pub fn root_causes(checks: &[CheckResult]) -> Vec<String> {
    let by_a_probe = |component: &CheckResult| {
        let probes = meant_by(component, checks).probes;
        // Where one works, nobody knows that another one is behind it.
        probes.iter().any(|probe| fails(probe)) && !probes.iter().any(|probe| works(probe))
    };
    let explained = |result: &CheckResult| {
        result.children.iter().any(|child| child.worst() == Status::Fail)
            || result.kind == CheckKind::Component && by_a_probe(result)
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
