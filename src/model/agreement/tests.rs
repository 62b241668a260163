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
fn a_word_that_two_dependencies_share_counts_only_when_both_say_the_same() {
    use Status::{Fail, Ok};
    let checks = |mysql| {
        [
            page(&[("db", Fail)]),
            CheckResult::of_test("postgres", CheckKind::Tcp, Ok),
            CheckResult::of_test("mysql", CheckKind::Tcp, mysql),
        ]
    };
    assert_eq!(against(&checks(Fail)), []);
    assert_eq!(against(&checks(Ok)), [("api/db".to_owned(), "postgres".to_owned())]);
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
