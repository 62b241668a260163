//! The vocabulary that every layer speaks: ids, times, log records, spans, error events.
//!
//! Plain values and pure functions. Not here: input or output of any kind, the clock, the
//! environment. Start at [`Correlation`] (what the user typed) and follow it to the three signals it
//! joins: [`LogRecord`], [`Span`], [`ErrorEvent`].

mod agreement;
mod attribute;
mod base64;
mod check;
mod failure;
mod id;
mod issue;
mod item;
mod log;
mod log_dialect;
mod log_group;
mod log_line;
mod log_stats;
mod metric_exemplar;
mod metric_point;
mod metric_query;
mod query;
mod resemblance;
mod secret;
mod size;
mod source_health;
mod story;
mod threshold;
mod time;
mod trace;
mod trace_query;

pub use agreement::{Disagreement, disagreements, root_causes};
pub use attribute::{Attribute, AttributeValue};
pub use base64::from_base64;
pub use check::{Before, Change, CheckKind, CheckResult, Hint, Observation, Phase, Reason, Status};
pub use failure::{Failure, FailureGroup, Signal, group_failures};
pub use id::{Correlation, IdError, SpanId, TraceId, bare_id, id_key};
pub use issue::{Breadcrumb, ErrorEvent, Exception, Frame, Issue};
pub use item::Item;
pub use log::{Field, LogRecord, Severity};
pub use log_dialect::LogDialect;
pub use log_group::LogGroup;
pub use log_line::LogLine;
pub use log_stats::{FieldStats, Interval, NumberStats, Unit, ValueCount};
pub use metric_exemplar::{MetricExemplar, is_trace_label};
pub use metric_point::{MetricKind, MetricPoint};
pub use metric_query::{
    MetricAnswer, MetricQuery, MetricSeries, MetricShape, MetricTimes, MetricValue, metric_number,
};
pub use query::{LogPage, LogQuery, Searched};
pub use resemblance::nearest;
pub use secret::{is_secret_key, mask_text, mask_value};
pub use size::{SizeError, counted, parse_bytes, shown_bytes};
pub use source_health::{HealthPart, SourceHealth};
pub use story::{Gathered, Missing, Story, WaitEnd, Waited};
pub use threshold::{MEASURES, Measure, MeasureRow, MeasureUnit, Threshold, example_limits};
pub use time::{TimeError, UnixNanos, parse_duration, parse_time};
pub use trace::{Span, SpanEvent, SpanKind, SpanLink, SpanStatus};
pub use trace_query::{FoundTrace, TraceList, TraceSearch, TraceSummary};
