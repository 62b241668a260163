//! The acts of the demo: a request that fails in a known way, and the commands that explain it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use tokio::process::Command;

use super::stage::Stage;
use crate::context::Context;
use crate::demo::traffic::{Scenario, SentRequest};
use crate::error::{Error, Result};
use crate::gather;
use crate::model::{Correlation, Story};

/// How long it may take until everything about a request has arrived: exporters send in batches.
const ARRIVAL_MAX: Duration = Duration::from_secs(5);

/// How often it is looked for.
const ARRIVAL_PAUSE: Duration = Duration::from_millis(25);

/// One act.
#[derive(Debug, Clone, Copy)]
pub(super) struct Act {
    /// What is sent.
    pub(super) scenario: Scenario,
    /// What it leaves behind: the act is over when all of it has arrived.
    leaves: Leaves,
    /// The commands that explain it; `{id}` is the request's id.
    commands: &'static [&'static [&'static str]],
}

#[derive(Debug, Clone, Copy)]
struct Leaves {
    services: usize,
    events: usize,
    spans: usize,
}

/// An act that was played.
#[derive(Debug)]
pub(super) struct Played {
    /// The request.
    pub(super) sent: SentRequest,
}

/// What one command said.
#[derive(Debug)]
pub(super) struct Answer {
    /// As a user types it.
    pub(super) command: String,
    /// Its exit code.
    pub(super) exit_code: Option<i32>,
    /// Its JSON document, when one was asked for.
    pub(super) document: Option<Box<RawValue>>,
}

impl Act {
    /// Returns the acts in the order they are played.
    pub(super) fn all() -> Vec<Self> {
        vec![
            Self {
                scenario: Scenario::DeepError,
                leaves: Leaves { services: 2, events: 2, spans: 4 },
                commands: &[
                    &["logs", "--request-id", "{id}"],
                    &["trace", "{id}"],
                    &["issues", "--request-id", "{id}"],
                ],
            },
            Self {
                scenario: Scenario::QueryPerRow,
                leaves: Leaves { services: 1, events: 0, spans: 10 },
                commands: &[&["trace", "{id}"]],
            },
            Self {
                scenario: Scenario::ForeignRequestId,
                leaves: Leaves { services: 2, events: 0, spans: 4 },
                commands: &[
                    &["logs", "--request-id", "{id}"],
                    &["trace", "{id}"],
                    &["request", "{id}"],
                ],
            },
        ]
    }

    /// Sends the request, after some that go well, and waits until its telemetry has arrived.
    pub(super) async fn play(self, stage: &Stage) -> Result<Played> {
        stage.send(Scenario::Order).await?;
        let sent = stage.send(self.scenario).await?;
        self.wait_for_arrival(stage, &sent).await?;
        Ok(Played { sent })
    }

    async fn wait_for_arrival(self, stage: &Stage, sent: &SentRequest) -> Result<()> {
        let correlation = Correlation::parse(&sent.request_id)
            .map_err(|error| Error::could_not_tell("the edge made a bad id").because(error))?;
        let started = Instant::now();
        loop {
            let gathered = gather::story(&stage.backends, &correlation).await;
            if self.leaves.are_in(&gathered.found) {
                return Ok(());
            }
            if started.elapsed() > ARRIVAL_MAX {
                let Story { logs, spans, events, .. } = gathered.found;
                return Err(Error::could_not_tell(format!(
                    "after {ARRIVAL_MAX:?} the backend has {} log lines, {} spans and {} errors of {}, \
                     which should be more",
                    logs.len(),
                    spans.len(),
                    events.len(),
                    sent.request_id,
                )));
            }
            tokio::time::sleep(ARRIVAL_PAUSE).await;
        }
    }
}

impl Leaves {
    fn are_in(self, story: &Story) -> bool {
        let services_of_lines: std::collections::BTreeSet<&str> =
            story.logs.iter().filter_map(|record| record.service.as_deref()).collect();
        let rooted = story.spans.iter().any(|span| span.parent.is_none());
        services_of_lines.len() >= self.services
            && story.events.len() >= self.events
            && story.spans.len() >= self.spans
            && rooted
    }
}

/// Asks every command of the act, as a child process, as a user would.
pub(super) async fn ask_all(
    act: &Act,
    played: &Played,
    stage: &Stage,
    context: &mut Context,
) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for command in act.commands {
        let words: Vec<&str> = command
            .iter()
            .map(|word| if *word == "{id}" { played.sent.request_id.as_str() } else { word })
            .collect();
        answers.push(ask(&words, stage, context).await?);
    }
    Ok(answers)
}

async fn ask(words: &[&str], stage: &Stage, context: &mut Context) -> Result<Answer> {
    let shown = format!("obs {}", words.join(" "));
    let json = context.output.is_json();
    let mut command = Command::new(&stage.program);
    command.args(words).args(["--url", &stage.url, "--quiet", "--no-pager"]);
    command.args(super::report::look(&context.output));
    command.args(context.settings.utc.value.then_some("--utc"));
    command.stdin(Stdio::null()).kill_on_drop(true);
    if json {
        command.args(["-o", "json"]).stdout(Stdio::piped());
    } else {
        super::report::prompt(&mut context.output, &shown)?;
    }
    let child = command
        .spawn()
        .map_err(|error| Error::could_not_tell(format!("cannot run `{shown}`")).because(error))?;
    let finished = child
        .wait_with_output()
        .await
        .map_err(|error| Error::could_not_tell(format!("`{shown}` was lost")).because(error))?;
    let document = json.then(|| serde_json::from_slice(&finished.stdout)).transpose();
    let document = document.map_err(|error| {
        Error::internal(format!("`{shown}` did not answer in JSON")).because(error)
    })?;
    Ok(Answer { command: shown, exit_code: finished.status.code(), document })
}
