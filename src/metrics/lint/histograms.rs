//! Whether the parts of a histogram agree.

use std::collections::HashMap;

use super::{Found, Rule, Series};
use crate::metrics::exposition::Exposition;
use crate::metrics::kinds::{Kind, Kinds, Part};

/// One set of labels of a histogram.
#[derive(Debug, Default)]
struct Parts {
    line: usize,
    /// Upper bound, count, line.
    buckets: Vec<(f64, f64, usize)>,
    count: Option<f64>,
}

pub(super) fn check(page: &Exposition<'_>, kinds: &Kinds<'_>, found: &mut Found) {
    let mut all: HashMap<Series<'_>, Parts> = HashMap::new();
    for sample in &page.samples {
        let (family, kind, part) = kinds.part(sample);
        let lost = sample.name.strip_suffix("_bucket").filter(|family| {
            kind == Kind::Untyped && kinds.declared(family).is_some_and(Kind::has_buckets)
        });
        if let Some(family) = lost {
            let message = "has a bucket whose `le` is missing or no number";
            found.add(sample.line, Rule::BadBound, family, message);
        }
        if !kind.has_buckets() {
            continue;
        }
        let pairs = sample.labels.iter().map(|(name, value)| (&**name, &**value));
        let mut labels: Vec<(&str, &str)> = pairs.filter(|(name, _)| *name != "le").collect();
        labels.sort_unstable();
        let parts = all.entry((family, labels)).or_default();
        if parts.line == 0 {
            parts.line = sample.line;
        }
        let bound = sample.labels.iter().find(|(name, _)| name == "le");
        match (part, bound.and_then(|(_, value)| value.parse().ok())) {
            (Part::Bound, Some(bound)) => parts.buckets.push((bound, sample.value, sample.line)),
            (Part::Count, _) => parts.count = Some(sample.value),
            _ => {}
        }
    }
    for ((family, _), mut parts) in all {
        parts.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        judge(family, &parts, found);
    }
}

fn judge(family: &str, parts: &Parts, found: &mut Found) {
    for pair in parts.buckets.windows(2) {
        let [(below, fewer, _), (bound, count, line)] = pair else { continue };
        if count < fewer {
            let message = format!(
                "its bucket {bound} counts {count}, and the one below, {below}, more: {fewer}"
            );
            found.add(*line, Rule::BucketsFall, family, message);
        }
    }
    match parts.buckets.last() {
        Some((bound, count, line)) if *bound == f64::INFINITY => {
            let differs = parts.count.filter(|all| (all - count).abs() > f64::EPSILON * all.abs());
            if let Some(all) = differs {
                let message = format!("its `_count` is {all}, and its bucket +Inf counts {count}");
                found.add(*line, Rule::CountDiffers, family, message);
            }
        }
        _ => found.add(parts.line, Rule::NoInfBucket, family, "has no bucket `le=\"+Inf\"`"),
    }
}
