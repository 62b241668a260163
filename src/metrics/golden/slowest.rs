//! The slowest observation that a histogram of durations remembers, with its trace.

use crate::metrics::conventions::{Convention, find, is_traffic, method_of, route_of};
use crate::metrics::families::{Family, Labels};
use crate::model::{TraceId, UnixNanos, is_trace_label};

/// One slow request.
#[derive(Debug, Clone, PartialEq)]
pub struct Slowest {
    /// How long it took.
    pub duration_ms: f64,
    /// Its trace.
    pub trace_id: TraceId,
    /// When it ended, where the page says so.
    pub time: Option<UnixNanos>,
    /// `GET /items/{id}`; empty where no label tells.
    pub name: String,
}

/// Finds it; `None` where no exemplar names a trace.
pub(super) fn of(page: &[Family], convention: &Convention) -> Option<Slowest> {
    let unit_ms = convention.unit_ms(page);
    let names = convention.duration.iter().chain(&convention.overall);
    let series = names.filter_map(|name| find(page, name)).flat_map(|family| &family.series);
    let traffic = series.filter(|series| is_traffic(&series.labels));
    let seen = traffic.flat_map(|series| series.exemplars.iter().map(move |one| (series, one)));
    let traced = seen.filter_map(|(series, one)| {
        let words = [method_of(&series.labels), route_of(&series.labels)];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        Some(Slowest {
            duration_ms: one.value * unit_ms,
            trace_id: trace_of(&one.labels)?,
            time: one.time,
            name: words.join(" "),
        })
    });
    traced.max_by(|a, b| a.duration_ms.total_cmp(&b.duration_ms))
}

/// Reads the trace id of an exemplar, however the library spells it.
fn trace_of(labels: &Labels) -> Option<TraceId> {
    let (_, value) = labels.iter().find(|(name, _)| is_trace_label(name))?;
    TraceId::from_hex(value)
}
