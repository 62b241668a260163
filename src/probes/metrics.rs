//! Two scrapes of `/metrics`: the share of errors, how long requests take, what is nearly used up.

use std::time::Duration;

use super::hints::quoted;
use super::scrape::looks;
use super::{Finding, Means, Probe, phase};

use crate::http::FetchError;
use crate::metrics::exposition::Fault;
use crate::metrics::golden::Golden;
use crate::metrics::saturation::{self, Saturation};
use crate::metrics::workers::Workers;
use crate::model::{Measure, Observation, Reason, Status};

pub(super) async fn run(probe: &Probe, url: &str, window: Duration, means: &Means) -> Finding {
    let looks = match looks(&means.http, url, window, probe.timeout).await {
        Ok(looks) => looks,
        Err(error) => return no_page(error),
    };
    let after = &looks.after;
    let elapsed = looks.before.as_ref().map(|before| after.answered - before.answered);
    let before = looks.before.as_ref().map_or(&[][..], |before| before.families.as_slice());
    let mut finding = match (&looks.workers, elapsed) {
        (None, Some(elapsed)) => {
            judge(probe, Golden::between(before, &after.families, elapsed).as_ref())
        }
        (workers, _) => of_workers(workers.as_ref()),
    };
    saturated(&mut finding, probe, &saturation::of(before, &after.families, elapsed));
    complain(&mut finding, &after.faults, url);
    finding.phases = looks.before.iter().map(|first| phase("answer", first.answer_took)).collect();
    finding.phases.extend(elapsed.map(|elapsed| phase("window", elapsed)));
    finding.phases.push(phase("answer", after.answer_took));
    finding
}

/// What several processes count is of each alone: nothing is known of all of them.
pub(super) fn of_workers(workers: Option<&Workers>) -> Finding {
    let evidence = workers
        .map_or("another process answered after the window", |workers| workers.evidence.as_str());
    let message = format!("several worker processes with numbers of their own ({evidence})");
    Finding::unknown(Reason::Protocol, message)
        .likely("set PROMETHEUS_MULTIPROC_DIR, so that one page has the numbers of all")
}

/// A page that is too large is not known to be bad.
fn no_page(error: FetchError) -> Finding {
    match error.reason {
        Reason::TooLarge => Finding::unknown(Reason::TooLarge, error.message),
        _ => Finding::of_error(error),
    }
}

fn judge(probe: &Probe, golden: Option<&Golden>) -> Finding {
    let Some(golden) = golden else {
        return Finding::ok("no metric of requests among them");
    };
    let seconds = golden.elapsed.unwrap_or_default().as_secs_f64();
    // The highest of several series is not below that of all: a limit that it keeps is kept.
    let quantile = |q| {
        let own = || golden.all.own_quantile(q).map(|own| own.ms);
        golden.all.duration_ms(q).or_else(own)
    };
    let (ratio, p95) = (golden.all.error_ratio(), quantile(0.95));
    let (rate, p99) = (golden.rate(&golden.all), quantile(0.99));
    let mut finding = Finding::ok(message(golden, ratio, p95));
    let observe = |name, value, unit| Observation { name, value, unit };
    finding.observed = vec![
        observe("request_rate", rate, "1/s"),
        observe("requests", Some(golden.all.requests), "1"),
        observe("error_ratio", ratio, "1"),
        observe("p95_ms", p95, "ms"),
        observe("p99_ms", p99, "ms"),
        observe("window_ms", Some(seconds * 1e3), "ms"),
    ];
    let of_rate = rate.ok_or("no time between the scrapes");
    match of_rate {
        Ok(rate) => finding.judge(probe, Measure::Rate, rate, Reason::Status),
        Err(why) => finding.lacks(Measure::Rate, why),
    }
    if golden.all.is_few() {
        judge_few(&mut finding, probe, golden);
        return finding;
    }
    for (measure, value, why, reason) in [
        (Measure::P95, p95, "no histogram and no quantile of durations", Reason::Slow),
        (Measure::P99, p99, "no histogram and no quantile of durations", Reason::Slow),
        (Measure::ErrorRatio, ratio, "errors are not told apart", Reason::Status),
    ] {
        match value {
            Some(value) => finding.judge(probe, measure, value, reason),
            None => finding.lacks(measure, why),
        }
    }
    finding
}

/// A few requests prove nothing: one failure of one would be 100 %. Without a failure they are well as
/// far as anybody knows; with more failures than a limit allows it cannot be told.
fn judge_few(finding: &mut Finding, probe: &Probe, golden: &Golden) {
    for measure in [Measure::P95, Measure::P99, Measure::ErrorRatio] {
        finding.knows(measure);
    }
    let (Some(ratio), Some(errors)) = (golden.all.error_ratio(), golden.all.errors) else { return };
    let mut limits = probe.fail.iter().chain(&probe.warn);
    let crossed =
        limits.find(|limit| limit.measure == Measure::ErrorRatio && limit.is_crossed_by(ratio));
    if let Some(limit) = crossed.filter(|_| errors > 0.0) {
        let requests = golden.all.requests;
        let what = format!(
            "{errors} of {requests} failed, which is beyond {} and too few to judge by",
            limit.text
        );
        finding.worsen(Status::Unknown, Reason::Status, &what);
        finding.likely = Some(
            "some requests fail, and there are too few of them to say how many do: look longer, \
             --window 30s, and at the errors"
                .into(),
        );
    }
}

/// Judges the fullest of what there is a limited number of, and names it when it is too full.
fn saturated(finding: &mut Finding, probe: &Probe, all: &[Saturation]) {
    let ratio = |one: &Saturation| one.ratio().unwrap_or(0.0);
    let limited = all.iter().filter(|one| one.hurts() && one.max.is_some());
    let Some(fullest) = limited.max_by(|a, b| ratio(a).total_cmp(&ratio(b))) else {
        finding.lacks(Measure::Saturation, "no pool, queue or the like with a limit among them");
        return;
    };
    finding.knows(Measure::Saturation);
    let value = ratio(fullest);
    finding.observe("saturation", Some(value), "1");
    let limits = probe.warn.iter().chain(&probe.fail);
    let mut limits = limits.filter(|limit| limit.measure == Measure::Saturation);
    if limits.any(|limit| limit.is_crossed_by(value)) {
        let (used, max) = (fullest.used, fullest.max.unwrap_or(0.0));
        finding.message = format!("{}; {}: {used} of {max}", finding.message, fullest.name);
        finding.measure(probe, Measure::Saturation, value, Reason::Saturated);
    }
}

/// Draws `12 req/s, 0% errors, p95 23ms (n=12 in 1.0s)`.
fn message(golden: &Golden, ratio: Option<f64>, p95: Option<f64>) -> String {
    let seconds = golden.elapsed.unwrap_or_default().as_secs_f64();
    let requests = golden.all.requests;
    if requests <= 0.0 {
        return format!("no requests in {seconds:.1}s");
    }
    let rate = golden.rate(&golden.all).unwrap_or(0.0);
    let errors = ratio.map_or_else(
        || "errors not told apart".to_owned(),
        |ratio| format!("{}% errors", rounded(ratio * 100.0)),
    );
    let duration = match (p95, golden.all.bucket_ms(0.95)) {
        (Some(p95), Some((_, end))) if end.is_infinite() => format!(", p95 > {}ms", rounded(p95)),
        // Within the first bucket it is a share of its width, and nothing that was measured.
        (Some(_), Some((start, end))) if start <= 0.0 => format!(", p95 < {}ms", rounded(end)),
        (Some(p95), Some(_)) => format!(", p95 {}ms", rounded(p95)),
        (Some(p95), None) => match golden.all.own_quantile(0.95).map_or(0, |own| own.series) {
            0 | 1 => format!(", p95 {}ms by the exporter", rounded(p95)),
            series => format!(", p95 at most {}ms, of {series} series", rounded(p95)),
        },
        (None, _) => String::new(),
    };
    let few = if golden.all.is_few() { ", too few to judge" } else { "" };
    format!("{} req/s, {errors}{duration} (n={requests} in {seconds:.1}s{few})", rounded(rate))
}

fn rounded(value: f64) -> String {
    if value == 0.0 || value >= 10.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Lines that cannot be read are a warning: what they hold is missing from the numbers.
fn complain(finding: &mut Finding, faults: &[Fault], url: &str) {
    let Some(first) = faults.first() else { return };
    let Fault { line, column, message } = first;
    let count = faults.len();
    let plural = if count == 1 { "line" } else { "lines" };
    finding.message = format!(
        "{}; {count} {plural} cannot be read, the first at {line}:{column}: {message}",
        finding.message
    );
    if finding.status < Status::Warn {
        finding.status = Status::Warn;
        finding.reason = Some(Reason::Protocol);
        finding.likely = Some(
            "whatever writes the page breaks its format there: what is on such lines is missing here and in Prometheus"
                .into(),
        );
        let url = quoted(&crate::http::without_secrets(url));
        finding.command = Some(format!("obs metrics lint {url}"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::scrape::read;
    use super::super::targets::limits_for_tests;
    use super::*;
    use crate::metrics::families::group;
    use crate::model::Threshold;

    #[test]
    fn a_limit_that_somebody_set_is_never_met_by_what_was_not_measured() {
        let mut probe = limits_for_tests("redis");
        let judged = |probe: &Probe| {
            let mut finding = judge(probe, None);
            finding.hold_to_what_was_asked(probe);
            finding
        };
        assert_eq!(judged(&probe).status, Status::Ok);
        probe.asked = vec![Threshold::parse("p95 > 300ms").unwrap()];
        let finding = judged(&probe);
        assert_eq!((finding.status, finding.reason), (Status::Unknown, Some(Reason::Config)));
        assert!(finding.message.contains("so that `p95 > 300ms` cannot be judged"));
    }

    #[test]
    fn of_lines_that_cannot_be_read_the_page_is_to_be_linted() {
        let page = read(b"up 1\nup{ 2\n", "text/plain").unwrap();
        let mut finding = Finding::ok("well");
        complain(&mut finding, &page.faults, "http://user:hunter2@api/metrics");
        assert_eq!((finding.status, finding.reason), (Status::Warn, Some(Reason::Protocol)));
        assert_eq!(finding.command.as_deref(), Some("obs metrics lint 'http://api/metrics'"));
        assert!(finding.likely.unwrap().contains("breaks its format"));
    }

    #[test]
    fn a_few_requests_are_never_a_failure() {
        let group = |requests: f64, errors: f64| {
            let page = |requests: f64, errors: f64| {
                let good = requests - errors;
                let text = format!(
                    "# TYPE http_requests_total counter\n\
                     http_requests_total{{status=\"200\"}} {good}\n\
                     http_requests_total{{status=\"500\"}} {errors}\n"
                );
                group(&read(text.as_bytes(), "text/plain").unwrap())
            };
            let second = Duration::from_secs(1);
            Golden::between(&page(0.0, 0.0), &page(requests, errors), second).unwrap()
        };
        let probe = limits_for_tests("redis");
        for (requests, errors, status) in [
            (5.0, 0.0, Status::Ok),
            (5.0, 1.0, Status::Unknown),
            (0.0, 0.0, Status::Ok),
            (100.0, 0.0, Status::Ok),
            (100.0, 50.0, Status::Fail),
        ] {
            let finding = judge(&probe, Some(&group(requests, errors)));
            assert_eq!(finding.status, status, "{requests} {errors}: {finding:?}");
        }
        let message = judge(&probe, Some(&group(5.0, 1.0))).message;
        assert!(message.contains("1 of 5 failed"), "{message}");
        assert!(message.contains("too few to judge"), "{message}");
    }

    #[test]
    fn a_summarys_own_quantile_is_held_to_the_limit() {
        let page = |count: u32| {
            let rows = |path: &str, ms: u32| {
                format!(
                    "http_server_requests_seconds{{uri=\"{path}\",status=\"200\",method=\"GET\",quantile=\"0.95\"}} 0.{ms}\n\
                     http_server_requests_seconds_sum{{uri=\"{path}\",status=\"200\",method=\"GET\"}} 1\n\
                     http_server_requests_seconds_count{{uri=\"{path}\",status=\"200\",method=\"GET\"}} {count}\n"
                )
            };
            let text = format!(
                "# TYPE http_server_requests_seconds summary\n{}{}",
                rows("/orders", 400),
                rows("/stock", 120)
            );
            group(&read(text.as_bytes(), "text/plain").unwrap())
        };
        let golden = Golden::between(&page(0), &page(50), Duration::from_secs(1)).unwrap();
        let mut probe = limits_for_tests("redis");
        for (limit, status) in [("p95 > 300ms", Status::Warn), ("p95 > 500ms", Status::Ok)] {
            probe.warn = vec![Threshold::parse(limit).unwrap()];
            let finding = judge(&probe, Some(&golden));
            assert_eq!(finding.status, status, "{finding:?}");
            assert!(finding.message.contains("p95 at most 400ms, of 2 series"), "{finding:?}");
        }
    }
}
