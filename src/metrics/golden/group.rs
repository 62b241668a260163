//! Requests that are told together: how many, how they ended, how long they took.

use std::cmp::Ordering;

use crate::metrics::conventions::Class;
use crate::metrics::families::Value;
use crate::metrics::quantile;

/// With fewer observations than this a quantile or a share says little.
const OBSERVATIONS_MIN: f64 = 20.0;

/// Requests of one route, method or status, or all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// `GET /items/{id}`; empty of all.
    pub name: String,
    /// How many requests ended.
    pub requests: f64,
    /// How many of them with a server error; `None` where no label tells.
    pub errors: Option<f64>,
    /// How many were the client's own mistake, without the next two.
    pub client_errors: f64,
    /// How many were turned away: 429.
    pub throttled: f64,
    /// How many the client did not wait for: 499.
    pub cancelled: f64,
    /// Upper bound in milliseconds and cumulative count; empty where none are known, or series have
    /// different bounds.
    pub buckets: Vec<(f64, f64)>,
    /// All durations together in milliseconds, as far as they are known.
    pub sum_ms: Option<f64>,
    /// How many durations were observed.
    pub observed: f64,
    /// What a summary computed itself, by quantile; empty of a histogram.
    pub own: Vec<OwnQuantile>,
}

/// A quantile that the exporter computed: of one series, and over a window of its own.
///
/// Such numbers cannot be added up, so of several series the highest is kept: that of all their
/// requests together is not above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnQuantile {
    /// 0 to 1.
    pub quantile: f64,
    /// In milliseconds.
    pub ms: f64,
    /// Of how many series it is the highest.
    pub series: usize,
}

/// The share of requests that were fast enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Apdex {
    /// 0 to 1.
    pub score: f64,
    /// The bound that satisfies, in milliseconds: that of a bucket.
    pub satisfied_ms: f64,
    /// The bound that is tolerated.
    pub tolerated_ms: f64,
}

impl Group {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            requests: 0.0,
            errors: None,
            client_errors: 0.0,
            throttled: 0.0,
            cancelled: 0.0,
            buckets: Vec::new(),
            sum_ms: None,
            observed: 0.0,
            own: Vec::new(),
        }
    }

    /// Adds requests that ended alike.
    pub(super) fn count(&mut self, requests: f64, class: Option<Class>) {
        self.requests += requests;
        let Some(class) = class else { return };
        let errors = self.errors.get_or_insert(0.0);
        match class {
            Class::Good => {}
            Class::Client => self.client_errors += requests,
            Class::Throttled => self.throttled += requests,
            Class::Cancelled => self.cancelled += requests,
            Class::Server => *errors += requests,
        }
    }

    /// Adds how much a series of durations grew; `false` where its buckets are others.
    pub(super) fn observe(&mut self, then: Option<&Value>, now: &Value, unit_ms: f64) -> bool {
        let (old_count, old_sum) = then.map_or((0.0, 0.0), |then| {
            (count_of(then).unwrap_or(0.0), sum_of(then).unwrap_or(0.0))
        });
        let count = count_of(now).unwrap_or(0.0);
        let reset = count < old_count;
        self.observed += if reset { count } else { count - old_count };
        if let Some(sum) = sum_of(now) {
            let grown = if reset { sum } else { sum - old_sum };
            *self.sum_ms.get_or_insert(0.0) += grown * unit_ms;
        }
        if let Value::Summary { quantiles, .. } = now {
            for (quantile, value) in quantiles {
                self.own(*quantile, value * unit_ms);
            }
        }
        let Value::Histogram { buckets, .. } = now else { return true };
        let old = match then {
            Some(Value::Histogram { buckets, .. }) => buckets.as_slice(),
            _ => &[],
        };
        let grown = grown_buckets(old, buckets);
        let grown = grown.into_iter().map(|(bound, count)| (bound * unit_ms, count));
        let grown: Vec<(f64, f64)> = grown.collect();
        if self.buckets.is_empty() {
            self.buckets = grown;
            return true;
        }
        let same = |(a, b): (&(f64, f64), &(f64, f64))| a.0.total_cmp(&b.0).is_eq();
        if self.buckets.len() != grown.len() || !self.buckets.iter().zip(&grown).all(same) {
            return false;
        }
        for (sum, (_, count)) in self.buckets.iter_mut().zip(grown) {
            sum.1 += count;
        }
        true
    }

    /// Takes a summary's quantile, where it is the highest.
    fn own(&mut self, quantile: f64, ms: f64) {
        // Of an empty window Go's client says NaN and Micrometer 0: no request takes no time at all.
        if !(ms > 0.0 && ms.is_finite() && (0.0..=1.0).contains(&quantile)) {
            return;
        }
        match self.own.binary_search_by(|own| own.quantile.total_cmp(&quantile)) {
            Ok(place) => {
                if let Some(own) = self.own.get_mut(place) {
                    (own.ms, own.series) = (own.ms.max(ms), own.series + 1);
                }
            }
            Err(place) => self.own.insert(place, OwnQuantile { quantile, ms, series: 1 }),
        }
    }

    /// Says whether nothing happened.
    pub(super) fn is_idle(&self) -> bool {
        self.requests <= 0.0 && self.observed <= 0.0
    }

    /// Says whether there are so few requests that they prove nothing.
    pub fn is_few(&self) -> bool {
        self.requests < OBSERVATIONS_MIN
    }

    /// Returns the server errors of all requests, 0 to 1; `None` without requests.
    pub fn error_ratio(&self) -> Option<f64> {
        self.errors.filter(|_| self.requests > 0.0).map(|errors| errors / self.requests)
    }

    /// Returns a quantile of the durations in milliseconds; `None` without observations.
    pub fn duration_ms(&self, q: f64) -> Option<f64> {
        Some(quantile::of_buckets(q, &self.buckets)).filter(|value| !value.is_nan())
    }

    /// Returns a quantile that the exporter computed itself; `None` where it has not that one.
    pub fn own_quantile(&self, q: f64) -> Option<&OwnQuantile> {
        self.own.iter().find(|own| (own.quantile - q).abs() < 1e-9)
    }

    /// Returns the bounds in milliseconds of the bucket that the quantile lies in.
    pub fn bucket_ms(&self, q: f64) -> Option<(f64, f64)> {
        quantile::bucket_of(q, &self.buckets)
    }

    /// Returns the mean of the durations in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        self.sum_ms.filter(|_| self.observed > 0.0).map(|sum| sum / self.observed)
    }

    /// Returns the Apdex for a threshold in milliseconds, which is taken to the nearest bucket's
    /// bound, as four times of it is; `None` without observations.
    ///
    /// Source: Apdex Technical Specification 1.1, as (satisfied + tolerated / 2) / all.
    pub fn apdex(&self, threshold_ms: f64) -> Option<Apdex> {
        let (end, total) = *self.buckets.last()?;
        if end != f64::INFINITY || total <= 0.0 {
            return None;
        }
        let nearest = |wanted: f64| {
            let finite = self.buckets.iter().filter(|(bound, _)| bound.is_finite());
            let distance = |bound: &f64| (bound - wanted).abs();
            finite.copied().min_by(|(a, _), (b, _)| distance(a).total_cmp(&distance(b)))
        };
        let (satisfied_ms, satisfied) = nearest(threshold_ms)?;
        let (tolerated_ms, tolerated) = nearest(4.0 * threshold_ms)?;
        let score = f64::midpoint(satisfied, tolerated) / total;
        Some(Apdex { score, satisfied_ms, tolerated_ms })
    }

    /// Orders by what is worst: server errors, then slow, then many.
    pub(super) fn worst_first(&self, other: &Self) -> Ordering {
        let own = |group: &Self| group.own.last().map(|own| own.ms);
        let slow = |group: &Self| {
            group.duration_ms(0.95).or(own(group)).or(group.mean_ms()).unwrap_or(-1.0)
        };
        let errors = |group: &Self| group.errors.unwrap_or(0.0);
        errors(other)
            .total_cmp(&errors(self))
            .then_with(|| slow(other).total_cmp(&slow(self)))
            .then_with(|| other.requests.total_cmp(&self.requests))
            .then_with(|| self.name.cmp(&other.name))
    }
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

/// Returns how often: the number itself, or how many observations there are.
pub(super) fn count_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Summary { count, .. } => *count,
        Value::Histogram { buckets, count, .. } => count.or_else(|| {
            let last = buckets.iter().max_by(|a, b| a.0.total_cmp(&b.0));
            last.map(|(_, count)| *count)
        }),
    }
}

fn sum_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(_) => None,
        Value::Summary { sum, .. } | Value::Histogram { sum, .. } => *sum,
    }
}
