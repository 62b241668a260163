//! Limits that people set for what a check measures.

use super::CheckKind;

/// Something measured that a limit can be set for; [`MEASURES`] says of which kinds, in which unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Server errors of all requests.
    ErrorRatio,
    /// The duration that 95 of 100 requests stay below.
    P95,
    /// The duration that 99 of 100 requests stay below.
    P99,
    /// Requests a second.
    Rate,
    /// The fullest of what there is a limited number of, by the application's own metrics.
    Saturation,
    /// How long the check itself took.
    Time,
    /// How long the certificate is still valid.
    Expires,
    /// Connections used, of those that there may be.
    Connections,
    /// How far a copy is behind what it copies.
    Lag,
    /// How long the longest transaction has been open.
    Transaction,
    /// How many sessions wait for a lock.
    Locks,
    /// Memory used, of what may be used.
    Memory,
    /// Room used of a file system.
    Disk,
    /// Files that a file system has, of those that it can have.
    Inodes,
    /// The load of the last minute, for each processor.
    Load,
    /// Files open, of those that may be.
    Files,
    /// Messages that wait in a queue.
    Queue,
    /// How often a unit was started again by itself.
    Restarts,
}

/// The unit of a measure, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureUnit {
    /// 0 to 1; written as a number or in `%`.
    Ratio,
    /// Milliseconds; written in `ms`, `s`, `m` or `h`.
    Milliseconds,
    /// Days; written in `d` or `h`.
    Days,
    /// How many; written as a number.
    Count,
}

/// What is measured, in which unit, and which kinds of check measure it.
#[derive(Debug, Clone, Copy)]
pub struct MeasureRow {
    /// Which.
    pub measure: Measure,
    /// What it is called in a limit.
    pub name: &'static str,
    /// The unit of its values and limits.
    pub unit: MeasureUnit,
    /// The kinds that measure it; none for `time`, which is known of all.
    pub kinds: &'static [CheckKind],
}

const fn row(
    measure: Measure,
    name: &'static str,
    unit: MeasureUnit,
    kinds: &'static [CheckKind],
) -> MeasureRow {
    MeasureRow { measure, name, unit, kinds }
}

/// Every measure.
pub const MEASURES: &[MeasureRow] = {
    use CheckKind as Of;
    use MeasureUnit::{Count, Days, Milliseconds, Ratio};
    &[
        row(Measure::ErrorRatio, "error_ratio", Ratio, &[Of::Metrics]),
        row(Measure::P95, "p95", Milliseconds, &[Of::Metrics]),
        row(Measure::P99, "p99", Milliseconds, &[Of::Metrics]),
        row(Measure::Rate, "rate", Count, &[Of::Metrics]),
        row(Measure::Saturation, "saturation", Ratio, &[Of::Metrics]),
        row(Measure::Time, "time", Milliseconds, &[]),
        row(Measure::Expires, "expires", Days, &[Of::Tls]),
        row(
            Measure::Connections,
            "connections",
            Ratio,
            &[Of::Postgres, Of::Mysql, Of::Redis, Of::Memcached],
        ),
        row(Measure::Lag, "lag", Milliseconds, &[Of::Postgres, Of::Mysql, Of::Redis]),
        row(Measure::Transaction, "transaction", Milliseconds, &[Of::Postgres, Of::Mysql]),
        row(Measure::Locks, "locks", Count, &[Of::Postgres, Of::Mysql]),
        row(Measure::Memory, "memory", Ratio, &[Of::Redis, Of::Rabbitmq, Of::Memory]),
        row(Measure::Disk, "disk", Ratio, &[Of::Disk, Of::Elasticsearch]),
        row(Measure::Inodes, "inodes", Ratio, &[Of::Disk]),
        row(Measure::Load, "load", Count, &[Of::Load]),
        row(Measure::Files, "files", Ratio, &[Of::Rabbitmq, Of::Files]),
        row(Measure::Restarts, "restarts", Count, &[Of::Systemd]),
        row(Measure::Queue, "queue", Count, &[Of::Rabbitmq]),
    ]
};

impl MeasureRow {
    /// Says whether checks of this kind measure it.
    ///
    /// How long the scrapes of `/metrics` take is not judged: their window is set.
    pub fn is_of(&self, kind: CheckKind) -> bool {
        if self.measure == Measure::Time {
            return kind != CheckKind::Metrics;
        }
        self.kinds.contains(&kind)
    }
}

impl MeasureUnit {
    /// Returns what a number in a written unit is multiplied with; `None` for a unit of others.
    fn factor(self, unit: &str) -> Option<f64> {
        Some(match (self, unit) {
            (Self::Ratio | Self::Count, "") => 1.0,
            (Self::Ratio, "%") => 0.01,
            (Self::Milliseconds, "ms") => 1.0,
            (Self::Milliseconds, "s") => 1_000.0,
            (Self::Milliseconds, "m") => 60_000.0,
            (Self::Milliseconds, "h") => 3_600_000.0,
            (Self::Days, "d") => 1.0,
            (Self::Days, "h") => 1.0 / 24.0,
            _ => return None,
        })
    }
}

/// Returns a limit of each measure of a kind, as people write it.
pub fn example_limits(kind: CheckKind) -> Vec<String> {
    let rows = MEASURES.iter().filter(|row| row.is_of(kind));
    let example = |row: &MeasureRow| match row.unit {
        MeasureUnit::Ratio => format!("{} > 80%", row.name),
        MeasureUnit::Milliseconds => format!("{} > 500ms", row.name),
        MeasureUnit::Days => format!("{} < 21d", row.name),
        MeasureUnit::Count => format!("{} > 5", row.name),
    };
    rows.map(example).collect()
}

/// Where a measure begins to be bad: `p95 > 300ms`, `error_ratio > 2%`, `expires < 14d`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// What is measured.
    pub measure: Measure,
    /// Whether it is bad above the limit, and not below it.
    pub above: bool,
    /// In the measure's own unit.
    pub limit: f64,
    /// As it was written.
    pub text: String,
}

impl Threshold {
    /// Reads a threshold; `None` for an unknown measure, a unit that is not its own, or no number.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, above) = if text.contains('>') { ('>', true) } else { ('<', false) };
        let (name, limit) = text.split_once(sign)?;
        let row = MEASURES.iter().find(|row| row.name == name.trim())?;
        let limit = limit.trim();
        let unit_at =
            limit.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(limit.len());
        let (number, unit) = limit.split_at_checked(unit_at)?;
        let limit = number.parse::<f64>().ok()? * row.unit.factor(unit.trim())?;
        Some(Self { measure: row.measure, above, limit, text: text.trim().to_owned() })
    }

    /// Says whether checks of this kind measure it.
    pub fn is_of(&self, kind: CheckKind) -> bool {
        MEASURES.iter().any(|row| row.measure == self.measure && row.is_of(kind))
    }

    /// Says whether a value is on the bad side.
    pub fn is_crossed_by(&self, value: f64) -> bool {
        if self.above { value > self.limit } else { value < self.limit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_read_in_the_units_of_its_measure() {
        for (text, value, crossed) in [
            ("p95 > 300ms", 301.0, true),
            ("p95 > 1.5s", 1_500.0, false),
            ("error_ratio > 2%", 0.021, true),
            ("error_ratio>0.02", 0.02, false),
            ("expires < 14d", 13.9, true),
            ("expires < 48h", 2.0, false),
            ("transaction > 5m", 300_001.0, true),
            ("locks > 3", 3.0, false),
        ] {
            assert_eq!(Threshold::parse(text).unwrap().is_crossed_by(value), crossed, "{text}");
        }
    }

    #[test]
    fn every_limit_that_is_offered_can_be_set() {
        for kind in MEASURES.iter().flat_map(|row| row.kinds) {
            for text in example_limits(*kind) {
                assert!(Threshold::parse(&text).is_some_and(|limit| limit.is_of(*kind)), "{text}");
            }
        }
    }

    #[test]
    fn a_threshold_that_cannot_be_meant_is_refused() {
        for text in ["", "p95", "p95 > fast", "p95 > 3", "p95 > 3d", "p90 > 3ms", "expires < 3%"] {
            assert_eq!(Threshold::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_limit_is_for_the_kinds_that_measure_it() {
        let of = |text: &str, kind| Threshold::parse(text).unwrap().is_of(kind);
        assert!(of("time > 1s", CheckKind::Postgres));
        assert!(!of("time > 1s", CheckKind::Metrics));
        assert!(of("connections > 80%", CheckKind::Mysql));
        assert!(!of("connections > 80%", CheckKind::Http));
    }

    #[test]
    fn a_measure_has_one_row() {
        for row in MEASURES {
            assert_eq!(MEASURES.iter().filter(|other| other.name == row.name).count(), 1);
        }
    }
}
