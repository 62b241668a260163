//! The variables by which applications find what they stand on, for whoever has no file.

use std::fmt;

use super::Environment;

mod libpq;

/// A variable that names a service.
#[derive(Debug)]
struct Known {
    variable: &'static str,
    id: &'static str,
    /// What the value is where it has no scheme, or one that says nothing: `kafka`, `elasticsearch`.
    kind: Option<&'static str>,
    observability: bool,
}

const fn service(variable: &'static str, id: &'static str) -> Known {
    Known { variable, id, kind: None, observability: false }
}

const fn of_kind(variable: &'static str, id: &'static str, kind: &'static str) -> Known {
    Known { variable, id, kind: Some(kind), observability: false }
}

/// Source: what Heroku's add-ons, Rails, Django (dj-database-url), Celery and Spring call them. They are
/// listed in `VARIABLES` too.
const KNOWN: &[Known] = &[
    service("DATABASE_URL", "database"),
    service("POSTGRES_URL", "postgres"),
    service("MYSQL_URL", "mysql"),
    service("MONGODB_URL", "mongodb"),
    service("MONGODB_URI", "mongodb"),
    service("REDIS_URL", "redis"),
    service("CACHE_URL", "cache"),
    of_kind("MEMCACHED_SERVERS", "memcached", "memcached"),
    of_kind("MEMCACHED_URL", "memcached", "memcached"),
    service("AMQP_URL", "amqp"),
    service("RABBITMQ_URL", "rabbitmq"),
    service("CLOUDAMQP_URL", "rabbitmq"),
    service("CELERY_BROKER_URL", "celery-broker"),
    service("CELERY_RESULT_BACKEND", "celery-results"),
    of_kind("NATS_URL", "nats", "nats"),
    of_kind("MQTT_URL", "mqtt", "mqtt"),
    of_kind("KAFKA_BOOTSTRAP_SERVERS", "kafka", "kafka"),
    of_kind("KAFKA_BROKERS", "kafka", "kafka"),
    of_kind("ELASTICSEARCH_URL", "elasticsearch", "elasticsearch"),
    of_kind("OPENSEARCH_URL", "opensearch", "elasticsearch"),
    of_kind("SMTP_URL", "smtp", "smtp"),
    of_kind("EMAIL_URL", "smtp", "smtp"),
    Known { variable: "SENTRY_DSN", id: "sentry", kind: Some("sentry"), observability: true },
    Known {
        variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
        id: "otlp",
        kind: Some("otlp"),
        observability: true,
    },
];

/// A service that the environment names.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceVariable {
    /// Which variable.
    pub variable: &'static str,
    /// What to call it.
    pub id: &'static str,
    /// The protocol where the value does not say it; `port` where only that something listens is to
    /// be known.
    pub kind: Option<&'static str>,
    /// Whether telemetry goes there.
    pub observability: bool,
    /// The value, which mostly holds a password.
    pub value: String,
    /// The same for a file: the variables in the place of what they hold, `${DATABASE_URL}`.
    pub written: String,
}

/// The value is shown to nobody.
impl fmt::Debug for ServiceVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceVariable").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// Returns the address that libpq's variables name together.
pub(super) fn libpq_address(environment: &Environment) -> Option<String> {
    libpq::service(environment).map(|service| service.value)
}

/// Returns the services that the environment names, in the order of the table.
pub(super) fn services(environment: &Environment) -> Vec<ServiceVariable> {
    let found = |known: &Known| {
        let value = environment.get_nonempty(known.variable)?.trim();
        let Known { variable, id, kind, observability } = *known;
        (!value.is_empty()).then(|| ServiceVariable {
            variable,
            id,
            kind,
            observability,
            value: value.to_owned(),
            written: format!("${{{variable}}}"),
        })
    };
    let mut all: Vec<ServiceVariable> = KNOWN.iter().filter_map(found).collect();
    if all.iter().all(|one| !["DATABASE_URL", "POSTGRES_URL"].contains(&one.variable)) {
        all.extend(libpq::service(environment));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_is_a_variable_that_is_read() {
        for known in KNOWN {
            assert!(
                super::super::VARIABLES.iter().any(|one| one.name == known.variable),
                "{known:?}"
            );
        }
    }

    #[test]
    fn a_value_is_not_shown_even_to_a_debugger() {
        let environment = Environment::from_pairs(&[("REDIS_URL", "redis://:hunter2@a")]);
        let found = services(&environment);
        assert_eq!(found[0].id, "redis");
        assert!(!format!("{found:?}").contains("hunter2"));
    }
}
