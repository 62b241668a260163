//! What the words and numbers of protocols stand for: a reason, a likely cause, a section of the runbook.
//!
//! SQLSTATE is appendix A of PostgreSQL's manual, MySQL's numbers are its "Server Error Message
//! Reference", and Redis's words begin its error replies.

use super::Finding;
use crate::model::{CheckKind, Reason};

mod brokers;

/// What a code of a protocol stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    kind: CheckKind,
    /// As it is on the wire; with a `*` behind it, every code that begins so.
    code: &'static str,
    pub(super) reason: Reason,
    pub(super) likely: &'static str,
    /// The section of the built-in runbook.
    pub(super) runbook: Option<&'static str>,
}

const LOGIN: Option<&str> = Some("database-login-refused");
const FULL: Option<&str> = Some("db-connections-full");
const UNREACHABLE: Option<&str> = Some("db-unreachable");
const DISK: Option<&str> = Some("disk-full");
const REDIS: Option<&str> = Some("redis-unreachable");

const fn row(
    kind: CheckKind,
    code: &'static str,
    reason: Reason,
    runbook: Option<&'static str>,
    likely: &'static str,
) -> Known {
    Known { kind, code, reason, likely, runbook }
}

/// Every code, the more exact before a `*`.
static KNOWN: &[Known] = {
    use CheckKind::{Mysql, Postgres, Redis};
    use Reason::{
        AuthFailed, Forbidden, Lagging, NotFound, Overloaded, Protocol, ReadOnly, Saturated,
        Starting, Status, Stopped,
    };
    &[
        row(Postgres, "28P01", AuthFailed, LOGIN, "the password is old or of another environment"),
        row(
            Postgres,
            "28000",
            AuthFailed,
            LOGIN,
            "pg_hba.conf lets no such user in from here, or only with TLS",
        ),
        row(
            Postgres,
            "3D000",
            NotFound,
            LOGIN,
            "the name of the database is misspelt, or it was never created here",
        ),
        row(
            Postgres,
            "42501",
            Forbidden,
            None,
            "the user may not read what is asked: grant it pg_monitor",
        ),
        row(
            Postgres,
            "53300",
            Saturated,
            FULL,
            "every connection is taken: pools that are too large for max_connections, or leak",
        ),
        row(
            Postgres,
            "53100",
            Saturated,
            DISK,
            "the server's disk is full: writes fail until there is room",
        ),
        row(Postgres, "53200", Saturated, None, "the server is out of memory"),
        row(Postgres, "53400", Saturated, FULL, "a limit of the server's configuration is reached"),
        row(
            Postgres,
            "57P03",
            Starting,
            UNREACHABLE,
            "the server is starting, stopping or recovering: its log says which",
        ),
        row(
            Postgres,
            "57P01",
            Stopped,
            UNREACHABLE,
            "somebody stops the server, or ended this session alone: ask again in a moment",
        ),
        row(
            Postgres,
            "57P02",
            Starting,
            UNREACHABLE,
            "a process of the server crashed, which ends every session: it restarts by itself, and its log says why",
        ),
        row(
            Postgres,
            "57014",
            Reason::Timeout,
            None,
            "the server's statement_timeout ended the query",
        ),
        row(Postgres, "25006", ReadOnly, None, "a replica, or default_transaction_read_only is on"),
        row(
            Postgres,
            "08P01",
            Protocol,
            None,
            "another protocol, or a pooler that does not know what was asked",
        ),
        row(
            Postgres,
            "58030",
            Status,
            DISK,
            "the server's disk gives errors: look at its logs and at the kernel's",
        ),
        row(
            Postgres,
            "XX*",
            Status,
            None,
            "a defect or damaged data in the server: look at its log",
        ),
        row(Postgres, "28*", AuthFailed, LOGIN, "the server refuses this user"),
        row(
            Postgres,
            "53*",
            Saturated,
            None,
            "something that the server has a limited amount of has run out",
        ),
        row(Postgres, "58*", Status, None, "the system below the server fails: look at its log"),
        row(
            Mysql,
            "1040",
            Saturated,
            FULL,
            "every connection is taken: pools that are too large for max_connections, or leak",
        ),
        row(
            Mysql,
            "1203",
            Saturated,
            FULL,
            "this user has all connections of its max_user_connections",
        ),
        row(
            Mysql,
            "1226",
            Saturated,
            FULL,
            "this user has used up a limit of its own (max_user_connections, queries an hour)",
        ),
        row(Mysql, "1044", Forbidden, LOGIN, "the user has no rights on this database"),
        row(
            Mysql,
            "1045",
            AuthFailed,
            LOGIN,
            "the password is old, or the user may not come from this host, or only with TLS",
        ),
        row(
            Mysql,
            "1698",
            AuthFailed,
            LOGIN,
            "the user logs in by a socket or a plugin and not by a password",
        ),
        row(
            Mysql,
            "1049",
            NotFound,
            LOGIN,
            "the name of the database is misspelt, or it was never created here",
        ),
        row(
            Mysql,
            "1129",
            Forbidden,
            UNREACHABLE,
            "too many broken connections from this host: FLUSH HOSTS, then find what breaks them",
        ),
        row(
            Mysql,
            "1130",
            Forbidden,
            LOGIN,
            "no user may come from this host: add one for it, or use another address",
        ),
        row(
            Mysql,
            "3159",
            Forbidden,
            LOGIN,
            "the server takes encrypted connections only: add ssl-mode=required to the address",
        ),
        row(Mysql, "1053", Stopped, UNREACHABLE, "somebody stops the server"),
        row(Mysql, "1290", ReadOnly, None, "a replica, or read_only is on"),
        row(Mysql, "1836", ReadOnly, None, "a replica, or read_only is on"),
        row(Mysql, "1021", Saturated, DISK, "the server's disk is full"),
        row(
            Mysql,
            "1227",
            Forbidden,
            None,
            "the user may not read what is asked: grant it PROCESS and REPLICATION CLIENT",
        ),
        row(
            Redis,
            "NOAUTH",
            AuthFailed,
            REDIS,
            "the server wants a password and the address has none",
        ),
        row(
            Redis,
            "WRONGPASS",
            AuthFailed,
            REDIS,
            "the password or the user in the address is old",
        ),
        row(
            Redis,
            "NOPERM",
            Forbidden,
            REDIS,
            "the user's ACL does not let it ask this: it needs +ping and +info",
        ),
        row(Redis, "LOADING", Starting, REDIS, "it reads its data from the disk: wait for it"),
        row(
            Redis,
            "MISCONF",
            Status,
            DISK,
            "saving to the disk fails, so it refuses writes: room, rights, or fork without memory",
        ),
        row(
            Redis,
            "READONLY",
            ReadOnly,
            None,
            "a replica: the address is not the master's, or a failover moved it",
        ),
        row(
            Redis,
            "MASTERDOWN",
            Lagging,
            REDIS,
            "the replica has lost its master and serves no old data",
        ),
        row(
            Redis,
            "OOM",
            Saturated,
            Some("redis-memory-full"),
            "maxmemory is reached and nothing may be evicted",
        ),
        row(
            Redis,
            "DENIED",
            Forbidden,
            REDIS,
            "protected mode: it has no password and answers its own machine only",
        ),
        row(
            Redis,
            "CLUSTERDOWN",
            Status,
            REDIS,
            "the cluster has lost masters: some keys have no server",
        ),
        row(
            Redis,
            "BUSY",
            Overloaded,
            None,
            "a script runs and blocks everything else: SCRIPT KILL",
        ),
    ]
};

/// Returns what a code of a kind stands for.
pub(super) fn known(kind: CheckKind, code: &str) -> Option<&'static Known> {
    KNOWN.iter().chain(brokers::KNOWN).find(|known| {
        known.kind == kind
            && match known.code.strip_suffix('*') {
                Some(start) => code.starts_with(start),
                None => code == known.code,
            }
    })
}

/// Returns a failure with its code; one that is not known is `Status`: the service says no.
pub(super) fn refused(kind: CheckKind, code: &str, message: impl Into<String>) -> Finding {
    let reason = known(kind, code).map_or(Reason::Status, |known| known.reason);
    Finding::fail(reason, message).coded(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_code_is_before_its_class() {
        let reason = |code| known(CheckKind::Postgres, code).map(|known| known.reason);
        assert_eq!(reason("53300"), Some(Reason::Saturated));
        assert_eq!(reason("28999"), Some(Reason::AuthFailed));
        assert_eq!(reason("42601"), None);
        assert_eq!(known(CheckKind::Redis, "28P01").map(|known| known.reason), None);
        assert_eq!(refused(CheckKind::Mysql, "9999", "x").reason, Some(Reason::Status));
    }

    #[test]
    fn no_code_is_hidden_behind_another() {
        for row in KNOWN.iter().chain(brokers::KNOWN) {
            let first = known(row.kind, row.code.trim_end_matches('*')).unwrap();
            assert!(std::ptr::eq(first, row) || row.code.ends_with('*'), "{row:?}");
        }
    }
}
