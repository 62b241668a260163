//! Zipkin, asked with the second version of its interface.
//!
//! Source: openzipkin/zipkin, `ZipkinQueryApiV2.java`; `traces.md`, section 4.4.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use reqwest::StatusCode;

use super::endpoint::{Endpoint, JSON};
use super::request_attributes::{REQUEST_ATTRIBUTES, TRACES_MAX, window};
use super::{Backend, OfRequest, SourceError, TraceSource, trace_reply};
use crate::model::{Correlation, FoundTrace, TraceId, TraceList, TraceSearch, UnixNanos};

/// A Zipkin.
#[derive(Debug)]
struct Zipkin {
    endpoint: Endpoint,
}

/// Opens a Zipkin.
pub(super) fn open(endpoint: Endpoint) -> Box<dyn Backend> {
    Box::new(Zipkin { endpoint: endpoint.behind_grafana() })
}

#[async_trait]
impl Backend for Zipkin {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let reply = self.endpoint.get(&["api", "v2", "services"], &[]).await?;
        let services: Result<Vec<String>, _> = serde_json::from_slice(&reply.bytes);
        let services =
            services.map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        Ok(format!("has {} services", services.len()))
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for Zipkin {
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
        let id = trace_id.to_string();
        let reply = self.endpoint.look(&["api", "v2", "trace", &id], &[], JSON).await?;
        // Its text names the id; a page that is not there does not.
        let said = String::from_utf8_lossy(&reply.bytes);
        let names_it = said.contains("not found") && said.contains(id.trim_start_matches('0'));
        if reply.status == StatusCode::NOT_FOUND && names_it {
            return Ok(FoundTrace::default());
        }
        trace_reply::one(&self.endpoint, &self.endpoint.judged(reply)?, trace_id)
    }

    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError> {
        let condition = search.errors.then(|| "error".to_owned());
        self.ask(search, condition).await
    }

    async fn of_request(&self, id: &Correlation) -> Result<Option<OfRequest>, SourceError> {
        let (since, until) = window(&self.endpoint, id);
        let search = TraceSearch { since, until, limit: TRACES_MAX, ..TraceSearch::default() };
        // One question has room for one pair, and a value with a space would be two words of it.
        let values: Vec<&String> = id.spellings().iter().filter(|id| !id.contains(' ')).collect();
        let mut asked = Vec::new();
        for key in REQUEST_ATTRIBUTES {
            let pairs = values.iter().map(|value| format!("{key}={value}"));
            asked.extend(pairs.map(|pair| self.ask(&search, Some(pair)).boxed()));
        }
        Ok(Some(trace_reply::of_request(trace_reply::few_at_once(asked).await?)))
    }
}

impl Zipkin {
    async fn ask(
        &self,
        search: &TraceSearch,
        condition: Option<String>,
    ) -> Result<TraceList, SourceError> {
        const MS: i64 = 1_000_000;
        let UnixNanos(until) = search.until;
        let lookback = search.until.since(search.since).div_euclid(MS) + 1;
        let mut parameters = vec![
            ("endTs", (until.div_euclid(MS) + 1).to_string()),
            ("lookback", lookback.to_string()),
            ("limit", search.limit.to_string()),
        ];
        parameters.extend(search.service.clone().map(|service| ("serviceName", service)));
        parameters.extend(condition.map(|condition| ("annotationQuery", condition)));
        let micros = search.min_duration_ns.map(|ns| (ns / 1_000).max(1).to_string());
        parameters.extend(micros.map(|micros| ("minDuration", micros)));
        let reply = self.endpoint.get(&["api", "v2", "traces"], &parameters).await?;
        trace_reply::list(&self.endpoint, &reply, search)
    }
}
