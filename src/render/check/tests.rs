use insta::assert_snapshot;

use super::*;
use crate::model::{CheckKind, Hint, Phase, Reason};

fn check(name: &str, kind: CheckKind, status: Status, message: &str) -> CheckResult {
    CheckResult {
        id: format!("orders-api.{name}"),
        name: name.to_owned(),
        group: "orders-api".to_owned(),
        kind,
        target: format!("http://127.0.0.1:8000/{name}"),
        status,
        reason: (status > Status::Ok).then_some(Reason::Status),
        code: None,
        message: message.to_owned(),
        duration_ms: Some(12.34),
        phases: vec![Phase { name: "answer", duration_ms: 12.0 }],
        observed: Vec::new(),
        hint: None,
        runbook: None,
        needs: Vec::new(),
        origin: "a test".to_owned(),
        before: None,
        children: Vec::new(),
    }
}

pub(super) fn report() -> CheckReport {
    let mut ready =
        check("readyz", CheckKind::Http, Status::Fail, "503, \"fail\", 1/2 components up");
    let mut database = check(
        "database",
        CheckKind::Component,
        Status::Fail,
        "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 \u{1b}[2J",
    );
    database.id = "orders-api.readyz/database".to_owned();
    database.duration_ms = None;
    database.phases.clear();
    database.hint = Some(Hint {
        likely: "the application's own connection pool is exhausted: requests keep their connections too long"
            .to_owned(),
        command: Some("obs logs --level warn --since 5m".to_owned()),
    });
    database.runbook = Some("#pool".to_owned());
    ready.children = vec![
        database,
        CheckResult {
            duration_ms: None,
            phases: Vec::new(),
            ..check("inventory", CheckKind::Component, Status::Ok, "ok")
        },
    ];
    let mut queue = check("queue", CheckKind::Tcp, Status::Skipped, "needs redis, which failed");
    queue.group = "checks".to_owned();
    queue.duration_ms = None;
    let checks = vec![
        check("healthz", CheckKind::Http, Status::Ok, "200, \"ok\""),
        ready,
        check(
            "metrics",
            CheckKind::Metrics,
            Status::Warn,
            "41 req/s, 2% errors, p95 412ms (n=41 in 1.0s)",
        ),
        queue,
    ];
    CheckReport::new(
        checks,
        "01920000-0000-7000-8000-000000000001",
        UnixNanos(0),
        Duration::from_millis(840),
        1,
    )
}

fn drawn(width: usize, ascii: bool) -> String {
    let theme = Theme { ascii, ..Theme::plain(width, UnixNanos(0)) };
    let mut out = Vec::new();
    report().human(&mut out, &theme).unwrap();
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        assert!(text::columns(line) <= width, "{width}: {line}");
    }
    text
}

#[test]
fn an_exhausted_pool_at_80_columns() {
    assert_snapshot!(drawn(80, false));
}

#[test]
fn an_exhausted_pool_at_120_columns() {
    assert_snapshot!(drawn(120, false));
}

#[test]
fn an_exhausted_pool_at_160_columns() {
    assert_snapshot!(drawn(160, false));
}

#[test]
fn an_exhausted_pool_in_ascii_at_60_columns() {
    let text = text::ascii(&drawn(60, true));
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn only_the_failure_that_explains_the_others_is_a_root_cause() {
    assert_eq!(report().root_causes, ["orders-api.readyz/database"]);
    let Counts { ok, warn, fail, unknown, skipped } = report().counts;
    assert_eq!((ok, warn, fail, unknown, skipped), (2, 1, 2, 0, 1));
}
