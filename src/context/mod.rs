//! What every command needs: settings, output, the clock, this run's ids; and, made when first
//! needed, the runtime, the HTTP client and the backends.

mod backends;
mod global;
mod ids;
mod look;
mod moment;
mod runbook;
mod zone;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Origin;
use crate::config::running::RunningBackend;
use crate::config::{Environment, Overrides, Settings, SettingsError, running};
use crate::error::{Error, Result};
use crate::http::{Http, RunIds};
use crate::model::{Correlation, Missing, UnixNanos};
use crate::render::{Format, LogFormat, Output, Theme};
use crate::sources::Backend;
use crate::sources::local::Served;

pub use backends::Wanted;
pub use global::GlobalArgs;
pub use ids::run_ids;
pub use runbook::{FoundRunbook, find_runbook};

/// The columns where nothing says how many there are.
const WIDTH_DEFAULT: usize = 80;

/// What every command needs.
#[derive(Debug)]
pub struct Context {
    /// The settings, each with its origin.
    pub settings: Settings,
    /// The environment variables.
    pub environment: Environment,
    /// Where answers go.
    pub output: Output,
    /// When the command began, in the zone that times are shown in.
    pub now: Zoned,
    /// This run's own ids.
    pub ids: RunIds,
    runtime: OnceLock<Runtime>,
    http: OnceLock<Arc<Http>>,
    backends: Option<Vec<Box<dyn Backend>>>,
    further: Vec<Box<dyn Backend>>,
    interrupts: Option<Signal>,
}

impl Context {
    /// Reads the configuration; makes nothing that costs.
    pub fn new(global: &GlobalArgs, environment: Environment, ids: RunIds) -> Result<Self> {
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let overrides: Overrides = global.overrides();
        let settings = crate::config::resolve(&overrides, &environment, &folder)
            .map_err(|error| settings_error(&error))?;
        // Once for the process: every reader of lines, also `serve` and the sources, knows them from here.
        crate::logs::learn(&settings.log_dialects.value);
        let now = now(&environment, settings.utc.value)?;
        let theme = |terminal| look::theme(global, &settings, &environment, &now, terminal);
        let stdout = theme(std::io::stdout().is_terminal());
        // No colour and no spinner between log lines.
        let for_people = global.log_format == LogFormat::Text;
        let stderr = theme(for_people && std::io::stderr().is_terminal());
        let pager = if global.no_pager || !for_people { "" } else { &settings.pager.value };
        let output = Output::to_process(global.output, global.quiet, stdout, stderr, pager)
            .with_log_format(global.log_format);
        Ok(Self {
            settings,
            environment,
            output,
            now,
            ids,
            runtime: OnceLock::new(),
            http: OnceLock::new(),
            backends: None,
            further: Vec::new(),
            interrupts: None,
        })
    }

    /// Returns the moment the command began.
    pub fn now_nanos(&self) -> UnixNanos {
        nanos(&self.now)
    }

    /// Asks the backends on the runtime, until they answered or until Ctrl-C.
    ///
    /// Which they are is found out, and said, the first time; a command asks for one of the signals.
    pub fn ask<T>(
        &mut self,
        signal: Wanted,
        question: impl AsyncFnOnce(&[Box<dyn Backend>]) -> T,
    ) -> Result<T> {
        let runtime = self.runtime()?.handle().clone();
        let mut interrupts = self.take_interrupts(&runtime)?;
        let answer = runtime.block_on(until(&mut interrupts, async {
            let backends = match self.backends.take() {
                Some(backends) => backends,
                None => self.find_backends(signal).await?,
            };
            let answer = question(&backends).await;
            self.backends = Some(backends);
            Ok(answer)
        }));
        self.interrupts = Some(interrupts);
        answer
    }

    /// Waits, or until Ctrl-C.
    pub fn pause(&mut self, duration: Duration) -> Result<()> {
        self.wait(async || tokio::time::sleep(duration).await)
    }

    /// Does the work on the runtime to its end, or until Ctrl-C.
    pub fn wait<T>(&mut self, work: impl AsyncFnOnce() -> T) -> Result<T> {
        let runtime = self.runtime()?.handle().clone();
        let mut interrupts = self.take_interrupts(&runtime)?;
        let done = runtime.block_on(until(&mut interrupts, async { Ok(work().await) }));
        self.interrupts = Some(interrupts);
        done
    }

    /// Does the same work with the output at hand: for an answer that is written while it comes.
    pub fn wait_and_write<T>(&mut self, work: impl AsyncFnOnce(&mut Output) -> T) -> Result<T> {
        let runtime = self.runtime()?.handle().clone();
        let mut interrupts = self.take_interrupts(&runtime)?;
        let output = &mut self.output;
        let done = runtime.block_on(until(&mut interrupts, async { Ok(work(output).await) }));
        self.interrupts = Some(interrupts);
        done
    }

    /// Returns the one listener for Ctrl-C: a new one each time would miss what came in between.
    fn take_interrupts(&mut self, runtime: &Handle) -> Result<Signal> {
        let _entered = runtime.enter();
        match self.interrupts.take() {
            Some(interrupts) => Ok(interrupts),
            None => signal(SignalKind::interrupt())
                .map_err(|error| Error::could_not_tell("cannot listen for signals").because(error)),
        }
    }

    /// Returns the runtime, starting it when it is first needed.
    pub fn runtime(&self) -> Result<&Runtime> {
        if self.runtime.get().is_none() {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .map_err(|error| Error::could_not_tell("cannot start threads").because(error))?;
            // Nobody else sets it: a context belongs to one thread.
            drop(self.runtime.set(runtime));
        }
        Ok(self.runtime.get().expect("it was just set"))
    }

    /// Ends the runtime without waiting for what runs on it: a request to a dead collector, a name
    /// that is looked up.
    pub fn abandon_runtime(&mut self) {
        self.backends = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Returns the HTTP client.
    pub fn http(&self) -> Arc<Http> {
        let make = || {
            // The address in a repository's file is not the user's choice: it gets no secret of theirs.
            let chosen = !matches!(self.settings.url.origin, Origin::Repository(..));
            let token = self.environment.get_nonempty("OBS_TOKEN").filter(|_| chosen);
            Arc::new(Http::new(self.settings.timeout.value, &self.ids).with_token(token))
        };
        Arc::clone(self.http.get_or_init(make))
    }

    /// Returns the file of the store that belongs to the user.
    pub fn store_path(&self) -> Result<PathBuf> {
        let folder = self.environment.data_folder().ok_or_else(|| {
            Error::usage(
                "there is no folder for stored telemetry: neither XDG_DATA_HOME nor HOME is set",
            )
            .hint("set HOME, or name a backend: --url http://HOST:PORT")
        })?;
        Ok(folder.join("store.sqlite"))
    }

    /// Returns the backend of the embedded kind to ask, with what it announced of itself: the one that
    /// was named, else the one that runs.
    ///
    /// A named one is not asked whether it is there; what runs has answered.
    pub fn embedded(&mut self) -> Result<Option<(Served, Option<RunningBackend>)>> {
        let (http, url) = (self.http(), self.settings.url.value.clone());
        let announced = running::announced(&self.environment);
        self.wait(async || {
            for one in announced {
                if url.as_ref().is_some_and(|url| one.url != url.trim_end_matches('/')) {
                    continue;
                }
                if let Some(served) = Served::announced(&http, one.clone()).await {
                    return Some((served, Some(one)));
                }
            }
            url.map(|url| (Served::at(http, url), None))
        })
    }
}

impl Context {
    /// Says on standard error which sources did not answer.
    pub fn warn_of_missing(&mut self, missing: &[Missing]) {
        for one in missing {
            let how = if one.is_in_part() { "" } else { "did not answer: " };
            self.output.warn(&format!("{} {how}{}", one.source, one.reason));
        }
    }

    /// Says on standard error that nothing was found, and where it was looked for.
    pub fn say_not_found(
        &mut self,
        what: &str,
        correlation: &Correlation,
        asked: &[String],
        missing: &[Missing],
    ) {
        let silent = |name: &String| missing.iter().any(|one| one.source == *name);
        let answered: Vec<&str> =
            asked.iter().filter(|name| !silent(name)).map(String::as_str).collect();
        let id = correlation.id();
        if answered.is_empty() {
            self.output.warn(&format!("nobody could be asked for {id}"));
            return;
        }
        let places = answered.join(", ");
        self.output.warn(&format!("{what} has the id {id}; looked in: {places}"));
        self.output.note(&format!("searched as: {}", correlation.spellings().join(", ")));
    }
}

/// Does the work to its end, or until Ctrl-C.
async fn until<T>(interrupts: &mut Signal, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        _ = interrupts.recv() => Err(Error::interrupted()),
    }
}

/// Reads an id from the command line; `-` takes it from standard input.
pub fn read_id(given: &str) -> Result<Correlation> {
    let mut text = given.to_owned();
    if given == "-" {
        text = std::io::read_to_string(std::io::stdin()).map_err(|error| {
            Error::usage("cannot read the id from standard input").because(error)
        })?;
    }
    if text.trim_start().starts_with('{') {
        // A log line says itself which of its fields is the id.
        let record = crate::logs::read_line(text.trim().as_bytes());
        text = record.request_id.or(record.trace_id).ok_or_else(|| {
            Error::usage("this log line has no id").hint("give another line, or the id itself")
        })?;
    }
    if text.contains('…') {
        return Err(Error::usage("this id is shortened, as on a terminal")
            .hint("see it whole: obs logs --full, or pipe obs logs into something"));
    }
    Correlation::parse(&text).map_err(|error| {
        Error::usage("this cannot be an id").because(error).hint(
            "give a request id, a trace id, a traceparent, a URL, or a log line with one: obs request ID",
        )
    })
}

/// Returns an output for what is said before there are settings, or from another thread.
pub fn plain_output(log_format: LogFormat) -> Output {
    let theme = Theme::plain(WIDTH_DEFAULT, UnixNanos(0));
    Output::to_process(Format::Human, false, theme.clone(), theme, "").with_log_format(log_format)
}

fn settings_error(error: &SettingsError) -> Error {
    let text = error.to_string();
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let mut shown = Error::usage(first);
    if !rest.trim().is_empty() {
        shown = shown.because(rest.to_owned());
    }
    if let Some(source) = std::error::Error::source(error) {
        shown = shown.because(source.to_string());
    }
    match error {
        SettingsError::Options(crate::config::OptionsError::Parse {
            did_you_mean: Some(key),
            ..
        }) => shown.hint(format!("did you mean `{key}`?")),
        SettingsError::UnknownEnvironment { known, .. } if !known.is_empty() => {
            shown.hint(format!("there are: {}", known.join(", ")))
        }
        SettingsError::UnknownEnvironment { name, .. } => {
            shown.hint(format!("add a section [env.{name}] to obs.toml"))
        }
        _ => shown,
    }
}

fn now(environment: &Environment, utc: bool) -> Result<Zoned> {
    let zone = if utc { TimeZone::UTC } else { zone::local(environment) };
    let Some(given) = environment.get_nonempty("OBS_NOW") else {
        return Ok(Timestamp::now().to_zoned(zone));
    };
    let stamp: Timestamp = given.parse().map_err(|error: jiff::Error| {
        Error::usage(format!("OBS_NOW is `{given}`, which is not an RFC 3339 time")).because(error)
    })?;
    Ok(stamp.to_zoned(zone))
}

fn nanos(now: &Zoned) -> UnixNanos {
    UnixNanos(i64::try_from(now.timestamp().as_nanosecond()).unwrap_or(i64::MAX))
}
