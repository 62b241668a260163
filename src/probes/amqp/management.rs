//! What RabbitMQ's management plugin adds: alarms and room of each node, and queues nobody takes from.
//!
//! It is another port, which a firewall may hide and a user may not be let in to: that it was not
//! looked at is said, and nothing more comes of it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;

use super::login;
use crate::http::Ask;
use crate::model::{Measure, Reason, Status};
use crate::probes::address::{Address, Tls};
use crate::probes::conversation::Conversation;
use crate::probes::{Finding, Means, Probe};

/// A port that swallows packets must not make the check slow.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// So many queues are looked at, those with the most messages.
const QUEUES_MAX: usize = 100;

/// So many are named.
const NAMES_MAX: usize = 3;

/// What the web interface said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    nodes: Vec<Node>,
    queues: Queues,
}

/// A node; what an older or a stopped one does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Node {
    name: String,
    running: Option<bool>,
    mem_used: Option<f64>,
    mem_limit: Option<f64>,
    mem_alarm: bool,
    disk_free_alarm: bool,
    fd_used: Option<f64>,
    fd_total: Option<f64>,
    partitions: Vec<serde::de::IgnoredAny>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Queues {
    total_count: usize,
    items: Vec<Queue>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Queue {
    name: String,
    messages_ready: u64,
    consumers: u64,
}

/// Asks for nodes and queues; errs in words why it was not looked at.
pub(super) async fn look(
    talk: &Conversation<'_>,
    vhost: &str,
    means: &Means,
) -> Result<Seen, String> {
    let base = base(talk.address)?;
    let columns =
        "name,running,mem_used,mem_limit,mem_alarm,disk_free_alarm,fd_used,fd_total,partitions";
    let nodes = [("columns", columns.to_owned())];
    let queues = [
        ("columns", "name,messages_ready,consumers".to_owned()),
        ("page", "1".to_owned()),
        ("page_size", QUEUES_MAX.to_string()),
        ("sort", "messages_ready".to_owned()),
        ("sort_reverse", "true".to_owned()),
    ];
    let asking = async {
        let (nodes, queues) = futures_util::future::join(
            get(&base, &["api", "nodes"], &nodes, talk.address, means),
            get(&base, &["api", "queues", vhost], &queues, talk.address, means),
        )
        .await;
        let nodes = serde_json::from_slice(&nodes?).map_err(|_| "not its answer".to_owned())?;
        let queues = serde_json::from_slice(&queues?).map_err(|_| "not its answer".to_owned())?;
        Ok(Seen { nodes, queues })
    };
    let wait = talk.left().min(WAIT_MAX);
    tokio::time::timeout(wait, asking).await.unwrap_or_else(|_| Err("no answer".to_owned()))
}

/// Returns where the web interface is: the plugin's own port, or that of the parameter
/// `management_port`.
fn base(address: &Address) -> Result<String, String> {
    let encrypted = !matches!(address.tls, Tls::Off | Tls::Prefer);
    let (scheme, own) = if encrypted { ("https", 15671) } else { ("http", 15672) };
    let port = match address.parameter(&["management_port"]) {
        None => own,
        Some("off") => return Err("by the address".to_owned()),
        Some(text) => text.parse().map_err(|_| "management_port is no port".to_owned())?,
    };
    Ok(format!("{scheme}://{}:{port}", address.host_shown()))
}

async fn get(
    base: &str,
    path: &[&str],
    query: &[(&str, String)],
    address: &Address,
    means: &Means,
) -> Result<Vec<u8>, String> {
    let (user, password) = login(address);
    let token = STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {token}"))
        .map_err(|_| "the login fits in no header".to_owned())?;
    value.set_sensitive(true);
    let headers: HeaderMap = [(AUTHORIZATION, value)].into_iter().collect();
    let ask = Ask { base, path, query, headers: &headers, accept: "application/json", body: None };
    let reply = means.http.send(ask).await.map_err(|_| "nothing answers there".to_owned())?;
    match reply.status.as_u16() {
        200 => Ok(reply.bytes),
        401 | 403 => Err("the user needs the tag `monitoring`".to_owned()),
        status => Err(format!("it answers {status}")),
    }
}

/// Adds what was seen to what the connection itself found.
pub(super) fn judge(finding: &mut Finding, probe: &Probe, seen: Result<Seen, String>) {
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => {
            let message = std::mem::take(&mut finding.message);
            finding.message = format!("{message}; management not looked at: {why}");
            for measure in [Measure::Queue, Measure::Memory, Measure::Files] {
                finding.lacks(measure, "the management plugin says it, and was not looked at");
            }
            return;
        }
    };
    judge_queues(finding, probe, &seen.queues);
    for node in &seen.nodes {
        judge_node(finding, node);
    }
    let ratio =
        |used: Option<f64>, limit: Option<f64>| Some(used? / limit.filter(|limit| *limit > 0.0)?);
    let worst = |ratio_of: &dyn Fn(&Node) -> Option<f64>| {
        seen.nodes.iter().filter_map(ratio_of).reduce(f64::max)
    };
    let memory = worst(&|node| ratio(node.mem_used, node.mem_limit));
    let files = worst(&|node| ratio(node.fd_used, node.fd_total));
    for (name, measure, value) in
        [("memory_ratio", Measure::Memory, memory), ("files_ratio", Measure::Files, files)]
    {
        finding.observe(name, value, "1");
        let value = value.ok_or("no node says its limit");
        finding.measure_or(probe, measure, value, Reason::Saturated);
    }
}

fn judge_node(finding: &mut Finding, node: &Node) {
    let name = &node.name;
    let alarms = [(node.mem_alarm, "memory"), (node.disk_free_alarm, "disk")];
    for (_, what) in alarms.into_iter().filter(|(on, _)| *on) {
        let what = format!("{what} alarm on {name}");
        finding.worsen(Status::Fail, Reason::Saturated, &what);
    }
    if node.running == Some(false) {
        finding.worsen(Status::Fail, Reason::Status, &format!("{name} is down"));
    }
    if !node.partitions.is_empty() {
        let what = format!("{name} is cut off from other nodes (network partition)");
        finding.worsen(Status::Fail, Reason::Status, &what);
    }
}

fn judge_queues(finding: &mut Finding, probe: &Probe, queues: &Queues) {
    let sum =
        |of: &[&Queue]| of.iter().fold(0, |sum: u64, one| sum.saturating_add(one.messages_ready));
    let ready = sum(&queues.items.iter().collect::<Vec<_>>());
    let all = queues.total_count.max(queues.items.len());
    let counted =
        |count: usize, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    let looked_at = if all > queues.items.len() {
        format!(" (the {} fullest looked at)", queues.items.len())
    } else {
        String::new()
    };
    let messages = usize::try_from(ready).unwrap_or(usize::MAX);
    let shown =
        format!("{}{looked_at}, {} ready", counted(all, "queue"), counted(messages, "message"));
    finding.message = format!("{}; {shown}", finding.message);
    let alone: Vec<&Queue> = queues
        .items
        .iter()
        .filter(|queue| queue.messages_ready > 0 && queue.consumers == 0)
        .collect();
    if !alone.is_empty() {
        let names: Vec<&str> =
            alone.iter().take(NAMES_MAX).map(|queue| queue.name.as_str()).collect();
        let more = alone.len().saturating_sub(NAMES_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let what = format!(
            "nobody takes from {}{more}: {} waiting",
            names.join(", "),
            counted(usize::try_from(sum(&alone)).unwrap_or(usize::MAX), "message")
        );
        finding.worsen(Status::Warn, Reason::Status, &what);
        // Where publishers are blocked that is the cause to begin with.
        if finding.status == Status::Warn {
            finding.likely.get_or_insert(
                "the workers are down, or take from another queue or virtual host".into(),
            );
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "shown, and held against a limit")]
    let fullest = queues.items.iter().map(|queue| queue.messages_ready).max().unwrap_or(0) as f64;
    finding.observe("queue_messages", Some(fullest), "{message}");
    finding.measure(probe, Measure::Queue, fullest, Reason::Saturated);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::targets::limits_for_tests;

    fn judged(seen: Result<Seen, String>) -> Finding {
        let mut finding = Finding::ok("RabbitMQ");
        judge(&mut finding, &limits_for_tests("rabbitmq"), seen);
        finding
    }

    fn seen(nodes: &str, queues: &str) -> Seen {
        let nodes = serde_json::from_str(nodes).unwrap();
        Seen { nodes, queues: serde_json::from_str(queues).unwrap() }
    }

    const NO_QUEUES: &str = r#"{"total_count":0,"items":[]}"#;

    #[test]
    fn that_it_was_not_looked_at_is_said_and_nothing_more() {
        let finding = judged(Err("nothing answers there".to_owned()));
        assert_eq!(finding.status, Status::Ok);
        assert_eq!(finding.message, "RabbitMQ; management not looked at: nothing answers there");
    }

    #[test]
    fn a_queue_that_nobody_takes_from_is_a_warning_only_when_something_waits() {
        let queues = r#"{"total_count":7,"items":[{"name":"celery","messages_ready":12,"consumers":0},
            {"name":"idle","messages_ready":0,"consumers":0},{"name":"busy","messages_ready":1,"consumers":3}]}"#;
        let finding = judged(Ok(seen("[]", queues)));
        assert_eq!(finding.status, Status::Warn);
        assert_eq!(
            finding.message,
            "RabbitMQ; 7 queues (the 3 fullest looked at), 13 messages ready; nobody takes from celery: 12 messages waiting"
        );
    }

    #[test]
    fn alarms_partitions_and_nodes_that_are_down_are_failures() {
        for (node, expected) in [
            (r#"{"name":"a","mem_alarm":true}"#, "memory alarm on a"),
            (r#"{"name":"a","disk_free_alarm":true}"#, "disk alarm on a"),
            (r#"{"name":"a","running":false}"#, "a is down"),
            (
                r#"{"name":"a","partitions":["b"]}"#,
                "a is cut off from other nodes (network partition)",
            ),
        ] {
            let finding = judged(Ok(seen(&format!("[{node}]"), NO_QUEUES)));
            assert_eq!(finding.status, Status::Fail, "{node}");
            assert!(finding.message.ends_with(expected), "{}", finding.message);
        }
    }

    #[test]
    fn memory_near_its_limit_is_told_before_there_is_an_alarm() {
        let node = r#"[{"name":"a","running":true,"mem_used":95,"mem_limit":100,"fd_used":1,"fd_total":100}]"#;
        let finding = judged(Ok(seen(node, NO_QUEUES)));
        assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Saturated)));
        assert!(finding.message.ends_with("(memory > 90%)"), "{}", finding.message);
    }

    #[test]
    fn the_plugin_is_asked_at_its_own_port_or_at_the_one_given() {
        let of = |text: &str| base(&Address::read(text, &["amqp", "amqps"], Some(5672)).unwrap());
        assert_eq!(of("amqp://mq"), Ok("http://mq:15672".to_owned()));
        assert_eq!(of("amqps://mq"), Ok("https://mq:15671".to_owned()));
        assert_eq!(of("amqp://[::1]?management_port=1"), Ok("http://[::1]:1".to_owned()));
        assert!(of("amqp://mq?management_port=off").is_err());
    }
}
