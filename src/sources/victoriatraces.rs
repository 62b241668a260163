//! `VictoriaTraces`, which answers as Jaeger's older interface does, and by `LogsQL`.
//!
//! It compares ids as texts, and answers an unknown trace like a list without traces.
//! Source: `VictoriaTraces`, "Querying"; `traces.md`, section 4.3.

use async_trait::async_trait;

use super::endpoint::Endpoint;
use super::quoted::quoted;
use super::request_attributes::{REQUEST_ATTRIBUTES, TRACES_MAX, window};
use super::{Backend, OfRequest, SourceError, TraceSource, jaeger_legacy};
use crate::model::{Correlation, FoundTrace, TraceId, TraceList, TraceSearch};

/// Where its Jaeger interface lies.
const BASE: [&str; 3] = ["select", "jaeger", "api"];

/// A `VictoriaTraces`.
#[derive(Debug)]
struct VictoriaTraces {
    endpoint: Endpoint,
}

/// Opens one; its address may be that of its Jaeger interface, which Grafana has too.
pub(super) fn open(mut endpoint: Endpoint) -> Box<dyn Backend> {
    let url = endpoint.settings.url.trim_end_matches('/');
    if let Some(length) = url.strip_suffix("/select/jaeger").map(str::len) {
        endpoint.settings.url.truncate(length);
    }
    Box::new(VictoriaTraces { endpoint })
}

#[async_trait]
impl Backend for VictoriaTraces {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let services = jaeger_legacy::services(&self.endpoint, &BASE).await?;
        Ok(format!("has {} services", services.len()))
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for VictoriaTraces {
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
        let mut answer = jaeger_legacy::trace(&self.endpoint, &BASE, trace_id).await?;
        if answer.spans.is_empty() {
            answer.remarks.extend(self.endpoint.other_tenants());
        }
        Ok(answer)
    }

    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError> {
        jaeger_legacy::search(&self.endpoint, &BASE, search).await
    }

    async fn of_request(&self, id: &Correlation) -> Result<Option<OfRequest>, SourceError> {
        let values: Vec<String> = id.spellings().iter().map(|value| quoted(value)).collect();
        let pairs = REQUEST_ATTRIBUTES.iter().flat_map(|key| {
            let field = quoted(&format!("span_attr:{key}"));
            values.iter().map(move |value| format!("{field}:={value}"))
        });
        let conditions = pairs.collect::<Vec<String>>().join(" or ");
        let (since, until) = window(&self.endpoint, id);
        let parameters = [
            ("query", format!("({conditions}) | fields trace_id | uniq by (trace_id)")),
            ("start", since.0.to_string()),
            ("end", until.0.saturating_add(1).to_string()),
            ("limit", TRACES_MAX.to_string()),
        ];
        let reply = self.endpoint.get(&["select", "logsql", "query"], &parameters).await?;
        let mut traces = Vec::new();
        for line in reply.bytes.split(|byte| *byte == b'\n') {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let row: Row = serde_json::from_slice(line)
                .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
            traces.extend(TraceId::from_hex(&row.trace_id).filter(|id| !traces.contains(id)));
        }
        let full = u32::try_from(traces.len()).is_ok_and(|found| found >= TRACES_MAX);
        let incomplete = full.then(|| format!("only {TRACES_MAX} traces of the id were asked for"));
        Ok(Some(OfRequest { traces, incomplete }))
    }
}

#[derive(serde::Deserialize)]
struct Row {
    trace_id: String,
}
