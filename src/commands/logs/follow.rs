//! `-f` on files: what is there, then what is appended, across rotation.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use super::Request;
use super::files::open;
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::logs::{Assembler, Follower, merge};
use crate::model::LogRecord;
use crate::render::log_report::LogWriter;

/// How long the files are left alone when nothing new was in them.
const PAUSE: Duration = Duration::from_millis(4);

/// How many lines are shown before what is appended, unless `--limit` or `--since` say otherwise.
const LINES_BEFORE: usize = 10;

/// Shows lines of the files until interrupted.
pub(super) fn files(
    files: Vec<PathBuf>,
    request: &Request,
    context: &mut Context,
) -> Result<Outcome> {
    for file in &files {
        // A file that is not there yet is waited for; a folder never becomes one.
        if let Err(error) = open(file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(Error::usage(format!("cannot follow {}", file.display())).because(error));
        }
    }
    let mut sources: Vec<Source> = files.into_iter().map(Source::new).collect();
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let mut assemblers: Vec<Assembler<'_>> =
        names.iter().map(|name| Assembler::new(name, &request.filter)).collect();
    let mut writer = LogWriter::new(request.full, request.filter.correlation.clone());
    for record in before(&mut sources, &mut assemblers, request)? {
        writer.write(&mut context.output, &record)?;
    }
    context.output.flush()?;
    loop {
        let mut read = 0;
        let mut records = Vec::new();
        for (source, assembler) in sources.iter_mut().zip(&mut assemblers) {
            let (lines, kept) = source.poll(assembler)?;
            read += lines;
            records.push(kept);
        }
        for record in merge(records) {
            writer.write(&mut context.output, &record)?;
        }
        context.output.flush()?;
        if read == 0 {
            std::thread::sleep(PAUSE);
        }
    }
}

struct Source {
    name: String,
    follower: Follower,
    line: u64,
}

impl Source {
    fn new(file: PathBuf) -> Self {
        let name = file.display().to_string();
        Self { name, follower: Follower::from_start(file), line: 0 }
    }

    /// Returns how many lines were read, and the records among them that match.
    fn poll(&mut self, assembler: &mut Assembler<'_>) -> Result<(usize, Vec<LogRecord>)> {
        let mut records = Vec::new();
        let mut keep = |record| {
            records.push(record);
            Ok(ControlFlow::Continue(()))
        };
        let line = &mut self.line;
        let read = self.follower.poll(&mut |bytes| {
            *line += 1;
            assembler.line(bytes, *line, &mut keep).map(drop)
        });
        let read = read.map_err(|error| {
            Error::could_not_tell(format!("cannot read {} any longer", self.name)).because(error)
        })?;
        if read == 0 {
            assembler.flush(&mut keep).map(drop)?;
        }
        Ok((read, records))
    }
}

/// Reads what is there already and keeps the last of it.
fn before(
    sources: &mut [Source],
    assemblers: &mut [Assembler<'_>],
    request: &Request,
) -> Result<VecDeque<LogRecord>> {
    let asked = request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let all = request.filter.since.is_some() || request.filter.correlation.is_some();
    let limit = asked.unwrap_or(if all { usize::MAX } else { LINES_BEFORE });
    let mut found = Vec::new();
    for (source, assembler) in sources.iter_mut().zip(assemblers) {
        let mut kept = VecDeque::new();
        loop {
            let (read, records) = source.poll(assembler)?;
            kept.extend(records);
            let surplus = kept.len().saturating_sub(limit);
            kept.drain(..surplus);
            if read == 0 {
                break;
            }
        }
        found.push(Vec::from(kept));
    }
    let mut merged: VecDeque<LogRecord> = merge(found).into();
    let surplus = merged.len().saturating_sub(limit);
    merged.drain(..surplus);
    Ok(merged)
}
