//! Answers as they are drawn, written and pictured.

use insta::assert_snapshot;

use super::*;
use crate::model::MetricValue;

const SECOND: i64 = 1_000_000_000;
const START: UnixNanos = UnixNanos(1_795_328_400 * SECOND);

fn series(labels: &[(&str, &str)], values: &[f64]) -> MetricSeries {
    let point = |(place, value): (i64, &f64)| MetricValue {
        time: UnixNanos(START.0 + place * 60 * SECOND),
        value: *value,
    };
    MetricSeries {
        labels: labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        points: (0..).zip(values).map(point).collect(),
        histograms: 0,
    }
}

fn report(shape: MetricShape, series: Vec<MetricSeries>) -> QueryReport {
    let minutes = series.iter().map(|one| one.points.len()).max().unwrap_or(1).max(2) - 1;
    let until = UnixNanos(START.0 + i64::try_from(minutes).unwrap() * 60 * SECOND);
    let step = std::time::Duration::from_mins(1);
    let times = match shape {
        MetricShape::Matrix => MetricTimes::Range { since: START, until, step },
        _ => MetricTimes::Now,
    };
    let query = MetricQuery { expression: "rate(http_requests_total[5m])".to_owned(), times };
    let answer = MetricAnswer { shape, series, text: None, warnings: Vec::new(), partial: false };
    QueryReport::new(&query, "prometheus at http://127.0.0.1:9090".to_owned(), answer, false)
}

fn waves() -> QueryReport {
    let wave = |shift: f64, size: f64| -> Vec<f64> {
        (0..61).map(|n| size * (1.5 + (f64::from(n) / 8.0 + shift).sin())).collect()
    };
    let labels = |status| [("__name__", "http"), ("job", "app"), ("status", status)];
    let mut second = wave(2.0, 2.0);
    second[20..26].fill(f64::NAN);
    report(
        MetricShape::Matrix,
        vec![series(&labels("200"), &wave(0.0, 4.0)), series(&labels("500"), &second)],
    )
}

fn drawn(report: &QueryReport, width: usize, ascii: bool) -> String {
    let mut out = Vec::new();
    let theme = Theme { ascii, ..Theme::plain(width, START) };
    report.human(&mut out, &theme).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_range_is_lines_with_their_letters_at_the_end() {
    assert_snapshot!(drawn(&waves(), 80, false));
}

#[test]
fn a_flat_line_is_one_line_in_the_middle_with_its_value() {
    let flat = report(MetricShape::Matrix, vec![series(&[("job", "app")], &[12.5; 30])]);
    assert_snapshot!(drawn(&flat, 60, false));
}

#[test]
fn a_value_that_stands_alone_is_seen_and_a_gap_is_a_gap() {
    let mut values = [f64::NAN; 30];
    (values[3], values[20], values[21]) = (1.0, 4.0, 4.0);
    let alone = report(MetricShape::Matrix, vec![series(&[], &values)]);
    assert_snapshot!(drawn(&alone, 60, false));
}

#[test]
fn in_ascii_a_line_is_made_of_its_letter() {
    let text = drawn(&waves(), 60, true);
    let plot: Vec<&str> = text.lines().filter(|line| line.contains(['|', '+'])).collect();
    assert!(plot.iter().all(|line| line.is_ascii()), "{text}");
    assert_snapshot!(plot.join("\n"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40, 80, 120, 160] {
        let text = drawn(&waves(), width, false);
        let plot = text.lines().take_while(|line| !line.contains("last"));
        for line in plot {
            assert!(text::columns(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_moment_is_a_number_a_series() {
    let labels = |job| [("__name__", "up"), ("env", "prod"), ("job", job)];
    let text = drawn(
        &report(
            MetricShape::Vector,
            vec![series(&labels("app"), &[1.0]), series(&labels("db"), &[f64::INFINITY])],
        ),
        80,
        false,
    );
    assert_snapshot!(text);
}

#[test]
fn no_data_is_not_zero() {
    let text = drawn(&report(MetricShape::Vector, Vec::new()), 80, false);
    assert!(text.contains("no data") && text.contains("not the same as zero"), "{text}");
    assert!(report(MetricShape::Matrix, Vec::new()).is_empty());
}

#[test]
fn of_many_series_the_highest_are_drawn_and_the_rest_is_said() {
    let many = (0..13).map(|n| {
        let name = n.to_string();
        series(&[("n", &name)], &[f64::from(n), f64::from(n)])
    });
    let text = drawn(&report(MetricShape::Matrix, many.collect()), 80, false);
    assert!(text.contains("10 of 13 series are drawn"), "{text}");
    assert!(text.contains("{n=\"12\"}") && !text.contains("{n=\"2\"}"), "{text}");
}

#[test]
fn a_row_of_csv_has_every_label_and_runs_nothing() {
    let report = report(
        MetricShape::Vector,
        vec![
            series(&[("path", "=cmd()"), ("q", "a,\"b")], &[f64::NEG_INFINITY]),
            series(&[("path", "/")], &[0.5]),
        ],
    );
    let mut out = Vec::new();
    report.csv(&mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "time,path,q,value\r\n2026-11-22T06:20:00Z,'=cmd(),\"a,\"\"b\",-Inf\r\n\
         2026-11-22T06:20:00Z,/,,0.5\r\n"
    );
}

#[test]
fn a_secret_in_a_label_is_masked_in_every_format() {
    let url = "postgres://u:hunter2@db/x";
    let report = report(MetricShape::Vector, vec![series(&[("dsn", url)], &[1.0])]);
    let mut out = drawn(&report, 80, false).into_bytes();
    report.csv(&mut out).unwrap();
    report.lines(&mut out).unwrap();
    report.markdown(&mut out).unwrap();
    report.svg(&mut out, &Theme::plain(80, START)).unwrap();
    out.extend(serde_json::to_vec(&report).unwrap());
    assert!(!String::from_utf8(out).unwrap().contains("hunter2"));
}

#[test]
fn a_picture_is_markup_of_its_own_alone() {
    let hostile = series(&[("path", "</text><script>alert(1)</script>\u{1b}[2J")], &[1.0, 2.0]);
    let mut out = Vec::new();
    let report = report(MetricShape::Matrix, vec![hostile]);
    report.svg(&mut out, &Theme::plain(80, START)).unwrap();
    let picture = String::from_utf8(out).unwrap();
    assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"));
    assert!(
        !picture.contains("<script") && !picture.contains('\u{1b}') && !picture.contains("NaN")
    );
    assert!(!["href", "src=", "url(", "@import"].iter().any(|word| picture.contains(word)));
}

#[test]
fn the_largest_and_the_strangest_numbers_are_drawn() {
    for values in [
        [f64::MAX, f64::MIN],
        [f64::MIN_POSITIVE, 0.0],
        [f64::NAN, f64::NAN],
        [f64::INFINITY, 1.0],
        [-0.0, 0.0],
    ] {
        let report = report(MetricShape::Matrix, vec![series(&[], &values)]);
        let text = drawn(&report, 80, false);
        assert!(text.lines().count() > 3, "{text}");
        let mut out = Vec::new();
        report.svg(&mut out, &Theme::plain(80, START)).unwrap();
        assert!(!String::from_utf8(out).unwrap().contains("=\"NaN"));
    }
}
