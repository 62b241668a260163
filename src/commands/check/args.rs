//! What can be said on the command line of `obs check`.

use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;

use crate::completion::checks;
use crate::error::{Error, Result};
use crate::model::parse_duration;
use crate::render::Format;

/// Arguments of `obs check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs check                       everything that obs.toml lists, else what runs here
  obs check orders-api            one application
  obs check readyz --wait 60s     until it is ready
  obs check --watch               again and again, with a line for each change
  obs check --skip metrics -o json
  obs check -o short              only what is not well
  obs check --canary http://localhost:8000/orders
                                  does a request leave its log line, its trace, its count?

Outputs (-o): human, short, json, jsonl (a line a check as it ends), md, junit, tap, nagios, prometheus.

Exit codes: 0 healthy (warnings count as healthy unless --fail-on warn), 1 something failed,
3 nothing failed, but something could not be told. With -o nagios that protocol's: 0, 1, 2, 3.")]
pub struct CheckArgs {
    /// Only checks of this id, group or kind
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(checks))]
    pub(super) names: Vec<String>,
    /// The same as NAME; can be given several times
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(checks))]
    pub(super) only: Vec<String>,
    /// Leave out checks of this id, group or kind; can be given several times
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(checks))]
    pub(super) skip: Vec<String>,
    /// Look again until all is well, at most that long; shows the last state
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "watch")]
    pub(super) wait: Option<Duration>,
    /// Look again and again until Ctrl-C, and say what changes; names stand before it
    #[arg(long, value_name = "EVERY", value_parser = duration)]
    #[arg(num_args = 0..=1, default_missing_value = "5s")]
    pub(super) watch: Option<Duration>,
    /// How long all checks together may take
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(super) deadline: Duration,
    /// The time between two scrapes of /metrics
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(super) window: Duration,
    /// Check nothing else, but send one request with a fresh id to this address, and find its log line,
    /// its trace and its count [default: a page that the metrics of a checked or running application know]
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    #[arg(conflicts_with_all = ["names", "only", "skip", "wait", "watch", "window", "no_baseline"])]
    pub(super) canary: Option<String>,
    /// What counts as unhealthy [default: fail]
    #[arg(long, value_name = "STATUS", value_enum)]
    pub(super) fail_on: Option<FailOn>,
    /// Neither compare with the last run nor keep this one for the next
    #[arg(long)]
    pub(super) no_baseline: bool,
    /// Show the steps and the origin of each check at any width
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Warnings too.
    Warn,
    /// Only failures.
    Fail,
    /// Nothing: the exit code is 0 whatever was found.
    Never,
}

impl CheckArgs {
    /// Returns what counts as unhealthy.
    pub(super) fn fail_on(&self) -> FailOn {
        self.fail_on.unwrap_or(FailOn::Fail)
    }

    /// Returns the names that were asked for.
    pub(super) fn asked(&self) -> Vec<&String> {
        self.names.iter().chain(&self.only).collect()
    }

    /// Refuses what would be without effect in this format.
    pub(super) fn agree_with(&self, format: Format) -> Result<()> {
        if format == Format::Nagios && self.fail_on.is_some() {
            return Err(Error::usage(
                "-o nagios has exit codes of its own: --fail-on does not go with it",
            )
            .hint("leave --fail-on out"));
        }
        if self.verbose && format != Format::Human {
            return Err(Error::usage("--verbose is for people")
                .hint("-o json has the steps and the origin of each check"));
        }
        if self.watch.is_some() && !matches!(format, Format::Human | Format::Jsonl) {
            return Err(Error::usage("--watch answers as human or jsonl"));
        }
        Ok(())
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("it must be longer than nothing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
