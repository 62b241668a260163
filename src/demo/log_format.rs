//! One log line: a JSON object with a constant set of fields, then the context of the message.

use std::fmt;

use jiff::Timestamp;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::demo::request_scope::RequestScope;
use crate::demo::scrub;

/// The fields that a message cannot overwrite: of two equal names most readers see only one.
const CONSTANT: [&str; 11] = [
    "timestamp",
    "level",
    "message",
    "logger",
    "service",
    "request_id",
    "trace_id",
    "span_id",
    "method",
    "route",
    "path",
];

/// Writes log lines.
///
/// In this order: `timestamp` (RFC 3339, UTC, microseconds), `level` (lower case), `message`,
/// `logger`, `service`, `request_id`, `trace_id` (32 hex digits), `span_id` (16 hex digits); the last
/// three are null outside a request. Inside one `method`, `route` and `path` follow. Then the fields
/// of the message as they were given, flat; an error's `exception` is its chain as text.
#[derive(Debug)]
pub(super) struct JsonLine {
    pub(super) service: &'static str,
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
        let mut line = Line { writer: &mut writer, empty: true };
        line.field("timestamp", &format!("{:.6}", Timestamp::now()).into())?;
        line.field("level", &metadata.level().as_str().to_ascii_lowercase().into())?;
        line.field("message", &fields.message.into())?;
        line.field("logger", &logger(metadata.target()).into())?;
        line.field("service", &self.service.into())?;
        ids(&mut line)?;
        for (name, value) in fields.context {
            if CONSTANT.contains(&name) {
                line.field(&format!("context_{name}"), &value)?;
            } else {
                line.field(name, &value)?;
            }
        }
        writer.write_str("}\n")
    }
}

fn ids(line: &mut Line<'_, '_>) -> fmt::Result {
    let scope = RequestScope::current();
    let span = Context::map_current(|context| context.span().span_context().clone());
    let known = span.is_valid();
    line.field("request_id", &scope.as_ref().map(|scope| scope.request_id.as_str()).into())?;
    line.field("trace_id", &known.then(|| span.trace_id().to_string()).into())?;
    line.field("span_id", &known.then(|| span.span_id().to_string()).into())?;
    if let Some(scope) = scope {
        line.field("method", &scope.method.as_str().into())?;
        line.field("route", &scope.route.as_deref().into())?;
        line.field("path", &scope.path.as_str().into())?;
    }
    Ok(())
}

/// The module that logs, seen from the application: where it lives in this crate says nothing.
pub(super) fn logger(target: &str) -> &str {
    let application = module_path!().trim_end_matches("log_format");
    target.strip_prefix(application).unwrap_or(target)
}

struct Line<'line, 'writer> {
    writer: &'line mut Writer<'writer>,
    empty: bool,
}

impl Line<'_, '_> {
    fn field(&mut self, name: &str, value: &Value) -> fmt::Result {
        self.writer.write_char(if self.empty { '{' } else { ',' })?;
        self.empty = false;
        write!(self.writer, "{}:{value}", Value::from(name))
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
        if field.name() == "message" {
            self.message = scrub::text(text);
        } else if scrub::is_sensitive(field.name()) {
            self.add(field, scrub::SCRUBBED.into());
        } else {
            self.add(field, scrub::text(text).into());
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::demo::request_id;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> String {
        let output = Output::default();
        let writer = output.clone();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(JsonLine { service: "orders-api" })
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        String::from_utf8(output.0.lock().unwrap().clone()).unwrap()
    }

    fn names(line: &str) -> Vec<String> {
        let names = regex::Regex::new(r#"[{,]"(\w+)":"#).unwrap();
        names.captures_iter(line).map(|name| name[1].to_owned()).collect()
    }

    #[test]
    fn the_constant_fields_come_first_and_in_their_order() {
        let line = logged(|| tracing::info!(order_id = 7, "order placed"));
        assert_eq!(
            names(&line).join(" "),
            "timestamp level message logger service request_id trace_id span_id order_id"
        );
    }

    #[test]
    fn a_field_named_like_a_constant_one_does_not_replace_it() {
        let line = logged(|| tracing::info!(service = "inventory", "x"));
        let value: Value = serde_json::from_str(&line).unwrap();
        let both = (&value["service"], &value["context_service"]);
        assert_eq!(both, (&"orders-api".into(), &"inventory".into()));
    }

    #[test]
    fn a_line_is_one_json_object_with_everything_escaped() {
        let line = logged(|| tracing::info!(sku = "a\"b\n", "line\none"));
        assert_eq!(line.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&value["message"], &value["sku"]), (&"line\none".into(), &"a\"b\n".into()));
    }

    #[test]
    fn the_time_is_utc_with_microseconds_and_the_logger_is_the_module() {
        let value: Value = serde_json::from_str(&logged(|| tracing::warn!("x"))).unwrap();
        let timestamp = value["timestamp"].as_str().unwrap();
        assert!(timestamp.ends_with('Z') && timestamp.len() == "2026-11-22T15:19:00.123456Z".len());
        assert_eq!(
            (&value["level"], &value["logger"]),
            (&"warn".into(), &"log_format::tests".into())
        );
    }

    #[test]
    fn a_line_inside_a_request_carries_its_ids_and_its_route() {
        let headers = [("traceparent", "00-0192f3a1b2c37d4e8f90a1b2c3d4e5f6-00f067aa0ba902b7-01")];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let adopted = request_id::adopt(&headers.into_iter().collect());
        let scope = Arc::new(RequestScope {
            request_id: adopted.request_id,
            replaced: false,
            trace_id: adopted.trace_id,
            method: "GET".to_owned(),
            route: Some("/orders/{id}".to_owned()),
            path: "/orders/7".to_owned(),
        });
        let span = SpanContext::new(
            adopted.trace_id,
            SpanId::from_hex("00f067aa0ba902b7").unwrap(),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        assert_ne!(span.trace_id(), TraceId::INVALID);
        let _guard = Context::new().with_value(scope).with_remote_span_context(span).attach();
        let line = logged(|| tracing::info!("x"));
        assert!(
            line.ends_with(concat!(
                r#""request_id":"0192f3a1-b2c3-7d4e-8f90-a1b2c3d4e5f6","#,
                r#""trace_id":"0192f3a1b2c37d4e8f90a1b2c3d4e5f6","span_id":"00f067aa0ba902b7","#,
                r#""method":"GET","route":"/orders/{id}","path":"/orders/7"}"#,
                "\n"
            )),
            "{line}"
        );
    }

    #[test]
    fn a_field_that_speaks_of_a_secret_is_scrubbed() {
        let line =
            logged(|| tracing::info!(session_token = "abc", note = "to ada@example.org", "x"));
        assert!(line.contains(r#""session_token":"[scrubbed]","note":"to [scrubbed]""#), "{line}");
    }
}
