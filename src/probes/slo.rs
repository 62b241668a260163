//! How fast errors use up the budget of an objective: burn rates over pairs of windows.
//!
//! A burn rate of 1 uses up the budget in exactly its period. A long window says that it matters, a
//! short one that it goes on. Without a Prometheus two scrapes give one burn rate, and no history.
//! Source: Google, "The Site Reliability Workbook", chapter 5, multi-window, multi-burn-rate alerts.

mod reach;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::finding::Part;
use super::hints::quoted;
use super::scrape::looks;
use super::{Finding, Means, Probe};
use crate::config::WINDOW;
use crate::metrics::golden::Golden;
use crate::model::{CheckKind, MetricQuery, MetricTimes, Observation, Reason, Status, UnixNanos};
use crate::sources::{Backend, MetricSource, SourceError};
use reach::Reach;

/// An objective that can be asked about.
#[derive(Debug, Clone)]
pub struct Slo {
    /// The percentage of requests that have to be good.
    pub objective: f64,
    /// The part of all requests that may be bad.
    pub budget: f64,
    /// How long it is for.
    pub period: Duration,
    /// What it is measured by.
    pub by: By,
}

/// What an objective is measured by.
#[derive(Debug, Clone)]
pub enum By {
    /// Two expressions with `{{window}}`, and who computes them.
    Queries(String, String, Arc<dyn Backend>),
    /// Two scrapes of a page, and the time between them.
    Page(String, Duration),
}

impl Slo {
    /// Returns where it is measured, without secrets.
    pub(super) fn shown(&self) -> String {
        match &self.by {
            By::Queries(.., backend) => backend.name(),
            By::Page(url, _) => crate::http::without_secrets(url),
        }
    }
}

/// Two windows that are judged together.
struct Pair {
    name: &'static str,
    long: &'static str,
    short: &'static str,
    /// The long window, in hours.
    hours: f64,
    /// The part of the budget that may be used up in it.
    part: f64,
    /// What it is when both burn faster.
    status: Status,
}

const PAIRS: [Pair; 4] = [
    Pair {
        name: "1h and 5m",
        long: "1h",
        short: "5m",
        hours: 1.0,
        part: 0.02,
        status: Status::Fail,
    },
    Pair {
        name: "6h and 30m",
        long: "6h",
        short: "30m",
        hours: 6.0,
        part: 0.05,
        status: Status::Fail,
    },
    Pair {
        name: "1d and 2h",
        long: "1d",
        short: "2h",
        hours: 24.0,
        part: 0.1,
        status: Status::Warn,
    },
    Pair {
        name: "3d and 6h",
        long: "3d",
        short: "6h",
        hours: 72.0,
        part: 0.1,
        status: Status::Warn,
    },
];

/// Every window once, with the name under which its burn rate is in JSON.
const WINDOWS: [(&str, &str, Duration); 7] = [
    ("5m", "burn_5m", Duration::from_mins(5)),
    ("30m", "burn_30m", Duration::from_mins(30)),
    ("1h", "burn_1h", Duration::from_hours(1)),
    ("2h", "burn_2h", Duration::from_hours(2)),
    ("6h", "burn_6h", Duration::from_hours(6)),
    ("1d", "burn_1d", Duration::from_hours(24)),
    ("3d", "burn_3d", Duration::from_hours(72)),
];

/// With fewer requests than this between two scrapes, their share of errors says nothing.
const REQUESTS_MIN: f64 = 20.0;

/// How fast a window burns.
enum Burn {
    /// As fast as this.
    Known(f64),
    /// There were no requests.
    Idle,
    /// Nothing counts requests.
    Nothing,
}

pub(super) async fn run(probe: &Probe, slo: &Slo, means: &Means) -> Finding {
    match &slo.by {
        By::Queries(errors, total, backend) => {
            let asked = by_queries(slo, (errors, total), backend.as_ref(), means.now);
            tokio::time::timeout(probe.timeout, asked).await.unwrap_or_else(|_| {
                let message = format!("no answer within {:?}", probe.timeout);
                Finding::unknown(Reason::Timeout, message)
            })
        }
        By::Page(url, window) => by_page(slo, url, *window, probe.timeout, means).await,
    }
}

async fn by_queries(
    slo: &Slo,
    (errors, total): (&str, &str),
    backend: &dyn Backend,
    now: UnixNanos,
) -> Finding {
    let period = format!("{}h", slo.period.as_secs() / 3_600);
    let windows = WINDOWS.iter().map(|(window, ..)| *window).chain([period.as_str()]);
    let asking = windows.map(|window| burn(slo, (errors, total), window, backend));
    let (answers, reach) =
        tokio::join!(join_all(asking), reach::of(total, slo.period, now, backend));
    // Nothing is known of the objective; whether it is kept is another question.
    let of_error = |error: SourceError| Finding::unknown(error.check_reason(), error.in_a_check());
    let mut asked = Vec::new();
    for answer in answers {
        match answer {
            Ok(burn) => asked.push(burn),
            Err(error) => return of_error(error),
        }
    }
    let reach = match reach {
        Ok(reach) => reach,
        Err(error) => return of_error(error),
    };
    let mut burns: Vec<Option<f64>> = asked.iter().map(Burn::known).collect();
    let whole = burns.pop().flatten();
    if whole.is_none() && burns.iter().all(Option::is_none) {
        return no_data(total, asked.iter().any(|burn| matches!(burn, Burn::Idle)));
    }
    let of = |wanted: &str| {
        let place = WINDOWS.iter().position(|(window, ..)| *window == wanted)?;
        burns.get(place).copied().flatten()
    };
    let mut finding = judged(slo, &of, whole, reach);
    if finding.command.is_none() && finding.status != Status::Ok {
        let expression = quoted(&errors.replace(WINDOW, "5m"));
        finding = finding.command(format!("obs metrics --query {expression} --since 6h"));
    }
    // A number that is not of its window is none of it.
    let enough = |window, value: Option<f64>| value.filter(|_| reach.is_enough_for(window));
    let left = enough(slo.period, whole).map(|all| 1.0 - all);
    let observed = WINDOWS.iter().zip(&burns).map(|((_, name, window), value)| Observation {
        name,
        value: enough(*window, *value),
        unit: "1",
    });
    finding.observed =
        observed.chain([Observation { name: "budget_left", value: left, unit: "1" }]).collect();
    finding
}

/// Says what there is no data of, and how to look.
fn no_data(total: &str, is_idle: bool) -> Finding {
    let metric = metric_of(total).unwrap_or("total");
    let command = format!("obs metrics --query {}", quoted(metric_of(total).unwrap_or(total)));
    if is_idle {
        let message = format!("no data: `{metric}` says that there were no requests in any window");
        return Finding::unknown(Reason::NotFound, message)
            .likely("nobody asks it anything, or its traffic is counted elsewhere")
            .command(command);
    }
    Finding::unknown(Reason::NotFound, format!("no data: `{metric}` gives no series in any window"))
        .likely("the metric or its labels are called otherwise, or nothing scrapes the application")
        .command(command)
}

/// Finds the first metric in an expression: the name in front of `{` or `[`.
fn metric_of(expression: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let (end, _) = expression.match_indices(['{', '[']).next()?;
    let before = expression.get(..end)?.trim_end();
    let name = before.get(before.trim_end_matches(is_of_name).len()..)?;
    (!name.is_empty()).then_some(name)
}

/// Judges the pairs that have data, and says how much of the budget is left and how long it lasts.
///
/// `whole` is the burn rate of the whole period: the part of the budget that is used up.
fn judged(
    slo: &Slo,
    of: &impl Fn(&str) -> Option<f64>,
    whole: Option<f64>,
    reach: Reach,
) -> Finding {
    let parts: Vec<Part> = PAIRS.iter().map(|pair| part(slo, pair, of, reach)).collect();
    let left = whole.filter(|_| reach.is_enough_for(slo.period)).map(|all| 1.0 - all);
    let objective = slo.objective;
    let days = slo.period.as_secs() / 86_400;
    let data = reach.shown();
    let over = if reach.is_all_of(slo.period) { String::new() } else { format!(", by {data}") };
    let left_words = match left {
        None if whole.is_some() => format!("its budget of {days}d is not known: {data}"),
        None => "its budget is not known".to_owned(),
        Some(left) if left <= 0.0 => format!("the budget of {days}d is used up{over}"),
        Some(left) => format!("{}% of the budget of {days}d is left{over}", digits(left * 100.0)),
    };
    let lasts = left.zip(of("1h")).and_then(|(left, burn)| lasts(slo, left, burn));
    let lasts = lasts.map(|lasts| format!(", for {lasts} at the rate of the last hour"));
    let message = format!("{objective}%: {left_words}{}", lasts.unwrap_or_default());
    let judged = parts.iter().map(|part| part.status).filter(|status| *status != Status::Skipped);
    let Some(worst) = judged.max() else {
        let mut finding = Finding::unknown(Reason::NotFound, message)
            .likely("its metrics are not scraped for long enough to judge, or were lost: ask again later")
            .command("obs errors --since 15m".to_owned());
        finding.children = parts;
        return finding;
    };
    let used_up = left.is_some_and(|left| left <= 0.0);
    let status = if used_up { worst.max(Status::Warn) } else { worst };
    let reason = (status != Status::Ok).then_some(Reason::Saturated);
    let mut finding = Finding::new(status, reason, message);
    finding.children = parts;
    finding
}

/// Judges a pair; one with data of less than half its long window is skipped, and its number is told.
fn part(slo: &Slo, pair: &Pair, of: &impl Fn(&str) -> Option<f64>, reach: Reach) -> Part {
    let most = slo.period.as_secs_f64() / 3_600.0 * pair.part / pair.hours;
    let shown = |burn: Option<f64>| burn.map_or_else(|| "no requests".to_owned(), digits);
    let (long, short) = (of(pair.long), of(pair.short));
    let length = Duration::from_secs_f64(pair.hours * 3_600.0);
    let enough = reach.is_enough_for(length);
    let burns = enough && [long, short].iter().all(|burn| burn.is_some_and(|burn| burn > most));
    let status = match enough {
        _ if burns => pair.status,
        true => Status::Ok,
        false => Status::Skipped,
    };
    let word = if pair.status == Status::Fail { "page" } else { "ticket" };
    let rates = format!("burn rate {} and {}", shown(long), shown(short));
    Part {
        name: pair.name.to_owned(),
        kind: CheckKind::Slo,
        status,
        reason: burns.then_some(Reason::Saturated),
        message: if enough {
            format!("{rates}; {word} above {}", digits(most))
        } else {
            format!("not judged: {} of {}; {rates} by that", reach.shown(), pair.long)
        },
        duration_ms: None,
        children: Vec::new(),
    }
}

/// Returns how long what is left lasts; `None` where it is used up already, or never will be.
fn lasts(slo: &Slo, left: f64, burn: f64) -> Option<String> {
    let seconds = left * slo.period.as_secs_f64() / burn;
    if left <= 0.0 || burn <= 0.0 || seconds > 366.0 * 86_400.0 {
        return None;
    }
    Some(match seconds {
        ..7_200.0 => format!("{}m", digits((seconds / 60.0).floor())),
        ..172_800.0 => format!("{}h", digits((seconds / 3_600.0).floor())),
        _ => format!("{}d", digits((seconds / 86_400.0).floor())),
    })
}

/// Asks how fast one window burns.
async fn burn(
    slo: &Slo,
    (errors, total): (&str, &str),
    window: &str,
    backend: &dyn Backend,
) -> Result<Burn, SourceError> {
    let (bad, all) = tokio::join!(one(errors, window, backend), one(total, window, backend));
    let (bad, all) = (bad?, all?);
    Ok(match all {
        // Without any error there is no series of errors.
        Some(all) if all > 0.0 => Burn::Known(bad.unwrap_or(0.0) / all / slo.budget),
        Some(_) => Burn::Idle,
        None => Burn::Nothing,
    })
}

impl Burn {
    fn known(&self) -> Option<f64> {
        match self {
            Self::Known(burn) => Some(*burn),
            Self::Idle | Self::Nothing => None,
        }
    }
}

/// Returns the side that computes; errs where it has none.
fn computing(backend: &dyn Backend) -> Result<&dyn MetricSource, SourceError> {
    let why = || SourceError::Unusable(Reason::Config, "it computes no metrics".to_owned());
    backend.metrics().ok_or_else(why)
}

async fn one(
    expression: &str,
    window: &str,
    backend: &dyn Backend,
) -> Result<Option<f64>, SourceError> {
    let config = |what: &str| SourceError::Unusable(Reason::Config, what.to_owned());
    let expression = expression.replace(WINDOW, window);
    let answer =
        computing(backend)?.query(&MetricQuery { expression, times: MetricTimes::Now }).await?;
    if answer.partial {
        return Err(config("it says that parts of its answer are missing"));
    }
    if answer.series.len() > 1 {
        let count = answer.series.len();
        return Err(config(&format!("an expression gives {count} series: sum(…) them into one")));
    }
    Ok(answer.single().filter(|value| !value.is_nan()))
}

async fn by_page(
    slo: &Slo,
    url: &str,
    window: Duration,
    timeout: Duration,
    means: &Means,
) -> Finding {
    let looks = match looks(&means.http, url, window, timeout).await {
        Ok(looks) => looks,
        Err(error) => return Finding::of_error(error),
    };
    let (Some(before), None) = (&looks.before, &looks.workers) else {
        return super::metrics::of_workers(looks.workers.as_ref());
    };
    let elapsed = looks.after.answered - before.answered;
    let golden = Golden::between(&before.families, &looks.after.families, elapsed);
    let Some(golden) = golden else {
        let url = crate::http::without_secrets(url);
        return Finding::unknown(Reason::NotFound, "no metric of requests is in the page")
            .likely(
                "the application does not count its requests, or by names that obs does not know",
            )
            .command(format!("obs metrics list {} --match request", quoted(&url)));
    };
    of_golden(slo, &golden)
}

/// Judges one burn rate alone; labelled as what it is.
fn of_golden(slo: &Slo, golden: &Golden) -> Finding {
    let (objective, seconds) = (slo.objective, golden.elapsed.unwrap_or_default().as_secs_f64());
    let n = golden.all.requests;
    let over = format!("over {seconds:.1}s, two scrapes without history (n={n})");
    let Some(ratio) = golden.all.error_ratio() else {
        if n <= 0.0 {
            return Finding::ok(format!("{objective}%: no requests {over}"));
        }
        let message = format!("{objective}%: errors are not told apart {over}");
        return Finding::unknown(Reason::Config, message)
            .likely("the metric of requests has no label with a status: give errors and total instead of url");
    };
    let burn = ratio / slo.budget;
    let shown = digits(burn);
    let page = slo.period.as_secs_f64() / 3_600.0 * PAIRS[0].part;
    let mut finding = if n < REQUESTS_MIN && burn > 1.0 {
        let bad = digits(ratio * n);
        let message =
            format!("{objective}%: {bad} of {n} requests failed {over}, too few to judge");
        Finding::unknown(Reason::Status, message).likely(
            "some requests fail, and there are too few of them to judge: look longer, --window 30s",
        )
    } else if n < REQUESTS_MIN {
        Finding::ok(format!("{objective}%: burn rate {shown} {over}, too few to judge"))
    } else {
        let status = match burn {
            burn if burn > page => Status::Fail,
            burn if burn > 1.0 => Status::Warn,
            _ => Status::Ok,
        };
        let reason = (status != Status::Ok).then_some(Reason::Saturated);
        Finding::new(status, reason, format!("{objective}%: burn rate {shown} {over}"))
            .likely("more requests fail than the objective allows: look at the errors")
    };
    finding.observed = vec![
        Observation { name: "burn_rate", value: Some(burn), unit: "1" },
        Observation { name: "error_ratio", value: Some(ratio), unit: "1" },
        Observation { name: "requests", value: Some(n), unit: "1" },
        Observation { name: "window_ms", value: Some(seconds * 1e3), unit: "ms" },
    ];
    finding
}

/// Returns a number with two decimals at most.
fn digits(value: f64) -> String {
    let shown = format!("{value:.2}");
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
