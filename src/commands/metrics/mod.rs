//! `obs metrics`: rate, errors, duration and saturation, out of a page of metrics.
//!
//! Here: which question it is. `page` finds the pages; `list` shows their samples; `query` asks a
//! Prometheus instead.

mod list;
mod page;
mod query;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::error::{Outcome, Result};

/// Arguments of `obs metrics`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct MetricsArgs {
    /// What to do
    #[command(subcommand)]
    command: Option<MetricsCommand>,
    #[command(flatten)]
    query: query::QueryArgs,
}

#[derive(Debug, Subcommand)]
enum MetricsCommand {
    /// List the samples of a page, each with its type
    List(list::ListArgs),
}

/// Reads the pages and shows what they say.
pub fn run(args: &MetricsArgs, context: &mut Context) -> Result<Outcome> {
    if let Some(expression) = &args.query.query {
        return query::run(expression, &args.query, context);
    }
    match &args.command {
        Some(MetricsCommand::List(args)) => list::run(args, context),
        None => Ok(Outcome::No),
    }
}
