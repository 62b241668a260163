//! Recorded envelopes of three clients, and envelopes that are damaged.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::model::ErrorEvent;
use crate::wire::{Encodings, inflate};

/// A recorded envelope: its file, how it was sent, its body.
pub(super) struct Posted {
    pub(super) name: String,
    meta: Value,
    body: Vec<u8>,
}

impl Posted {
    /// Returns the items, each with its header, cut without the code that is tested.
    pub(super) fn items(&self) -> Vec<(Value, Vec<u8>)> {
        let encodings = Encodings::default().or_by_magic(&self.body);
        let plain = inflate(&self.body, &encodings, 1 << 20).unwrap();
        let line = |rest: &[u8]| rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let mut rest = plain.get(line(&plain) + 1..).unwrap_or_default();
        let mut items = Vec::new();
        while !rest.is_empty() {
            let (header, after) = rest.split_at(line(rest));
            let header: Value = serde_json::from_slice(header).unwrap();
            let after = &after[1..];
            let length = header["length"].as_u64().map(|length| usize::try_from(length).unwrap());
            let (payload, after) = after.split_at(length.unwrap_or_else(|| line(after)));
            items.push((header, payload.to_vec()));
            rest = after.get(1..).unwrap_or_default();
        }
        items
    }

    /// Returns the payload of its error event; `None` when it holds other things.
    fn event(&self) -> Option<Vec<u8>> {
        self.items().into_iter().find(|(header, _)| header["type"] == "event").map(|item| item.1)
    }

    fn request(&self) -> Request<Body> {
        recorded(&self.meta, self.meta["path"].as_str().unwrap(), self.body.clone())
    }

    pub(super) async fn send(&self, served: &Served) -> Answer {
        served.send(self.request()).await
    }
}

/// Returns the envelopes of one client in the order sent.
pub(super) fn envelopes(client: &str) -> Vec<Posted> {
    let folder = fixture("sentry").join(client);
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> =
        names.filter_map(|name| Some(name.to_str()?.strip_suffix(".body")?.to_owned())).collect();
    names.sort();
    let read = |name: String| Posted {
        meta: serde_json::from_slice(
            &std::fs::read(folder.join(format!("{name}.headers.json"))).unwrap(),
        )
        .unwrap(),
        body: std::fs::read(folder.join(format!("{name}.body"))).unwrap(),
        name,
    };
    names.into_iter().map(read).collect()
}

fn events_of(served: &Served, id: &str) -> Vec<ErrorEvent> {
    served.reader().events_of(&[id.to_owned()]).unwrap()
}

/// What a client's recorded envelopes hold, in items.
const RECORDED: [(&str, usize, usize); 3] = [("python", 21, 24), ("node", 8, 8), ("rust", 4, 4)];

#[tokio::test]
async fn every_recorded_envelope_is_taken_and_its_raw_event_comes_back_byte_for_byte() {
    for ((client, envelopes_sent, _), events_sent) in RECORDED.into_iter().zip([15, 2, 3]) {
        let served = Served::new();
        let all = envelopes(client);
        assert_eq!(all.len(), envelopes_sent);
        let mut events = 0;
        for posted in all {
            let answer = posted.send(&served).await;
            assert_eq!(answer.status, StatusCode::OK, "{client} {}", posted.name);
            let Some(payload) = posted.event() else { continue };
            events += 1;
            let sent: Value = serde_json::from_slice(&payload).unwrap();
            let id = sent["event_id"].as_str().unwrap().replace('-', "");
            assert_eq!(answer.json(), json!({ "id": id }));
            let raw = served.reader().raw_event(&id).unwrap();
            assert!(raw == Some(payload), "{client} {}: byte for byte", posted.name);
            let found = events_of(&served, sent["tags"]["request_id"].as_str().unwrap());
            let found = found.iter().find(|event| event.event_id == id).unwrap();
            let shown: Value = serde_json::from_str(found.raw.as_ref().unwrap().get()).unwrap();
            assert_eq!(shown, sent);
        }
        assert_eq!(events, events_sent, "{client}");
    }
}

#[tokio::test]
async fn an_event_is_asked_for_by_any_spelling_of_its_id() {
    let served = Served::new();
    post(&served, &format!("{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"event\"}}\n{{ }}")).await;
    for id in [ID, "9EC79C33-EC99-42AB-8353-589FCB2E04DC"] {
        assert_eq!(served.reader().raw_event(id).unwrap().as_deref(), Some(&b"{ }"[..]), "{id}");
    }
    for id in ["", "no id", "018f3c1e9b7a7c448d215a0b6f4e2d12"] {
        assert_eq!(served.reader().raw_event(id).unwrap(), None, "{id}");
    }
}

/// Returns the items that are kept as they are: kind, header, payload.
pub(super) fn kept(served: &Served) -> Vec<(String, Value, Vec<u8>)> {
    let connection = rusqlite::Connection::open(served.store()).unwrap();
    let mut statement =
        connection.prepare("SELECT kind, header, payload FROM items ORDER BY id").unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)))
        .unwrap();
    rows.map(|row| {
        let (kind, header, payload) = row.unwrap();
        (kind, serde_json::from_str(&header).unwrap(), payload)
    })
    .collect()
}

#[tokio::test]
async fn every_other_recorded_item_is_kept_byte_for_byte_or_read() {
    let mut read = BTreeMap::new();
    for (client, _, items_sent) in RECORDED {
        let served = Served::new();
        let mut expected = Vec::new();
        let mut items = 0;
        for posted in envelopes(client) {
            posted.send(&served).await;
            for (header, payload) in posted.items() {
                items += 1;
                let kind = header["type"].as_str().unwrap().to_owned();
                match kind.as_str() {
                    "event" | "transaction" | "span" | "log" => *read.entry(kind).or_insert(0) += 1,
                    _ => expected.push((kind, header, payload)),
                }
            }
        }
        assert_eq!(items, items_sent, "{client}");
        assert_eq!(kept(&served), expected, "{client}");
    }
    let expected = [("event", 20), ("log", 3), ("span", 1), ("transaction", 2)];
    assert_eq!(read, expected.map(|(kind, number)| (kind.to_owned(), number)).into());
}

#[tokio::test]
async fn the_events_of_one_request_are_found_in_both_services() {
    let served = Served::new();
    for posted in envelopes("python") {
        posted.send(&served).await;
    }
    for spelling in [
        "fa5c9ded-f730-4e61-a3ee-6beda7990848",
        "FA5C9DED-F730-4E61-A3EE-6BEDA7990848",
        "fa5c9dedf7304e61a3ee6beda7990848",
    ] {
        let events = served.post_json("/api/obs/v1/events", &json!([spelling])).await.json();
        let events: Vec<ErrorEvent> = serde_json::from_value(events["events"].clone()).unwrap();
        let shown: Vec<_> = events.iter().map(|e| (e.service.as_str(), e.title())).collect();
        let expected = [
            ("inventory", "StockError: cannot compute boxes for SKU-9".to_owned()),
            (
                "orders-api",
                "HTTPStatusError: Server error '500 INTERNAL SERVER ERROR' for url \
                 'http://127.0.0.1:8812/stock/SKU-9'"
                    .to_owned(),
            ),
        ];
        assert_eq!(shown, expected, "{spelling}");
        let inventory = events.iter().find(|event| event.service == "inventory").unwrap();
        let cause = inventory.root_cause().unwrap().title();
        assert_eq!(cause, "ZeroDivisionError: division by zero");
    }
}

#[tokio::test]
async fn an_envelope_delivered_again_is_one_event() {
    let served = Served::new();
    for _ in 0..2 {
        for posted in envelopes("node") {
            posted.send(&served).await;
        }
    }
    assert_eq!(events_of(&served, "7c9e6679-7425-40de-944b-e07fc1f90ae7").len(), 2);
}

const ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

async fn post(served: &Served, body: &str) -> Answer {
    served.post("/api/1/envelope/", "", body.to_owned()).await
}

#[tokio::test]
async fn unknown_items_and_bad_payloads_are_passed_over() {
    let served = Served::new();
    let body = format!(
        "{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"from_the_future\",\"length\":4}}\na\nbc\n\
         {{\"type\":\"event\",\"length\":5}}\nnope!\n\
         {{\"type\":\"event\"}}\n{{\"message\":\"kept\"}}\n{{\"type\":\"session\"}}\n{{}}"
    );
    let answer = post(&served, &body).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "id": ID })));
    assert_eq!(events_of(&served, ID)[0].title(), "kept");
}

#[tokio::test]
async fn a_cut_off_envelope_keeps_what_is_whole() {
    let served = Served::new();
    let whole = format!(
        "{{\"event_id\":\"{ID}\"}}\n{{\"type\":\"event\",\"length\":15}}\n{{\"message\":\"a\"}}\n\
         {{\"type\":\"attachment\",\"length\":5}}\nhello"
    );
    let event_end = whole.find("\n{\"type\":\"attachment").unwrap();
    for length in 0..event_end {
        let served = Served::new();
        let answer = post(&served, whole.get(..length).unwrap()).await;
        // A header alone is an empty envelope, which clients may send.
        let first_line = whole.find('\n').unwrap();
        let empty = length == first_line || length == first_line + 1;
        let expected = if empty { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        assert_eq!(answer.status, expected, "{length}: {}", answer.text());
        assert!(events_of(&served, ID).is_empty());
    }
    for length in event_end..=whole.len() {
        let answer = post(&served, whole.get(..length).unwrap()).await;
        // After the event's last byte or line break, or with the attachment whole, nothing is missing.
        let complete = [event_end, event_end + 1, whole.len()].contains(&length);
        let expected = if complete { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        assert_eq!(answer.status, expected, "{length}: {}", answer.text());
        assert_eq!(events_of(&served, ID).len(), 1);
        if !complete {
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with("malformed envelope: "), "{detail}");
            assert_eq!(answer.headers["x-sentry-error"], detail);
            assert_eq!(answer.json()["causes"], json!(["what was whole is stored: 1 records"]));
        }
    }
    assert_eq!(kept(&served).len(), 1);
}

#[tokio::test]
async fn clients_are_told_what_not_to_send_and_never_errors() {
    let answer = post(&Served::new(), "{}").await;
    let limits = answer.headers["x-sentry-rate-limits"].to_str().unwrap();
    assert!(limits.starts_with("86400:profile;"), "{limits}");
    let stored = [
        "default",
        "error",
        "transaction",
        "span",
        "session",
        "attachment",
        "monitor",
        "log_item",
        "feedback",
        "security",
        "",
    ];
    assert!(limits.split([':', ';']).all(|kind| !stored.contains(&kind)), "{limits}");
    assert_eq!(answer.text(), "{}");
}

#[tokio::test]
async fn an_event_posted_alone_is_stored() {
    let served = Served::new();
    let event = json!({ "event_id": ID, "message": "old client", "tags": [["request_id", "r-1"]] });
    let answer = served.post_json("/api/7/store/", &event).await;
    assert_eq!(answer.json(), json!({ "id": ID }));
    assert_eq!(events_of(&served, "r-1")[0].title(), "old client");
}

#[tokio::test]
async fn what_is_no_envelope_is_refused_with_the_reason() {
    for body in ["", "<html>", "[]\n{}"] {
        let answer = post(&Served::new(), body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.text().contains("malformed envelope"), "{}", answer.text());
    }
}
