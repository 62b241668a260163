//! `obs metrics`: rate, errors, duration and saturation, out of a page of metrics.
//!
//! Here: which question it is. `page` finds the pages, `scraped` compares two scrapes of them, `list`
//! shows their samples, `lint` what is wrong with them; `query` asks a Prometheus instead, and
//! `answering` says what is there where that is none;
//! `unmatched` tells what there is where `--match` fits nothing.

mod answering;
mod lint;
mod list;
mod page;
mod query;
mod scraped;
mod unmatched;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::{Error, Outcome, Result};

/// Arguments of `obs metrics`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  obs metrics http://127.0.0.1:8000/metrics   two scrapes, 5 seconds apart
  obs metrics localhost:8000 --window 30s --by status
  obs metrics localhost:8000 --once           since the process started
  obs metrics --match /checkout               only some routes, of all pages that are known here
  obs metrics saved.prom                      a file is one scrape; - is standard input
  obs metrics localhost:8000 -o json | jq '.pages[].signals.error_ratio'
  obs metrics list localhost:8000             every sample
  obs metrics lint localhost:8000             what is wrong with the page
  obs metrics --query 'sum(rate(http_requests_total[5m]))' --since 1h

Without a page: the checks of kind metrics in obs.toml, else the applications of the running demo.
Requests for /metrics and for health pages are left out, and counted.

Exit codes: 0 requests or saturation were told, 1 the page tells neither or --match fits no row, 3 a page
could not be read, or not all of it.")]
pub struct MetricsArgs {
    /// The page: a URL, host:port, a file, or - for standard input
    #[arg(value_name = "URL|FILE")]
    page: Option<String>,
    #[command(flatten)]
    scraped: scraped::ScrapedArgs,
    /// What else to do
    #[command(subcommand)]
    command: Option<MetricsCommand>,
    #[command(flatten)]
    query: query::QueryArgs,
}

#[derive(Debug, Subcommand)]
enum MetricsCommand {
    /// List the samples of a page, each with its type
    List(list::ListArgs),
    /// Tell what is wrong with a page
    Lint(lint::LintArgs),
}

/// Reads the pages and shows what they say.
pub fn run(args: &MetricsArgs, context: &mut Context) -> Result<Outcome> {
    if let Some(expression) = &args.query.query {
        return query::run(expression, &args.query, context);
    }
    match &args.command {
        Some(MetricsCommand::List(args)) => return list::run(args, context),
        Some(MetricsCommand::Lint(args)) => return lint::run(args, context),
        None => {}
    }
    if let Some(word @ ("list" | "lint")) = args.page.as_deref() {
        return Err(Error::usage(format!("options of `obs metrics {word}` stand behind `{word}`"))
            .hint(format!("obs metrics {word} --help")));
    }
    // clap asks for --query only where nothing is there that conflicts with it.
    if let Some(option) = args.query.lacking_query() {
        return Err(Error::usage(format!("{option} is of --query, and there is none"))
            .hint("compute an expression over time: obs metrics --query PROMQL --since 1h")
            .hint("look at a page for longer: obs metrics URL --window 1m"));
    }
    scraped::run(args.page.as_deref(), &args.scraped, context)
}
