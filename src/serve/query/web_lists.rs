//! Sentry's web API, its lists: organizations, projects, issues, events; page by page.
//!
//! Source: docs.sentry.io, "Paginating Results"; `issues.md`, section 1.1.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::ask;
use super::parameters::Parameters;
use super::web::{Failed, Projects};
use super::web_search::IssueSearch;
use crate::serve::{Backend, intake};
use crate::store::{Reader, StoreError};
use crate::wire::{ORGANIZATION, write_project};

/// How many are on a page when the question does not say, and at the most.
const PAGE_MAX: usize = 100;

/// How many issues one question looks at, the latest.
const ISSUES_SEARCHED_MAX: u32 = 10_000;

/// How far into a list a cursor may lead.
const OFFSET_MAX: usize = 10_000;

pub(super) fn routes() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/0/organizations/", get(organizations))
        .route("/api/0/projects/", get(all_projects))
        .route("/api/0/organizations/{organization}/projects/", get(all_projects))
        .route("/api/0/organizations/{organization}/issues/", get(issues))
        .route("/api/0/projects/{organization}/{project}/issues/", get(project_issues))
        .route("/api/0/projects/{organization}/{project}/events/", get(project_events))
        .route("/api/0/issues/{issue}/events/", get(issue_events))
        .route("/api/0/organizations/{organization}/issues/{issue}/events/", get(issue_events_of))
}

/// Which part of a list, and where the list is.
#[derive(Debug)]
struct Page {
    offset: usize,
    limit: usize,
    address: String,
    parameters: Parameters,
}

impl Page {
    /// Reads `cursor` (`0:100:0`: the second number counts) and `limit` or `per_page`.
    fn read(parameters: Parameters, uri: &Uri, headers: &HeaderMap) -> Result<Self, Failed> {
        let number = |text: &str| text.parse::<usize>().ok();
        let offset = match parameters.get(&["cursor"]) {
            None => 0,
            Some(cursor) => cursor
                .split(':')
                .nth(1)
                .and_then(number)
                .filter(|offset| *offset <= OFFSET_MAX)
                .ok_or_else(|| Failed::bad("Invalid cursor parameter."))?,
        };
        let limit = match parameters.get(&["limit", "per_page"]) {
            None => PAGE_MAX,
            Some(text) => number(text)
                .filter(|limit| (1..=PAGE_MAX).contains(limit))
                .ok_or_else(|| Failed::bad(format!("Invalid limit: 1 to {PAGE_MAX}")))?,
        };
        let host = intake::text(headers, header::HOST.as_str()).unwrap_or("localhost");
        let address = format!("http://{host}{}", uri.path());
        Ok(Self { offset, limit, address, parameters })
    }

    /// Answers with what was found from `offset` on, one more than the page holds where there is more.
    fn answer(&self, mut found: Vec<Value>) -> Response {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let link = |relation: &str, results: bool, offset: usize, back: u8| {
            let cursor = format!("0:{offset}:{back}");
            let query = self.parameters.with("cursor", &cursor);
            let address = &self.address;
            format!(
                "<{address}?{query}>; rel=\"{relation}\"; results=\"{results}\"; cursor=\"{cursor}\""
            )
        };
        let before = self.offset.saturating_sub(self.limit);
        let previous = link("previous", self.offset > 0, before, 1);
        let next = link("next", more, self.offset.saturating_add(self.limit), 0);
        let mut response = Json(found).into_response();
        if let Ok(value) = HeaderValue::from_str(&format!("{previous}, {next}")) {
            response.headers_mut().insert(header::LINK, value);
        }
        response
    }
}

async fn organizations(
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let page = Page::read(parameters, &uri, &headers)?;
    let only = json!({ "id": "1", "slug": ORGANIZATION, "name": ORGANIZATION,
        "isEarlyAdopter": false, "require2FA": false, "features": [],
        "status": { "id": "active", "name": "active" } });
    Ok(page.answer([only].into_iter().skip(page.offset).collect()))
}

async fn all_projects(
    State(backend): State<Arc<Backend>>,
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let page = Page::read(parameters, &uri, &headers)?;
    let found = ask(&backend, Projects::read).await?;
    let shown = found.0.iter().skip(page.offset).take(page.limit + 1).map(write_project);
    Ok(page.answer(shown.collect()))
}

async fn issues(
    State(backend): State<Arc<Backend>>,
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let named: Vec<&str> = parameters.all("project").filter(|project| *project != "-1").collect();
    match named.as_slice() {
        [] => issues_of(&backend, None, Page::read(parameters, &uri, &headers)?).await,
        [project] => {
            let project = Some((*project).to_owned());
            issues_of(&backend, project, Page::read(parameters, &uri, &headers)?).await
        }
        _ => Err(Failed::bad("Invalid project parameter: one, or -1 for all")),
    }
}

async fn project_issues(
    State(backend): State<Arc<Backend>>,
    Path((_, project)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failed> {
    issues_of(&backend, Some(project), Page::read(parameters, &uri, &headers)?).await
}

async fn issues_of(
    backend: &Arc<Backend>,
    only: Option<String>,
    page: Page,
) -> Result<Response, Failed> {
    let search = IssueSearch::read(&page.parameters, intake::now()).map_err(Failed::bad)?;
    let (offset, limit) = (page.offset, page.limit);
    let asked = ask(backend, move |reader| {
        let projects = Projects::read(reader)?;
        let service = match &only {
            None => None,
            Some(only) => match projects.find(only) {
                None => return Ok(None),
                Some(project) => Some(project.service.as_str()),
            },
        };
        let issues = search.find(reader, service, ISSUES_SEARCHED_MAX)?;
        let mut shown = Vec::new();
        for issue in issues.iter().skip(offset).take(limit + 1) {
            shown.extend(projects.issue(reader, issue)?);
        }
        Ok(Some(shown))
    });
    Ok(page.answer(asked.await?.ok_or_else(Failed::not_found)?))
}

async fn project_events(
    State(backend): State<Arc<Backend>>,
    Path((_, only)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let page = events_page(parameters, &uri, &headers)?;
    let (offset, limit) = (page.offset, page.limit);
    let asked = ask(&backend, move |reader| {
        let projects = Projects::read(reader)?;
        let Some(project) = projects.find(&only) else { return Ok(None) };
        let events = reader.service_events(&project.service, offset, limit + 1)?;
        write_all(reader, &projects, events.iter()).map(Some)
    });
    Ok(page.answer(asked.await?.ok_or_else(Failed::not_found)?))
}

async fn issue_events(
    State(backend): State<Arc<Backend>>,
    Path(issue): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failed> {
    let page = events_page(parameters, &uri, &headers)?;
    let (offset, limit) = (page.offset, page.limit);
    let asked = ask(&backend, move |reader| {
        let Some(issue) = reader.numbered_issue(&issue)? else { return Ok(None) };
        let most = u32::try_from(offset + limit + 1).unwrap_or(u32::MAX);
        let events = reader.issue_events(&issue.id, most)?;
        write_all(reader, &Projects::read(reader)?, events.iter().skip(offset)).map(Some)
    });
    Ok(page.answer(asked.await?.ok_or_else(Failed::not_found)?))
}

async fn issue_events_of(
    backend: State<Arc<Backend>>,
    Path((_, issue)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failed> {
    issue_events(backend, Path(issue), uri, headers, parameters).await
}

/// Lists of events are not searched: what would narrow them is refused.
fn events_page(parameters: Parameters, uri: &Uri, headers: &HeaderMap) -> Result<Page, Failed> {
    let known = ["cursor", "limit", "per_page", "full", "sample"];
    match parameters.unknown(&known) {
        Some(unknown) => {
            Err(Failed::bad(format!("Invalid parameter: `{unknown}` is not supported here")))
        }
        None => Page::read(parameters, uri, headers),
    }
}

fn write_all<'a>(
    reader: &Reader,
    projects: &Projects,
    events: impl Iterator<Item = &'a crate::model::ErrorEvent>,
) -> Result<Vec<Value>, StoreError> {
    events.filter_map(|event| projects.event(reader, event).transpose()).collect()
}
