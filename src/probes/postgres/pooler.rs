//! `PgBouncer`: its own console, and what it answers in the place of a server.
//!
//! The console is the database `pgbouncer`; it knows SHOW and no SELECT. All that the pooler itself
//! refuses has the code 08P01, so that its words tell what it is. Source: `usage.md` of its
//! manual and the `disconnect_client` calls of its source.

use crate::model::{Reason, Status};
use crate::probes::Finding;

/// The database that is the console.
pub(super) const CONSOLE: &str = "pgbouncer";

/// What the console is asked.
pub(super) const VERSION: &str = "SHOW VERSION";
pub(super) const POOLS: &str = "SHOW POOLS";

/// A row of an answer, by the names of its columns.
pub(super) type Row = Vec<(String, String)>;

/// A pool of one database and user.
struct Pool<'a>(&'a Row);

impl Pool<'_> {
    fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(column, _)| column == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap_or(0.0)
    }

    /// How long the first client has been waiting, in milliseconds.
    fn waiting_ms(&self) -> f64 {
        self.number("maxwait") * 1e3 + self.number("maxwait_us") / 1e3
    }
}

/// Judges the pools: whoever waits does so because all connections of his pool are in use.
pub(super) fn judge(version: &str, pools: &[Row]) -> Finding {
    let pools: Vec<Pool<'_>> =
        pools.iter().map(Pool).filter(|pool| pool.text("database") != CONSOLE).collect();
    let sum = |name: &str| pools.iter().map(|pool| pool.number(name)).sum::<f64>();
    let (active, waiting) = (sum("cl_active"), sum("cl_waiting"));
    let (used, idle) = (sum("sv_active"), sum("sv_idle") + sum("sv_used"));
    let version = version.strip_prefix("PgBouncer ").unwrap_or(version);
    let clients = active + waiting;
    let s = if (clients - 1.0).abs() < 0.5 { "" } else { "s" };
    let mut finding = Finding::ok(format!(
        "PgBouncer {version}, {clients} client{s}, {used} connections in use and {idle} idle"
    ));
    finding.observe("clients", Some(clients), "1");
    finding.observe("clients_waiting", Some(waiting), "1");
    let longest = pools.iter().max_by(|a, b| a.waiting_ms().total_cmp(&b.waiting_ms()));
    finding.observe("wait_ms", longest.map(Pool::waiting_ms), "ms");
    if let Some(pool) = longest.filter(|_| waiting > 0.0) {
        let of = format!("{}/{}", pool.text("database"), pool.text("user"));
        let seconds = pool.waiting_ms() / 1e3;
        let what =
            format!("{waiting} waiting for a connection, the longest {seconds:.1}s for {of}");
        finding.worsen(Status::Warn, Reason::Saturated, &what);
        return finding.likely(
            "the pool is too small, or somebody keeps its connections: long transactions, a slow server",
        );
    }
    finding
}

/// Returns what a refusal of the pooler stands for: the reason and the likely cause.
pub(super) fn refused(message: &str) -> Option<(Reason, &'static str)> {
    let is = |words: &str| message.contains(words);
    let wrong = "the credentials in the address are missing, old or unknown to PgBouncer";
    if is("no such database") || is("does not allow connections") {
        return Some((Reason::NotFound, "PgBouncer's [databases] does not have this one"));
    }
    if is("authentication failed") || is("no such user") || is("no authentication method") {
        let behind = is("server login has been failing");
        let behind = behind.then_some("the login that PgBouncer has for the server behind it");
        return Some((Reason::AuthFailed, behind.unwrap_or(wrong)));
    }
    if is("no more connections allowed") {
        return Some((Reason::Saturated, "PgBouncer's max_client_conn is reached"));
    }
    if is("query_wait_timeout") {
        return Some((Reason::Saturated, "no connection of the pool became free in time"));
    }
    if is("pgbouncer cannot connect to server") || is("server login has been failing") {
        return Some((Reason::Refused, "the server behind PgBouncer is down or out of its reach"));
    }
    let stops = is("shutting down") || is("database is paused") || is("pooler is shut down");
    stops.then_some((Reason::Starting, "PgBouncer is stopping or paused: SHOW STATE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(waiting: &str, maxwait: &str) -> Row {
        let columns = [
            ("database", "orders"),
            ("user", "ada"),
            ("cl_active", "3"),
            ("cl_waiting", waiting),
            ("sv_active", "2"),
            ("sv_idle", "1"),
            ("maxwait", maxwait),
            ("maxwait_us", "500000"),
        ];
        columns.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    #[test]
    fn pools_with_room_are_well_and_the_console_is_none_of_them() {
        let console = vec![
            ("database".to_owned(), CONSOLE.to_owned()),
            ("cl_active".to_owned(), "1".to_owned()),
        ];
        let finding = judge("PgBouncer 1.18.0", &[pool("0", "0"), console]);
        assert_eq!(finding.status, Status::Ok);
        let said = "PgBouncer 1.18.0, 3 clients, 2 connections in use and 1 idle";
        assert_eq!(finding.message, said);
    }

    #[test]
    fn clients_that_wait_warn_with_how_long() {
        let finding = judge("PgBouncer 1.18.0", &[pool("4", "2"), pool("0", "0")]);
        assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Saturated)));
        let said = "4 waiting for a connection, the longest 2.5s for orders/ada";
        assert!(finding.message.ends_with(said), "{}", finding.message);
    }

    #[test]
    fn what_the_pooler_refuses_is_told_by_its_words() {
        for (message, reason) in [
            ("no such database: nothere", Some(Reason::NotFound)),
            ("SASL authentication failed", Some(Reason::AuthFailed)),
            (
                "server login has been failing, try again later (server_login_retry)",
                Some(Reason::Refused),
            ),
            ("no more connections allowed (max_client_conn)", Some(Reason::Saturated)),
            ("query_wait_timeout", Some(Reason::Saturated)),
            ("unsupported startup parameter: x", None),
        ] {
            assert_eq!(refused(message).map(|(reason, _)| reason), reason, "{message}");
        }
    }
}
