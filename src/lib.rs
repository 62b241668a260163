//! `obs`: on-call diagnostics in one binary.
//!
//! The map is `docs/ARCHITECTURE.md`. The way in is [`run`]: parse, dispatch, show the error, exit
//! code. A command (`commands`) gathers what sources say (`gather`, `sources`), builds a report and
//! shows it (`render`); what the words mean is in `model`.

pub mod cli;
pub mod commands;
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
pub mod render;
pub mod serve;
pub mod sources;
pub mod store;
pub mod traces;
pub mod wire;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

/// Runs the program with its arguments, the program's name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // clap writes help to standard output and errors to standard error, with its own codes.
        Err(refusal) => {
            let usage = refusal.use_stderr();
            // Help into a closed pipe is no error.
            drop(refusal.print());
            return ExitCode::from(if usage { 2 } else { 0 });
        }
    };
    let environment = config::Environment::from_process();
    let mut context = match context::Context::new(&cli.global, environment) {
        Ok(context) => context,
        Err(error) => {
            context::plain_output().error(error.message(), &error.causes(), error.hints());
            return error.exit_code();
        }
    };
    match cli::dispatch(cli.command, &mut context) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            // The reader who left and the user who pressed Ctrl-C know it.
            let known = [error::ErrorKind::ClosedPipe, error::ErrorKind::Interrupted];
            if !known.contains(&error.kind()) {
                context.output.error(error.message(), &error.causes(), error.hints());
            }
            error.exit_code()
        }
    }
}
