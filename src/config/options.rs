//! What a configuration file may say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::{DeTable, Deserializer, ValueDeserializer};

use super::entries::{Entry, line_at};
use super::objectives::SloOptions;
use super::secrets::Secret;
use super::sources::SourceOptions;
use crate::model::{LogDialect, nearest};

/// The whole of `obs.toml`; every value is optional.
#[derive(Debug, Clone, Default)]
pub struct FileOptions {
    /// What holds in every environment.
    pub base: Options,
    /// `[env.prod]` and its like: the same values for one environment.
    pub env: BTreeMap<String, Options>,
}

/// The values that hold in one environment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// How long one request to a backend may take: `"5s"`.
    pub timeout: Option<String>,
    /// When the last deployment was, or where that is written: `"2026-11-22T06:00:00Z"`,
    /// `{ file = "DEPLOYED" }`; what `--since "last deploy"` means.
    pub last_deploy: Option<Secret>,
    /// `[backend]`.
    #[serde(default)]
    pub backend: BackendOptions,
    /// `[logs]`.
    #[serde(default)]
    pub logs: LogOptions,
    /// `[output]`.
    #[serde(default)]
    pub output: OutputOptions,
    /// `[[check]]`.
    pub check: Option<Vec<Entry<CheckOptions>>>,
    /// `[[slo]]`.
    pub slo: Option<Vec<Entry<SloOptions>>>,
    /// `[[source]]`.
    pub source: Option<Vec<SourceOptions>>,
    /// `[links]`: pages about a trace, by what to call them:
    /// `honeycomb = "https://ui.honeycomb.io/shop/environments/prod/trace?trace_id={trace_id}"`.
    pub links: Option<BTreeMap<String, String>>,
    /// The hosts to which a repository's file may send your secrets; in your own file only.
    pub trust: Option<Vec<String>>,
}

/// One check of `obs check`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckOptions {
    /// What to call it.
    pub id: String,
    /// `"http"`, `"tcp"`, `"tls"`, `"metrics"`, `"redis"` and the other protocols.
    pub kind: String,
    /// A URL, or `host:port`; what is on this machine may have none.
    #[serde(default)]
    pub target: String,
    /// What it belongs to.
    pub group: Option<String>,
    /// How long it may take: `"3s"`.
    pub timeout: Option<String>,
    /// The time between two scrapes of metrics: `"5s"`.
    pub window: Option<String>,
    /// The ids of the checks that must not fail before this is asked.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Where it becomes a warning: `["p95 > 300ms"]`.
    pub warn: Option<Vec<String>>,
    /// Where it becomes a failure.
    pub fail: Option<Vec<String>>,
    /// The likely cause of a failure.
    pub hint: Option<String>,
    /// The section of the runbook.
    pub runbook: Option<String>,
    /// Of a page, the good codes: `200`, `"2xx"`, `[200, "301-303"]`.
    pub status: Option<StatusOption>,
    /// Of a page, expressions that its headers match: `{ content-type = "json" }`.
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// Of a page, an expression that its body matches.
    pub body: Option<String>,
    /// Of a page, what must be in its document: `'$.status == "ok"'`, or several.
    pub json: Option<Texts>,
    /// Of a page, how it is asked for: `"GET"` or `"HEAD"`.
    pub method: Option<String>,
    /// Of a page, how many redirects are followed.
    pub redirects: Option<u8>,
    /// Of a name, the servers that are asked: `["10.0.0.2"]`.
    #[serde(default)]
    pub servers: Vec<String>,
    /// A program and its arguments: `["/usr/lib/nagios/plugins/check_disk", "-w", "10%"]`.
    #[serde(default)]
    pub command: Vec<String>,
    /// How the program says how it is: `"nagios"`, `"json"`, `"exit"`.
    pub format: Option<String>,
}

/// One text, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a text, or a list of texts")]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// One code or range, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "200, \"200-299\", \"2xx\", or a list of them")]
pub enum StatusOption {
    /// A number or a text.
    One(Code),
    /// Several.
    Several(Vec<Code>),
}

/// A code, or a range of codes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "200, \"200-299\" or \"2xx\"")]
pub enum Code {
    /// `200`.
    Number(u16),
    /// `"200-299"`, `"2xx"`.
    Text(String),
}

/// The embedded backend of another process.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackendOptions {
    /// Its address: `"http://127.0.0.1:4318"`.
    pub url: Option<String>,
}

/// Where log lines are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogOptions {
    /// Files that `obs logs` reads when none is given; relative ones count from the file's folder.
    pub files: Option<Vec<PathBuf>>,
    /// `[[logs.dialect]]`: loggers that name things in their own way.
    pub dialect: Option<Vec<LogDialect>>,
}

/// How answers look.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputOptions {
    /// `"auto"`, `"always"`, `"never"`.
    pub color: Option<String>,
    /// Only ASCII symbols.
    pub ascii: Option<bool>,
    /// Times in UTC and not in the local zone.
    pub utc: Option<bool>,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML, or says something that is not known.
    #[error("{place}: {message}")]
    Parse {
        /// The file, and the line where one is known.
        place: String,
        /// The place and the reason, possibly of several lines.
        message: String,
        /// The known key that the unknown one resembles.
        did_you_mean: Option<String>,
    },
}

impl FileOptions {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, OptionsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| OptionsError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a file; `path` is only for messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self, OptionsError> {
        let refused = |error: &toml::de::Error| {
            let line = error.span().map(|span| format!(":{}", line_at(text, span.start)));
            OptionsError::Parse {
                place: format!("{}{}", path.display(), line.unwrap_or_default()),
                did_you_mean: did_you_mean(error.message()),
                message: error.message().to_owned(),
            }
        };
        // serde's `flatten` would pass over unknown keys, so the environments are taken out by hand.
        let mut table = DeTable::parse(text).map_err(|error| refused(&error))?;
        let environments = table.get_mut().remove("env");
        let base = Options::deserialize(Deserializer::from(table));
        let mut base = base.map_err(|error| refused(&error))?;
        let mut env = match environments {
            None => BTreeMap::new(),
            Some(all) => BTreeMap::<String, Options>::deserialize(ValueDeserializer::from(all))
                .map_err(|error| refused(&error))?,
        };
        for options in std::iter::once(&mut base).chain(env.values_mut()) {
            options.find_lines(text);
        }
        Ok(Self { base, env })
    }
}

impl Options {
    /// Tells each entry of a list the line on which it stands.
    fn find_lines(&mut self, text: &str) {
        for entry in self.check.iter_mut().flatten() {
            entry.line = line_at(text, entry.at);
        }
        for entry in self.slo.iter_mut().flatten() {
            entry.line = line_at(text, entry.at);
        }
    }
}

/// Finds the expected key that resembles the unknown one in serde's message.
pub(super) fn did_you_mean(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().filter(|_| message.contains("unknown field"))?;
    nearest(unknown, quoted).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FileOptions, String> {
        FileOptions::parse(text, Path::new("obs.toml")).map_err(|error| match error {
            OptionsError::Parse { message, did_you_mean, .. } => {
                format!("{} => {did_you_mean:?}", message.lines().last().unwrap_or(""))
            }
            OptionsError::Read { .. } => unreachable!(),
        })
    }

    #[test]
    fn environments_hold_the_same_values() {
        let options = parse("timeout='5s'\n[env.prod.backend]\nurl='http://p:1'").unwrap();
        assert_eq!(options.base.timeout.as_deref(), Some("5s"));
        assert_eq!(options.env["prod"].backend.url.as_deref(), Some("http://p:1"));
    }

    #[test]
    fn a_misspelt_key_is_an_error_that_says_what_was_meant() {
        let message = parse("[logs]\nfile = ['a']").unwrap_err();
        assert!(message.ends_with("=> Some(\"files\")"), "{message}");
        let message = parse("[env.prod]\ntimeuot = '5s'").unwrap_err();
        assert!(message.ends_with("=> Some(\"timeout\")"), "{message}");
    }
}
