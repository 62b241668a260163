use super::*;

/// A page of health that says this of its components.
fn page(components: &[(&str, Status)]) -> CheckResult {
    let mut page = CheckResult::of_test("api", CheckKind::Http, Status::Ok);
    page.children = components
        .iter()
        .map(|(name, status)| {
            CheckResult::of_test(&format!("api/{name}"), CheckKind::Component, *status)
        })
        .collect();
    page
}

fn against(checks: &[CheckResult]) -> Vec<(String, String)> {
    disagreements(checks).into_iter().map(|one| (one.component, one.probe)).collect()
}

#[test]
fn a_component_that_is_down_while_its_probe_is_up_is_said_and_the_reverse_too() {
    use Status::{Fail, Ok};
    for (name, probe) in
        [("database", "postgres"), ("Cache backend: default", "redis"), ("PostgreSQL", "postgres")]
    {
        let expected = vec![(format!("api/{name}"), probe.to_owned())];
        let down = [page(&[(name, Fail)]), CheckResult::of_test(probe, CheckKind::Tcp, Ok)];
        assert_eq!(against(&down), expected, "{name}");
        let up = [page(&[(name, Ok)]), CheckResult::of_test(probe, CheckKind::Tcp, Fail)];
        assert_eq!(against(&up), expected, "{name}");
    }
}

#[test]
fn what_agrees_or_is_something_else_is_no_disagreement() {
    use Status::{Fail, Ok, Unknown};
    for (component, status, probe, found) in [
        ("database", Ok, "postgres", Ok),
        ("database", Fail, "postgres", Fail),
        ("database", Fail, "postgres", Unknown),
        ("database", Fail, "redis", Ok),
        ("inventory", Fail, "postgres", Ok),
    ] {
        let checks =
            [page(&[(component, status)]), CheckResult::of_test(probe, CheckKind::Tcp, found)];
        assert_eq!(against(&checks), [], "{component} {probe}");
    }
}

#[test]
fn of_two_that_a_word_may_mean_one_that_works_contradicts_and_the_other_is_named() {
    use Status::{Fail, Ok};
    let checks = |mysql| {
        [
            page(&[("db", Fail)]),
            CheckResult::of_test("postgres", CheckKind::Tcp, Ok),
            CheckResult::of_test("mysql", CheckKind::Tcp, mysql),
        ]
    };
    for mysql in [Fail, Ok] {
        let found = disagreements(&checks(mysql));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].probe.as_str(), found[0].certain), ("postgres", false));
        assert_eq!(found[0].others, ["mysql"]);
    }
    assert_eq!(root_causes(&checks(Fail)), ["api/db", "mysql"]);
}

/// A check of PostgreSQL with an address.
fn postgres(id: &str, target: &str, status: Status) -> CheckResult {
    let mut check = CheckResult::of_test(id, CheckKind::Postgres, status);
    target.clone_into(&mut check.target);
    check
}

#[test]
fn a_third_check_that_fails_hides_no_disagreement() {
    let other = postgres("old", "postgres://localhost:5432/old", Status::Fail);
    let one = |id, told: &str| {
        let mut page = page(&[("db", Status::Fail)]);
        told.clone_into(&mut page.children[0].message);
        [page, postgres(id, "postgres://db.internal:5433/shop", Status::Ok), other.clone()]
    };
    // By its id, and by the host that the application tells of.
    for (id, told) in [("db", "no connection"), ("shop", "cannot reach db.internal: timed out")] {
        let checks = one(id, told);
        let found = disagreements(&checks);
        assert_eq!(found.len(), 1, "{id}");
        assert_eq!((found[0].probe.as_str(), found[0].certain), (id, true));
        assert!(found[0].others.is_empty(), "{id}");
        assert_eq!(root_causes(&checks), ["api/db", "old"], "{id}");
    }
}

#[test]
fn a_check_of_the_components_very_name_is_meant_whatever_its_kind() {
    let port = CheckResult::of_test("db", CheckKind::Tcp, Status::Ok);
    let old = postgres("old", "postgres://localhost:5432/old", Status::Fail);
    let checks = [page(&[("db", Status::Fail)]), port, old];
    let found = disagreements(&checks);
    assert_eq!((found[0].probe.as_str(), found[0].certain), ("db", true));
    assert_eq!(root_causes(&checks), ["api/db", "old"]);
}

#[test]
fn that_both_are_a_database_is_not_enough_to_be_certain() {
    let checks = |name: &str, told: &str| {
        let mut page = page(&[(name, Status::Ok)]);
        told.clone_into(&mut page.children[0].message);
        let mut mysql = CheckResult::of_test("mysql", CheckKind::Mysql, Status::Fail);
        "$MYSQL_URL".clone_into(&mut mysql.origin);
        [page, mysql]
    };
    let certain = |name, told| {
        let found = disagreements(&checks(name, told));
        found.first().map(|found| found.certain)
    };
    assert_eq!(certain("database", ""), Some(false));
    assert_eq!(certain("mysql", ""), Some(true));
    assert_eq!(certain("database", "mysql 8.4"), Some(true));
    assert_eq!(certain("database", "PostgreSQL 17"), None);
}

#[test]
fn the_failed_probe_and_not_the_component_is_the_root_cause() {
    let both = [
        page(&[("cache", Status::Fail)]),
        CheckResult::of_test("redis", CheckKind::Tcp, Status::Fail),
    ];
    assert_eq!(root_causes(&both), ["redis"]);
    let one = [
        page(&[("cache", Status::Fail)]),
        CheckResult::of_test("redis", CheckKind::Tcp, Status::Ok),
    ];
    assert_eq!(root_causes(&one), ["api/cache"]);
}
