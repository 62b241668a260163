//! Samples grouped into metrics: the buckets of a histogram, the quantiles of a summary.
//!
//! Pages of up to a mebibyte go through `prometheus-parse` (`typed`), larger ones, of which that is
//! the slowest part, do not; what comes out is the same, as a test holds for every recorded page.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use super::exposition::{Exposition, Sample, Says};
use super::kinds::{Kinds, Part};
use crate::model::UnixNanos;

mod typed;

pub use super::kinds::Kind;

/// The largest page that `prometheus-parse` groups.
const TYPED_BYTES_MAX: usize = 1 << 20;

/// Label names and values, sorted by name.
pub type Labels = Vec<(String, String)>;

/// A metric with all its series.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name, as its `# TYPE` line has it; of an untyped one, as its samples have it.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its unit, where a `# UNIT` line says it.
    pub unit: Option<String>,
    /// One for each set of labels, in the order of the page.
    pub series: Vec<Series>,
}

/// One set of labels and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The labels, without `le` and `quantile` of histograms and summaries.
    pub labels: Labels,
    /// The value.
    pub value: Value,
    /// When counting began, in seconds since 1970, where `_created` says it.
    pub created: Option<f64>,
    /// Observations that stand for others, in the order of the page.
    pub exemplars: Vec<Observed>,
}

/// One observation of many.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// Its labels: `trace_id`.
    pub labels: Labels,
    /// What was observed.
    pub value: f64,
    /// When.
    pub time: Option<UnixNanos>,
}

/// A value of one series.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of counters, gauges and what is untyped; not a number where only `_created` is there.
    Number(f64),
    /// Cumulative buckets, in the order of the page.
    Histogram {
        /// Upper bound and how many observations are not above it.
        buckets: Vec<(f64, f64)>,
        /// The sum of all observations.
        sum: Option<f64>,
        /// How many there are.
        count: Option<f64>,
    },
    /// Quantile and value.
    Summary {
        /// Quantile, 0 to 1, and its value.
        quantiles: Vec<(f64, f64)>,
        /// The sum of all observations.
        sum: Option<f64>,
        /// How many there are.
        count: Option<f64>,
    },
}

/// Groups all samples of a page into families, in the order in which they first occur.
///
/// O(samples); of a series that stands there twice the last value counts, as in Prometheus.
pub fn group(exposition: &Exposition<'_>) -> Vec<Family> {
    if exposition.bytes <= TYPED_BYTES_MAX { typed::group(exposition) } else { direct(exposition) }
}

/// The same without `prometheus-parse`.
fn direct(exposition: &Exposition<'_>) -> Vec<Family> {
    let kinds = exposition.kinds();
    let mut builder = Builder::default();
    for sample in &exposition.samples {
        let placed = builder.place(sample, &kinds);
        builder.put(placed, sample.value);
    }
    builder.finish(exposition)
}

/// Where a sample belongs.
#[derive(Debug, Clone, Copy)]
struct Placed {
    family: usize,
    series: usize,
    part: Part,
    /// The number of `le` or `quantile`.
    bound: f64,
}

#[derive(Debug, Default)]
struct Builder<'a> {
    families: Vec<Family>,
    numbers: HashMap<(&'a str, Kind), usize>,
    /// By the hash of its labels; of two that share it the second has the next.
    series: HashMap<(usize, u64), usize>,
    hashes: RandomState,
    sorted: Vec<(&'a str, &'a str)>,
}

impl<'a> Builder<'a> {
    /// Finds the place of a sample, or makes it.
    fn place(&mut self, sample: &'a Sample<'_>, kinds: &Kinds<'_>) -> Placed {
        let (name, kind, part) = kinds.part(sample);
        let family = self.family(name, kind);
        let label = if part == Part::Bound { kind.bound_label() } else { None };
        let mut bound = f64::NAN;
        self.sorted.clear();
        for (name, value) in &sample.labels {
            if Some(&**name) == label {
                bound = value.parse().unwrap_or(f64::NAN);
            } else {
                self.sorted.push((name, value));
            }
        }
        self.sorted.sort_unstable();
        let series = self.series(family, kind);
        if let Some(exemplar) = &sample.exemplar {
            let labels = exemplar.labels.iter();
            let labels = labels.map(|(name, value)| (name.to_string(), value.to_string()));
            let (labels, value, time) = (labels.collect(), exemplar.value, exemplar.time);
            let observed = Observed { labels, value, time };
            self.families[family].series[series].exemplars.push(observed);
        }
        Placed { family, series, part, bound }
    }

    fn family(&mut self, name: &'a str, kind: Kind) -> usize {
        let next = self.families.len();
        let number = *self.numbers.entry((name, kind)).or_insert(next);
        if number == next {
            let name = name.to_owned();
            self.families.push(Family { name, kind, unit: None, series: Vec::new() });
        }
        number
    }

    /// Finds the series that has the labels of `sorted`.
    fn series(&mut self, family: usize, kind: Kind) -> usize {
        let all = &mut self.families[family].series;
        let mut hash = self.hashes.hash_one(&self.sorted);
        while let Some(place) = self.series.get(&(family, hash)) {
            let labels = all[*place].labels.iter().map(|(name, value)| (&**name, &**value));
            if labels.eq(self.sorted.iter().copied()) {
                return *place;
            }
            hash = hash.wrapping_add(1);
        }
        self.series.insert((family, hash), all.len());
        let labels = self.sorted.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let (sum, count) = (None, None);
        let value = match kind {
            Kind::Histogram | Kind::GaugeHistogram => {
                Value::Histogram { buckets: Vec::new(), sum, count }
            }
            Kind::Summary => Value::Summary { quantiles: Vec::new(), sum, count },
            _ => Value::Number(f64::NAN),
        };
        let exemplars = Vec::new();
        all.push(Series { labels: labels.collect(), value, created: None, exemplars });
        all.len() - 1
    }

    /// Puts a value where it belongs.
    fn put(&mut self, placed: Placed, number: f64) {
        let Placed { family, series, part, bound } = placed;
        let series = &mut self.families[family].series[series];
        if part == Part::Created {
            series.created = Some(number);
            return;
        }
        match &mut series.value {
            Value::Number(value) => *value = number,
            Value::Histogram { buckets: parts, sum, count }
            | Value::Summary { quantiles: parts, sum, count } => match part {
                Part::Sum => *sum = Some(number),
                Part::Count => *count = Some(number),
                _ => parts.push((bound, number)),
            },
        }
    }

    fn finish(self, exposition: &Exposition<'_>) -> Vec<Family> {
        let Self { mut families, numbers, .. } = self;
        for declaration in &exposition.declarations {
            let Says::Unit(unit) = declaration.says else { continue };
            for ((name, _), place) in &numbers {
                if *name == &*declaration.name {
                    families[*place].unit = Some(unit.to_owned());
                }
            }
        }
        for (place, created) in created_apart(&families) {
            for series in &mut families[place].series {
                series.created = created.get(&series.labels).copied().or(series.created);
            }
        }
        families
    }
}

/// Finds the `_created` that the older text format has as gauges of their own: whose they are, and
/// what they say by labels.
fn created_apart(families: &[Family]) -> Vec<(usize, HashMap<Labels, f64>)> {
    let counts = |kind| matches!(kind, Kind::Counter | Kind::Histogram | Kind::Summary);
    let places: HashMap<&str, usize> = families
        .iter()
        .enumerate()
        .filter(|(_, family)| counts(family.kind))
        .map(|(place, family)| (family.name.trim_end_matches("_total"), place))
        .collect();
    let of = |family: &Family| {
        let place = *places.get(family.name.strip_suffix("_created")?)?;
        let values = family.series.iter().filter_map(|series| match series.value {
            Value::Number(value) if value >= super::kinds::CREATED_MIN => {
                Some((series.labels.clone(), value))
            }
            _ => None,
        });
        Some((place, values.collect()))
    };
    families.iter().filter(|family| family.kind == Kind::Gauge).filter_map(of).collect()
}

#[cfg(test)]
mod tests;
