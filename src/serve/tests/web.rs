//! Sentry's web API over recorded events.

use serde_json::{Value, json};

use super::sentry::envelopes;
use super::*;

async fn with_events() -> Served {
    let served = Served::new();
    for posted in envelopes("python") {
        posted.send(&served).await;
    }
    served
}

async fn list(served: &Served, path: &str) -> Vec<Value> {
    let answer = served.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json().as_array().unwrap().clone()
}

fn link(answer: &Answer, relation: &str) -> (String, bool) {
    let header = answer.headers["link"].to_str().unwrap();
    let part =
        header.split(", ").find(|part| part.contains(&format!("rel=\"{relation}\""))).unwrap();
    let address = part.split(['<', '>']).nth(1).unwrap();
    (address.to_owned(), part.contains("results=\"true\""))
}

#[tokio::test]
async fn projects_are_the_services_that_have_errors() {
    let served = with_events().await;
    for path in ["/api/0/projects/", "/api/0/organizations/any/projects/?cursor="] {
        let projects = list(&served, path).await;
        let slugs: Vec<_> = projects.iter().map(|project| &project["slug"]).collect();
        assert_eq!(slugs, ["inventory", "orders-api"], "{path}");
    }
    assert_eq!(list(&served, "/api/0/organizations/").await[0]["slug"], "obs");
    assert!(served.get("/api/0/").await.json()["auth"]["scopes"].is_array());
}

#[tokio::test]
async fn an_issue_is_found_by_number_and_short_id_with_sentrys_types() {
    let served = with_events().await;
    let issues = list(&served, "/api/0/projects/any/inventory/issues/").await;
    assert_eq!(issues.len(), 1);
    let issue = &issues[0];
    assert_eq!(
        (&issue["count"], &issue["type"], &issue["status"]),
        (&json!("5"), &json!("error"), &json!("unresolved"))
    );
    assert_eq!(issue["metadata"]["type"], "StockError");
    assert_eq!((&issue["platform"], &issue["shortId"]), (&json!("python"), &json!("INVENTORY-1")));
    let number = issue["id"].as_str().unwrap();
    for id in [number, "INVENTORY-1", "inventory-1"] {
        assert_eq!(served.get(&format!("/api/0/issues/{id}/")).await.json(), *issue, "{id}");
        let of = format!("/api/0/organizations/any/issues/{id}/");
        assert_eq!(served.get(&of).await.json(), *issue, "{id}");
    }
    let events = list(&served, &format!("/api/0/issues/{number}/events/?full=true")).await;
    assert_eq!(events.len(), 5);
    let latest = served.get(&format!("/api/0/issues/{number}/events/latest/")).await.json();
    let oldest = served.get(&format!("/api/0/issues/{number}/events/oldest/")).await.json();
    assert_eq!((&latest, &oldest), (&events[0], &events[4]));
    assert_eq!(latest["groupID"], number);
    let exception = &latest["entries"].as_array().unwrap()[0]["data"]["values"][0];
    assert!(exception["stacktrace"]["frames"][0]["lineNo"].is_u64(), "{exception}");
}

#[tokio::test]
async fn an_event_is_answered_as_it_was_sent() {
    let served = with_events().await;
    let event = &list(&served, "/api/0/projects/any/inventory/events/").await[0];
    let id = event["eventID"].as_str().unwrap();
    let path = format!("/api/0/projects/any/inventory/events/{id}/");
    assert_eq!(served.get(&path).await.json(), *event);
    let sent = served.get(&format!("{path}json/")).await;
    let kept = crate::store::Reader::open(&served.store()).unwrap().raw_event(id).unwrap();
    assert_eq!((sent.media_type.as_str(), Some(sent.body)), ("application/json", kept));
    let where_it_is = served.get(&format!("/api/0/organizations/any/eventids/{id}/")).await.json();
    assert_eq!((&where_it_is["projectSlug"], &where_it_is["event"]), (&json!("inventory"), event));
    let elsewhere = served.get(&format!("/api/0/projects/any/orders-api/events/{id}/")).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn issues_are_searched_and_what_is_not_understood_is_refused() {
    let served = with_events().await;
    let all = list(&served, "/api/0/organizations/any/issues/").await;
    assert_eq!(all.len(), 9);
    let event = served.get("/api/0/issues/INVENTORY-1/events/latest/").await.json();
    let tag = |key: &str| {
        let tags = event["tags"].as_array().unwrap();
        let found = tags.iter().find(|tag| tag["key"] == key);
        found.map(|tag| tag["value"].as_str().unwrap().to_owned())
    };
    let trace = event["contexts"]["trace"]["trace_id"].as_str().unwrap();
    let event_id = event["eventID"].as_str().unwrap();
    let request_id = tag("request_id").unwrap();
    for query in [
        "stockerror".to_owned(),
        format!("is:unresolved+request_id:{request_id}"),
        format!("tags%5Brequest_id%5D:%22{request_id}%22"),
        format!("trace:{trace}"),
        event_id.to_owned(),
    ] {
        let path = format!("/api/0/organizations/any/issues/?query={query}");
        let found = list(&served, &path).await;
        assert!(found.iter().any(|issue| issue["shortId"] == "INVENTORY-1"), "{query}");
        assert!(found.len() < 9, "{query}");
    }
    for query in ["is:resolved", "assigned:me", "!has:x", "a+OR+b"] {
        let answer =
            served.get(&format!("/api/0/projects/any/inventory/issues/?query={query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("Invalid query"), "{query}");
    }
    for path in [
        "/api/0/issues/NOPE-1/",
        "/api/0/issues/NOPE-1/events/latest/",
        "/api/0/projects/any/nope/issues/",
        "/api/0/organizations/any/eventids/ffffffffffffffffffffffffffffffff/",
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json()["detail"], "The requested resource does not exist", "{path}");
    }
}

#[tokio::test]
async fn pages_are_linked_until_there_are_no_more() {
    let served = with_events().await;
    let mut path = "/api/0/organizations/any/issues/?query=&limit=4".to_owned();
    let mut sizes = Vec::new();
    loop {
        let answer = served.get(&path).await;
        sizes.push(answer.json().as_array().unwrap().len());
        let (next, more) = link(&answer, "next");
        if !more {
            assert!(link(&answer, "previous").1);
            break;
        }
        path = next.split_once("http://localhost").unwrap().1.to_owned();
    }
    assert_eq!(sizes, [4, 4, 1]);
    for wrong in ["limit=0", "limit=1000", "cursor=x", "cursor=0:99999999999:0"] {
        let answer = served.get(&format!("/api/0/projects/?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}
