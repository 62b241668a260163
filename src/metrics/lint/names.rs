//! Names against the conventions.

use std::collections::HashSet;

use super::{Found, Rule};
use crate::metrics::exposition::{Exposition, Sample, Says};
use crate::metrics::kinds::{Kind, Kinds};

/// Units that are no base units, and those to use instead.
const UNITS: [(&str, &str); 12] = [
    ("milliseconds", "seconds"),
    ("microseconds", "seconds"),
    ("nanoseconds", "seconds"),
    ("ms", "seconds"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("kilobytes", "bytes"),
    ("megabytes", "bytes"),
    ("gigabytes", "bytes"),
    ("kb", "bytes"),
    ("mb", "bytes"),
    ("percent", "ratio, from 0 to 1"),
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
    if matches!(kind, Kind::Counter | Kind::Gauge) && parts.iter().any(|end| family.ends_with(end))
    {
        misleading(format!("ends as a part of a histogram does, and is a {}", kind.word()));
    }
    if let Some(end) = TYPES.iter().find(|end| family.ends_with(*end)) {
        misleading(format!("ends in its type, `{end}`"));
    }
    if family.contains(':') {
        misleading("has a `:`, which is for recording rules".to_owned());
    }
    let humps = family.as_bytes().windows(2);
    if humps.into_iter().any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase()) {
        misleading("is in camelCase; names are in snake_case".to_owned());
    }
    let bare = family.strip_suffix("_total").unwrap_or(family);
    let unit = UNITS
        .iter()
        .find(|(unit, _)| bare.strip_suffix(unit).is_some_and(|start| start.ends_with('_')));
    if let Some((unit, base)) = unit {
        found.add(
            sample.line,
            Rule::Unit,
            family,
            format!("is in {unit}; the base unit is {base}"),
        );
    }
}

fn labels(sample: &Sample<'_>, family: &str, kind: Kind, found: &mut Found) {
    for (label, _) in &sample.labels {
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
