//! A run from its command to its exit code: telemetry around it, its error shown, its end told.

use std::ffi::OsString;

use crate::cli::{self, Cli};
use crate::config::Environment;
use crate::context::{self, Context};
use crate::error::{Error, ErrorKind, Outcome};
use crate::http::RunIds;
use crate::render::{LogFormat, Output};
use crate::telemetry::{self, Panic, Plan, Run, Telemetry};

/// How a run ended.
#[derive(Debug, Clone, Copy)]
struct End {
    exit_code: u8,
    word: &'static str,
}

/// Runs the command and returns the exit code; telemetry never changes it.
pub(crate) fn run(cli: Cli, command: &str, arguments: &[OsString]) -> u8 {
    let environment = Environment::from_process();
    let global = &cli.global;
    let json = global.log_format == LogFormat::Json;
    let mut plan = Plan::read(&environment, json, global.quiet, cli.command.watched());
    let ids = context::run_ids(&environment);
    let (mut context, telemetry) = match Context::new(global, environment, ids.clone()) {
        Ok(context) => {
            let telemetry = start(&mut plan, command, arguments, &ids, Some(&context));
            (context, telemetry)
        }
        Err(error) => {
            plan.spans = false;
            let telemetry = start(&mut plan, command, arguments, &ids, None);
            let mut output = context::plain_output(global.log_format);
            return ended(telemetry, Ok(Err(error)), &mut output).1.exit_code;
        }
    };
    for warning in &plan.warnings {
        context.output.warn(warning);
    }
    let outcome = telemetry.watch(|| cli::dispatch(cli.command, &mut context));
    let (telemetry, end) = ended(telemetry, outcome, &mut context.output);
    if telemetry.leaves_traces() || plan.json {
        context.output.note(&format!("obs run {}", ids.request_id));
    }
    // The reader may stay long in the pager, and warnings would be written over it.
    context.output.finish();
    let unsent = telemetry.flush(|| Some(context.runtime().ok()?.handle().clone()));
    for warning in &unsent {
        context.output.warn(warning);
    }
    if !unsent.is_empty() {
        context.abandon_runtime();
    }
    end.exit_code
}

fn start(
    plan: &mut Plan,
    command: &str,
    arguments: &[OsString],
    ids: &RunIds,
    context: Option<&Context>,
) -> Telemetry {
    // Threads that cannot be started are an error of the first question, which then says so.
    let runtime = context.filter(|_| plan.spans).and_then(|context| context.runtime().ok());
    let arguments = if plan.spans { telemetry::without_secrets(arguments) } else { Vec::new() };
    let run = Run { command, arguments: &arguments, ids };
    Telemetry::start(plan, run, runtime.map(|runtime| runtime.handle().clone()))
}

/// Shows an error, reports it if it is our own, and tells the end.
fn ended(
    mut telemetry: Telemetry,
    outcome: Result<Result<Outcome, Error>, Panic>,
    output: &mut Output,
) -> (Telemetry, End) {
    let end = match outcome {
        Ok(Ok(outcome)) => End { exit_code: outcome.exit_code(), word: outcome.word() },
        Ok(Err(error)) => {
            if error.kind() == ErrorKind::Internal {
                telemetry.report(error.message(), &error.causes());
            }
            show(&error, output);
            End { exit_code: error.exit_code(), word: error.kind().word() }
        }
        // The hook has reported it.
        Err(panic) => {
            let error = own_failure(&panic);
            show(&error, output);
            End { exit_code: error.exit_code(), word: "panic" }
        }
    };
    telemetry.end(end.exit_code, end.word);
    (telemetry, end)
}

fn show(error: &Error, output: &mut Output) {
    // The reader who left and the user who pressed Ctrl-C know it.
    if !matches!(error.kind(), ErrorKind::ClosedPipe | ErrorKind::Interrupted) {
        output.error(error.message(), &error.causes(), error.hints());
    }
}

fn own_failure(panic: &Panic) -> Error {
    let place = panic.place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
    Error::internal(format!("obs itself failed{place}; what it answered may be incomplete"))
        .because(panic.message.clone())
        .hint("report it with the command and these lines")
        .hint("see where it came from: RUST_BACKTRACE=1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_said_to_be_ours_and_ends_with_3() {
        let panic = telemetry::guard(|| panic!("index out of bounds")).unwrap_err();
        let error = own_failure(&panic);
        assert_eq!((error.exit_code(), error.kind()), (3, ErrorKind::Internal));
        assert!(error.message().starts_with("obs itself failed"), "{error:?}");
        assert_eq!(error.causes(), ["index out of bounds"]);
    }
}
