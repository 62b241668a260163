//! The likely causes of what certificates, names, this machine and programs are not well for.

use CheckKind::{Disk, Exec, Files, Load, Memory, Slo, Systemd};
use Reason::{
    Config, Crashing, DnsDisagree, DnsServfail, Forbidden, NotFound, Protocol, RedirectLoop,
    Saturated, Sealed, Status, Stopped, Timeout, TlsIssuerMissing, TlsMissing, TlsNotYetValid,
    TlsOrder, TlsRequired, TlsSelfSigned, TooLarge,
};

use crate::model::{CheckKind, Measure, Reason};

/// A reason, the kind that the row is for, or none for all, and the cause in words.
static CAUSES: &[(Reason, Option<CheckKind>, &str)] = &[
    (
        TlsNotYetValid,
        None,
        "a clock is wrong, here or where the certificate was made: compare `date -u` of both",
    ),
    (
        TlsSelfSigned,
        None,
        "a certificate for tests, or a server that fell back to its own; if it is meant, name it in SSL_CERT_FILE, made as a server's own: openssl req -x509 … -addext basicConstraints=critical,CA:FALSE",
    ),
    (
        TlsIssuerMissing,
        None,
        "the server sends its own certificate alone and must send the full chain; or an own authority is not known here (SSL_CERT_FILE)",
    ),
    (
        TlsOrder,
        None,
        "the file of the chain was put together wrongly: the server's own first, then who signed it, then who signed that",
    ),
    (TlsMissing, None, "TLS is for another port or is not switched on: ask without it"),
    (TlsRequired, None, "the address lacks TLS: https:// and not http://"),
    (
        DnsServfail,
        None,
        "the name servers of this name do not answer the one that was asked, or its DNSSEC is broken",
    ),
    (
        DnsDisagree,
        None,
        "a server has an old zone or another one, or one of them is for another network",
    ),
    (
        RedirectLoop,
        None,
        "a proxy ends TLS and the application redirects to https again (X-Forwarded-Proto), or two rules undo each other",
    ),
    (
        Saturated,
        Some(Disk),
        "logs, or files that were deleted and are still open: du -xd2, lsof +L1",
    ),
    (Saturated, Some(Memory), "a leak, or too much for one machine: ps aux --sort=-rss"),
    (
        Saturated,
        Some(Load),
        "more work than processors, or tasks that wait for a disk: top, vmstat 1",
    ),
    (
        Saturated,
        Some(Files),
        "connections or files that are never closed, or a limit that is too low (LimitNOFILE)",
    ),
    (
        Saturated,
        Some(Slo),
        "more requests fail than the objective allows, whatever the cause: obs errors --since 15m says which and where, the objective's own expression since when",
    ),
    (Forbidden, Some(Files), "only its own user and root may look at a process"),
    (NotFound, Some(Systemd), "the name is misspelt, or it is not installed on this machine"),
    (NotFound, Some(Disk), "the path is misspelt, or what belongs there is not mounted"),
    (NotFound, Some(Files), "the process ended, or has another number by now"),
    (Crashing, None, "it ends soon after its start: its last log lines say why"),
    (Stopped, None, "somebody stopped it, or it was never enabled"),
    (Status, Some(Systemd), "it ended with an error: its last log lines say why"),
    (
        Config,
        Some(Systemd),
        "systemd does not run here, as in most containers, or its bus is not open to this user",
    ),
    (Sealed, None, "it was started again and waits for its keys: vault operator unseal"),
    (Status, Some(Exec), "by the word of the program: run its command by hand"),
    (
        Protocol,
        Some(Exec),
        "a plugin ends with 0 to 3: the program itself broke, or is none (format = \"exit\" for one whose 0 alone is well)",
    ),
    (
        TooLarge,
        Some(Exec),
        "it prints more than a plugin's few lines: a debug option, or no plugin",
    ),
    (Timeout, Some(Exec), "the program hangs, or needs more time: run its command by hand"),
];

/// Returns the likely cause of a reason for a kind; `None` where there is no row.
pub(super) fn of(reason: Reason, kind: CheckKind) -> Option<&'static str> {
    let is_it = |row: &&(Reason, Option<CheckKind>, &str)| {
        row.0 == reason && row.1.is_none_or(|of| of == kind)
    };
    CAUSES.iter().find(is_it).map(|(.., cause)| *cause)
}

/// Returns the likely cause of a limit that is crossed, where the reason alone says too little: a server
/// runs out of more than one thing.
pub(super) fn of_limit(measure: Measure, kind: CheckKind) -> Option<&'static str> {
    Some(match (measure, kind) {
        (Measure::Memory, CheckKind::Redis) => {
            "its data grows: keys that never expire, or a maxmemory that is too small (redis-cli --bigkeys)"
        }
        (Measure::Memory, CheckKind::Rabbitmq) => {
            "messages pile up in its memory: consumers are slower than publishers, or gone"
        }
        (Measure::Files, CheckKind::Rabbitmq) => {
            "connections and queues take its files: clients that leak connections, or a limit that is too low"
        }
        (Measure::Inodes, _) => {
            "very many small files, as sessions, mails or caches: du --inodes -xd2"
        }
        (Measure::Locks, CheckKind::Postgres) => {
            "a session holds what others wait for: the query below names the waiting and the holders"
        }
        (Measure::Locks, CheckKind::Mysql) => {
            "a transaction holds what others wait for: select * from sys.innodb_lock_waits"
        }
        (Measure::Transaction, CheckKind::Postgres) => {
            "a session keeps its transaction open, which holds locks and keeps VACUUM from its work"
        }
        (Measure::Transaction, CheckKind::Mysql) => {
            "a session keeps its transaction open: select * from information_schema.innodb_trx order by trx_started"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_one_kind_is_for_no_other() {
        assert!(of(Saturated, Disk).unwrap().contains("lsof"));
        assert_eq!(of(Saturated, CheckKind::Http), None);
        assert!(of(TlsOrder, CheckKind::Http).is_some());
    }

    #[test]
    fn no_row_hides_another() {
        for (place, (reason, kind, _)) in CAUSES.iter().enumerate() {
            let earlier = CAUSES.iter().take(place);
            let mut hiding =
                earlier.filter(|row| row.0 == *reason && (row.1.is_none() || row.1 == *kind));
            assert_eq!(hiding.next(), None, "{reason:?} {kind:?}");
        }
    }
}
