//! The backends that a configuration file names, and what they are asked with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::secrets::Secret;
use super::{Environment, Origin, SettingsError};
use crate::model::parse_duration;

/// How far back is searched where nobody says since when.
const WINDOW_DEFAULT: Duration = Duration::from_hours(24);

/// One backend, as a file writes it: `[[source]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceOptions {
    /// What it is: for log lines `"loki"`, `"grafana"`, `"victorialogs"`, `"elasticsearch"`,
    /// `"opensearch"`, `"command"`; for traces `"jaeger"`, `"tempo"`, `"victoriatraces"`, `"zipkin"`, `"sentry"`;
    /// for metrics `"prometheus"`; for alerts `"alertmanager"`.
    pub kind: String,
    /// Where it answers; `"https://loki.example"`. A command has none.
    #[serde(default)]
    pub url: String,
    /// A program and its arguments, which prints log lines: `["kubectl", "logs", "-l", "app=api"]`.
    #[serde(default)]
    pub command: Vec<String>,
    /// What to call it; its kind unless given.
    pub name: Option<String>,
    /// What every question is confined to, in its own language.
    pub query: Option<String>,
    /// The indexes of Elasticsearch: `"logs-*"`.
    pub index: Option<String>,
    /// The uid of Grafana's data source.
    pub datasource: Option<String>,
    /// The slug of Sentry's organization.
    pub organization: Option<String>,
    /// How far back is searched without `--since`: `"24h"`.
    pub window: Option<String>,
    /// The label or field that has the level of every line.
    pub level_field: Option<String>,
    /// The label or field that has the service of every line.
    pub service_field: Option<String>,
    /// What goes into `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// The user of `Authorization: Basic`.
    pub username: Option<String>,
    /// The password of it.
    pub password: Option<Secret>,
    /// Further headers: `{ X-Scope-OrgID = "shop" }`.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
}

/// One backend that is asked; what its kind means is for `sources`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSettings {
    /// What to call it; no two are called alike.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Where it answers; empty for a command.
    pub url: String,
    /// A program and its arguments; empty for all that have an address.
    pub command: Vec<String>,
    /// What every question is confined to, in its own language.
    pub query: Option<String>,
    /// The indexes of Elasticsearch.
    pub index: Option<String>,
    /// The uid of Grafana's data source.
    pub datasource: Option<String>,
    /// The slug of Sentry's organization.
    pub organization: Option<String>,
    /// How far back is searched where nobody says since when.
    pub window: Duration,
    /// The label or field that has the level of every line.
    pub level_field: Option<String>,
    /// The label or field that has the service of every line.
    pub service_field: Option<String>,
    /// What goes into `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// The user of `Authorization: Basic`.
    pub username: Option<String>,
    /// The password of it.
    pub password: Option<Secret>,
    /// Further headers.
    pub headers: BTreeMap<String, Secret>,
    /// What named it.
    pub origin: Origin,
}

impl SourceSettings {
    /// Reads what a file says of one backend.
    pub(super) fn read(options: &SourceOptions, origin: &Origin) -> Result<Self, SettingsError> {
        let refused = |name, value: &str, expected| SettingsError::Value {
            name,
            origin: origin.clone(),
            value: value.to_owned(),
            expected,
        };
        check_place(options, origin)?;
        let window = match &options.window {
            None => WINDOW_DEFAULT,
            Some(text) => parse_duration(text)
                .ok()
                .filter(|window| !window.is_zero())
                .ok_or_else(|| refused("source.window", text, "a duration such as 6h or 7d"))?,
        };
        if options.token.is_some() && options.username.is_some() {
            let both = "needed with a token: there is one Authorization header";
            return Err(refused(
                "source.username",
                options.username.as_deref().unwrap_or(""),
                both,
            ));
        }
        let options = options.clone();
        Ok(Self {
            name: options.name.unwrap_or_else(|| options.kind.clone()),
            kind: options.kind,
            url: options.url,
            command: options.command,
            query: options.query,
            index: options.index,
            datasource: options.datasource,
            organization: options.organization,
            window,
            level_field: options.level_field,
            service_field: options.service_field,
            token: options.token,
            username: options.username,
            password: options.password,
            headers: options.headers,
            origin: origin.clone(),
        })
    }

    /// Returns the sources that variables name: the Loki of `logcli`'s own, the Sentry of
    /// `sentry-cli`'s, a Prometheus, an Alertmanager.
    ///
    /// Source: Grafana Loki, "`LogCLI`", environment variables.
    pub(super) fn of_variables(environment: &Environment) -> Vec<Self> {
        let metrics = [("prometheus", "PROMETHEUS_URL"), ("alertmanager", "ALERTMANAGER_URL")];
        let metrics = metrics.into_iter().filter_map(|(kind, variable)| {
            let url = environment.get_nonempty(variable)?;
            Some(Self::at(kind, url, variable))
        });
        let traces = Self::sentry_of_variables(environment);
        Self::loki_of_variables(environment).into_iter().chain(traces).chain(metrics).collect()
    }

    /// Returns the Sentry that its own command line asks; a token without an organization is for
    /// uploads.
    ///
    /// Source: docs.sentry.io, "Sentry CLI: Configuration and Authentication".
    fn sentry_of_variables(environment: &Environment) -> Option<Self> {
        let given = |name| environment.get_nonempty(name).map(str::to_owned);
        given("SENTRY_AUTH_TOKEN")?;
        let url = given("SENTRY_URL").unwrap_or_else(|| "https://sentry.io".to_owned());
        Some(Self {
            organization: Some(given("SENTRY_ORG")?),
            token: Some(Secret::Variable("SENTRY_AUTH_TOKEN".to_owned())),
            ..Self::at("sentry", &url, "SENTRY_ORG")
        })
    }

    fn loki_of_variables(environment: &Environment) -> Option<Self> {
        let given = |name| environment.get_nonempty(name).map(str::to_owned);
        let secret = |name: &'static str| given(name).map(|_| Secret::Variable(name.to_owned()));
        let token = secret("LOKI_BEARER_TOKEN");
        let tenant = secret("LOKI_ORG_ID").map(|tenant| ("X-Scope-OrgID".to_owned(), tenant));
        Some(Self {
            // A header has room for one of the two.
            username: given("LOKI_USERNAME").filter(|_| token.is_none()),
            token,
            password: secret("LOKI_PASSWORD"),
            headers: tenant.into_iter().collect(),
            ..Self::at("loki", &given("LOKI_ADDR")?, "LOKI_ADDR")
        })
    }

    /// Returns a source that a variable names by its address alone.
    fn at(kind: &str, url: &str, variable: &'static str) -> Self {
        Self::plain(kind, url, Origin::Variable(variable))
    }

    /// Returns a source that somebody named by its address alone.
    pub fn plain(kind: &str, url: &str, origin: Origin) -> Self {
        Self {
            name: kind.to_owned(),
            kind: kind.to_owned(),
            url: url.to_owned(),
            command: Vec::new(),
            query: None,
            index: None,
            datasource: None,
            organization: None,
            window: WINDOW_DEFAULT,
            level_field: None,
            service_field: None,
            token: None,
            username: None,
            password: None,
            headers: BTreeMap::new(),
            origin,
        }
    }

    /// Returns every secret of it, each with the key under which it stands.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let token = self.token.iter().map(|secret| ("token", secret));
        let password = self.password.iter().map(|secret| ("password", secret));
        let headers = self.headers.iter().map(|(name, secret)| (name.as_str(), secret));
        token.chain(password).chain(headers)
    }
}

/// Refuses a source without a place, or with two.
fn check_place(options: &SourceOptions, origin: &Origin) -> Result<(), SettingsError> {
    let refused = |name, value: &str, expected| {
        let (origin, value) = (origin.clone(), value.to_owned());
        Err(SettingsError::Value { name, origin, value, expected })
    };
    let (is_command, written) = (options.kind == "command", options.command.join(" "));
    if is_command && options.command.first().is_none_or(String::is_empty) {
        return refused(
            "source.command",
            &written,
            "a program: [\"kubectl\", \"logs\", \"-l\", \"app=api\"]",
        );
    }
    if is_command && !options.url.is_empty() {
        return refused("source.url", &options.url, "needed: a command has no address");
    }
    if let Some(key) = needless(options).filter(|_| is_command) {
        return refused("source", key, "a key of a command: it has its name and its arguments");
    }
    if !is_command && !options.command.is_empty() {
        return refused("source.command", &written, "needed: kind is not \"command\"");
    }
    if !is_command && options.url.is_empty() {
        return refused("source.url", "", "an address such as https://HOST:PORT");
    }
    Ok(())
}

/// Returns the first key that is of no use to a program.
fn needless(options: &SourceOptions) -> Option<&'static str> {
    let given = [
        ("query", options.query.is_some()),
        ("index", options.index.is_some()),
        ("datasource", options.datasource.is_some()),
        ("organization", options.organization.is_some()),
        ("window", options.window.is_some()),
        ("level_field", options.level_field.is_some()),
        ("service_field", options.service_field.is_some()),
        ("token", options.token.is_some()),
        ("username", options.username.is_some()),
        ("password", options.password.is_some()),
        ("headers", !options.headers.is_empty()),
    ];
    given.into_iter().find_map(|(key, given)| given.then_some(key))
}
