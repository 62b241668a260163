//! The trace of an id out of files that people kept, whatever wrote them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use super::seen::Seen;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{AttributeValue, Correlation, Gathered, Missing, Span, Story, TraceId};
use crate::render::text;
use crate::sources::{TraceFileError, TraceText};

/// How many traces of a file are listed.
const LISTED_MAX: usize = 20;

/// What attributes call a request's id, in lower case; those of headers have a list of values.
const REQUEST_ID_NAMES: [&str; 5] = [
    "request_id",
    "request.id",
    "http.request.header.x-request-id",
    "http.request.header.x_request_id",
    "correlation_id",
];

/// What was read out of all files.
#[derive(Debug, Default)]
struct Read {
    spans: Vec<Span>,
    traces: BTreeMap<TraceId, Seen>,
    /// Traces with a span that has the id as its request's.
    resolved: BTreeSet<TraceId>,
    asked: Vec<String>,
    missing: Vec<Missing>,
    /// What standard input held, as it cannot be read twice.
    input: Option<TraceText>,
}

/// What files gave.
#[derive(Debug)]
pub(super) struct Found {
    /// The id that was asked for, else the one trace's.
    pub(super) correlation: Correlation,
    pub(super) gathered: Gathered<Story>,
    /// How to see the traces that they hold, for one who finds none.
    pub(super) others: Option<String>,
}

/// Reads the trace of `wanted` out of `files`, of which `-` is standard input; without an id, the one
/// trace that they hold.
///
/// Errs where no file can be read, and where the id was left out and they do not hold exactly one
/// trace. O(bytes of the files); memory holds one file's text at a time, and the spans of the trace.
pub(super) fn story(
    files: &[PathBuf],
    wanted: Option<&str>,
    context: &mut Context,
) -> Result<Found> {
    let from_input = files.iter().filter(|file| is_input(file)).count();
    if from_input > 1 || (from_input == 1 && wanted == Some("-")) {
        return Err(Error::usage("standard input can be read only once"));
    }
    let wanted = wanted.map(crate::context::read_id).transpose()?;
    let mut read = Read::default();
    read.all(files, wanted.as_ref(), context)?;
    context.warn_of_missing(&read.missing);
    let correlation = match wanted {
        Some(wanted) => wanted,
        None => only_trace(&read, files)?,
    };
    let found_by = read.spans.is_empty() && !read.resolved.is_empty();
    if found_by {
        read.resolved(files)?;
    }
    let others = (!read.traces.is_empty()).then(|| {
        let others = text::counted(read.traces.len(), "other trace");
        format!("{others} can be read there: obs trace{}", arguments(files))
    });
    let own = correlation.trace_id().filter(|_| !found_by);
    let Read { spans, resolved, asked, missing, .. } = read;
    let found = Story {
        trace_ids: own.into_iter().chain(resolved).collect(),
        resolved_by: found_by.then_some("span attribute"),
        spans,
        ..Story::default()
    };
    Ok(Found { correlation, gathered: Gathered { found, asked, missing }, others })
}

impl Read {
    /// Reads the files once: keeps the spans of the id, or all without one, and counts the others.
    fn all(
        &mut self,
        files: &[PathBuf],
        wanted: Option<&Correlation>,
        context: &mut Context,
    ) -> Result<()> {
        for file in files {
            let name = name(file);
            if is_input(file) && io::stdin().is_terminal() {
                context.output.note("reading from the terminal: paste a trace and end with Ctrl-D");
            }
            self.asked.push(name.clone());
            match self.one(file, wanted) {
                Ok(note) => context.output.note(&format!("{name}: {note}")),
                Err(error) => {
                    self.missing.push(Missing { source: name, reason: error.to_string() });
                }
            }
        }
        if self.missing.iter().filter(|one| !one.is_in_part()).count() < files.len() {
            return Ok(());
        }
        let reasons = self.missing.iter().map(|one| format!("{}: {}", one.source, one.reason));
        let reasons: Vec<String> = reasons.collect();
        Err(Error::could_not_tell(format!("cannot read {}", reasons.join(", "))).hint(
            "files may hold OTLP (JSON, JSON lines, protobuf), answers of Tempo, Jaeger and Zipkin, or what their pages download",
        ))
    }

    /// Reads one file; returns what it was recognised as, in words.
    fn one(&mut self, file: &Path, wanted: Option<&Correlation>) -> Result<String, TraceFileError> {
        let text = open(file)?;
        let (traces, resolved) = (&mut self.traces, &mut self.resolved);
        let mut spans = 0;
        let mut ids = BTreeSet::new();
        let mut answer = text.spans(&mut |span| {
            spans += 1;
            ids.insert(span.trace_id);
            traces.entry(span.trace_id).or_default().add(span);
            let Some(wanted) = wanted else { return true };
            let own = wanted.trace_id() == Some(span.trace_id);
            if !own && is_of_request(span, wanted) {
                resolved.insert(span.trace_id);
            }
            own
        })?;
        if self.spans.is_empty() {
            self.spans = std::mem::take(&mut answer.spans);
        } else {
            self.spans.append(&mut answer.spans);
        }
        let name = name(file);
        if !answer.incomplete.is_empty() {
            self.missing.push(Missing::in_part(name, &answer.incomplete.join("; ")));
        }
        let format = answer.format.map_or_else(|| "no format".to_owned(), |it| it.to_string());
        let (spans, ids) = (text::counted(spans, "span"), text::counted(ids.len(), "trace"));
        let said = answer.errors.iter().chain(&answer.warnings).map(|said| text::shown(said));
        let note: Vec<String> =
            [format!("{format}, {spans} of {ids}")].into_iter().chain(said).collect();
        if is_input(file) {
            self.input = Some(text);
        }
        Ok(note.join("; "))
    }

    /// Reads the files again for the traces that the id was resolved to.
    fn resolved(&mut self, files: &[PathBuf]) -> Result<()> {
        for file in files {
            let again = |error: TraceFileError| {
                Error::could_not_tell(format!("cannot read {} again", name(file))).because(error)
            };
            let opened;
            let text = match &self.input {
                Some(input) if is_input(file) => input,
                _ if self
                    .missing
                    .iter()
                    .any(|one| !one.is_in_part() && one.source == name(file)) =>
                {
                    continue;
                }
                _ => {
                    opened = open(file).map_err(again)?;
                    &opened
                }
            };
            let resolved = &self.resolved;
            let answer =
                text.spans(&mut |span| resolved.contains(&span.trace_id)).map_err(again)?;
            self.spans.extend(answer.spans);
        }
        Ok(())
    }
}

fn open(file: &Path) -> Result<TraceText, TraceFileError> {
    if is_input(file) { TraceText::of(io::stdin(), 0) } else { TraceText::of_file(file) }
}

fn is_input(file: &Path) -> bool {
    file == Path::new("-")
}

fn name(file: &Path) -> String {
    if is_input(file) { "standard input".to_owned() } else { file.display().to_string() }
}

/// Returns the options that name the files, each with a blank before it, to be typed again.
pub(super) fn arguments(files: &[PathBuf]) -> String {
    let files =
        files.iter().map(|file| format!(" --file {}", text::word(&file.display().to_string())));
    files.collect()
}

/// Returns the one trace that the files hold.
fn only_trace(read: &Read, files: &[PathBuf]) -> Result<Correlation> {
    let mut traces: Vec<(&TraceId, &Seen)> = read.traces.iter().collect();
    traces.sort_by_key(|(id, seen)| (seen.start(), **id));
    let names = read.asked.join(", ");
    match traces.as_slice() {
        [] => Err(Error::could_not_tell(format!("there is no trace in {names}"))),
        [(id, _)] => Ok(Correlation::from(**id)),
        several => {
            let number = several.len();
            let mut error =
                Error::usage(format!("there are {number} traces in {names}: give one's id"));
            for (id, seen) in several.iter().take(LISTED_MAX) {
                error = error.hint(format!("obs trace {id}{}  # {seen}", arguments(files)));
            }
            if number > LISTED_MAX {
                error = error.hint(format!("{} more are not listed", number - LISTED_MAX));
            }
            Err(error)
        }
    }
}

/// Says whether a span has the id as its request's.
fn is_of_request(span: &Span, wanted: &Correlation) -> bool {
    let is_id = |value: &AttributeValue| match value {
        AttributeValue::Text(text) => wanted.matches(text),
        _ => false,
    };
    span.attributes.iter().any(|(key, value)| {
        let names_it = REQUEST_ID_NAMES.iter().any(|name| key.eq_ignore_ascii_case(name));
        names_it
            && match value {
                AttributeValue::Array(items) => items.iter().any(is_id),
                one => is_id(one),
            }
    })
}
