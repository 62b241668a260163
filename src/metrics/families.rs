//! Samples grouped into metrics: the buckets of a histogram, the quantiles of a summary.
//!
//! `prometheus-parse` does the grouping, but it drops or changes what has `}`, `,`, `=` or an escape
//! in a label, a name with `:` or in quotes, and `OpenMetrics`' counters. So it is given neither names
//! nor labels: a family is called `f3`, a set of labels `s="7"`, and both are put back afterwards.
//! What it does not give back is an error of ours and would be a missing sample; a property test
//! counts them.

use std::collections::HashMap;

use prometheus_parse::{Scrape, Value as Parsed};

use super::exposition::{Exposition, Sample, Says};

/// Label names and values, sorted by name.
pub type Labels = Vec<(String, String)>;

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only grows, but for restarts.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
    /// Quantiles that the application computed.
    Summary,
    /// Not said, or a type that has no place here: `info`, `stateset`.
    Untyped,
}

/// A metric with all its series.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name, as its `# TYPE` line has it; of an untyped one, as its samples have it.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// One for each set of labels, in the order of the page.
    pub series: Vec<Series>,
}

/// One set of labels and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The labels without `le` and `quantile`.
    pub labels: Labels,
    /// The value.
    pub value: Value,
}

/// A value of a kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of a counter, a gauge, or what is not typed.
    Number(f64),
    /// Upper bound and cumulative count, in the order of the page; sum and count where they are said.
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

/// Which part of its family a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Value,
    Bucket,
    Sum,
    Count,
}

/// Groups all samples of a page into families, in the order in which they first occur.
pub fn group(exposition: &Exposition<'_>) -> Vec<Family> {
    let kinds = declared_kinds(exposition);
    let mut builder = Builder::default();
    let mut sanitised = String::new();
    for sample in &exposition.samples {
        builder.encode(sample, &kinds, &mut sanitised);
    }
    let lines = sanitised.lines().map(|line| Ok(line.to_owned()));
    // Reading from memory does not fail.
    let scrape = Scrape::parse(lines)
        .unwrap_or_else(|_| Scrape { docs: HashMap::new(), samples: Vec::new() });
    for sample in scrape.samples {
        builder.restore(&sample);
    }
    builder.families
}

fn declared_kinds<'a>(exposition: &'a Exposition<'_>) -> HashMap<&'a str, Kind> {
    let kind = |text: &str| match text {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "histogram" | "gaugehistogram" => Kind::Histogram,
        "summary" => Kind::Summary,
        _ => Kind::Untyped,
    };
    let typed = exposition.declarations.iter().filter_map(|declaration| match declaration.says {
        Says::Type(text) => Some((&*declaration.name, kind(text))),
        Says::Help(_) | Says::Unit(_) => None,
    });
    typed.collect()
}

/// Finds the family that a sample belongs to, and which part of it it is.
fn part_of<'a>(sample: &'a Sample<'_>, kinds: &HashMap<&str, Kind>) -> (&'a str, Kind, Part) {
    let name = &*sample.name;
    let has_number = |label: &str| {
        let found = sample.labels.iter().find(|(name, _)| name == label);
        found.is_some_and(|(_, value)| value.parse::<f64>().is_ok())
    };
    for (suffix, part, of) in [
        ("_bucket", Part::Bucket, &[Kind::Histogram][..]),
        ("_sum", Part::Sum, &[Kind::Histogram, Kind::Summary]),
        ("_count", Part::Count, &[Kind::Histogram, Kind::Summary]),
        ("_gsum", Part::Sum, &[Kind::Histogram]),
        ("_gcount", Part::Count, &[Kind::Histogram]),
        ("_total", Part::Value, &[Kind::Counter]),
    ] {
        let Some(family) = name.strip_suffix(suffix) else { continue };
        let Some(kind) = kinds.get(family).filter(|kind| of.contains(kind)) else { continue };
        if part != Part::Bucket || has_number("le") {
            return (family, *kind, part);
        }
    }
    match kinds.get(name) {
        Some(Kind::Summary) if has_number("quantile") => (name, Kind::Summary, Part::Bucket),
        Some(Kind::Histogram | Kind::Summary) | None => (name, Kind::Untyped, Part::Value),
        Some(kind) => (name, *kind, Part::Value),
    }
}

#[derive(Debug, Default)]
struct Builder {
    families: Vec<Family>,
    numbers: HashMap<(String, Kind), usize>,
    series: HashMap<(usize, Labels), usize>,
}

impl Builder {
    /// Writes one sample as a line that cannot be misread: the family's number, the series' number.
    fn encode(&mut self, sample: &Sample<'_>, kinds: &HashMap<&str, Kind>, out: &mut String) {
        let (name, kind, part) = part_of(sample, kinds);
        let family = self.family(name, kind, out);
        let bound = match (kind, part) {
            (Kind::Histogram, Part::Bucket) => Some("le"),
            (Kind::Summary, Part::Bucket) => Some("quantile"),
            _ => None,
        };
        let is_bound = |label: &str| Some(label) == bound;
        let mut labels: Labels = sample
            .labels
            .iter()
            .filter(|(name, _)| !is_bound(name))
            .map(|(name, value)| (name.clone().into_owned(), value.clone().into_owned()))
            .collect();
        labels.sort();
        let series = self.series(family, labels, kind);
        let suffix = match (kind, part) {
            (Kind::Histogram, Part::Bucket) => "_bucket",
            (_, Part::Value | Part::Bucket) => "",
            (_, Part::Sum) => "_sum",
            (_, Part::Count) => "_count",
        };
        let limit = sample.labels.iter().find(|(name, _)| is_bound(name));
        let limit = limit.and_then(|(name, value)| Some((name, value.parse::<f64>().ok()?)));
        let line = match limit {
            Some((name, limit)) => {
                format!("f{family}{suffix}{{s=\"{series}\",{name}=\"{limit}\"}} {}\n", sample.value)
            }
            None => format!("f{family}{suffix}{{s=\"{series}\"}} {}\n", sample.value),
        };
        out.push_str(&line);
    }

    fn family(&mut self, name: &str, kind: Kind, out: &mut String) -> usize {
        let next = self.families.len();
        let number = *self.numbers.entry((name.to_owned(), kind)).or_insert(next);
        if number == next {
            self.families.push(Family { name: name.to_owned(), kind, series: Vec::new() });
            let word = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
                Kind::Summary => "summary",
                Kind::Untyped => "untyped",
            };
            let line = format!("# TYPE f{number} {word}\n");
            out.push_str(&line);
        }
        number
    }

    fn series(&mut self, family: usize, labels: Labels, kind: Kind) -> usize {
        let all = &mut self.families[family].series;
        *self.series.entry((family, labels)).or_insert_with_key(|(_, labels)| {
            let (sum, count) = (None, None);
            let value = match kind {
                Kind::Histogram => Value::Histogram { buckets: Vec::new(), sum, count },
                Kind::Summary => Value::Summary { quantiles: Vec::new(), sum, count },
                _ => Value::Number(f64::NAN),
            };
            all.push(Series { labels: labels.clone(), value });
            all.len() - 1
        })
    }

    /// Puts what `prometheus-parse` read where it belongs.
    fn restore(&mut self, sample: &prometheus_parse::Sample) {
        let (name, part) = match sample.metric.split_once('_') {
            Some((name, "sum")) => (name, Part::Sum),
            Some((name, "count")) => (name, Part::Count),
            _ => (sample.metric.as_str(), Part::Value),
        };
        let family = name.strip_prefix('f').and_then(|number| number.parse::<usize>().ok());
        let series = sample.labels.get("s").and_then(|number| number.parse::<usize>().ok());
        let place = family.zip(series).and_then(|(family, series)| {
            Some(&mut self.families.get_mut(family)?.series.get_mut(series)?.value)
        });
        match (place, &sample.value, part) {
            (Some(Value::Histogram { buckets, .. }), Parsed::Histogram(read), _) => {
                buckets.extend(read.iter().map(|bucket| (bucket.less_than, bucket.count)));
            }
            (Some(Value::Summary { quantiles, .. }), Parsed::Summary(read), _) => {
                quantiles.extend(read.iter().map(|one| (one.quantile, one.count)));
            }
            (
                Some(Value::Histogram { sum, count, .. } | Value::Summary { sum, count, .. }),
                Parsed::Untyped(number),
                Part::Sum | Part::Count,
            ) => *(if part == Part::Sum { sum } else { count }) = Some(*number),
            // Of a series that stands there twice the last counts, as in Prometheus.
            (
                Some(Value::Number(place)),
                Parsed::Counter(number) | Parsed::Gauge(number) | Parsed::Untyped(number),
                _,
            ) => *place = *number,
            (place, value, _) => {
                debug_assert!(false, "{} is nowhere: {place:?} {value:?}", sample.metric);
            }
        }
    }
}

#[cfg(test)]
mod tests;
