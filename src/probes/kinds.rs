//! What can be asked by its address alone: a row a protocol.

use std::fmt;

use futures_util::future::BoxFuture;

use super::address::Address;
use super::{Finding, Means, Probe};
use super::{memcached, mysql, postgres, redis};
use crate::model::CheckKind;

/// A protocol that `obs` speaks.
pub struct Kind {
    /// `kind` in `obs.toml` and on the command line.
    pub name: &'static str,
    /// What it is in a report.
    pub check: CheckKind,
    /// The schemes of its addresses; `host:port` is taken for the first.
    pub schemes: &'static [&'static str],
    /// The protocol's own port.
    pub port: Option<u16>,
    /// What is asked, in a line.
    pub about: &'static str,
    /// Asks; never errs, and ends within the probe's timeout.
    pub(super) run: for<'a> fn(&'a Probe, &'a Address, &'a Means) -> BoxFuture<'a, Finding>,
}

/// Every protocol, in the order of the alphabet.
pub static KINDS: &[Kind] = &[
    Kind {
        name: "memcached",
        check: CheckKind::Memcached,
        schemes: &["memcached", "memcache"],
        port: Some(11211),
        about: "version, memory, connections, evictions",
        run: |probe, address, _| Box::pin(memcached::run(probe, address)),
    },
    Kind {
        name: "mysql",
        check: CheckKind::Mysql,
        schemes: &["mysql", "mariadb"],
        port: Some(3306),
        about: "login, connections used, replica, read-only, long transactions",
        run: |probe, address, _| Box::pin(mysql::run(probe, address)),
    },
    Kind {
        name: "postgres",
        check: CheckKind::Postgres,
        schemes: &["postgres", "postgresql"],
        port: Some(5432),
        about: "login, connections used, replica lag, read-only, long transactions, locks",
        run: |probe, address, _| Box::pin(postgres::run(probe, address)),
    },
    Kind {
        name: "redis",
        check: CheckKind::Redis,
        schemes: &["redis", "rediss", "valkey", "valkeys", "unix"],
        port: Some(6379),
        about: "login, memory, replication, persistence, refused connections",
        run: |probe, address, _| Box::pin(redis::run(probe, address)),
    },
];

/// What is asked of one server: what another says would be hidden.
const ONE_HOST: [CheckKind; 4] =
    [CheckKind::Memcached, CheckKind::Mysql, CheckKind::Postgres, CheckKind::Redis];

impl fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Kind {
    /// Returns the row of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Returns the row whose addresses begin so: `postgresql`, `rediss`; a driver behind a `+` is no
    /// part of it.
    pub fn of_scheme(scheme: &str) -> Option<&'static Self> {
        let scheme = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
        KINDS.iter().find(|kind| kind.schemes.contains(&scheme.as_str()))
    }

    /// Reads an address of this protocol; errs in words without any part of it.
    pub fn address(&self, text: &str) -> Result<Address, String> {
        let address = Address::read(text, self.schemes, self.port)?;
        if address.port == 0 && !address.is_socket() {
            return Err("has no port".to_owned());
        }
        if !address.others.is_empty() && ONE_HOST.contains(&self.check) {
            return Err("has several hosts: each needs a check of its own".to_owned());
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;
    use crate::http::{Http, RunIds};
    use crate::model::{SpanId, Status, TraceId, UnixNanos};
    use crate::probes::targets::limits_for_tests;

    /// Asks a server that sends this to whoever comes, and then closes.
    async fn asked(kind: &'static Kind, answer: &[u8]) -> Finding {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = async {
            while let Ok((mut stream, _)) = listener.accept().await {
                drop(stream.write_all(answer).await);
                drop(stream.shutdown().await);
            }
        };
        let mut probe = limits_for_tests(kind.name);
        probe.timeout = Duration::from_secs(20);
        let address = kind.address(&format!("127.0.0.1:{port}")).unwrap();
        let ids = RunIds {
            request_id: "r".to_owned(),
            trace_id: TraceId::new(1).unwrap(),
            span_id: SpanId::new(1).unwrap(),
            caller: None,
        };
        let http = Arc::new(Http::new(probe.timeout, &ids));
        let means = Means { http, now: UnixNanos(0) };
        tokio::select! {
            finding = (kind.run)(&probe, &address, &means) => finding,
            () = serving => unreachable!(),
        }
    }

    #[tokio::test]
    async fn what_speaks_another_protocol_is_never_well() {
        let endless = vec![b'A'; 3 << 20];
        for kind in KINDS {
            for answer in [
                &b""[..],
                b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
                b"SSH-2.0-OpenSSH_9.2\r\n",
                b"\x15\x03\x01\x00\x02\x02\x46",
                b"$1048577\r\n",
                b"\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f",
                b"\x00\x00\x00\x00\x00\x00\x00\x00",
                b"N\x7f\xff\xff\xff",
                &endless,
            ] {
                let finding = asked(kind, answer).await;
                assert!(finding.status >= Status::Unknown, "{kind:?}: {finding:?}");
                assert!(finding.reason.is_some(), "{kind:?}: {finding:?}");
            }
        }
    }

    #[test]
    fn a_name_and_a_scheme_belong_to_one_kind() {
        for kind in KINDS {
            assert_eq!(KINDS.iter().filter(|other| other.name == kind.name).count(), 1);
            assert_eq!(kind.name, kind.check.name());
            for scheme in kind.schemes {
                let all = KINDS.iter().filter(|other| other.schemes.contains(scheme));
                assert_eq!(all.count(), 1, "{scheme}");
            }
        }
    }

    #[test]
    fn the_kinds_are_in_the_order_of_the_alphabet() {
        assert!(KINDS.is_sorted_by_key(|kind| kind.name));
    }

    #[test]
    fn a_scheme_leads_to_its_kind_whatever_the_driver() {
        let name = |scheme| Kind::of_scheme(scheme).map(|kind| kind.name);
        assert_eq!(name("postgresql+psycopg"), Some("postgres"));
        assert_eq!(name("REDISS"), Some("redis"));
        assert_eq!(name("gopher"), None);
    }
}
