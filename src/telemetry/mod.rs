//! What `obs` tells about itself: spans, JSON log lines, reports of its own failures.
//!
//! Nothing is built unless the environment or the command line asks for it ([`Plan`]), nothing is
//! waited for but [`FLUSH_MAX`] at the end, and whatever goes wrong here is one warning and changes
//! no exit code. Everything carries the ids of the run ([`RunIds`]). Start at [`Telemetry::start`].
//!
//! | to see | read |
//! |---|---|
//! | what is asked for | `plan` |
//! | spans, and their way to the collector | `spans`, `collector` |
//! | a log line | `json_line` |
//! | panics, and their way to the error tracker | `panics`, `reports` |
//! | arguments without secrets | `arguments` |

mod arguments;
mod collector;
mod json_line;
mod panics;
mod plan;
mod reports;
mod spans;

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry::{Array, Context, StringValue, Value};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::http::RunIds;

use collector::Failure;
use reports::Reports;

pub use arguments::without_secrets;
pub use panics::{Panic, guard};
pub use plan::{Plan, Watched};

/// How long the end of a run waits for collector and error tracker together.
pub const FLUSH_MAX: Duration = Duration::from_millis(500);

/// The run that telemetry is about.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The command's name, as `check`.
    pub command: &'a str,
    /// All arguments, the program's name first; without secrets.
    pub arguments: &'a [String],
    /// The ids.
    pub ids: &'a RunIds,
}

/// Running telemetry; all of it may be off.
#[derive(Debug)]
pub struct Telemetry {
    run: Span,
    spans: Option<(SdkTracerProvider, Arc<Failure>)>,
    /// Spans are exported, and this run was not sampled out.
    sent: bool,
    reports: Option<Arc<Reports>>,
}

impl Telemetry {
    /// Starts what the plan asks for. What cannot be started is left off and added to the plan's
    /// warnings. Spans are sent on `runtime`; without one none are.
    pub fn start(plan: &mut Plan, run: Run<'_>, runtime: Option<Handle>) -> Self {
        let reports = plan.tracker.take().map(|to| Arc::new(Reports::new(to, run)));
        let (json, backtrace) = (plan.json, plan.backtrace);
        panics::tell(panics::Told { reports: reports.clone(), json, backtrace });
        let mut off = Self { run: Span::none(), spans: None, sent: false, reports };
        if !plan.json && !plan.spans {
            return off;
        }
        let failure = Arc::new(Failure::default());
        let exporter = match (plan.spans, runtime) {
            (true, Some(runtime)) => spans::exporter(plan, runtime, Arc::clone(&failure)),
            _ => Ok(None),
        };
        let exporter = exporter.unwrap_or_else(|error| {
            plan.warnings.push(format!("spans were not sent: {error}"));
            None
        });
        let exported = exporter.is_some();
        let provider = spans::provider(plan, run.ids, exporter);
        let subscriber = tracing_subscriber::registry()
            .with(spans::layer(&provider))
            .with(plan.json.then(|| json_line::layer(run.ids, plan.quiet)));
        if tracing::subscriber::set_global_default(subscriber).is_err() {
            plan.warnings.push("telemetry was started before, and is left as it is".to_owned());
            return off;
        }
        off.run = run_span(run);
        off.sent = exported && off.run.context().span().span_context().is_sampled();
        off.spans = exported.then_some((provider, failure));
        off.run.in_scope(|| {
            tracing::info!(command = run.command, process.pid = std::process::id(), "run started");
        });
        off
    }

    /// Does the work under the span of the run, and catches its panic.
    pub fn watch<T>(&self, work: impl FnOnce() -> T) -> Result<T, Panic> {
        self.run.in_scope(|| guard(work))
    }

    /// Reports an error that is the fault of `obs` and no panic; returns whether there is somebody
    /// to report to.
    pub fn report(&self, message: &str, causes: &[String]) -> bool {
        let Some(reports) = &self.reports else { return false };
        reports.add("InternalError", message, causes, None);
        true
    }

    /// Ends the span of the run. It failed when the exit code is not 0, a plain "no" included.
    ///
    /// Source: OpenTelemetry semantic conventions, "CLI program spans".
    pub fn end(&mut self, exit_code: u8, error_type: &str) {
        let run = std::mem::replace(&mut self.run, Span::none());
        run.record("process.exit.code", exit_code);
        if exit_code != 0 {
            run.record("error.type", error_type);
            run.set_status(Status::error(""));
        }
        run.in_scope(|| {
            let error_type = (exit_code != 0).then_some(error_type);
            tracing::info!(exit_code, error_type, "run ended");
        });
    }

    /// Says whether something of this run can be found by its id.
    pub fn leaves_traces(&self) -> bool {
        self.sent || self.reports.as_ref().is_some_and(|reports| !reports.is_empty())
    }

    /// Sends what waits, for [`FLUSH_MAX`] at most; returns what could not be sent, each once.
    ///
    /// `runtime` is asked for only when there is a report to send.
    pub fn flush(self, runtime: impl FnOnce() -> Option<Handle>) -> Vec<String> {
        let deadline = Instant::now() + FLUSH_MAX;
        let Self { run, spans, sent: _, reports } = self;
        drop(run);
        let mut warnings = Vec::new();
        std::thread::scope(|scope| {
            let flushing = spans.map(|(provider, failure)| {
                scope.spawn(move || spans::shut_down(&provider, &failure, FLUSH_MAX))
            });
            let waiting = reports.filter(|reports| !reports.is_empty());
            if let Some(reports) = waiting
                && let Some(runtime) = runtime()
                && let Err(reason) = reports.send(&runtime, deadline)
            {
                warnings.push(format!("the failure was not reported: {reason}"));
            }
            // A panic there has been told by the hook; the spans are lost.
            let failed = flushing.and_then(|thread| thread.join().ok().flatten());
            warnings.extend(failed.map(|reason| format!("spans were not sent: {reason}")));
        });
        warnings
    }
}

/// Begins the span of the run: below the caller that `TRACEPARENT` names, else the root.
fn run_span(run: Run<'_>) -> Span {
    let span = info_span!(
        parent: None,
        "run",
        otel.name = format!("obs {}", run.command),
        otel.kind = "internal",
        request_id = run.ids.request_id.as_str(),
        process.executable.name = "obs",
        process.pid = std::process::id(),
        process.exit.code = field::Empty,
        error.type = field::Empty,
    );
    if let Some(caller) = &run.ids.caller {
        // It fails where the span is not recorded, and has no parent then.
        drop(span.set_parent(Context::new().with_remote_span_context(caller.clone())));
    }
    let arguments = run.arguments.iter().cloned().map(StringValue::from).collect();
    span.set_attribute("process.command_args", Value::Array(Array::String(arguments)));
    // Begins it: the first span gets the id that the run has.
    drop(span.context());
    span
}
