//! The signals of pages of metrics: two scrapes compared, or one held against its start.

use std::time::Duration;

use clap::{Args, ValueEnum};
use regex::Regex;

use super::list::pattern;
use super::page::{Place, Target};
use super::unmatched;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::http::{FetchError, Http};
use crate::metrics::conventions::Convention;
use crate::metrics::exposition::Fault;
use crate::metrics::families::{Family, group};
use crate::metrics::golden::{By, Golden};
use crate::metrics::workers::Workers;
use crate::model::{Missing, UnixNanos, parse_duration};
use crate::probes::scrape::{look, looks, read};
use crate::render::metrics::{MetricsReport, PageReport, Wanted};
use crate::render::{Format, Progress};

/// What of pages is shown, and how they are read.
#[derive(Debug, Args)]
pub(super) struct ScrapedArgs {
    /// The time between the two scrapes
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = length)]
    window: Duration,
    /// Scrape once: averages since the process started
    #[arg(long, conflicts_with = "window")]
    once: bool,
    /// What requests are told apart by
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = ByArg::Route)]
    by: ByArg,
    /// Only rows whose name matches this
    #[arg(long = "match", value_name = "REGEX", value_parser = pattern)]
    matching: Option<Regex>,
    /// The duration that satisfies, for the Apdex; taken to the nearest bucket
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = length)]
    apdex: Duration,
    /// Count requests with this metric, in place of what is found
    #[arg(long, value_name = "METRIC")]
    requests: Option<String>,
    /// Take durations from this histogram or summary, in place of what is found
    #[arg(long, value_name = "METRIC")]
    duration: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ByArg {
    /// Method and route.
    Route,
    /// Method.
    Method,
    /// Status.
    Status,
}

/// What was read of one page.
struct Scraped {
    before: Vec<Family>,
    after: Vec<Family>,
    faults: Vec<Fault>,
    /// Between the scrapes; `None` of one scrape.
    elapsed: Option<Duration>,
    /// Whether it was read just now, and no file.
    live: bool,
    scrapes: usize,
    workers: Option<Workers>,
}

fn length(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("it must be longer than nothing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the pages and shows their signals.
pub(super) fn run(
    typed: Option<&str>,
    args: &ScrapedArgs,
    context: &mut Context,
) -> Result<Outcome> {
    context.output.only_of_signals()?;
    let targets = match typed {
        Some(typed) => vec![Target::of(typed)?],
        None => Target::known(context)?,
    };
    let progress = Progress::new(&context.output.notes);
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    progress.say(&format!("reading {}", names.join(", ")));
    let scraped = all(&targets, args, context);
    progress.clear();
    let wanted = Wanted {
        matching: args.matching.clone(),
        apdex_ms: args.apdex.as_secs_f64() * 1e3,
        show_secrets: context.output.theme.show_secrets,
    };
    let now = context.now_nanos();
    let (mut pages, mut missing) = (Vec::new(), Vec::new());
    for (target, scraped) in targets.iter().zip(scraped?) {
        match scraped {
            Ok(scraped) => pages.push(scraped.report(target, args, now, &wanted)?),
            Err(error) => missing.push(Missing { source: target.shown(), reason: error.message }),
        }
    }
    if pages.is_empty() {
        let reasons = missing.iter().map(|one| format!("{}: {}", one.source, one.reason));
        let reasons: Vec<String> = reasons.collect();
        let error = Error::could_not_tell(format!("no page of metrics: {}", reasons.join("; ")));
        return Err(targets.iter().fold(error, |error, target| error.hint(target.look_at_it())));
    }
    context.warn_of_missing(&missing);
    let asked = targets.iter().any(|target| target.url().is_some());
    let report = MetricsReport::new(&context.ids.request_id, asked, pages, missing);
    let (tells, complete) = (report.tells(args.matching.is_some()), report.complete);
    match context.output.format() {
        Format::Md => report.markdown(context.output.stream().0)?,
        _ => context.output.show(&report)?,
    }
    if let Some(pattern) = args.matching.as_ref() {
        let signals = || report.pages.iter().filter_map(|page| page.signals.as_ref());
        let fitting = signals().any(|signals| !signals.rows.is_empty());
        if !fitting && tells {
            context.output.note("what --match fits had no request in that time");
        } else if !fitting {
            let names: Vec<String> =
                signals().flat_map(|signals| signals.others.iter().cloned()).collect();
            nothing_matches(pattern, "row", &names, context);
        }
    }
    Ok(Outcome::found(tells, complete))
}

/// Says that `--match` fits nothing, and what there is.
pub(super) fn nothing_matches(
    pattern: &Regex,
    what: &str,
    names: &[String],
    context: &mut Context,
) {
    let (note, hint) = unmatched::told(pattern, what, names);
    context.output.note(&note);
    if let Some(hint) = hint {
        context.output.hint(&hint);
    }
}

type Answer = Result<Scraped, FetchError>;

/// Reads all pages, those of the network at the same time.
fn all(targets: &[Target], args: &ScrapedArgs, context: &mut Context) -> Result<Vec<Answer>> {
    let urls: Vec<&str> = targets.iter().filter_map(Target::url).collect();
    if urls.len() == targets.len() {
        let (http, timeout) = (context.http(), context.settings.timeout.value);
        let window = (!args.once).then_some(args.window);
        return context.wait(async || {
            let scrapes = urls.iter().map(|url| of_url(&http, url, window, timeout));
            futures_util::future::join_all(scrapes).await
        });
    }
    targets.iter().map(|target| of_file(target, context)).collect()
}

async fn of_url(http: &Http, url: &str, window: Option<Duration>, timeout: Duration) -> Answer {
    let Some(window) = window else {
        let look = look(http, url, timeout).await?;
        let (before, workers) = (Vec::new(), None);
        let (after, faults) = (look.families, look.faults);
        return Ok(Scraped {
            before,
            after,
            faults,
            elapsed: None,
            live: true,
            scrapes: 1,
            workers,
        });
    };
    let looks = looks(http, url, window, timeout).await?;
    let (after, scrapes) = (looks.after, looks.scrapes);
    let elapsed = looks.before.as_ref().map(|before| after.answered - before.answered);
    Ok(Scraped {
        before: looks.before.map(|before| before.families).unwrap_or_default(),
        after: after.families,
        faults: after.faults,
        elapsed,
        live: true,
        scrapes,
        workers: looks.workers,
    })
}

fn of_file(target: &Target, context: &mut Context) -> Result<Answer> {
    let page = match target.read(context)? {
        Ok(page) => page,
        Err(error) => return Ok(Err(error)),
    };
    Ok(read(&page.body, &page.content_type).map(|exposition| Scraped {
        before: Vec::new(),
        after: group(&exposition),
        faults: exposition.faults,
        elapsed: None,
        live: false,
        scrapes: 1,
        workers: None,
    }))
}

impl Scraped {
    fn report(
        self,
        target: &Target,
        args: &ScrapedArgs,
        now: UnixNanos,
        wanted: &Wanted,
    ) -> Result<PageReport> {
        let by = match args.by {
            ByArg::Route => By::Route,
            ByArg::Method => By::Method,
            ByArg::Status => By::Status,
        };
        let given = args.requests.is_some() || args.duration.is_some();
        let convention = if given {
            Some(Convention::given(args.requests.clone(), args.duration.clone()))
        } else {
            Convention::of(&self.after)
        };
        let golden = convention.and_then(|convention| match self.elapsed {
            Some(_) => Golden::of(convention, &self.before, &self.after, self.elapsed, by),
            None => Golden::lifetime(convention, &self.after, self.live.then_some(now), by),
        });
        if golden.is_none() && given {
            let named: Vec<&str> =
                args.requests.iter().chain(&args.duration).map(String::as_str).collect();
            return Err(Error::usage(format!(
                "{} has no metric {}",
                target.shown(),
                named.join(", ")
            ))
            .hint(format!("see what is there: obs metrics list {}", target.typed())));
        }
        let elapsed = self.elapsed.or_else(|| golden.as_ref().and_then(|golden| golden.elapsed));
        let mut page = PageReport::new(&target.name, &target.shown(), &self.after, self.faults);
        page.scrapes = self.scrapes;
        page.elapsed_ms = elapsed.map(|elapsed| elapsed.as_secs_f64() * 1e3);
        page.lifetime = self.elapsed.is_none();
        page.saturate(&self.before, &self.after, elapsed);
        if let Some(workers) = self.workers {
            page.warn_of_workers(&workers, self.elapsed.is_some());
        }
        if let Some(golden) = golden {
            page.tell(&golden, wanted);
        }
        Ok(page)
    }
}

impl Target {
    /// Returns its address, if it has one.
    fn url(&self) -> Option<&str> {
        match &self.place {
            Place::Url(url) => Some(url),
            Place::File(_) | Place::Input => None,
        }
    }
}
