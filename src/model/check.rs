//! What a check found: its status, the reason from a closed list, what was measured, what to do.

use serde::{Serialize, Serializer};

/// How a check ended, from best to worst: of several the worst counts.
///
/// `Skipped` and `Unknown` are never taken for `Ok`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Not asked, because what it needs failed.
    Skipped,
    /// It works, and somebody should look.
    Warn,
    /// It could not be told.
    Unknown,
    /// It does not work.
    Fail,
}

impl Status {
    /// Returns the worst of several; of none, `Unknown`.
    pub fn worst(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().max().unwrap_or(Self::Unknown)
    }
}

/// Why a check did not end well: a closed list, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The name has no address.
    DnsNxdomain,
    /// No name server answered.
    DnsTimeout,
    /// Nothing listens there.
    Refused,
    /// There is no way to that address.
    Unreachable,
    /// No answer within the time it had.
    Timeout,
    /// The connection was closed before the answer.
    Reset,
    /// The certificate has expired, or will soon.
    TlsExpired,
    /// The certificate's issuer is not trusted.
    TlsUntrusted,
    /// The certificate is for another name.
    TlsName,
    /// Credentials are missing or wrong; a login page answered.
    AuthFailed,
    /// The credentials do not suffice.
    Forbidden,
    /// There is no such page.
    NotFound,
    /// The status says no: of the answer, of a component by the application's own word, or of too
    /// many requests.
    Status,
    /// The status says yes and the body no.
    BodyMismatch,
    /// It takes too long.
    Slow,
    /// Something that there is a limited number of has run out.
    Saturated,
    /// It is starting or stopping.
    Starting,
    /// It turns requests away: 429.
    Overloaded,
    /// The answer is larger than is read.
    TooLarge,
    /// The answer is not what it should be: no HTTP, no metrics, a redirect in a circle.
    Protocol,
    /// What it needs failed.
    Skipped,
    /// The check itself is set up wrongly.
    Config,
    /// A defect of `obs`.
    Internal,
}

/// What is asked, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A page, and the health payload in it.
    Http,
    /// A connection to every address.
    Tcp,
    /// A handshake and the certificate in it.
    Tls,
    /// Two scrapes of `/metrics`.
    Metrics,
    /// A backend that `obs` asks for logs, traces and errors.
    Backend,
    /// A part of an application, by the application's own word.
    Component,
    /// One address of several.
    Address,
}

/// One thing that was measured, and where it begins to be bad.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observation {
    /// `error_ratio`, `p95_ms`, `expires_days`.
    pub name: &'static str,
    /// The value; `null` when nothing could be measured.
    #[serde(serialize_with = "number")]
    pub value: Option<f64>,
    /// `1`, `ms`, `d`, `1/s`: as in the UCUM of the semantic conventions.
    pub unit: &'static str,
}

/// Writes what JSON has no number for as text, `"+Inf"`.
#[expect(clippy::ref_option, reason = "what serde calls")]
fn number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        None => serializer.serialize_none(),
        Some(value) if value.is_nan() => serializer.serialize_str("NaN"),
        Some(value) if value.is_infinite() => {
            serializer.serialize_str(if *value > 0.0 { "+Inf" } else { "-Inf" })
        }
        Some(value) => serializer.serialize_f64(*value),
    }
}

/// One step of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phase {
    /// `resolve`, `connect`, `tls`, `answer`, `body`.
    pub name: &'static str,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hint {
    /// The likely cause, in words.
    pub likely: String,
    /// A command to type.
    pub command: Option<String>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckResult {
    /// What to call it on the command line, `orders-api.readyz`; unique. A component's is
    /// `orders-api.readyz/database`.
    pub id: String,
    /// What it is called below its group.
    pub name: String,
    /// What it belongs to: an application, `observability`.
    pub group: String,
    /// What was asked.
    pub kind: CheckKind,
    /// Where, without secrets.
    pub target: String,
    /// How it ended.
    pub status: Status,
    /// Why not well; absent when it did.
    pub reason: Option<Reason>,
    /// What came back, in words.
    pub message: String,
    /// How long it took, in milliseconds; absent when it was not asked.
    pub duration_ms: Option<f64>,
    /// Its steps.
    pub phases: Vec<Phase>,
    /// What was measured.
    pub observed: Vec<Observation>,
    /// What to do about it.
    pub hint: Option<Hint>,
    /// The section of the runbook about it.
    pub runbook: Option<String>,
    /// The ids that it needs.
    pub needs: Vec<String>,
    /// What said that this is to be checked.
    pub origin: String,
    /// Its parts.
    pub children: Vec<Self>,
}

impl CheckResult {
    /// Returns the worst status of this and its parts.
    pub fn worst(&self) -> Status {
        self.children.iter().map(Self::worst).fold(self.status, Status::max)
    }

    /// Returns this and its parts, in the order they are shown.
    pub fn flat(&self) -> Vec<&Self> {
        std::iter::once(self).chain(self.children.iter().flat_map(Self::flat)).collect()
    }
}

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
    fn the_worst_counts_and_nothing_known_is_unknown() {
        let worst = |all: &[Status]| Status::worst(all.iter().copied());
        assert_eq!(worst(&[Status::Ok, Status::Warn, Status::Ok]), Status::Warn);
        assert_eq!(worst(&[Status::Fail, Status::Unknown]), Status::Fail);
        assert_eq!(worst(&[Status::Unknown, Status::Warn]), Status::Unknown);
        assert_eq!(worst(&[Status::Ok, Status::Skipped]), Status::Skipped);
        assert_eq!(worst(&[]), Status::Unknown);
    }

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

    #[test]
    fn what_json_has_no_number_for_is_text() {
        let json = |value| {
            serde_json::to_value(Observation { name: "p95_ms", value, unit: "ms" }).unwrap()["value"].clone()
        };
        assert_eq!(json(Some(f64::INFINITY)), "+Inf");
        assert_eq!(json(Some(f64::NAN)), "NaN");
        assert!(json(None).is_null());
    }
}
