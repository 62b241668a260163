//! Rate, errors and duration of the requests between two scrapes.
//!
//! Nothing is extrapolated: what is counted is what happened between the two pages. A counter that is
//! lower in the second page was reset, and its new value is what happened since. Requests for
//! `/metrics` and for health pages are no traffic.

use std::collections::HashMap;
use std::time::Duration;

use super::conventions::{Convention, find, is_server_error, is_traffic, status_of};
use super::families::{Family, Labels, Series, Value};
use super::quantile;

/// What happened between two scrapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Golden {
    /// The names that it was read from.
    pub convention: Convention,
    /// The time between the scrapes.
    pub elapsed: Duration,
    /// How many requests ended.
    pub requests: f64,
    /// How many of them with a server error; `None` where no label tells.
    pub errors: Option<f64>,
    /// Upper bound in milliseconds and cumulative count, of all routes together; empty where the
    /// series have different bounds.
    pub buckets: Vec<(f64, f64)>,
}

impl Golden {
    /// Compares two pages; `None` where the second follows no convention.
    pub fn between(before: &[Family], after: &[Family], elapsed: Duration) -> Option<Self> {
        let convention = Convention::of(after)?;
        let counted = convention
            .requests
            .iter()
            .chain([&convention.duration])
            .map(|name| deltas(before, after, name));
        // The first that has a status label, else the first that has anything.
        let mut candidates: Vec<Vec<(Labels, f64)>> =
            counted.filter(|all| !all.is_empty()).collect();
        let has_status =
            |all: &Vec<(Labels, f64)>| all.iter().any(|(labels, _)| status_of(labels).is_some());
        let chosen = candidates.iter().position(has_status);
        let requests = if candidates.is_empty() {
            Vec::new()
        } else {
            candidates.swap_remove(chosen.unwrap_or(0))
        };
        let errors = chosen.is_some().then(|| {
            let failed = |labels: &Labels| status_of(labels).is_some_and(is_server_error);
            requests.iter().filter(|(labels, _)| failed(labels)).map(|(_, delta)| delta).sum()
        });
        let total = requests.iter().map(|(_, delta)| delta).sum();
        let buckets = bucket_deltas(before, after, &convention);
        Some(Self { convention, elapsed, requests: total, errors, buckets })
    }

    /// Returns the requests a second.
    pub fn rate(&self) -> Option<f64> {
        let seconds = self.elapsed.as_secs_f64();
        (seconds > 0.0).then(|| self.requests / seconds)
    }

    /// Returns the server errors of all requests, 0 to 1; `None` without requests.
    pub fn error_ratio(&self) -> Option<f64> {
        self.errors.filter(|_| self.requests > 0.0).map(|errors| errors / self.requests)
    }

    /// Returns a quantile of the durations in milliseconds; `None` without requests.
    pub fn duration_ms(&self, q: f64) -> Option<f64> {
        Some(quantile::of_buckets(q, &self.buckets)).filter(|value| !value.is_nan())
    }
}

/// Returns how much each series of traffic grew.
fn deltas(before: &[Family], after: &[Family], name: &str) -> Vec<(Labels, f64)> {
    let old = by_labels(before, name);
    let series = find(after, name).map_or(&[][..], |family| &family.series);
    let grown = series.iter().filter(|series| is_traffic(&series.labels)).filter_map(|series| {
        let now = count_of(&series.value)?;
        let then = old.get(&series.labels).and_then(|value| count_of(value)).unwrap_or(0.0);
        Some((series.labels.clone(), since(then, now)))
    });
    grown.collect()
}

/// Adds up how much each bucket grew, where all series have the same bounds.
fn bucket_deltas(before: &[Family], after: &[Family], convention: &Convention) -> Vec<(f64, f64)> {
    let old = by_labels(before, &convention.duration);
    let series = find(after, &convention.duration).map_or(&[][..], |family| &family.series);
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for Series { labels, value, .. } in series.iter().filter(|series| is_traffic(&series.labels)) {
        let Value::Histogram { buckets, .. } = value else { continue };
        let then = match old.get(labels) {
            Some(Value::Histogram { buckets, .. }) => buckets.as_slice(),
            _ => &[],
        };
        let grown = grown_buckets(then, buckets);
        if sums.is_empty() {
            sums = grown;
            continue;
        }
        let same = |(a, b): (&(f64, f64), &(f64, f64))| a.0.total_cmp(&b.0).is_eq();
        if sums.len() != grown.len() || !sums.iter().zip(&grown).all(same) {
            return Vec::new();
        }
        for (sum, (_, count)) in sums.iter_mut().zip(grown) {
            sum.1 += count;
        }
    }
    sums.into_iter().map(|(bound, count)| (bound * convention.unit_ms(), count)).collect()
}

/// Returns how much each bucket of one series grew, sorted by bound; after a reset all of it.
fn grown_buckets(then: &[(f64, f64)], now: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let count_then = |bound: f64| {
        then.iter().find(|(old, _)| old.total_cmp(&bound).is_eq()).map_or(0.0, |(_, count)| *count)
    };
    let reset = now.iter().any(|(bound, count)| *count < count_then(*bound));
    let grown = |(bound, count): &(f64, f64)| {
        (*bound, if reset { *count } else { count - count_then(*bound) })
    };
    let mut all: Vec<(f64, f64)> = now.iter().map(grown).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

fn by_labels<'a>(page: &'a [Family], name: &str) -> HashMap<&'a Labels, &'a Value> {
    let series = find(page, name).map_or(&[][..], |family| &family.series);
    series.iter().map(|series| (&series.labels, &series.value)).collect()
}

/// Returns how often: the number itself, or how many observations there are.
fn count_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Summary { count, .. } => *count,
        Value::Histogram { buckets, count, .. } => count.or_else(|| {
            let last = buckets.iter().max_by(|a, b| a.0.total_cmp(&b.0));
            last.map(|(_, count)| *count)
        }),
    }
}

fn since(then: f64, now: f64) -> f64 {
    if now < then { now } else { now - then }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests;
