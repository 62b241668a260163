//! What `INFO` says: `name:value` a line, `# Section` above some.

use std::collections::HashMap;

use crate::model::{Measure, Reason, Status, counted};
use crate::probes::{Finding, Probe};

/// The lines of `INFO`, by their names.
#[derive(Debug, Default)]
pub(super) struct Info<'a>(HashMap<&'a str, &'a str>);

impl<'a> Info<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let lines = text.lines().filter_map(|line| line.trim_end().split_once(':'));
        Self(lines.collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn count(&self, name: &str) -> Option<usize> {
        self.text(name)?.parse().ok()
    }

    /// Returns one of two numbers in terms of the other; `None` where that has no limit.
    fn ratio(&self, used: &str, all: &str) -> Option<f64> {
        self.number(all).filter(|all| *all > 0.0).and_then(|all| Some(self.number(used)? / all))
    }
}

/// Says how it is: what is broken first, then what runs out.
pub(super) fn judge(probe: &Probe, info: &Info<'_>, cluster: Option<&str>) -> Finding {
    let product = if info.text("valkey_version").is_some() { "Valkey" } else { "Redis" };
    let version = info.text("valkey_version").or(info.text("redis_version")).unwrap_or("?");
    if info.text("redis_mode") == Some("sentinel") {
        return sentinel(info, &format!("{product} {version}"));
    }
    let replica = info.text("role") == Some("slave");
    let role = if replica { "replica" } else { "master" };
    let memory = info.text("used_memory_human").map(|used| format!(", {used} used"));
    let most = info.text("maxmemory_human").filter(|_| info.number("maxmemory") > Some(0.0));
    let most = most.map(|most| format!(" of {most}")).unwrap_or_default();
    let clients =
        info.count("connected_clients").map(|count| format!(", {}", counted(count, "client")));
    let mut finding = Finding::ok(format!(
        "{product} {version} {role}{}{most}{}",
        memory.unwrap_or_default(),
        clients.unwrap_or_default()
    ));
    let copies_known = copies_of(info);
    if !replica && !copies_known.is_empty() {
        finding.say(&counted(copies_known.len(), "replica"));
    }
    let rejected = info.count("rejected_connections").filter(|count| *count > 0);
    if let Some(count) = rejected {
        finding.say(&format!("{} rejected since it started", counted(count, "connection")));
    }
    if info.text("loading") == Some("1") {
        finding.worsen(Status::Fail, Reason::Starting, "it still reads its data from the disk");
    }
    saving(&mut finding, info);
    room(&mut finding, probe, info);
    if replica {
        copy(&mut finding, probe, info);
    } else {
        copies(&mut finding, probe, &copies_known);
    }
    if let Some(state) = cluster.map(Info::read).and_then(|cluster| cluster.text("cluster_state"))
        && state != "ok"
    {
        finding.worsen(Status::Fail, Reason::Status, &format!("the cluster's state is {state}"));
    }
    finding
}

fn saving(finding: &mut Finding, info: &Info<'_>) {
    for (name, what) in [
        ("rdb_last_bgsave_status", "the last snapshot could not be saved"),
        ("aof_last_write_status", "the last write to the append-only file failed"),
        ("aof_last_bgrewrite_status", "the append-only file could not be rewritten"),
    ] {
        if info.text(name) == Some("err") {
            finding.worsen(Status::Warn, Reason::Status, what);
        }
    }
}

/// What there is a limited amount of: memory, where nothing may be evicted, and connections.
fn room(finding: &mut Finding, probe: &Probe, info: &Info<'_>) {
    let memory = info.ratio("used_memory", "maxmemory");
    finding.observe("memory_ratio", memory, "1");
    finding.observe("memory_used", info.number("used_memory"), "By");
    // A cache is meant to be full: with an eviction policy that is no failure.
    let keeps = info.text("maxmemory_policy").is_none_or(|policy| policy == "noeviction");
    match memory {
        Some(ratio) if keeps => {
            finding.measure(probe, Measure::Memory, ratio, Reason::Saturated);
        }
        // Who limits the memory of a cache wants to hear of it, and by no other limits.
        Some(ratio) => {
            finding.measure(&probe.as_asked(), Measure::Memory, ratio, Reason::Saturated);
        }
        None => finding.lacks(Measure::Memory, "no maxmemory"),
    }
    let connections = info.ratio("connected_clients", "maxclients");
    finding.observe("connections_ratio", connections, "1");
    let connections = connections.ok_or("no maxclients");
    finding.measure_or(probe, Measure::Connections, connections, Reason::Saturated);
    finding.observe("connections_rejected", info.number("rejected_connections"), "1");
    finding.observe("evicted_keys", info.number("evicted_keys"), "1");
}

/// A copy: whether it hears its master, and how long ago it did.
fn copy(finding: &mut Finding, probe: &Probe, info: &Info<'_>) {
    let down = info.text("master_link_status") == Some("down");
    let name = if down { "master_link_down_since_seconds" } else { "master_last_io_seconds_ago" };
    let lag = info.number(name).filter(|seconds| *seconds >= 0.0).map(|seconds| seconds * 1e3);
    finding.observe("lag_ms", lag, "ms");
    if down {
        let since = lag.map(|lag| format!(" for {:.0}s", lag / 1e3)).unwrap_or_default();
        let what = format!("it has not heard its master{since}");
        finding.worsen(Status::Warn, Reason::Lagging, &what);
    }
    let lag = lag.ok_or("it has not heard its master yet");
    finding.measure_or(probe, Measure::Lag, lag, Reason::Lagging);
}

/// The copies of a master, by its own word: `slave0:ip=…,state=online,offset=1,lag=0`.
fn copies_of<'a>(info: &Info<'a>) -> Vec<&'a str> {
    (0..).map_while(|place: usize| info.text(&format!("slave{place}"))).collect()
}

fn copies(finding: &mut Finding, probe: &Probe, copies: &[&str]) {
    let mut lags = Vec::new();
    for line in copies {
        let field = |name: &str| {
            line.split(',').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)
        };
        lags.extend(field("lag").and_then(|(_, lag)| lag.parse::<f64>().ok()));
        if field("state").is_some_and(|(_, state)| state != "online") {
            finding.worsen(Status::Warn, Reason::Lagging, "a replica is not in step yet");
        }
    }
    let worst = lags.into_iter().reduce(f64::max).map(|seconds| seconds * 1e3);
    finding.observe("lag_ms", worst, "ms");
    if copies.is_empty() {
        return finding.has_none(probe, Measure::Lag, "no replica, so no lag");
    }
    let worst = worst.ok_or("its replicas do not say how far they are");
    finding.measure_or(probe, Measure::Lag, worst, Reason::Lagging);
}

/// Sentinel's masters: `master0:name=mymaster,status=ok,address=…,slaves=1,sentinels=3`.
fn sentinel(info: &Info<'_>, product: &str) -> Finding {
    let count = info.count("sentinel_masters").unwrap_or(0);
    let mut finding = Finding::ok(format!("{product} Sentinel, {}", counted(count, "master")));
    let mut place = 0;
    while let Some(line) = info.text(&format!("master{place}")) {
        place += 1;
        let field = |name: &str| {
            let mut pairs = line.split(',').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default()
        };
        let (name, status) = (field("name"), field("status"));
        if status != "ok" {
            let what = format!("the master {name} is {status}");
            finding.worsen(Status::Fail, Reason::Status, &what);
        }
    }
    finding
}
