//! The acts of the demo: a request that fails in a known way, and the commands that explain it.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::stage::Stage;
use crate::context::Context;
use crate::demo::traffic::{Scenario, SentRequest};
use crate::error::{Error, Result};
use crate::gather;
use crate::model::{Correlation, ErrorEvent, Exception, Story};
use crate::render::text;

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
    /// What is asked while it still lasts.
    at_once: &'static [Question],
    /// What is asked when everything has arrived.
    questions: &'static [Question],
}

/// One command, and how it should end.
#[derive(Debug, Clone, Copy)]
struct Question {
    /// The words of the command whose output it reads; none when it reads nothing.
    reads: &'static [&'static str],
    /// Its words; `{id}` is the request's id and `{error}` its error in one line.
    words: &'static [&'static str],
    /// The exit code that tells the truth here.
    code: i32,
}

#[derive(Debug, Clone, Copy)]
struct Leaves {
    services: usize,
    events: usize,
    spans: usize,
    roots: usize,
}

/// An act that was played.
#[derive(Debug)]
pub(super) struct Played {
    /// The request.
    pub(super) sent: SentRequest,
    /// Its error in one line, when it had one: the root cause.
    pub(super) error: Option<String>,
}

/// What one command said.
#[derive(Debug)]
pub(super) struct Answer {
    /// As a user types it.
    pub(super) command: String,
    /// Its exit code.
    pub(super) exit_code: Option<i32>,
    /// The exit code that tells the truth here.
    pub(super) expected_code: i32,
    /// Its JSON document, when one was asked for.
    pub(super) document: Option<Box<RawValue>>,
}

const fn found(words: &'static [&'static str]) -> Question {
    Question { reads: &[], words, code: 0 }
}

const fn not_found(words: &'static [&'static str]) -> Question {
    Question { reads: &[], words, code: 1 }
}

/// What the runbook says of another command's answer.
const fn explained(reads: &'static [&'static str]) -> Question {
    Question { reads, words: &["runbook", "explain"], code: 0 }
}

const LOGS: Question = found(&["logs", "--request-id", "{id}"]);
/// All has arrived: what is young is not waited for once more.
const TRACE: Question = found(&["trace", "{id}", "--wait", "0"]);
const ISSUES: Question = found(&["issues", "--request-id", "{id}"]);
const EXPLAIN: Question = found(&["runbook", "explain", "{error}"]);
const EXPLAIN_LOGS: Question = explained(LOGS.words);
const EXPLAIN_TRACE: Question = explained(TRACE.words);

/// The acts in the order they are played.
pub(super) const ACTS: [Act; 8] = [
    act(Scenario::DeepError, leaves(2, 2, 5, 1), &[LOGS, TRACE, ISSUES, EXPLAIN_LOGS]),
    act(Scenario::QueryPerRow, leaves(1, 0, 12, 1), &[TRACE, EXPLAIN_TRACE]),
    act(
        Scenario::ForeignRequestId,
        leaves(2, 0, 5, 1),
        &[LOGS, TRACE, found(&["request", "{id}"])],
    ),
    act(Scenario::TimeoutWithRetry, leaves(2, 0, 5, 1), &[TRACE, EXPLAIN_TRACE]),
    act(Scenario::SlowStretch, leaves(1, 0, 2, 1), &[TRACE, EXPLAIN_TRACE]),
    act(Scenario::ReusedRequestId, leaves(2, 0, 10, 2), &[TRACE, EXPLAIN_TRACE]),
    act(
        Scenario::UnknownFailure,
        leaves(1, 1, 1, 1),
        &[ISSUES, not_found(&["runbook", "explain", "{error}"])],
    ),
    Act {
        scenario: Scenario::PoolExhausted,
        leaves: leaves(1, 1, 1, 1),
        // Unhealthy is the truth while it lasts, and it lasts a second.
        at_once: &[not_found(&["check"])],
        questions: &[EXPLAIN, found(&["errors"])],
    },
];

const fn act(scenario: Scenario, leaves: Leaves, questions: &'static [Question]) -> Act {
    Act { scenario, leaves, at_once: &[], questions }
}

const fn leaves(services: usize, events: usize, spans: usize, roots: usize) -> Leaves {
    Leaves { services, events, spans, roots }
}

impl Act {
    /// Sends the request, after one that goes well.
    pub(super) async fn send(self, stage: &Stage) -> Result<SentRequest> {
        stage.send(Scenario::Order).await?;
        stage.send(self.scenario).await
    }

    /// Waits until everything about the request has arrived.
    pub(super) async fn wait_for_arrival(self, stage: &Stage, sent: SentRequest) -> Result<Played> {
        let correlation = Correlation::parse(&sent.request_id)
            .map_err(|error| Error::could_not_tell("the edge made a bad id").because(error))?;
        let started = Instant::now();
        loop {
            let story = gather::story(&stage.backends, &correlation).await.found;
            if self.leaves.are_in(&story) {
                return Ok(Played { sent, error: story.events.first().map(root_cause) });
            }
            if started.elapsed() > ARRIVAL_MAX {
                return Err(Error::could_not_tell(format!(
                    "after {ARRIVAL_MAX:?} the backend has {} log lines, {} spans and {} errors of {}, \
                     which should be more",
                    story.logs.len(),
                    story.spans.len(),
                    story.events.len(),
                    sent.request_id,
                )));
            }
            tokio::time::sleep(ARRIVAL_PAUSE).await;
        }
    }
}

fn root_cause(event: &ErrorEvent) -> String {
    event.root_cause().map_or_else(|| event.title(), Exception::title)
}

impl Leaves {
    fn are_in(self, story: &Story) -> bool {
        let services_of_lines: BTreeSet<&str> =
            story.logs.iter().filter_map(|record| record.service.as_deref()).collect();
        let roots = story.spans.iter().filter(|span| span.parent.is_none()).count();
        let services_of_spans: BTreeSet<&str> =
            story.spans.iter().map(|span| span.service.as_str()).collect();
        services_of_lines.len().min(services_of_spans.len()) >= self.services
            && story.events.len() >= self.events
            && story.spans.len() >= self.spans
            && roots >= self.roots
    }
}

/// Asks what is asked while the act still lasts.
pub(super) async fn ask_at_once(
    act: &Act,
    sent: &SentRequest,
    stage: &Stage,
    context: &mut Context,
) -> Result<Vec<Answer>> {
    ask_all(act.at_once, sent, None, stage, context).await
}

/// Asks what is asked when everything has arrived.
pub(super) async fn ask_after(
    act: &Act,
    played: &Played,
    stage: &Stage,
    context: &mut Context,
) -> Result<Vec<Answer>> {
    ask_all(act.questions, &played.sent, played.error.as_deref(), stage, context).await
}

/// Asks every command as a child process, as a user would.
async fn ask_all(
    questions: &[Question],
    sent: &SentRequest,
    error: Option<&str>,
    stage: &Stage,
    context: &mut Context,
) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for question in questions {
        let word = |word: &&'static str| match *word {
            "{id}" => sent.request_id.clone(),
            "{error}" => error.unwrap_or("(no error)").to_owned(),
            plain => plain.to_owned(),
        };
        let typed = Typed {
            reads: question.reads.iter().map(word).collect(),
            words: question.words.iter().map(word).collect(),
        };
        answers.push(typed.ask(question.code, stage, context).await?);
    }
    Ok(answers)
}

/// A command as it is typed, or two with a pipe between them.
struct Typed {
    reads: Vec<String>,
    words: Vec<String>,
}

impl Typed {
    fn shown(&self) -> String {
        let option = |word: &str| word.starts_with("--");
        let word = |word: &String| if option(word) { word.clone() } else { text::word(word) };
        let command = |words: &[String]| {
            let words: Vec<String> = words.iter().map(word).collect();
            format!("obs {}", words.join(" "))
        };
        match self.reads.as_slice() {
            [] => command(&self.words),
            reads => format!("{} | {}", command(reads), command(&self.words)),
        }
    }

    async fn ask(self, expected_code: i32, stage: &Stage, context: &mut Context) -> Result<Answer> {
        let shown = self.shown();
        let json = context.output.is_json();
        if !json {
            super::report::prompt(&mut context.output, &shown)?;
        }
        let lost = |error| Error::could_not_tell(format!("cannot run `{shown}`")).because(error);
        let input = match self.reads.as_slice() {
            [] => None,
            reads => {
                let mut command = command(reads, stage, context);
                command.stdin(Stdio::null()).stdout(Stdio::piped());
                Some(command.arg("--color=never").output().await.map_err(lost)?.stdout)
            }
        };
        let mut command = command(&self.words, stage, context);
        command.args(super::report::look(&context.output));
        command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        if json {
            command.args(["-o", "json"]).stdout(Stdio::piped());
        }
        let mut child = command.spawn().map_err(lost)?;
        if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
            stdin.write_all(&input).await.map_err(lost)?;
        }
        let finished = child.wait_with_output().await.map_err(lost)?;
        let document = json.then(|| serde_json::from_slice(&finished.stdout)).transpose();
        let document = document.map_err(|error| {
            Error::internal(format!("`{shown}` did not answer in JSON")).because(error)
        })?;
        Ok(Answer { command: shown, exit_code: finished.status.code(), expected_code, document })
    }
}

/// Returns the command that asks the demo's backend.
fn command(words: &[String], stage: &Stage, context: &Context) -> Command {
    let mut command = Command::new(&stage.program);
    command.args(words).args(["--url", &stage.url, "--quiet", "--no-pager"]);
    command.args(context.settings.utc.value.then_some("--utc"));
    command.kill_on_drop(true);
    command
}
