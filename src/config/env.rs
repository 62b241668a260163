//! Every environment variable that `obs` reads, and the one place that reads them.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A variable and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it sets, in one line.
    pub meaning: &'static str,
}

const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning }
}

/// All variables that are read, for `obs config show` and the documentation.
pub const VARIABLES: &[Variable] = &[
    variable("OBS_CONFIG", "a configuration file to read instead of looking for obs.toml"),
    variable("OBS_ENV", "the environment to use, as -e"),
    variable("OBS_URL", "the embedded backend to ask, as --url"),
    variable("OBS_TOKEN", "the token of the embedded backend that is asked"),
    variable("OBS_SERVE_TOKEN", "the token that `obs serve` asks of everybody"),
    variable("OBS_TIMEOUT", "how long one request to a backend may take, as --timeout"),
    variable("LOKI_ADDR", "a Loki to ask for log lines, in the place of those of the files"),
    variable("LOKI_BEARER_TOKEN", "the token for it"),
    variable("LOKI_USERNAME", "the user for it, where there is no token"),
    variable("LOKI_PASSWORD", "the password of that user"),
    variable("LOKI_ORG_ID", "the tenant to ask there, as X-Scope-OrgID"),
    variable("PROMETHEUS_URL", "a Prometheus to ask, in the place of those of the files"),
    variable("ALERTMANAGER_URL", "an Alertmanager to check, in the place of those of the files"),
    variable("DATABASE_URL", "a database that `obs check` asks where no file lists checks"),
    variable("POSTGRES_URL", "the same"),
    variable("PGHOST", "a PostgreSQL that it asks where neither is set; a folder is its socket's"),
    variable("PGPORT", "its port"),
    variable("PGUSER", "the user for it"),
    variable("PGPASSWORD", "the password of that user"),
    variable("PGDATABASE", "its database; enough without PGHOST, for localhost"),
    variable("PGSSLMODE", "how much of TLS is wanted there; prefer where it is not set"),
    variable("PGSSLROOTCERT", "the file of the authorities to trust there"),
    variable("MYSQL_URL", "a database that it asks"),
    variable("MONGODB_URL", "the same"),
    variable("MONGODB_URI", "the same"),
    variable("REDIS_URL", "a Redis that it asks"),
    variable("CACHE_URL", "a cache that it asks"),
    variable("MEMCACHED_SERVERS", "a memcached that it asks, as HOST:PORT"),
    variable("MEMCACHED_URL", "the same"),
    variable("AMQP_URL", "a broker that it asks"),
    variable("RABBITMQ_URL", "the same"),
    variable("CLOUDAMQP_URL", "the same"),
    variable("CELERY_BROKER_URL", "the same"),
    variable("CELERY_RESULT_BACKEND", "where Celery keeps results, which it asks"),
    variable("NATS_URL", "a NATS server that it asks"),
    variable("MQTT_URL", "an MQTT broker that it asks"),
    variable("KAFKA_BOOTSTRAP_SERVERS", "a Kafka that it asks, as HOST:PORT,…"),
    variable("KAFKA_BROKERS", "the same"),
    variable("ELASTICSEARCH_URL", "an Elasticsearch that it asks"),
    variable("OPENSEARCH_URL", "an OpenSearch that it asks"),
    variable("SMTP_URL", "a mail server that it asks"),
    variable("EMAIL_URL", "the same"),
    variable("OBS_REQUEST_ID", "this run's own request id, sent with every request that obs makes"),
    variable("TRACEPARENT", "the span that this run belongs to (W3C Trace Context)"),
    variable("TRACESTATE", "passed on with TRACEPARENT"),
    variable("OBS_NOW", "the time that counts as now, for reading old logs with relative times"),
    variable("OBS_PAGER", "the pager for long answers on a terminal; empty for none"),
    variable("PAGER", "the pager, where OBS_PAGER is not set"),
    variable("NO_COLOR", "no colour when not empty (no-color.org)"),
    variable("CLICOLOR_FORCE", "colour in a pipe too when not 0"),
    variable("TERM", "`dumb` means no colour and no links"),
    variable("COLUMNS", "the width, where standard output is no terminal"),
    variable("LC_ALL", "a locale that is not UTF-8 means ASCII symbols"),
    variable("LC_CTYPE", "the same, where LC_ALL is not set"),
    variable("LANG", "the same, where neither is set"),
    variable("HOME", "where the XDG folders are by default"),
    variable("XDG_CACHE_HOME", "holds obs/logs/, the indexes of large log files"),
    variable("XDG_CONFIG_HOME", "holds obs/config.toml"),
    variable("XDG_DATA_HOME", "holds obs/store.sqlite"),
    variable("XDG_STATE_HOME", "holds obs/running/, by which a running backend is found"),
    variable("TZ", "the local time zone"),
    variable("TMPDIR", "where the demo has its folder"),
    variable("HTTP_PROXY", "the proxy for http, never for loopback"),
    variable("HTTPS_PROXY", "the proxy for https"),
    variable("ALL_PROXY", "the proxy where neither is set"),
    variable("NO_PROXY", "hosts that are asked without a proxy"),
    variable("SSL_CERT_FILE", "certificate authorities in the place of the system's"),
    variable("SSL_CERT_DIR", "the same, as a folder"),
    variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "where spans of obs itself are sent; none are without it. `obs check` tries its port",
    ),
    variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "the same, as the whole URL"),
    variable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf; with another no spans are sent"),
    variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "the same, for spans"),
    variable("OTEL_EXPORTER_OTLP_HEADERS", "headers for the collector, as NAME=VALUE,…"),
    variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "the same, for spans"),
    variable("OTEL_EXPORTER_OTLP_TIMEOUT", "how long one export may take, in ms; at the end 500"),
    variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "the same, for spans"),
    variable("OTEL_EXPORTER_OTLP_COMPRESSION", "`gzip` compresses what is sent"),
    variable("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "the same, for spans"),
    variable("OTEL_SDK_DISABLED", "`true` means no spans"),
    variable("OTEL_TRACES_EXPORTER", "`none` means no spans, `otlp` is the only other"),
    variable("OTEL_SERVICE_NAME", "the service that the spans are of, in the place of `obs`"),
    variable("OTEL_RESOURCE_ATTRIBUTES", "more about where obs runs, as NAME=VALUE,…"),
    variable("OTEL_TRACES_SAMPLER", "which runs are traced; all, or as TRACEPARENT says"),
    variable("OTEL_TRACES_SAMPLER_ARG", "the share, for the samplers that take one"),
    variable("OTEL_BSP_SCHEDULE_DELAY", "how often a long run sends its spans, in ms"),
    variable("OTEL_BSP_MAX_QUEUE_SIZE", "how many spans may wait"),
    variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "how many spans are sent at once"),
    variable("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "how many attributes a span has at most"),
    variable("SENTRY_ORG", "with SENTRY_AUTH_TOKEN: an organization of Sentry to ask for traces"),
    variable("SENTRY_AUTH_TOKEN", "what it is asked with"),
    variable("SENTRY_URL", "where it is, in the place of https://sentry.io"),
    variable(
        "SENTRY_DSN",
        "where panics and internal errors of obs itself are reported. `obs check` tries its port",
    ),
    variable("SENTRY_ENVIRONMENT", "the environment in those reports"),
    variable("SENTRY_RELEASE", "the release in those reports, in the place of obs@VERSION"),
    variable("RUST_BACKTRACE", "a backtrace where obs itself panics, when not 0"),
];

/// The values of [`VARIABLES`] as they were when the program started.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    values: BTreeMap<&'static str, String>,
    named: Named,
}

/// Where the variables are that only a configuration file knows by name.
#[derive(Clone, Default)]
enum Named {
    #[default]
    Nowhere,
    Process,
    Pairs(BTreeMap<String, String>),
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // They are secrets, mostly.
        f.write_str("(not shown)")
    }
}

impl Environment {
    /// Reads the process's environment; a value that is not UTF-8 counts as not set.
    pub fn from_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let read = |variable: &Variable| Some((variable.name, std::env::var(variable.name).ok()?));
        Self { values: VARIABLES.iter().filter_map(read).collect(), named: Named::Process }
    }

    /// Takes the values from pairs; names that are not in [`VARIABLES`] are for [`Environment::named`].
    pub fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        let known = |name: &str| VARIABLES.iter().find(|variable| variable.name == name);
        let values = pairs
            .iter()
            .filter_map(|(name, value)| Some((known(name)?.name, (*value).to_owned())))
            .collect();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { values, named: Named::Pairs(pairs.iter().map(owned).collect()) }
    }

    /// Returns a variable that a configuration file names as the place of a secret.
    pub fn named(&self, name: &str) -> Option<String> {
        match &self.named {
            Named::Nowhere => None,
            #[expect(clippy::disallowed_methods, reason = "the name is the user's")]
            Named::Process => std::env::var(name).ok(),
            Named::Pairs(pairs) => pairs.get(name).cloned(),
        }
    }

    /// Returns the value; `None` when it is not set. An empty value is a value.
    pub fn get(&self, name: &'static str) -> Option<&str> {
        debug_assert!(
            VARIABLES.iter().any(|variable| variable.name == name),
            "{name} is not listed"
        );
        self.values.get(name).map(String::as_str)
    }

    /// Returns the value unless it is not set or empty.
    pub fn get_nonempty(&self, name: &'static str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns the folder for `obs`' own configuration.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.folder("XDG_CONFIG_HOME", ".config")
    }

    /// Returns the folder for what can be made again.
    pub fn cache_folder(&self) -> Option<PathBuf> {
        self.folder("XDG_CACHE_HOME", ".cache")
    }

    /// Returns the folder for stored telemetry.
    pub fn data_folder(&self) -> Option<PathBuf> {
        self.folder("XDG_DATA_HOME", ".local/share")
    }

    /// Returns the folder for what is true only while something runs.
    pub fn state_folder(&self) -> Option<PathBuf> {
        self.folder("XDG_STATE_HOME", ".local/state")
    }

    /// Source: XDG Base Directory Specification; a relative path there counts as not set.
    fn folder(&self, variable: &'static str, below_home: &str) -> Option<PathBuf> {
        let given =
            self.get_nonempty(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || Some(PathBuf::from(self.get_nonempty("HOME")?).join(below_home));
        given.or_else(home).map(|folder| folder.join("obs"))
    }

    /// Says whether the locale's character set is UTF-8; no locale at all counts as UTF-8.
    pub fn is_utf8(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|n| self.get_nonempty(n));
        locale.is_none_or(|locale| {
            let lower = locale.to_ascii_lowercase();
            lower.contains("utf-8") || lower.contains("utf8")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_follow_xdg_and_fall_back_to_home() {
        let home = Environment::from_pairs(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "relative")]);
        assert_eq!(home.data_folder(), Some(PathBuf::from("/home/a/.local/share/obs")));
        let xdg = Environment::from_pairs(&[("XDG_STATE_HOME", "/s"), ("HOME", "/home/a")]);
        assert_eq!(xdg.state_folder(), Some(PathBuf::from("/s/obs")));
        assert_eq!(Environment::default().config_folder(), None);
    }

    #[test]
    fn the_c_locale_means_ascii_and_no_locale_means_utf8() {
        assert!(!Environment::from_pairs(&[("LC_ALL", "C")]).is_utf8());
        assert!(Environment::from_pairs(&[("LANG", "de_DE.UTF-8")]).is_utf8());
        assert!(Environment::default().is_utf8());
    }
}
