//! Health pages of servers whose shape is their own, and would be misread as any other's.

use serde_json::{Map, Value};

use super::{COMPONENTS_MAX, Health, component, of_word};
use crate::model::{CheckKind, Reason, Status};
use crate::probes::Part;

type Page = Map<String, Value>;

/// Reads a page of one of these families; `None` for all others.
pub(super) fn read(page: &Page) -> Option<Health> {
    vault(page)
        .or_else(|| cluster(page))
        .or_else(|| sentry(page))
        .or_else(|| grafana(page))
        .or_else(|| failures(page))
}

/// Vault tells its part in a cluster by the code: a standby answers 429 and is well.
///
/// Source: `HashiCorp` Vault, API, `/sys/health`.
fn vault(page: &Page) -> Option<Health> {
    let is = |name: &str| page.get(name)?.as_bool();
    let (initialized, sealed) = (is("initialized")?, is("sealed")?);
    let standby = is("standby").unwrap_or(false) || is("performance_standby").unwrap_or(false);
    let (status, said, reason) = match (initialized, sealed, standby) {
        (false, ..) => (Status::Fail, "not initialized", Reason::Starting),
        (_, true, _) => (Status::Fail, "sealed", Reason::Sealed),
        (_, _, true) => (Status::Ok, "standby", Reason::Status),
        _ => (Status::Ok, "active", Reason::Status),
    };
    Some(Health { status, reason, said: said.to_owned(), explains_code: true, ..Health::default() })
}

/// A cluster of Elasticsearch or OpenSearch; alone, a node is never green with copies asked for.
fn cluster(page: &Page) -> Option<Health> {
    let number = |name: &str| page.get(name)?.as_u64();
    let (nodes, missing) = (number("number_of_nodes")?, number("unassigned_shards")?);
    let said = page.get("status")?.as_str()?;
    let status = match said {
        "yellow" if nodes == 1 => Status::Ok,
        other => of_word(other)?,
    };
    let plural = if nodes == 1 { "node" } else { "nodes" };
    let detail = Some(format!("{nodes} {plural}, {missing} shards without one"));
    Some(Health { status, said: said.to_owned(), detail, ..Health::default() })
}

/// Sentry's `/_health/?full=1`: what is wrong in words, and the checks by name.
fn sentry(page: &Page) -> Option<Health> {
    let (problems, checks) = (page.get("problems")?.as_array()?, page.get("healthy")?.as_object()?);
    let parts = checks.iter().take(COMPONENTS_MAX);
    let components: Vec<Part> = parts.map(|(name, value)| component(name, value, 0)).collect();
    let status = Status::worst(
        components.iter().map(|part| part.status).chain(problems.iter().map(|_| Status::Fail)),
    );
    let words = problems.iter().filter_map(|problem| {
        let text = problem.as_str().or_else(|| problem.get("message")?.as_str());
        Some(text?.trim().to_owned())
    });
    let words: Vec<String> = words.take(COMPONENTS_MAX).collect();
    // Nothing wrong and nothing checked is well.
    let status = if components.is_empty() && words.is_empty() { Status::Ok } else { status };
    let detail = Some(words.join("; ")).filter(|words| !words.is_empty());
    Some(Health { status, detail, components, ..Health::default() })
}

/// Grafana's `/api/health`: one component beside the version.
fn grafana(page: &Page) -> Option<Health> {
    let (database, _) = (page.get("database")?, page.get("version")?.as_str()?);
    let known = ["database", "version", "commit", "enterpriseCommit"];
    if !page.keys().all(|key| known.contains(&key.as_str())) {
        return None;
    }
    let database = component("database", database, 0);
    let (status, components) = (database.status, vec![database]);
    Some(Health { status, components, ..Health::default() })
}

/// hellofresh/health-go: what failed, by name, in words; what works is not listed.
fn failures(page: &Page) -> Option<Health> {
    let (said, failures) = (page.get("status")?.as_str()?, page.get("failures")?.as_object()?);
    let status = of_word(said)?;
    let part = |(name, value): (&String, &Value)| {
        let message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let reason = Some(super::reason_of_text(&message));
        // What does not make the whole fail was marked as something to do without.
        let status = if status == Status::Warn { Status::Warn } else { Status::Fail };
        let (kind, duration_ms, children) = (CheckKind::Component, None, Vec::new());
        Part { name: name.clone(), kind, status, reason, message, duration_ms, children }
    };
    let components: Vec<Part> = failures.iter().take(COMPONENTS_MAX).map(part).collect();
    let said = said.to_owned();
    Some(Health { status, said, components, ..Health::default() })
}
