//! Files and standard input, read to their end: no runtime, no network.
//!
//! Files are read once more when lines of the request have named its trace: others may have that alone.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Request;
use super::expand::{Expanded, Log};
use super::inputs::{self, is_stream, say_if_terminal, stdin_is_file};
use super::reading::Reading;
use crate::context::Context;
use crate::error::{Outcome, Result};
use crate::logs::Live;
use crate::sources::compressed::{Fault, stream};

/// Shows lines of standard input, as they come.
pub(super) fn from_stdin(request: &Request, context: &mut Context) -> Result<Outcome> {
    say_if_terminal(Path::new("/dev/stdin"), context);
    if request.follow {
        context.output.note("standard input is followed until it ends");
    } else {
        context.output.page();
    }
    let mut reading = Reading::new(request, context);
    let (fault, name) = (Fault::default(), "stdin");
    let of_input = fault.clone();
    if reading.shows_at_once() && !stdin_is_file() {
        reading.source(Live::new(move || stream(io::stdin(), of_input))?, name, true)?;
    } else {
        reading.source(stream(io::stdin(), of_input)?, name, true)?;
    }
    if let Some(error) = fault.take() {
        reading.failed(name.to_owned(), &error);
    }
    reading.finish(vec!["standard input".to_owned()])
}

/// Shows lines of files; of several, merged by time.
pub(super) fn from_files(
    found: Expanded,
    request: &Request,
    context: &mut Context,
) -> Result<Outcome> {
    for note in [found.note(), found.note_of_passed_over()].into_iter().flatten() {
        context.output.note(&note);
    }
    if !request.follow {
        context.output.page();
    }
    let mut reading = Reading::new(request, context);
    let planner = Arc::clone(&reading.planner);
    let files = reading.within_time(found.logs);
    let named = files.iter().flat_map(Log::files).map(|file| file.display().to_string());
    let asked = named.chain(found.missing.iter().map(|missing| missing.source.clone())).collect();
    reading.missing.clone_from(&found.missing);
    let not_read = reading.not_read.clone();
    // A pipe cannot be read again.
    if request.filter.correlation.is_some()
        && !files.iter().flat_map(Log::files).any(|file| is_stream(file))
    {
        reading.hold();
    }
    reading.logs(&files)?;
    let to_make = std::mem::take(&mut reading.to_make);
    let outcome = match reading.with_traces() {
        None => reading.finish(asked)?,
        Some(wider) => {
            drop(reading);
            let mut again = Reading::new(&wider, context);
            again.planner = Arc::new(planner.again(&wider, again.context));
            (again.missing, again.not_read) = (found.missing, not_read);
            again.logs(&files)?;
            again.finish(asked)?
        }
    };
    context.output.flush()?;
    planner.lookup.make(&to_make, &mut context.output);
    Ok(outcome)
}

/// Opens a file that grows; a folder or a compressed one is an error here and not at the first read.
pub(super) fn open(file: &Path) -> io::Result<File> {
    let opened = inputs::open_file(file)?;
    match inputs::compression(&opened)? {
        Some(format) => {
            let reason = format!("it is compressed ({}) and cannot grow", format.name());
            Err(io::Error::new(io::ErrorKind::Unsupported, reason))
        }
        None => Ok(opened),
    }
}
