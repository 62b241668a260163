//! Elasticsearch and OpenSearch: the colour of the cluster, room on its disks, indexes that take no writes.
//!
//! After the reference of Elasticsearch 8 and OpenSearch 2; no recording of a cluster stands behind the
//! tests. `index.blocks.read_only_allow_delete` is what a node sets by itself above 95 % of its disk.

use std::collections::BTreeMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::address::Tls;
use super::codes;
use super::{Address, Finding, Means, Probe, phase};
use crate::http::{Ask, HttpError};
use crate::model::{CheckKind, Measure, Reason, Status};

/// So many indexes are named.
const NAMES_MAX: usize = 3;

/// What is asked of the nodes, which would tell much more.
const DISKS_ONLY: &[(&str, &str)] = &[("filter_path", "nodes.*.name,nodes.*.fs.total")];

/// `GET /`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Root {
    version: Version,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Version {
    number: String,
    /// `opensearch`; Elasticsearch has none.
    distribution: Option<String>,
}

/// `GET /_cluster/health`.
#[derive(Debug, Clone, Default, Deserialize)]
struct Health {
    cluster_name: String,
    status: String,
    number_of_nodes: u64,
    number_of_data_nodes: u64,
    #[serde(default)]
    unassigned_shards: u64,
}

/// `GET /_nodes/stats/fs`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Nodes {
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    name: String,
    fs: Fs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Fs {
    total: Total,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Total {
    total_in_bytes: f64,
    available_in_bytes: f64,
}

/// `GET /_all/_settings/index.blocks.*?flat_settings=true`: the settings of each index that has any.
type Blocks = BTreeMap<String, Index>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Index {
    settings: BTreeMap<String, serde_json::Value>,
}

pub(super) async fn run(probe: &Probe, address: &Address, means: &Means) -> Finding {
    let began = Instant::now();
    let asking = tokio::time::timeout(probe.timeout, ask(probe, address, means));
    let outcome = asking.await.unwrap_or_else(|_| {
        let message = format!("no answer within {:?}", probe.timeout);
        Err(Finding::fail(Reason::Timeout, message))
    });
    let mut finding = outcome.unwrap_or_else(|finding| finding);
    finding.phases = vec![phase("query", began.elapsed())];
    finding
}

async fn ask(probe: &Probe, address: &Address, means: &Means) -> Result<Finding, Finding> {
    let scheme = match address.tls {
        Tls::Verified => "https",
        Tls::Off => "http",
        Tls::Prefer | Tls::Chain | Tls::Unverified => {
            let message = "its certificate is always verified: the address may not say otherwise";
            return Err(Finding::unknown(Reason::Config, message));
        }
    };
    let base = format!("{scheme}://{}:{}/{}", address.host_shown(), address.port, address.path);
    let headers = headers(address)?;
    let get = |path: &'static [&'static str], query: &'static [(&'static str, &'static str)]| {
        get(&base, path, query, &headers, means)
    };
    let (root, health, nodes, blocks) = tokio::join!(
        get(&[], &[]),
        get(&["_cluster", "health"], &[]),
        get(&["_nodes", "stats", "fs"], DISKS_ONLY),
        get(&["_all", "_settings", "index.blocks.*"], &[("flat_settings", "true")]),
    );
    let health: Health = read(&health?).ok_or_else(foreign)?;
    let root: Root = root.ok().and_then(|body| read(&body)).unwrap_or_default();
    let mut finding = judge(&root, &health);
    match nodes.ok().and_then(|body| read::<Nodes>(&body)) {
        Some(nodes) => judge_disks(&mut finding, probe, &nodes),
        None => finding.message.push_str("; its disks were not looked at"),
    }
    match blocks.ok().and_then(|body| read::<Blocks>(&body)) {
        Some(blocks) => judge_blocks(&mut finding, &blocks),
        None => finding.message.push_str("; which indexes take no writes was not looked at"),
    }
    Ok(finding)
}

fn headers(address: &Address) -> Result<HeaderMap, Finding> {
    let mut headers = HeaderMap::new();
    let Some(password) = &address.password else { return Ok(headers) };
    let password = password.expose();
    let value = match &address.user {
        Some(user) => format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        None => format!("ApiKey {password}"),
    };
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| Finding::unknown(Reason::Config, "the login fits in no header"))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(headers)
}

async fn get(
    base: &str,
    path: &[&str],
    query: &[(&str, &str)],
    headers: &HeaderMap,
    means: &Means,
) -> Result<Vec<u8>, Finding> {
    let query: Vec<(&str, String)> =
        query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let ask = Ask { base, path, query: &query, headers, accept: "application/json", body: None };
    let reply = means.http.send(ask).await.map_err(|error| match error {
        HttpError::NoAnswer { reason, class, .. } => Finding::fail(class, reason),
        HttpError::TooLarge { .. } => Finding::unknown(Reason::TooLarge, error.to_string()),
        error => Finding::fail(Reason::Protocol, error.to_string()),
    })?;
    match reply.status.as_u16() {
        200 => Ok(reply.bytes),
        status => {
            let message = format!("it answers {status}");
            Err(codes::refused(CheckKind::Elasticsearch, &status.to_string(), message))
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

fn judge(root: &Root, health: &Health) -> Finding {
    let product = match root.version.distribution.as_deref() {
        Some("opensearch") => "OpenSearch",
        _ => "Elasticsearch",
    };
    let nodes = health.number_of_nodes;
    let mut finding = Finding::ok(format!(
        "{product} {}, cluster {} is {}, {nodes} node{}",
        root.version.number,
        health.cluster_name,
        health.status,
        if nodes == 1 { "" } else { "s" }
    ));
    let missing = format!("{} shards have no node", health.unassigned_shards);
    match health.status.as_str() {
        "green" => {}
        // Where there is one node its copies have nowhere to go: it can be no other colour.
        "yellow" if health.number_of_data_nodes <= 1 => {
            finding.message.push_str(", as a single node is");
        }
        "yellow" => {
            finding.worsen(Status::Warn, Reason::Lagging, &missing);
            finding = finding
                .likely("copies are missing: a node is down, or its disk is above the watermark");
        }
        "red" => {
            finding.worsen(Status::Fail, Reason::Status, &missing);
            finding = finding.likely(
                "data is missing: a node is down, and what it held can be neither read nor written",
            );
        }
        _ => finding = Finding::unknown(Reason::Protocol, finding.message),
    }
    #[expect(clippy::cast_precision_loss, reason = "shown")]
    finding.observe("unassigned_shards", Some(health.unassigned_shards as f64), "{shard}");
    finding
}

fn judge_disks(finding: &mut Finding, probe: &Probe, nodes: &Nodes) {
    let used = |node: &Node| {
        let total = &node.fs.total;
        (total.total_in_bytes > 0.0).then(|| 1.0 - total.available_in_bytes / total.total_in_bytes)
    };
    let all = nodes.nodes.values().filter_map(|node| Some((used(node)?, &node.name)));
    let Some((fullest, name)) = all.reduce(|a, b| if b.0 > a.0 { b } else { a }) else {
        finding.lacks(Measure::Disk, "no node says it");
        return;
    };
    let message = std::mem::take(&mut finding.message);
    finding.message = format!("{message}; disk of {name} {:.0}% used", fullest * 100.0);
    finding.observe("disk_ratio", Some(fullest), "1");
    finding.measure(probe, Measure::Disk, fullest, Reason::Saturated);
}

fn judge_blocks(finding: &mut Finding, blocks: &Blocks) {
    let is_set = |index: &Index, name: &str| {
        let value = index.settings.get(name);
        value.is_some_and(|value| value == "true" || *value == serde_json::Value::Bool(true))
    };
    let full: Vec<&str> = blocks
        .iter()
        .filter(|(_, index)| is_set(index, "index.blocks.read_only_allow_delete"))
        .map(|(name, _)| name.as_str())
        .collect();
    if full.is_empty() {
        return;
    }
    let names = full.get(..full.len().min(NAMES_MAX)).unwrap_or_default().join(", ");
    let more = full.len().saturating_sub(NAMES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    finding.worsen(Status::Fail, Reason::ReadOnly, &format!("no writes to {names}{more}"));
    finding.likely = Some(
        "a disk was above 95 % (the flood stage): make room; older versions need the block taken off by hand".into(),
    );
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is no health of a cluster")
        .likely("the port of something else: 9200 is Elasticsearch's, 9300 that between its nodes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::targets::limits_for_tests;

    fn health(status: &str, data_nodes: u64) -> Finding {
        let text = format!(
            r#"{{"cluster_name":"logs","status":"{status}","timed_out":false,"number_of_nodes":{data_nodes},
            "number_of_data_nodes":{data_nodes},"active_primary_shards":4,"active_shards":4,
            "relocating_shards":0,"initializing_shards":0,"unassigned_shards":2}}"#
        );
        judge(&Root::default(), &read(text.as_bytes()).unwrap())
    }

    #[test]
    fn a_colour_is_judged_by_how_many_nodes_there_are() {
        assert_eq!(health("green", 3).status, Status::Ok);
        assert_eq!(health("yellow", 1).status, Status::Ok);
        assert_eq!(health("yellow", 3).status, Status::Warn);
        assert_eq!(health("red", 3).status, Status::Fail);
        assert_eq!(health("purple", 3).status, Status::Unknown);
    }

    #[test]
    fn the_product_is_called_by_its_name() {
        let root: Root =
            read(br#"{"name":"n","version":{"distribution":"opensearch","number":"2.11.0"}}"#)
                .unwrap();
        let health = Health {
            cluster_name: "logs".to_owned(),
            status: "green".to_owned(),
            number_of_nodes: 3,
            number_of_data_nodes: 3,
            unassigned_shards: 0,
        };
        assert_eq!(
            judge(&root, &health).message,
            "OpenSearch 2.11.0, cluster logs is green, 3 nodes"
        );
    }

    #[test]
    fn an_index_that_a_full_disk_made_read_only_is_a_failure() {
        let blocks: Blocks = read(
            br#"{"a":{"settings":{"index.blocks.read_only_allow_delete":"true"}},
            "b":{"settings":{"index.blocks.write":"true"}}}"#,
        )
        .unwrap();
        let mut finding = Finding::ok("green");
        judge_blocks(&mut finding, &blocks);
        assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::ReadOnly)));
        assert_eq!(finding.message, "green; no writes to a");
    }

    #[test]
    fn the_fullest_disk_is_named() {
        let nodes: Nodes = read(
            br#"{"nodes":{"x":{"name":"es-1","fs":{"total":{"total_in_bytes":100,"available_in_bytes":60}}},
            "y":{"name":"es-2","fs":{"total":{"total_in_bytes":100,"available_in_bytes":8}}},
            "z":{"name":"es-3"}}}"#,
        )
        .unwrap();
        let mut finding = Finding::ok("green");
        judge_disks(&mut finding, &limits_for_tests("elasticsearch"), &nodes);
        assert_eq!(finding.message, "green; disk of es-2 92% used (disk > 90%)");
        assert!((finding.observed[0].value.unwrap() - 0.92).abs() < 1e-9);
    }
}
