//! The command line: the list of commands, and the one match over them.

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::ArgValueCandidates;

use crate::commands::{
    check, completions, config, demo, errors, init, issues, logs, man, metrics, request, runbook,
    serve, trace,
};
use crate::completion;
use crate::context::{Context, GlobalArgs};
use crate::error::{Outcome, Result};
use crate::telemetry::Watched;

/// On-call diagnostics in one binary: from one id to logs, trace, errors and their story.
#[derive(Debug, Parser)]
#[command(name = "obs", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  obs demo                      see it work: two services, broken in known ways
  obs errors                    what failed lately, each with an id to follow
  obs check                     is everything up?
  obs logs --request-id ID      what was logged for one request
  obs trace ID                  where its time went, and where it failed
  obs request ID                all of it on one timeline

What obs tells about itself; nothing unless one of these is set:
  OTEL_EXPORTER_OTLP_ENDPOINT   spans of the run and of each request it makes, as http/protobuf
  SENTRY_DSN                    panics and internal errors of obs
  TRACEPARENT, OBS_REQUEST_ID   the trace and the request that the run belongs to
  All variables that are read: obs config show --variables

Exit codes: 0 yes or found, 1 no or not found, 2 usage, 3 could not tell or incomplete,\n130 interrupted.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell whether the application and what it stands on are healthy
    Check(check::CheckArgs),
    /// Show log lines, by request, level, time or text
    Logs(logs::LogsArgs),
    /// Show where a request's time went and where it failed
    Trace(trace::TraceArgs),
    /// Show rate, errors, duration and saturation out of a page of metrics
    Metrics(metrics::MetricsArgs),
    /// List errors, or show one
    Issues(issues::IssuesArgs),
    /// List recent failing requests, each with an id to follow
    Errors(errors::ErrorsArgs),
    /// Tell the story of one request: logs, spans and errors on one timeline
    Request(request::RequestArgs),
    /// Show what to do: read, search, whom to call, what an error means
    Runbook(runbook::RunbookArgs),
    /// Run the embedded backend: receives traces, logs and errors, answers the commands
    Serve(serve::ServeArgs),
    /// Start the backend and a reference service, break it, and show what obs says
    Demo(demo::DemoArgs),
    /// Look around and write what there is to check as obs.toml
    Init(init::InitArgs),
    /// Show every setting and where it comes from
    Config(config::ConfigArgs),
    /// Write the script by which a shell completes obs
    Completions(completions::CompletionsArgs),
    /// Write the manual pages
    Man(man::ManArgs),
    /// One of the reference service's processes
    #[command(hide = true)]
    DemoService(demo::ServiceArgs),
}

impl Command {
    /// Says how much telemetry there is of a run of this command.
    pub fn watched(&self) -> Watched {
        match self {
            Self::Serve(_) => Watched::WithoutSpans,
            Self::DemoService(_) => Watched::Not,
            _ => Watched::Wholly,
        }
    }
}

/// Returns the command line for a shell that completes it: with what the options of every command
/// may be.
pub fn to_complete() -> clap::Command {
    let environments = ArgValueCandidates::new(completion::environments);
    Cli::command().mut_arg("environment", |argument| argument.add(environments))
}

/// Returns a command line that knows nothing but its name and version.
pub fn version_only() -> clap::Command {
    clap::Command::new("obs").version(env!("CARGO_PKG_VERSION"))
}

/// Runs the command.
pub fn dispatch(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Check(args) => check::run(&args, context),
        Command::Logs(args) => logs::run(args, context),
        Command::Trace(args) => trace::run(&args, context),
        Command::Metrics(args) => metrics::run(&args, context),
        Command::Issues(args) => issues::run(&args, context),
        Command::Errors(args) => errors::run(&args, context),
        Command::Request(args) => request::run(&args, context),
        Command::Runbook(args) => runbook::run(&args, context),
        Command::Serve(args) => serve::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Init(args) => init::run(&args, context),
        Command::Config(args) => config::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Man(args) => man::run(&args, context),
        Command::DemoService(args) => demo::run_service(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_version_alone_is_what_the_whole_command_line_says() {
        for option in ["--version", "-V"] {
            let said = |command: clap::Command| {
                command.try_get_matches_from(["obs", option]).unwrap_err().to_string()
            };
            assert_eq!(said(version_only()), said(Cli::command()), "{option}");
        }
    }
}
