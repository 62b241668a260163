//! Sentry's web API, one thing at a time: who answers, an issue, an event, an event as it was sent.
//!
//! Every token and every name of an organization is taken: the backend is one, and local. Source:
//! docs.sentry.io, "API Reference"; `issues.md`, section 1.1.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::ask;
use crate::model::{ErrorEvent, Issue};
use crate::serve::Backend;
use crate::serve::answer::Refusal;
use crate::store::{Reader, StoreError};
use crate::wire::{ORGANIZATION, WebProject, write_event, write_issue};

/// Sentry's words for what is not there.
const NOT_FOUND: &str = "The requested resource does not exist";

pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/0/", get(who))
        .route("/api/0/issues/{issue}/", get(issue))
        .route("/api/0/organizations/{organization}/issues/{issue}/", get(issue_of))
        .route("/api/0/issues/{issue}/events/{event}/", get(issue_event))
        .route(
            "/api/0/organizations/{organization}/issues/{issue}/events/{event}/",
            get(issue_event_of),
        )
        .route("/api/0/projects/{organization}/{project}/events/{event}/", get(event))
        .route("/api/0/projects/{organization}/{project}/events/{event}/json/", get(event_as_sent))
        .route("/api/0/organizations/{organization}/eventids/{event}/", get(event_id))
}

/// An error in Sentry's shape.
#[derive(Debug)]
pub(super) struct Failed(StatusCode, String);

impl Failed {
    /// There is no such thing.
    pub(super) fn not_found() -> Self {
        Self(StatusCode::NOT_FOUND, NOT_FOUND.to_owned())
    }

    /// The question is not understood.
    pub(super) fn bad(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "detail": self.1 }))).into_response()
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.status().0, refusal.message())
    }
}

/// All services that have errors; read once for a question.
#[derive(Debug)]
pub(super) struct Projects(pub(super) Vec<WebProject>);

impl Projects {
    pub(super) fn read(reader: &Reader) -> Result<Self, StoreError> {
        let found = reader.projects()?.into_iter().map(|project| WebProject {
            number: project.number,
            service: project.service,
            first_event: project.first_event,
        });
        Ok(Self(found.collect()))
    }

    /// Finds one by its service's name or its number.
    pub(super) fn find(&self, id: &str) -> Option<&WebProject> {
        self.0.iter().find(|project| project.service == id || project.number.to_string() == id)
    }

    /// Writes an event with the numbers of its issue and project.
    pub(super) fn event(
        &self,
        reader: &Reader,
        event: &ErrorEvent,
    ) -> Result<Option<Value>, StoreError> {
        let Some(issue) = reader.numbered_issue(&event.issue_id)? else { return Ok(None) };
        let project = self.find(&issue.service).map_or(issue.number, |project| project.number);
        Ok(Some(write_event(event, issue.number, project)))
    }

    /// Writes an issue with what its last event says.
    pub(super) fn issue(
        &self,
        reader: &Reader,
        issue: &Issue,
    ) -> Result<Option<Value>, StoreError> {
        let Some(numbered) = reader.numbered_issue(&issue.id)? else { return Ok(None) };
        let Some(project) = self.find(&issue.service) else { return Ok(None) };
        let last = reader.issue_events(&issue.id, 1)?;
        Ok(Some(write_issue(issue, numbered.number, project, last.first())))
    }
}

/// Answers what `sentry-cli info` asks before anything else.
async fn who() -> Json<Value> {
    Json(json!({ "version": "0", "user": null,
        "auth": { "scopes": ["event:read", "org:read", "project:read"] } }))
}

async fn issue(
    State(backend): State<Arc<Backend>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failed> {
    let asked = ask(&backend, move |reader| {
        let Some(numbered) = reader.numbered_issue(&id)? else { return Ok(None) };
        let Some(issue) = reader.issue(&numbered.id)? else { return Ok(None) };
        Projects::read(reader)?.issue(reader, &issue)
    });
    asked.await?.map(Json).ok_or_else(Failed::not_found)
}

async fn issue_of(
    backend: State<Arc<Backend>>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Failed> {
    issue(backend, Path(id)).await
}

/// An event of an issue by its id, or `latest`, `recommended`, `oldest`.
async fn issue_event(
    State(backend): State<Arc<Backend>>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Json<Value>, Failed> {
    let asked = ask(&backend, move |reader| {
        let Some(issue) = reader.numbered_issue(&issue)? else { return Ok(None) };
        let found = match event.as_str() {
            "latest" | "recommended" => reader.issue_events(&issue.id, 1)?.pop(),
            "oldest" => reader.oldest_event(&issue.id)?,
            id => reader.event(id)?.filter(|event| event.issue_id == issue.id),
        };
        let Some(found) = found else { return Ok(None) };
        Projects::read(reader)?.event(reader, &found)
    });
    asked.await?.map(Json).ok_or_else(Failed::not_found)
}

async fn issue_event_of(
    backend: State<Arc<Backend>>,
    Path((_, issue, event)): Path<(String, String, String)>,
) -> Result<Json<Value>, Failed> {
    issue_event(backend, Path((issue, event))).await
}

async fn event(
    State(backend): State<Arc<Backend>>,
    Path((_, project, id)): Path<(String, String, String)>,
) -> Result<Json<Value>, Failed> {
    let asked = ask(&backend, move |reader| {
        let projects = Projects::read(reader)?;
        let Some(event) = of_project(reader, &projects, &project, &id)? else { return Ok(None) };
        projects.event(reader, &event)
    });
    asked.await?.map(Json).ok_or_else(Failed::not_found)
}

/// Answers with the very bytes that the client sent.
async fn event_as_sent(
    State(backend): State<Arc<Backend>>,
    Path((_, project, id)): Path<(String, String, String)>,
) -> Result<Response, Failed> {
    let asked = ask(&backend, move |reader| {
        let projects = Projects::read(reader)?;
        match of_project(reader, &projects, &project, &id)? {
            Some(event) => reader.raw_event(&event.event_id),
            None => Ok(None),
        }
    });
    let raw = asked.await?.ok_or_else(Failed::not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], raw).into_response())
}

/// Says which issue an event belongs to.
async fn event_id(
    State(backend): State<Arc<Backend>>,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<Value>, Failed> {
    let asked = ask(&backend, move |reader| {
        let Some(event) = reader.event(&id)? else { return Ok(None) };
        let projects = Projects::read(reader)?;
        let Some(written) = projects.event(reader, &event)? else { return Ok(None) };
        let service = reader.numbered_issue(&event.issue_id)?.map(|issue| issue.service);
        Ok(Some(json!({ "organizationSlug": ORGANIZATION, "projectSlug": service,
            "groupId": written["groupID"], "eventId": event.event_id, "event": written })))
    });
    asked.await?.map(Json).ok_or_else(Failed::not_found)
}

/// Finds an event, if it is one of this project.
fn of_project(
    reader: &Reader,
    projects: &Projects,
    project: &str,
    id: &str,
) -> Result<Option<ErrorEvent>, StoreError> {
    let Some(event) = reader.event(id)? else { return Ok(None) };
    let service = reader.numbered_issue(&event.issue_id)?.map(|issue| issue.service);
    let wanted = projects.find(project).map(|project| &project.service);
    Ok(Some(event).filter(|_| service.is_some() && service.as_ref() == wanted))
}
