//! `obs serve`: the embedded backend.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::config::running::{Announcement, RunningBackend};
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::model::parse_bytes;
use crate::render::LogFormat;
use crate::serve::{Backend, DEFAULT_PORT, Limits, Opening, Retention, Teller, run as serve, tail};

mod doors;

/// The least that a store is kept to.
const KEEP_BYTES_MIN: u64 = 1 << 20;

use doors::Doors;

/// Arguments of `obs serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs serve                                   receive on 127.0.0.1:4318
  obs serve --tail app.log --tail worker.log  store the lines of these files too
  obs serve --syslog 127.0.0.1:5514           and what comes by syslog, over TCP and UDP
  obs serve --listen 0.0.0.0:4318 --token-file token

Then, for the services:
  OTLP, HTTP   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318
               OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf (or http/json)
  OTLP, gRPC   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 (4318 takes it too)
  Sentry       SENTRY_DSN=http://obs@127.0.0.1:4318/1
  Spotlight    SENTRY_SPOTLIGHT=http://127.0.0.1:8969/stream (spotlight=True means this)
  log lines    curl --data-binary @app.log http://127.0.0.1:4318/logs
  Loki         http://127.0.0.1:4318/loki/api/v1/push (Promtail, Alloy, Fluent Bit)
  Elastic      http://127.0.0.1:4318 as the output of Filebeat, Logstash or Vector

4317 and 8969 are taken beside 4318 where they are free; --port and --listen leave them alone.

Beyond loopback everybody needs a token, this machine too; only /healthz and /readyz do not:
  (umask 077; openssl rand -hex 32 > token)
  OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN
  SENTRY_DSN=http://TOKEN@HOST:4318/1
  OBS_URL=http://HOST:4318 OBS_TOKEN=TOKEN obs logs
Syslog has no password of any kind: give --syslog an address beyond loopback only in a network you trust.

What is stored stays for --keep, or until the file is larger than --keep-bytes: then the oldest goes.
The file is for its owner alone.")]
pub struct ServeArgs {
    /// The port on 127.0.0.1; when it is in use, the next free of the 32 after it; 0 takes any
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,
    /// The address to listen on in the place of 127.0.0.1; beyond loopback it needs a token
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "port")]
    listen: Option<SocketAddr>,
    /// The file with the token that every request must carry [env: `OBS_SERVE_TOKEN`, the token itself]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Also store what comes by syslog (RFC 5424, RFC 3164) at this address, over TCP and UDP
    #[arg(long, value_name = "ADDR:PORT")]
    syslog: Option<SocketAddr>,
    /// The file to store in [default: `$XDG_DATA_HOME/obs/store.sqlite`]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Also store the log lines of this file, as it grows; can be given several times
    #[arg(long, value_name = "FILE")]
    tail: Vec<PathBuf>,
    /// How long what comes in is kept, 7d, 12h
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    keep: Duration,
    /// How large the file may grow before the oldest is removed, 2GiB, 500MB
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = size)]
    keep_bytes: u64,
    /// Stop when standard input ends: for a parent that may die
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
    /// Write where it answers to this file when it is ready
    #[arg(long, hide = true, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// The name to announce it under
    #[arg(long, hide = true, default_value = "serve")]
    announce_as: String,
}

fn duration(text: &str) -> std::result::Result<Duration, String> {
    match crate::model::parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("it must be longer than nothing".to_owned()),
        Err(_) => Err("give a duration, such as 12h, 7d or 2w".to_owned()),
    }
}

/// Reads a size that a store can have: its empty tables alone take a good part of the least.
fn size(text: &str) -> std::result::Result<u64, String> {
    match parse_bytes(text) {
        Ok(bytes) if bytes >= KEEP_BYTES_MIN => Ok(bytes),
        Ok(_) => Err("it must be 1MiB or more".to_owned()),
        Err(_) => Err("give a size, such as 500MB or 2GiB".to_owned()),
    }
}

/// Serves until SIGINT or SIGTERM, then finishes what is under way.
pub fn run(args: &ServeArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human("serve")?;
    let store = match &args.store {
        Some(path) => path.clone(),
        None => {
            context.store_path().map_err(|error| error.hint("or name the file: --store FILE"))?
        }
    };
    args.tail.iter().try_for_each(|file| can_grow(file))?;
    let token = doors::token(args, context)?;
    let log_format = context.output.log_format();
    let instance = uuid::Uuid::new_v4().simple().to_string();
    let opening = Opening {
        store: store.clone(),
        instance: instance.clone(),
        retention: Retention { age: args.keep, bytes: args.keep_bytes },
        limits: Limits::of_this_process(),
        teller: Teller::new(move |text| crate::context::plain_output(log_format).warn(text)),
        token,
    };
    let backend = Backend::open(opening).map_err(|error| {
        let remedy = error.remedy();
        let refused = Error::usage("the backend cannot keep what it would receive").because(error);
        remedy.into_iter().fold(refused, Error::hint)
    })?;
    let runtime = context.runtime()?.handle().clone();
    runtime.block_on(async {
        let Doors { listeners, url, syslog } = doors::open(args, context).await?;
        // Before anybody can know of this process and stop it.
        let stop = until_told(args.until_stdin_ends)?;
        let announcement = announce(context, args, &url, instance)?;
        context.output.note(&format!("receiving at {url}, storing in {}", store.display()));
        let stopping = Arc::new(AtomicBool::new(false));
        for file in args.tail.iter().filter(|file| !file.exists()) {
            context.output.note(&format!("{} is not there yet: waiting for it", file.display()));
        }
        let tails = start_tails(args, context.output.log_format(), &backend, &stopping)?;
        let (told, heard) = tokio::sync::watch::channel(false);
        let stop = async move {
            stop.await;
            told.send_replace(true);
        };
        let syslog = async {
            let mut heard = heard;
            if let Some(sockets) = syslog {
                let stop = async { drop(heard.wait_for(|told| *told).await) };
                sockets.serve(Arc::clone(&backend), stop).await;
            }
        };
        // Both end when told, within the drain's bound.
        tokio::join!(serve(listeners, Arc::clone(&backend), stop), syslog);
        stopping.store(true, Ordering::Relaxed);
        for thread in tails {
            // A tail that panicked has nothing left to store.
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
        drop(announcement);
        Ok::<_, Error>(())
    })?;
    Ok(Outcome::Yes)
}

/// Refuses to tail what never ends: it would push out everything else.
fn can_grow(file: &Path) -> Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = std::fs::metadata(file).map(|metadata| metadata.file_type());
    if kind.is_ok_and(|kind| kind.is_char_device() || kind.is_block_device() || kind.is_dir()) {
        let file = file.display();
        return Err(Error::usage(format!("{file} is no file that lines are appended to"))
            .hint("name the file: obs serve --tail app.log"));
    }
    Ok(())
}

/// Leaves the file by which commands find this backend; without it they need `--url`.
fn announce(
    context: &mut Context,
    args: &ServeArgs,
    url: &str,
    instance: String,
) -> Result<Option<Announcement>> {
    let running = RunningBackend {
        command: args.announce_as.clone(),
        url: url.to_owned(),
        instance,
        pid: std::process::id(),
        started: context.now_nanos(),
        announced: true,
        applications: Vec::new(),
    };
    let announced = Announcement::write(&context.environment, &running);
    if let Err(error) = &announced {
        context.output.warn(&format!("commands will not find this backend: {error}"));
        context.output.hint(&format!("give it to them: obs --url {url} …, or OBS_URL={url}"));
    }
    if let Some(file) = &args.ready_file {
        let running = RunningBackend { announced: announced.is_ok(), ..running };
        running.write(file).map_err(|error| {
            Error::usage(format!("cannot write {}", file.display())).because(error)
        })?;
    }
    Ok(announced.ok())
}

fn start_tails(
    args: &ServeArgs,
    log_format: LogFormat,
    backend: &Arc<Backend>,
    stopping: &Arc<AtomicBool>,
) -> Result<Vec<std::thread::JoinHandle<()>>> {
    let start = |file: &PathBuf| {
        let failed = move |reason: String| {
            crate::context::plain_output(log_format).warn(&reason);
        };
        tail(Arc::clone(backend), file.clone(), Arc::clone(stopping), failed)
    };
    let started: std::io::Result<Vec<_>> = args.tail.iter().map(start).collect();
    started.map_err(|error| Error::could_not_tell("cannot start threads").because(error))
}

/// Returns what is done when it is time to stop.
fn until_told(stdin_ends: bool) -> Result<impl Future<Output = ()> + Send + 'static> {
    let failed = |error| Error::could_not_tell("cannot listen for signals").because(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let stdin = if stdin_ends { Some(end_of_stdin()?) } else { None };
    Ok(async move {
        let stdin = async {
            match stdin {
                // The thread only ever drops its end.
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
            () = stdin => {}
        }
    })
}

/// Reads standard input to its end on a thread, which the runtime does not wait for.
fn end_of_stdin() -> Result<oneshot::Receiver<()>> {
    let (end, ended) = oneshot::channel();
    let read = move || {
        // An error on standard input means that the parent is gone as well.
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        drop(end);
    };
    std::thread::Builder::new()
        .spawn(read)
        .map_err(|error| Error::could_not_tell("cannot start threads").because(error))?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_a_duration_and_a_size_and_the_words_say_so() {
        assert_eq!(duration("7d"), Ok(Duration::from_hours(168)));
        assert_eq!(duration("12:30").unwrap_err(), "give a duration, such as 12h, 7d or 2w");
        assert_eq!(duration("0s").unwrap_err(), "it must be longer than nothing");
        assert_eq!(size("1MiB"), Ok(1 << 20));
        assert_eq!(size("10").unwrap_err(), "it must be 1MiB or more");
        assert_eq!(size("much").unwrap_err(), "give a size, such as 500MB or 2GiB");
    }
}
