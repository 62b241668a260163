//! Names against the conventions.

use std::collections::HashSet;

use super::{Found, Rule};
use crate::metrics::exposition::{Exposition, Sample, Says};
use crate::metrics::kinds::{Kind, Kinds};

/// Words that are no base units, and what to use instead. Those of `promtool check metrics`, and percent.
const UNITS: [(&str, &str); 26] = [
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("ns", "seconds"),
    ("us", "seconds"),
    ("ms", "seconds"),
    ("s", "seconds, written out"),
    ("sec", "seconds, written out"),
    ("m", "seconds or meters, written out"),
    ("h", "seconds"),
    ("d", "seconds"),
    ("bits", "bytes"),
    ("b", "bytes, written out"),
    ("kb", "bytes"),
    ("mb", "bytes"),
    ("gb", "bytes"),
    ("tb", "bytes"),
    ("pb", "bytes"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("miles", "meters"),
    ("calories", "joules"),
    ("kwh", "joules"),
    ("percent", "ratio, from 0 to 1"),
];

/// Units that are good without a prefix.
const BASE: [&str; 11] = [
    "seconds", "bytes", "bits", "meters", "metres", "grams", "joules", "volts", "amperes", "moles",
    "kelvin",
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
    "mibi", "mebi", "giga", "gibi", "tera", "tebi", "peta",
];

/// Types as the last part of a name.
const TYPES: [&str; 4] = ["_counter", "_gauge", "_histogram", "_summary"];

pub(super) fn check(page: &Exposition<'_>, kinds: &Kinds<'_>, found: &mut Found) {
    let mut helped = HashSet::new();
    for declaration in &page.declarations {
        if matches!(declaration.says, Says::Help(_)) {
            helped.insert(&*declaration.name);
        }
    }
    let mut judged = HashSet::new();
    for sample in &page.samples {
        let (family, kind) = (kinds.family(sample), kinds.of(sample));
        labels(sample, family, kind, found);
        if !judged.insert(family) {
            continue;
        }
        name(sample, family, kind, page.open_metrics, found);
        if !helped.contains(family) {
            found.add(sample.line, Rule::NoHelp, family, "has no `# HELP`");
        }
    }
}

fn name(sample: &Sample<'_>, family: &str, kind: Kind, open_metrics: bool, found: &mut Found) {
    let mut misleading =
        |message: String| found.add(sample.line, Rule::MisleadingName, family, message);
    let created = sample.name.ends_with("_created");
    if kind == Kind::Counter && !sample.name.ends_with("_total") && !created {
        let must = if open_metrics { "must" } else { "should" };
        misleading(format!("is a counter, and its name {must} end in `_total`"));
    }
    if kind != Kind::Counter && kind != Kind::Untyped && family.ends_with("_total") {
        misleading(format!("ends in `_total` and is no counter but a {}", kind.word()));
    }
    let parts = ["_count", "_sum", "_bucket"];
    let reserved = match kind {
        Kind::Counter | Kind::Gauge => parts.iter().any(|end| family.ends_with(end)),
        Kind::Summary => family.ends_with("_bucket"),
        _ => false,
    };
    if reserved {
        misleading(format!("ends as a part of a histogram does, and is a {}", kind.word()));
    }
    if let Some(end) = TYPES.iter().find(|end| family.ends_with(*end)) {
        misleading(format!("ends in its type, `{end}`"));
    }
    if family.contains(':') {
        misleading("has a `:`, which is for recording rules".to_owned());
    }
    if is_camel_case(family) {
        misleading("is in camelCase; names are in snake_case".to_owned());
    }
    // Inside a name `total_counter_value` may count counters; its own type says nothing.
    let own = format!("_{}_", kind.word());
    if kind != Kind::Untyped && family.contains(&own) {
        misleading(format!("has its type in its name, `{own}`"));
    }
    if let Some((unit, base)) = unit_of(family) {
        let message = format!("is in {unit}; the base unit is {base}");
        found.add(sample.line, Rule::Unit, family, message);
    }
}

/// Finds a unit in a name, at its end or between two `_`, that is no base unit; and that to use.
fn unit_of(family: &str) -> Option<(&str, &'static str)> {
    // The first word is the program's own, as in `s_requests_total`.
    let words = || family.split('_').skip(1);
    let prefixed = words().find_map(|word| {
        let bare = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix))?;
        let base = *BASE.iter().find(|base| **base == bare)?;
        Some((word, if base == "bits" { "bytes" } else { base }))
    });
    prefixed.or_else(|| {
        words().find_map(|word| {
            UNITS.iter().find(|(unit, _)| *unit == word).map(|(_, base)| (word, *base))
        })
    })
}

fn is_camel_case(name: &str) -> bool {
    let mut pairs = name.as_bytes().windows(2);
    pairs.any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase())
}

fn labels(sample: &Sample<'_>, family: &str, kind: Kind, found: &mut Found) {
    for (label, _) in &sample.labels {
        if is_camel_case(label) {
            let message =
                format!("has the label `{label}`, which is in camelCase and not in snake_case");
            found.add(sample.line, Rule::LabelCase, family, message);
        }
        let reserved = match &**label {
            "le" => !kind.has_buckets(),
            "quantile" => kind != Kind::Summary,
            label => label.starts_with("__"),
        };
        if reserved && kind != Kind::Untyped {
            let message = format!("has the label `{label}`, which has a meaning of its own");
            found.add(sample.line, Rule::ReservedLabel, family, message);
        }
    }
}
