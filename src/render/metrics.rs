//! The signals of pages of metrics: what `obs metrics` answers.
//!
//! Here: the document, as it is written for programs; `drawn` is how people see it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use regex::Regex;
use serde::{Serialize, Serializer};

use super::metrics_list::{ListedFault, shown};
use super::{Render, Theme, text};
use crate::metrics::cardinality::{self, Cardinality};
use crate::metrics::exposition::Fault;
use crate::metrics::families::Family;
use crate::metrics::golden::{Golden, Group, OwnQuantile};
use crate::metrics::saturation::{self, Saturation};
use crate::metrics::workers::Workers;
use crate::model::{Missing, TraceId, UnixNanos};

mod drawn;
mod rows;
mod ticket;
mod used;

/// The quantiles that are told.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// What of a page is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Only rows with such a name.
    pub matching: Option<Regex>,
    /// The duration that satisfies.
    pub apdex_ms: f64,
    /// Whether secrets in names are shown.
    pub show_secrets: bool,
}

/// The pages and what they say; in JSON `obs.metrics/1`.
#[derive(Debug, Serialize)]
pub struct MetricsReport {
    schema: &'static str,
    /// This run's id, which every request carried.
    pub request_id: String,
    /// One each.
    pub pages: Vec<PageReport>,
    /// The pages that could not be read.
    pub missing: Vec<Missing>,
    /// Whether everything was read, and of every process.
    pub complete: bool,
    /// Whether any page was asked for: of files alone there is no trace of this run.
    #[serde(skip)]
    pub asked: bool,
}

/// One page.
#[derive(Debug, Serialize)]
pub struct PageReport {
    /// What it is called.
    pub name: String,
    /// Where it is, without secrets.
    pub page: String,
    /// How often it was read.
    pub scrapes: usize,
    /// Whether this is what happened since counting began, and not between two scrapes.
    pub lifetime: bool,
    /// The time between the scrapes, or since counting began; absent where the page does not say it.
    pub elapsed_ms: Option<f64>,
    /// Of the requests; absent where no metric counts any.
    pub signals: Option<Signals>,
    /// What there is a limited number of.
    pub saturation: Vec<Used>,
    /// Where several processes answer, each with numbers of its own.
    pub workers: Option<WorkersFound>,
    /// How many samples the page has.
    pub samples: usize,
    /// Metrics whose labels have too many values.
    pub cardinality: Vec<Many>,
    /// The lines that cannot be read.
    pub faults: Vec<ListedFault>,
}

/// Rate, errors and duration.
#[derive(Debug, Serialize)]
pub struct Signals {
    /// Whose names they are; absent where they only look like it.
    pub library: Option<&'static str>,
    /// The metric that counts.
    pub counted_by: String,
    /// The metric that times.
    pub timed_by: Option<String>,
    /// The labels that tell method, route and status.
    pub labels: Vec<String>,
    /// All requests together.
    #[serde(flatten)]
    pub all: Row,
    /// The share of requests that were fast enough.
    pub apdex: Option<ApdexRow>,
    /// Requests that are being served.
    pub in_flight: Option<f64>,
    /// Requests that are no traffic, and what for.
    pub excluded: Excluded,
    /// Series that were reset between the scrapes.
    pub resets: usize,
    /// Whether series have different buckets, so that there are no quantiles of all.
    pub uneven: bool,
    /// Whether the durations of all are of a finer histogram, which has what is excluded in it.
    pub overall: bool,
    /// The slowest request that has a trace.
    pub slowest: Option<SlowestRow>,
    /// The worst first.
    pub rows: Vec<Row>,
    /// Rows that had no request.
    pub idle: usize,
    /// Rows whose name does not match.
    pub unmatched: usize,
    /// Rows that match, and had no request.
    #[serde(skip)]
    pub idle_matching: usize,
    /// What the rows that do not match are called, the worst first.
    #[serde(skip)]
    pub others: Vec<String>,
}

/// Requests that are told together.
#[derive(Debug, Serialize)]
pub struct Row {
    /// `GET /items/{id}`; absent of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many.
    pub requests: f64,
    /// A second.
    pub rate: Option<f64>,
    /// Server errors; absent where no label tells.
    pub errors: Option<f64>,
    /// Of all, 0 to 1.
    pub error_ratio: Option<f64>,
    /// 4xx without the next two.
    pub client_errors: f64,
    /// 429.
    pub throttled: f64,
    /// 499.
    pub cancelled: f64,
    /// Mean duration.
    pub mean_ms: Option<f64>,
    /// As far as there are any.
    pub quantiles: Vec<QuantileRow>,
    /// As a summary computed them, in place of the others.
    pub exporter_quantiles: Vec<ExporterQuantile>,
    /// Whether there are too few to prove anything.
    pub few: bool,
}

/// One quantile.
#[derive(Debug, Serialize)]
pub struct QuantileRow {
    /// 0 to 1.
    pub quantile: f64,
    /// As Prometheus computes it.
    pub ms: f64,
    /// Where its bucket begins.
    pub from_ms: f64,
    /// Where it ends; `+Inf`: the truth is above `ms`.
    #[serde(serialize_with = "super::metrics_list::number")]
    pub to_ms: f64,
}

/// One quantile of a summary: of the exporter's own window, and never added up.
#[derive(Debug, Serialize)]
pub struct ExporterQuantile {
    /// 0 to 1.
    pub quantile: f64,
    /// The highest of the series.
    pub ms: f64,
    /// Of how many series.
    pub series: usize,
}

/// The share of requests that were fast enough.
#[derive(Debug, Serialize)]
pub struct ApdexRow {
    /// 0 to 1.
    pub score: f64,
    /// The bound that satisfies: a bucket's.
    pub satisfied_ms: f64,
    /// The bound that is tolerated.
    pub tolerated_ms: f64,
}

/// Requests that are no traffic.
#[derive(Debug, Serialize)]
pub struct Excluded {
    /// How many.
    pub requests: f64,
    /// `/metrics`, `/healthz`.
    pub routes: Vec<String>,
}

/// One slow request.
#[derive(Debug, Serialize)]
pub struct SlowestRow {
    /// How long it took.
    pub duration_ms: f64,
    /// Its trace.
    pub trace_id: TraceId,
    /// When it ended.
    pub time: Option<UnixNanos>,
    /// `GET /items/{id}`.
    pub name: String,
}

/// Something that is used up.
#[derive(Debug, Serialize)]
pub struct Used {
    /// `cpu`, `memory`, `open files`.
    pub name: String,
    /// The metric.
    pub metric: String,
    /// How much.
    pub used: f64,
    /// Of how much.
    #[serde(serialize_with = "if_any")]
    pub max: Option<f64>,
    /// The part, 0 to 1.
    pub ratio: Option<f64>,
    /// `By`, `1`, `s`, `cores`.
    pub unit: &'static str,
}

/// Several processes behind one address.
#[derive(Debug, Serialize)]
pub struct WorkersFound {
    /// How many at least.
    pub at_least: usize,
    /// How it is known.
    pub evidence: String,
    /// Whether the signals are of one of them; else there are none of a window.
    pub compared: bool,
    /// What to set.
    pub advice: String,
}

/// A label with too many values.
#[derive(Debug, Serialize)]
pub struct Many {
    /// The metric.
    pub metric: String,
    /// Its samples.
    pub samples: usize,
    /// The label.
    pub label: String,
    /// Its values.
    pub values: usize,
    /// Two that differ in a number alone.
    pub alike: Vec<String>,
}

#[expect(clippy::ref_option, reason = "what serde calls")]
fn if_any<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) if value.is_finite() => serializer.serialize_some(value),
        Some(value) => serializer.serialize_str(&shown(*value)),
        None => serializer.serialize_none(),
    }
}

impl MetricsReport {
    /// Builds the answer.
    pub fn new(
        request_id: &str,
        asked: bool,
        pages: Vec<PageReport>,
        missing: Vec<Missing>,
    ) -> Self {
        let whole = |page: &PageReport| page.faults.is_empty() && page.workers.is_none();
        let complete = missing.is_empty() && pages.iter().all(whole);
        let request_id = request_id.to_owned();
        Self { schema: "obs.metrics/1", request_id, pages, missing, complete, asked }
    }

    /// Says whether any page tells anything of what was asked: with `--match` a row that fits, be it
    /// one without a request.
    pub fn tells(&self, matching: bool) -> bool {
        let told = |page: &PageReport| match &page.signals {
            Some(signals) if matching => !signals.rows.is_empty() || signals.idle_matching > 0,
            Some(_) => true,
            None => !matching && !page.saturation.is_empty(),
        };
        self.pages.iter().any(told)
    }

    /// Writes a text for a ticket, in Markdown.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        ticket::write(self, out)
    }
}

impl Render for MetricsReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        drawn::draw(self, out, theme)
    }
}

impl PageReport {
    /// Begins the report of a page; what was found out of it is added.
    pub fn new(name: &str, page: &str, families: &[Family], faults: Vec<Fault>) -> Self {
        let many = cardinality::of(families).into_iter().map(|found: Cardinality| Many {
            metric: found.metric,
            samples: found.samples,
            label: found.label,
            values: found.values,
            alike: found.alike.into_iter().flat_map(|(a, b)| [a, b]).collect(),
        });
        Self {
            name: name.to_owned(),
            page: page.to_owned(),
            scrapes: 1,
            lifetime: true,
            elapsed_ms: None,
            signals: None,
            saturation: Vec::new(),
            workers: None,
            samples: families.iter().map(cardinality::samples).sum(),
            cardinality: many.collect(),
            faults: faults.into_iter().map(ListedFault::from).collect(),
        }
    }

    /// Adds what is used up.
    pub fn saturate(&mut self, before: &[Family], after: &[Family], elapsed: Option<Duration>) {
        let row = |found: Saturation| Used {
            ratio: found.ratio(),
            name: found.name,
            metric: found.metric,
            used: found.used,
            max: found.max,
            unit: found.unit,
        };
        self.saturation = saturation::of(before, after, elapsed).into_iter().map(row).collect();
    }

    /// Says that several processes answer; `compared` when the same one was met twice.
    pub fn warn_of_workers(&mut self, workers: &Workers, compared: bool) {
        // Others ignore PROMETHEUS_MULTIPROC_DIR or read it in lower case only: starlette-prometheus.
        let advice = "set PROMETHEUS_MULTIPROC_DIR, and for starlette-prometheus up to 0.10 \
                      prometheus_multiproc_dir, to an empty folder, or run one worker";
        self.workers = Some(WorkersFound {
            at_least: workers.at_least,
            evidence: workers.evidence.clone(),
            compared,
            advice: advice.to_owned(),
        });
    }

    /// Adds the signals of the requests.
    pub fn tell(&mut self, golden: &Golden, wanted: &Wanted) {
        let masked = |words: &str| text::masked(words, wanted.show_secrets).into_owned();
        let row = |group: &Group| Row::new(golden, group, wanted);
        let rows: Vec<Row> = golden.groups.iter().map(row).collect();
        let all = rows.len();
        let fits = |row: &Row| {
            let name = row.name.as_deref().unwrap_or_default();
            wanted.matching.as_ref().is_none_or(|pattern| pattern.is_match(name))
        };
        let (rows, others): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(fits);
        let idle_fits = |name: &&String| {
            wanted.matching.as_ref().is_some_and(|pattern| pattern.is_match(&masked(name)))
        };
        let apdex = golden.all.apdex(wanted.apdex_ms).map(|apdex| ApdexRow {
            score: apdex.score,
            satisfied_ms: apdex.satisfied_ms,
            tolerated_ms: apdex.tolerated_ms,
        });
        let slowest = golden.slowest.as_ref().map(|slowest| SlowestRow {
            duration_ms: slowest.duration_ms,
            trace_id: slowest.trace_id,
            time: slowest.time,
            name: masked(&slowest.name),
        });
        let routes: BTreeSet<String> =
            golden.excluded_routes.iter().map(|route| masked(route)).collect();
        let timed = |name: &String| {
            if golden.overall { golden.convention.overall.clone() } else { Some(name.clone()) }
        };
        self.signals = Some(Signals {
            library: golden.convention.library,
            counted_by: golden.counted_by.clone(),
            timed_by: golden.convention.duration.as_ref().and_then(timed),
            labels: golden.labels.clone(),
            all: Row::new(golden, &golden.all, wanted),
            apdex,
            in_flight: golden.in_flight,
            excluded: Excluded { requests: golden.excluded, routes: routes.into_iter().collect() },
            resets: golden.resets,
            uneven: golden.uneven,
            overall: golden.overall,
            slowest,
            unmatched: all - rows.len(),
            rows,
            idle: golden.idle.len(),
            idle_matching: golden.idle.iter().filter(idle_fits).count(),
            others: others.into_iter().filter_map(|row| row.name).collect(),
        });
    }
}

impl Row {
    fn new(golden: &Golden, group: &Group, wanted: &Wanted) -> Self {
        let quantile = |quantile: f64| {
            let (ms, (from_ms, to_ms)) = (group.duration_ms(quantile)?, group.bucket_ms(quantile)?);
            Some(QuantileRow { quantile, ms, from_ms, to_ms })
        };
        let own = |own: &OwnQuantile| {
            let OwnQuantile { quantile, ms, series } = *own;
            ExporterQuantile { quantile, ms, series }
        };
        let name = text::masked(&group.name, wanted.show_secrets).into_owned();
        Self {
            name: Some(name).filter(|name| !name.is_empty()),
            requests: group.requests,
            rate: golden.rate(group),
            errors: group.errors,
            error_ratio: group.error_ratio(),
            client_errors: group.client_errors,
            throttled: group.throttled,
            cancelled: group.cancelled,
            mean_ms: group.mean_ms(),
            quantiles: QUANTILES.into_iter().filter_map(quantile).collect(),
            exporter_quantiles: group.own.iter().map(own).collect(),
            few: group.is_few(),
        }
    }

    /// Returns one of its quantiles.
    fn quantile(&self, wanted: f64) -> Option<&QuantileRow> {
        self.quantiles.iter().find(|row| row.quantile.total_cmp(&wanted).is_eq())
    }
}
