//! Several files read at once and merged by time, in memory that does not grow with them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use super::inputs::{self, is_stream};
use super::plan::{Plan, Planner};
use super::reading::add;
use crate::logs::{Learnt, LogFilter, Merger, ScanCount, Scanned, read_line};
use crate::model::{LogRecord, UnixNanos};

/// How many files are read ahead of what is wanted: what several cores can decompress at once.
const AHEAD_MAX: usize = 4;

/// How many records go from a reader to the merge together, and how many bytes of them.
const BATCH_RECORDS: usize = 64;
const BATCH_BYTES: usize = 256 << 10;

/// How many batches of a file wait for the merge.
const BATCHES_MAX: usize = 2;

/// How much of a file's beginning is looked at to tell when it begins, in bytes.
const HEAD_BYTES: usize = 16 << 10;

/// How much older than a file's first lines a later one may be and still find its place, in
/// nanoseconds: a minute.
const DISORDER_NS: i64 = 60_000_000_000;

/// How long nobody writes to a pipe before that is said.
const PATIENCE: Duration = Duration::from_secs(1);

/// What reading the files to their ends came to.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) count: ScanCount,
    /// The traces that lines of the request name.
    pub(super) learnt: Learnt,
    /// Names of files of which not everything could be read, and why.
    pub(super) failed: Vec<(String, io::Error)>,
    /// How many records stand after younger ones.
    pub(super) late: u64,
    /// How the files were read.
    pub(super) plans: Vec<(PathBuf, Plan)>,
}

/// What those who want to know are told of.
pub(super) enum Event {
    Record(Box<LogRecord>),
    /// Nothing has come of this pipe yet.
    Waiting(String),
}

/// Gives the records of all files that the filter takes, by time; ends early when `sink` fails.
///
/// Each file is read on a thread of its own, begun when the merge gets to its time; as many as there
/// are cores are begun ahead of that. The threads are not waited for: one may hang on a pipe to
/// which nobody writes when the reader of the answer has already gone.
pub(super) fn read(
    files: &[PathBuf],
    filter: &LogFilter,
    planner: &Arc<Planner>,
    sink: &mut dyn FnMut(Event) -> io::Result<()>,
) -> io::Result<Ends> {
    let starts: Vec<Option<UnixNanos>> = files.iter().map(|file| start(file)).collect();
    let (work, mut feeds) = Work::new(files, filter, planner, &starts);
    let cores = thread::available_parallelism().map_or(1, usize::from).min(AHEAD_MAX);
    for _ in 0..cores {
        let work = Arc::clone(&work);
        // A thread less is slower and nothing else: what is wanted is begun below.
        drop(spawn(move || while work.one() {}));
    }
    let mut ends = Ends::default();
    let mut merger = Merger::new(&starts);
    let mut told = Ok(());
    loop {
        let next = merger.next(&mut |index| {
            let feed = feeds.get_mut(index)?;
            work.want(index, feed, &mut ends);
            feed.next(&mut ends, &mut |name| told = sink(Event::Waiting(name)))
        });
        std::mem::replace(&mut told, Ok(()))?;
        let Some(record) = next else { break };
        sink(Event::Record(Box::new(record)))?;
    }
    ends.late = merger.late;
    Ok(ends)
}

/// The files that are read, and which of them somebody has begun.
struct Work {
    jobs: Vec<Job>,
    /// The files in the order in which they begin, and how many of them were taken.
    order: Vec<usize>,
    taken: AtomicUsize,
    filter: LogFilter,
    planner: Arc<Planner>,
}

struct Job {
    file: PathBuf,
    begun: AtomicBool,
    sender: Mutex<Option<SyncSender<Sent>>>,
}

enum Sent {
    Records(Vec<LogRecord>),
    End(ScanCount, Learnt, Option<io::Error>),
    Plan(Plan),
}

/// Where the merge gets a file's records.
struct Feed {
    file: PathBuf,
    name: String,
    batches: Receiver<Sent>,
    may_hang: bool,
}

impl Work {
    fn new(
        files: &[PathBuf],
        filter: &LogFilter,
        planner: &Arc<Planner>,
        starts: &[Option<UnixNanos>],
    ) -> (Arc<Self>, Vec<Feed>) {
        let (mut jobs, mut feeds) = (Vec::new(), Vec::new());
        for file in files {
            let (sender, batches) = sync_channel(BATCHES_MAX);
            let (begun, sender) = (AtomicBool::new(false), Mutex::new(Some(sender)));
            jobs.push(Job { file: file.clone(), begun, sender });
            let may_hang = is_stream(file);
            let name = file.display().to_string();
            feeds.push(Feed { file: file.clone(), name, batches, may_hang });
        }
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|index| starts.get(*index));
        let taken = AtomicUsize::new(0);
        let (filter, planner) = (filter.clone(), Arc::clone(planner));
        (Arc::new(Self { jobs, order, taken, filter, planner }), feeds)
    }

    /// Reads the next file that nobody reads; says whether there was one.
    fn one(&self) -> bool {
        let next = self.order.get(self.taken.fetch_add(1, Ordering::Relaxed));
        let Some(job) = next.and_then(|index| self.jobs.get(*index)) else { return false };
        job.read(&self.filter, &self.planner);
        true
    }

    /// Sees to it that somebody reads the file.
    fn want(self: &Arc<Self>, index: usize, feed: &Feed, ends: &mut Ends) {
        let Some(job) = self.jobs.get(index) else { return };
        if job.begun.load(Ordering::Relaxed) {
            return;
        }
        let work = Arc::clone(self);
        let read = move || {
            if let Some(job) = work.jobs.get(index) {
                job.read(&work.filter, &work.planner);
            }
        };
        if let Err(error) = spawn(read) {
            drop(job.take());
            ends.failed.push((feed.name.clone(), error));
        }
    }
}

impl Job {
    /// Takes the work; `None` when somebody has.
    fn take(&self) -> Option<SyncSender<Sent>> {
        if self.begun.swap(true, Ordering::Relaxed) {
            return None;
        }
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reads the file to its end unless somebody does.
    fn read(&self, filter: &LogFilter, planner: &Planner) {
        let Some(sender) = self.take() else { return };
        let mut seen = (ScanCount::default(), Learnt::default());
        let error = read_file(&self.file, filter, planner, &sender, &mut seen).err();
        let (count, learnt) = seen;
        // Nobody is left to be told when the merge is gone.
        drop(sender.send(Sent::End(count, learnt, error)));
    }
}

impl Feed {
    /// Returns what the file gives next, `None` at its end.
    fn next(&mut self, ends: &mut Ends, waiting: &mut dyn FnMut(String)) -> Option<Vec<LogRecord>> {
        loop {
            let sent = if std::mem::take(&mut self.may_hang) {
                match self.batches.recv_timeout(PATIENCE) {
                    Err(RecvTimeoutError::Timeout) => {
                        waiting(self.name.clone());
                        continue;
                    }
                    sent => sent.ok()?,
                }
            } else {
                self.batches.recv().ok()?
            };
            match sent {
                Sent::Records(records) => return Some(records),
                Sent::Plan(plan) => ends.plans.push((self.file.clone(), plan)),
                Sent::End(count, learnt, error) => {
                    add(&mut ends.count, count);
                    ends.learnt.join(learnt);
                    ends.failed.extend(error.map(|error| (self.name.clone(), error)));
                    return None;
                }
            }
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("read".to_owned()).spawn(work).map(drop)
}

/// Reads one file to its end, or until nobody wants what is in it.
fn read_file(
    file: &Path,
    filter: &LogFilter,
    planner: &Planner,
    sender: &SyncSender<Sent>,
    seen: &mut (ScanCount, Learnt),
) -> io::Result<()> {
    let opened = inputs::open(file, None)?;
    let name = file.display().to_string();
    let mut plan = planner.plan(&opened.input)?;
    let mut scan = plan.scan(opened.input, &name, filter);
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let scanned = loop {
        let scanned = scan.go_on(&mut |found| {
            let record = found.into_record();
            bytes += record.raw.as_ref().map_or(0, Vec::len);
            batch.push(record);
            if batch.len() < BATCH_RECORDS && bytes < BATCH_BYTES {
                return Ok(ControlFlow::Continue(()));
            }
            bytes = 0;
            let sent = sender.send(Sent::Records(std::mem::take(&mut batch)));
            Ok(if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        });
        if !matches!(scanned, Ok(Scanned::Dry)) {
            break scanned;
        }
    };
    *seen = (scan.count(), scan.learnt().clone());
    drop(sender.send(Sent::Records(batch)));
    let checked = planner.check(&plan);
    drop(sender.send(Sent::Plan(plan)));
    scanned?;
    checked?;
    opened.fault.take().map_or(Ok(()), Err)
}

/// Returns the time before which the file has no record, as its first lines tell; `None` when they
/// do not, or begin with one that has no time.
fn start(file: &Path) -> Option<UnixNanos> {
    use io::Read as _;
    if is_stream(file) {
        return None;
    }
    let mut head = vec![0; HEAD_BYTES];
    let mut input = inputs::open(file, None).ok()?.input;
    let mut filled = 0;
    while filled < head.len() {
        match input.read(head.get_mut(filled..)?) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let whole = head.get(..filled)?;
    // The last line may be cut, and its time with it.
    let end = if filled < HEAD_BYTES { filled } else { memchr::memrchr(b'\n', whole)? };
    let mut lines = whole.get(..end)?.split(|byte| *byte == b'\n');
    let first = read_line(lines.next()?).time?;
    let others = lines.filter_map(|line| read_line(line).time);
    Some(UnixNanos(others.fold(first, Ord::min).0.saturating_sub(DISORDER_NS)))
}
