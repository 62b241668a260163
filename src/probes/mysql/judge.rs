//! What MySQL or `MariaDB` says of itself, judged: what is broken, then what runs out.

use super::packet::Refusal;
use crate::model::{Measure, Reason, Status};
use crate::probes::{Finding, Probe};

/// What the questions brought.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) product: &'static str,
    pub(super) version: String,
    /// Variables and counts by their names.
    pub(super) named: Vec<(String, String)>,
    /// The columns of the replica's status; a server that copies nothing has none.
    pub(super) replica: Option<Vec<(String, Option<String>)>>,
    /// What this user may not ask.
    pub(super) not_seen: Vec<(&'static str, Refusal)>,
}

impl Facts {
    fn text(&self, name: &str) -> Option<&str> {
        let found = self.named.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok()
    }

    fn seconds_behind(&self) -> Option<f64> {
        self.of_replica("Seconds_Behind_Source", "Seconds_Behind_Master")?.parse().ok()
    }

    /// A column of the replica's status by its new or its old name.
    fn of_replica(&self, new: &str, old: &str) -> Option<&str> {
        let columns = self.replica.as_ref()?;
        let found = columns.iter().find(|(name, _)| name == new || name == old);
        found.and_then(|(_, value)| value.as_deref())
    }
}

pub(super) fn judge(probe: &Probe, facts: &Facts) -> Finding {
    let (used, most) = (facts.number("threads_connected"), facts.number("max_connections"));
    let count =
        |number: Option<f64>| number.map_or_else(|| "?".to_owned(), |number| format!("{number}"));
    let role = if facts.replica.is_some() { " replica" } else { "" };
    let mut finding = Finding::ok(format!(
        "{} {}{role}, {}/{} connections",
        facts.product,
        facts.version,
        count(used),
        count(most)
    ));
    describe(&mut finding, facts);
    let ratio = most.filter(|most| *most > 0.0).and_then(|most| Some(used? / most));
    finding.observe("connections_ratio", ratio, "1");
    finding.observe("connections", used, "1");
    finding.observe("connections_aborted", facts.number("aborted_connects"), "1");
    let ratio = ratio.ok_or("not told by the server");
    finding.measure_or(probe, Measure::Connections, ratio, Reason::Saturated);
    replica(&mut finding, probe, facts);
    let is_on = |name| matches!(facts.text(name), Some("ON" | "1"));
    if (is_on("read_only") || is_on("super_read_only")) && facts.replica.is_none() {
        finding.worsen(Status::Warn, Reason::ReadOnly, "it takes no writes: read_only is on");
    }
    sessions(&mut finding, probe, facts);
    finding
}

/// What there is of its source and of sessions, and what may not be seen, before anything is said
/// against it.
fn describe(finding: &mut Finding, facts: &Facts) {
    if let Some(lag) = facts.seconds_behind() {
        finding.say(&format!("{lag:.0}s behind"));
    }
    if let Some(seconds) = facts.number("transaction_s").filter(|seconds| *seconds >= 1.0) {
        finding.say(&format!("longest transaction {seconds:.0}s"));
    }
    let waiting = facts.number("innodb_row_lock_current_waits");
    if let Some(count) = waiting.filter(|count| *count > 0.0) {
        finding.say(&format!("{count} waiting for a lock"));
    }
    for (what, refusal) in &facts.not_seen {
        finding.say(&format!("{what} not seen: {}", wanted(&refusal.message)));
    }
}

/// Returns what to grant where the server says it (error 1227: "you need (at least one of) the SUPER,
/// SLAVE MONITOR privilege(s)"), else the server's own words.
fn wanted(message: &str) -> String {
    let named = message.split_once("(at least one of) the ").and_then(|(_, rest)| {
        let (names, _) = rest.split_once(" privilege")?;
        Some(names.split(", ").collect::<Vec<_>>().join(" or "))
    });
    named.map_or_else(|| message.to_owned(), |names| format!("grant {names}"))
}

/// A copy has two threads: one fetches, one applies; both must run.
fn replica(finding: &mut Finding, probe: &Probe, facts: &Facts) {
    if facts.replica.is_none() {
        if facts.not_seen.iter().any(|(what, _)| *what == "replication") {
            finding.lacks(Measure::Lag, "whether it is a replica may not be asked");
        } else {
            finding.has_none(probe, Measure::Lag, "no replica, so no lag");
        }
        return;
    }
    for (new, old, what) in [
        ("Replica_IO_Running", "Slave_IO_Running", "it fetches nothing from its source"),
        ("Replica_SQL_Running", "Slave_SQL_Running", "it applies nothing of what it fetched"),
    ] {
        if facts.of_replica(new, old).is_some_and(|state| state != "Yes") {
            let error = ["Last_IO_Error", "Last_SQL_Error"];
            let said = error.iter().filter_map(|name| facts.of_replica(name, name));
            let said = said.filter(|said| !said.is_empty()).collect::<Vec<_>>().join("; ");
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            finding.worsen(Status::Fail, Reason::Lagging, &format!("{what}{said}"));
        }
    }
    let lag = facts.seconds_behind().map(|seconds| seconds * 1e3);
    finding.observe("lag_ms", lag, "ms");
    if let Some(lag) = lag {
        finding.measure(probe, Measure::Lag, lag, Reason::Lagging);
    }
}

fn sessions(finding: &mut Finding, probe: &Probe, facts: &Facts) {
    let longest = facts.number("transaction_s").map(|seconds| seconds * 1e3);
    finding.observe("transaction_ms", longest, "ms");
    if let Some(longest) = longest {
        finding.measure(probe, Measure::Transaction, longest, Reason::Slow);
    }
    let waiting = facts.number("innodb_row_lock_current_waits");
    finding.observe("locks_waiting", waiting, "1");
    if let Some(count) = waiting {
        finding.measure(probe, Measure::Locks, count, Reason::Slow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::targets::limits_for_tests;

    fn judged(named: &[(&str, &str)], replica: Option<&[(&str, Option<&str>)]>) -> Finding {
        let text = |value: &str| value.to_owned();
        let well = [("Threads_connected", "7"), ("max_connections", "151"), ("read_only", "OFF")];
        let all = named.iter().chain(&well);
        let facts = Facts {
            product: "MariaDB",
            version: "10.11.19".to_owned(),
            named: all.map(|(name, value)| (text(name), text(value))).collect(),
            replica: replica
                .map(|all| all.iter().map(|(name, value)| (text(name), value.map(text))).collect()),
            not_seen: Vec::new(),
        };
        judge(&limits_for_tests("redis"), &facts)
    }

    #[test]
    fn a_server_with_room_is_well() {
        let finding = judged(&[], None);
        assert_eq!(finding.status, Status::Ok);
        assert_eq!(finding.message, "MariaDB 10.11.19, 7/151 connections");
    }

    #[test]
    fn what_runs_out_is_said() {
        let why = |named| {
            let finding = judged(named, None);
            (finding.status, finding.reason)
        };
        assert_eq!(why(&[("Threads_connected", "150")]), (Status::Fail, Some(Reason::Saturated)));
        assert_eq!(why(&[("transaction_s", "400")]), (Status::Warn, Some(Reason::Slow)));
        assert_eq!(why(&[("read_only", "ON")]), (Status::Warn, Some(Reason::ReadOnly)));
    }

    #[test]
    fn a_replica_that_stopped_fails_with_its_own_words() {
        let stopped = [
            ("Slave_IO_Running", Some("Connecting")),
            ("Slave_SQL_Running", Some("Yes")),
            ("Last_IO_Error", Some("error connecting to master")),
            ("Seconds_Behind_Master", None),
        ];
        let finding = judged(&[], Some(&stopped));
        assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::Lagging)));
        assert!(finding.message.contains("error connecting to master"), "{}", finding.message);
        let behind = [("Replica_IO_Running", Some("Yes")), ("Seconds_Behind_Source", Some("60"))];
        let finding = judged(&[], Some(&behind));
        assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Lagging)));
    }

    #[test]
    fn what_may_not_be_seen_is_said_by_what_to_grant() {
        let said = "Access denied; you need (at least one of) the SUPER, SLAVE MONITOR privilege(s) for this operation";
        assert_eq!(wanted(said), "grant SUPER or SLAVE MONITOR");
        assert_eq!(wanted("no"), "no");
    }
}
