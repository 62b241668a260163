//! Limits that people set for what a check measures.

use super::CheckKind;

/// Something measured that a limit can be set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// `error_ratio`: server errors of all requests, 0 to 1.
    ErrorRatio,
    /// `p95`: the duration that 95 of 100 requests stay below, in milliseconds.
    P95,
    /// `time`: how long the check itself took, in milliseconds.
    Time,
    /// `expires`: how long the certificate is still valid, in days.
    Expires,
}

impl Measure {
    /// Every measure by its name.
    pub const ALL: [(&'static str, Self); 4] = [
        ("error_ratio", Self::ErrorRatio),
        ("p95", Self::P95),
        ("time", Self::Time),
        ("expires", Self::Expires),
    ];

    /// Says whether checks of this kind measure it.
    pub fn is_of(self, kind: CheckKind) -> bool {
        match self {
            Self::ErrorRatio | Self::P95 => kind == CheckKind::Metrics,
            Self::Expires => kind == CheckKind::Tls,
            Self::Time => matches!(kind, CheckKind::Http | CheckKind::Tcp | CheckKind::Tls),
        }
    }
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
        let (_, measure) = Measure::ALL.into_iter().find(|(known, _)| *known == name.trim())?;
        let limit = limit.trim();
        let unit_at =
            limit.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(limit.len());
        let (number, unit) = limit.split_at_checked(unit_at)?;
        let factor = match (measure, unit.trim()) {
            (Measure::ErrorRatio, "") => 1.0,
            (Measure::ErrorRatio, "%") => 0.01,
            (Measure::P95 | Measure::Time, "ms") => 1.0,
            (Measure::P95 | Measure::Time, "s") => 1_000.0,
            (Measure::Expires, "d") => 1.0,
            (Measure::Expires, "h") => 1.0 / 24.0,
            _ => return None,
        };
        let limit = number.parse::<f64>().ok()? * factor;
        Some(Self { measure, above, limit, text: text.trim().to_owned() })
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
        ] {
            assert_eq!(Threshold::parse(text).unwrap().is_crossed_by(value), crossed, "{text}");
        }
    }

    #[test]
    fn a_threshold_that_cannot_be_meant_is_refused() {
        for text in ["", "p95", "p95 > fast", "p95 > 3", "p95 > 3d", "p90 > 3ms", "expires < 3%"] {
            assert_eq!(Threshold::parse(text), None, "{text}");
        }
    }
}
