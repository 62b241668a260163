//! `--tail FILE`: a service's log file, stored as it grows.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Backend, intake};
use crate::logs::{Assembler, Follower, LogFilter};
use crate::model::LogRecord;
use crate::store::{LogOrigin, Record};

/// How long the file is left alone when nothing new was in it.
const PAUSE: Duration = Duration::from_millis(20);

/// Records stored at a time: it bounds what a large file costs in memory.
const BATCH_RECORDS: usize = 4_096;

/// The most of the last record's lines that are kept for what may follow them, in bytes.
const LAST_BYTES_MAX: usize = 1 << 20;

/// Stores `file` from its first line on, on a thread of its own, until `stop` is set; what was
/// written before that is still stored.
///
/// Reading it again after a restart stores nothing twice. A file that does not exist yet is waited
/// for. `failed` is called, once, with why it cannot be read or stored any longer.
pub fn tail(
    backend: Arc<Backend>,
    file: PathBuf,
    stop: Arc<AtomicBool>,
    failed: impl FnOnce(String) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let store = move || {
        let mut tail = Tail::new(&file);
        loop {
            // Looked at before the step: what was written before the stop is still read.
            let stopping = stop.load(Ordering::Relaxed);
            match tail.step(&backend) {
                Ok(0) if stopping => return,
                Ok(0) => std::thread::sleep(PAUSE),
                Ok(_) => {}
                Err(reason) => {
                    return failed(format!("{} is no longer stored: {reason}", file.display()));
                }
            }
        }
    };
    std::thread::Builder::new().name("tail".to_owned()).spawn(store)
}

/// One file, and how much of it is stored.
#[derive(Debug)]
pub(super) struct Tail {
    source: String,
    follower: Follower,
    /// How many lines were read.
    lines: u64,
    last: LastRecord,
}

/// The lines of the last record. It is stored at once, for who looks for it, and again with the
/// traceback that is written below it a moment later.
#[derive(Debug, Default)]
struct LastRecord {
    lines: Vec<Vec<u8>>,
    first: u64,
    bytes: usize,
}

impl LastRecord {
    fn add(&mut self, line: &[u8]) {
        if self.bytes + line.len() < LAST_BYTES_MAX {
            self.bytes += line.len() + 1;
            self.lines.push(line.to_vec());
        }
    }
}

impl Tail {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            source: file.display().to_string(),
            follower: Follower::from_start(file),
            lines: 0,
            last: LastRecord::default(),
        }
    }

    /// Stores what was appended since the last step; returns how many lines that were.
    pub(super) fn step(&mut self, backend: &Backend) -> io::Result<usize> {
        let Self { source, follower, lines, last } = self;
        let every_line = LogFilter::default();
        let mut assembler = Assembler::new(source, &every_line);
        let mut records = Vec::new();
        let mut begun = false;
        let read = follower.poll(&mut |line, _| {
            if !std::mem::replace(&mut begun, true) {
                for (number, line) in (last.first..).zip(&last.lines) {
                    assembler
                        .line(line, number, &mut |record| keep(&mut records, record))
                        .map(drop)?;
                }
            }
            *lines += 1;
            let complete = records.len();
            assembler.line(line, *lines, &mut |record| keep(&mut records, record)).map(drop)?;
            if records.len() > complete || last.lines.is_empty() {
                *last = LastRecord { first: *lines, ..LastRecord::default() };
            }
            last.add(line);
            if records.len() >= BATCH_RECORDS {
                write(backend, &mut records)?;
            }
            Ok(())
        })?;
        assembler.flush(&mut |record| keep(&mut records, record)).map(drop)?;
        write(backend, &mut records)?;
        Ok(read.lines)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what an assembler calls")]
fn keep(records: &mut Vec<Record>, record: LogRecord) -> io::Result<ControlFlow<()>> {
    let origin = LogOrigin::File { line: record.line, received: intake::now() };
    records.push(Record::Log(Box::new(record), origin));
    Ok(ControlFlow::Continue(()))
}

fn write(backend: &Backend, records: &mut Vec<Record>) -> io::Result<()> {
    if !records.is_empty() {
        backend.writer.write(std::mem::take(records)).map_err(io::Error::other)?;
    }
    Ok(())
}
