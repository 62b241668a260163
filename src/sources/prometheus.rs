//! Prometheus, and what answers like it: Mimir, Thanos, `VictoriaMetrics`; also through Grafana.
//!
//! `url` is what stands before `/api/v1`. What it says of its own work is read in
//! [`super::prometheus_state`].
//! Source: Prometheus, "HTTP API".

use async_trait::async_trait;
use reqwest::StatusCode;

use super::endpoint::{Endpoint, JSON};
use super::prometheus_state::{self as state, Looked};
use super::{Backend, MetricSource, SourceError};
use crate::http::{Body, Reply};
use crate::model::{
    MetricAnswer, MetricExemplar, MetricQuery, MetricTimes, SourceHealth, UnixNanos,
};
use crate::wire::{
    decode_alerts, decode_build_version, decode_config_loaded, decode_metric_answer,
    decode_metric_exemplars, decode_rules, decode_scrape_targets, decode_started,
};

/// From this length on an expression is sent in the body, which proxies for reading may not let through.
const ADDRESS_BYTES_MAX: usize = 2_000;

/// A Prometheus.
#[derive(Debug)]
struct Prometheus {
    endpoint: Endpoint,
}

/// Opens a Prometheus.
pub(super) fn open(endpoint: Endpoint) -> Box<dyn Backend> {
    Box::new(Prometheus { endpoint: endpoint.behind_grafana() })
}

#[async_trait]
impl Backend for Prometheus {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let question = MetricQuery { expression: "vector(1)".into(), times: MetricTimes::Now };
        let (answer, version) = tokio::join!(self.query(&question), self.version());
        if answer?.single() != Some(1.0) {
            let what = "vector(1) is not 1 there".to_owned();
            return Err(SourceError::refused(what, "is it a Prometheus? obs config show"));
        }
        let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
        Ok(format!("computes PromQL{version}"))
    }

    async fn health(&self) -> Result<SourceHealth, SourceError> {
        let active = [("state", "active".to_owned())];
        let (said, targets, rules, info) = tokio::join!(
            self.ping(),
            self.look(&["targets"], &active),
            self.look(&["rules"], &[]),
            self.look(&["status", "runtimeinfo"], &[]),
        );
        let (said, now) = (said?, self.endpoint.moment());
        let started = match &info {
            Looked::Found(reply) => decode_started(&reply.bytes),
            Looked::Absent | Looked::Failed(_) => None,
        };
        let targets = targets.and_then(|reply| self.read(&reply, decode_scrape_targets));
        let mut parts = vec![match targets {
            Looked::Absent => self.targets_by_query().await,
            looked => state::looked("targets", looked, |all| state::of_targets(&all, now, started)),
        }];
        let rules = rules.and_then(|reply| self.read(&reply, decode_rules));
        match rules {
            Looked::Found(rules) => {
                parts.push(state::of_rules(&rules));
                let alerts = rules.iter().flat_map(|rule| &rule.alerts);
                parts.push(state::of_alerts(alerts, now));
            }
            looked => parts.push(state::looked("rules", looked, |rules| state::of_rules(&rules))),
        }
        if let Looked::Found(reply) = info
            && decode_config_loaded(&reply.bytes) == Some(false)
        {
            parts.push(state::old_configuration());
        }
        Ok(SourceHealth { said, parts })
    }

    fn metrics(&self) -> Option<&dyn MetricSource> {
        Some(self)
    }
}

#[async_trait]
impl MetricSource for Prometheus {
    async fn query(&self, query: &MetricQuery) -> Result<MetricAnswer, SourceError> {
        let mut pairs = vec![("query", query.expression.clone())];
        let path = match query.times {
            MetricTimes::Now => "query",
            MetricTimes::At(time) => {
                pairs.push(("time", seconds(time)));
                "query"
            }
            MetricTimes::Range { since, until, step } => {
                let step = step.as_secs_f64().to_string();
                pairs.extend([("start", seconds(since)), ("end", seconds(until)), ("step", step)]);
                "query_range"
            }
        };
        let path = ["api", "v1", path];
        let reply = if query.expression.len() < ADDRESS_BYTES_MAX {
            self.endpoint.get(&path, &pairs).await?
        } else {
            self.endpoint.post(&path, &[], || Body::Form(pairs.clone())).await?
        };
        decode_metric_answer(&reply.bytes)
            .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))
    }

    async fn exemplars(&self, query: &MetricQuery) -> Result<Vec<MetricExemplar>, SourceError> {
        let MetricTimes::Range { since, until, .. } = query.times else { return Ok(Vec::new()) };
        let expression = query.expression.clone();
        let pairs = [("query", expression), ("start", seconds(since)), ("end", seconds(until))];
        let path = ["api", "v1", "query_exemplars"];
        let reply = if query.expression.len() < ADDRESS_BYTES_MAX {
            self.endpoint.get(&path, &pairs).await?
        } else {
            self.endpoint.post(&path, &[], || Body::Form(pairs.to_vec())).await?
        };
        decode_metric_exemplars(&reply.bytes)
            .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))
    }
}

impl Prometheus {
    async fn version(&self) -> Option<String> {
        let path = ["api", "v1", "status", "buildinfo"];
        decode_build_version(&self.endpoint.get(&path, &[]).await.ok()?.bytes)
    }

    /// Asks for one side of its state, which others that answer like it may not have.
    async fn look(&self, path: &[&str], query: &[(&str, String)]) -> Looked<Reply> {
        let path: Vec<&str> = ["api", "v1"].iter().chain(path).copied().collect();
        match self.endpoint.look(&path, query, JSON).await {
            Ok(reply) if reply.status == StatusCode::NOT_FOUND => Looked::Absent,
            Ok(reply) => self.endpoint.judged(reply).map_or_else(Looked::Failed, Looked::Found),
            Err(error) => Looked::Failed(error),
        }
    }

    fn read<T, E: std::fmt::Display>(
        &self,
        reply: &Reply,
        decode: fn(&[u8]) -> Result<T, E>,
    ) -> Looked<T> {
        match decode(&reply.bytes) {
            Ok(found) => Looked::Found(found),
            Err(error) => Looked::Failed(self.endpoint.misread(reply, &error.to_string())),
        }
    }

    /// Counts what is scraped where targets cannot be asked for: Mimir and Thanos have only `up`.
    async fn targets_by_query(&self) -> crate::model::HealthPart {
        let question = MetricQuery { expression: "up".to_owned(), times: MetricTimes::Now };
        let looked = match self.query(&question).await {
            Ok(answer) => Looked::Found(answer),
            Err(error) => Looked::Failed(error),
        };
        state::looked("targets", looked, |answer| state::of_up(&answer))
    }
}

/// An Alertmanager.
#[derive(Debug)]
struct Alertmanager {
    endpoint: Endpoint,
}

/// Opens an Alertmanager.
pub(super) fn open_alertmanager(endpoint: Endpoint) -> Box<dyn Backend> {
    Box::new(Alertmanager { endpoint })
}

#[async_trait]
impl Backend for Alertmanager {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        self.endpoint.get(&["-", "ready"], &[]).await?;
        Ok("ready".to_owned())
    }

    async fn health(&self) -> Result<SourceHealth, SourceError> {
        let (said, alerts) =
            tokio::join!(self.ping(), self.endpoint.get(&["api", "v2", "alerts"], &[]));
        let (said, reply) = (said?, alerts?);
        let alerts = decode_alerts(&reply.bytes)
            .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        let parts = vec![state::of_alerts(&alerts, self.endpoint.moment())];
        Ok(SourceHealth { said, parts })
    }
}

/// Returns a time as seconds with three decimals.
fn seconds(time: UnixNanos) -> String {
    let milliseconds = time.0.div_euclid(1_000_000);
    format!("{}.{:03}", milliseconds.div_euclid(1_000), milliseconds.rem_euclid(1_000))
}
