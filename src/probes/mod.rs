//! Asks whether something works: one file a kind of check.
//!
//! Start at [`run_all`]. A probe answers with a `Finding`; the rest of a `CheckResult` (id, time,
//! hint) is added here. `kinds` lists the protocols that are asked by an `address`, in a
//! `conversation`. `health` reads what applications say of themselves, `hints` knows what to do, and
//! `codes` what the words and numbers of protocols stand for; `targets` knows what there is to check. Not here: how it is shown, and the exit code.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::http::Http;
use crate::model::{CheckKind, CheckResult, Measure, Phase, Reason, Status, Threshold, UnixNanos};
use crate::sources::Backend;

pub mod address;
mod amqp;
mod backend;
pub mod canary;
mod causes;
mod certificate;
mod codes;
pub mod configured;
mod conversation;
mod cursor;
mod dns;
mod elasticsearch;
mod exec;
mod finding;
mod grpc;
mod health;
mod hints;
mod host;
mod hosts;
mod http;
mod json_path;
mod kafka;
mod keys;
pub mod kinds;
mod memcached;
mod metrics;
mod mongodb;
mod mqtt;
mod mysql;
mod nats;
mod postgres;
mod program;
mod receivers;
mod recorder;
mod redis;
pub mod scrape;
mod secure;
pub mod slo;
mod smtp;
mod systemd;
pub mod targets;
mod tcp;
mod tls;
pub mod variables;

use address::Address;
use finding::{Finding, Part, complete};
use kinds::Kind;

pub use dns::Question;
pub use exec::{Format, Program};
pub use host::Part as HostPart;
pub use http::Page;

/// One thing to check.
#[derive(Debug, Clone)]
pub struct Probe {
    /// What to call it on the command line; unique.
    pub id: String,
    /// What it is called below its group.
    pub name: String,
    /// What it belongs to.
    pub group: String,
    /// What is asked.
    pub target: Target,
    /// How long it may take, `/metrics` apart from its window.
    pub timeout: Duration,
    /// Whether that is its own, which `--timeout` does not change.
    pub own_timeout: bool,
    /// The ids of the probes that must not fail before this is asked.
    pub needs: Vec<String>,
    /// Where it becomes a warning.
    pub warn: Vec<Threshold>,
    /// Where it becomes a failure.
    pub fail: Vec<Threshold>,
    /// Those of the two that whoever set the check up wrote: what they are for has to be measured.
    pub asked: Vec<Threshold>,
    /// The likely cause, by whoever set the check up.
    pub hint: Option<String>,
    /// The section of the runbook.
    pub runbook: Option<String>,
    /// What said that this is to be checked.
    pub origin: String,
}

impl Probe {
    /// Returns a check that is called by its id, needs nothing and has no limits.
    pub(crate) fn plain(id: &str, group: &str, target: Target, timeout: Duration) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            group: group.to_owned(),
            target,
            timeout,
            own_timeout: false,
            needs: Vec::new(),
            warn: Vec::new(),
            fail: Vec::new(),
            asked: Vec::new(),
            hint: None,
            runbook: None,
            origin: String::new(),
        }
    }

    /// The same without the limits that hold where none are set.
    fn as_asked(&self) -> Self {
        let mut probe = self.clone();
        probe.warn.retain(|limit| self.asked.contains(limit));
        probe.fail.retain(|limit| self.asked.contains(limit));
        probe
    }

    /// The same, named by this and held to the limits that hold where none are set.
    fn with_defaults(self, origin: String) -> Self {
        let (warn, fail) = targets::default_limits();
        Self { warn, fail, origin, ..self }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Target {
    /// A page that must be well.
    Http(String),
    /// A page of which more is expected.
    Page(Arc<Page>),
    /// Host and port.
    Tcp(String, u16),
    /// Host and port.
    Tls(String, u16),
    /// The page of metrics, and the time between its two scrapes.
    Metrics(String, Duration),
    /// A service, by the protocol that it speaks.
    Service(&'static Kind, Address),
    /// A name, and whom to ask for it.
    Dns(Question),
    /// A part of this machine.
    Host(HostPart),
    /// A unit of systemd.
    Systemd(String),
    /// A program that checks something.
    Exec(Program),
    /// How fast the errors of an objective use up its budget.
    Slo(slo::Slo),
    /// A target that is not known here: what it is, how it is written, why.
    Unset(CheckKind, String, String),
    /// A backend of `obs`.
    Backend(Arc<dyn Backend>),
    /// A configured source, which is also asked for its parts and its youngest data.
    Source(Arc<dyn Backend>),
}

/// What all probes of one run share.
#[derive(Debug, Clone)]
pub struct Means {
    /// The client.
    pub http: Arc<Http>,
    /// What counts as now for certificates.
    pub now: UnixNanos,
}

/// Runs all probes at once; one that needs others waits for them, and is skipped when one fails.
///
/// What has not answered when `deadline` is over is `Unknown`, and so is a probe that panics. The
/// results are in the order of the probes. `done` is told of each as it ends.
pub async fn run_all(
    probes: &[Probe],
    means: &Means,
    deadline: Duration,
    mut done: impl FnMut(&CheckResult),
) -> Vec<CheckResult> {
    let (senders, receivers): (Vec<_>, Vec<_>) =
        probes.iter().map(|_| watch::channel(None::<Ended>)).unzip();
    let by_id: HashMap<&str, &watch::Receiver<Option<Ended>>> =
        probes.iter().map(|probe| probe.id.as_str()).zip(&receivers).collect();
    let mut tasks = JoinSet::new();
    let mut places = HashMap::new();
    for (place, (probe, sender)) in probes.iter().zip(senders).enumerate() {
        let needed: Vec<_> = probe
            .needs
            .iter()
            .filter_map(|id| Some((id.clone(), (*by_id.get(id.as_str())?).clone())))
            .collect();
        let task = one(probe.clone(), means.clone(), needed, sender);
        places.insert(tasks.spawn(task).id(), place);
    }
    let mut results: Vec<Option<CheckResult>> = vec![None; probes.len()];
    let end = tokio::time::Instant::now() + deadline;
    while let Ok(Some(joined)) = tokio::time::timeout_at(end, tasks.join_next_with_id()).await {
        let (place, result) = match joined {
            Ok((id, result)) => (places[&id], result),
            Err(failed) => {
                let place = places[&failed.id()];
                let finding = Finding::unknown(Reason::Internal, "the probe itself broke");
                (place, complete(&probes[place], finding, None))
            }
        };
        done(&result);
        results[place] = Some(result);
    }
    let late = |probe: &Probe| {
        let message = format!("no answer within the {deadline:?} that all checks have");
        complete(probe, Finding::unknown(Reason::Timeout, message), None)
    };
    probes
        .iter()
        .zip(results)
        .map(|(probe, result)| result.unwrap_or_else(|| late(probe)))
        .collect()
}

/// How a probe ended, for those that need it.
#[derive(Debug, Clone)]
struct Ended {
    status: Status,
    /// What comes after `which`: `failed`, or for one that was skipped what it needs itself.
    why: String,
}

type Needed = (String, watch::Receiver<Option<Ended>>);

async fn one(
    probe: Probe,
    means: Means,
    needed: Vec<Needed>,
    sender: watch::Sender<Option<Ended>>,
) -> CheckResult {
    for (id, mut receiver) in needed {
        let ended = receiver.wait_for(Option::is_some).await.ok().and_then(|ended| ended.clone());
        // A sender that is gone belongs to a probe that broke.
        let ended = ended.unwrap_or_else(|| Ended::of(Status::Unknown));
        if ended.status > Status::Warn || ended.status == Status::Skipped {
            let message = format!("needs {id}, which {}", ended.why);
            sender.send_replace(Some(Ended { status: Status::Skipped, why: message.clone() }));
            let finding = Finding::new(Status::Skipped, Some(Reason::Skipped), message);
            return complete(&probe, finding, None);
        }
    }
    let started = Instant::now();
    let mut parts = Vec::new();
    let mut finding = match &probe.target {
        Target::Http(url) => http::run(&probe, url, &means).await,
        Target::Page(page) => http::run_page(&probe, page, &means).await,
        Target::Dns(question) => dns::run(&probe, question).await,
        Target::Host(part) => host::run(&probe, part).await,
        Target::Systemd(unit) => systemd::run(&probe, unit).await,
        Target::Exec(program) => exec::run(&probe, program).await,
        Target::Tcp(host, port) => tcp::run(&probe, host, *port).await,
        Target::Tls(host, port) => tls::run(&probe, host, *port, &means).await,
        Target::Metrics(url, window) => metrics::run(&probe, url, *window, &means).await,
        Target::Service(kind, address) if !address.others.is_empty() => {
            hosts::ask(kind, &probe, address, &means).await
        }
        Target::Service(kind, address) => (kind.run)(&probe, address, &means).await,
        Target::Slo(slo) => slo::run(&probe, slo, &means).await,
        Target::Unset(_, _, why) => Finding::unknown(Reason::Config, why.clone()),
        Target::Backend(backend) => backend::run(backend.as_ref(), probe.timeout).await,
        Target::Source(source) => {
            let (finding, told) = backend::source(source.as_ref(), &probe, &means).await;
            parts = told;
            finding
        }
    };
    let took = started.elapsed();
    finding.hold_to_what_was_asked(&probe);
    finding.judge(&probe, Measure::Time, milliseconds(took), Reason::Slow);
    let mut result = complete(&probe, finding, Some(took));
    backend::explain(&mut result, &parts);
    sender.send_replace(Some(Ended::of(result.worst())));
    result
}

impl Ended {
    fn of(status: Status) -> Self {
        let why = if status == Status::Fail { "failed" } else { "is not known to work" };
        Self { status, why: why.to_owned() }
    }
}

impl Target {
    /// Returns its kind, and where it is without secrets.
    fn shown(&self) -> (CheckKind, String) {
        match self {
            Self::Http(url) => (CheckKind::Http, crate::http::without_secrets(url)),
            Self::Metrics(url, _) => (CheckKind::Metrics, crate::http::without_secrets(url)),
            Self::Tcp(host, port) => (CheckKind::Tcp, format!("{host}:{port}")),
            Self::Tls(host, port) => (CheckKind::Tls, format!("{host}:{port}")),
            Self::Service(kind, address) => (kind.check, address.to_string()),
            Self::Page(page) => (CheckKind::Http, crate::http::without_secrets(&page.url)),
            Self::Dns(question) => (CheckKind::Dns, question.name.clone()),
            Self::Host(part) => part.shown(),
            Self::Systemd(unit) => (CheckKind::Systemd, unit.clone()),
            // Arguments can be passwords.
            Self::Exec(program) => {
                (CheckKind::Exec, program.argv.first().cloned().unwrap_or_default())
            }
            Self::Slo(slo) => (CheckKind::Slo, slo.shown()),
            Self::Unset(kind, written, _) => (*kind, written.clone()),
            Self::Backend(backend) | Self::Source(backend) => (CheckKind::Backend, backend.name()),
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn phase(name: &'static str, duration: Duration) -> Phase {
    Phase { name, duration_ms: milliseconds(duration) }
}

#[cfg(test)]
mod tests;
