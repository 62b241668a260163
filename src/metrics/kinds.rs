//! Which metric a sample belongs to, and which part of it it is, by what the page declares.
//!
//! Source: the `OpenMetrics` 1.0 specification, section 5, and the text format 0.0.4, whose names of
//! counters and of `_created` differ.

use std::collections::HashMap;

use super::exposition::{Exposition, Sample, Says};

/// Seconds since 1970 that a `_created` of our days has at least; a metric that only happens to be
/// named so counts something else.
pub(super) const CREATED_MIN: f64 = 1e9;

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only grows, but for restarts.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
    /// Buckets that go up and down.
    GaugeHistogram,
    /// Quantiles that the application computed.
    Summary,
    /// Labels are all it says.
    Info,
    /// One of several states is 1.
    StateSet,
    /// Not said.
    Untyped,
}

/// Which part of its metric a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Value,
    /// A bucket of a histogram, a quantile of a summary.
    Bound,
    Sum,
    Count,
    /// When counting began.
    Created,
}

/// What a page declares.
#[derive(Debug, Default)]
pub struct Kinds<'a> {
    declared: HashMap<&'a str, Kind>,
}

impl Kind {
    /// Returns the word of a `# TYPE` line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Untyped => "untyped",
        }
    }

    /// Reads the word of a `# TYPE` line; `None` of one that no format has.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "gaugehistogram" => Self::GaugeHistogram,
            "summary" => Self::Summary,
            "info" => Self::Info,
            "stateset" => Self::StateSet,
            "untyped" | "unknown" => Self::Untyped,
            _ => return None,
        })
    }

    /// Says whether it has buckets.
    pub fn has_buckets(self) -> bool {
        matches!(self, Self::Histogram | Self::GaugeHistogram)
    }

    /// Returns the label whose number tells the bounds of one series apart.
    pub(super) fn bound_label(self) -> Option<&'static str> {
        match self {
            Self::Histogram | Self::GaugeHistogram => Some("le"),
            Self::Summary => Some("quantile"),
            _ => None,
        }
    }
}

impl Exposition<'_> {
    /// Returns what the page declares; of two types of one name the last counts.
    pub fn kinds(&self) -> Kinds<'_> {
        let typed = self.declarations.iter().filter_map(|declaration| match declaration.says {
            Says::Type(word) => {
                Some((&*declaration.name, Kind::of_word(word).unwrap_or(Kind::Untyped)))
            }
            Says::Help(_) | Says::Unit(_) => None,
        });
        Kinds { declared: typed.collect() }
    }
}

impl Kinds<'_> {
    /// Returns the kind of the metric that a sample belongs to.
    pub fn of(&self, sample: &Sample<'_>) -> Kind {
        self.part(sample).1
    }

    /// Returns the name of the metric that a sample belongs to: as its `# TYPE` line has it.
    pub fn family<'s>(&self, sample: &'s Sample<'_>) -> &'s str {
        self.part(sample).0
    }

    /// Returns the declared kind of a metric.
    pub fn declared(&self, name: &str) -> Option<Kind> {
        self.declared.get(name).copied()
    }

    /// Finds the metric that a sample belongs to, and which part of it it is.
    pub(super) fn part<'s>(&self, sample: &'s Sample<'_>) -> (&'s str, Kind, Part) {
        use Kind::{Counter, GaugeHistogram, Histogram, Info, Summary};
        let name = &*sample.name;
        let ending = name.rfind('_').and_then(|at| name.split_at_checked(at));
        let found = ending.and_then(|(family, suffix)| {
            let (part, of): (Part, &[Kind]) = match suffix {
                "_bucket" => (Part::Bound, &[Histogram, GaugeHistogram]),
                "_sum" => (Part::Sum, &[Histogram, Summary, GaugeHistogram]),
                "_count" => (Part::Count, &[Histogram, Summary, GaugeHistogram]),
                "_gsum" => (Part::Sum, &[GaugeHistogram]),
                "_gcount" => (Part::Count, &[GaugeHistogram]),
                "_total" => (Part::Value, &[Counter]),
                "_info" => (Part::Value, &[Info]),
                "_created" => (Part::Created, &[Counter, Histogram, Summary]),
                _ => return None,
            };
            let kind = self.declared(family).filter(|kind| of.contains(kind))?;
            let fits = match part {
                Part::Bound => has_number(sample, kind),
                Part::Created => sample.value >= CREATED_MIN,
                _ => true,
            };
            fits.then_some((family, kind, part))
        });
        if let Some(found) = found {
            return found;
        }
        match self.declared(name) {
            Some(Summary) if has_number(sample, Summary) => (name, Summary, Part::Bound),
            Some(Histogram | GaugeHistogram | Summary) | None => (name, Kind::Untyped, Part::Value),
            Some(kind) => (name, kind, Part::Value),
        }
    }
}

fn has_number(sample: &Sample<'_>, kind: Kind) -> bool {
    let label = kind.bound_label();
    let found = sample.labels.iter().find(|(name, _)| Some(&**name) == label);
    found.is_some_and(|(_, value)| value.parse::<f64>().is_ok())
}
