//! Where signals come from: one file a backend, behind one trait.
//!
//! A source that fails says so; it never returns less than it was asked for without saying it.

use async_trait::async_trait;

use crate::model::{
    Correlation, ErrorEvent, Failure, Issue, LogPage, LogQuery, Span, TraceId, UnixNanos,
};

pub mod local;

/// Why a source did not answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The request failed.
    #[error(transparent)]
    Http(#[from] crate::http::HttpError),
    /// It runs and says that it would not store what is sent.
    #[error("not ready: {0}")]
    NotReady(String),
    /// It asks for a token that this request did not have.
    #[error("{0}; set OBS_TOKEN to the one that it was started with")]
    NoToken(crate::http::HttpError),
    /// The store's file could not be read.
    #[error("{}", .0.in_full())]
    Store(#[from] crate::store::StoreError),
}

/// A place that has traces, logs and errors.
#[async_trait]
pub trait Backend: std::fmt::Debug + Send + Sync {
    /// Returns what to call it in answers: its kind and where it is.
    fn name(&self) -> String;

    /// Asks whether it works; returns what it said, in few words.
    async fn ping(&self) -> Result<String, SourceError>;

    /// Returns the spans of a trace; none when it is unknown there.
    async fn trace(&self, trace_id: TraceId) -> Result<Vec<Span>, SourceError>;

    /// Returns log lines.
    async fn logs(&self, query: &LogQuery) -> Result<LogPage, SourceError>;

    /// Returns the error events of a request, oldest first.
    async fn events(&self, ids: &[Correlation]) -> Result<Vec<ErrorEvent>, SourceError>;

    /// Returns the latest signs of failed requests since a time, at most `limit` of each signal.
    async fn failures(&self, since: UnixNanos, limit: u32) -> Result<Vec<Failure>, SourceError>;

    /// Returns the issues last seen since a time, the latest first.
    async fn issues(&self, since: UnixNanos, limit: u32) -> Result<Vec<Issue>, SourceError>;

    /// Returns one issue and its latest events; `None` when it is unknown there.
    async fn issue(
        &self,
        id: &str,
        limit: u32,
    ) -> Result<Option<(Issue, Vec<ErrorEvent>)>, SourceError>;
}
