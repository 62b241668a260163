//! `obs trace`: where did the time go, and where did it fail?
//!
//! Here: the question and the answer. In `view` which spans are drawn.

mod view;

use clap::Args;
use clap_complete::ArgValueCandidates;

use crate::completion::recent_ids;
use crate::context::{Context, Wanted, read_id};
use crate::error::{Error, Outcome, Result};
use crate::model::{Correlation, Gathered, LogRecord, Span, Story, TraceId};
use crate::render::waterfall::{TraceLine, TraceReport, WaterfallOptions};
use crate::render::{Format, text};
use crate::traces::analyse;
use view::ViewArgs;

/// Arguments of `obs trace`.
#[derive(Debug, Args)]
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
  obs trace ID -o md                  for a ticket
  tail -1 app.log | obs trace -       the id of a log line")]
pub struct TraceArgs {
    /// A trace id or a request id in any form, or - to read it from standard input
    #[arg(value_name = "ID", add = ArgValueCandidates::new(recent_ids))]
    id: String,
    #[command(flatten)]
    view: ViewArgs,
}

/// Finds the trace and shows it.
pub fn run(args: &TraceArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_of_trace()?;
    let correlation = read_id(&args.id)?;
    let gathered = context.story(Wanted::Traces, &correlation)?;
    let (found, complete) = (!gathered.found.spans.is_empty(), gathered.missing.is_empty());
    if !found {
        context.say_not_found("no trace", &correlation, &gathered.asked, &gathered.missing);
        let lines = gathered.found.logs.len();
        if lines > 0 {
            let id = text::word(correlation.id());
            let why = "(not sampled, or not sent yet?)";
            context.output.hint(&format!("{lines} log lines have it {why}: obs request {id}"));
        }
    }
    let show_secrets = context.output.theme.show_secrets;
    if args.view.logs && gathered.found.logs_truncated {
        context.output.note("there are more log lines than are kept: obs logs shows all");
    }
    let options = args.view.options(show_secrets);
    let report = report(gathered, &correlation, options, args.view.logs);
    let analysis = &report.spans.analysis;
    if let Some(unknown) = report.options.view.unknown(analysis).filter(|_| found) {
        return Err(Error::usage(unknown).hint(format!("obs trace {}", text::word(&args.id))));
    }
    let matched = !found || context.output.is_json() || report.options.view.any_match(analysis);
    if !matched {
        context.output.note("no span matches all filters; the whole trace is there without them");
    }
    if let Some(how) = report.resolved_by {
        context.output.note(&format!("{} was found by its {how}", correlation.id()));
    }
    for other in &report.other_trace_ids {
        context.output.note(&format!("this request has another trace: obs trace {other}"));
    }
    if found || context.output.is_json() {
        if context.output.format() == Format::Md {
            let (out, theme) = context.output.stream();
            report.markdown(out, theme)?;
            out.flush()?;
        } else {
            context.output.show(&report)?;
        }
    }
    Ok(Outcome::found(found && matched, complete))
}

/// Builds the answer of the first trace that has spans.
fn report(
    gathered: Gathered<Story>,
    correlation: &Correlation,
    options: WaterfallOptions,
    with_logs: bool,
) -> TraceReport {
    let Gathered { found: story, asked, missing } = gathered;
    let has_spans = |id: &TraceId| story.spans.iter().any(|span| span.trace_id == *id);
    let with_spans: Vec<TraceId> = story.trace_ids.iter().copied().filter(has_spans).collect();
    let trace_id = with_spans.first().or(story.trace_ids.first()).copied();
    let asked_as = (correlation.trace_id() != trace_id).then(|| correlation.id().to_owned());
    let request_id = asked_as.or_else(|| story.request_id(correlation));
    let of_trace = |span: &Span| Some(span.trace_id) == trace_id;
    let of_other = |record: &LogRecord| {
        let named = record.trace_id.as_deref().and_then(TraceId::from_hex);
        named.is_some_and(|named| Some(named) != trace_id)
    };
    let lines = story.logs.iter().filter(|record| !of_other(record));
    let lines = lines.map(|record| TraceLine::of(record, options.show_secrets));
    let logs = with_logs.then(|| lines.collect());
    let spans = story.spans.into_iter().filter(of_trace).collect();
    let report = TraceReport::new(trace_id, request_id, analyse(spans), asked, missing, options);
    TraceReport {
        logs,
        resolved_by: story.resolved_by,
        other_trace_ids: with_spans.into_iter().skip(1).collect(),
        ..report
    }
}
