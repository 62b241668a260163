//! Traces in a list: the latest that meet some conditions, summed up.

use super::search::{SPANS_SEARCHED_MAX, TraceQuery};
use super::{Reader, StoreError};
use crate::model::{TraceList, TraceSearch, TraceSummary};

impl Reader {
    /// Returns the latest traces with a span that meets the conditions; costs as
    /// [`Reader::find_traces`] does, and the reading of each trace that is listed.
    pub fn list_traces(&self, search: &TraceSearch) -> Result<TraceList, StoreError> {
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
        let error = search.errors.then(|| ("error".to_owned(), "true".to_owned()));
        let query = TraceQuery {
            service: search.service.clone(),
            attributes: error.into_iter().collect(),
            since: Some(search.since),
            until: Some(search.until),
            duration_min_ns: search.min_duration_ns,
            // One more than is listed tells whether there are more.
            limit: limit.saturating_add(1),
            ..TraceQuery::default()
        };
        let found = self.find_traces(&query)?;
        let truncated = found.found.len() > limit;
        let traces = found.found.iter().take(limit).filter_map(|spans| TraceSummary::of(spans));
        let incomplete = (!found.complete).then(|| {
            format!("only the latest {SPANS_SEARCHED_MAX} spans, or what fits, were looked at")
        });
        Ok(TraceList { traces: traces.collect(), truncated, incomplete, remarks: Vec::new() })
    }
}
