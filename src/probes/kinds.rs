//! What can be asked by its address alone: a row a protocol.

use std::fmt;

use futures_util::future::BoxFuture;

use super::address::Address;
use super::{Finding, Means, Probe};
use super::{amqp, elasticsearch, grpc, kafka, memcached, mongodb, mqtt, mysql, nats, postgres};
use super::{receivers, redis, smtp};
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

/// Schemes whose port is not that of their kind.
const PORTS: &[(&str, u16)] = &[("amqps", 5671), ("mqtts", 8883), ("smtps", 465)];

/// Kinds whose protocol is HTTP: their addresses may be written so, though by that nobody knows them.
const OVER_HTTP: &[CheckKind] = &[CheckKind::Elasticsearch];

/// Every protocol, in the order of the alphabet.
pub static KINDS: &[Kind] = &[
    Kind {
        name: "elasticsearch",
        check: CheckKind::Elasticsearch,
        schemes: &["elasticsearch", "opensearch"],
        port: Some(9200),
        about: "the cluster's colour, room on its disks, indexes that take no writes",
        run: |probe, address, means| Box::pin(elasticsearch::run(probe, address, means)),
    },
    Kind {
        name: "grpc",
        check: CheckKind::Grpc,
        schemes: &["grpc", "grpcs"],
        port: None,
        about: "the standard health service, of the server or of the service in the path",
        run: |probe, address, _| Box::pin(grpc::run(probe, address)),
    },
    Kind {
        name: "kafka",
        check: CheckKind::Kafka,
        schemes: &["kafka"],
        port: Some(9092),
        about: "partitions without leader or copies, and every broker where it sends clients",
        run: |probe, address, _| Box::pin(kafka::run(probe, address)),
    },
    Kind {
        name: "memcached",
        check: CheckKind::Memcached,
        schemes: &["memcached", "memcache"],
        port: Some(11211),
        about: "version, memory, connections, evictions",
        run: |probe, address, _| Box::pin(memcached::run(probe, address)),
    },
    Kind {
        name: "mongodb",
        check: CheckKind::Mongodb,
        schemes: &["mongodb"],
        port: Some(27017),
        about: "the state of the server and of its replica set",
        run: |probe, address, _| Box::pin(mongodb::run(probe, address)),
    },
    Kind {
        name: "mqtt",
        check: CheckKind::Mqtt,
        schemes: &["mqtt", "mqtts"],
        port: Some(1883),
        about: "login and a ping, in MQTT 3.1.1 or (version=5) 5.0",
        run: |probe, address, _| Box::pin(mqtt::run(probe, address)),
    },
    Kind {
        name: "mysql",
        check: CheckKind::Mysql,
        schemes: &["mysql", "mariadb", "mysql2"],
        port: Some(3306),
        about: "login, connections used, replica, read-only, long transactions",
        run: |probe, address, _| Box::pin(mysql::run(probe, address)),
    },
    Kind {
        name: "nats",
        check: CheckKind::Nats,
        schemes: &["nats", "tls"],
        port: Some(4222),
        about: "login and a ping",
        run: |probe, address, _| Box::pin(nats::run(probe, address)),
    },
    Kind {
        name: "otlp",
        check: CheckKind::Otlp,
        schemes: &["http", "https"],
        port: Some(443),
        about: "an empty export request",
        run: |probe, address, means| Box::pin(receivers::otlp(probe, address, means)),
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
        name: "rabbitmq",
        check: CheckKind::Rabbitmq,
        schemes: &["amqp", "amqps"],
        port: Some(5672),
        about: "login, virtual host, blocked publishers, alarms, queues nobody takes from",
        run: |probe, address, means| Box::pin(amqp::run(probe, address, means)),
    },
    Kind {
        name: "redis",
        check: CheckKind::Redis,
        schemes: &["redis", "rediss", "valkey", "valkeys", "unix"],
        port: Some(6379),
        about: "login, memory, replication, persistence, refused connections",
        run: |probe, address, _| Box::pin(redis::run(probe, address)),
    },
    Kind {
        name: "sentry",
        check: CheckKind::Sentry,
        schemes: &["https", "http"],
        port: Some(443),
        about: "whether the host of a DSN answers",
        run: |probe, address, means| Box::pin(receivers::sentry(probe, address, means)),
    },
    Kind {
        name: "smtp",
        check: CheckKind::Smtp,
        schemes: &["smtp", "smtps"],
        port: Some(25),
        about: "greeting, STARTTLS and its certificate, login",
        run: |probe, address, _| Box::pin(smtp::run(probe, address)),
    },
];

/// What is asked of one server: what another says would be hidden.
const ONE_HOST: [CheckKind; 5] = [
    CheckKind::Elasticsearch,
    CheckKind::Memcached,
    CheckKind::Mysql,
    CheckKind::Postgres,
    CheckKind::Redis,
];

/// Returns the row whose own port it is; of 443, which is any page's, none.
pub(super) fn of_port(port: u16) -> Option<&'static Kind> {
    let own = |kind: &&Kind| kind.port == Some(port) && !kind.schemes.contains(&"https");
    let with_port = PORTS.iter().find(|(_, known)| *known == port);
    with_port.and_then(|(scheme, _)| Kind::of_scheme(scheme)).or_else(|| KINDS.iter().find(own))
}

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
        // A page could be of any kind.
        let says = !matches!(scheme.as_str(), "http" | "https");
        KINDS.iter().find(|kind| says && kind.schemes.contains(&scheme.as_str()))
    }

    /// Reads an address of this protocol; errs in words without any part of it.
    pub fn address(&self, text: &str) -> Result<Address, String> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        if scheme.as_deref().is_some_and(|scheme| scheme.ends_with("+srv")) {
            return Err("is looked up in SRV records, which obs does not: name a host".to_owned());
        }
        let own = PORTS.iter().find(|(with_port, _)| scheme.as_deref() == Some(*with_port));
        let port = own.map(|(_, port)| *port).or(self.port);
        let over_http =
            matches!(scheme.as_deref(), Some("http" | "https")) && OVER_HTTP.contains(&self.check);
        let schemes = if over_http { &["http", "https"] } else { self.schemes };
        let address = Address::read(text, schemes, port)?;
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
            // What is said by http and https is told apart by its name alone.
            let own = kind.schemes.iter().filter(|scheme| !scheme.starts_with("http"));
            for scheme in own {
                let all = KINDS.iter().filter(|other| other.schemes.contains(scheme));
                assert_eq!(all.count(), 1, "{scheme}");
            }
        }
    }

    #[test]
    fn a_scheme_may_have_a_port_of_its_own() {
        let port = |text: &str| {
            let kind = Kind::of_scheme(text.split("://").next().unwrap()).unwrap();
            kind.address(text).map(|address| address.port)
        };
        assert_eq!(port("amqps://mq"), Ok(5671));
        assert_eq!(port("amqp://mq"), Ok(5672));
        assert_eq!(port("mqtts://mq:1"), Ok(1));
        assert!(port("grpc://api").is_err());
        assert!(port("mongodb+srv://cluster.example").is_err());
    }

    #[test]
    fn what_is_asked_over_http_may_be_written_so() {
        let read = |name: &str, text: &str| Kind::named(name).unwrap().address(text);
        assert_eq!(read("elasticsearch", "https://es").unwrap().port, 9200);
        assert!(read("redis", "https://es").is_err());
        assert!(Kind::of_scheme("https").is_none_or(|kind| kind.name != "elasticsearch"));
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
