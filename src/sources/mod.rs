//! Where signals come from: one file a backend, behind one trait.
//!
//! A source that fails says so; it never returns less than it was asked for without saying it.

use async_trait::async_trait;

use crate::model::{
    Correlation, ErrorEvent, Failure, FoundTrace, Issue, LogPage, LogQuery, MetricAnswer,
    MetricExemplar, MetricQuery, Reason, SourceHealth, TraceId, TraceList, TraceSearch, UnixNanos,
};

mod command;
pub mod compressed;
mod elasticsearch;
mod endpoint;
mod exemplars;
mod jaeger;
mod jaeger_legacy;
mod kinds;
mod lines;
pub mod local;
mod loki;
mod prometheus;
mod prometheus_state;
mod quoted;
mod request_attributes;
mod sentry;
mod superset;
mod tempo;
mod trace_file;
mod trace_reply;
mod victorialogs;
mod victoriatraces;
mod walk;
mod zipkin;

pub use command::COMMAND;
pub use endpoint::Opening;
pub use exemplars::query_with_slowest;
pub use kinds::{KINDS, Kind, KindError, Side, WithoutLogs, kind_of, open};
pub use lines::last_of;
pub use request_attributes::REQUEST_ATTRIBUTES;
pub use trace_file::{TraceFileError, TraceText};

pub use crate::wire::write_otlp_json;

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
    /// It answered something else than what it was asked for, or could not be asked at all.
    #[error("{what}; {next}")]
    Refused {
        /// The same for programs.
        class: Reason,
        /// What happened, with who was asked.
        what: String,
        /// What to do or to type.
        next: String,
    },
    /// A file of log lines could not be read.
    #[error("{0}")]
    File(std::io::Error),
    /// It is configured in a way that it cannot be asked.
    #[error("{1}")]
    Unusable(Reason, String),
    /// The expression to look for is none.
    #[error("the expression cannot be used: {0}")]
    Expression(regex::Error),
    /// The store's file could not be read.
    #[error("{}", .0.in_full())]
    Store(#[from] crate::store::StoreError),
}

impl SourceError {
    /// Says what is wrong with the configuration and what to do next.
    fn refused(what: String, next: &str) -> Self {
        Self::Refused { class: Reason::Config, what, next: next.to_owned() }
    }

    /// Says it in a check: without advice that is for those who ask for a stretch of time.
    pub fn in_a_check(&self) -> String {
        match self {
            Self::Refused { class: Reason::Timeout | Reason::TooLarge, what, .. } => what.clone(),
            other => other.to_string(),
        }
    }

    /// Returns what a check calls this.
    pub fn check_reason(&self) -> Reason {
        match self {
            Self::Http(error) => error.check_reason(),
            Self::NotReady(_) => Reason::Status,
            Self::NoToken(_) => Reason::AuthFailed,
            Self::Refused { class, .. } | Self::Unusable(class, _) => *class,
            Self::Expression(_) => Reason::Config,
            Self::Store(_) | Self::File(_) => Reason::Protocol,
        }
    }
}

/// A place that has some of the signals: one value a configured or found backend.
///
/// Each side is there or not; who asks looks first, so that nobody is asked for what it cannot have.
#[async_trait]
pub trait Backend: std::fmt::Debug + Send + Sync {
    /// Returns what to call it in answers: its kind and where it is.
    fn name(&self) -> String;

    /// Asks whether it works; returns what it said, in few words.
    async fn ping(&self) -> Result<String, SourceError>;

    /// Asks whether it works and does what it is there for; costs some requests more.
    async fn health(&self) -> Result<SourceHealth, SourceError> {
        Ok(SourceHealth { said: self.ping().await?, parts: Vec::new() })
    }

    /// Returns its side that has log lines.
    fn logs(&self) -> Option<&dyn LogSource> {
        None
    }

    /// Returns its side that has traces.
    fn traces(&self) -> Option<&dyn TraceSource> {
        None
    }

    /// Returns its side that computes metrics.
    fn metrics(&self) -> Option<&dyn MetricSource> {
        None
    }

    /// Returns its side that has errors.
    fn issues(&self) -> Option<&dyn IssueSource> {
        None
    }
}

/// Where log lines are.
#[async_trait]
pub trait LogSource: Send + Sync {
    /// Returns log lines.
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError>;

    /// Says whether a page after a position can hold lines again that an earlier page had.
    fn repeats(&self) -> bool {
        false
    }
}

/// Where traces are.
#[async_trait]
pub trait TraceSource: Send + Sync {
    /// Returns the spans of a trace; none when it is unknown there.
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError>;

    /// Returns the latest traces that meet the conditions.
    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError>;

    /// Returns the traces with a span that has the request id as an attribute; `None` where that
    /// cannot be asked.
    async fn of_request(&self, _: &Correlation) -> Result<Option<OfRequest>, SourceError> {
        Ok(None)
    }
}

/// The traces that have a request id as an attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfRequest {
    /// The traces, each once.
    pub traces: Vec<TraceId>,
    /// Why there may be more: not all was searched.
    pub incomplete: Option<String>,
}

/// Where metrics are computed.
#[async_trait]
pub trait MetricSource: Send + Sync {
    /// Returns the value of an expression.
    async fn query(&self, query: &MetricQuery) -> Result<MetricAnswer, SourceError>;

    /// Returns what is remembered of single observations of the series in an expression, over the
    /// times of a range; none at one moment, and of sources that keep none.
    async fn exemplars(&self, _: &MetricQuery) -> Result<Vec<MetricExemplar>, SourceError> {
        Ok(Vec::new())
    }
}

/// Where errors are.
#[async_trait]
pub trait IssueSource: Send + Sync {
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
