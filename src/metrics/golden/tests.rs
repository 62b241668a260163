use std::path::Path;

use serde_json::Value as Json;

use super::*;
use crate::metrics::exposition;
use crate::metrics::families::group;
use crate::metrics::quantile;

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
        let ours = golden.all.duration_ms(q.parse().unwrap()).unwrap() / 1e3;
        assert!(near(ours, expected), "{q}: {ours} {expected}");
    }
    let expected = truth("truth-error-ratio.json")[0].1;
    assert!(near(golden.all.error_ratio().unwrap(), expected));
    assert_eq!(golden.all.requests, 2_000.0);
}

#[test]
fn apdex_is_that_of_a_real_prometheus_and_says_its_bounds() {
    let apdex = lifetime("python-raw.truth.text.prom").all.apdex(100.0).unwrap();
    let expected = truth("truth-apdex.json")[0].1;
    assert!(near(apdex.score, expected), "{apdex:?} {expected}");
    assert_eq!((apdex.satisfied_ms, apdex.tolerated_ms), (100.0, 500.0));
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
        ("fa_exp.text.prom", 61.0, 6.0),
        ("fa_otel.text.prom", 62.0, 6.0),
        ("fa_inst.om.txt", 62.0, 6.0),
        ("fl.text.prom", 62.0, 6.0),
        ("fl.om.txt", 62.0, 6.0),
    ] {
        let golden = lifetime(file);
        assert_eq!((golden.all.requests, golden.all.errors), (requests, Some(errors)), "{file}");
        assert!(golden.all.duration_ms(0.95).unwrap() > 0.0, "{file}");
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
    assert_eq!(
        (golden.all.requests, golden.all.errors, golden.rate(&golden.all)),
        (20.0, Some(0.0), Some(10.0))
    );
    assert_eq!(golden.all.duration_ms(0.5), Some(100.0));
}

#[test]
fn after_a_restart_the_new_values_count() {
    let golden = Golden::between(&page(100, 50, 7), &page(10, 2, 1), SECOND).unwrap();
    assert_eq!((golden.all.requests, golden.all.errors), (12.0, Some(2.0)));
    assert_eq!(golden.all.duration_ms(1.0), Some(1_000.0));
}

#[test]
fn without_requests_nothing_is_told() {
    let golden = Golden::between(&page(3, 0, 1), &page(3, 0, 2), SECOND).unwrap();
    assert_eq!((golden.all.error_ratio(), golden.all.duration_ms(0.95)), (None, None));
}

#[test]
fn series_of_different_bounds_are_not_added_up() {
    let text = "# TYPE http_server_request_duration_seconds histogram\n\
        http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"1\"} 3\n\
        http_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"+Inf\"} 3\n\
        http_server_request_duration_seconds_bucket{http_route=\"/b\",le=\"2\"} 3\n\
        http_server_request_duration_seconds_bucket{http_route=\"/b\",le=\"+Inf\"} 3\n";
    let golden = Golden::between(&[], &families(text.as_bytes()), SECOND).unwrap();
    assert_eq!((golden.all.requests, golden.all.buckets.len()), (6.0, 0));
}

#[test]
fn a_page_without_requests_follows_no_convention() {
    assert_eq!(Golden::between(&[], &families(b"up 1\n"), SECOND), None);
}

#[test]
fn routes_are_told_apart_the_worst_first() {
    let golden = lifetime("fa_starlette.text.prom");
    let rows: Vec<(&str, f64, Option<f64>, f64)> = golden
        .groups
        .iter()
        .map(|group| (&*group.name, group.requests, group.errors, group.client_errors))
        .collect();
    assert_eq!(
        rows,
        [("GET /items/{i}", 61.0, Some(6.0), 1.0), ("GET /nope", 1.0, Some(0.0), 1.0)]
    );
    assert!(golden.excluded > 0.0 && golden.excluded_routes.contains("/metrics"), "{golden:?}");
    assert_eq!(golden.convention.library, Some("starlette-prometheus"));
    assert_eq!(golden.labels, ["method", "path_template", "status_code"]);
}

#[test]
fn the_finer_histogram_without_labels_tells_of_all() {
    let golden = lifetime("fa_inst.text.prom");
    assert!(golden.overall && golden.all.buckets.len() > 10, "{golden:?}");
    assert!(golden.groups[0].buckets.len() < 6);
}

#[test]
fn since_counting_began_is_told_without_a_second_scrape() {
    let page = families(&file("fa_exp.om.txt"));
    let start = 1_795_328_300.0 + 100.0;
    let now = UnixNanos::from_seconds(start).unwrap();
    let golden =
        Golden::lifetime(Convention::of(&page).unwrap(), &page, Some(now), By::Status).unwrap();
    assert!(golden.rate(&golden.all).is_some_and(|rate| rate > 0.5 && rate < 1.0), "{golden:?}");
    let names: Vec<&str> = golden.groups.iter().map(|group| &*group.name).collect();
    assert_eq!(names, ["500", "422", "200"]);
}

#[test]
fn the_slowest_exemplar_of_traffic_names_its_trace() {
    let golden = lifetime("python-raw.om.txt");
    let slowest = golden.slowest.unwrap();
    assert!(slowest.duration_ms > 100.0, "{slowest:?}");
}

#[test]
fn a_library_of_ones_own_is_guessed_by_names_and_labels() {
    let text = "# TYPE shop_http_requests_total counter\n\
        shop_http_requests_total{endpoint=\"/a\",code=\"500\"} 3\n\
        shop_http_requests_total{endpoint=\"/a\",code=\"429\"} 2\n\
        # TYPE shop_http_request_latency_ms histogram\n\
        shop_http_request_latency_ms_bucket{endpoint=\"/a\",le=\"50\"} 5\n\
        shop_http_request_latency_ms_bucket{endpoint=\"/a\",le=\"+Inf\"} 5\n";
    let golden = Golden::between(&[], &families(text.as_bytes()), SECOND).unwrap();
    assert_eq!(golden.convention.library, None);
    assert_eq!(
        (golden.all.requests, golden.all.errors, golden.all.throttled),
        (5.0, Some(3.0), 2.0)
    );
    assert_eq!(golden.all.duration_ms(1.0), Some(50.0));
}

#[test]
fn a_summarys_own_quantiles_are_the_highest_of_its_series_and_never_added_up() {
    let page = "# TYPE http_server_requests_seconds summary\n\
        http_server_requests_seconds{uri=\"/a\",status=\"200\",quantile=\"0.95\"} 0.2\n\
        http_server_requests_seconds_count{uri=\"/a\",status=\"200\"} 30\n\
        http_server_requests_seconds_sum{uri=\"/a\",status=\"200\"} 3\n\
        http_server_requests_seconds{uri=\"/a\",status=\"500\",quantile=\"0.95\"} 0.5\n\
        http_server_requests_seconds_count{uri=\"/a\",status=\"500\"} 1\n\
        http_server_requests_seconds_sum{uri=\"/a\",status=\"500\"} 0.5\n\
        http_server_requests_seconds{uri=\"/b\",status=\"200\",quantile=\"0.95\"} NaN\n\
        http_server_requests_seconds_count{uri=\"/b\",status=\"200\"} 1\n";
    let golden = Golden::between(&[], &families(page.as_bytes()), SECOND).unwrap();
    let own = |series| vec![OwnQuantile { quantile: 0.95, ms: 500.0, series }];
    assert_eq!((golden.all.own, golden.groups[0].own.clone()), (own(2), own(2)));
    assert_eq!((golden.groups[1].name.as_str(), golden.groups[1].own.len()), ("/b", 0));
    assert_eq!(golden.all.buckets, []);
}

#[test]
fn a_summary_in_microseconds_is_told_in_milliseconds() {
    let page = "# TYPE http_request_duration_microseconds summary\n\
        http_request_duration_microseconds{handler=\"/a\",quantile=\"0.5\"} 2500\n\
        http_request_duration_microseconds_count{handler=\"/a\"} 4\n";
    let golden = Golden::between(&[], &families(page.as_bytes()), SECOND).unwrap();
    assert_eq!(golden.all.own[0].ms, 2.5);
}
