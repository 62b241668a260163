//! Jaeger: its third interface, and the older one where that is absent.
//!
//! Source: jaegertracing/jaeger, `apiv3/http_gateway.go`; `traces.md`, section 4.1.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::endpoint::{Endpoint, JSON};
use super::request_attributes::{REQUEST_ATTRIBUTES, TRACES_MAX, window};
use super::{Backend, OfRequest, SourceError, TraceSource, jaeger_legacy, trace_reply};
use crate::http::Reply;
use crate::model::{Correlation, FoundTrace, TraceId, TraceList, TraceSearch};
use crate::wire::decode_jaeger_summaries;

/// Where the older interface lies.
const LEGACY: [&str; 1] = ["api"];

/// A Jaeger.
#[derive(Debug)]
struct Jaeger {
    endpoint: Endpoint,
    /// Whether it was found out that the third interface is absent.
    legacy: AtomicBool,
}

/// What the third interface said.
enum Said {
    Answer(Reply),
    /// It has no such trace.
    NotFound,
    /// There is no such interface.
    Absent,
}

/// Opens a Jaeger.
pub(super) fn open(endpoint: Endpoint) -> Box<dyn Backend> {
    let endpoint = endpoint.behind_grafana();
    Box::new(Jaeger { endpoint, legacy: AtomicBool::new(false) })
}

#[async_trait]
impl Backend for Jaeger {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let services = match self.v3(&["services"], &[]).await? {
            Said::Answer(reply) => {
                let said: Value = serde_json::from_slice(&reply.bytes)
                    .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
                said["services"].as_array().map_or(0, Vec::len)
            }
            Said::NotFound => 0,
            Said::Absent => jaeger_legacy::services(&self.endpoint, &LEGACY).await?.len(),
        };
        Ok(format!("has {services} services"))
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for Jaeger {
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
        match self.v3(&["traces", &trace_id.to_string()], &[]).await? {
            Said::Answer(reply) => trace_reply::one(&self.endpoint, &reply, trace_id),
            Said::NotFound => Ok(FoundTrace::default()),
            Said::Absent => jaeger_legacy::trace(&self.endpoint, &LEGACY, trace_id).await,
        }
    }

    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError> {
        let attributes = search.errors.then(|| json!({ "error": "true" }));
        match self.list(search, attributes).await? {
            Some(list) => Ok(list),
            None => jaeger_legacy::search(&self.endpoint, &LEGACY, search).await,
        }
    }

    async fn of_request(&self, id: &Correlation) -> Result<Option<OfRequest>, SourceError> {
        let (since, until) = window(&self.endpoint, id);
        let search = TraceSearch { since, until, limit: TRACES_MAX, ..TraceSearch::default() };
        // Several pairs in one question would all have to be there.
        let mut asked = Vec::new();
        for key in REQUEST_ATTRIBUTES {
            let pairs = id.spellings().iter().map(|value| json!({ key: value }));
            asked.extend(pairs.map(|pair| self.list(&search, Some(pair)).boxed()));
        }
        let found: Vec<Option<TraceList>> = trace_reply::few_at_once(asked).await?;
        match found.into_iter().collect::<Option<Vec<TraceList>>>() {
            Some(lists) => Ok(Some(trace_reply::of_request(lists))),
            None => jaeger_legacy::of_request(&self.endpoint, &LEGACY, id).await.map(Some),
        }
    }
}

impl Jaeger {
    /// Asks the third interface, unless it is known to be absent.
    async fn v3(&self, path: &[&str], query: &[(&str, String)]) -> Result<Said, SourceError> {
        if self.legacy.load(Ordering::Relaxed) {
            return Ok(Said::Absent);
        }
        let path = [&["api", "v3"], path].concat();
        let reply = self.endpoint.look(&path, query, JSON).await?;
        let absent = !speaks_v3(&reply)
            && matches!(
                reply.status,
                StatusCode::OK
                    | StatusCode::BAD_REQUEST
                    | StatusCode::NOT_FOUND
                    | StatusCode::METHOD_NOT_ALLOWED
                    | StatusCode::NOT_IMPLEMENTED
            );
        if absent {
            self.legacy.store(true, Ordering::Relaxed);
            return Ok(Said::Absent);
        }
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(Said::NotFound);
        }
        Ok(Said::Answer(self.endpoint.judged(reply)?))
    }

    /// Lists traces by the third interface: by its summaries, where it has them; `None` where it
    /// cannot say, because it is absent or wants a service.
    async fn list(
        &self,
        search: &TraceSearch,
        attributes: Option<Value>,
    ) -> Result<Option<TraceList>, SourceError> {
        if self.legacy.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut parameters = vec![
            ("query.startTimeMin", search.since.to_string()),
            ("query.startTimeMax", search.until.to_string()),
            ("query.searchDepth", search.limit.to_string()),
        ];
        parameters.extend(search.service.clone().map(|name| ("query.serviceName", name)));
        let least = search.min_duration_ns.map(|ns| format!("{}us", ns / 1_000));
        parameters.extend(least.map(|least| ("query.durationMin", least)));
        parameters.extend(attributes.map(|pairs| ("query.attributes", pairs.to_string())));
        let path = ["api", "v3", "trace-summaries"];
        let reply = self.endpoint.look(&path, &parameters, JSON).await?;
        if reply.status.is_success() && speaks_v3(&reply) {
            let traces = decode_jaeger_summaries(&reply.bytes)
                .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
            let truncated = trace_reply::is_full(traces.len(), search);
            return Ok(Some(TraceList { traces, truncated, ..TraceList::default() }));
        }
        match self.v3(&["traces"], &parameters).await {
            Ok(Said::Answer(reply)) => trace_reply::list(&self.endpoint, &reply, search).map(Some),
            Ok(Said::NotFound) => Ok(Some(TraceList::default())),
            Ok(Said::Absent) => Ok(None),
            // Some of its stores cannot look through all services.
            Err(SourceError::Refused { what, .. })
                if search.service.is_none() && what.to_lowercase().contains("service name") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Says whether an answer is one of the third interface: where there is none, Jaeger's page may answer.
fn speaks_v3(reply: &Reply) -> bool {
    if reply.status.is_success() {
        // A large trace is not read twice.
        return reply.bytes.trim_ascii_start().first() == Some(&b'{');
    }
    let said: Option<Value> = serde_json::from_slice(&reply.bytes).ok();
    said.is_some_and(|said| said.get("error").is_some())
}
