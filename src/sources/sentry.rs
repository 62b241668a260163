//! Sentry, asked for traces: its trace endpoint, and its events for ids and lists.
//!
//! Not proven against a server. Source: getsentry/cli, `packages/cli/src/lib/api/traces.ts`;
//! `issues.md`, section 2 ("events of a request").

use std::collections::BTreeMap;

use async_trait::async_trait;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::endpoint::{Endpoint, JSON};
use super::request_attributes::{TRACES_MAX, window};
use super::{Backend, OfRequest, SourceError, TraceSource};
use crate::http::Reply;
use crate::model::{
    Correlation, FoundTrace, TraceId, TraceList, TraceSearch, TraceSummary, UnixNanos,
};
use crate::wire::decode_sentry_trace;

/// The most spans that it is asked for, and answers.
const SPANS_MAX: usize = 10_000;

/// The longest list that one of its pages has.
const PAGE_MAX: u32 = 100;

/// A Sentry, or what answers like it.
#[derive(Debug)]
struct Sentry {
    endpoint: Endpoint,
    organization: String,
}

/// A page of events; each has the fields that were asked for.
#[derive(Deserialize)]
struct Events {
    data: Vec<BTreeMap<String, Value>>,
}

/// Opens a Sentry; errs without the organization, which is in every path of it.
pub(super) fn open(endpoint: Endpoint) -> Result<Box<dyn Backend>, SourceError> {
    let Some(organization) = endpoint.settings.organization.clone() else {
        let next = "set organization = \"SLUG\": it stands before its pages' addresses";
        return Err(SourceError::refused("Sentry has traces by organization".to_owned(), next));
    };
    Ok(Box::new(Sentry { endpoint, organization }))
}

#[async_trait]
impl Backend for Sentry {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let organization = &self.organization;
        self.endpoint.get(&["api", "0", "organizations", organization, ""], &[]).await?;
        Ok(format!("has the organization {organization}"))
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for Sentry {
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
        let (organization, id) = (&self.organization, trace_id.to_string());
        let path = ["api", "0", "organizations", organization, "trace", &id, ""];
        let parameters = [
            ("limit", SPANS_MAX.to_string()),
            ("project", "-1".to_owned()),
            ("statsPeriod", "90d".to_owned()),
            ("additional_attributes", "span.status".to_owned()),
        ];
        let reply = self.endpoint.look(&path, &parameters, JSON).await?;
        if reply.status == StatusCode::NOT_FOUND && says_no_trace(&reply) {
            return Ok(FoundTrace::default());
        }
        let reply = self.endpoint.judged(reply)?;
        let decoded = decode_sentry_trace(&reply.bytes, trace_id)
            .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        let mut incomplete = Vec::new();
        if decoded.accepted.len() >= SPANS_MAX {
            incomplete.push(format!("it answers {SPANS_MAX} spans at most"));
        }
        if decoded.rejected_total() > 0 {
            let (count, why) = (decoded.rejected_total(), decoded.told());
            incomplete.push(format!("{count} spans cannot be read: {why}"));
        }
        let incomplete = (!incomplete.is_empty()).then(|| incomplete.join("; "));
        Ok(FoundTrace { spans: decoded.accepted, incomplete, remarks: Vec::new() })
    }

    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError> {
        let mut terms = Vec::new();
        terms.extend(search.service.as_deref().map(|service| term("project", service)));
        if search.errors {
            terms.push("!transaction.status:[ok,unknown]".to_owned());
        }
        let least = search.min_duration_ns.map(|ns| ns / 1_000_000);
        terms.extend(least.map(|ms| format!("transaction.duration:>={ms}ms")));
        let fields = ["trace", "transaction", "project", "timestamp", "transaction.duration"];
        let limit = search.limit.min(PAGE_MAX);
        let stretch = (search.since, search.until);
        let events = self.events("transactions", &fields, &terms.join(" "), limit, stretch).await?;
        let full = u32::try_from(events.len()).is_ok_and(|count| count >= limit);
        // One trace has as many transactions as services; the list is of traces.
        let mut traces: BTreeMap<TraceId, TraceSummary> = BTreeMap::new();
        for summary in events.iter().filter_map(summary) {
            let known = traces.entry(summary.trace_id).or_insert_with(|| summary.clone());
            if summary.start < known.start {
                *known = summary;
            }
        }
        let traces = traces.into_values().collect();
        Ok(TraceList { traces, truncated: full, ..TraceList::default() })
    }

    async fn of_request(&self, id: &Correlation) -> Result<Option<OfRequest>, SourceError> {
        let values: Vec<String> = id.spellings().iter().map(|one| quoted(one)).collect();
        let query = format!("request_id:[{}]", values.join(","));
        let stretch = window(&self.endpoint, id);
        let events = self.events("errors", &["trace"], &query, TRACES_MAX, stretch).await?;
        let mut traces: Vec<TraceId> = events.iter().filter_map(trace_of).collect();
        traces.sort();
        traces.dedup();
        let full = u32::try_from(events.len()).is_ok_and(|count| count >= TRACES_MAX);
        let incomplete = full.then(|| "the id has more events than were asked for".to_owned());
        Ok(Some(OfRequest { traces, incomplete }))
    }
}

impl Sentry {
    /// Returns the youngest events that meet a query, with these fields.
    async fn events(
        &self,
        dataset: &str,
        fields: &[&str],
        query: &str,
        limit: u32,
        (since, until): (UnixNanos, UnixNanos),
    ) -> Result<Vec<BTreeMap<String, Value>>, SourceError> {
        let mut parameters = vec![
            ("dataset", dataset.to_owned()),
            ("project", "-1".to_owned()),
            ("sort", "-timestamp".to_owned()),
            ("per_page", limit.to_string()),
            ("start", since.to_string()),
            ("end", until.to_string()),
        ];
        parameters.extend(fields.iter().map(|field| ("field", (*field).to_owned())));
        if !query.is_empty() {
            parameters.push(("query", query.to_owned()));
        }
        let path = ["api", "0", "organizations", &self.organization, "events", ""];
        let reply = self.endpoint.get(&path, &parameters).await?;
        let events: Result<Events, _> = serde_json::from_slice(&reply.bytes);
        let events = events.map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        Ok(events.data)
    }
}

/// Says whether the page is there and the trace is not.
fn says_no_trace(reply: &Reply) -> bool {
    let said: Option<BTreeMap<String, Value>> = serde_json::from_slice(&reply.bytes).ok();
    let detail = said.and_then(|said| Some(said.get("detail")?.as_str()?.to_lowercase()));
    detail.is_some_and(|detail| detail.contains("trace"))
}

fn trace_of(event: &BTreeMap<String, Value>) -> Option<TraceId> {
    TraceId::from_hex(event.get("trace")?.as_str()?)
}

/// Reads a transaction: its `timestamp` is its end.
fn summary(event: &BTreeMap<String, Value>) -> Option<TraceSummary> {
    let text = |name| event.get(name).and_then(Value::as_str).map(str::to_owned);
    let end: jiff::Timestamp = text("timestamp")?.parse().ok()?;
    let duration_ns = event.get("transaction.duration").and_then(Value::as_f64).map(nanos);
    let start = UnixNanos::from_timestamp(end)?.0.saturating_sub(duration_ns.unwrap_or(0));
    Some(TraceSummary {
        trace_id: trace_of(event)?,
        name: text("transaction"),
        service: text("project"),
        start: UnixNanos(start),
        duration_ns,
        spans: None,
        errors: None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float that is too large becomes the largest"
)]
fn nanos(milliseconds: f64) -> i64 {
    (milliseconds * 1e6) as i64
}

fn term(key: &str, value: &str) -> String {
    format!("{key}:{}", quoted(value))
}

/// Writes a value so that nothing in it is a part of the query.
fn quoted(value: &str) -> String {
    // An asterisk would stand for anything.
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('*', "\\*");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_of_a_query_whatever_is_in_it() {
        assert_eq!(term("project", "a b"), r#"project:"a b""#);
        assert_eq!(quoted(r#"x" OR *"#), r#""x\" OR \*""#);
    }

    #[test]
    fn a_transaction_began_its_duration_before_its_time() {
        let event = serde_json::json!({
            "trace": "018f3c1e9b7a7c448d215a0b6f4e2d16", "transaction": "GET /", "project": "api",
            "timestamp": "2026-11-22T06:00:01+00:00", "transaction.duration": 250.5,
        });
        let event: BTreeMap<String, Value> = serde_json::from_value(event).unwrap();
        let found = summary(&event).unwrap();
        assert_eq!(found.start.to_string(), "2026-11-22T06:00:00.7495Z");
        assert_eq!(found.duration_ns, Some(250_500_000));
        assert_eq!(summary(&BTreeMap::new()), None);
    }
}
