//! The checks that a configuration file asks for.

use std::time::Duration;

use super::options::CheckOptions;
use super::{Origin, SettingsError};
use crate::model::parse_duration;

/// One check, as it was written; what it means is for `probes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSettings {
    /// What to call it.
    pub id: String,
    /// `http`, `tcp`, `tls`, `metrics`, or a row of `probes::kinds`.
    pub kind: String,
    /// A URL, or `host:port`.
    pub target: String,
    /// What it belongs to.
    pub group: Option<String>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// The time between two scrapes of metrics.
    pub window: Option<Duration>,
    /// The ids of the checks that must not fail before this is asked.
    pub needs: Vec<String>,
    /// Where it becomes a warning; `None` for the built-in limits.
    pub warn: Option<Vec<String>>,
    /// Where it becomes a failure; `None` for the built-in limits.
    pub fail: Option<Vec<String>>,
    /// The likely cause of a failure.
    pub hint: Option<String>,
    /// The section of the runbook.
    pub runbook: Option<String>,
    /// Which file.
    pub origin: Origin,
}

impl CheckSettings {
    /// Reads the durations.
    pub(super) fn read(options: &CheckOptions, origin: &Origin) -> Result<Self, SettingsError> {
        let duration = |name, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match parse_duration(text) {
                Ok(value) if !value.is_zero() => Ok(Some(value)),
                _ => Err(SettingsError::Value {
                    name,
                    origin: origin.clone(),
                    value: text.clone(),
                    expected: "a duration such as 500ms, 5s or 1m",
                }),
            },
        };
        let CheckOptions {
            id,
            kind,
            target,
            group,
            timeout,
            window,
            needs,
            warn,
            fail,
            hint,
            runbook,
        } = options.clone();
        Ok(Self {
            timeout: duration("check.timeout", &timeout)?,
            window: duration("check.window", &window)?,
            origin: origin.clone(),
            id,
            kind,
            target,
            group,
            needs,
            warn,
            fail,
            hint,
            runbook,
        })
    }
}
