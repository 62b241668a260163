//! `obs runbook`: what do I do?

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Read as _};

use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;

use crate::completion::{recent_ids, runbook_names};
use crate::context::{Context, FoundRunbook};
use crate::error::{Error, Outcome, Result};
use crate::logs::read_line;
use crate::model::{Correlation, nearest};
use crate::render::explain::ExplainReport;
use crate::render::runbook::{RunbookReport, SearchReport, SectionReport};
use crate::render::text;
use crate::runbook::{self, Evidence, Runbook};

/// A traceback is some kilobytes; of what is longer the rest says nothing new.
const TEXT_BYTES_MAX: u64 = 4 << 20;

/// Arguments of `obs runbook`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  obs runbook                              what is in it, and what is wrong with it
  obs runbook pool-exhausted               a section, by its anchor or an alert's runbook_url
  obs runbook search pool                  where words stand
  obs logs --request-id ID | obs runbook explain
                                           the cause that fits an error, and what to do next
  obs runbook contacts                     whom to call, and when

A team's runbook is runbook/*.md or docs/runbook.md, here or above; else the one built in is shown.")]
pub struct RunbookArgs {
    /// A section: its anchor, `#anchor`, `file.md#anchor`, a URL with an anchor, or a step's name
    #[arg(value_name = "SECTION", add = ArgValueCandidates::new(runbook_names))]
    section: Vec<String>,
    /// The request that the section's links lead to
    #[arg(long, value_name = "ID", requires = "section")]
    #[arg(add = ArgValueCandidates::new(recent_ids))]
    request_id: Option<String>,
    #[command(subcommand)]
    command: Option<RunbookCommand>,
}

#[derive(Debug, Subcommand)]
enum RunbookCommand {
    /// Find words in headings, patterns, steps and text
    Search {
        /// What to look for; all of them must be in a line
        #[arg(value_name = "WORD", required = true)]
        words: Vec<String>,
    },
    /// Show whom to call, and when
    Contacts,
    /// Hold an error against the patterns: its cause, and what to do next
    Explain {
        /// A log line, `Type: message`, or a traceback; - or nothing reads standard input
        #[arg(value_name = "TEXT")]
        text: Vec<String>,
    },
}

/// Shows the runbook, a part of it, or what it says of an error.
pub fn run(args: &RunbookArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("runbook")?;
    match &args.command {
        Some(RunbookCommand::Search { words }) => search(words, context),
        Some(RunbookCommand::Contacts) => contacts(context),
        Some(RunbookCommand::Explain { text }) => explain(text, context),
        None if args.section.is_empty() => list(context),
        None => section(&args.section.join(" "), args.request_id.as_deref(), context),
    }
}

fn list(context: &mut Context) -> Result<Outcome> {
    let found = context.runbook()?;
    // The one that is built in is as old as the program: that is no problem of its reader.
    let overdue = match &found.path {
        Some(_) => runbook::overdue(&found.runbook, today(context)),
        None => Vec::new(),
    };
    context.output.show(&RunbookReport::new(&found.runbook, shown_path(&found), overdue))?;
    Ok(Outcome::Yes)
}

fn today(context: &Context) -> jiff::civil::Date {
    let theme = &context.output.theme;
    theme.now.timestamp().to_zoned(theme.zone.clone()).date()
}

fn section(asked: &str, request_id: Option<&str>, context: &mut Context) -> Result<Outcome> {
    let values = values(request_id)?;
    let found = context.runbook()?;
    let path = shown_path(&found);
    let in_step = || found.runbook.section_of_step(asked);
    let Some(section) = found.runbook.section(asked).or_else(in_step) else {
        return Ok(no_section(asked, &found.runbook, context));
    };
    let mut open = found.runbook.open_names(section);
    open.retain(|name| values.iter().all(|(filled, _)| filled != name));
    context.output.show(&SectionReport::new(&found.runbook, path, section, values))?;
    say_open(&open, request_id, context);
    Ok(Outcome::Yes)
}

/// Says what a section's links leave open, and what fills it.
fn say_open(open: &BTreeSet<&str>, request_id: Option<&str>, context: &mut Context) {
    if open.is_empty() {
        return;
    }
    let names: Vec<String> = open.iter().map(|name| format!("{{{name}}}")).collect();
    context.output.note(&format!("left open in links: {}", names.join(", ")));
    match request_id {
        None if open.contains("request_id") || open.contains("trace_id") => {
            context.output.hint("the request's id fills its own: --request-id ID");
        }
        Some(given) if open.contains("trace_id") => context.output.hint(&format!(
            "this id is no trace id; the one that fills it is in: obs trace {}",
            text::word(given)
        )),
        _ => {}
    }
}

/// Returns what stands for `{request_id}` and `{trace_id}` in links.
fn values(request_id: Option<&str>) -> Result<Vec<(&'static str, String)>> {
    let Some(given) = request_id else { return Ok(Vec::new()) };
    let id = Correlation::parse(given)
        .map_err(|error| Error::usage("this cannot be an id").because(error))?;
    let mut values = vec![("request_id", id.id().to_owned())];
    values.extend(id.trace_id().map(|trace_id| ("trace_id", trace_id.to_string())));
    Ok(values)
}

/// Says that there is no such section, and which one may be meant.
fn no_section(asked: &str, runbook: &Runbook, context: &mut Context) -> Outcome {
    let anchor = asked.rsplit(['#', '/']).next().unwrap_or(asked);
    let mut hints = Vec::new();
    let anchors = || runbook.sections.iter().map(|section| section.slug.as_str());
    let steps = runbook.steps.iter().map(|step| step.name.as_str());
    let (first, rest) = asked.split_once(' ').unwrap_or((asked, ""));
    if let Some(elsewhere) = runbook.section(anchor).filter(|_| anchor != asked) {
        let page = runbook.file(elsewhere.page).rsplit('/').next().unwrap_or_default();
        hints.push(format!("did you mean: obs runbook {page}#{}", elsewhere.slug));
    } else if let Some(meant) = runbook.section(rest).filter(|_| ["read", "show"].contains(&first))
    {
        hints.push(format!("did you mean: obs runbook {}", meant.slug));
    } else if let Some(near) = nearest(&runbook::slug_of(anchor), anchors().chain(steps)) {
        hints.push(format!("did you mean: obs runbook {near}"));
    }
    if !rest.is_empty() {
        hints.push(format!("where the words stand: obs runbook search {asked}"));
    }
    hints.push("what is in it: obs runbook".to_owned());
    context.output.error(&format!("the runbook has no section `{asked}`"), &[], &hints);
    Outcome::No
}

fn contacts(context: &mut Context) -> Result<Outcome> {
    const NAMES: [&str; 4] = ["contacts", "escalation", "who-to-call", "on-call"];
    let found = context.runbook()?;
    let path = shown_path(&found);
    let sections = &found.runbook.sections;
    let named = |name: &&str| sections.iter().find(|section| section.slug == *name);
    let Some(section) = NAMES.iter().find_map(named) else {
        return Ok(no_section("contacts", &found.runbook, context));
    };
    let report = SectionReport::new(&found.runbook, path, section, Vec::new());
    context.output.show(&report.with_metadata())?;
    Ok(Outcome::Yes)
}

fn search(words: &[String], context: &mut Context) -> Result<Outcome> {
    let words = words.join(" ");
    if words.trim().is_empty() {
        return Err(Error::usage("there is nothing to search for")
            .hint("words that stand in one line: obs runbook search pool"));
    }
    let found = context.runbook()?;
    let hits = runbook::search(&found.runbook, &words);
    let any = !hits.0.is_empty();
    if !any {
        context.output.warn(&format!("nothing in the runbook has all of: {words}"));
    }
    if any || context.output.is_json() {
        let path = shown_path(&found);
        context.output.show(&SearchReport::new(&found.runbook, path, words, hits))?;
    }
    Ok(Outcome::found(any, true))
}

fn explain(given: &[String], context: &mut Context) -> Result<Outcome> {
    let text = text_to_explain(given, context)?;
    let found = context.runbook()?;
    let evidence = evidence(&text, &found.runbook);
    let explanation = runbook::explain(&found.runbook, &evidence);
    let (any, broken) = (!explanation.found.is_empty(), explanation.broken);
    let (path, show_secrets) = (shown_path(&found), context.output.theme.show_secrets);
    let report = ExplainReport::new(&found.runbook, path, &evidence, &explanation, show_secrets);
    context.output.show(&report)?;
    if evidence.cut {
        context.output.warn("the text ends within a traceback: the exception itself is missing");
    }
    if broken > 0 {
        let message = "expressions of the runbook do not compile, see its problems: obs runbook";
        context.output.warn(&format!("{message} ({broken} were needed here)"));
    }
    if !any {
        let typed = evidence.chain.iter().rev().find(|link| !link.kind.is_empty());
        let matcher = typed.map_or_else(
            || "log = 'WORDS OF THE LINE'".to_owned(),
            |link| format!("exception = '{}'", link.kind),
        );
        context.output.hint(&format!(
            "once you know the cause, add it: a heading in the runbook, below it a ```toml pattern \
             fence with direct = [{{ {matcher} }}], and a paragraph that begins **Next:**"
        ));
    }
    if let Some(id) = &evidence.request_id {
        context.output.hint(&format!("what else is known of the request: obs request {id}"));
    }
    // What could not be matched, or was cut off, could have been the answer.
    Ok(Outcome::found(any, any || broken == 0 && !evidence.cut))
}

/// Returns the words of the command line, or what is piped in.
fn text_to_explain(given: &[String], context: &mut Context) -> Result<String> {
    let piped = given.is_empty() || given.iter().map(String::as_str).eq(["-"]);
    let nothing = || {
        Error::usage("there is nothing to explain")
            .hint("an error: obs runbook explain 'TimeoutError: QueuePool limit reached'")
            .hint("a request: obs logs --request-id ID | obs runbook explain")
    };
    if !piped {
        let text = given.join(" ");
        return if text.trim().is_empty() { Err(nothing()) } else { Ok(text) };
    }
    let stdin = std::io::stdin();
    if given.is_empty() && stdin.is_terminal() {
        return Err(nothing());
    }
    let mut bytes = Vec::new();
    stdin.take(TEXT_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| {
        Error::usage("cannot read the error from standard input").because(error)
    })?;
    if bytes.len() as u64 == TEXT_BYTES_MAX {
        context.output.warn("only the first 4 MiB of standard input are read");
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if text.trim().is_empty() { Err(nothing()) } else { Ok(text) }
}

/// Reads JSON log lines one by one, and all that is none as one text.
fn evidence(text: &str, runbook: &Runbook) -> Evidence {
    let mut rest = Vec::new();
    let mut evidence = Evidence::new(runbook);
    let text = runbook::plain(text);
    for line in text.lines() {
        // In a document of `obs logs -o json` each record is a line, and commas part them.
        let inner = line.trim().trim_end_matches(',');
        match inner.starts_with('{').then(|| read_line(inner.as_bytes())) {
            Some(record) if record.raw.as_deref() != Some(record.message.as_bytes()) => {
                evidence.add_record(&record);
            }
            _ => rest.push(line),
        }
    }
    evidence.add_text(&rest.join("\n"));
    evidence
}

fn shown_path(found: &FoundRunbook) -> Option<String> {
    found.path.as_ref().map(|path| path.display().to_string())
}
