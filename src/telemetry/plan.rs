//! What telemetry is asked for, as environment and command line say.

use std::time::Duration;

use sentry::types::Dsn;

use crate::config::Environment;

/// The OTLP exporter's default.
const EXPORT_MAX: Duration = Duration::from_secs(10);

/// How much of itself a command tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Spans, log lines, reports: a question and its answer.
    Wholly,
    /// Log lines and reports alone: a server, whose run is no trace, and which may be the very
    /// collector.
    WithoutSpans,
    /// Nothing: an application that has telemetry of its own.
    Not,
}

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Spans are made and sent.
    pub spans: bool,
    /// Notes, warnings and what is done are JSON log lines.
    pub json: bool,
    /// Log lines below a warning are left out.
    pub quiet: bool,
    /// A panic shows its backtrace.
    pub backtrace: bool,
    /// What of the configuration cannot be used, for the user.
    pub warnings: Vec<String>,
    pub(super) tracker: Option<Tracker>,
    pub(super) export_max: Duration,
    pub(super) service_named: bool,
}

/// Where reports go, and what they say of where they come from.
#[derive(Debug, Clone)]
pub(super) struct Tracker {
    pub(super) dsn: Dsn,
    pub(super) environment: Option<String>,
    pub(super) release: String,
}

impl Plan {
    /// Reads the plan; starts nothing.
    pub fn read(environment: &Environment, json: bool, quiet: bool, watched: Watched) -> Self {
        let backtrace = environment.get_nonempty("RUST_BACKTRACE").is_some_and(|set| set != "0");
        let mut plan = Self { json, quiet, backtrace, ..Self::default() };
        if watched == Watched::Not {
            return Self { json: false, ..plan };
        }
        plan.read_tracker(environment);
        if watched == Watched::Wholly {
            plan.read_spans(environment);
        }
        plan
    }

    /// Source: OpenTelemetry, "Environment Variable Specification" and "OTLP Exporter". The SDK reads
    /// neither `OTEL_SDK_DISABLED` nor `OTEL_TRACES_EXPORTER`, and takes the protocol as given.
    fn read_spans(&mut self, environment: &Environment) {
        let of_traces = |own: &'static str, all: &'static str| {
            environment.get_nonempty(own).or_else(|| environment.get_nonempty(all))
        };
        let endpoint =
            of_traces("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
        let disabled = environment.get_nonempty("OTEL_SDK_DISABLED");
        if endpoint.is_none() || disabled.is_some_and(|set| set.eq_ignore_ascii_case("true")) {
            return;
        }
        let exporters = environment.get_nonempty("OTEL_TRACES_EXPORTER").unwrap_or("otlp");
        if !exporters.split(',').any(|exporter| exporter.trim() == "otlp") {
            if exporters.trim() != "none" {
                self.refuse("OTEL_TRACES_EXPORTER", exporters, "otlp");
            }
            return;
        }
        let protocol =
            of_traces("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
        if let Some(protocol) = protocol.filter(|protocol| *protocol != "http/protobuf") {
            self.refuse("OTEL_EXPORTER_OTLP_PROTOCOL", protocol, "http/protobuf");
            return;
        }
        let timeout = of_traces("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT");
        let millis = timeout.and_then(|timeout| timeout.trim().parse().ok());
        self.export_max = millis.map_or(EXPORT_MAX, Duration::from_millis);
        let attributes = environment.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        self.service_named = environment.get_nonempty("OTEL_SERVICE_NAME").is_some()
            || attributes.split(',').any(|one| one.trim_start().starts_with("service.name="));
        self.spans = true;
    }

    fn refuse(&mut self, variable: &str, value: &str, only: &str) {
        self.warnings
            .push(format!("spans were not sent: {variable} is `{value}`, obs has only `{only}`"));
    }

    fn read_tracker(&mut self, environment: &Environment) {
        let Some(dsn) = environment.get_nonempty("SENTRY_DSN") else { return };
        match dsn.trim().parse() {
            Ok(dsn) => {
                let text = |name| environment.get_nonempty(name).map(str::to_owned);
                let release = concat!("obs@", env!("CARGO_PKG_VERSION"));
                self.tracker = Some(Tracker {
                    dsn,
                    environment: text("SENTRY_ENVIRONMENT"),
                    release: text("SENTRY_RELEASE").unwrap_or_else(|| release.to_owned()),
                });
            }
            Err(error) => self.warnings.push(format!(
                "SENTRY_DSN is not a DSN ({error}): failures of obs itself are not reported"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    fn read(pairs: &[(&str, &str)]) -> Plan {
        Plan::read(&Environment::from_pairs(pairs), false, false, Watched::Wholly)
    }

    #[test]
    fn nothing_set_is_nothing_planned() {
        let plan = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", ""), ("SENTRY_DSN", "")]);
        assert!(!plan.spans && plan.tracker.is_none() && plan.warnings.is_empty());
    }

    #[test]
    fn an_endpoint_is_a_wish_for_spans_unless_another_variable_says_no() {
        assert!(read(&[ENDPOINT]).spans);
        assert!(read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h/v1/traces")]).spans);
        for no in [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_TRACES_EXPORTER", "none")] {
            let plan = read(&[ENDPOINT, no]);
            assert!(!plan.spans && plan.warnings.is_empty(), "{no:?}");
        }
    }

    #[test]
    fn what_obs_does_not_speak_is_said_and_not_tried() {
        let plan = read(&[ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert!(!plan.spans);
        assert_eq!(
            plan.warnings,
            [
                "spans were not sent: OTEL_EXPORTER_OTLP_PROTOCOL is `grpc`, obs has only `http/protobuf`"
            ]
        );
        assert_eq!(read(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "zipkin")]).warnings.len(), 1);
    }

    #[test]
    fn a_dsn_that_is_none_is_said_without_its_secret() {
        let plan = read(&[("SENTRY_DSN", "hunter2")]);
        assert!(plan.tracker.is_none());
        assert_eq!(plan.warnings.len(), 1);
        assert!(!plan.warnings[0].contains("hunter2"));
    }

    #[test]
    fn a_server_makes_no_spans_and_an_application_tells_nothing() {
        let environment = Environment::from_pairs(&[ENDPOINT, ("SENTRY_DSN", "http://k@h/1")]);
        let server = Plan::read(&environment, true, false, Watched::WithoutSpans);
        assert!(!server.spans && server.json && server.tracker.is_some());
        let application = Plan::read(&environment, true, false, Watched::Not);
        assert!(!application.spans && !application.json && application.tracker.is_none());
    }
}
