//! The kinds of backends that a configuration can name.

use async_trait::async_trait;

use super::command::{COMMAND, Printed};
use super::endpoint::{Endpoint, Opening};
use super::{Backend, IssueSource, LogSource, MetricSource, SourceError, TraceSource};
use super::{elasticsearch, jaeger, loki, prometheus, sentry, tempo};
use super::{victorialogs, victoriatraces, zipkin};
use crate::config::SourceSettings;
use crate::model::{
    FoundTrace, LogPage, LogQuery, MetricAnswer, MetricQuery, Reason, SourceHealth, TraceId,
    TraceList, TraceSearch, nearest,
};

/// A kind of backend.
#[derive(Debug)]
pub struct Kind {
    /// What `kind` says in the configuration.
    pub name: &'static str,
    /// What it has.
    pub side: Side,
    /// What it is, in a line.
    pub about: &'static str,
    /// The keys of `[[source]]` that only some kinds have, and this one does.
    pub keys: &'static [&'static str],
    /// An address as its own documentation has it.
    pub example: &'static str,
    open: fn(Endpoint) -> Opened,
}

/// What a kind of backends has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Log lines.
    Logs,
    /// Traces.
    Traces,
    /// Numbers, computed.
    Metrics,
    /// Alerts, for `obs check` alone.
    Alerts,
}

/// A backend, or why its settings cannot be used.
pub(super) type Opened = Result<Box<dyn Backend>, SourceError>;

/// All that answer at an address: help, the configuration and the tests of every kind read this table.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "loki",
        side: Side::Logs,
        about: "Grafana Loki; query is a stream selector, with filters behind it or without",
        keys: &[],
        example: "http://localhost:3100",
        open: loki::open,
    },
    Kind {
        name: "grafana",
        side: Side::Logs,
        about: "a Loki that Grafana reaches; datasource is its uid there",
        keys: &["datasource"],
        example: "https://grafana.example",
        open: loki::open_grafana,
    },
    Kind {
        name: "victorialogs",
        side: Side::Logs,
        about: "VictoriaLogs; query is a LogsQL filter",
        keys: &[],
        example: "http://localhost:9428",
        open: victorialogs::open,
    },
    Kind {
        name: "elasticsearch",
        side: Side::Logs,
        about: "Elasticsearch; query is a query string, index its indexes",
        keys: &["index"],
        example: "http://localhost:9200",
        open: |endpoint| Ok(elasticsearch::open(endpoint)),
    },
    Kind {
        name: "opensearch",
        side: Side::Logs,
        about: "OpenSearch, the same",
        keys: &["index"],
        example: "http://localhost:9200",
        open: |endpoint| Ok(elasticsearch::open(endpoint)),
    },
    Kind {
        name: "jaeger",
        side: Side::Traces,
        about: "Jaeger, its query service; with datasource through Grafana",
        keys: &["datasource"],
        example: "http://localhost:16686",
        open: |endpoint| Ok(jaeger::open(endpoint)),
    },
    Kind {
        name: "tempo",
        side: Side::Traces,
        about: "Grafana Tempo; with datasource through Grafana",
        keys: &["datasource"],
        example: "http://localhost:3200",
        open: |endpoint| Ok(tempo::open(endpoint)),
    },
    Kind {
        name: "victoriatraces",
        side: Side::Traces,
        about: "VictoriaTraces",
        keys: &[],
        example: "http://localhost:10428",
        open: |endpoint| Ok(victoriatraces::open(endpoint)),
    },
    Kind {
        name: "zipkin",
        side: Side::Traces,
        about: "Zipkin, or what answers like it; with datasource through Grafana",
        keys: &["datasource"],
        example: "http://localhost:9411",
        open: |endpoint| Ok(zipkin::open(endpoint)),
    },
    Kind {
        name: "sentry",
        side: Side::Traces,
        about: "traces of Sentry; organization is its slug there",
        keys: &["organization"],
        example: "https://sentry.io",
        open: sentry::open,
    },
    Kind {
        name: "prometheus",
        side: Side::Metrics,
        about: "Prometheus, Mimir, Thanos, VictoriaMetrics; with datasource through Grafana",
        keys: &["datasource"],
        example: "http://localhost:9090",
        open: |endpoint| Ok(prometheus::open(endpoint)),
    },
    Kind {
        name: "alertmanager",
        side: Side::Alerts,
        about: "Alertmanager: what fires, what is silenced",
        keys: &[],
        example: "http://localhost:9093",
        open: |endpoint| Ok(prometheus::open_alertmanager(endpoint)),
    },
];

/// Returns the kind of this name.
pub fn kind_of(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Why a source of the configuration is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// There is no such kind.
    #[error("source {source_name} has the kind `{kind}`, and there is none such")]
    Unknown {
        /// The source.
        source_name: String,
        /// What was written.
        kind: String,
        /// The one that was probably meant.
        near: Option<&'static str>,
    },
    /// A key that this kind has no use for.
    #[error("source {source_name} is a {kind}, which has no `{key}`")]
    Key {
        /// The source.
        source_name: String,
        /// Its kind.
        kind: String,
        /// The key.
        key: &'static str,
    },
}

/// Opens a backend, which asks nothing yet; one that cannot be opened says so when it is asked.
///
/// Errs where the configuration itself is wrong.
pub fn open(
    settings: &SourceSettings,
    opening: &Opening<'_>,
) -> Result<Box<dyn Backend>, KindError> {
    let source_name = settings.name.clone();
    if settings.kind == COMMAND {
        return Ok(Box::new(Printed::new(settings, opening.now)));
    }
    let kind = kind_of(&settings.kind).ok_or_else(|| KindError::Unknown {
        source_name: source_name.clone(),
        kind: settings.kind.clone(),
        near: nearest(&settings.kind, KINDS.iter().map(|kind| kind.name).chain([COMMAND])),
    })?;
    let special = [
        ("index", &settings.index),
        ("datasource", &settings.datasource),
        ("organization", &settings.organization),
    ];
    let of_logs = [
        ("query", &settings.query),
        ("level_field", &settings.level_field),
        ("service_field", &settings.service_field),
    ];
    let useless = |(key, value): &(&'static str, &Option<String>)| {
        value.is_some() && !kind.keys.contains(key)
    };
    let of_logs = of_logs.into_iter().filter(|_| kind.side != Side::Logs);
    if let Some((key, _)) = special.into_iter().chain(of_logs).find(useless) {
        return Err(KindError::Key { source_name, kind: settings.kind.clone(), key });
    }
    let opened = Endpoint::open(settings, opening).and_then(kind.open);
    Ok(opened.unwrap_or_else(|error| {
        let (class, error) = (error.check_reason(), error.to_string());
        Box::new(Unusable { name: source_name, side: kind.side, class, error })
    }))
}

/// A backend that could not be opened: who asks is told why, as of one that does not answer.
#[derive(Debug)]
struct Unusable {
    name: String,
    side: Side,
    class: Reason,
    error: String,
}

impl Unusable {
    fn refused(&self) -> SourceError {
        SourceError::Unusable(self.class, self.error.clone())
    }
}

#[async_trait]
impl Backend for Unusable {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        Err(self.refused())
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        (self.side == Side::Logs).then_some(self as &dyn LogSource)
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        (self.side == Side::Traces).then_some(self as &dyn TraceSource)
    }

    fn metrics(&self) -> Option<&dyn MetricSource> {
        (self.side == Side::Metrics).then_some(self as &dyn MetricSource)
    }
}

#[async_trait]
impl MetricSource for Unusable {
    async fn query(&self, _: &MetricQuery) -> Result<MetricAnswer, SourceError> {
        Err(self.refused())
    }
}

#[async_trait]
impl LogSource for Unusable {
    async fn search(&self, _: &LogQuery) -> Result<LogPage, SourceError> {
        Err(self.refused())
    }
}

#[async_trait]
impl TraceSource for Unusable {
    async fn trace(&self, _: TraceId) -> Result<FoundTrace, SourceError> {
        Err(self.refused())
    }

    async fn search(&self, _: &TraceSearch) -> Result<TraceList, SourceError> {
        Err(self.refused())
    }
}

/// A backend that is not asked for log lines, because others are configured for them.
#[derive(Debug)]
pub struct WithoutLogs(pub Box<dyn Backend>);

#[async_trait]
impl Backend for WithoutLogs {
    fn name(&self) -> String {
        self.0.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        self.0.ping().await
    }

    async fn health(&self) -> Result<SourceHealth, SourceError> {
        self.0.health().await
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        self.0.traces()
    }

    fn issues(&self) -> Option<&dyn IssueSource> {
        self.0.issues()
    }
}
