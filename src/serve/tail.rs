//! `--tail FILE`: a service's log file, stored as it grows.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA256};

use super::{Backend, intake};
use crate::logs::{Assembler, Follower, LogFilter, Place, Polled};
use crate::model::LogRecord;
use crate::store::{LogOrigin, Reader, Record};

/// How long the file is left alone when nothing new was in it.
const PAUSE: Duration = Duration::from_millis(20);

/// How long it is waited at most before what failed is tried again; the first time it is [`PAUSE`].
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// The most of the last record's lines that are kept for what may follow them, in bytes.
const LAST_BYTES_MAX: usize = 1 << 20;

/// Stores `file` from its first line on, on a thread of its own, until `stop` is set; what was
/// written before that is still stored.
///
/// Reading it again after a restart stores nothing twice. A file that does not exist yet is waited
/// for. What cannot be read or stored is tried again; `failed` is called with why, once until it
/// succeeds, and when it is given up because of the stop.
pub fn tail(
    backend: Arc<Backend>,
    file: PathBuf,
    stop: Arc<AtomicBool>,
    failed: impl Fn(String) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let store = move || {
        let mut tail = Tail::new(&file);
        let mut retry_pause = None;
        loop {
            // Looked at before the step: what was written before the stop is still read.
            let stopping = stop.load(Ordering::Relaxed);
            match tail.step(&backend) {
                Ok(polled) => {
                    retry_pause = None;
                    match polled == Polled::default() {
                        true if stopping => return,
                        true => std::thread::sleep(PAUSE),
                        false => {}
                    }
                }
                Err(reason) if stopping => {
                    return failed(format!(
                        "the last of {} is not stored: {reason}",
                        file.display()
                    ));
                }
                Err(reason) => {
                    if retry_pause.is_none() {
                        let file = file.display();
                        failed(format!("{file} cannot be stored, trying again: {reason}"));
                    }
                    let pause = retry_pause.map_or(PAUSE, |pause: Duration| pause * 2);
                    retry_pause = Some(pause.min(RETRY_PAUSE_MAX));
                    wait(pause.min(RETRY_PAUSE_MAX), &stop);
                }
            }
        }
    };
    std::thread::Builder::new().name("tail".to_owned()).spawn(store)
}

/// Sleeps, until told to stop.
fn wait(pause: Duration, stop: &AtomicBool) {
    let end = Instant::now() + pause;
    while Instant::now() < end && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(PAUSE);
    }
}

/// One file, and how much of it is stored.
///
/// What fails leaves everything not yet stored in `lines` and `records`, for the next step.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    pub(super) source: String,
    follower: Follower,
    /// Whether a file that is begun now was begun while it was followed, not before.
    followed: bool,
    /// Which file is read; see [`LogOrigin::File`].
    file: [u8; 16],
    /// Read, and not part of a record yet.
    lines: VecDeque<(Vec<u8>, Place)>,
    /// Read, and not stored yet.
    records: Vec<Record>,
    last: LastRecord,
}

/// The lines of the last record. It is stored at once, for who looks for it, and again with the
/// traceback that is written below it a moment later.
#[derive(Debug, Default)]
struct LastRecord {
    lines: Vec<Vec<u8>>,
    first: Place,
    bytes: usize,
}

impl LastRecord {
    fn add(&mut self, line: Vec<u8>) {
        if self.bytes + line.len() < LAST_BYTES_MAX {
            self.bytes += line.len() + 1;
            self.lines.push(line);
        }
    }
}

impl Tail {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            path: file.to_owned(),
            source: file.display().to_string(),
            follower: Follower::from_start(file),
            followed: false,
            file: [0; 16],
            lines: VecDeque::new(),
            records: Vec::new(),
            last: LastRecord::default(),
        }
    }

    /// Stores what was appended since the last step, a bounded part of it.
    pub(super) fn step(&mut self, backend: &Backend) -> io::Result<Polled> {
        // Nothing is read while what was read cannot be stored.
        self.write(backend)?;
        let mut polled = Polled { lines: self.lines.len(), more: false };
        if self.lines.is_empty() {
            let lines = &mut self.lines;
            polled = self.follower.poll(&mut |line, place| {
                lines.push_back((line.to_vec(), place));
                Ok(())
            })?;
        }
        while let Some((line, place)) = self.lines.front() {
            if place.number == 1 {
                self.file = self.identify(backend, line, *place)?;
                self.last = LastRecord::default();
            }
            self.assemble();
            self.write(backend)?;
        }
        self.followed = true;
        Ok(polled)
    }

    /// Makes records of the lines up to the end or to the next file.
    fn assemble(&mut self) {
        let Self { source, file, lines, records, last, .. } = self;
        let every_line = LogFilter::default();
        let mut assembler = Assembler::new(source, &every_line);
        for (number, line) in (last.first.number..).zip(&last.lines) {
            add(&mut assembler, line, number, |_| {});
        }
        let mut begun = false;
        while let Some((line, place)) = lines.pop_front_if(|(_, place)| place.number > 1 || !begun)
        {
            begun = true;
            let mut complete = last.lines.is_empty();
            add(&mut assembler, &line, place.number, |record| {
                records.push(stored(record, *file, last.first));
                complete = true;
            });
            if complete {
                *last = LastRecord { first: place, ..LastRecord::default() };
            }
            last.add(line);
        }
        let first = last.first;
        let mut keep = |record| {
            records.push(stored(record, *file, first));
            Ok(ControlFlow::Continue(()))
        };
        assembler.flush(&mut keep).map(drop).expect("the sink never fails");
    }

    /// Returns what this file is known by, for records of it to be told from those of every other.
    ///
    /// All that was read before must be stored. It is known by where it stands, its inode and its first line. These are the same for a file that was
    /// read before a restart and for one that was truncated and begins with the same line again, so
    /// that a number tells these: as many as are stored, or the last of them.
    fn identify(&self, backend: &Backend, first_line: &[u8], place: Place) -> io::Result<[u8; 16]> {
        let path = canonical(&self.path)?;
        let reader = Reader::open(&backend.store).map_err(io::Error::other)?;
        let new = self.followed || self.follower.is_stream();
        let mut last = None;
        for number in 0_u64.. {
            let file = file_id(&path, place, first_line, number);
            if !reader.has_file(file, first_line).map_err(io::Error::other)? {
                return Ok(last.filter(|_| !new).unwrap_or(file));
            }
            last = Some(file);
        }
        Err(io::Error::other("too many files begin with this line"))
    }

    fn write(&mut self, backend: &Backend) -> io::Result<()> {
        if !self.records.is_empty() {
            let stored = backend.writer.write(self.records.clone()).map_err(io::Error::other)?;
            backend.counts.stored(&stored);
            self.records.clear();
        }
        Ok(())
    }
}

fn add(assembler: &mut Assembler<'_>, line: &[u8], number: u64, mut keep: impl FnMut(LogRecord)) {
    let mut keep = |record| {
        keep(record);
        Ok(ControlFlow::Continue(()))
    };
    assembler.line(line, number, &mut keep).map(drop).expect("the sink never fails");
}

fn stored(record: LogRecord, file: [u8; 16], first: Place) -> Record {
    let origin = LogOrigin::File { file, offset: first.offset, received: intake::now() };
    Record::Log(Box::new(record), origin)
}

/// Returns the path as it is from everywhere. A link as its last part is left: where it points
/// changes when a file is rotated.
fn canonical(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    Ok(match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => folder.canonicalize()?.join(name),
        _ => path,
    })
}

fn file_id(path: &Path, place: Place, first_line: &[u8], number: u64) -> [u8; 16] {
    let mut context = Context::new(&SHA256);
    let path = path.as_os_str().as_encoded_bytes();
    context.update(&path.len().to_be_bytes());
    context.update(path);
    for part in [place.file.0, place.file.1, number] {
        context.update(&part.to_be_bytes());
    }
    context.update(first_line);
    let mut id = [0; 16];
    id.copy_from_slice(&context.finish().as_ref()[..16]);
    id
}
