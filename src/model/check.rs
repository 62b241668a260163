//! What a check found: its status, the reason from a closed list, what was measured, what to do.

use serde::{Deserialize, Serialize, Serializer};

use super::UnixNanos;

/// How a check ended, from best to worst: of several the worst counts.
///
/// `Skipped` and `Unknown` are never taken for `Ok`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Not asked, because what it needs failed.
    Skipped,
    /// It works, and somebody should look.
    Warn,
    /// It could not be told.
    Unknown,
    /// It does not work.
    Fail,
}

impl Status {
    /// Returns the worst of several; of none, `Unknown`.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().max().unwrap_or(Self::Unknown)
    }
}

/// Why a check did not end well: a closed list, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The name has no address.
    DnsNxdomain,
    /// No name server answered.
    DnsTimeout,
    /// A name server could not find out.
    DnsServfail,
    /// Name servers say different things.
    DnsDisagree,
    /// Nothing listens there.
    Refused,
    /// There is no way to that address.
    Unreachable,
    /// No answer within the time it had.
    Timeout,
    /// The connection was closed before the answer.
    Reset,
    /// The certificate has expired, or will soon.
    TlsExpired,
    /// The certificate is not valid yet: a clock is wrong.
    TlsNotYetValid,
    /// The certificate's issuer is not trusted.
    TlsUntrusted,
    /// The certificate has no issuer but itself.
    TlsSelfSigned,
    /// The certificate's issuer is neither sent nor known.
    TlsIssuerMissing,
    /// The certificates are sent in a wrong order, or with others that do not belong to them.
    TlsOrder,
    /// The certificate is for another name.
    TlsName,
    /// It does not speak TLS on this port.
    TlsMissing,
    /// It speaks TLS on this port, and was asked without.
    TlsRequired,
    /// Credentials are missing or wrong; a login page answered.
    AuthFailed,
    /// The credentials do not suffice.
    Forbidden,
    /// There is no such page.
    NotFound,
    /// The status says no: of the answer, of a component by the application's own word, or of too
    /// many requests.
    Status,
    /// The status says yes and the body no.
    BodyMismatch,
    /// It takes too long.
    Slow,
    /// Something that there is a limited number of has run out, or will soon.
    Saturated,
    /// A copy is too far behind what it copies.
    Lagging,
    /// It answers, and takes no writes.
    ReadOnly,
    /// It is starting, or in between: it says that it takes nobody yet.
    Starting,
    /// It turns requests away: 429.
    Overloaded,
    /// It ends again and again, and is started again.
    Crashing,
    /// It does not run, or is just being stopped, and nothing says that it failed.
    Stopped,
    /// It waits for somebody to give it its key.
    Sealed,
    /// It redirects in a circle, or on and on.
    RedirectLoop,
    /// The answer is larger than is read.
    TooLarge,
    /// The answer is not what it should be: no HTTP, no metrics.
    Protocol,
    /// What it needs failed.
    Skipped,
    /// The check itself is set up wrongly.
    Config,
    /// A defect of `obs`.
    Internal,
}

/// What is asked, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckKind {
    /// A page, and the health payload in it.
    Http,
    /// A connection to every address.
    Tcp,
    /// A handshake and the certificate in it.
    Tls,
    /// Two scrapes of `/metrics`.
    Metrics,
    /// A name, asked of the system and of each of its name servers.
    Dns,
    /// A login to PostgreSQL, and what it says of itself.
    Postgres,
    /// The same of MySQL or MariaDB.
    Mysql,
    /// The same of Redis or Valkey.
    Redis,
    /// The same of memcached.
    Memcached,
    /// A connection of AMQP 0-9-1, opened and closed.
    Rabbitmq,
    /// A connection of NATS.
    Nats,
    /// A connection of MQTT.
    Mqtt,
    /// Kafka's metadata, and each broker that it names.
    Kafka,
    /// `hello` to MongoDB.
    Mongodb,
    /// The health of an Elasticsearch or OpenSearch cluster.
    Elasticsearch,
    /// A greeting of a mail server.
    Smtp,
    /// The health service of gRPC.
    Grpc,
    /// A file system of this machine.
    Disk,
    /// The memory of this machine.
    Memory,
    /// The load of this machine.
    Load,
    /// The open files of this machine or of a process.
    Files,
    /// A unit of systemd.
    Systemd,
    /// A program, by its exit code and its first line.
    Exec,
    /// Prometheus, its targets, rules and alerts.
    Prometheus,
    /// Alertmanager and what fires in it.
    Alertmanager,
    /// A receiver of OTLP.
    Otlp,
    /// A receiver of Sentry's envelopes.
    Sentry,
    /// How fast the errors of an objective use up its budget.
    Slo,
    /// A request with a fresh id, followed to its log line, its trace and its count.
    Canary,
    /// A backend that `obs` asks for logs, traces and errors.
    Backend,
    /// A part of an application, by the application's own word.
    Component,
    /// One address of several.
    Address,
    /// Another part of what was asked: a certificate, a queue, a listener.
    Part,
    /// An entry of the configuration whose kind is not known.
    Config,
}

impl CheckKind {
    /// Returns its name, as it is in JSON and in `kind` of a `[[check]]`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Metrics => "metrics",
            Self::Dns => "dns",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Memcached => "memcached",
            Self::Rabbitmq => "rabbitmq",
            Self::Nats => "nats",
            Self::Mqtt => "mqtt",
            Self::Kafka => "kafka",
            Self::Mongodb => "mongodb",
            Self::Elasticsearch => "elasticsearch",
            Self::Smtp => "smtp",
            Self::Grpc => "grpc",
            Self::Disk => "disk",
            Self::Memory => "memory",
            Self::Load => "load",
            Self::Files => "files",
            Self::Systemd => "systemd",
            Self::Exec => "exec",
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "alertmanager",
            Self::Otlp => "otlp",
            Self::Sentry => "sentry",
            Self::Slo => "slo",
            Self::Canary => "canary",
            Self::Backend => "backend",
            Self::Component => "component",
            Self::Address => "address",
            Self::Part => "part",
            Self::Config => "config",
        }
    }
}

impl Serialize for CheckKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One thing that was measured, and where it begins to be bad.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observation {
    /// `error_ratio`, `p95_ms`, `expires_days`.
    pub name: &'static str,
    /// The value; `null` when nothing could be measured.
    #[serde(serialize_with = "number")]
    pub value: Option<f64>,
    /// `1`, `ms`, `d`, `1/s`: as in the UCUM of the semantic conventions.
    pub unit: &'static str,
}

/// Writes what JSON has no number for as text, `"+Inf"`.
#[expect(clippy::ref_option, reason = "what serde calls")]
fn number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        None => serializer.serialize_none(),
        Some(value) if value.is_nan() => serializer.serialize_str("NaN"),
        Some(value) if value.is_infinite() => {
            serializer.serialize_str(if *value > 0.0 { "+Inf" } else { "-Inf" })
        }
        Some(value) => serializer.serialize_f64(*value),
    }
}

/// One step of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phase {
    /// `resolve`, `connect`, `tls`, `auth`, `query`; of a page `answer` and `body`.
    pub name: &'static str,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// The likely cause, in words.
    pub likely: String,
    /// A command to type.
    pub command: Option<String>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckResult {
    /// What to call it on the command line, `orders-api.readyz`; unique. A component's is
    /// `orders-api.readyz/database`.
    pub id: String,
    /// What it is called below its group.
    pub name: String,
    /// What it belongs to: an application, `observability`.
    pub group: String,
    /// What was asked.
    pub kind: CheckKind,
    /// Where, without secrets.
    pub target: String,
    /// How it ended.
    pub status: Status,
    /// Why not well; absent when it did.
    pub reason: Option<Reason>,
    /// The word or number that its own protocol has for that: an SQLSTATE, an errno, a reply code.
    pub code: Option<String>,
    /// What came back, in words.
    pub message: String,
    /// How long it took, in milliseconds; absent when it was not asked.
    pub duration_ms: Option<f64>,
    /// Its steps.
    pub phases: Vec<Phase>,
    /// What was measured.
    pub observed: Vec<Observation>,
    /// What to do about it.
    pub hint: Option<Hint>,
    /// The section of the runbook about it.
    pub runbook: Option<String>,
    /// The ids that it needs.
    pub needs: Vec<String>,
    /// What said that this is to be checked.
    pub origin: String,
    /// What an earlier run found of it; absent where none is known.
    pub before: Option<Before>,
    /// Its parts.
    pub children: Vec<Self>,
}

/// What the last run found of a check, and what changed since.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Before {
    /// When that run looked.
    pub at: UnixNanos,
    /// How the check ended then.
    pub status: Status,
    /// When it was first seen as it is now, in runs without a break; this run's start where it was
    /// otherwise the last time.
    pub since: UnixNanos,
    /// What it measured then and measures now, where the difference is large.
    pub changes: Vec<Change>,
}

/// One measured value that is far from that of the last run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// `duration_ms`, or an observation's name.
    pub name: String,
    /// What it was.
    pub before: f64,
    /// What it is.
    pub now: f64,
    /// Its unit, in UCUM.
    pub unit: &'static str,
}

impl CheckResult {
    /// A check of which nothing but this is known.
    #[cfg(test)]
    pub(crate) fn of_test(id: &str, kind: CheckKind, status: Status) -> Self {
        Self {
            id: id.to_owned(),
            name: id.rsplit('/').next().unwrap_or(id).to_owned(),
            group: String::new(),
            kind,
            target: String::new(),
            status,
            reason: None,
            code: None,
            message: String::new(),
            duration_ms: None,
            phases: Vec::new(),
            observed: Vec::new(),
            hint: None,
            runbook: None,
            needs: Vec::new(),
            origin: String::new(),
            before: None,
            children: Vec::new(),
        }
    }

    /// Returns the worst status of this and its parts.
    pub fn worst(&self) -> Status {
        self.children.iter().map(Self::worst).fold(self.status, Status::max)
    }

    /// Returns this and its parts, in the order they are shown.
    pub fn flat(&self) -> Vec<&Self> {
        std::iter::once(self).chain(self.children.iter().flat_map(Self::flat)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_and_nothing_known_is_unknown() {
        let worst = |all: &[Status]| Status::worst(all.iter().copied());
        assert_eq!(worst(&[Status::Ok, Status::Warn, Status::Ok]), Status::Warn);
        assert_eq!(worst(&[Status::Fail, Status::Unknown]), Status::Fail);
        assert_eq!(worst(&[Status::Unknown, Status::Warn]), Status::Unknown);
        assert_eq!(worst(&[Status::Ok, Status::Skipped]), Status::Skipped);
        assert_eq!(worst(&[]), Status::Unknown);
    }

    #[test]
    fn what_json_has_no_number_for_is_text() {
        let json = |value| {
            serde_json::to_value(Observation { name: "p95_ms", value, unit: "ms" }).unwrap()["value"].clone()
        };
        assert_eq!(json(Some(f64::INFINITY)), "+Inf");
        assert_eq!(json(Some(f64::NAN)), "NaN");
        assert!(json(None).is_null());
    }
}
