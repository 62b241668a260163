//! What the last run found, kept in the state folder: since when, and how far from then.
//!
//! A file a configuration and environment. It holds ids, states, times and numbers, and no word of
//! what was asked or answered. A run of some of the checks changes only what is kept of those.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::model::{Before, Change, CheckResult, Status, UnixNanos, mask_text};

/// The largest file that is read, in bytes; with 10,000 checks it has a tenth of that.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// How many times as much is worth a word.
const FACTOR_MIN: f64 = 2.0;

/// What earlier runs found.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Where it is kept; `None` where nothing is to be kept.
    path: Option<PathBuf>,
    kept: Kept,
}

/// What is in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    checks: BTreeMap<String, One>,
}

/// One check or part, as it was.
#[derive(Debug, Serialize, Deserialize)]
struct One {
    at: UnixNanos,
    since: UnixNanos,
    status: String,
    /// What was asked, as a number: another target of the same id is another check.
    target: u64,
    numbers: BTreeMap<String, f64>,
}

const VERSION: u32 = 1;

impl Past {
    /// Reads what is kept for this configuration; a file that is not there or broken is no past.
    pub(super) fn read(context: &Context) -> Self {
        let settings = &context.settings;
        let Some(folder) = context.environment.state_folder() else { return Self::default() };
        let mut place = settings.environment.as_ref().map_or("", |one| &one.value).to_owned();
        for file in &settings.files {
            place = format!("{place}\n{}", file.display());
        }
        let path = folder.join("check").join(format!("{:016x}.json", hash(&place)));
        let fits = fs::metadata(&path).is_ok_and(|found| found.len() <= FILE_BYTES_MAX);
        let read = fits.then(|| fs::read(&path).ok()).flatten();
        let kept = read.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let kept = kept.filter(|kept| kept.version == VERSION).unwrap_or_default();
        Self { path: Some(path), kept }
    }

    /// Adds to a result and its parts what was found the last time.
    pub(super) fn compare(&self, result: &mut CheckResult, now: UnixNanos) {
        let known = self.kept.checks.get(&key(result));
        let known = known.filter(|one| one.target == hash(&mask_text(&result.target)));
        result.before = known.and_then(|one| {
            let status = status_of(&one.status)?;
            let since = if status == result.status { one.since } else { now };
            Some(Before { at: one.at, status, since, changes: changes(result, &one.numbers) })
        });
        result.children.iter_mut().for_each(|child| self.compare(child, now));
    }

    /// Keeps this run for the next.
    pub(super) fn keep(mut self, results: &[CheckResult], now: UnixNanos) -> io::Result<()> {
        let Some(path) = self.path else { return Ok(()) };
        for result in results.iter().flat_map(CheckResult::flat) {
            // Not asked is no state of the dependency: what is known of it stays.
            if result.status == Status::Skipped {
                continue;
            }
            let since = result.before.as_ref().map_or(now, |before| before.since);
            let one = One {
                at: now,
                since,
                status: word_of(result.status).to_owned(),
                target: hash(&mask_text(&result.target)),
                numbers: numbers(result).map(|(name, value, _)| (name.to_owned(), value)).collect(),
            };
            self.kept.checks.insert(key(result), one);
        }
        self.kept.version = VERSION;
        let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
        crate::config::make_private_folder(folder)?;
        // Whoever reads it sees the whole or nothing, also when two runs end at once.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, &self.kept)?;
        file.persist(&path).map_err(|failed| failed.error)?;
        Ok(())
    }
}

/// Keeps since when a check is as it is, where it was looked at before in the same run.
pub(super) fn go_on(result: &mut CheckResult, last: &CheckResult) {
    if let (Some(before), Some(known)) = (&mut result.before, &last.before)
        && result.status == last.status
    {
        before.since = known.since;
    }
    for child in &mut result.children {
        if let Some(last) = last.children.iter().find(|one| one.id == child.id) {
            go_on(child, last);
        }
    }
}

/// Returns the numbers of a result that can be compared: name, value, unit.
fn numbers(result: &CheckResult) -> impl Iterator<Item = (&'static str, f64, &'static str)> {
    let works = matches!(result.status, Status::Ok | Status::Warn);
    // How long a failure took says nothing of the next success.
    let duration = result.duration_ms.filter(|_| works).map(|took| ("duration_ms", took, "ms"));
    let observed: Vec<_> = result
        .observed
        .iter()
        .filter_map(|one| Some((one.name, one.value?, one.unit)))
        .filter(|(name, value, _)| value.is_finite() && *name != "window_ms" && *name != "requests")
        .collect();
    duration.into_iter().chain(observed)
}

/// Returns what is far above the last run: at least twice as much, and more than noise in its unit.
fn changes(result: &CheckResult, before: &BTreeMap<String, f64>) -> Vec<Change> {
    // The time that scraping takes is the window between the scrapes.
    let of_time = result.kind != crate::model::CheckKind::Metrics;
    let far = |(name, now, unit): (&'static str, f64, &'static str)| {
        let before = *before.get(name)?;
        let noise = match unit {
            "ms" => 20.0,
            "1" => 0.02,
            "s" => 5.0,
            "By" => 64.0 * 1024.0 * 1024.0,
            "d" | "%" => return None,
            _ => 10.0,
        };
        let counts = name != "duration_ms" || of_time;
        let is_far = counts && now - before >= noise && now >= before * FACTOR_MIN;
        is_far.then(|| Change { name: name.to_owned(), before, now, unit })
    };
    numbers(result).filter_map(far).collect()
}

/// What the application says of itself may hold a secret, a component's name too.
fn key(result: &CheckResult) -> String {
    mask_text(&result.id).into_owned()
}

fn word_of(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warn => "warn",
        Status::Fail => "fail",
        Status::Unknown => "unknown",
        Status::Skipped => "skipped",
    }
}

fn status_of(word: &str) -> Option<Status> {
    let all = [Status::Ok, Status::Warn, Status::Fail, Status::Unknown, Status::Skipped];
    all.into_iter().find(|status| word_of(*status) == word)
}

/// FNV-1a: the standard library's hash may change with the compiler.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
