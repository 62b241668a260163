//! The embedded backend: asked over HTTP where it runs, else its file is read.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::StatusCode;

use super::{Backend, IssueSource, LogSource, SourceError, TraceSource};
use crate::config::running::RunningBackend;
use crate::http::{Http, HttpError};
use crate::model::{
    Correlation, ErrorEvent, Failure, FoundTrace, Issue, LogPage, LogQuery, Reason, TraceId,
    TraceList, TraceSearch, UnixNanos,
};
use crate::store::{Reader, StoreError};
use crate::wire::backend::{EventPage, FailurePage, Health, IssueDetail, IssuePage, TracePage};

/// Where the query interface lies below the backend's address.
const QUERY: [&str; 3] = ["api", "obs", "v1"];

/// A backend that runs.
#[derive(Debug)]
pub struct Served {
    http: Arc<Http>,
    url: String,
    command: String,
}

impl Served {
    /// A backend at an address that the user gave.
    pub fn at(http: Arc<Http>, url: String) -> Self {
        Self { http, url, command: "backend".to_owned() }
    }

    /// A backend that announced itself, if it still answers to its own word; one that is only too
    /// slow is still there, and whoever asks it will be told.
    pub async fn announced(http: &Arc<Http>, running: RunningBackend) -> Option<Self> {
        let health: Result<Health, HttpError> = http.get(&running.url, &["healthz"], &[]).await;
        let there = match health {
            Ok(health) => health.instance == running.instance,
            Err(HttpError::NoAnswer { class, .. }) => class == Reason::Timeout,
            Err(_) => false,
        };
        there.then(|| Self { http: Arc::clone(http), url: running.url, command: running.command })
    }
}

#[async_trait]
impl Backend for Served {
    fn name(&self) -> String {
        format!("{} at {}", self.command, crate::model::mask_text(&self.url))
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let ready: Result<Readiness, HttpError> = self.http.get(&self.url, &["readyz"], &[]).await;
        match ready {
            Ok(ready) => Ok(format!("answers \"{}\"", ready.status)),
            Err(HttpError::Status { status: StatusCode::NOT_FOUND, .. }) => {
                // One of before that page.
                let health: Health = self.http.get(&self.url, &["healthz"], &[]).await?;
                Ok(format!("answers \"{}\"", health.status))
            }
            Err(HttpError::Status { status: StatusCode::SERVICE_UNAVAILABLE, body, .. }) => {
                Err(SourceError::NotReady(failing(&body)))
            }
            Err(error @ HttpError::Status { status: StatusCode::UNAUTHORIZED, .. }) => {
                Err(SourceError::NoToken(error))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        Some(self)
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }

    fn issues(&self) -> Option<&dyn IssueSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for Served {
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
        let trace_id = trace_id.to_string();
        let path = [&QUERY[..], &["traces", &trace_id]].concat();
        let page: TracePage = self.http.get(&self.url, &path, &[]).await?;
        Ok(page.spans.into())
    }

    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError> {
        let path = [&QUERY[..], &["traces"]].concat();
        Ok(self.http.post(&self.url, &path, search).await?)
    }
}

#[async_trait]
impl LogSource for Served {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError> {
        let path = [&QUERY[..], &["logs"]].concat();
        Ok(self.http.post(&self.url, &path, query).await?)
    }
}

#[async_trait]
impl IssueSource for Served {
    async fn events(&self, ids: &[Correlation]) -> Result<Vec<ErrorEvent>, SourceError> {
        let path = [&QUERY[..], &["events"]].concat();
        let keys: Vec<String> = ids.iter().map(Correlation::key).collect();
        let page: EventPage = self.http.post(&self.url, &path, &keys).await?;
        Ok(page.events)
    }

    async fn failures(&self, since: UnixNanos, limit: u32) -> Result<Vec<Failure>, SourceError> {
        let path = [&QUERY[..], &["failures"]].concat();
        let query = [("since_ns", since.0.to_string()), ("limit", limit.to_string())];
        let page: FailurePage = self.http.get(&self.url, &path, &query).await?;
        Ok(page.failures)
    }

    async fn issues(&self, since: UnixNanos, limit: u32) -> Result<Vec<Issue>, SourceError> {
        let path = [&QUERY[..], &["issues"]].concat();
        let query = [("since_ns", since.0.to_string()), ("limit", limit.to_string())];
        let page: IssuePage = self.http.get(&self.url, &path, &query).await?;
        Ok(page.issues)
    }

    async fn issue(
        &self,
        id: &str,
        limit: u32,
    ) -> Result<Option<(Issue, Vec<ErrorEvent>)>, SourceError> {
        let path = [&QUERY[..], &["issues", id]].concat();
        let query = [("limit", limit.to_string())];
        let detail: IssueDetail = self.http.get(&self.url, &path, &query).await?;
        Ok(detail.issue.map(|issue| (issue, detail.events)))
    }
}

/// The answer of `/readyz`.
#[derive(Debug, serde::Deserialize)]
struct Readiness {
    status: String,
    #[serde(default)]
    components: serde_json::Map<String, serde_json::Value>,
}

/// Returns the words of the components that fail; of a page that is none of ours, its beginning.
fn failing(body: &str) -> String {
    let ready: Option<Readiness> = serde_json::from_str(body).ok();
    let components = ready.map(|ready| ready.components).unwrap_or_default();
    let error = |(name, part): (&String, &serde_json::Value)| {
        part["error"].as_str().map(|error| format!("{name}: {}", crate::model::mask_text(error)))
    };
    let failing: Vec<String> = components.iter().filter_map(error).collect();
    if failing.is_empty() {
        let first = body.lines().next().unwrap_or_default();
        return format!("it answered 503 {}", crate::model::mask_text(first)).trim_end().to_owned();
    }
    failing.join("; ")
}

/// The file of a backend that does not run.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// The file.
    pub path: PathBuf,
}

impl StoredFile {
    /// Asks the store on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let path = self.path.clone();
        let asked = tokio::task::spawn_blocking(move || question(&Reader::open(&path)?));
        Ok(asked.await.map_err(|_| StoreError::Closed)??)
    }
}

#[async_trait]
impl Backend for StoredFile {
    fn name(&self) -> String {
        format!("store {}", self.path.display())
    }

    async fn ping(&self) -> Result<String, SourceError> {
        self.ask(|_| Ok("can be read".to_owned())).await
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        Some(self)
    }

    fn traces(&self) -> Option<&dyn TraceSource> {
        Some(self)
    }

    fn issues(&self) -> Option<&dyn IssueSource> {
        Some(self)
    }
}

#[async_trait]
impl TraceSource for StoredFile {
    async fn trace(&self, trace_id: TraceId) -> Result<FoundTrace, SourceError> {
        Ok(self.ask(move |reader| reader.trace(trace_id)).await?.into())
    }

    async fn search(&self, search: &TraceSearch) -> Result<TraceList, SourceError> {
        let search = search.clone();
        self.ask(move |reader| reader.list_traces(&search)).await
    }
}

#[async_trait]
impl LogSource for StoredFile {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError> {
        let query = query.clone();
        self.ask(move |reader| reader.logs(&query)).await
    }
}

#[async_trait]
impl IssueSource for StoredFile {
    async fn events(&self, ids: &[Correlation]) -> Result<Vec<ErrorEvent>, SourceError> {
        let keys: Vec<String> = ids.iter().map(Correlation::key).collect();
        self.ask(move |reader| reader.events_of(&keys)).await
    }

    async fn failures(&self, since: UnixNanos, limit: u32) -> Result<Vec<Failure>, SourceError> {
        self.ask(move |reader| reader.failures(since, limit)).await
    }

    async fn issues(&self, since: UnixNanos, limit: u32) -> Result<Vec<Issue>, SourceError> {
        self.ask(move |reader| reader.issues(since, limit)).await
    }

    async fn issue(
        &self,
        id: &str,
        limit: u32,
    ) -> Result<Option<(Issue, Vec<ErrorEvent>)>, SourceError> {
        let id = id.to_owned();
        self.ask(move |reader| {
            let issue = reader.issue(&id)?;
            let events = reader.issue_events(&id, limit)?;
            Ok(issue.map(|issue| (issue, events)))
        })
        .await
    }
}

#[cfg(test)]
mod tests;
