//! `--watch`: looking again and again, and a line for each change.
//!
//! A round asks what is not being asked still: what hangs until its time is over holds back neither
//! the news of the others nor their next round, only what needs it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};

use super::args::CheckArgs;
use super::beside::Beside;
use super::looking::TICK;
use super::{outcome, past};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::model::{CheckResult, Status, UnixNanos};
use crate::probes::{Means, Probe, run_all};
use crate::render::check::{ChangeReport, State, row};
use crate::render::{Format, Live, Output, text};

/// Looks until Ctrl-C, which is how it is meant to end: with the exit code of the last state.
pub(super) fn watch(
    probes: &[Probe],
    means: &Means,
    every: Duration,
    args: &CheckArgs,
    beside: &Beside,
    context: &mut Context,
) -> Result<(Vec<CheckResult>, Outcome)> {
    let live = Live::new(&context.output.notes, probes.iter().map(|probe| probe.id.as_str()));
    live.title(&format!("asking {}", text::counted(probes.len(), "check")));
    let clock = (context.now_nanos(), Instant::now());
    let mut watched = Watched::new(probes, beside, &live, clock);
    let ended = context.wait_and_write(async |output: &mut Output| {
        watched.look(means, every, args.deadline, output).await
    });
    let error = match ended {
        Ok(Err(failed)) => Error::from(failed),
        Err(error) => error,
    };
    live.clear();
    let last: Option<Vec<CheckResult>> = watched.last.into_iter().collect();
    match last {
        Some(results) if error.kind() == ErrorKind::Interrupted => {
            let outcome = outcome(&results, args.fail_on());
            Ok((results, outcome))
        }
        _ => Err(error),
    }
}

/// The checks, and how they were when they were looked at the last time.
struct Watched<'a> {
    probes: &'a [Probe],
    beside: &'a Beside,
    live: &'a Live,
    clock: (UnixNanos, Instant),
    /// In the order of the probes.
    last: Vec<Option<CheckResult>>,
    /// Which of them are being asked.
    asked: Vec<bool>,
    known: HashMap<String, State>,
    /// Whether each has been heard once, and that was said.
    begun: bool,
}

impl<'a> Watched<'a> {
    fn new(
        probes: &'a [Probe],
        beside: &'a Beside,
        live: &'a Live,
        clock: (UnixNanos, Instant),
    ) -> Self {
        let (last, asked) = (vec![None; probes.len()], vec![false; probes.len()]);
        Self { probes, beside, live, clock, last, asked, known: HashMap::new(), begun: false }
    }

    /// Begins a round as often as was asked for, and tells what comes back as it comes; ends when
    /// nothing can be written any more.
    async fn look(
        &mut self,
        means: &Means,
        every: Duration,
        deadline: Duration,
        output: &mut Output,
    ) -> io::Result<Infallible> {
        // No check is asked twice at a time: there are never more answers in it than checks.
        let (sender, mut answers) = unbounded_channel();
        let mut rounds = FuturesUnordered::new();
        let (mut next, mut turns) = (interval(every), interval(TICK));
        next.set_missed_tick_behavior(MissedTickBehavior::Delay);
        turns.tick().await;
        loop {
            tokio::select! {
                biased;
                Some(result) = answers.recv() => self.hear(result, every, output)?,
                _ = next.tick() => {
                    let means = Means { now: self.now(), ..means.clone() };
                    rounds.push(round(self.free(), means, deadline, sender.clone()));
                }
                Some(()) = rounds.next() => {}
                _ = turns.tick() => self.live.tick(),
            }
        }
    }

    /// Returns what can be asked now, and keeps in mind that it is: what is not being asked, and
    /// needs nothing that is.
    fn free(&mut self) -> Vec<Probe> {
        let mut busy: Vec<&str> = Vec::new();
        let named = self.probes.iter().zip(&self.asked);
        busy.extend(named.filter(|(_, asked)| **asked).map(|(probe, _)| probe.id.as_str()));
        loop {
            let waits = |probe: &&Probe| {
                !busy.contains(&probe.id.as_str())
                    && probe.needs.iter().any(|need| busy.contains(&need.as_str()))
            };
            let Some(probe) = self.probes.iter().find(waits) else { break };
            busy.push(&probe.id);
        }
        let mut free = Vec::new();
        for (probe, asked) in self.probes.iter().zip(&mut self.asked) {
            if !busy.contains(&probe.id.as_str()) {
                *asked = true;
                free.push(probe.clone());
            }
        }
        free
    }

    fn hear(
        &mut self,
        mut result: CheckResult,
        every: Duration,
        output: &mut Output,
    ) -> io::Result<()> {
        let place = self.probes.iter().position(|probe| probe.id == result.id);
        let Some(place) = place else { return Ok(()) };
        let at = self.now();
        self.asked[place] = false;
        self.beside.complete(&mut result, at);
        if let Some(last) = &self.last[place] {
            past::go_on(&mut result, last);
        }
        self.live.set(place, row(&result.id, Some(&result), self.live.theme()));
        self.tell(&result, at, output)?;
        self.last[place] = Some(result);
        if !self.begun && self.last.iter().all(Option::is_some) {
            self.begun = true;
            self.begin(output);
            self.live.title(&format!("looking every {every:?}; Ctrl-C ends"));
        }
        Ok(())
    }

    /// Says how many are well, once each has been asked.
    fn begin(&self, output: &mut Output) {
        let all = self.last.iter().flatten().flat_map(CheckResult::flat);
        let all: Vec<Status> = all.map(|result| result.status).collect();
        let well = all.iter().filter(|status| **status == Status::Ok).count();
        let count = all.len();
        self.live.clear();
        output.note(&format!("{well} of {count} are ok; from here on, what changes"));
    }

    /// Writes a line for a check, and for each part of it, that is not as it was; at its first look
    /// where it is not well.
    fn tell(&mut self, result: &CheckResult, at: UnixNanos, output: &mut Output) -> io::Result<()> {
        let show_secrets = output.theme.show_secrets;
        for result in result.flat() {
            let now = State::of(result);
            let before = self.known.insert(result.id.clone(), now.clone());
            let changed = match &before {
                // What was not there at the first look is new: a component of a page that answers again.
                None => result.status != Status::Ok,
                Some(before) => *before != now,
            };
            if !changed {
                continue;
            }
            self.live.clear();
            let change = ChangeReport::new(result, before, at, show_secrets);
            if output.format() == Format::Jsonl {
                output.json_line(&change)?;
            } else {
                let (out, theme) = output.stream();
                change.line(out, theme)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    fn now(&self) -> UnixNanos {
        let (start, began) = self.clock;
        let passed = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
        UnixNanos(start.0.saturating_add(passed))
    }
}

/// Asks once, and sends each answer as it comes.
async fn round(
    probes: Vec<Probe>,
    means: Means,
    deadline: Duration,
    sender: UnboundedSender<CheckResult>,
) {
    let mut told: Vec<String> = Vec::new();
    // Whoever listens does so as long as this runs.
    let send = |result: &CheckResult| drop(sender.send(result.clone()));
    let done = |result: &CheckResult| {
        told.push(result.id.clone());
        send(result);
    };
    let results = run_all(&probes, &means, deadline, done).await;
    // What had not answered at the deadline ended with it.
    results.iter().filter(|result| !told.contains(&result.id)).for_each(send);
}
