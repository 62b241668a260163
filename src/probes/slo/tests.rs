//! Burn rates by the numbers of the Site Reliability Workbook.

use async_trait::async_trait;

use super::*;
use crate::metrics::families::group;
use crate::model::{MetricAnswer, MetricSeries, MetricShape, MetricValue};
use crate::probes::scrape::read;

/// Computes `E[window]` and `T[window]` by a table: bad and all requests a second.
#[derive(Debug)]
struct Table(Vec<Row>, Duration);

/// A window, and its bad and all requests a second.
type Row = (&'static str, Option<f64>, Option<f64>);

const NOW: UnixNanos = UnixNanos(1_800_000_000_000_000_000);

#[async_trait]
impl Backend for Table {
    fn name(&self) -> String {
        "table".to_owned()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        Ok(String::new())
    }

    fn metrics(&self) -> Option<&dyn MetricSource> {
        Some(self)
    }
}

#[async_trait]
impl MetricSource for Table {
    async fn query(&self, query: &MetricQuery) -> Result<MetricAnswer, SourceError> {
        if let MetricTimes::Range { since, until, step } = query.times {
            return Ok(self.over_time(since, until, step));
        }
        let (kind, window) = query.expression.split_at(1);
        let window = window.trim_matches(['[', ']']);
        let row = self.0.iter().find(|(known, ..)| *known == window);
        let (_, bad, all) = row.copied().unwrap_or(("", None, Some(1.0)));
        let value = if kind == "E" { bad } else { all };
        Ok(answer(value.map(|value| vec![MetricValue { time: NOW, value }])))
    }
}

impl Table {
    /// Has a value at each moment since its data began.
    fn over_time(&self, since: UnixNanos, until: UnixNanos, step: Duration) -> MetricAnswer {
        let step = usize::try_from(step.as_nanos()).unwrap();
        let times = (since.0..=until.0).step_by(step).map(UnixNanos);
        let there = times.filter(|time| *time >= NOW.before(self.1));
        let points: Vec<_> = there.map(|time| MetricValue { time, value: 1.0 }).collect();
        answer((!points.is_empty()).then_some(points))
    }
}

fn answer(points: Option<Vec<MetricValue>>) -> MetricAnswer {
    let labels = std::collections::BTreeMap::new;
    let series = points.map(|points| MetricSeries { labels: labels(), points, histograms: 0 });
    MetricAnswer {
        shape: MetricShape::Vector,
        series: series.into_iter().collect(),
        text: None,
        warnings: Vec::new(),
        partial: false,
    }
}

fn slo(objective: f64) -> Slo {
    let by = By::Page(String::new(), Duration::ZERO);
    let period = Duration::from_hours(720);
    Slo { objective, budget: 1.0 - objective / 100.0, period, by }
}

async fn judge(rows: Vec<Row>) -> Finding {
    judge_young(rows, Duration::from_hours(1_000)).await
}

/// Judges what has data of so long.
async fn judge_young(rows: Vec<Row>, data: Duration) -> Finding {
    by_queries(&slo(99.9), ("E[{{window}}]", "T[{{window}}]"), &Table(rows, data), NOW).await
}

fn statuses(finding: &Finding) -> Vec<Status> {
    finding.children.iter().map(|part| part.status).collect()
}

#[tokio::test]
async fn both_windows_of_a_pair_have_to_burn() {
    use Status::{Fail, Ok};
    let one = Some(1.0);
    // 1.5 % of errors are 15 times what 99.9 % allows.
    let finding = judge(vec![("1h", Some(0.015), one), ("5m", Some(0.015), one)]).await;
    assert_eq!(statuses(&finding), [Fail, Ok, Ok, Ok]);
    assert_eq!((finding.status, finding.reason), (Fail, Some(Reason::Saturated)));
    assert_eq!(finding.children[0].message, "burn rate 15 and 15; page above 14.4");
    // It is over: the short window does not burn any more.
    let over = judge(vec![("1h", Some(0.015), one), ("5m", None, one)]).await;
    assert_eq!((over.status, statuses(&over)), (Ok, vec![Ok; 4]));
}

#[tokio::test]
async fn a_slow_burn_is_a_ticket() {
    let one = Some(1.0);
    let finding = judge(vec![("1d", Some(0.004), one), ("2h", Some(0.0035), one)]).await;
    use Status::{Ok, Warn};
    assert_eq!(statuses(&finding), [Ok, Ok, Warn, Ok]);
    assert_eq!(finding.status, Warn);
}

#[tokio::test]
async fn what_is_left_of_the_budget_is_told_and_how_long_it_lasts() {
    let one = Some(1.0);
    let finding = judge(vec![("720h", Some(0.0004), one), ("1h", Some(0.01), one)]).await;
    let expected = "99.9%: 60% of the budget of 30d is left, for 43h at the rate of the last hour";
    assert_eq!(finding.message, expected);
    let used = judge(vec![("720h", Some(0.002), one)]).await;
    assert_eq!(
        (used.status, used.message.as_str()),
        (Status::Warn, "99.9%: the budget of 30d is used up")
    );
}

/// Every window, with 2 % of errors: 20 times what is allowed.
fn failing() -> Vec<Row> {
    let windows = WINDOWS.iter().map(|(window, ..)| *window).chain(["720h"]);
    windows.map(|window| (window, Some(0.02), Some(1.0))).collect()
}

#[tokio::test]
async fn a_window_is_not_judged_by_data_of_less_than_its_half() {
    use Status::{Fail, Skipped, Unknown, Warn};
    for (minutes, expected, status, words) in [
        (0, [Skipped; 4], Unknown, "its budget of 30d is not known: data of less than 1m"),
        (29, [Skipped; 4], Unknown, "its budget of 30d is not known: data of 29m"),
        (30, [Fail, Skipped, Skipped, Skipped], Fail, "not known: data of 30m"),
        (4 * 60, [Fail, Fail, Skipped, Skipped], Fail, "not known: data of 4h"),
        (20 * 1_440, [Fail, Fail, Warn, Warn], Fail, "of 30d is used up, by data of 20d"),
    ] {
        let finding = judge_young(failing(), Duration::from_mins(minutes)).await;
        assert_eq!((statuses(&finding), finding.status), (expected.to_vec(), status), "{minutes}");
        assert!(finding.message.contains(words), "{}", finding.message);
        let of = |name| finding.observed.iter().find(|one| one.name == name).unwrap().value;
        assert_eq!(of("burn_1h").is_some(), minutes >= 30, "{minutes}");
        assert_eq!(of("budget_left").is_some(), minutes >= 20 * 1_440, "{minutes}");
    }
    let finding = judge_young(failing(), Duration::from_mins(5)).await;
    let said = "not judged: data of 5m of 6h; burn rate 20 and 20 by that";
    assert_eq!(finding.children[1].message, said);
}

#[tokio::test]
async fn no_errors_are_well_and_no_requests_unknown() {
    let well = judge(Vec::new()).await;
    assert_eq!(
        (well.status, well.message.as_str()),
        (Status::Ok, "99.9%: 100% of the budget of 30d is left")
    );
    let all = WINDOWS.iter().map(|(window, ..)| *window).chain(["720h"]);
    let silent = judge(all.map(|window| (window, None, Some(0.0))).collect()).await;
    assert_eq!((silent.status, silent.reason), (Status::Unknown, Some(Reason::NotFound)));
}

#[test]
fn the_limits_are_those_of_the_workbook() {
    let most = |pair: &Pair| 720.0 * pair.part / pair.hours;
    let limits: Vec<String> = PAIRS.iter().map(|pair| digits(most(pair))).collect();
    assert_eq!(limits, ["14.4", "6", "3", "1"]);
}

#[tokio::test]
async fn what_has_no_data_names_its_metric_and_how_to_look_for_it() {
    let windows = || WINDOWS.iter().map(|(window, ..)| *window).chain(["720h"]);
    let none = judge(windows().map(|window| (window, None, None)).collect()).await;
    assert_eq!(none.message, "no data: `T` gives no series in any window");
    assert_eq!(none.command.as_deref(), Some("obs metrics --query 'T'"));
    let idle = judge(windows().map(|window| (window, None, Some(0.0))).collect()).await;
    assert_eq!(idle.message, "no data: `T` says that there were no requests in any window");
    let total = "sum(rate(http_requests_total {job=\"api\"}[{{window}}]))";
    assert_eq!(metric_of(total), Some("http_requests_total"));
    for strange in ["", "{", "sum(up)", "{__name__=\"é\"}", "é["] {
        assert_eq!(metric_of(strange), None, "{strange}");
    }
}

#[test]
fn a_few_requests_are_judged_only_where_none_failed() {
    let of = |requests: f64, errors: f64| {
        let page = |requests: f64, errors: f64| {
            let text = format!(
                "# TYPE http_requests_total counter\n\
                 http_requests_total{{status=\"200\"}} {}\n\
                 http_requests_total{{status=\"500\"}} {errors}\n",
                requests - errors
            );
            group(&read(text.as_bytes(), "text/plain").unwrap())
        };
        let second = Duration::from_secs(1);
        let golden = Golden::between(&page(0.0, 0.0), &page(requests, errors), second).unwrap();
        let finding = of_golden(&slo(99.9), &golden);
        (finding.status, finding.message)
    };
    assert_eq!(of(5.0, 0.0).0, Status::Ok);
    assert_eq!(of(0.0, 0.0).0, Status::Ok);
    assert_eq!(of(100.0, 50.0).0, Status::Fail);
    let (status, message) = of(5.0, 1.0);
    assert_eq!(status, Status::Unknown);
    assert!(message.contains("1 of 5 requests failed over 1.0s"), "{message}");
}
