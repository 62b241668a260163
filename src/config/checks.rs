//! The checks that a configuration file asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::options::{CheckOptions, Code, StatusOption, Texts};
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
    /// What only some kinds have.
    pub keys: KindKeys,
    /// Which file.
    pub origin: Origin,
}

/// The keys that only some kinds of check have, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindKeys {
    /// Good codes of a page: `200`, `200-299`, `2xx`.
    pub status: Vec<String>,
    /// Expressions that its headers match.
    pub header: BTreeMap<String, String>,
    /// An expression that its body matches.
    pub body: Option<String>,
    /// What must be in its document: `$.status == "ok"`.
    pub json: Vec<String>,
    /// How it is asked for.
    pub method: Option<String>,
    /// How many redirects are followed.
    pub redirects: Option<u8>,
    /// The name servers that are asked.
    pub servers: Vec<String>,
    /// A program and its arguments.
    pub command: Vec<String>,
    /// How the program says how it is.
    pub format: Option<String>,
}

impl KindKeys {
    /// Returns the names of those that are given.
    pub fn given(&self) -> impl Iterator<Item = &'static str> + use<> {
        let all = [
            ("status", !self.status.is_empty()),
            ("header", !self.header.is_empty()),
            ("body", self.body.is_some()),
            ("json", !self.json.is_empty()),
            ("method", self.method.is_some()),
            ("redirects", self.redirects.is_some()),
            ("servers", !self.servers.is_empty()),
            ("command", !self.command.is_empty()),
            ("format", self.format.is_some()),
        ];
        all.into_iter().filter_map(|(name, given)| given.then_some(name))
    }

    /// Takes them out of what a file says.
    fn of(options: &CheckOptions) -> Self {
        let code = |code: &Code| match code {
            Code::Number(number) => number.to_string(),
            Code::Text(text) => text.clone(),
        };
        let status = match &options.status {
            None => Vec::new(),
            Some(StatusOption::One(one)) => vec![code(one)],
            Some(StatusOption::Several(all)) => all.iter().map(code).collect(),
        };
        let json = match options.json.clone() {
            None => Vec::new(),
            Some(Texts::One(one)) => vec![one],
            Some(Texts::Several(all)) => all,
        };
        Self {
            status,
            header: options.header.clone(),
            body: options.body.clone(),
            json,
            method: options.method.clone(),
            redirects: options.redirects,
            servers: options.servers.clone(),
            command: options.command.clone(),
            format: options.format.clone(),
        }
    }
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
        check_command(options, origin)?;
        let keys = KindKeys::of(options);
        let options = options.clone();
        Ok(Self {
            timeout: duration("check.timeout", &options.timeout)?,
            window: duration("check.window", &options.window)?,
            origin: origin.clone(),
            id: options.id,
            kind: options.kind,
            target: options.target,
            group: options.group,
            needs: options.needs,
            warn: options.warn,
            fail: options.fail,
            hint: options.hint,
            runbook: options.runbook,
            keys,
        })
    }
}

/// Refuses a program that a repository wants to be run: whoever clones it has not read it.
fn check_command(options: &CheckOptions, origin: &Origin) -> Result<(), SettingsError> {
    if options.command.is_empty() || !matches!(origin, Origin::Repository(..)) {
        return Ok(());
    }
    Err(SettingsError::Value {
        name: "check.command",
        origin: origin.clone(),
        value: options.command.join(" "),
        expected: "for a repository's file to say: put it into your own config.toml",
    })
}
