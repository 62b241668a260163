//! `/api/{project}/security/`: browsers' reports; `/minidump/`: crash dumps.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse as _, Response};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::super::answer::Refusal;
use super::super::intake::Sent;
use super::super::{Backend, intake};
use super::answer::{accepted, refused};
use super::target::target;
use crate::model::Item;
use crate::store::Record;
use crate::wire::decode_security_report;

/// What the address says that a page reports to.
#[derive(Debug, Deserialize)]
pub(super) struct Deployed {
    #[serde(default)]
    sentry_release: String,
    #[serde(default)]
    sentry_environment: String,
}

/// Stores a browser's reports about its content security policy as error events.
pub(super) async fn security(
    State(backend): State<Arc<Backend>>,
    Query(deployed): Query<Deployed>,
    headers: HeaderMap,
    sent: Result<Sent, Refusal>,
) -> Response {
    let stored = async {
        let received = intake::now();
        let decode = move |body: &[u8]| {
            let id = || Uuid::new_v4().simple().to_string();
            let Deployed { sentry_release: release, sentry_environment: environment } = &deployed;
            let events = decode_security_report(body, release, environment, received, id)?;
            let record = |(event, raw): (_, &[u8])| Record::Event(Box::new(event), raw.to_vec());
            Ok(events.into_iter().map(record).collect::<Vec<_>>())
        };
        let records = intake::read(&headers, sent?, decode).await?;
        let id = records.iter().find_map(|record| match record {
            Record::Event(event, _) => Some(event.event_id.clone()),
            _ => None,
        });
        intake::store(&backend, records).await?;
        Ok(id)
    };
    match stored.await {
        Ok(id) => accepted(id.as_deref()),
        Err(refusal) => {
            if matches!(refusal, Refusal::Malformed(_)) {
                backend.counts.rejected("event", "malformed", 1);
            }
            refused(&refusal, &[])
        }
    }
}

/// Keeps a crash dump as it was posted, as an attachment; what is in it is not read.
///
/// Answers with the dump's id as text, as crash handlers write it into their own log.
pub(super) async fn minidump(
    State(backend): State<Arc<Backend>>,
    uri: Uri,
    headers: HeaderMap,
    sent: Result<Sent, Refusal>,
) -> Response {
    let project = target(uri.path()).map(|target| target.project).unwrap_or_default();
    let stored = async {
        let received = intake::now();
        let content_type = intake::text(&headers, header::CONTENT_TYPE.as_str()).unwrap_or("");
        let content_type = content_type.to_owned();
        let decode = move |body: &[u8]| {
            let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
                digest(&SHA256, body).as_ref().try_into().unwrap_or([0_u8; 32]);
            let id = Uuid::from_bytes(id);
            let header = json!({ "type": "attachment", "attachment_type": "event.minidump",
                "content_type": content_type, "length": body.len() });
            let item = Item {
                kind: "attachment".to_owned(),
                project,
                event_id: Some(id.simple().to_string()),
                received,
                header: header.to_string(),
                payload: body.to_vec(),
            };
            Ok((!body.is_empty()).then_some((id, item)))
        };
        let Some((id, item)) = intake::read(&headers, sent?, decode).await? else {
            return Err(Refusal::Malformed("there is no dump in the request".to_owned()));
        };
        intake::store(&backend, vec![Record::Item(Box::new(item))]).await?;
        Ok(id)
    };
    match stored.await {
        Ok(id) => id.hyphenated().to_string().into_response(),
        Err(refusal) => refused(&refusal, &[]),
    }
}
