use std::path::Path;

use serde_json::Value as Json;

use super::*;
use crate::metrics::exposition;
use crate::metrics::families::group;

const SECOND: Duration = Duration::from_secs(1);

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/metrics");
    std::fs::read(folder.join(name)).unwrap()
}

fn families(page: &[u8]) -> Vec<Family> {
    group(&exposition::read(page, ""))
}

/// What has happened since the process started.
fn lifetime(name: &str) -> Golden {
    Golden::between(&[], &families(&file(name)), SECOND).unwrap()
}

fn truth(name: &str) -> Vec<(Json, f64)> {
    let answer: Json = serde_json::from_slice(&file(name)).unwrap();
    let rows = answer["data"]["result"].as_array().unwrap().clone();
    rows.into_iter()
        .map(|row| (row["metric"].clone(), row["value"][1].as_str().unwrap().parse().unwrap()))
        .collect()
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-12 * b.abs()
}

#[test]
fn quantiles_and_errors_are_those_of_a_real_prometheus() {
    let golden = lifetime("python-raw.truth.text.prom");
    for q in ["-1", "0", "0.5", "0.9", "0.95", "0.99", "1", "2"] {
        let expected = truth(&format!("truth-quantile-{q}.json"))[0].1;
        let ours = golden.duration_ms(q.parse().unwrap()).unwrap() / 1e3;
        assert!(near(ours, expected), "{q}: {ours} {expected}");
    }
    let expected = truth("truth-error-ratio.json")[0].1;
    assert!(near(golden.error_ratio().unwrap(), expected));
    assert_eq!(golden.requests, 2_000.0);
}

#[test]
fn quantiles_by_path_are_those_of_a_real_prometheus() {
    let families = families(&file("python-raw.truth.text.prom"));
    let family = find(&families, "http_request_duration_seconds").unwrap();
    let rows = truth("truth-quantile-bypath.json");
    assert_eq!(rows.len(), 3);
    for (metric, expected) in rows {
        let of_path = |labels: &Labels| labels.iter().any(|(_, value)| metric["path"] == **value);
        let series = family.series.iter().find(|series| of_path(&series.labels)).unwrap();
        let Value::Histogram { buckets, .. } = &series.value else { panic!() };
        assert!(near(quantile::of_buckets(0.95, buckets), expected), "{metric}");
    }
}

#[test]
fn each_library_is_read_by_its_own_names_without_its_own_scrapes() {
    for (file, requests, errors) in [
        // Counted by hand in the pages: all but the requests for /metrics.
        ("fa_starlette.text.prom", 62.0, 6.0),
        ("fa_inst.text.prom", 62.0, 6.0),
        // Does not count what has no route.
        ("fa_exp.om.txt", 61.0, 6.0),
    ] {
        let golden = lifetime(file);
        assert_eq!((golden.requests, golden.errors), (requests, Some(errors)), "{file}");
        assert!(golden.duration_ms(0.95).unwrap() > 0.0, "{file}");
    }
}

fn page(ok: u32, failed: u32, metrics: u32) -> Vec<Family> {
    let mut page = String::from("# TYPE http_server_request_duration_seconds histogram\n");
    for (route, status, count) in
        [("/a/{id}", 200, ok), ("/a/{id}", 500, failed), ("/metrics", 200, metrics)]
    {
        let labels = format!("http_route=\"{route}\",http_response_status_code=\"{status}\"");
        for (bound, count) in [("0.1", count / 2), ("1", count), ("+Inf", count)] {
            let line = format!(
                "http_server_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {count}\n"
            );
            page += &line;
        }
        let line = format!("http_server_request_duration_seconds_count{{{labels}}} {count}\n");
        page += &line;
    }
    families(page.as_bytes())
}

#[test]
fn only_what_happened_between_the_pages_counts() {
    let golden = Golden::between(&page(100, 50, 7), &page(120, 50, 9), SECOND * 2).unwrap();
    assert_eq!((golden.requests, golden.errors, golden.rate()), (20.0, Some(0.0), Some(10.0)));
    assert_eq!(golden.duration_ms(0.5), Some(100.0));
}

#[test]
fn after_a_restart_the_new_values_count() {
    let golden = Golden::between(&page(100, 50, 7), &page(10, 2, 1), SECOND).unwrap();
    assert_eq!((golden.requests, golden.errors), (12.0, Some(2.0)));
    assert_eq!(golden.duration_ms(1.0), Some(1_000.0));
}

#[test]
fn without_requests_nothing_is_told() {
    let golden = Golden::between(&page(3, 0, 1), &page(3, 0, 2), SECOND).unwrap();
    assert_eq!((golden.error_ratio(), golden.duration_ms(0.95)), (None, None));
}

#[test]
fn series_of_different_bounds_are_not_added_up() {
    let text = "# TYPE http_server_request_duration_seconds histogram\n\
        http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"1\"} 3\n\
        http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"+Inf\"} 3\n\
        http_server_request_duration_seconds_bucket{http_route=\"/b\",le=\"2\"} 3\n\
        http_server_request_duration_seconds_bucket{http_route=\"/b\",le=\"+Inf\"} 3\n";
    let golden = Golden::between(&[], &families(text.as_bytes()), SECOND).unwrap();
    assert_eq!((golden.requests, golden.buckets.len()), (6.0, 0));
}

#[test]
fn a_page_without_requests_follows_no_convention() {
    assert_eq!(Golden::between(&[], &families(b"up 1\n"), SECOND), None);
}
