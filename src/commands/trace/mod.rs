//! `obs trace`: where did the time go, and where did it fail?
//!
//! Here: the question and the answer of the first trace found. `found` looks for it, `file` in files, where
//! `seen` is what their list says of a trace; `view` says which spans are drawn, `written` in which
//! format, `compared` holds the trace against others; `list` lists the latest.

mod compared;
mod file;
mod found;
mod list;
mod seen;
mod view;
mod written;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use clap_complete::ArgValueCandidates;

use crate::completion::recent_ids;
use crate::config::TRACE_ID;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::model::{Correlation, Gathered, LogRecord, Story, TraceId};
use crate::render::text;
use crate::render::waterfall::{TraceLine, TraceLink, TraceReport, WaterfallOptions};
use crate::traces::analyse;
use found::{Found, find, is_arriving};
use view::ViewArgs;

/// Options that choose what of one trace is drawn.
const DRAWN_ONLY: [&str; 9] =
    ["depth", "min_duration", "service", "grep", "span", "root", "critical", "events", "logs"];

/// Arguments of `obs trace`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  obs trace 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12
  obs trace req_8fK2                  a request id that is not the trace id
  obs trace ID --all                  every span, nothing folded
  obs trace ID --critical             what the trace's length is made of
  obs trace ID --min-duration 1%      nothing shorter; or 5ms
  obs trace ID --depth 2 --service payments
  obs trace ID --grep 'db.system=postgres'
  obs trace ID --span 6dd68593551e41c6 --events --logs
  obs trace ID --root 2               the second operation under a reused id
  obs trace ID --wait 30s             wait longer for spans that are still on their way
  obs trace list --errors             the latest traces in which something failed
  obs trace ID --diff OTHER           against a request that went well
  obs trace ID --baseline             against the last 50 of the same operation
  obs trace ID -o html >trace.html    a page to pass on; -o svg, -o md for a ticket
  obs trace ID -o folded | flamegraph.pl >flame.svg; -o perfetto, -o otlp for other tools
  tail -1 app.log | obs trace -       the id of a log line
  obs trace --file trace.json         what a backend's page downloads, or a Collector wrote

Asked are the running obs serve or what it has stored, and every [[source]] of obs.toml: for traces kind
is jaeger, tempo, victoriatraces, zipkin or sentry, and url where it answers. [links] has pages to
link to: honeycomb = \"https://ui.honeycomb.io/TEAM/trace?trace_id={trace_id}\".")]
pub struct TraceArgs {
    /// A trace id or a request id in any form, or - to read it from standard input
    #[arg(value_name = "ID", required_unless_present = "file", add = ArgValueCandidates::new(recent_ids))]
    id: Option<String>,
    /// Look in a file and ask nobody: OTLP, Tempo, Jaeger or Zipkin; - is standard input
    ///
    /// What it is, shows in its content: OTLP as JSON, JSON lines or protobuf, the answers of Tempo,
    /// Jaeger and Zipkin, what their pages download; also compressed. Several are read as one. The id
    /// may be left out where there is one trace.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Vec<PathBuf>,
    /// How long to wait for spans that are still arriving; 0 asks once [default: 10s where the trace
    /// is younger than a minute, else 0]
    #[arg(long, value_name = "DURATION", conflicts_with = "file")]
    wait: Option<String>,
    /// Compare with another trace, step by step: what took longer, what is new, what is gone
    #[arg(long, value_name = "OTHER", requires = "id", conflicts_with_all = DRAWN_ONLY)]
    diff: Option<String>,
    /// Hold it against the last 50 traces of the same operation, of the day before it
    #[arg(long, conflicts_with_all = DRAWN_ONLY, conflicts_with_all = ["diff", "file"])]
    baseline: bool,
    #[command(flatten)]
    view: ViewArgs,
    /// What else to do
    #[command(subcommand)]
    command: Option<TraceCommand>,
}

#[derive(Debug, Subcommand)]
enum TraceCommand {
    /// List the latest traces
    List(list::ListArgs),
}

/// Finds the trace and shows it.
pub fn run(args: &TraceArgs, context: &mut Context) -> Result<Outcome> {
    if let Some(TraceCommand::List(args)) = &args.command {
        return list::run(args, context);
    }
    if args.id.as_deref() == Some("list") {
        return Err(Error::usage("options of `obs trace list` stand behind `list`")
            .hint("obs trace list --help"));
    }
    if let Some(other) = &args.diff {
        return compared::diff(args, other, context);
    }
    if args.baseline {
        return compared::baseline(args, context);
    }
    context.output.only_of_trace()?;
    let found = find(args.id.as_deref(), &args.file, args.wait.as_deref(), context)?;
    let (is_found, complete) = (found.is_found(), found.is_complete());
    let Found { correlation, gathered } = found;
    let show_secrets = context.output.theme.show_secrets;
    if args.view.logs && gathered.found.logs_truncated {
        context.output.note("there are more log lines than are kept: obs logs shows all");
    }
    let files = file::arguments(&args.file);
    let options = args.view.options(show_secrets, files.clone());
    let mut report = report(gathered, &correlation, options, args.view.logs);
    report.links = links(report.trace_id, context);
    let analysis = &report.spans.analysis;
    if let Some(unknown) = report.options.view.unknown(analysis).filter(|_| is_found) {
        return Err(Error::usage(unknown)
            .hint(format!("obs trace {}{files}", text::word(correlation.id()))));
    }
    let whole = written::has_all_spans(context.output.format());
    let matched = !is_found || whole || report.options.view.any_match(analysis);
    if !matched {
        context.output.note("no span matches all filters; the whole trace is there without them");
    }
    if let Some(how) = report.resolved_by {
        context.output.note(&format!("{} was found by its {how}", correlation.id()));
    }
    for other in &report.other_trace_ids {
        context.output.note(&format!("this request has another trace: obs trace {other}"));
    }
    if is_found || context.output.is_json() {
        written::write(&report, context)?;
    }
    // The process ends: giving back each text of a large trace would only take time.
    std::mem::forget(report);
    Ok(Outcome::found(is_found && matched, complete))
}

/// Returns the pages that the configuration has of any trace, for this one.
fn links(trace_id: Option<TraceId>, context: &Context) -> Vec<TraceLink> {
    let Some(id) = trace_id.map(|id| id.to_string()) else { return Vec::new() };
    let links = context.settings.links.value.iter();
    links
        .map(|(name, url)| TraceLink { name: name.clone(), url: url.replace(TRACE_ID, &id) })
        .collect()
}

/// Builds the answer of the first trace that has spans.
fn report(
    gathered: Gathered<Story>,
    correlation: &Correlation,
    options: WaterfallOptions,
    with_logs: bool,
) -> TraceReport {
    let Gathered { found: story, asked, missing } = gathered;
    let arriving = is_arriving(&story);
    let waited_ms = story.waited.map(|waited| waited.length.as_secs_f64() * 1e3);
    let has_spans = |id: &TraceId| story.spans.iter().any(|span| span.trace_id == *id);
    let with_spans: Vec<TraceId> = story.trace_ids.iter().copied().filter(has_spans).collect();
    let trace_id = with_spans.first().or(story.trace_ids.first()).copied();
    let asked_as = (correlation.trace_id() != trace_id).then(|| correlation.id().to_owned());
    let request_id = asked_as.or_else(|| story.request_id(correlation));
    let of_other = |record: &LogRecord| {
        let named = record.trace_id.as_deref().and_then(TraceId::from_hex);
        named.is_some_and(|named| Some(named) != trace_id)
    };
    let lines = story.logs.iter().filter(|record| !of_other(record));
    let lines = lines.map(|record| TraceLine::of(record, options.show_secrets));
    let logs = with_logs.then(|| lines.collect());
    let mut spans = story.spans;
    spans.retain(|span| Some(span.trace_id) == trace_id);
    let report = TraceReport::new(trace_id, request_id, analyse(spans), asked, missing, options);
    TraceReport {
        logs,
        resolved_by: story.resolved_by,
        waited_ms,
        complete: report.complete && !arriving,
        other_trace_ids: with_spans.into_iter().skip(1).collect(),
        ..report
    }
}
