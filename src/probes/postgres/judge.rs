//! What PostgreSQL says of itself, judged: what is broken, then what runs out.

use crate::model::{Measure, Reason, Status, shown_bytes};
use crate::probes::address::Address;
use crate::probes::hints::quoted;
use crate::probes::{Finding, Probe};

/// From this on an idle slot is about to fill the disk.
const SLOT_BYTES_WARN: f64 = 1_073_741_824.0;

/// The server stops taking writes some millions below 2^31 transactions.
const OLDEST_WARN: f64 = 1.5e9;

/// The waiting with those that they wait for, and the open transactions, the oldest first.
const SESSIONS: &str = "select pid, pg_blocking_pids(pid) as waits_for, state, now() - xact_start as \
                        open_for, query from pg_stat_activity where xact_start is not null order by \
                        cardinality(pg_blocking_pids(pid)) > 0 desc, xact_start";

const SLOT: &str = "a replica or a consumer that is gone left its slot: select slot_name, active from \
                    pg_replication_slots";

const OLDEST: &str =
    "autovacuum is off or held up by a transaction that stays open: look at those first";

/// From this share of its connections on it matters how many are kept back.
const NEARLY_FULL: f64 = 0.8;

/// What the query brought.
#[derive(Debug)]
pub(super) enum Facts {
    /// The columns that are not NULL.
    Known(Vec<(String, String)>),
    /// It is a pooler's console.
    Pools {
        /// In its own words.
        version: String,
        /// A row a pool.
        pools: Vec<Vec<(String, String)>>,
    },
    /// The server takes logins, and refuses the query.
    Refused {
        /// Of the server.
        version: String,
        /// The SQLSTATE.
        code: String,
        /// In the server's words.
        why: String,
    },
}

pub(super) fn judge(probe: &Probe, facts: &Facts, address: &Address) -> Finding {
    let columns = match facts {
        Facts::Known(columns) => columns,
        Facts::Pools { version, pools } => return super::pooler::judge(version, pools),
        Facts::Refused { version, code, why } => {
            let mut finding = Finding::ok(format!("PostgreSQL {version}"));
            let what = format!("how it is could not be asked: {why}");
            finding.worsen(Status::Warn, Reason::Forbidden, &what);
            return finding.coded(code);
        }
    };
    let text = |name: &str| {
        columns.iter().find(|(column, _)| column == name).map(|(_, value)| value.as_str())
    };
    let number = |name: &str| -> Option<f64> { text(name)?.parse().ok() };
    let replica = text("replica") == Some("t");
    let role = if replica { "replica" } else { "primary" };
    // `15.13 (Debian 15.13-1)`: the packager's own word says nothing here.
    let version = text("version").and_then(|version| version.split(' ').next()).unwrap_or("?");
    let used = text("connections").unwrap_or("?");
    let most = text("connections_max").unwrap_or("?");
    let message = format!("PostgreSQL {version} {role}, {used}/{most} connections");
    let mut finding = Finding::ok(message);
    describe(&mut finding, replica, &number);
    if text("sees_all") == Some("f") {
        finding.say("others' transactions not seen: grant pg_monitor");
    }
    roles(&mut finding, address, replica, text("read_only") == Some("on"));
    // An application is refused when only those are left that are kept for superusers.
    let reserved = number("connections_reserved").unwrap_or(0.0);
    let open = number("connections_max").map(|most| most - reserved).filter(|open| *open > 0.0);
    let ratio = open.and_then(|open| Some(number("connections")? / open));
    if reserved > 0.0 && ratio >= Some(NEARLY_FULL) {
        finding.say(&format!("{reserved} connections kept for superusers"));
    }
    finding.observe("connections_ratio", ratio, "1");
    finding.observe("connections", number("connections"), "1");
    let ratio = ratio.ok_or("not told by the server");
    finding.measure_or(probe, Measure::Connections, ratio, Reason::Saturated);
    copies(&mut finding, probe, replica, &number);
    sessions(&mut finding, probe, &number);
    if finding.reason == Some(Reason::Slow) {
        finding.command = Some(look_at_sessions(address));
    }
    keeping(&mut finding, &number);
    finding
}

/// What there is of copies and sessions, before anything is said against it.
fn describe(finding: &mut Finding, replica: bool, number: &dyn Fn(&str) -> Option<f64>) {
    let many = |name: &str| number(name).filter(|count| *count > 0.0);
    if let Some(lag) = number("lag_s").filter(|_| replica) {
        finding.say(&format!("{lag:.1}s behind"));
    }
    match many("replicas") {
        Some(count) if count < 2.0 => finding.say("1 replica"),
        Some(count) => finding.say(&format!("{count} replicas")),
        None => {}
    }
    if let Some(longest) = number("transaction_s").filter(|seconds| *seconds >= 1.0) {
        finding.say(&format!("longest transaction {longest:.0}s"));
    }
    if let Some(count) = many("idle_in_transaction") {
        finding.say(&format!("{count} idle in transaction"));
    }
    if let Some(count) = many("locks") {
        finding.say(&format!("{count} waiting for a lock"));
    }
}

/// A server that takes no writes, where they are expected.
fn roles(finding: &mut Finding, address: &Address, replica: bool, read_only: bool) {
    let wanted = address.parameter(&["target_session_attrs"]).unwrap_or_default();
    if matches!(wanted, "read-write" | "primary") && (replica || read_only) {
        let what = format!("it takes no writes, and the address wants {wanted}");
        finding.worsen(Status::Fail, Reason::ReadOnly, &what);
    } else if read_only && !replica {
        let what = "it takes no writes: default_transaction_read_only is on";
        finding.worsen(Status::Warn, Reason::ReadOnly, what);
    }
}

fn copies(
    finding: &mut Finding,
    probe: &Probe,
    replica: bool,
    number: &dyn Fn(&str) -> Option<f64>,
) {
    let lag = number("lag_s").map(|seconds| seconds * 1e3);
    finding.observe("lag_ms", lag, "ms");
    // Without a receiver what was received is replayed, and the lag looks like none.
    if replica && number("receivers") == Some(0.0) {
        finding.worsen(Status::Warn, Reason::Lagging, "it receives nothing from its primary");
    }
    if !replica && number("replicas") == Some(0.0) {
        return finding.has_none(probe, Measure::Lag, "no replica, so no lag");
    }
    let lag = lag.ok_or("the lag of its replicas is not seen: grant pg_monitor");
    finding.measure_or(probe, Measure::Lag, lag, Reason::Lagging);
}

fn sessions(finding: &mut Finding, probe: &Probe, number: &dyn Fn(&str) -> Option<f64>) {
    let longest = number("transaction_s").map(|seconds| seconds * 1e3);
    finding.observe("transaction_ms", longest, "ms");
    finding.observe("locks_waiting", number("locks"), "1");
    finding.observe("idle_in_transaction", number("idle_in_transaction"), "1");
    if let Some(longest) = longest {
        finding.measure(probe, Measure::Transaction, longest, Reason::Slow);
    }
    if let Some(count) = number("locks") {
        finding.measure(probe, Measure::Locks, count, Reason::Slow);
    }
}

/// What to type to see who holds a lock, and whose transaction is open for how long.
fn look_at_sessions(address: &Address) -> String {
    let mut command = match address.host.split_once("/.s.PGSQL.") {
        Some((folder, _)) => format!("psql -h {}", quoted(folder)),
        None => format!("psql -h {}", quoted(&address.host)),
    };
    command = format!("{command} -p {}", address.port);
    if let Some(user) = &address.user {
        command = format!("{command} -U {}", quoted(user));
    }
    if !address.path.is_empty() {
        command = format!("{command} -d {}", quoted(&address.path));
    }
    format!("{command} -c {}", quoted(SESSIONS))
}

/// What fills the disk or ends in a stop, weeks before it does.
fn keeping(finding: &mut Finding, number: &dyn Fn(&str) -> Option<f64>) {
    let kept = number("slots_bytes");
    finding.observe("slots_idle_bytes", kept, "By");
    if let Some(kept) = kept.filter(|kept| *kept >= SLOT_BYTES_WARN) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is shown, and not below 1 GiB"
        )]
        let kept = shown_bytes(kept as u64);
        let what = format!("an idle replication slot keeps {kept} of its log");
        explained(finding, Status::Warn, &what, SLOT);
    }
    let oldest = number("oldest_transaction");
    finding.observe("oldest_transaction_age", oldest, "1");
    if oldest > Some(OLDEST_WARN) {
        let what = "its oldest transaction id is close to the end: VACUUM does not keep up";
        explained(finding, Status::Warn, what, OLDEST);
    }
}

/// Neither is a pool that is too large, which is what runs out elsewhere.
fn explained(finding: &mut Finding, status: Status, what: &str, likely: &'static str) {
    if finding.status < status {
        finding.likely = Some(likely.into());
    }
    finding.worsen(status, Reason::Saturated, what);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::targets::limits_for_tests;

    const WELL: &[(&str, &str)] = &[
        ("version", "15.13 (Debian 15.13-0+deb12u1)"),
        ("replica", "f"),
        ("read_only", "off"),
        ("connections_max", "100"),
        ("connections", "41"),
        ("sees_all", "t"),
        ("replicas", "0"),
        ("receivers", "0"),
        ("locks", "0"),
    ];

    fn judged(changes: &[(&str, &str)], address: &str) -> Finding {
        judged_by(&limits_for_tests("redis"), changes, address)
    }

    fn judged_by(probe: &Probe, changes: &[(&str, &str)], address: &str) -> Finding {
        let all = changes.iter().chain(WELL);
        let columns = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let address = Address::read(address, &["postgres"], None).unwrap();
        judge(probe, &Facts::Known(columns), &address)
    }

    fn why(changes: &[(&str, &str)]) -> (Status, Option<Reason>) {
        let finding = judged(changes, "postgres://db");
        (finding.status, finding.reason)
    }

    #[test]
    fn a_primary_with_room_is_well() {
        let finding = judged(&[], "postgres://db");
        assert_eq!(finding.status, Status::Ok);
        assert_eq!(finding.message, "PostgreSQL 15.13 primary, 41/100 connections");
    }

    #[test]
    fn what_runs_out_warns_and_then_fails() {
        assert_eq!(why(&[("connections", "81")]), (Status::Warn, Some(Reason::Saturated)));
        assert_eq!(why(&[("connections", "96")]), (Status::Fail, Some(Reason::Saturated)));
        let few = [("connections", "9"), ("connections_max", "12"), ("connections_reserved", "3")];
        assert_eq!(why(&few), (Status::Fail, Some(Reason::Saturated)));
        let message = judged(&few, "postgres://db").message;
        assert!(message.contains("9/12 connections, 3 connections kept"), "{message}");
        assert_eq!(why(&[("transaction_s", "301")]), (Status::Warn, Some(Reason::Slow)));
        assert_eq!(why(&[("locks", "2")]), (Status::Warn, Some(Reason::Slow)));
        assert_eq!(why(&[("slots_bytes", "2e9")]), (Status::Warn, Some(Reason::Saturated)));
        assert_eq!(
            why(&[("oldest_transaction", "1.9e9")]),
            (Status::Warn, Some(Reason::Saturated))
        );
    }

    #[test]
    fn who_holds_a_lock_can_be_asked_with_what_is_to_be_typed() {
        let waits = judged(&[("locks", "2")], "postgres://app:hunter2@db:5433/shop");
        let command = waits.command.unwrap();
        assert!(
            command.starts_with("psql -h 'db' -p 5433 -U 'app' -d 'shop' -c 'select pid, pg_b")
        );
        assert!(!command.contains("hunter2"));
        // What is worse is what is explained.
        let full = judged(&[("locks", "2"), ("connections", "96")], "postgres://db");
        assert_eq!((full.command, full.likely), (None, None));
        let slot = judged(&[("slots_bytes", "2e9")], "postgres://db");
        assert!(slot.likely.unwrap().contains("pg_replication_slots"));
    }

    #[test]
    fn a_replica_that_is_behind_or_receives_nothing_lags() {
        let replica = [("replica", "t"), ("receivers", "1"), ("lag_s", "2")];
        assert_eq!(why(&replica), (Status::Ok, None));
        let lost = [("replica", "t"), ("lag_s", "0")];
        assert_eq!(why(&lost), (Status::Warn, Some(Reason::Lagging)));
        let far = [("replica", "t"), ("receivers", "1"), ("lag_s", "301")];
        assert_eq!(why(&far), (Status::Fail, Some(Reason::Lagging)));
    }

    #[test]
    fn a_server_without_a_replica_has_none_that_lags() {
        let limits = vec![crate::model::Threshold::parse("lag > 10s").unwrap()];
        let probe = Probe { asked: limits, ..limits_for_tests("redis") };
        let judged = |changes: &[(&str, &str)]| {
            let mut finding = judged_by(&probe, changes, "postgres://db");
            finding.hold_to_what_was_asked(&probe);
            (finding.status, finding.message)
        };
        let (status, message) = judged(&[]);
        assert_eq!(status, Status::Ok, "{message}");
        assert!(message.ends_with("no replica, so no lag"), "{message}");
        assert_eq!(judged(&[("replicas", "1")]).0, Status::Unknown);
    }

    #[test]
    fn no_writes_are_a_failure_where_the_address_wants_them() {
        let wants = "postgres://db?target_session_attrs=read-write";
        let finding = judged(&[("replica", "t"), ("receivers", "1")], wants);
        assert_eq!((finding.status, finding.reason), (Status::Fail, Some(Reason::ReadOnly)));
        assert_eq!(why(&[("read_only", "on")]), (Status::Warn, Some(Reason::ReadOnly)));
    }

    #[test]
    fn what_a_user_does_not_see_is_said() {
        let finding = judged(&[("sees_all", "f")], "postgres://db");
        assert!(finding.message.contains("grant pg_monitor"), "{}", finding.message);
    }
}
