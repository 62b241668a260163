//! Reports of failures that are the fault of `obs`, for a Sentry-compatible error tracker.
//!
//! Events and envelopes are the `sentry` crate's types; sent they are by our own client. The crate's
//! transport would bring a thread and a runtime along, and does not tell when it fails.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sentry::protocol::{
    Context, Event, Exception, Frame, Level, Map, Mechanism, SpanId, Stacktrace, TraceContext,
    TraceId,
};
use sentry::types::Dsn;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::panics::Place;
use super::plan::Tracker;
use super::{FLUSH_MAX, Run};
use crate::http::{innermost, plain_client, shown};
use crate::model::mask_text;

/// The most reports of one run: a server that fails at each request must not flood the tracker.
const REPORTS_MAX: usize = 10;

/// The client's name in the header that authenticates it.
const AGENT: &str = concat!("obs/", env!("CARGO_PKG_VERSION"));

type Sent = Result<(), String>;

/// What is reported, and what every report says of the run.
#[derive(Debug)]
pub(super) struct Reports {
    tracker: Tracker,
    command: String,
    request_id: String,
    trace: TraceContext,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Event<'static>>,
    under_way: Vec<JoinHandle<Sent>>,
}

impl Queue {
    fn len(&self) -> usize {
        self.waiting.len() + self.under_way.len()
    }
}

impl Reports {
    pub(super) fn new(tracker: Tracker, run: Run<'_>) -> Self {
        let trace = TraceContext {
            trace_id: TraceId::from(run.ids.trace_id.to_bytes()),
            span_id: SpanId::from(run.ids.span_id.to_bytes()),
            ..TraceContext::default()
        };
        Self {
            tracker,
            command: format!("obs {}", run.command),
            request_id: run.ids.request_id.clone(),
            trace,
            queue: Mutex::default(),
        }
    }

    /// Takes a failure; sends it at once where there is a runtime, as in a server, else at the end.
    pub(super) fn add(&self, kind: &str, message: &str, causes: &[String], place: Option<&Place>) {
        let event = self.event(kind, message, causes, place);
        let Ok(mut queue) = self.queue.lock() else { return };
        if queue.len() >= REPORTS_MAX {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                queue.under_way.push(runtime.spawn(send(self.tracker.dsn.clone(), event)));
            }
            Err(_) => queue.waiting.push(event),
        }
    }

    /// Says whether nothing has been reported.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.lock().is_ok_and(|queue| queue.len() == 0)
    }

    /// Sends what waits, until the deadline.
    pub(super) fn send(&self, runtime: &Handle, deadline: Instant) -> Sent {
        let queue = self.queue.lock().map(|mut queue| std::mem::take(&mut *queue));
        let Ok(Queue { waiting, mut under_way }) = queue else { return Ok(()) };
        let dsn = &self.tracker.dsn;
        under_way.extend(waiting.into_iter().map(|event| runtime.spawn(send(dsn.clone(), event))));
        let all = async {
            let left = deadline.saturating_duration_since(Instant::now());
            tokio::time::timeout(left, join_all(under_way)).await
        };
        let Ok(answers) = runtime.block_on(all) else {
            let url = shown(&dsn.envelope_api_url());
            return Err(format!("no answer within {FLUSH_MAX:?} ({url})"));
        };
        let answers = answers.into_iter().map(|sent| sent.map_err(|lost| lost.to_string())?);
        answers.collect::<Result<Vec<()>, String>>().map(drop)
    }

    fn event(
        &self,
        kind: &str,
        message: &str,
        causes: &[String],
        place: Option<&Place>,
    ) -> Event<'static> {
        let exception = |value: &str, stacktrace| Exception {
            ty: kind.to_owned(),
            value: Some(mask_text(value).into_owned()),
            mechanism: Some(Mechanism {
                ty: kind.to_owned(),
                handled: Some(kind != "panic"),
                ..Mechanism::default()
            }),
            stacktrace,
            ..Exception::default()
        };
        // Sentry wants the root cause first and the outermost error last.
        let mut chain: Vec<Exception> =
            causes.iter().rev().map(|cause| exception(cause, None)).collect();
        chain.push(exception(message, place.map(stacktrace)));
        let tags = [("request_id", self.request_id.as_str()), ("service", "obs")];
        let trace = Context::Trace(Box::new(self.trace.clone()));
        Event {
            level: if kind == "panic" { Level::Fatal } else { Level::Error },
            exception: chain.into(),
            transaction: Some(self.command.clone()),
            environment: self.tracker.environment.clone().map(Into::into),
            release: Some(self.tracker.release.clone().into()),
            tags: tags.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            contexts: Map::from([("trace".to_owned(), trace)]),
            ..Event::default()
        }
    }
}

/// The one frame that is known without reading our own debug information, which takes seconds.
fn stacktrace(place: &Place) -> Stacktrace {
    let frame = Frame {
        filename: Some(place.file.clone()),
        lineno: Some(place.line.into()),
        in_app: Some(true),
        ..Frame::default()
    };
    Stacktrace { frames: vec![frame], ..Stacktrace::default() }
}

async fn send(dsn: Dsn, event: Event<'static>) -> Sent {
    let url = dsn.envelope_api_url();
    let mut body = Vec::new();
    sentry::Envelope::from(event).to_writer(&mut body).map_err(|error| error.to_string())?;
    // In a server there is no end of a run that would bound it.
    let request = plain_client(&url, Duration::from_secs(5))
        .post(url.clone())
        .header("x-sentry-auth", dsn.to_auth(Some(AGENT)).to_string())
        .header("content-type", "application/x-sentry-envelope")
        .body(body);
    let answer = request.send().await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("{} answered {}", shown(&url), answer.status())),
        Err(error) => Err(format!("{} ({})", innermost(&error), shown(&url))),
    }
}
