//! The state of a real Prometheus, and what it could be.

use super::*;
use crate::wire::{decode_alerts, decode_metric_answer, decode_rules, decode_scrape_targets};

/// Shortly after the recordings were made.
fn now() -> UnixNanos {
    UnixNanos::parse_rfc3339("2026-11-22T06:20:48Z").unwrap()
}

fn recorded(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prom-api");
    std::fs::read(folder.join(name)).unwrap()
}

fn targets() -> Vec<ScrapeTarget> {
    decode_scrape_targets(&recorded("targets.json")).unwrap()
}

fn brief(part: &HealthPart) -> String {
    format!("{} {:?} {:?} {}", part.name, part.status, part.reason, part.message)
}

#[test]
fn one_target_of_four_is_down_and_says_why() {
    let part = of_targets(&targets(), now(), None);
    assert_eq!(
        brief(&part),
        "targets Warn Some(Status) 3 of 4 up, each scraped within the last 2s"
    );
    assert_eq!(
        brief(&part.parts[0]),
        "down 127.0.0.1:1 Warn Some(Refused) Get \"http://127.0.0.1:1/metrics\": dial tcp \
         127.0.0.1:1: connect: connection refused"
    );
    assert_eq!(part.parts.len(), 1);
}

#[test]
fn all_targets_down_is_a_failure_and_none_at_all_a_warning() {
    let down: Vec<ScrapeTarget> =
        targets().into_iter().filter(|one| one.health == "down").collect();
    assert_eq!(of_targets(&down, now(), None).status, Status::Fail);
    assert_eq!(of_targets(&[], now(), None).status, Status::Warn);
    // One that has just begun has not found them; its clock may be ahead of this one.
    let began = |seconds: i64| Some(UnixNanos(now().0 - seconds * 1_000_000_000));
    let young = of_targets(&[], now(), began(2));
    assert_eq!((young.status, young.reason), (Status::Unknown, Some(Reason::Starting)));
    assert_eq!(young.message, "no target yet: it was started 2s ago");
    assert_eq!(of_targets(&[], now(), began(-3)).status, Status::Unknown);
    assert_eq!(of_targets(&[], now(), began(31)).status, Status::Warn);
}

#[test]
fn a_target_that_is_up_and_was_not_scraped_for_long_is_late() {
    let up: Vec<ScrapeTarget> = targets().into_iter().filter(|one| one.health == "up").collect();
    assert_eq!(of_targets(&up, now(), None).status, Status::Ok);
    let later = UnixNanos(now().0 + 60_000_000_000);
    let part = of_targets(&up, later, None);
    assert_eq!(
        (part.status, part.reason, part.parts.len()),
        (Status::Warn, Some(Reason::Lagging), 3)
    );
    assert_eq!(part.parts[0].message, "last scraped 61s ago, should be each 1s");
}

#[test]
fn a_rule_that_cannot_be_computed_is_a_failure() {
    let rules = decode_rules(&recorded("rules.json")).unwrap();
    let part = of_rules(&rules);
    assert_eq!(brief(&part), "rules Fail Some(Config) 1 of 4 rules cannot be computed");
    assert!(part.parts[0].message.starts_with("found duplicate series"), "{part:?}");
    assert_eq!(of_rules(&rules[..2]).status, Status::Ok);
}

#[test]
fn an_alert_that_fires_is_named_with_its_runbook_and_a_pending_one_counted() {
    let rules = decode_rules(&recorded("rules.json")).unwrap();
    let part = of_alerts(rules.iter().flat_map(|rule| &rule.alerts), now());
    assert_eq!(brief(&part), "alerts Warn Some(Status) 1 firing, 4 pending");
    assert_eq!(brief(&part.parts[0]), "AlwaysFiring Warn Some(Status) firing for 61s (page)");
    let likely = part.parts[0].likely.as_deref();
    assert_eq!(likely, Some("always on; https://runbooks.example/always"));
    let command = part.parts[0].command.as_deref();
    assert_eq!(command, Some("obs metrics --query 'ALERTS{alertname=\"AlwaysFiring\"}'"));
}

#[test]
fn an_anchor_of_a_runbooks_address_is_its_section() {
    let mut alerts = decode_alerts(&recorded("am-v2-alerts.json")).unwrap();
    let page = "https://wiki.example/runbook#ledger-out-of-balance";
    alerts[0].annotations.insert("runbook_url".to_owned(), page.to_owned());
    let part = of_alerts(&alerts, now());
    assert_eq!(part.parts[0].runbook.as_deref(), Some("ledger-out-of-balance"));
    alerts[0].status.state = "suppressed".to_owned();
    assert_eq!(
        brief(&of_alerts(&alerts, now())),
        "alerts Ok None 0 firing, 1 silenced or inhibited"
    );
}

#[test]
fn up_alone_tells_how_many_are_scraped() {
    let answer = decode_metric_answer(&recorded("query-vector.json")).unwrap();
    let part = of_up(&answer);
    assert_eq!(part.message, r#"3 of 4 up, by `up`; down: up{instance="127.0.0.1:1",job="down"}"#);
    let nothing = decode_metric_answer(&recorded("query-empty.json")).unwrap();
    assert_eq!(of_up(&nothing).status, Status::Warn);
}

#[test]
fn of_many_rows_the_rest_is_counted() {
    let rows: Vec<HealthPart> =
        (0..9).map(|n| HealthPart::bad(n.to_string(), Status::Warn, Reason::Status, "")).collect();
    let kept = first(rows);
    assert_eq!((kept.len(), kept[5].message.as_str()), (6, "4 more are not shown"));
}
