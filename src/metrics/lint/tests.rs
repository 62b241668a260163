use super::*;
use crate::metrics::exposition;

/// Draws each problem as `line rule`.
fn drawn(page: &str, content_type: &str) -> Vec<String> {
    let page = exposition::read(page.as_bytes(), content_type);
    let all = lint(&page).into_iter();
    let all = all.filter(|problem| problem.rule != Rule::NoHelp);
    all.map(|problem| format!("{} {}", problem.line, problem.rule.word())).collect()
}

fn found(page: &str) -> Vec<String> {
    drawn(page, "")
}

#[test]
fn each_contradiction_is_found_at_its_line() {
    for (page, expected) in [
        ("m{a=\"b\"} 1\nm{a=\"b\"} 2\n", "2 duplicate_series"),
        ("m 1\n# TYPE m gauge\n", "2 type_after_samples"),
        ("# TYPE m gauge\n# TYPE m gauge\nm 1\n", "2 declared_twice"),
        ("# TYPE m meter\nm 1\n", "1 unknown_type"),
        ("a 1\nb 1\na{c=\"d\"} 1\n", "3 scattered"),
        ("# TYPE h histogram\nh_bucket{le=\"1\"} 1\n", "2 no_inf_bucket"),
        ("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n", "3 buckets_fall"),
        ("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 2\n", "2 count_differs"),
        ("# TYPE c_total counter\nc_total -1\n", "2 bad_counter"),
        ("# TYPE s summary\ns{quantile=\"95\"} 1\n", "2 bad_quantile"),
        ("# TYPE c counter\nc 1\n", "2 misleading_name"),
        ("# TYPE g_total gauge\ng_total 1\n", "2 misleading_name"),
        ("# TYPE requestTime gauge\nrequestTime 1\n", "2 misleading_name"),
        ("# TYPE d_milliseconds gauge\nd_milliseconds 1\n", "2 unit"),
        ("# TYPE g gauge\ng{le=\"1\"} 1\n", "2 reserved_label"),
        ("m{a=\"b 1\n", "1 unreadable"),
        ("requestTime 1\n", "1 misleading_name"),
        ("# TYPE s_bucket summary\ns_bucket_count 1\n", "2 misleading_name"),
        ("# TYPE x_gauge_now gauge\nx_gauge_now 1\n", "2 misleading_name"),
        ("# TYPE d_ms_mean gauge\nd_ms_mean 1\n", "2 unit"),
        ("# TYPE d_kibibytes gauge\nd_kibibytes 1\n", "2 unit"),
        ("m{pathTemplate=\"b\"} 1\n", "1 label_case"),
        ("# HELP a_total What.\n# TYPE a_total counter\nb 1\n", "1 no_samples"),
        ("# TYPE a gauge\n", "1 no_samples"),
    ] {
        assert_eq!(found(page), [expected], "{page}");
    }
}

#[test]
fn a_bucket_without_a_bound_is_found() {
    let page = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_bucket{le=\"high\"} 1\n";
    assert!(found(page).contains(&"3 bad_bound".to_owned()), "{:?}", found(page));
}

#[test]
fn a_gauge_of_creation_times_has_samples_where_its_histogram_has_too() {
    let page = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n\
        # TYPE h_created gauge\nh_created 1.7e+09\n";
    assert_eq!(found(page), Vec::<String>::new());
}

#[test]
fn only_openmetrics_must_end() {
    let page = "# TYPE m gauge\nm 1\n";
    assert_eq!(drawn(page, "application/openmetrics-text"), ["2 missing_eof"]);
    assert_eq!(drawn(page, "text/plain"), Vec::<String>::new());
}

#[test]
fn several_points_of_one_series_are_openmetrics_own() {
    assert_eq!(found("# TYPE m gauge\nm 1 1\nm 2 2\n# EOF\n"), Vec::<String>::new());
}

#[test]
fn a_page_of_a_real_library_breaks_no_rule_but_those_of_names() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics/");
    for file in ["python-raw.om.txt", "fa_starlette.text.prom", "prometheus-2.42.text.prom"] {
        let page = std::fs::read(format!("{folder}{file}")).unwrap();
        let problems = lint(&exposition::read(&page, ""));
        let hard: Vec<&Problem> =
            problems.iter().filter(|problem| problem.rule < Rule::MisleadingName).collect();
        assert_eq!(hard, Vec::<&Problem>::new(), "{file}");
    }
}
