//! The samples of a page of metrics: what `obs metrics list` answers.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Render, Theme, Tone, text};
use crate::metrics::exposition::{Exemplar, Fault, Sample};
use crate::metrics::families::Kind;
use crate::model::{UnixNanos, mask_value};

/// The samples of a page; in JSON `obs.metrics-samples/1`.
#[derive(Debug, Serialize)]
pub struct MetricsListReport {
    schema: &'static str,
    /// Where the page is, without secrets.
    pub page: String,
    /// How many samples there are.
    pub found: usize,
    /// Whether there are more than are listed.
    pub truncated: bool,
    /// In the order of the page.
    pub samples: Vec<ListedSample>,
    /// The lines that cannot be read.
    pub faults: Vec<ListedFault>,
}

/// One value.
#[derive(Debug, Serialize)]
pub struct ListedSample {
    /// The name as it stands there.
    pub name: String,
    /// The type of its metric.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The labels, in order.
    #[serde(serialize_with = "as_object")]
    pub labels: Vec<(String, String)>,
    /// The value; what JSON has no number for is text.
    #[serde(serialize_with = "number")]
    pub value: f64,
    /// When it was measured, where the page says so.
    pub time: Option<UnixNanos>,
    /// One observation of many.
    pub exemplar: Option<ListedExemplar>,
}

/// One observation of many.
#[derive(Debug, Serialize)]
pub struct ListedExemplar {
    /// Its labels: `trace_id`.
    #[serde(serialize_with = "as_object")]
    pub labels: Vec<(String, String)>,
    /// What was observed.
    #[serde(serialize_with = "number")]
    pub value: f64,
    /// When.
    pub time: Option<UnixNanos>,
}

/// A line that cannot be read.
#[derive(Debug, Serialize)]
pub struct ListedFault {
    /// The 1-based line.
    pub line: usize,
    /// The 1-based character in it.
    pub column: usize,
    /// What is wrong there.
    pub message: &'static str,
}

impl From<Fault> for ListedFault {
    fn from(fault: Fault) -> Self {
        Self { line: fault.line, column: fault.column, message: fault.message }
    }
}

impl ListedSample {
    /// Takes a sample; what looks like a secret in its labels is masked, unless it is to be shown.
    pub fn new(sample: &Sample<'_>, kind: Kind, show_secrets: bool) -> Self {
        let exemplar = |exemplar: &Exemplar<'_>| ListedExemplar {
            labels: masked(&exemplar.labels, show_secrets),
            value: exemplar.value,
            time: exemplar.time,
        };
        Self {
            name: sample.name.clone().into_owned(),
            kind: kind.word(),
            labels: masked(&sample.labels, show_secrets),
            value: sample.value,
            time: sample.time,
            exemplar: sample.exemplar.as_ref().map(exemplar),
        }
    }

    /// Draws `name{label="value"}`, harmless.
    fn series(&self) -> String {
        let name = text::harmless(&self.name);
        if self.labels.is_empty() {
            return name.into_owned();
        }
        format!("{name}{{{}}}", drawn(&self.labels))
    }

    /// Draws the trace that the exemplar is of.
    fn followed(&self) -> Option<String> {
        let exemplar = self.exemplar.as_ref()?;
        Some(format!("# {{{}}} {}", drawn(&exemplar.labels), shown(exemplar.value)))
    }
}

fn masked<'a, T: AsRef<str> + 'a>(
    labels: impl IntoIterator<Item = &'a (T, T)>,
    show_secrets: bool,
) -> Vec<(String, String)> {
    let value = |name: &str, value: &str| {
        let hidden = if show_secrets { value.into() } else { mask_value(name, value) };
        text::masked(&hidden, show_secrets).into_owned()
    };
    let pair =
        |(name, text): &(T, T)| (name.as_ref().to_owned(), value(name.as_ref(), text.as_ref()));
    labels.into_iter().map(pair).collect()
}

fn drawn(labels: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| {
        format!("{}=\"{}\"", text::harmless(name), text::harmless(value))
    };
    labels.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// Writes labels as an object; of a name that is there twice the last counts.
fn as_object<S: Serializer>(labels: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let pairs = labels.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
    pairs.collect::<Map<_, _>>().serialize(serializer)
}

/// Writes what JSON has no number for as text, `"+Inf"`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
pub(super) fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        serializer.serialize_str(&shown(*value))
    }
}

/// Writes a value as Prometheus does: as short as it is exact.
pub(super) fn shown(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else if value != 0.0 && (value.abs() >= 1e15 || value.abs() < 1e-6) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

impl MetricsListReport {
    /// Builds the answer.
    pub fn new(
        page: String,
        found: usize,
        truncated: bool,
        samples: Vec<ListedSample>,
        faults: Vec<Fault>,
    ) -> Self {
        let faults = faults.into_iter().map(ListedFault::from).collect();
        Self { schema: "obs.metrics-samples/1", page, found, truncated, samples, faults }
    }

    /// Writes a JSON document a sample.
    pub fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        for sample in &self.samples {
            let line = serde_json::to_string(sample)?;
            writeln!(out, "{}", text::harmless_json(&line))?;
        }
        out.flush()
    }

    /// Writes a table in Markdown.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "| series | type | value |\n|---|---|---|")?;
        for sample in &self.samples {
            let series = sample.series().replace('|', "\\|");
            writeln!(out, "| `{series}` | {} | {} |", sample.kind, shown(sample.value))?;
        }
        out.flush()
    }
}

impl Render for MetricsListReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        let mut named = "";
        for sample in &self.samples {
            if sample.kind != named {
                named = sample.kind;
                writeln!(out, "{}", theme.paint(Tone::Dim, named))?;
            }
            let value = shown(sample.value);
            // The value first, and in a column: labels are of any length.
            writeln!(out, "{value:>20}  {}", sample.series())?;
            if let Some(followed) = sample.followed() {
                writeln!(out, "{:22}{}", "", theme.paint(Tone::Dim, followed))?;
            }
        }
        if self.truncated {
            let left = self.found - self.samples.len();
            writeln!(out, "{left} of {} samples are not listed: -n 0 lists all", self.found)?;
        }
        faults(out, &self.faults)
    }
}

/// Writes where lines cannot be read.
pub(super) fn faults(out: &mut dyn Write, faults: &[ListedFault]) -> io::Result<()> {
    const SHOWN_MAX: usize = 20;
    for fault in faults.iter().take(SHOWN_MAX) {
        writeln!(out, "line {}:{} cannot be read: {}", fault.line, fault.column, fault.message)?;
    }
    if faults.len() > SHOWN_MAX {
        writeln!(out, "{} more lines cannot be read", faults.len() - SHOWN_MAX)?;
    }
    Ok(())
}
