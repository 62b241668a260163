//! Which runbook is meant: the team's, found from the working directory, else the one built in.

use std::path::{Path, PathBuf};

use super::Context;
use crate::error::{Error, Result};
use crate::runbook::{EMBEDDED, Runbook};

/// A runbook is read by people: what is larger is something else.
const FILE_BYTES_MAX: u64 = 4 << 20;
const FILES_MAX: usize = 200;

/// The runbook that is in force.
#[derive(Debug)]
pub struct FoundRunbook {
    /// What it says.
    pub runbook: Runbook,
    /// The folder or file it was read from; `None` for the one built in.
    pub path: Option<PathBuf>,
}

impl Context {
    /// Reads the runbook that is in force; says which.
    pub fn runbook(&mut self) -> Result<FoundRunbook> {
        let found = find_runbook()?;
        match &found.path {
            None => {
                self.output.note("this is the runbook of the demo's services, which is built in");
            }
            Some(root) => self.output.note(&format!("the runbook is {}", root.display())),
        }
        Ok(found)
    }
}

/// Reads `runbook/` or `docs/runbook.md`, found upwards from the working directory, else what is built
/// in.
pub fn find_runbook() -> Result<FoundRunbook> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let Some((root, files)) = here.ancestors().find_map(files_in) else {
        return Ok(FoundRunbook { runbook: Runbook::read(EMBEDDED.iter().copied()), path: None });
    };
    if files.len() > FILES_MAX {
        let why = format!("{} has more than {FILES_MAX} Markdown files", root.display());
        return Err(Error::usage("this is too much for a runbook").because(why));
    }
    let above = root.parent().unwrap_or(&root);
    let mut read = Vec::new();
    for file in files {
        let name = file.strip_prefix(above).unwrap_or(&file).display().to_string();
        read.push((name, text_of(&file)?));
    }
    let files = read.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let mut runbook = Runbook::read(files);
    runbook.look_for_files(|file| above.join(file).exists());
    Ok(FoundRunbook { runbook, path: Some(root) })
}

/// Returns a folder's runbook and its files, the index first; `None` where there is none.
fn files_in(folder: &Path) -> Option<(PathBuf, Vec<PathBuf>)> {
    let many = folder.join("runbook");
    let files = markdown_in(&many);
    if !files.is_empty() {
        return Some((many, files));
    }
    let one = folder.join("docs/runbook.md");
    one.is_file().then(|| (one.clone(), vec![one]))
}

/// Returns the Markdown files below a folder, `index.md` or `README.md` first, then by name; a folder
/// that is a link is not entered.
fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    let (mut waiting, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = waiting.pop() {
        // What cannot be read holds no runbook: the next place is looked at.
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.is_ok_and(|kind| kind.is_dir()) {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "md") && path.is_file() {
                files.push(path);
            }
        }
        if files.len() > FILES_MAX {
            break;
        }
    }
    files.sort_by_key(|path| {
        let name = path.file_name().unwrap_or_default();
        let first = path.parent() == Some(folder) && (name == "index.md" || name == "README.md");
        (!first, path.clone())
    });
    files
}

fn text_of(file: &Path) -> Result<String> {
    let cannot = |why: String| {
        Error::usage(format!("cannot read the runbook's {}", file.display())).because(why)
    };
    let length = std::fs::metadata(file).map_err(|error| cannot(error.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(cannot(format!("it has {length} bytes, more than {FILE_BYTES_MAX}")));
    }
    let bytes = std::fs::read(file).map_err(|error| cannot(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
