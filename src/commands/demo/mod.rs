//! `obs demo`: the backend and the reference service, broken in known ways, and what `obs` says.
//!
//! Here: the arguments and the order of things. `stage` starts and stops the processes, `acts` sends
//! the traffic and asks this very executable's own commands, `report` is what is shown.

mod acts;
mod report;
mod stage;

use std::time::Duration;

use clap::Args;

use crate::config::Origin;
use crate::context::Context;
use crate::demo::traffic::Scenario;
use crate::demo::{self, Service};
use crate::error::{Error, Outcome, Result};
use crate::render::Progress;
use acts::ACTS;
use stage::Stage;

/// How long the demo that stays up waits between two requests.
const TRAFFIC_PAUSE: Duration = Duration::from_millis(700);

/// Arguments of `obs demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs demo                   stay up; try the commands that it prints in another terminal
  obs demo --once            show everything once and end
  obs demo --once -o json    the same as one document")]
pub struct DemoArgs {
    /// Show everything once and end
    #[arg(long)]
    once: bool,
    /// The backend's port on 127.0.0.1; the next free one is taken when it is in use
    #[arg(long, default_value_t = crate::serve::DEFAULT_PORT)]
    port: u16,
}

/// Arguments of the hidden command that is one of the applications.
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// orders-api or inventory
    name: String,
}

/// Starts everything, breaks it, and answers.
pub fn run(args: &DemoArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("demo")?;
    if context.output.is_json() && !args.once {
        return Err(Error::usage("the demo that stays up is no document")
            .hint("the one that ends is: obs demo --once -o json"));
    }
    if matches!(context.settings.url.origin, Origin::Flag(_)) {
        return Err(Error::usage("the demo asks the backend that it starts: leave out --url"));
    }
    let runtime = context.runtime()?.handle().clone();
    runtime.block_on(async {
        let progress = Progress::new(&context.output.notes);
        progress.say("starting the backend and the reference service");
        let mut stage = stage::until_stopped(Stage::start(args.port, context)).await?;
        let outcome = stage::until_stopped(async {
            if args.once {
                once(&stage, &progress, context).await
            } else {
                stay_up(&mut stage, &progress, context).await
            }
        });
        let outcome = outcome.await;
        progress.clear();
        stage.stop().await;
        outcome
    })
}

/// Runs one of the applications until it is told to stop.
pub fn run_service(args: &ServiceArgs) -> Result<Outcome> {
    let service = Service::from_name(&args.name)
        .ok_or_else(|| Error::usage(format!("there is no service `{}` in the demo", args.name)))?;
    demo::run_service(service)
        .map_err(|error| Error::could_not_tell(format!("{} failed", args.name)).because(error))?;
    Ok(Outcome::Yes)
}

/// Plays every act and shows what the commands say of it.
async fn once(stage: &Stage, progress: &Progress, context: &mut Context) -> Result<Outcome> {
    let mut report = report::DemoReport::new(stage);
    for act in &ACTS {
        progress.say(&format!("sending the request: {}", act.scenario));
        let sent = act.send(stage).await?;
        progress.clear();
        if !context.output.is_json() {
            report::heading(&mut context.output, &sent)?;
        }
        let mut answers = acts::ask_at_once(act, &sent, stage, context).await?;
        let played = act.wait_for_arrival(stage, sent).await?;
        answers.extend(acts::ask_after(act, &played, stage, context).await?);
        report.add(played, answers);
    }
    progress.clear();
    if context.output.is_json() {
        context.output.json(&report)?;
    } else {
        report::ending(&mut context.output, &report)?;
    }
    context.output.flush()?;
    report.outcome()
}

/// Keeps traffic flowing until interrupted, and says what to type.
async fn stay_up(stage: &mut Stage, progress: &Progress, context: &mut Context) -> Result<Outcome> {
    progress.say("sending the first requests");
    let mut played = Vec::new();
    for act in &ACTS[..3] {
        let sent = act.send(stage).await?;
        played.push(act.wait_for_arrival(stage, sent).await?);
    }
    progress.clear();
    report::invitation(&mut context.output, stage, &played)?;
    context.output.flush()?;
    for turn in 0_usize.. {
        tokio::time::sleep(TRAFFIC_PAUSE).await;
        stage.check()?;
        // Mostly well, as traffic is; each failure comes round every few seconds.
        let scenario = match turn % 6 {
            5 => Scenario::ALL[(turn / 6) % Scenario::ALL.len()],
            _ => Scenario::Order,
        };
        if let Err(error) = stage.send(scenario).await {
            context.output.warn(&format!("{}: {}", error.message(), error.causes().join(": ")));
        }
    }
    Ok(Outcome::Yes)
}
