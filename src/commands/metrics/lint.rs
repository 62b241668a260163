//! `obs metrics lint`: what is wrong with a page of metrics.

use clap::Args;

use super::page::Target;
use crate::context::Context;
use crate::error::{Outcome, Result};
use crate::metrics::exposition;
use crate::metrics::lint::lint;
use crate::model::Reason;
use crate::probes::scrape;
use crate::render::Format;
use crate::render::metrics_lint::LintReport;

/// Arguments of `obs metrics lint`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs metrics lint http://127.0.0.1:8000/metrics
  obs metrics lint saved.prom
  curl -s http://127.0.0.1:8000/metrics | obs metrics lint - -o json

Exit codes: 0 nothing is wrong, 1 something is, 3 the page could not be read.")]
pub(super) struct LintArgs {
    /// The page: a URL, host:port, a file, or - for standard input
    #[arg(value_name = "URL|FILE")]
    page: String,
    #[arg(long, help = "Judge a file as OpenMetrics, whatever its end says")]
    openmetrics: bool,
    /// Leave out what is only against the conventions of names
    #[arg(long)]
    no_names: bool,
}

/// Reads the page and lists what is wrong with it.
pub(super) fn run(args: &LintArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_of_metrics("metrics lint")?;
    let target = Target::of(&args.page)?;
    let page = target.read(context)?.map_err(|error| target.unreadable(error))?;
    let content_type =
        if args.openmetrics { "application/openmetrics-text" } else { &page.content_type };
    let exposition = exposition::read(&page.body, content_type);
    let mut problems = lint(&exposition);
    if args.no_names {
        problems.retain(|problem| !problem.rule.is_of_names());
    }
    // An HTML page is one problem, not one a line.
    let refused = scrape::read(&page.body, content_type).err();
    let refused = refused.filter(|error| error.reason == Reason::Protocol);
    let refused = refused.map(|error| error.message);
    let samples = exposition.samples.len();
    let show_secrets = context.output.theme.show_secrets;
    let report = LintReport::new(target.shown(), samples, refused, problems, show_secrets);
    let outcome = if report.problems.is_empty() { Outcome::Yes } else { Outcome::No };
    match context.output.format() {
        Format::Jsonl => report.lines(context.output.stream().0)?,
        Format::Md => report.markdown(context.output.stream().0)?,
        _ => context.output.show(&report)?,
    }
    Ok(outcome)
}
