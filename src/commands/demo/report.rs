//! What the demo shows around the commands' own answers.

use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

use super::acts::{Answer, Played};
use super::stage::Stage;
use crate::demo::traffic::SentRequest;
use crate::error::{Error, Outcome, Result};
use crate::render::{LogFormat, Output, Tone, text};

/// Everything the demo did; in JSON `obs.demo/1`.
#[derive(Debug, Serialize)]
pub(super) struct DemoReport {
    schema: &'static str,
    /// Where the backend answered.
    backend: String,
    /// Where the reference service answered.
    service: String,
    /// The failing request that was chosen: the first act's.
    request_id: Option<String>,
    acts: Vec<ActReport>,
}

#[derive(Debug, Serialize)]
struct ActReport {
    scenario: &'static str,
    description: &'static str,
    method: String,
    path: String,
    request_id: String,
    trace_id: Option<String>,
    status: u16,
    duration_ms: f64,
    answers: Vec<AnswerReport>,
}

#[derive(Debug, Serialize)]
struct AnswerReport {
    command: String,
    exit_code: Option<i32>,
    /// The exit code that tells the truth here: an exhausted pool is unhealthy.
    expected_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<Box<RawValue>>,
}

impl ActReport {
    /// Returns what the runbook said of it; `None` where it was not asked.
    fn explained(&self) -> Option<&AnswerReport> {
        self.answers.iter().find(|answer| answer.command.contains("obs runbook explain"))
    }
}

impl DemoReport {
    pub(super) fn new(stage: &Stage) -> Self {
        Self {
            schema: "obs.demo/1",
            backend: stage.url.clone(),
            service: stage.orders_api.clone(),
            request_id: None,
            acts: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, played: Played, answers: Vec<Answer>) {
        let sent = played.sent;
        self.request_id.get_or_insert_with(|| sent.request_id.clone());
        let answer = |answer: Answer| AnswerReport {
            command: answer.command,
            exit_code: answer.exit_code,
            expected_code: answer.expected_code,
            document: answer.document,
        };
        self.acts.push(ActReport {
            scenario: sent.scenario.name(),
            description: sent.scenario.description(),
            method: sent.method,
            path: sent.path,
            request_id: sent.request_id,
            trace_id: sent.trace_id,
            status: sent.status,
            duration_ms: sent.duration_ms,
            answers: answers.into_iter().map(answer).collect(),
        });
    }

    /// Says whether every command found what it was asked for.
    pub(super) fn outcome(&self) -> Result<Outcome> {
        let answers = self.acts.iter().flat_map(|act| &act.answers);
        match answers.into_iter().find(|answer| answer.exit_code != Some(answer.expected_code)) {
            None => Ok(Outcome::Yes),
            Some(failed) => Err(Error::could_not_tell(format!(
                "`{}` ended with exit code {:?} and not {}: it did not find what the demo had made",
                failed.command, failed.exit_code, failed.expected_code
            ))),
        }
    }
}

/// Returns the options that make a command look as this output does.
pub(super) fn look(output: &Output) -> Vec<String> {
    let color = if output.theme.color { "always" } else { "never" };
    let mut options = vec![format!("--color={color}")];
    options.extend(output.theme.ascii.then(|| "--ascii".to_owned()));
    options.extend(output.theme.show_secrets.then(|| "--show-secrets".to_owned()));
    let logs = output.log_format() == LogFormat::Json;
    options.extend(logs.then(|| "--log-format=json".to_owned()));
    options
}

/// Says what was sent and what came back.
pub(super) fn heading(output: &mut Output, sent: &SentRequest) -> io::Result<()> {
    let (out, theme) = output.stream();
    let rule = theme.symbol("━", "=").repeat(theme.width.min(80));
    writeln!(out, "{}", theme.paint(Tone::Dim, rule))?;
    writeln!(out, "{}", theme.paint(Tone::Strong, sent.scenario.description()))?;
    let answered = format!("{} {} answered {}", sent.method, sent.path, sent.status);
    writeln!(out, "{answered} in {:.0} ms, x-request-id {}", sent.duration_ms, sent.request_id)?;
    output.flush()
}

/// Shows the command that is about to answer.
pub(super) fn prompt(output: &mut Output, command: &str) -> io::Result<()> {
    let (out, theme) = output.stream();
    writeln!(out)?;
    writeln!(out, "{}", theme.paint(Tone::Id, format!("$ {}", text::shown(command))))?;
    output.flush()
}

/// Says what was seen and how to go on.
pub(super) fn ending(output: &mut Output, report: &DemoReport) -> io::Result<()> {
    let (out, theme) = output.stream();
    let rule = theme.symbol("━", "=").repeat(theme.width.min(80));
    writeln!(out, "{}", theme.paint(Tone::Dim, rule))?;
    let explained: Vec<Option<i32>> =
        report.acts.iter().filter_map(ActReport::explained).map(|one| one.exit_code).collect();
    let fit = explained.iter().filter(|code| **code == Some(0)).count();
    writeln!(
        out,
        "{} requests, each found by its id. {} of them went wrong: a pattern of the runbook fits {fit}\n\
         of these, and where none fits, `obs` says so. This backend is gone now; `obs demo` starts one\n\
         that stays up, to try these commands yourself in another terminal.",
        report.acts.len(),
        explained.len()
    )
}

/// Says what to type while the demo stays up.
pub(super) fn invitation(output: &mut Output, stage: &Stage, played: &[Played]) -> io::Result<()> {
    let (out, theme) = output.stream();
    writeln!(out, "the backend is at {}, orders-api at {}", stage.url, stage.orders_api)?;
    writeln!(out, "traffic is flowing; some of it fails. In another terminal:\n")?;
    let mut commands = vec![
        ("obs check".to_owned(), "what is up"),
        ("obs errors".to_owned(), "what failed lately, each with an id to follow"),
        ("obs issues".to_owned(), "what broke"),
        ("obs logs --level error".to_owned(), "what was logged about it"),
        ("obs logs -f".to_owned(), "what is being logged"),
        ("obs runbook".to_owned(), "what to do"),
    ];
    for one in played {
        let sent = &one.sent;
        let command = match sent.trace_id {
            Some(_) => format!("obs trace {}", sent.request_id),
            None => format!("obs request {}", sent.request_id),
        };
        commands.push((command, sent.scenario.description()));
    }
    // Without a folder to announce itself in, the backend has to be named.
    let named = if stage.announced { String::new() } else { format!(" --url {}", stage.url) };
    for (command, meaning) in commands {
        let command = command + &named;
        writeln!(out, "  {}", theme.paint(Tone::Id, text::shown(&command)))?;
        writeln!(out, "      {}", theme.paint(Tone::Dim, meaning))?;
    }
    writeln!(out, "\nCtrl-C ends it and removes everything it made.")
}
