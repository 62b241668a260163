//! The demo's processes: the backend and the two applications, in a folder that goes with them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::running::{self, Application, RunningBackend};
use crate::context::Context;
use crate::demo::Service;
use crate::demo::process::{ProcessError, ServiceCommand, ServiceProcess};
use crate::demo::traffic::{self, Scenario, SentRequest};
use crate::error::{Error, Result};
use crate::sources::Backend;
use crate::sources::local::Served;

/// How long each process may take to be ready.
const READY_MAX: Duration = Duration::from_secs(5);

/// How long each process may take to end by itself.
const END_MAX: Duration = Duration::from_secs(2);

/// How often a process is looked at that is not ready.
const READY_PAUSE: Duration = Duration::from_millis(5);

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Stage {
    /// Where the backend answers.
    pub(super) url: String,
    /// Whether commands find the backend by themselves.
    pub(super) announced: bool,
    /// Where orders-api answers.
    pub(super) orders_api: String,
    /// This executable, to be asked as a user asks it.
    pub(super) program: PathBuf,
    /// The backend, to see what has arrived.
    pub(super) backends: Vec<Box<dyn Backend>>,
    client: reqwest::Client,
    // Dropped in this order: the senders before the receiver, the folder last.
    services: Vec<ServiceProcess>,
    backend: ServiceProcess,
    folder: TempDir,
}

impl Stage {
    /// Starts the backend, then the applications, and waits until each is ready.
    pub(super) async fn start(port: u16, context: &mut Context) -> Result<Self> {
        let program = std::env::current_exe().map_err(|error| {
            Error::could_not_tell("cannot find this program itself").because(error)
        })?;
        let folder = tempfile::Builder::new().prefix("obs-demo-").tempdir().map_err(|error| {
            Error::usage("the demo needs a folder for its files")
                .because(error)
                .hint("set TMPDIR to a folder that can be written")
        })?;
        let (backend, running) = start_backend(&program, folder.path(), port, context).await?;
        let mut services = Vec::new();
        let mut addresses = Vec::new();
        for service in Service::ALL {
            let command =
                service_command(&program, folder.path(), service, &running.url, &addresses);
            let mut process = ServiceProcess::start(&command).map_err(process_error)?;
            let address = process.wait_until_listening(READY_MAX).await.map_err(process_error)?;
            addresses.push(format!("http://{address}"));
            services.push(process);
        }
        let client = traffic::client()
            .map_err(|error| Error::could_not_tell("cannot make requests").because(error))?;
        announce(&running, &addresses, context);
        let orders_api = addresses.pop().unwrap_or_default();
        let backends: Vec<Box<dyn Backend>> =
            vec![Box::new(Served::at(context.http(), running.url.clone()))];
        let RunningBackend { url, announced, .. } = running;
        Ok(Self {
            url,
            announced,
            orders_api,
            program,
            backends,
            client,
            services,
            backend,
            folder,
        })
    }

    /// Sends one request as the edge would.
    pub(super) async fn send(&self, scenario: Scenario) -> Result<SentRequest> {
        traffic::send(&self.client, &self.orders_api, scenario).await.map_err(|error| {
            Error::could_not_tell("the reference service does not answer").because(error)
        })
    }

    /// Errors when one of the processes has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        for process in self.services.iter_mut().chain([&mut self.backend]) {
            process.check().map_err(|error| {
                Error::could_not_tell("a process of the demo has ended").because(error)
            })?;
        }
        Ok(())
    }

    /// Ends the processes, senders first, and removes the folder.
    pub(super) async fn stop(self) {
        for service in self.services.into_iter().rev() {
            // A process that does not end by itself is killed; that is all that can be done.
            drop(service.stop(END_MAX).await);
        }
        drop(self.backend.stop(END_MAX).await);
        drop(self.folder.close());
    }
}

async fn start_backend(
    program: &Path,
    folder: &Path,
    port: u16,
    context: &mut Context,
) -> Result<(ServiceProcess, RunningBackend)> {
    let ready = folder.join("backend.json");
    let mut arguments: Vec<OsString> =
        ["serve", "--announce-as", "demo", "--until-stdin-ends"].map(OsString::from).to_vec();
    arguments.extend(["--port".into(), port.to_string().into()]);
    arguments.extend(["--store".into(), folder.join("store.sqlite").into()]);
    arguments.extend(["--ready-file".into(), ready.clone().into()]);
    for service in Service::ALL {
        arguments.extend(["--tail".into(), log_file(folder, service).into()]);
    }
    let inherited = ["HOME", "XDG_STATE_HOME"].into_iter().filter_map(|name| {
        Some((OsString::from(name), OsString::from(context.environment.get(name)?)))
    });
    let mut process = ServiceProcess::start(&ServiceCommand {
        program: program.to_owned(),
        arguments,
        environment: inherited.collect(),
        stdout: folder.join("backend.out"),
        stderr: folder.join("backend.err"),
    })
    .map_err(process_error)?;
    let running = until_ready(&mut process, &ready).await?;
    if port != 0 && !running.url.ends_with(&format!(":{port}")) {
        context
            .output
            .warn(&format!("port {port} is in use, so the backend is at {}", running.url));
    }
    Ok((process, running))
}

/// Tells `obs check` where the applications are.
fn announce(running: &RunningBackend, addresses: &[String], context: &mut Context) {
    let application = |(service, url): (Service, &String)| Application {
        name: service.name().to_owned(),
        url: url.clone(),
    };
    let applications = Service::ALL.into_iter().zip(addresses).map(application).collect();
    let announced = running::announce_applications(&context.environment, running, applications);
    if let Err(error) = announced {
        context.output.warn(&format!("obs check will not find the applications: {error}"));
    }
}

async fn until_ready(process: &mut ServiceProcess, ready: &Path) -> Result<RunningBackend> {
    let waited = tokio::time::timeout(READY_MAX, async {
        loop {
            let read = std::fs::read(ready).ok();
            if let Some(running) = read.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                return Ok(running);
            }
            process.check().map_err(process_error)?;
            tokio::time::sleep(READY_PAUSE).await;
        }
    });
    waited.await.unwrap_or_else(|_| {
        Err(Error::could_not_tell(format!("the backend is not ready after {READY_MAX:?}")))
    })
}

fn service_command(
    program: &Path,
    folder: &Path,
    service: Service,
    backend: &str,
    started: &[String],
) -> ServiceCommand {
    let name = service.name();
    let project = if service == Service::Inventory { 2 } else { 1 };
    let host = backend.trim_start_matches("http://");
    let database = folder.join(format!("{name}.sqlite")).into_os_string();
    let mut environment: Vec<(OsString, OsString)> = vec![
        ("DATABASE_PATH".into(), database),
        ("OTEL_SERVICE_NAME".into(), name.into()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT".into(), backend.into()),
        ("SENTRY_DSN".into(), format!("http://demo@{host}/{project}").into()),
        ("SENTRY_ENVIRONMENT".into(), "demo".into()),
        ("SENTRY_RELEASE".into(), format!("{name}@{}", env!("CARGO_PKG_VERSION")).into()),
    ];
    environment.extend(started.first().map(|inventory| ("INVENTORY_URL".into(), inventory.into())));
    ServiceCommand {
        program: program.to_owned(),
        arguments: vec!["demo-service".into(), name.into()],
        environment,
        stdout: log_file(folder, service),
        stderr: folder.join(format!("{name}.err")),
    }
}

fn log_file(folder: &Path, service: Service) -> PathBuf {
    folder.join(format!("{}.log", service.name()))
}

fn process_error(error: ProcessError) -> Error {
    Error::could_not_tell("the demo could not be started").because(error)
}

/// Does the work to its end, or until the demo is told to stop by Ctrl-C, SIGTERM or a closed terminal.
pub(super) async fn until_stopped<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Err(Error::interrupted()),
        _ = terminate.recv() => Err(Error::interrupted()),
        _ = hangup.recv() => Err(Error::interrupted()),
    }
}
