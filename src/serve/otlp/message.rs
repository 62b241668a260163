//! The messages of OTLP's answers.
//!
//! Source: OTLP 1.9, `trace_service.proto`, `logs_service.proto`, `metrics_service.proto`;
//! `google/rpc/status.proto`, `google/rpc/error_details.proto`.

use prost::Message as _;

use super::Taken;

/// An `Export…ServiceResponse`: those of the three signals have the same fields.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

/// `Export…PartialSuccess`.
#[derive(Clone, PartialEq, prost::Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl ExportResponse {
    /// Says how much was taken; empty, but there, when that was all: so does the Collector.
    pub(super) fn new(taken: &Taken) -> Self {
        let rejected = i64::try_from(taken.rejected).unwrap_or(i64::MAX);
        let error_message = taken.told.clone();
        Self { partial_success: Some(PartialSuccess { rejected, error_message }) }
    }
}

/// `google.rpc.Status`: how OTLP says what was wrong.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`, with its `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Seconds>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Seconds {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

impl Status {
    /// Makes one; `retry_seconds` says when the same may be sent again.
    pub(super) fn new(code: i32, message: String, retry_seconds: Option<i64>) -> Self {
        let details = retry_seconds.map(|seconds| Any {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: RetryInfo { retry_delay: Some(Seconds { seconds }) }.encode_to_vec(),
        });
        Self { code, message, details: details.into_iter().collect() }
    }
}
