//! One log line of `obs` itself: a JSON object with a constant set of fields, then the context.

use std::fmt;

use jiff::Timestamp;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::http::RunIds;
use crate::model::mask_value;
use crate::render::{self, text};

/// Writes log lines of `obs` to standard error; `quiet` leaves out what is below a warning.
pub(super) fn layer<S>(ids: &RunIds, quiet: bool) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    let level = if quiet { LevelFilter::WARN } else { LevelFilter::INFO };
    tracing_subscriber::fmt::layer()
        .event_format(JsonLine { ids: ids.clone() })
        .with_writer(render::standard_error)
        .with_filter(Targets::new().with_target("obs", level))
}

/// Writes, in this order: `timestamp` (RFC 3339, UTC, microseconds), `level` (lower case),
/// `message`, `logger`, `service`, `request_id`, `trace_id` (32 hex digits), `span_id` (16 hex digits:
/// the call's, else the run's). Then the fields of the message as they were given, flat.
#[derive(Debug)]
struct JsonLine {
    ids: RunIds,
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let current = Context::map_current(|context| context.span().span_context().clone());
        let span_id = if current.is_valid() {
            current.span_id().to_string()
        } else {
            self.ids.span_id.to_string()
        };
        let constant: [(&str, Value); 8] = [
            ("timestamp", format!("{:.6}", Timestamp::now()).into()),
            ("level", metadata.level().as_str().to_ascii_lowercase().into()),
            ("message", fields.message.into()),
            ("logger", metadata.target().into()),
            ("service", "obs".into()),
            ("request_id", self.ids.request_id.as_str().into()),
            ("trace_id", self.ids.trace_id.to_string().into()),
            ("span_id", span_id.into()),
        ];
        let all = constant.into_iter().chain(fields.context);
        let mut line = String::from("{");
        for (name, value) in all {
            let comma = if line.len() > 1 { "," } else { "" };
            fmt::Write::write_fmt(&mut line, format_args!("{comma}{}:{value}", Value::from(name)))?;
        }
        writeln!(writer, "{}}}", text::harmless_json(&line))
    }
}

/// What a message was logged with.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    context: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        self.context.push((field.name(), value));
    }

    fn add_text(&mut self, field: &Field, text: &str) {
        let masked = mask_value(field.name(), text).into_owned();
        if field.name() == "message" {
            self.message = masked;
        } else {
            self.add(field, masked.into());
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, &format!("{value:?}"));
    }
}
