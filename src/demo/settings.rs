//! What an application is told, all of it by its environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use tracing_subscriber::filter::LevelFilter;

use crate::demo::Service;

/// The settings of one application.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) service: Service,
    /// `LISTEN`; port 0 lets the system choose, and the "listening" log line tells which.
    pub(super) listen: SocketAddr,
    /// `DATABASE_PATH`.
    pub(super) database_path: PathBuf,
    /// `INVENTORY_URL`, without a slash at its end.
    pub(super) inventory_url: String,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`; without it spans get ids and are not exported.
    pub(super) otlp_endpoint: Option<String>,
    /// `OTEL_SERVICE_NAME` is set: the SDK names the spans' service after it.
    pub(super) service_name_given: bool,
    /// `SENTRY_DSN`; without it errors are only logged.
    pub(super) sentry_dsn: Option<sentry::types::Dsn>,
    /// `SENTRY_ENVIRONMENT`.
    pub(super) environment: String,
    /// `SENTRY_RELEASE`, `name@version`.
    pub(super) release: String,
    /// `LOG_LEVEL`.
    pub(super) log_level: LevelFilter,
}

/// A variable whose value cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{variable}={value} is not {expected}")]
pub struct InvalidSetting {
    variable: &'static str,
    value: String,
    expected: &'static str,
}

impl Settings {
    /// Reads the settings from the environment of the process.
    #[expect(
        clippy::disallowed_methods,
        reason = "the reference service is an application of its own: its settings are not obs's"
    )]
    pub(super) fn from_environment(service: Service) -> Result<Self, InvalidSetting> {
        Self::read(service, |variable| std::env::var(variable).ok())
    }

    /// Reads the settings through `variable`; a value that is empty counts as not set.
    fn read(
        service: Service,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, InvalidSetting> {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        let name = service.name();
        let database_path = text("DATABASE_PATH").unwrap_or_else(|| format!("{name}.sqlite"));
        let inventory_url =
            text("INVENTORY_URL").unwrap_or_else(|| String::from("http://127.0.0.1:8081"));
        Ok(Self {
            service,
            listen: parsed("LISTEN", text("LISTEN"), "an address with a port")?
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
            database_path: PathBuf::from(database_path),
            inventory_url: inventory_url.trim_end_matches('/').to_owned(),
            otlp_endpoint: text("OTEL_EXPORTER_OTLP_ENDPOINT"),
            service_name_given: text("OTEL_SERVICE_NAME").is_some(),
            sentry_dsn: parsed("SENTRY_DSN", text("SENTRY_DSN"), "a Sentry DSN")?,
            environment: text("SENTRY_ENVIRONMENT").unwrap_or_else(|| String::from("development")),
            release: text("SENTRY_RELEASE")
                .unwrap_or_else(|| format!("{name}@{}", env!("CARGO_PKG_VERSION"))),
            log_level: parsed("LOG_LEVEL", text("LOG_LEVEL"), "a log level")?
                .unwrap_or(LevelFilter::INFO),
        })
    }

    /// Returns the version in the release: what follows its `@`.
    pub(super) fn version(&self) -> &str {
        self.release.rsplit_once('@').map_or(self.release.as_str(), |(_, version)| version)
    }

    /// Tells whether any peer is reached over TLS, which needs the certificates of the system.
    pub(super) fn uses_tls(&self) -> bool {
        let urls = [Some(self.inventory_url.as_str()), self.otlp_endpoint.as_deref()];
        urls.into_iter().flatten().any(|url| url.starts_with("https:"))
            || self
                .sentry_dsn
                .as_ref()
                .is_some_and(|dsn| dsn.scheme() == sentry::types::Scheme::Https)
    }
}

fn parsed<T: std::str::FromStr>(
    variable: &'static str,
    value: Option<String>,
    expected: &'static str,
) -> Result<Option<T>, InvalidSetting> {
    let Some(value) = value else { return Ok(None) };
    match value.parse() {
        Ok(parsed) => Ok(Some(parsed)),
        // A DSN holds a credential; the name of the variable is enough to find it.
        Err(_) if variable == "SENTRY_DSN" => {
            Err(InvalidSetting { variable, value: String::from("[scrubbed]"), expected })
        }
        Err(_) => Err(InvalidSetting { variable, value, expected }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, InvalidSetting> {
        Settings::read(Service::OrdersApi, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_any_variable_it_listens_on_a_free_loopback_port() {
        assert_eq!(settings(&[]).unwrap().listen.to_string(), "127.0.0.1:0");
    }

    #[test]
    fn the_version_is_what_follows_the_at_sign_of_the_release() {
        let settings = settings(&[("SENTRY_RELEASE", "orders-api@1.4.2")]).unwrap();
        assert_eq!(settings.version(), "1.4.2");
    }

    #[test]
    fn a_value_that_cannot_be_read_is_named_with_its_variable() {
        let error = settings(&[("LISTEN", "everywhere")]).unwrap_err();
        assert_eq!(error.to_string(), "LISTEN=everywhere is not an address with a port");
    }

    #[test]
    fn an_unreadable_dsn_is_not_repeated() {
        let error = settings(&[("SENTRY_DSN", "hunter2")]).unwrap_err();
        assert_eq!(error.to_string(), "SENTRY_DSN=[scrubbed] is not a Sentry DSN");
    }

    #[test]
    fn the_certificates_of_the_system_are_needed_only_for_https() {
        assert!(!settings(&[("SENTRY_DSN", "http://key@127.0.0.1:9/1")]).unwrap().uses_tls());
        assert!(settings(&[("SENTRY_DSN", "https://key@sentry.io/1")]).unwrap().uses_tls());
    }
}
