//! Several sources in one order.

use crate::model::{LogRecord, UnixNanos};

/// Returns the records of all sources by time; at the same time, by source and then as given.
///
/// Each source is in the order of its lines. A record without a time has the time of the one before
/// it in its source and stays behind it; those before any time come first. O(n log n) in the records.
pub fn merge(sources: Vec<Vec<LogRecord>>) -> Vec<LogRecord> {
    let mut timed: Vec<(Option<UnixNanos>, LogRecord)> = Vec::new();
    for records in sources {
        let mut last = None;
        for record in records {
            last = record.time.or(last);
            timed.push((last, record));
        }
    }
    // Stable, and linear in the runs that sources already are: the merge is the sort.
    timed.sort_by_key(|(time, _)| *time);
    timed.into_iter().map(|(_, record)| record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, times: &[Option<i64>]) -> Vec<LogRecord> {
        let record = |(index, time): (usize, &Option<i64>)| LogRecord {
            time: time.map(UnixNanos),
            message: format!("{name}{index}"),
            ..LogRecord::default()
        };
        times.iter().enumerate().map(record).collect()
    }

    fn merged(sources: Vec<Vec<LogRecord>>) -> String {
        let messages: Vec<String> = merge(sources).into_iter().map(|r| r.message).collect();
        messages.join(" ")
    }

    #[test]
    fn records_come_by_time_and_then_by_source() {
        let a = source("a", &[Some(1), Some(3), Some(3)]);
        let b = source("b", &[Some(2), Some(3), Some(4)]);
        assert_eq!(merged(vec![a, b]), "a0 b0 a1 a2 b1 b2");
    }

    #[test]
    fn a_record_without_a_time_stays_behind_its_predecessor() {
        let a = source("a", &[None, Some(1), None, Some(5)]);
        let b = source("b", &[Some(2)]);
        assert_eq!(merged(vec![a, b]), "a0 a1 a2 b0 a3");
    }

    #[test]
    fn a_source_out_of_order_is_put_in_order() {
        assert_eq!(merged(vec![source("a", &[Some(2), Some(1), None])]), "a1 a2 a0");
    }
}
