//! What was named into files to read: patterns, folders, and the older parts of rotated logs.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::inputs;
use crate::logs::older_parts;
use crate::model::Missing;
use crate::sources::compressed::Compression;

/// How deep folders are gone into.
const FOLDERS_MAX: u8 = 16;

/// How much of a file in a folder is looked at to tell whether it is text, in bytes.
const HEAD_BYTES: u64 = 1 << 10;

/// A log: the file, and the older parts of it that were found beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) file: PathBuf,
    /// The oldest first.
    pub(super) older: Vec<PathBuf>,
}

impl Log {
    /// Returns every file of it in the order that lines of one instant have.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.older.iter().chain([&self.file])
    }
}

/// What there is to read.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub(super) logs: Vec<Log>,
    /// Folders that could not be read, patterns that nothing fits.
    pub(super) missing: Vec<Missing>,
    /// Files in folders that hold no text.
    pub(super) passed_over: Vec<PathBuf>,
    /// Whether a file was found in a folder or by a pattern.
    by_itself: bool,
}

impl Expanded {
    fn misses(&mut self, source: impl AsRef<Path>, reason: String) {
        let source = source.as_ref().display().to_string();
        self.missing.push(Missing { source, reason });
    }

    fn older(&self) -> usize {
        self.logs.iter().map(|log| log.older.len()).sum()
    }

    /// Says what is read that was not named, if anything is.
    pub(super) fn note(&self) -> Option<String> {
        let older = self.older();
        let names = counted(older, "older file", "older files");
        match self.logs.as_slice() {
            [log] if older > 0 && !self.by_itself => {
                let name = log.file.display();
                Some(format!("reading {name} and {names}; --no-rotated reads {name} alone"))
            }
            logs if older > 0 => {
                let logs = counted(logs.len(), "file", "files");
                Some(format!("reading {logs} and {names} of them; --no-rotated leaves those out"))
            }
            logs if self.by_itself && !logs.is_empty() => {
                Some(format!("reading {}", counted(logs.len(), "file", "files")))
            }
            _ => None,
        }
    }

    /// Says which files of folders are not read.
    pub(super) fn note_of_passed_over(&self) -> Option<String> {
        let names: Vec<String> =
            self.passed_over.iter().take(3).map(|file| file.display().to_string()).collect();
        let rest = self.passed_over.len().saturating_sub(names.len());
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        (!names.is_empty())
            .then(|| format!("not read, because no text: {}{rest}", names.join(", ")))
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Finds what the arguments stand for; the older parts of each log too where `with_older`.
///
/// What exists under a name is that name, whatever letters are in it. A file that was named twice, or
/// is an older part of another one that was named, is read once. Without `with_older` a
/// folder's older parts are left out.
pub(super) fn expand(arguments: &[PathBuf], with_older: bool) -> Expanded {
    let mut found = Expanded::default();
    let mut names = Vec::new();
    for argument in arguments {
        add(argument, with_older, &mut names, &mut found);
    }
    let mut folders = Folders::default();
    let older = |file: &PathBuf| if with_older { folders.older(file) } else { Vec::new() };
    let older: Vec<Vec<PathBuf>> = names.iter().map(older).collect();
    let mut parts: BTreeSet<PathBuf> = older.iter().flatten().map(|part| absolute(part)).collect();
    for (file, older) in names.into_iter().zip(older) {
        if parts.insert(absolute(&file)) {
            found.logs.push(Log { file, older });
        }
    }
    found
}

/// Returns a path that is the same however the file was named; links are not resolved.
pub(super) fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

fn add(argument: &Path, with_older: bool, names: &mut Vec<PathBuf>, found: &mut Expanded) {
    let pattern = argument.to_str().filter(|_| is_pattern(argument));
    match std::fs::symlink_metadata(argument) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && pattern.is_some() => {
            fitting(pattern.unwrap_or_default(), with_older, names, found);
        }
        _ if argument.is_dir() => {
            let before = (names.len(), found.missing.len());
            inside(argument, with_older, FOLDERS_MAX, names, found);
            found.by_itself |= names.len() > before.0;
            if (names.len(), found.missing.len()) == before {
                found.misses(argument, "no file with lines is in it".to_owned());
            }
        }
        _ => names.push(argument.to_owned()),
    }
}

/// Says whether a name is a pattern unless a file has it.
pub(super) fn is_pattern(argument: &Path) -> bool {
    argument.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

/// Adds what a pattern fits, as a shell would: hidden files only where it names the dot.
fn fitting(pattern: &str, with_older: bool, names: &mut Vec<PathBuf>, found: &mut Expanded) {
    let options = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let paths = match glob::glob_with(pattern, options) {
        Ok(paths) => paths,
        Err(error) => return found.misses(pattern, format!("it is no pattern: {error}")),
    };
    let mut files = Vec::new();
    for path in paths {
        match path {
            Ok(path) => files.push(path),
            Err(error) => found.misses(error.path(), error.error().to_string()),
        }
    }
    if files.is_empty() {
        return found.misses(pattern, "no file fits the pattern".to_owned());
    }
    found.by_itself = true;
    for file in files {
        if file.is_dir() {
            inside(&file, with_older, FOLDERS_MAX, names, found);
        } else {
            names.push(file);
        }
    }
}

/// Adds the files of a folder and those in it that hold text, by name; links to folders are not gone
/// into, hidden files left out.
fn inside(
    folder: &Path,
    with_older: bool,
    depth: u8,
    names: &mut Vec<PathBuf>,
    found: &mut Expanded,
) {
    let entries = match sorted(folder) {
        Ok(entries) => entries,
        Err(error) => return found.misses(folder, error.to_string()),
    };
    let texts: Vec<String> =
        entries.iter().filter_map(|name| name.to_str()).map(str::to_owned).collect();
    let mut parts = BTreeSet::new();
    if !with_older {
        parts.extend(texts.iter().flat_map(|base| older_parts(base, &texts)));
    }
    for name in entries.iter().filter(|name| !name.as_encoded_bytes().starts_with(b".")) {
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if depth > 0 && !path.is_symlink() {
                    inside(&path, with_older, depth - 1, names, found);
                }
            }
            _ if name.to_str().is_some_and(|name| parts.contains(name)) => {}
            // What cannot be opened is said when it is read.
            Ok(metadata) if metadata.is_file() && is_text(&path).unwrap_or(true) => {
                names.push(path);
            }
            Ok(_) => found.passed_over.push(path),
            Err(error) => found.misses(&path, error.to_string()),
        }
    }
}

/// Says whether a file looks like text, or compressed: no zero byte in its first, but for those with
/// which it begins (the hole that truncation leaves).
fn is_text(file: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    inputs::open_file(file)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    let start = head.iter().position(|byte| *byte != 0).unwrap_or(head.len());
    let text = head.get(start..).unwrap_or_default();
    Ok(Compression::of(&head).is_some() || !text.contains(&0))
}

fn sorted(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// The names in folders, each folder read once.
#[derive(Default)]
struct Folders(HashMap<PathBuf, Vec<String>>);

impl Folders {
    /// Returns the older parts of a file; none where its folder cannot be listed or it is no regular
    /// file. The parts of one that is just being replaced are there without it.
    fn older(&mut self, file: &Path) -> Vec<PathBuf> {
        let is_other = std::fs::metadata(file).is_ok_and(|metadata| !metadata.is_file());
        let Some(base) = file.file_name().and_then(|name| name.to_str()).filter(|_| !is_other)
        else {
            return Vec::new();
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        let names = self.0.entry(folder.to_owned()).or_insert_with(|| {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let names = sorted(here).unwrap_or_default();
            names.into_iter().filter_map(|name| name.into_string().ok()).collect()
        });
        let paths = older_parts(base, names).into_iter().map(|name| folder.join(name));
        paths.filter(|path| path.is_file()).collect()
    }
}
