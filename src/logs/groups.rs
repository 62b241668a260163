//! Records counted by the template of their message.

use std::collections::HashMap;

use super::template::template;
use crate::model::{LogGroup, LogRecord, Severity};

/// How many groups are kept; records that would begin another are counted apart.
const GROUPS_MAX: usize = 10_000;

/// Groups in the making; memory is bounded by 10,000 templates.
#[derive(Debug, Default)]
pub struct Groups {
    groups: HashMap<(Option<Severity>, Option<String>, String), LogGroup>,
    /// The records that are in no group, because there were too many.
    pub others: u64,
}

impl Groups {
    /// Counts one record: by its message, else by the first line of its exception.
    pub fn add(&mut self, record: &LogRecord) {
        let exception = || record.exception.as_deref().unwrap_or_default();
        let message = Some(record.message.as_str()).filter(|message| !message.is_empty());
        let template = template(message.unwrap_or_else(exception));
        let key = (record.level, record.service.clone(), template);
        if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&key) {
            self.others += 1;
            return;
        }
        let new = || LogGroup {
            count: 0,
            level: record.level,
            service: record.service.clone(),
            template: key.2.clone(),
            first: record.time,
            last: record.time,
            example_id: None,
        };
        let fresh = new();
        let group = self.groups.entry(key).or_insert(fresh);
        group.count += 1;
        group.first = [group.first, record.time].into_iter().flatten().min();
        group.last = [group.last, record.time].into_iter().flatten().max();
        if group.example_id.is_none() {
            group.example_id = record.request_id.clone().or_else(|| record.trace_id.clone());
        }
    }

    /// Returns the groups, the largest first, and of two alike the one that began earlier.
    pub fn sorted(self) -> Vec<LogGroup> {
        let mut groups: Vec<LogGroup> = self.groups.into_values().collect();
        groups.sort_by(|a, b| {
            let order = (b.count, a.first, &a.template).cmp(&(a.count, b.first, &b.template));
            order.then_with(|| (a.level, &a.service).cmp(&(b.level, &b.service)))
        });
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UnixNanos;

    fn record(time: i64, message: &str, id: Option<&str>) -> LogRecord {
        LogRecord {
            time: Some(UnixNanos(time)),
            message: message.to_owned(),
            request_id: id.map(ToOwned::to_owned),
            ..LogRecord::default()
        }
    }

    #[test]
    fn records_are_counted_by_template_with_their_first_and_last_time() {
        let mut groups = Groups::default();
        for (time, message, id) in
            [(5, "order 1 failed", None), (3, "order 2 failed", Some("r2")), (4, "other", None)]
        {
            groups.add(&record(time, message, id));
        }
        let groups = groups.sorted();
        let [largest, _] = groups.as_slice() else { panic!("{groups:?}") };
        assert_eq!((largest.count, &*largest.template), (2, "order <n> failed"));
        assert_eq!((largest.first, largest.last), (Some(UnixNanos(3)), Some(UnixNanos(5))));
        assert_eq!(largest.example_id.as_deref(), Some("r2"));
    }

    #[test]
    fn what_is_beyond_the_bound_is_counted_apart() {
        let mut groups = Groups::default();
        let word =
            |n: usize| format!("{n}").bytes().map(|b| char::from(b + 49)).collect::<String>();
        for n in 0..GROUPS_MAX + 5 {
            groups.add(&record(0, &word(n), None));
        }
        groups.add(&record(0, &word(0), None));
        assert_eq!((groups.others, groups.groups.len()), (5, GROUPS_MAX));
        assert_eq!(groups.sorted().first().map(|group| group.count), Some(2));
    }
}
