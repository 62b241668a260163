//! What records have in one field, counted in bounded memory.

mod sketch;
mod timeline;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use self::sketch::Sketch;
use self::timeline::Timeline;
use super::expression::{Held, UnknownField, held, measured};
use super::found::Found;
use crate::model::{FieldStats, LogRecord, Unit, UnixNanos, ValueCount, nearest};

/// How many different values are counted one by one.
const VALUES_MAX: usize = 10_000;

/// What is kept of a value, in bytes.
const VALUE_BYTES_MAX: usize = 256;

/// In how many records without the field others are looked for, to offer one of them instead.
const LOOKED_MAX: u64 = 256;

/// The statistics of one field in the making.
///
/// Memory is bounded: 10,000 values of 256 bytes, the buckets of what is beyond, 2048 intervals. A
/// value that was seen before costs one hash and allocates nothing.
#[derive(Debug)]
pub struct Stats {
    field: String,
    with: u64,
    without: u64,
    values: HashMap<String, u64>,
    others: u64,
    shortened: u64,
    sketches: BTreeMap<Option<Unit>, Sketch>,
    timeline: Timeline,
    names: BTreeSet<String>,
}

impl Stats {
    /// Begins; `field` is a name as `--where` has it.
    pub fn new(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            with: 0,
            without: 0,
            values: HashMap::new(),
            others: 0,
            shortened: 0,
            sketches: BTreeMap::new(),
            timeline: Timeline::default(),
            names: BTreeSet::new(),
        }
    }

    /// Returns how many records had the field so far.
    pub fn with(&self) -> u64 {
        self.with
    }

    /// Counts records that cannot have the field.
    pub fn pass_over(&mut self, records: u64) {
        self.without += records;
    }

    /// Counts a record.
    pub fn add(&mut self, record: &LogRecord) {
        if !self.add_held(record.time, &held(record, &self.field.clone())) {
            self.look(record.fields.iter().map(|field| field.name.clone()));
        }
    }

    /// Counts what a scan found; no record is built of a line.
    pub fn add_found(&mut self, found: &Found<'_>) {
        let field = std::mem::take(&mut self.field);
        let had = self.add_held(found.time(), &found.held(&field));
        self.field = field;
        if !had && self.with == 0 && self.without <= LOOKED_MAX {
            self.look(found.shown().fields.into_iter().map(|(name, _)| name.into_owned()));
        }
    }

    /// Counts what a record has; says whether it has anything.
    fn add_held(&mut self, time: Option<UnixNanos>, held: &Held<'_>) -> bool {
        match held {
            Held::Nothing => {}
            // A record always has a message, if only an empty one.
            Held::Text(text) if text.is_empty() && self.field == "message" => {}
            Held::Bool(true) => return self.count(time, "true"),
            Held::Bool(false) => return self.count(time, "false"),
            Held::Number(text) | Held::Text(text) => return self.count(time, text),
        }
        self.without += 1;
        false
    }

    fn count(&mut self, time: Option<UnixNanos>, value: &str) -> bool {
        self.with += 1;
        self.timeline.add(time);
        let kept = shortened(value);
        self.shortened += u64::from(matches!(kept, Cow::Owned(_)));
        if let Some(count) = self.values.get_mut(&*kept) {
            *count += 1;
        } else if self.values.len() < VALUES_MAX {
            self.values.insert(kept.into_owned(), 1);
        } else {
            self.others += 1;
            if let Some((number, unit)) = measured(value) {
                self.sketches.entry(unit).or_default().add(number);
            }
        }
        true
    }

    fn look(&mut self, names: impl Iterator<Item = String>) {
        if self.with == 0 && self.without <= LOOKED_MAX {
            self.names.extend(names);
        }
    }

    /// Returns the field when no record had it, with the one that was probably meant; `None` also when
    /// there was no record.
    pub fn unknown(&self) -> Option<UnknownField> {
        let names = || self.names.iter().map(String::as_str);
        let longer = |name: &&str| self.field.len() > 2 && name.contains(&self.field);
        let near = || {
            nearest(&self.field, names().chain(LogRecord::NAMES)).or_else(|| names().find(longer))
        };
        (self.with == 0 && self.without > 0)
            .then(|| UnknownField { name: self.field.clone(), near: near().map(ToOwned::to_owned) })
    }

    /// Returns what was counted.
    pub fn finish(self) -> FieldStats {
        let mut sketches = self.sketches;
        for (value, count) in &self.values {
            if let Some((number, unit)) = measured(value) {
                sketches.entry(unit).or_default().add_exact(number, *count);
            }
        }
        let numbers = sketches.into_iter().filter_map(|(unit, sketch)| sketch.stats(unit));
        let value = |(value, count)| ValueCount { value, count };
        let mut values: Vec<ValueCount> = self.values.into_iter().map(value).collect();
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        let in_no_interval = self.timeline.untimed;
        let (timeline, nanos) = self.timeline.intervals().unzip();
        #[expect(clippy::cast_precision_loss, reason = "a whole number of milliseconds")]
        let interval_ms = nanos.map(|nanos| (nanos / 1_000_000) as f64);
        FieldStats {
            field: self.field,
            with: self.with,
            without: self.without,
            different: values.len() as u64 + u64::from(self.others > 0),
            values,
            others: self.others,
            shortened: self.shortened,
            numbers: numbers.collect(),
            timeline: timeline.unwrap_or_default(),
            interval_ms,
            in_no_interval,
        }
    }
}

fn shortened(value: &str) -> Cow<'_, str> {
    if value.len() <= VALUE_BYTES_MAX {
        return Cow::Borrowed(value);
    }
    let cut = value.get(..value.floor_char_boundary(VALUE_BYTES_MAX));
    Cow::Owned(format!("{}…", cut.unwrap_or_default()))
}

#[cfg(test)]
mod tests;
