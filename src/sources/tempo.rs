//! Tempo, by itself or behind Grafana's data-source proxy.
//!
//! The second version of its interface is asked first; one that has not got it answers by the first.
//! Source: Grafana Tempo, "HTTP API" and "`TraceQL`"; `traces.md`, section 4.2.

use async_trait::async_trait;
use reqwest::StatusCode;

use super::endpoint::Endpoint;
use super::quoted::quoted;
use super::request_attributes::{REQUEST_ATTRIBUTES, TRACES_MAX, window};
use super::{Backend, OfRequest, SourceError, TraceSource, trace_reply};
use crate::model::{Correlation, FoundTrace, TraceId, TraceList, TraceSearch, UnixNanos};
use crate::wire::decode_tempo_search;

/// A third of the bytes of Tempo's JSON, which is no OTLP JSON either.
const PROTOBUF: &str = "application/protobuf";

/// How young spans may be that a search does not find yet: Tempo's `query_end_cutoff`.
const UNSEARCHED_NS: i64 = 30_000_000_000;

/// A Tempo.
#[derive(Debug)]
struct Tempo {
    endpoint: Endpoint,
}

/// Opens a Tempo.
pub(super) fn open(endpoint: Endpoint) -> Box<dyn Backend> {
    Box::new(Tempo { endpoint: endpoint.behind_grafana() })
}

#[async_trait]
impl Backend for Tempo {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let reply = self.endpoint.get(&["api", "echo"], &[]).await?;
        if reply.bytes.trim_ascii() != b"echo" {
            return Err(self.endpoint.misread(&reply, "expected `echo`"));
        }
        Ok("answers \"echo\"".to_owned())
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for Tempo {
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
        let id = trace_id.to_string();
        let mut reply = self.endpoint.look(&["api", "v2", "traces", &id], &[], PROTOBUF).await?;
        if reply.status == StatusCode::NOT_FOUND {
            reply = self.endpoint.look(&["api", "traces", &id], &[], PROTOBUF).await?;
            let said = String::from_utf8_lossy(reply.bytes.trim_ascii());
            let unknown = said.is_empty() || said.contains("trace not found");
            if reply.status == StatusCode::NOT_FOUND && unknown {
                return Ok(self.unknown());
            }
        }
        let reply = self.endpoint.judged(reply)?;
        let answer = trace_reply::one(&self.endpoint, &reply, trace_id)?;
        let unknown = answer.spans.is_empty() && answer.incomplete.is_none();
        Ok(if unknown { self.unknown() } else { answer })
    }

    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError> {
        let mut conditions = Vec::new();
        if let Some(service) = &search.service {
            conditions.push(format!("resource.service.name = {}", quoted(service)));
        }
        if search.errors {
            conditions.push("status = error".to_owned());
        }
        if let Some(least) = search.min_duration_ns {
            conditions.push(format!("duration >= {least}ns"));
        }
        let question = format!("{{ {} }}", conditions.join(" && "));
        let (since, until, limit) = (search.since, search.until, search.limit);
        let traces = self.ask(&question, since, until, limit).await?;
        let mut remarks = Vec::new();
        if self.endpoint.started().since(until) < UNSEARCHED_NS {
            let name = &self.endpoint.settings.name;
            remarks.push(format!("{name}: its search may not know the last 30s yet"));
        }
        let truncated = trace_reply::is_full(traces.len(), search);
        Ok(TraceList { traces, truncated, incomplete: None, remarks })
    }

    async fn of_request(&self, id: &Correlation) -> Result<Option<OfRequest>, SourceError> {
        let values: Vec<String> = id.spellings().iter().map(|value| quoted(value)).collect();
        let pairs = REQUEST_ATTRIBUTES.iter().flat_map(|key| {
            values.iter().map(move |value| format!("span.{} = {value}", quoted(key)))
        });
        let question = format!("{{ {} }}", pairs.collect::<Vec<String>>().join(" || "));
        let (since, until) = window(&self.endpoint, id);
        let found = self.ask(&question, since, until, TRACES_MAX).await?;
        let full = found.len() >= usize::try_from(TRACES_MAX).unwrap_or(usize::MAX);
        Ok(Some(OfRequest {
            traces: found.into_iter().map(|trace| trace.trace_id).collect(),
            incomplete: full.then(|| format!("only {TRACES_MAX} traces of the id were asked for")),
        }))
    }
}

impl Tempo {
    /// Returns the answer about a trace that it does not have, or that another tenant has.
    fn unknown(&self) -> FoundTrace {
        FoundTrace { remarks: self.endpoint.other_tenants(), ..FoundTrace::default() }
    }

    async fn ask(
        &self,
        question: &str,
        since: UnixNanos,
        until: UnixNanos,
        limit: u32,
    ) -> Result<Vec<crate::model::TraceSummary>, SourceError> {
        const SECOND: i64 = 1_000_000_000;
        let parameters = [
            ("q", question.to_owned()),
            ("start", since.0.div_euclid(SECOND).to_string()),
            // Whole seconds: the one that has begun counts too.
            ("end", (until.0.div_euclid(SECOND) + 1).to_string()),
            ("limit", limit.to_string()),
            ("spss", "1".to_owned()),
        ];
        let reply = self.endpoint.get(&["api", "search"], &parameters).await?;
        decode_tempo_search(&reply.bytes)
            .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))
    }
}
