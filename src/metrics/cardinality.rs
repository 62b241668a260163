//! Which metrics have many series, and which of their labels makes them so many.

use std::collections::HashSet;

use super::families::{Family, Value};

/// From how many values on a label is worth a word.
const VALUES_MANY: usize = 100;

/// From how many values on that differ in a number or an id alone.
const ALIKE_MANY: usize = 10;

/// A label with many values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cardinality {
    /// The metric.
    pub metric: String,
    /// How many samples it has on the page.
    pub samples: usize,
    /// The label with the most values.
    pub label: String,
    /// How many.
    pub values: usize,
    /// Two values that differ in a number or an id alone: a raw path in place of its route.
    pub alike: Option<(String, String)>,
}

/// Returns how many samples a metric has.
pub fn samples(family: &Family) -> usize {
    let of = |value: &Value| match value {
        Value::Number(_) => 1,
        Value::Histogram { buckets: parts, sum, count }
        | Value::Summary { quantiles: parts, sum, count } => {
            parts.len() + usize::from(sum.is_some()) + usize::from(count.is_some())
        }
    };
    family.series.iter().map(|series| of(&series.value)).sum()
}

/// Finds the metrics whose labels have too many values, the largest first. O(labels of the page).
pub fn of(page: &[Family]) -> Vec<Cardinality> {
    let mut found: Vec<Cardinality> = page.iter().filter_map(of_family).collect();
    found.sort_by(|a, b| b.samples.cmp(&a.samples).then_with(|| a.metric.cmp(&b.metric)));
    found
}

fn of_family(family: &Family) -> Option<Cardinality> {
    if family.series.len() < ALIKE_MANY {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in family.series.iter().flat_map(|series| &series.labels) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let values = |name: &str| -> HashSet<&str> {
        let labels = family.series.iter().flat_map(|series| &series.labels);
        labels.filter(|(label, _)| label == name).map(|(_, value)| value.as_str()).collect()
    };
    let by_label = names.into_iter().map(|name| (name, values(name)));
    let (label, values) = by_label.max_by_key(|(_, values)| values.len())?;
    let alike = alike(&values);
    if values.len() < VALUES_MANY && alike.is_none() {
        return None;
    }
    Some(Cardinality {
        metric: family.name.clone(),
        samples: samples(family),
        label: label.to_owned(),
        values: values.len(),
        alike,
    })
}

/// Finds two of many paths that differ in a number or an id alone.
fn alike(values: &HashSet<&str>) -> Option<(String, String)> {
    use std::collections::BTreeMap;
    let mut by_shape: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for value in values.iter().filter(|value| value.contains('/')) {
        by_shape.entry(shape(value)).or_default().push(value);
    }
    let mut many = by_shape.into_values().filter(|values| values.len() >= ALIKE_MANY);
    let mut values = many.next()?;
    values.sort_unstable();
    Some((values.first()?.to_string(), values.get(1)?.to_string()))
}

/// Returns a path with `#` in place of each part that holds a digit.
fn shape(path: &str) -> String {
    let has_digit = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
    let parts = path.split('/').map(|part| if has_digit(part) { "#" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::exposition;
    use crate::metrics::families::group;

    fn found(lines: impl Iterator<Item = String>) -> Vec<Cardinality> {
        let page: String = lines.collect();
        of(&group(&exposition::read(page.as_bytes(), "")))
    }

    #[test]
    fn raw_paths_in_place_of_routes_are_seen_early() {
        let found =
            found((0..12).map(|id| format!("m{{path=\"/items/{id}\",method=\"GET\"}} 1\n")));
        assert_eq!((found[0].label.as_str(), found[0].values), ("path", 12));
        assert_eq!(found[0].alike, Some(("/items/0".to_owned(), "/items/1".to_owned())));
    }

    #[test]
    fn many_routes_are_not_many_raw_paths() {
        assert_eq!(found((0..50).map(|id| format!("m{{path=\"/r{}\"}} 1\n", "x".repeat(id)))), []);
    }

    #[test]
    fn a_hundred_values_of_any_label_are_many() {
        let found = found((0..100).map(|id| format!("m{{user=\"u{id}\"}} 1\n")));
        assert_eq!((found[0].samples, found[0].alike.clone()), (100, None));
    }
}
