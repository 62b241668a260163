//! OTLP: traces, logs and metrics, over HTTP ([`http`]) and over gRPC ([`grpc`]).
//!
//! Both carry the same messages and differ in what stands around them; here is what they share.
//!
//! Source: OTLP 1.9, "Protocol Details".

use std::sync::Arc;

use axum::Router;

use super::answer::Refusal;
use super::{Backend, intake, logs};
use crate::model::UnixNanos;
use crate::store::{self, Record, StoreError};
use crate::wire::{
    Decoded, OtlpFormat, Rejected, WireError, decode_logs, decode_metrics, decode_traces,
};

mod grpc;
mod http;
mod message;

pub(super) use grpc::speak_grpc;
pub(super) use http::export_below_prefix;

/// Returns the routes of OTLP.
pub(super) fn routes() -> Router<Arc<Backend>> {
    http::routes().merge(grpc::routes())
}

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    const ALL: [Self; 3] = [Self::Traces, Self::Logs, Self::Metrics];

    /// Returns the kind of its records, as it is counted.
    fn record(self) -> &'static str {
        match self {
            Self::Traces => "span",
            Self::Logs => "log",
            Self::Metrics => "metric",
        }
    }

    /// Returns how OTLP's JSON names the number of refused records.
    fn rejected_name(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Logs => "rejectedLogRecords",
            Self::Metrics => "rejectedDataPoints",
        }
    }
}

/// A request's records, and what of it is not among them.
#[derive(Debug)]
struct Batch {
    /// Made ready on the thread that read them: no other has to be woken.
    ready: Result<store::Batch, StoreError>,
    rejected: Vec<(Rejected, u64)>,
    told: String,
}

impl Batch {
    /// Reads a message. Errs too when every record of it had to be refused: sent again, it would be again.
    fn read(
        signal: Signal,
        body: &[u8],
        format: OtlpFormat,
        received: UnixNanos,
    ) -> Result<Self, WireError> {
        Ok(match signal {
            Signal::Traces => Self::of(decode_traces(body, format)?, |spans| {
                spans.into_iter().map(|span| Record::Span(Box::new(span))).collect()
            }),
            Signal::Logs => {
                Self::of(decode_logs(body, format)?, |records| logs::batch(records, body, received))
            }
            Signal::Metrics => Self::of(decode_metrics(body, format)?, |points| {
                points.into_iter().map(|point| Record::Metric(Box::new(point))).collect()
            }),
        })
    }

    fn of<T>(decoded: Decoded<T>, records: impl FnOnce(Vec<T>) -> Vec<Record>) -> Self {
        let told = decoded.told();
        let ready = store::Batch::of(records(decoded.accepted));
        Self { rejected: decoded.rejected, ready, told }
    }
}

/// How much of a request was taken.
#[derive(Debug)]
struct Taken {
    rejected: u64,
    /// Why those were refused, or what else the sender should know; empty when there is nothing.
    told: String,
}

/// Stores a request's records and counts the others. A request of which nothing can be taken is refused.
async fn take(backend: &Backend, signal: Signal, batch: Batch) -> Result<Taken, Refusal> {
    for (why, number) in &batch.rejected {
        backend.counts.rejected(signal.record(), why.as_str(), *number);
    }
    let rejected = batch.rejected.iter().map(|(_, number)| number).sum();
    let ready = batch.ready?;
    if ready.is_empty() && rejected > 0 {
        return Err(Refusal::Malformed(batch.told));
    }
    intake::commit(backend, ready).await?;
    Ok(Taken { rejected, told: batch.told })
}
