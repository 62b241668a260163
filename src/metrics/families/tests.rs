use proptest::prelude::*;

use super::*;
use crate::metrics::exposition;

fn families(page: &str) -> Vec<Family> {
    group(&exposition::read(page.as_bytes(), ""))
}

/// Counts the samples that families hold.
fn count(families: &[Family]) -> usize {
    let of = |value: &Value| match value {
        Value::Number(number) => usize::from(!number.is_nan()),
        Value::Histogram { buckets: parts, sum, count }
        | Value::Summary { quantiles: parts, sum, count } => {
            parts.len() + usize::from(sum.is_some()) + usize::from(count.is_some())
        }
    };
    let apart = |family: &Family| {
        let name = format!("{}_created", family.name.trim_end_matches("_total"));
        families.iter().any(|other| other.name == name)
    };
    let of_family = |family: &Family| -> usize {
        let created = |series: &&Series| series.created.is_some() && !apart(family);
        let values: usize = family.series.iter().map(|series| of(&series.value)).sum();
        values + family.series.iter().filter(created).count()
    };
    families.iter().map(of_family).sum()
}

fn only(page: &str) -> Family {
    let mut all = families(page);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn histograms_with_commas_in_their_labels_stay_apart() {
    let page = "# TYPE h histogram\nh_bucket{p=\"a,b\",le=\"1\"} 1\nh_bucket{p=\"a,b\",le=\"+Inf\"} 2\n\
                h_bucket{p=\"a,c\",le=\"1\"} 5\nh_bucket{p=\"a,c\",le=\"+Inf\"} 6\nh_sum{p=\"a,b\"} 3\n";
    let family = only(page);
    assert_eq!(family.series[0].labels, [("p".to_owned(), "a,b".to_owned())]);
    let (sum, count) = (Some(3.0), None);
    let buckets = vec![(1.0, 1.0), (f64::INFINITY, 2.0)];
    assert_eq!(family.series[0].value, Value::Histogram { buckets, sum, count });
    assert_eq!(family.series[1].labels, [("p".to_owned(), "a,c".to_owned())]);
}

#[test]
fn a_route_in_braces_is_not_lost() {
    let family = only("# TYPE m counter\nm{path=\"/items/{id}\",method=\"GET\"} 1\n");
    assert_eq!(family.kind, Kind::Counter);
    assert_eq!(family.series[0].labels[1].1, "/items/{id}");
}

#[test]
fn a_counter_of_openmetrics_keeps_its_type() {
    let all = families(
        "# TYPE foo counter\nfoo_total{a=\"b\"} 17.0\nfoo_created{a=\"b\"} 1520872607.5\n# EOF\n",
    );
    assert_eq!((all[0].name.as_str(), all[0].kind), ("foo", Kind::Counter));
    assert_eq!((all.len(), all[0].series[0].created), (1, Some(1_520_872_607.5)));
}

#[test]
fn a_summary_keeps_its_quantiles_and_its_sum() {
    let family = only("# TYPE s summary\ns{quantile=\"0.5\"} 4\ns_sum 9\ns_count 2\n");
    let quantiles = vec![(0.5, 4.0)];
    let value = Value::Summary { quantiles, sum: Some(9.0), count: Some(2.0) };
    assert_eq!(family.series[0].value, value);
}

#[test]
fn every_sample_of_a_recorded_page_is_in_a_family() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics/");
    for (file, samples) in [
        // One of its 117 is a NaN, which cannot be told from none here.
        ("python-raw.om.txt", 116),
        ("fa_starlette.text.prom", 89),
        ("fa_inst.text.prom", 90),
        ("fa_exp.om.txt", 97),
        ("utf8.allow-utf-8.om.txt", 20),
    ] {
        let page = std::fs::read(format!("{folder}{file}")).unwrap();
        let families = group(&exposition::read(&page, ""));
        assert_eq!(count(&families), samples, "{file}");
    }
}

#[test]
fn what_openmetrics_adds_keeps_its_type_and_its_unit() {
    let read = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics/hard");
        only(&std::fs::read_to_string(format!("{folder}/{name}.txt")).unwrap())
    };
    for (file, name, kind, series) in [
        ("om_gaugehistogram", "g", Kind::GaugeHistogram, 1),
        ("om_info", "build", Kind::Info, 1),
        ("om_stateset", "f", Kind::StateSet, 2),
        ("om_unit", "d_seconds", Kind::Counter, 1),
    ] {
        let family = read(file);
        assert_eq!((&*family.name, family.kind, family.series.len()), (name, kind, series));
    }
    assert_eq!(read("om_unit").unit.as_deref(), Some("seconds"));
}

#[test]
fn both_ways_of_grouping_give_the_same() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/metrics");
    let files = |folder: &str| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut pages = 0;
    for file in files(folder).chain(files(&format!("{folder}/hard"))).filter(|path| path.is_file())
    {
        let page = std::fs::read(&file).unwrap();
        let read = exposition::read(&page, "");
        // Not equal to itself is only what is not a number.
        let (direct, typed) =
            (format!("{:?}", direct(&read)), format!("{:?}", typed::group(&read)));
        assert_eq!(direct, typed, "{}", file.display());
        pages += 1;
    }
    assert!(pages > 70, "{pages}");
}

proptest! {
    #[test]
    fn no_sample_is_lost_whatever_its_labels_are(
        values in proptest::collection::btree_set("[\\PC\"\\\\{},=]{0,8}", 1..6),
    ) {
        let mut page = String::from("# TYPE c counter\n# TYPE h histogram\n");
        for value in &values {
            let label = value.replace('\\', "\\\\").replace('"', "\\\"");
            for line in [
                format!("c{{v=\"{label}\"}} 1\n"),
                format!("h_bucket{{v=\"{label}\",le=\"0.5\"}} 1\n"),
                format!("h_bucket{{v=\"{label}\",le=\"+Inf\"}} 2\n"),
                format!("h_count{{v=\"{label}\"}} 2\n"),
            ] {
                page += &line;
            }
        }
        let families = families(&page);
        prop_assert_eq!(count(&families), values.len() * 4);
        let read: Vec<&str> =
            families[0].series.iter().map(|series| series.labels[0].1.as_str()).collect();
        prop_assert_eq!(read, values.iter().collect::<Vec<_>>());
    }
}
