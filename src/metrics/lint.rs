//! What is wrong with a page of metrics: lines that no reader takes, values that contradict each
//! other, names against the conventions.
//!
//! Source: the text format 0.0.4, the `OpenMetrics` 1.0 specification, and
//! `prometheus.io/docs/practices/naming`. Each kind of problem is told once for a metric, at its
//! first line.

use std::collections::{HashMap, HashSet};

use super::exposition::{Exposition, Sample, Says};
use super::kinds::{Kind, Kinds, Part};

mod histograms;
mod names;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The 1-based line.
    pub line: usize,
    /// The 1-based character in it.
    pub column: usize,
    /// Which rule it breaks.
    pub rule: Rule,
    /// The metric; empty of a line that cannot be read.
    pub metric: String,
    /// What is wrong, in words.
    pub message: String,
}

/// The rules, from those that lose data to those of taste.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A line cannot be read.
    Unreadable,
    /// `OpenMetrics` must end in `# EOF`: without it the page may have been cut off.
    MissingEof,
    /// The same series twice.
    DuplicateSeries,
    /// `# TYPE` below samples of its metric.
    TypeAfterSamples,
    /// A second `# TYPE`, `# HELP` or `# UNIT`.
    DeclaredTwice,
    /// A type that no format has.
    UnknownType,
    /// The lines of a metric do not stand together.
    Scattered,
    /// A bucket without a bound, or with one that is no number.
    BadBound,
    /// A histogram without the bucket `+Inf`.
    NoInfBucket,
    /// A bucket that counts less than one below it.
    BucketsFall,
    /// `_count` is not what the bucket `+Inf` says.
    CountDiffers,
    /// A counter that is negative or no number.
    BadCounter,
    /// A quantile that is not from 0 to 1.
    BadQuantile,
    /// A name that says something else than the metric is.
    MisleadingName,
    /// A unit that is no base unit.
    Unit,
    /// A label's name that has a meaning of its own.
    ReservedLabel,
    /// A label's name in camelCase.
    LabelCase,
    /// No `# HELP`.
    NoHelp,
    /// Declared, and without any sample.
    NoSamples,
}

impl Rule {
    /// Says whether it is of names and descriptions, and of nothing that readers stumble over.
    pub fn is_of_names(self) -> bool {
        self >= Self::MisleadingName
    }

    /// Returns the rule as programs name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::MissingEof => "missing_eof",
            Self::DuplicateSeries => "duplicate_series",
            Self::TypeAfterSamples => "type_after_samples",
            Self::DeclaredTwice => "declared_twice",
            Self::UnknownType => "unknown_type",
            Self::Scattered => "scattered",
            Self::BadBound => "bad_bound",
            Self::NoInfBucket => "no_inf_bucket",
            Self::BucketsFall => "buckets_fall",
            Self::CountDiffers => "count_differs",
            Self::BadCounter => "bad_counter",
            Self::BadQuantile => "bad_quantile",
            Self::MisleadingName => "misleading_name",
            Self::Unit => "unit",
            Self::ReservedLabel => "reserved_label",
            Self::LabelCase => "label_case",
            Self::NoHelp => "no_help",
            Self::NoSamples => "no_samples",
        }
    }
}

/// Where problems are gathered: each rule once a metric.
#[derive(Debug, Default)]
struct Found {
    problems: Vec<Problem>,
    told: HashSet<(String, Rule)>,
}

impl Found {
    fn add(&mut self, line: usize, rule: Rule, metric: &str, message: impl Into<String>) {
        if self.told.insert((metric.to_owned(), rule)) {
            let (metric, message) = (metric.to_owned(), message.into());
            self.problems.push(Problem { line, column: 1, rule, metric, message });
        }
    }
}

/// Judges a page; the problems in the order of its lines. `O(n log n)` in its samples.
pub fn lint(page: &Exposition<'_>) -> Vec<Problem> {
    let kinds = page.kinds();
    let mut found = Found::default();
    for fault in &page.faults {
        let (line, column, message) = (fault.line, fault.column, fault.message.to_owned());
        let (rule, metric) = (Rule::Unreadable, String::new());
        found.problems.push(Problem { line, column, rule, metric, message });
    }
    if page.open_metrics && !page.ended {
        let last = page.samples.last().map_or(1, |sample| sample.line);
        let message = "OpenMetrics must end in `# EOF`: without it the page may have been cut off";
        found.add(last, Rule::MissingEof, "", message);
    }
    declarations(page, &kinds, &mut found);
    series(page, &kinds, &mut found);
    histograms::check(page, &kinds, &mut found);
    names::check(page, &kinds, &mut found);
    found.problems.sort_by_key(|problem| (problem.line, problem.rule));
    found.problems
}

fn declarations(page: &Exposition<'_>, kinds: &Kinds<'_>, found: &mut Found) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for sample in &page.samples {
        first.entry(kinds.family(sample)).or_insert(sample.line);
    }
    let mut seen = HashSet::new();
    // What is called `x_created` is a part of `x`, and a metric where it is declared as one.
    let named: HashSet<&str> = page.samples.iter().map(|sample| &*sample.name).collect();
    // A line that cannot be read may have been the sample.
    let whole = page.faults.is_empty();
    for declaration in &page.declarations {
        let (name, line) = (&*declaration.name, declaration.line);
        let word = match &declaration.says {
            Says::Type(_) => "TYPE",
            Says::Help(_) => "HELP",
            Says::Unit(_) => "UNIT",
        };
        if !seen.insert((name, word)) {
            found.add(line, Rule::DeclaredTwice, name, format!("a second `# {word}`"));
        }
        if whole && !first.contains_key(name) && !named.contains(name) {
            let message = "is declared and has no sample: one with labels that nobody has used yet, or \
                           whose samples are called something else";
            found.add(line, Rule::NoSamples, name, message);
        }
        let Says::Type(kind) = declaration.says else { continue };
        if Kind::of_word(kind).is_none() {
            found.add(line, Rule::UnknownType, name, format!("`{kind}` is no type"));
        }
        if let Some(sample) = first.get(name).filter(|sample| **sample < line) {
            let message = format!("`# TYPE` stands below its samples, the first in line {sample}");
            found.add(line, Rule::TypeAfterSamples, name, message);
        }
    }
}

/// A name and sorted labels.
type Series<'a> = (&'a str, Vec<(&'a str, &'a str)>);

fn series<'a>(page: &'a Exposition<'_>, kinds: &Kinds<'_>, found: &mut Found) {
    let mut seen: HashMap<Series<'_>, &Sample<'_>> = HashMap::new();
    let mut ended: HashSet<&'a str> = HashSet::new();
    let mut current = "";
    for sample in &page.samples {
        let (family, kind, part) = kinds.part(sample);
        if family != current {
            if ended.contains(family) {
                let message = "its lines do not stand together";
                found.add(sample.line, Rule::Scattered, family, message);
            }
            ended.insert(current);
            current = family;
        }
        let mut labels: Vec<(&str, &str)> =
            sample.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        labels.sort_unstable();
        let before = seen.insert((&sample.name, labels), sample);
        // OpenMetrics may give one series several points in time.
        let points = |before: &&Sample<'_>| page.open_metrics && before.time != sample.time;
        if let Some(before) = before.filter(|before| !points(before)) {
            let message = format!("the same series is in line {} already", before.line);
            found.add(sample.line, Rule::DuplicateSeries, family, message);
        }
        let counts =
            kind == Kind::Counter || matches!(part, Part::Count) && kind != Kind::GaugeHistogram;
        if counts && part != Part::Created && (sample.value.is_nan() || sample.value < 0.0) {
            let message = format!("counts {}, and counters begin at 0", sample.value);
            found.add(sample.line, Rule::BadCounter, family, message);
        }
        if (kind, part) == (Kind::Summary, Part::Bound) {
            let quantile = sample.labels.iter().find(|(name, _)| name == "quantile");
            let quantile = quantile.and_then(|(_, value)| value.parse::<f64>().ok());
            if quantile.is_none_or(|quantile| !(0.0..=1.0).contains(&quantile)) {
                let message = "has a quantile that is not from 0 to 1";
                found.add(sample.line, Rule::BadQuantile, family, message);
            }
        }
    }
}

#[cfg(test)]
mod tests;
