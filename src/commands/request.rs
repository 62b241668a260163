//! `obs request`: the story of one request, everything on one timeline.

use clap::Args;
use clap_complete::ArgValueCandidates;

use crate::completion::recent_ids;
use crate::context::{Context, Wanted, read_id};
use crate::error::{Outcome, Result};
use crate::render::timeline::RequestReport;

/// Arguments of `obs request`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs request 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12
  obs request req_8fK2 -o json
  tail -1 app.log | obs request -     the id of a log line")]
pub struct RequestArgs {
    /// A request id or a trace id in any form, or - to read it from standard input
    #[arg(value_name = "ID", add = ArgValueCandidates::new(recent_ids))]
    id: String,
}

/// Gathers all that is known of the request and shows it.
pub fn run(args: &RequestArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("request")?;
    let correlation = read_id(&args.id)?;
    let gathered = context.story(Wanted::Story, &correlation)?;
    let (found, complete) = (!gathered.found.is_empty(), gathered.missing.is_empty());
    if !found {
        context.say_not_found("nothing", &correlation, &gathered.asked, &gathered.missing);
    }
    if found || context.output.is_json() {
        let show_secrets = context.output.theme.show_secrets;
        context.output.show(&RequestReport::new(&correlation, gathered, show_secrets))?;
    }
    Ok(Outcome::found(found, complete))
}
