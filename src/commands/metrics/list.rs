//! `obs metrics list`: every sample of a page, with its type.

use clap::Args;
use regex::Regex;

use super::page::Target;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::probes::scrape::read;
use crate::render::Format;
use crate::render::metrics_list::{ListedSample, MetricsListReport};

/// How many samples are listed for people unless `--limit` says otherwise.
const LIMIT_DEFAULT: usize = 200;

/// Arguments of `obs metrics list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs metrics list http://127.0.0.1:8000/metrics
  obs metrics list localhost:8000 --match '^http_.*_total'
  curl -s http://127.0.0.1:8000/metrics | obs metrics list - -o jsonl

Exit codes: 0 samples were found, 1 none, 3 the page could not be read, or not all of it.")]
pub(super) struct ListArgs {
    /// The page: a URL, host:port, a file, or - for standard input
    #[arg(value_name = "URL|FILE")]
    page: String,
    /// Only samples whose name and labels, as they stand on the page, match this
    #[arg(long = "match", value_name = "REGEX", value_parser = pattern)]
    matching: Option<Regex>,
    /// How many to list at most; 0 for all [default: 200 for people, else all]
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
}

/// Reads an expression of `--match`.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| error.to_string())
}

/// Reads the page and lists its samples.
pub(super) fn run(args: &ListArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_of_metrics("metrics list")?;
    let target = Target::of(&args.page)?;
    let page = target.read(context)?.map_err(|error| target.unreadable(error))?;
    let exposition =
        read(&page.body, &page.content_type).map_err(|error| target.unreadable(error))?;
    let show_secrets = context.output.theme.show_secrets;
    let kinds = exposition.kinds();
    let all = exposition.samples.iter().filter(|sample| {
        args.matching.as_ref().is_none_or(|pattern| pattern.is_match(&sample.series()))
    });
    let all: Vec<ListedSample> =
        all.map(|sample| ListedSample::new(sample, kinds.of(sample), show_secrets)).collect();
    let people = context.output.format() == Format::Human;
    let limit = args.limit.unwrap_or(if people { LIMIT_DEFAULT } else { 0 });
    let found = all.len();
    let truncated = limit > 0 && found > limit;
    let samples = all.into_iter().take(if limit == 0 { usize::MAX } else { limit }).collect();
    let complete = exposition.faults.is_empty();
    let names = exposition.samples.iter().map(|sample| sample.name.to_string());
    let names: Vec<String> = if found == 0 { names.collect() } else { Vec::new() };
    let report =
        MetricsListReport::new(target.shown(), found, truncated, samples, exposition.faults);
    match context.output.format() {
        Format::Jsonl => report.lines(context.output.stream().0)?,
        Format::Md => report.markdown(context.output.stream().0)?,
        _ => context.output.show(&report)?,
    }
    if let Some(pattern) = args.matching.as_ref().filter(|_| found == 0) {
        super::scraped::nothing_matches(pattern, "sample", &names, context);
    }
    Ok(Outcome::found(found > 0, complete))
}

impl Target {
    /// Says why there is nothing to show of it.
    pub(super) fn unreadable(
        &self,
        error: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        Error::could_not_tell(format!("cannot read {}", self.shown())).because(error)
    }
}
