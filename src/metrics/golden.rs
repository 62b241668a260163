//! Rate, errors and duration of the requests between two scrapes, or since counting began.
//!
//! Nothing is extrapolated: what is counted is what happened between the two pages. A counter that is
//! lower in the second page was reset, and its new value is what happened since. Requests for
//! `/metrics` and for health pages are no traffic; how many they were is said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::conventions::{
    Convention, class_of, find, is_traffic, method_of, names_of, route_of, status_of,
};
use super::families::{Family, Labels, Value};
use crate::model::UnixNanos;

mod group;
mod slowest;

pub use group::{Group, OwnQuantile};
pub use slowest::Slowest;

/// What the requests are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// By method and route.
    #[default]
    Route,
    /// By method.
    Method,
    /// By status.
    Status,
}

/// What happened between two scrapes.
#[derive(Debug, Clone, PartialEq)]
pub struct Golden {
    /// The names that it was read from.
    pub convention: Convention,
    /// The counter, or the histogram, that requests were counted with.
    pub counted_by: String,
    /// The labels that told method, route and status.
    pub labels: Vec<String>,
    /// The time between the scrapes, or since counting began; `None` where the page does not say it.
    pub elapsed: Option<Duration>,
    /// All requests together.
    pub all: Group,
    /// The requests told apart, the worst first; those without requests are left out.
    pub groups: Vec<Group>,
    /// Those that have had no request.
    pub idle: Vec<String>,
    /// How many requests were no traffic.
    pub excluded: f64,
    /// For which pages they were.
    pub excluded_routes: BTreeSet<String>,
    /// How many series were reset in between.
    pub resets: usize,
    /// Whether series have different buckets, so that the durations of all cannot be added up.
    pub uneven: bool,
    /// Whether the durations of all are of the histogram without labels, with what is excluded.
    pub overall: bool,
    /// How many requests are being served; `None` where no metric tells.
    pub in_flight: Option<f64>,
    /// The slowest observation that has a trace.
    pub slowest: Option<Slowest>,
}

impl Golden {
    /// Compares two pages; `None` where the second follows no convention.
    pub fn between(before: &[Family], after: &[Family], elapsed: Duration) -> Option<Self> {
        let convention = Convention::of(after)?;
        Self::of(convention, before, after, Some(elapsed), By::Route)
    }

    /// Reads all that a page has counted since the process started, which `now` is held against.
    ///
    /// Without `now`, as of a file, there is no rate; `None` where the page has none of the names.
    pub fn lifetime(
        convention: Convention,
        page: &[Family],
        now: Option<UnixNanos>,
        by: By,
    ) -> Option<Self> {
        let since = |start: f64| {
            #[expect(clippy::cast_precision_loss, reason = "microseconds are left")]
            let seconds = now?.0 as f64 / 1e9 - start;
            Duration::try_from_secs_f64(seconds).ok().filter(|elapsed| !elapsed.is_zero())
        };
        let elapsed = started(page, &convention).and_then(since);
        Self::of(convention, &[], page, elapsed, by)
    }

    /// Compares two pages by given names; `None` where the second has none of them.
    pub fn of(
        convention: Convention,
        before: &[Family],
        after: &[Family],
        elapsed: Option<Duration>,
        by: By,
    ) -> Option<Self> {
        let counted_by = counter(&convention, after)?;
        let counted = Deltas::of(before, after, &counted_by);
        let mut all = Group::new(String::new());
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        let (mut excluded, mut excluded_routes) = (0.0, BTreeSet::new());
        let has_status = counted.rows.iter().any(|(labels, _)| status_of(labels).is_some());
        if has_status {
            all.errors = Some(0.0);
        }
        for (labels, delta) in &counted.rows {
            if !is_traffic(labels) {
                excluded += delta;
                excluded_routes.extend(route_of(labels).map(str::to_owned));
                continue;
            }
            let class = status_of(labels).map(class_of);
            all.count(*delta, class);
            let name = name_of(labels, by);
            let group = groups.entry(name).or_insert_with_key(|name| Group::new(name.clone()));
            group.count(*delta, class);
        }
        let labels = counted.rows.iter().map(|(labels, _)| names_of(labels));
        let labels = labels.max_by_key(Vec::len).unwrap_or_default();
        let in_flight = convention.in_flight.as_deref().and_then(|name| sum_of(after, name));
        let slowest = slowest::of(after, &convention);
        let mut golden = Self {
            convention,
            counted_by,
            labels,
            elapsed,
            all,
            groups: Vec::new(),
            idle: Vec::new(),
            excluded,
            excluded_routes,
            resets: counted.resets,
            uneven: false,
            overall: false,
            in_flight,
            slowest,
        };
        golden.durations(before, after, by, &mut groups);
        let (idle, busy): (Vec<Group>, Vec<Group>) = groups.into_values().partition(Group::is_idle);
        golden.idle = idle.into_iter().map(|group| group.name).collect();
        golden.groups = busy;
        golden.groups.sort_by(Group::worst_first);
        Some(golden)
    }

    /// Returns the requests a second of a group.
    pub fn rate(&self, group: &Group) -> Option<f64> {
        let seconds = self.elapsed?.as_secs_f64();
        (seconds > 0.0).then(|| group.requests / seconds)
    }

    /// Adds how long the requests took.
    fn durations(
        &mut self,
        before: &[Family],
        after: &[Family],
        by: By,
        groups: &mut BTreeMap<String, Group>,
    ) {
        let unit_ms = self.convention.unit_ms(after);
        let Some(name) = self.convention.duration.clone() else { return };
        let old = by_labels(before, &name);
        let series = find(after, &name).map_or(&[][..], |family| &family.series);
        for series in series.iter().filter(|series| is_traffic(&series.labels)) {
            let then = old.get(&series.labels).copied();
            self.uneven |= !self.all.observe(then, &series.value, unit_ms);
            let name = name_of(&series.labels, by);
            // A histogram without the label would be one row of no name.
            if let Some(group) = groups.get_mut(&name) {
                group.observe(then, &series.value, unit_ms);
            }
        }
        self.overall(before, after, unit_ms);
        if self.uneven {
            self.all.buckets.clear();
        }
    }

    /// Takes the finer histogram of all requests, where next to nothing in it is no traffic.
    fn overall(&mut self, before: &[Family], after: &[Family], unit_ms: f64) {
        const EXCLUDED_MAX: f64 = 0.05;
        let Some(name) = &self.convention.overall else { return };
        let Some(series) = find(after, name).and_then(|family| family.series.first()) else {
            return;
        };
        let mut all = Group::new(String::new());
        all.observe(by_labels(before, name).get(&series.labels).copied(), &series.value, unit_ms);
        if all.observed > 0.0 && self.excluded <= EXCLUDED_MAX * all.observed {
            self.all.buckets = all.buckets;
            self.all.sum_ms = all.sum_ms;
            self.all.observed = all.observed;
            (self.overall, self.uneven) = (true, false);
        }
    }
}

/// Chooses what to count requests with: of the names that are there the one whose labels tell most.
fn counter(convention: &Convention, page: &[Family]) -> Option<String> {
    let told = |name: &String| {
        let series = &find(page, name)?.series;
        let any = |told: fn(&Labels) -> Option<&str>| {
            series.iter().any(|series| told(&series.labels).is_some())
        };
        Some(2 * u8::from(any(status_of)) + u8::from(any(route_of)))
    };
    let names = convention.requests.iter().chain(&convention.duration);
    let mut best: Option<(u8, &String)> = None;
    for (told, name) in names.filter_map(|name| Some((told(name)?, name))) {
        // Of two that tell the same the first is preferred.
        if best.is_none_or(|(most, _)| told > most) {
            best = Some((told, name));
        }
    }
    best.map(|(_, name)| name.clone())
}

/// Returns when counting began, in seconds since 1970: the process, else the first of its counters.
fn started(page: &[Family], convention: &Convention) -> Option<f64> {
    if let Some(start) = sum_of(page, "process_start_time_seconds").filter(|start| *start > 1e9) {
        return Some(start);
    }
    let names = convention.requests.iter().chain(&convention.duration);
    let series = names.filter_map(|name| find(page, name)).flat_map(|family| &family.series);
    series.filter_map(|series| series.created).min_by(f64::total_cmp)
}

/// How much each series of a metric grew.
struct Deltas {
    rows: Vec<(Labels, f64)>,
    resets: usize,
}

impl Deltas {
    fn of(before: &[Family], after: &[Family], name: &str) -> Self {
        let old = by_labels(before, name);
        let series = find(after, name).map_or(&[][..], |family| &family.series);
        let mut resets = 0;
        let grown = series.iter().filter_map(|series| {
            let now = group::count_of(&series.value).filter(|count| !count.is_nan())?;
            let then = old.get(&series.labels).and_then(|value| group::count_of(value));
            let then = then.filter(|count| !count.is_nan()).unwrap_or(0.0);
            resets += usize::from(now < then);
            Some((series.labels.clone(), if now < then { now } else { now - then }))
        });
        let rows = grown.collect();
        Self { rows, resets }
    }
}

fn name_of(labels: &Labels, by: By) -> String {
    let none = |what: &str| format!("(no {what})");
    let filled = |text: &&str| !text.is_empty();
    match by {
        By::Route => {
            let route = route_of(labels).filter(filled);
            match (method_of(labels).filter(filled), route) {
                (Some(method), Some(route)) => format!("{method} {route}"),
                (None, Some(route)) => route.to_owned(),
                (Some(method), None) => format!("{method} {}", none("route")),
                (None, None) => none("route"),
            }
        }
        By::Method => {
            method_of(labels).filter(filled).map_or_else(|| none("method"), str::to_owned)
        }
        By::Status => {
            status_of(labels).filter(filled).map_or_else(|| none("status"), str::to_owned)
        }
    }
}

/// Adds up the numbers of a metric that are of traffic.
fn sum_of(page: &[Family], name: &str) -> Option<f64> {
    let series = find(page, name)?.series.iter().filter(|series| is_traffic(&series.labels));
    let numbers = series.filter_map(|series| match series.value {
        Value::Number(number) if number.is_finite() => Some(number),
        _ => None,
    });
    Some(numbers.sum())
}

fn by_labels<'a>(page: &'a [Family], name: &str) -> HashMap<&'a Labels, &'a Value> {
    let series = find(page, name).map_or(&[][..], |family| &family.series);
    series.iter().map(|series| (&series.labels, &series.value)).collect()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests;
