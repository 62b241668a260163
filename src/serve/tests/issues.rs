//! Which recorded events are the same fault.

use std::collections::BTreeMap;

use super::sentry::envelopes;
use super::*;
use crate::model::UnixNanos;

/// Returns the groups as `title` → how many events, for every issue of the recorded events.
async fn issues(client: &str) -> Vec<(String, u64)> {
    let served = Served::new();
    for posted in envelopes(client) {
        posted.send(&served).await;
    }
    let issues = served.reader().issues(UnixNanos(0), 100).unwrap();
    let mut shown: Vec<_> = issues
        .into_iter()
        .map(|issue| {
            let title: String = issue.title.chars().take(24).collect();
            (format!("{} {} {title}", issue.service, issue.culprit), issue.events)
        })
        .collect();
    shown.sort();
    shown
}

/// By the rule of `store::grouping`: the 500s of /checkout and of /stock are two issues, as their
/// frames differ; a 404 and a 500 out of the same line of /stock are one, as messages do not count
/// beside frames.
#[tokio::test]
async fn the_incidents_events_are_nine_faults() {
    let expected = [
        ("inventory /stock/<sku> StockError: cannot compu", 5),
        ("orders-api /attach cart snapshot", 1),
        ("orders-api /checkout HTTPStatusError: Server ", 1),
        ("orders-api /checkout PaymentDeclined: card de", 1),
        ("orders-api /fail PricingError: no price f", 1),
        ("orders-api /log-error {'cache': 'orders', 'key", 1),
        ("orders-api /orders/duplicate IntegrityError: (sqlite3", 1),
        ("orders-api /stock/{sku} HTTPStatusError: Server ", 3),
        ("orders-api /stock/{sku} ReadTimeout", 1),
    ];
    let expected = expected.map(|(shown, events)| (shown.to_owned(), events));
    assert_eq!(issues("python").await, expected);
}

async fn logged(messages: &[&str]) -> BTreeMap<u64, usize> {
    let served = Served::new();
    for (number, message) in messages.iter().enumerate() {
        let event = serde_json::json!({ "event_id": format!("{:032x}", number + 1),
            "release": "orders-api@1", "logentry": { "message": message } });
        served.post_json("/api/1/store/", &event).await;
    }
    let issues = served.reader().issues(UnixNanos(0), 100).unwrap();
    let mut sizes = BTreeMap::new();
    for issue in issues {
        *sizes.entry(issue.events).or_default() += 1;
    }
    sizes
}

/// The four messages that another error tracker made four issues of, shortened.
#[tokio::test]
async fn a_logged_dict_is_grouped_by_its_message_alone() {
    let same = [
        "{'key': 'v2', 'request_id': '72f875a6-4323-491e', 'message': 'cache invalidation failed'}",
        "{'key': 'v3', 'request_id': '8a1230a5-5c57-4349', 'message': 'cache invalidation failed'}",
        "{'event': 'cache invalidation failed', 'attempt': 3}",
    ];
    assert_eq!(logged(&same).await, [(3, 1)].into());
    let different = [
        "{'key': 'v2', 'message': 'cache invalidation failed'}",
        "{'key': 'v2', 'message': 'queue is full'}",
        "{'key': 'v2', 'message': \"can't connect\"}",
    ];
    assert_eq!(logged(&different).await, [(1, 3)].into());
}
