//! Issues and projects as the JSON of Sentry's web API.
//!
//! Source: docs.sentry.io, "Events & Issues"; `issues.md`, section 1.1.

use serde_json::{Map, Value, json};

use crate::model::{ErrorEvent, Exception, Issue, Severity, UnixNanos};

/// The one organization there is: whatever a client calls it, it asks this backend.
pub const ORGANIZATION: &str = "obs";

/// The errors of one service, as a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebProject {
    /// Its number.
    pub number: i64,
    /// The service: both name and slug.
    pub service: String,
    /// When its first event happened.
    pub first_event: UnixNanos,
}

/// Writes a project.
pub fn write_project(project: &WebProject) -> Value {
    json!({
        "id": project.number.to_string(),
        "slug": project.service,
        "name": project.service,
        "platform": null,
        "status": "active",
        "dateCreated": project.first_event,
        "firstEvent": project.first_event,
        "isMember": true,
        "hasAccess": true,
        "features": [],
        "teams": [],
        "organization": { "id": "1", "slug": ORGANIZATION, "name": ORGANIZATION },
    })
}

/// Writes an issue; `last` is its last event, for what only events say.
///
/// A count of events is text and one of users a number, as there. Nothing is ever resolved, and no
/// page shows an issue: the link is the one to ask for it again.
pub fn write_issue(
    issue: &Issue,
    number: i64,
    project: &WebProject,
    last: Option<&ErrorEvent>,
) -> Value {
    let (kind, metadata) = last.map_or(("default", json!({ "title": issue.title })), metadata);
    let mut written = json!({
        "id": number.to_string(),
        "shortId": issue.id,
        "title": issue.title,
        "culprit": issue.culprit,
        "permalink": format!("/api/0/issues/{number}/"),
        "level": level(issue.level),
        "status": "unresolved",
        "substatus": "ongoing",
        "statusDetails": {},
        "type": kind,
        "issueType": "error",
        "issueCategory": "error",
        "metadata": metadata,
        "project": { "id": project.number.to_string(), "slug": project.service,
            "name": project.service, "platform": last.and_then(platform) },
        "platform": last.and_then(platform),
        "isUnhandled": last.is_some_and(is_unhandled),
        "assignedTo": null,
        "annotations": [],
        "count": issue.events.to_string(),
        "userCount": issue.users,
        "firstSeen": issue.first_seen,
        "lastSeen": issue.last_seen,
    });
    if !issue.release.is_empty() {
        written["lastRelease"] = json!({ "version": issue.release });
    }
    written
}

/// Returns the type of an event, and what names its fault.
pub(super) fn metadata(event: &ErrorEvent) -> (&'static str, Value) {
    let Some(exception) = event.outermost() else {
        return ("default", json!({ "title": event.title() }));
    };
    let mut metadata = Map::new();
    metadata.insert("type".to_owned(), exception.kind.as_str().into());
    metadata.insert("value".to_owned(), exception.value.as_str().into());
    if let Some(frame) = exception.crash_frame() {
        metadata.insert("filename".to_owned(), frame.filename.as_str().into());
        metadata.insert("function".to_owned(), frame.function.as_str().into());
    }
    ("error", metadata.into())
}

/// Returns a level in Sentry's word for it.
pub(super) fn level(level: Option<Severity>) -> &'static str {
    match level {
        Some(Severity::Trace | Severity::Debug) => "debug",
        Some(Severity::Info) => "info",
        Some(Severity::Warn) => "warning",
        Some(Severity::Fatal) => "fatal",
        Some(Severity::Error) | None => "error",
    }
}

/// Returns the language that the sender named.
pub(super) fn platform(event: &ErrorEvent) -> Option<String> {
    let raw: Value = serde_json::from_str(event.raw.as_ref()?.get()).ok()?;
    Some(raw.get("platform")?.as_str()?.to_owned())
}

fn is_unhandled(event: &ErrorEvent) -> bool {
    event.exceptions.iter().any(|exception: &Exception| exception.handled == Some(false))
}
