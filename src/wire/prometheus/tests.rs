//! Prometheus's own answers, and bytes that are none.

use proptest::prelude::*;

use super::*;

fn recorded(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/prom-api");
    std::fs::read(folder.join(name)).unwrap()
}

fn shown(name: &str) -> Vec<String> {
    let answer = decode_metric_answer(&recorded(name)).unwrap();
    let value = |point: &MetricValue| crate::model::metric_number(point.value);
    let line = |series: &MetricSeries| {
        let values: Vec<String> = series.points.iter().map(value).collect();
        format!("{} {}", series.title(), values.join(" "))
    };
    answer.series.iter().map(line).collect()
}

#[test]
fn a_vector_has_a_number_for_each_series() {
    assert_eq!(
        shown("query-vector.json"),
        [
            r#"up{instance="127.0.0.1:1",job="down"} 0"#,
            r#"up{instance="127.0.0.1:32819",job="app"} 1"#,
            r#"up{instance="127.0.0.1:50185",job="prometheus"} 1"#,
            r#"up{instance="127.0.0.1:53093",job="node"} 1"#,
        ]
    );
}

#[test]
fn numbers_that_json_does_not_have_are_read_from_text() {
    let values: Vec<String> = shown("query-nan-inf.json")
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap().to_owned())
        .collect();
    let small = format!("0.{}1", "0".repeat(299));
    assert_eq!(values, ["9007199254740992", "NaN", "-Inf", "+Inf", &small]);
}

#[test]
fn a_range_keeps_the_milliseconds_of_its_times() {
    let answer = decode_metric_answer(&recorded("query-matrix.json")).unwrap();
    assert_eq!(answer.shape, MetricShape::Matrix);
    let first = answer.series[0].points[0].time;
    assert_eq!(first, UnixNanos(1_795_328_439_779_000_000));
}

#[test]
fn a_scalar_is_one_number_and_a_string_none() {
    let scalar = decode_metric_answer(&recorded("query-scalar.json")).unwrap();
    assert_eq!((scalar.shape, scalar.single()), (MetricShape::Scalar, Some(1.0)));
    let string = decode_metric_answer(&recorded("query-string.json")).unwrap();
    assert_eq!((string.text.as_deref(), string.single()), (Some("hello"), None));
}

#[test]
fn nothing_found_is_no_series_and_not_zero() {
    let answer = decode_metric_answer(&recorded("query-empty.json")).unwrap();
    assert_eq!((answer.series.len(), answer.single()), (0, None));
}

#[test]
fn exemplars_are_read_with_their_trace_and_their_series() {
    let all = decode_metric_exemplars(&recorded("exemplars.json")).unwrap();
    let first = &all[0];
    assert_eq!(first.trace_id.to_string(), "4359c8f6b260c6720b4508b1956d0cf6");
    assert_eq!(
        (first.value, first.time),
        (0.002_898_578_279_265_492, UnixNanos(1_795_328_284_451_000_000))
    );
    assert!(all.iter().all(MetricExemplar::is_of_buckets), "{all:?}");
    for none in [
        &br#"{"status":"success"}"#[..],
        br#"{"status":"success","data":[]}"#,
        br#"{"status":"success","data":null}"#,
    ] {
        assert_eq!(decode_metric_exemplars(none).unwrap(), []);
    }
    let untraced = br#"{"status":"success","data":[{"seriesLabels":{},"exemplars":[{"labels":{"id":"7"},"value":"1","timestamp":1}]}]}"#;
    assert_eq!(decode_metric_exemplars(untraced).unwrap(), []);
}

#[test]
fn warnings_infos_and_missing_parts_are_kept() {
    let body = br#"{"status":"success","isPartial":true,"warnings":["a store is away"],
        "infos":["metric might not be a counter"],"data":{"result":[],"resultType":"vector"}}"#;
    let answer = decode_metric_answer(body).unwrap();
    assert_eq!(answer.warnings, ["a store is away", "metric might not be a counter"]);
    assert!(answer.partial);
}

#[test]
fn a_native_histogram_is_counted_and_is_no_number() {
    let body = br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},
        "histogram":[1795328443.972,{"count":"3","sum":"1.5","buckets":[[0,"0","1","3"]]}]}]}}"#;
    let answer = decode_metric_answer(body).unwrap();
    assert_eq!((answer.series[0].histograms, answer.series[0].points.len()), (1, 0));
}

#[test]
fn a_refusal_is_no_answer() {
    for name in ["query-parse-error.json", "query-exec-error.json", "range-too-many.json"] {
        assert!(decode_metric_answer(&recorded(name)).is_err(), "{name}");
    }
    assert!(decode_metric_answer(&recorded("404.json")).is_err());
}

#[test]
fn a_target_says_why_it_is_down_and_when_it_was_asked() {
    let targets = decode_scrape_targets(&recorded("targets.json")).unwrap();
    let down: Vec<&ScrapeTarget> = targets.iter().filter(|target| target.health != "up").collect();
    assert_eq!((targets.len(), down.len()), (4, 1));
    assert!(down[0].last_error.ends_with("connection refused"), "{}", down[0].last_error);
    assert_eq!((down[0].labels["job"].as_str(), down[0].scrape_interval.as_str()), ("down", "1s"));
    assert_eq!(down[0].last_scrape.unwrap().to_string(), "2026-11-22T06:20:45.74738693Z");
    let never = br#"{"status":"success","data":{"activeTargets":[
        {"health":"unknown","lastScrape":"0001-01-01T00:00:00Z"}]}}"#;
    assert_eq!(decode_scrape_targets(never).unwrap()[0].last_scrape, None);
}

#[test]
fn rules_say_which_cannot_be_computed_and_which_alerts_fire() {
    let rules = decode_rules(&recorded("rules.json")).unwrap();
    let broken: Vec<&str> =
        rules.iter().filter(|rule| rule.health == "err").map(|rule| rule.name.as_str()).collect();
    assert_eq!(broken, ["BrokenMany"]);
    let alerts: Vec<&Alert> = rules.iter().flat_map(|rule| &rule.alerts).collect();
    let firing: Vec<&&Alert> = alerts.iter().filter(|alert| alert.state == "firing").collect();
    assert_eq!((alerts.len(), firing.len()), (5, 1));
    assert_eq!(firing[0].annotations["runbook_url"], "https://runbooks.example/always");
}

#[test]
fn an_alertmanager_says_what_it_does_with_an_alert() {
    let alerts = decode_alerts(&recorded("am-v2-alerts.json")).unwrap();
    assert_eq!(alerts[0].labels["alertname"], "AlwaysFiring");
    assert_eq!(
        (alerts[0].status.state.as_str(), alerts[0].status.silenced_by.len()),
        ("active", 0)
    );
    assert_eq!(alerts[0].active_at.unwrap().to_string(), "2026-11-22T06:19:46.238Z");
}

#[test]
fn a_version_is_read_where_there_is_one() {
    assert_eq!(decode_build_version(&recorded("buildinfo.json")).as_deref(), Some("2.42.0+ds"));
    assert_eq!(decode_build_version(&recorded("404.json")), None);
    assert_eq!(decode_config_loaded(&recorded("runtimeinfo.json")), Some(true));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(decode_metric_answer(&bytes));
        drop(decode_rules(&bytes));
        drop(decode_scrape_targets(&bytes));
        drop(decode_alerts(&bytes));
    }

    #[test]
    fn a_cut_answer_is_refused(cut in 0_usize..460) {
        let whole = recorded("query-vector.json");
        let part = &whole[..cut.min(whole.len() - 2)];
        prop_assert!(decode_metric_answer(part).is_err());
    }

    #[test]
    fn every_number_and_every_time_of_the_usual_years_survives(
        value in any::<f64>(), milliseconds in 0_i64..4_102_444_800_000
    ) {
        let number = crate::model::metric_number(value);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let seconds = milliseconds as f64 / 1e3;
        let body = format!(r#"{{"status":"success","data":{{"resultType":"scalar",
            "result":[{seconds},"{number}"]}}}}"#);
        let point = decode_metric_answer(body.as_bytes()).unwrap().series[0].points[0];
        prop_assert_eq!(point.time.0, milliseconds * 1_000_000);
        prop_assert!(point.value.to_bits() == value.to_bits() || value.is_nan());
    }
}
