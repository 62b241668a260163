//! `obs`: on-call diagnostics in one binary.
//!
//! The map is `docs/ARCHITECTURE.md`. The way in is [`run`]: parse, dispatch under telemetry
//! (`watch`), show the error, exit code. A command (`commands`) gathers what sources say (`gather`, `sources`), builds a report and
//! shows it (`render`); what the words mean is in `model`.

pub mod cli;
pub mod commands;
pub mod completion;
pub mod config;
pub mod context;
pub mod demo;
pub mod error;
pub mod gather;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod model;
pub mod probes;
pub mod process_metrics;
pub mod render;
pub mod runbook;
pub mod serve;
pub mod sources;
pub mod store;
pub mod telemetry;
pub mod traces;
mod watch;
pub mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

/// Runs the program with its arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // A shell that completes asks by a variable, and wants nothing else to happen.
    clap_complete::CompleteEnv::with_factory(cli::to_complete).complete();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let whole = if is_version(&arguments) { cli::version_only() } else { cli::Cli::command() };
    let parsed = whole.try_get_matches_from(&arguments).and_then(|matches| {
        let command = matches.subcommand_name().unwrap_or_default().to_owned();
        Ok((cli::Cli::from_arg_matches(&matches)?, command))
    });
    let (cli, command) = match parsed {
        Ok(parsed) => parsed,
        // clap writes help to standard output and errors to standard error, with its own codes.
        Err(refusal) => {
            let usage = refusal.use_stderr();
            // Help into a closed pipe is no error.
            drop(refusal.print());
            return ExitCode::from(if usage { 2 } else { 0 });
        }
    };
    ExitCode::from(watch::run(cli, &command, &arguments))
}

/// Says whether the arguments only ask for the version: every script that looks whether `obs` is
/// there does, and all the commands need not be built for that.
fn is_version(arguments: &[OsString]) -> bool {
    matches!(arguments, [_, only] if only == "--version" || only == "-V")
}
