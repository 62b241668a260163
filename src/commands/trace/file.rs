//! The trace of an id out of files that people kept, whatever wrote them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use super::seen::Seen;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{AttributeValue, Correlation, Gathered, Missing, Span, Story, TraceId};
use crate::render::text;
use crate::sources::{REQUEST_ATTRIBUTES, TraceFileError, TraceText};

/// How many traces of a file are listed.
const LISTED_MAX: usize = 20;

/// What was read out of all files.
#[derive(Debug, Default)]
struct Read {
    spans: Vec<Span>,
    traces: BTreeMap<TraceId, Seen>,
    /// For each id that is asked for the traces with a span that has it as its request's.
    resolved: Vec<BTreeSet<TraceId>>,
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
    let wanted = wanted.map(|id| read(id, files)).transpose()?;
    let mut read = Read::of(files, wanted.as_slice(), context)?;
    let correlation = match wanted {
        Some(wanted) => wanted,
        None => only_trace(&read, files)?,
    };
    let spans = std::mem::take(&mut read.spans);
    Ok(read.found(0, correlation, spans, files))
}

/// The same of two ids, for which the files are read once.
pub(super) fn two_stories(
    files: &[PathBuf],
    wanted: [&str; 2],
    context: &mut Context,
) -> Result<[Found; 2]> {
    let [left, right] = wanted;
    let wanted = [self::read(left, files)?, self::read(right, files)?];
    let read = Read::of(files, &wanted, context)?;
    let found = |place: usize, correlation: Correlation| {
        let own = read.traces_of(place, &correlation);
        let spans = read.spans.iter().filter(|span| own.contains(&span.trace_id)).cloned();
        read.found(place, correlation, spans.collect(), files)
    };
    let [left, right] = wanted;
    Ok([found(0, left), found(1, right)])
}

/// Reads an id, which may stand on standard input where no file does.
fn read(id: &str, files: &[PathBuf]) -> Result<Correlation> {
    if id == "-" && files.iter().any(|file| is_input(file)) {
        return Err(only_once());
    }
    crate::context::read_id(id)
}

fn only_once() -> Error {
    Error::usage("standard input can be read only once")
}

impl Read {
    /// Reads the files for the traces of all ids.
    fn of(files: &[PathBuf], wanted: &[Correlation], context: &mut Context) -> Result<Self> {
        if files.iter().filter(|file| is_input(file)).count() > 1 {
            return Err(only_once());
        }
        let resolved = vec![BTreeSet::new(); wanted.len()];
        let mut read = Self { resolved, ..Self::default() };
        read.all(files, wanted, context)?;
        context.warn_of_missing(&read.missing);
        let there: BTreeSet<TraceId> = read.spans.iter().map(|span| span.trace_id).collect();
        // What has a trace of its own is not looked for by attributes.
        for (correlation, resolved) in wanted.iter().zip(&mut read.resolved) {
            if correlation.trace_id().is_some_and(|own| there.contains(&own)) {
                resolved.clear();
            }
        }
        let more = read.resolved.iter().flatten().any(|id| !there.contains(id));
        if more {
            read.resolved(files, &there)?;
        }
        Ok(read)
    }

    /// Returns the traces of an id, the one it is itself first.
    fn traces_of(&self, place: usize, correlation: &Correlation) -> Vec<TraceId> {
        match self.resolved.get(place).filter(|resolved| !resolved.is_empty()) {
            Some(resolved) => resolved.iter().copied().collect(),
            None => correlation.trace_id().into_iter().collect(),
        }
    }

    /// Makes the answer about one id.
    fn found(
        &self,
        place: usize,
        correlation: Correlation,
        spans: Vec<Span>,
        files: &[PathBuf],
    ) -> Found {
        let others = (!self.traces.is_empty()).then(|| {
            let others = text::counted(self.traces.len(), "other trace");
            format!("{others} can be read there: obs trace{}", arguments(files))
        });
        let by_attribute = self.resolved.get(place).is_some_and(|resolved| !resolved.is_empty());
        let found = Story {
            trace_ids: self.traces_of(place, &correlation),
            resolved_by: by_attribute.then_some("span attribute"),
            spans,
            ..Story::default()
        };
        let (asked, missing) = (self.asked.clone(), self.missing.clone());
        Found { correlation, gathered: Gathered { found, asked, missing }, others }
    }

    /// Reads the files once: keeps the spans of the ids, or all without one, and counts the others.
    fn all(
        &mut self,
        files: &[PathBuf],
        wanted: &[Correlation],
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
    fn one(&mut self, file: &Path, wanted: &[Correlation]) -> Result<String, TraceFileError> {
        let text = open(file)?;
        let (traces, resolved) = (&mut self.traces, &mut self.resolved);
        let mut spans = 0;
        let mut ids = BTreeSet::new();
        let mut answer = text.spans(&mut |span| {
            spans += 1;
            ids.insert(span.trace_id);
            traces.entry(span.trace_id).or_default().add(span);
            let mut keep = wanted.is_empty();
            for (wanted, resolved) in wanted.iter().zip(&mut *resolved) {
                if wanted.trace_id() == Some(span.trace_id) {
                    keep = true;
                } else if is_of_request(span, wanted) {
                    resolved.insert(span.trace_id);
                }
            }
            keep
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

    /// Reads the files again for the traces that ids were resolved to, but for those that are there.
    fn resolved(&mut self, files: &[PathBuf], there: &BTreeSet<TraceId>) -> Result<()> {
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
            let wanted = |id: &TraceId| {
                self.resolved.iter().any(|ids| ids.contains(id)) && !there.contains(id)
            };
            let answer = text.spans(&mut |span| wanted(&span.trace_id)).map_err(again)?;
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
        let names_it = REQUEST_ATTRIBUTES.iter().any(|name| key.eq_ignore_ascii_case(name));
        names_it
            && match value {
                AttributeValue::Array(items) => items.iter().any(is_id),
                one => is_id(one),
            }
    })
}
