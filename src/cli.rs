//! The command line: the list of commands, and the one match over them.

use clap::{Parser, Subcommand};

use crate::commands::{check, config, demo, issues, logs, request, serve, trace};
use crate::context::{Context, GlobalArgs};
use crate::error::{Outcome, Result};

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
  obs check                     is everything up?
  obs logs --request-id ID      what was logged for one request
  obs trace ID                  where its time went, and where it failed
  obs request ID                all of it on one timeline

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
    /// List errors, or show one
    Issues(issues::IssuesArgs),
    /// Tell the story of one request: logs, spans and errors on one timeline
    Request(request::RequestArgs),
    /// Run the embedded backend: receives traces, logs and errors, answers the commands
    Serve(serve::ServeArgs),
    /// Start the backend and a reference service, break it, and show what obs says
    Demo(demo::DemoArgs),
    /// Show every setting and where it comes from
    Config(config::ConfigArgs),
    /// One of the reference service's processes
    #[command(hide = true)]
    DemoService(demo::ServiceArgs),
}

/// Runs the command.
pub fn dispatch(command: Command, context: &mut Context) -> Result<Outcome> {
    match command {
        Command::Check(args) => check::run(&args, context),
        Command::Logs(args) => logs::run(args, context),
        Command::Trace(args) => trace::run(&args, context),
        Command::Issues(args) => issues::run(&args, context),
        Command::Request(args) => request::run(&args, context),
        Command::Serve(args) => serve::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Config(args) => config::run(&args, context),
        Command::DemoService(args) => demo::run_service(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
