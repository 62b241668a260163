//! `POST /_bulk` and `/{index}/_bulk`: what Filebeat, Logstash, Fluent Bit and Vector send to
//! Elasticsearch.
//!
//! A line with the action, a line with the document; each gets its own outcome in the answer. Documents
//! are created or indexed, never changed or removed. Source: Elasticsearch 8, "Bulk API".

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::{self, Refusal};
use super::super::intake::Sent;
use super::super::{Backend, intake};
use super::{add_field, batch, read, store_in_parts};
use crate::model::LogRecord;
use crate::store::Record;
use crate::wire::WireError;

/// The most documents of one request.
const DOCUMENTS_MAX: usize = 100_000;

/// The clients refuse to speak to what does not say this.
const PRODUCT: (HeaderName, &str) = (HeaderName::from_static("x-elastic-product"), "Elasticsearch");

/// The version whose bulk interface this is.
const VERSION: &str = "8.17.0";

/// `GET /`: the product for clients of Elasticsearch, the help for everybody else.
pub(in super::super) async fn root(headers: HeaderMap) -> Response {
    let is = |name: &str, words: &[&str]| {
        let value = intake::text(&headers, name).unwrap_or("").to_ascii_lowercase();
        words.iter().any(|word| value.contains(word))
    };
    let shippers = ["beat", "elastic", "logstash", "fluent", "vector"];
    if !is(header::ACCEPT.as_str(), &["vnd.elasticsearch"])
        && !is(header::USER_AGENT.as_str(), &shippers)
    {
        return answer::help().into_response();
    }
    let version = json!({ "number": VERSION, "build_flavor": "default",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0" });
    let product = json!({ "name": "obs", "cluster_name": "obs", "cluster_uuid": "obs",
        "version": version, "tagline": "You Know, for Search" });
    ([PRODUCT], Json(product)).into_response()
}

/// `GET /_license`: Beats ask before they send.
pub(super) async fn license() -> Response {
    let license = json!({ "license": { "status": "active", "uid": "obs", "type": "basic" } });
    ([PRODUCT], Json(license)).into_response()
}

/// Stores the documents of a request that names their index itself.
pub(super) async fn bulk(
    State(backend): State<Arc<Backend>>,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    take(&backend, &headers, sent, String::new()).await
}

/// Stores the documents of a request whose path names the index.
pub(super) async fn bulk_into(
    State(backend): State<Arc<Backend>>,
    Path(index): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Response {
    take(&backend, &headers, sent, index).await
}

async fn take(backend: &Backend, headers: &HeaderMap, sent: Sent, index: String) -> Response {
    let received = intake::now();
    let decode = move |body: &[u8]| {
        let Bulk { records, items, errors } = Bulk::read(body, &index)?;
        Ok((batch(records, body, received), items, errors))
    };
    let stored = async {
        let (records, items, errors): (Vec<Record>, _, _) =
            intake::read(headers, sent, decode).await?;
        store_in_parts(backend, records).await?;
        Ok((items, errors))
    };
    match stored.await {
        Ok((items, errors)) => {
            if errors > 0 {
                backend.counts.rejected("log", "not_a_document", errors);
            }
            let answer = json!({ "took": 0, "errors": errors > 0, "items": items });
            ([PRODUCT], Json(answer)).into_response()
        }
        Err(refusal) => refuse(&refusal),
    }
}

/// Answers a whole request in the shape that Elasticsearch's clients read.
fn refuse(refusal: &Refusal) -> Response {
    let (status, _) = refusal.status();
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => "es_rejected_execution_exception",
        StatusCode::BAD_REQUEST => "illegal_argument_exception",
        _ => "exception",
    };
    let cause = json!({ "type": kind, "reason": refusal.message() });
    let error = json!({ "root_cause": [cause], "type": kind, "reason": refusal.message() });
    let answer = json!({ "error": error, "status": status.as_u16() });
    let mut response = (status, [PRODUCT], Json(answer)).into_response();
    refusal.dress(&mut response);
    response
}

/// What stands beside an action's name.
#[derive(Debug, Default, Deserialize)]
struct Action {
    #[serde(rename = "_index")]
    index: Option<String>,
    #[serde(rename = "_id")]
    id: Option<String>,
}

/// What a request holds, and what is answered about each of it.
#[derive(Debug, Default)]
struct Bulk {
    records: Vec<LogRecord>,
    items: Vec<Value>,
    errors: u64,
}

impl Bulk {
    /// Errs when an action cannot be read: what follows it might be anything.
    fn read(body: &[u8], index: &str) -> Result<Self, WireError> {
        let mut bulk = Self::default();
        let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let mut lines = lines.filter(|line| !line.is_empty());
        while let Some(line) = lines.next() {
            if bulk.items.len() == DOCUMENTS_MAX {
                return Err(WireError::Push("more than 100000 documents"));
            }
            let actions: BTreeMap<String, Action> = serde_json::from_slice(line)
                .map_err(|error| WireError::Json(format!("malformed action line: {error}")))?;
            let mut actions = actions.into_iter();
            let (Some((name, action)), None) = (actions.next(), actions.next()) else {
                return Err(WireError::Push("a line with one action was expected"));
            };
            let document = match name.as_str() {
                "create" | "index" | "update" => lines.next(),
                "delete" => None,
                _ => return Err(WireError::Push("an action is create or index")),
            };
            bulk.take(&name, action, document, index);
        }
        if bulk.items.is_empty() {
            return Err(WireError::Push("there is no action in it"));
        }
        Ok(bulk)
    }

    fn take(&mut self, name: &str, action: Action, document: Option<&[u8]>, index: &str) {
        let index = action.index.unwrap_or_else(|| index.to_owned());
        let record = document.filter(|_| name != "update").map(read);
        let is_document = document.is_some_and(|line| {
            line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
        });
        let outcome = if let Some(mut record) = record.filter(|_| is_document) {
            if !index.is_empty() {
                add_field(&mut record, "_index", &index);
            }
            self.records.push(record);
            let id = action.id.unwrap_or_else(|| self.items.len().to_string());
            json!({ "_index": index, "_id": id, "_version": 1, "result": "created", "status": 201 })
        } else {
            self.errors += 1;
            let reason = match name {
                "update" | "delete" => "logs are neither changed nor removed",
                _ => "a document is one JSON object on one line",
            };
            let error = json!({ "type": "document_parsing_exception", "reason": reason });
            json!({ "_index": index, "_id": action.id, "status": 400, "error": error })
        };
        self.items.push(json!({ name: outcome }));
    }
}
