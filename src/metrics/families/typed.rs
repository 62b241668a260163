//! The way through `prometheus-parse`.
//!
//! It drops or changes what has `}`, `,`, `=` or an escape in a label, a name with `:` or in quotes,
//! and `OpenMetrics`' counters. So it is given neither names nor labels: a family is called `f3`, a set
//! of labels `s="7"`, and both are put back afterwards. What it does not give back is an error of
//! ours and would be a missing sample; property tests count them.

use std::collections::HashMap;

use prometheus_parse::{Sample as Read, Scrape, Value as Parsed};

use super::{Builder, Family, Kind, Part, Placed};
use crate::metrics::exposition::Exposition;

pub(super) fn group(exposition: &Exposition<'_>) -> Vec<Family> {
    let kinds = exposition.kinds();
    let mut builder = Builder::default();
    let mut sanitised = String::new();
    let mut declared = 0;
    for sample in &exposition.samples {
        let placed = builder.place(sample, &kinds);
        if placed.part == Part::Created {
            builder.put(placed, sample.value);
            continue;
        }
        for (number, family) in builder.families.iter().enumerate().skip(declared) {
            declared = number + 1;
            let line = format!("# TYPE f{number} {}\n", word(family.kind));
            sanitised.push_str(&line);
        }
        line(&mut sanitised, placed, builder.families[placed.family].kind, sample.value);
    }
    let lines = sanitised.lines().map(|line| Ok(line.to_owned()));
    // Reading from memory does not fail.
    let scrape = Scrape::parse(lines)
        .unwrap_or_else(|_| Scrape { docs: HashMap::new(), samples: Vec::new() });
    for sample in scrape.samples {
        restore(&mut builder, &sample);
    }
    builder.finish(exposition)
}

/// Returns the type that it is given as, of those that `prometheus-parse` knows.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge | Kind::Info | Kind::StateSet => "gauge",
        Kind::Histogram | Kind::GaugeHistogram => "histogram",
        Kind::Summary => "summary",
        Kind::Untyped => "untyped",
    }
}

/// Writes one sample as a line that cannot be misread: the family's number, the series' number.
fn line(out: &mut String, placed: Placed, kind: Kind, value: f64) {
    let Placed { family, series, part, bound } = placed;
    let suffix = match part {
        Part::Bound if kind.has_buckets() => "_bucket",
        Part::Sum => "_sum",
        Part::Count => "_count",
        _ => "",
    };
    let labels = match kind.bound_label().filter(|_| part == Part::Bound) {
        Some(label) => format!("s=\"{series}\",{label}=\"{bound}\""),
        None => format!("s=\"{series}\""),
    };
    let line = format!("f{family}{suffix}{{{labels}}} {value}\n");
    out.push_str(&line);
}

/// Puts what `prometheus-parse` read where it belongs.
fn restore(builder: &mut Builder<'_>, sample: &Read) {
    let (name, part) = match sample.metric.split_once('_') {
        Some((name, "sum")) => (name, Part::Sum),
        Some((name, "count")) => (name, Part::Count),
        _ => (sample.metric.as_str(), Part::Value),
    };
    let family = name.strip_prefix('f').and_then(|number| number.parse::<usize>().ok());
    let series = sample.labels.get("s").and_then(|number| number.parse::<usize>().ok());
    let place = family.zip(series).filter(|(family, series)| {
        builder.families.get(*family).is_some_and(|family| family.series.len() > *series)
    });
    let Some((family, series)) = place else {
        debug_assert!(false, "{} is nowhere", sample.metric);
        return;
    };
    let placed = |part, bound| Placed { family, series, part, bound };
    match &sample.value {
        Parsed::Histogram(read) => {
            for bucket in read {
                builder.put(placed(Part::Bound, bucket.less_than), bucket.count);
            }
        }
        Parsed::Summary(read) => {
            for one in read {
                builder.put(placed(Part::Bound, one.quantile), one.count);
            }
        }
        Parsed::Counter(number) | Parsed::Gauge(number) | Parsed::Untyped(number) => {
            builder.put(placed(part, f64::NAN), *number);
        }
    }
}
