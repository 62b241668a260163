//! Whether an index tells which parts of a file need not be read, and whether one is made for the next
//! time.

use std::fs::File;
use std::path::PathBuf;

use super::Request;
use super::index::{folder, make};
use crate::context::Context;
use crate::logs::Parts;
use crate::logs::index::{Cache, Form, Ignored, Wanted};
use crate::model::shown_bytes;
use crate::render::Output;

/// A file this large gets an index when it is looked at for the second time, in bytes.
const LARGE_BYTES: u64 = 64 << 20;

/// The same of one that is compressed, which costs several times as much to read.
const LARGE_COMPRESSED_BYTES: u64 = 8 << 20;

/// When so much has come after what an index covers, it is lengthened.
const LONGER_BYTES: u64 = 16 << 20;

/// What indexes do for one question.
pub(super) struct Lookup {
    /// The indexes and what is looked up in them, or why none is used.
    indexes: Result<(Cache, Wanted), String>,
    /// Whether this run has looked at the files before.
    again: bool,
}

/// What an index tells of one file.
pub(super) struct Told {
    /// The parts that have to be read; `None` without an index.
    pub(super) parts: Option<Parts>,
    /// The same in words; why not, without one.
    pub(super) said: String,
    /// Whether it should get an index, or a longer one, once the answer is given.
    pub(super) make: bool,
}

impl Lookup {
    pub(super) fn new(request: &Request, context: &Context) -> Self {
        let wanted = || {
            if !request.use_index {
                return Err("--no-index".to_owned());
            }
            if request.filter.correlation.is_none() {
                return Err("no id is asked for".to_owned());
            }
            let wanted = Wanted::any_of(&request.filter.literals()).ok_or_else(|| {
                "the id has no 16 letters, digits, - and _ in a row, so no index can tell"
                    .to_owned()
            })?;
            let folder = folder(context).ok_or("neither XDG_CACHE_HOME nor HOME is set")?;
            Ok((Cache::new(folder), wanted))
        };
        Self { indexes: wanted(), again: false }
    }

    /// The same for another look in the same run: it counts as none.
    pub(super) fn again(self) -> Self {
        Self { again: true, ..self }
    }

    /// Returns what an index tells of an open file.
    pub(super) fn ask(&self, file: &File, form: Form) -> Told {
        let without = |reason: &str, make| Told { parts: None, said: reason.to_owned(), make };
        let (cache, wanted) = match &self.indexes {
            Err(reason) => return without(reason, false),
            Ok(indexes) => indexes,
        };
        match read(cache, wanted, file, form) {
            Ok((parts, covered)) => {
                let size = file.metadata().map_or(covered, |metadata| metadata.len());
                let make = form == Form::Plain && size.saturating_sub(covered) >= LONGER_BYTES;
                let text = if form == Form::Plain { size } else { covered };
                let said = plan(&parts, text, covered, form);
                Told { parts: Some(parts), said, make }
            }
            Err(reason) if !self.again && deserves_one(cache, file, form) => {
                without(&format!("no index: {reason}; one is made after this"), true)
            }
            Err(reason) => without(&format!("no index: {reason}"), false),
        }
    }

    /// Says whether a file of which parts were read has been written over meanwhile.
    pub(super) fn was_changed(&self, file: &File) -> bool {
        let Ok((cache, _)) = &self.indexes else { return false };
        matches!(
            cache.find(file, Form::Plain),
            Err(Ignored::Truncated | Ignored::Changed | Ignored::OtherFile)
        )
    }

    /// Makes the indexes that are wanted next time; the answer is the same without them.
    pub(super) fn make(&self, files: &[PathBuf], output: &mut Output) {
        let Ok((cache, _)) = &self.indexes else { return };
        for path in files {
            let name = path.display();
            match make(cache, path) {
                Ok(made) => output.note(&format!(
                    "{name} has an index now for the next look ({}; --no-index does without)",
                    shown_bytes(made.stored)
                )),
                Err(error) => output.note(&format!("no index of {name} could be made: {error}")),
            }
        }
    }
}

/// Returns the parts, and how far the index goes.
fn read(cache: &Cache, wanted: &Wanted, file: &File, form: Form) -> Result<(Parts, u64), Ignored> {
    let index = cache.find(file, form)?;
    let parts = index.parts(wanted).inspect_err(|_| {
        // It would only be lengthened, with what is wrong in it. What cannot be removed stays useless.
        drop(cache.forget(file));
    })?;
    Ok((parts, index.covered()))
}

/// Says whether a file is large and was looked at before; remembers that it was now.
fn deserves_one(cache: &Cache, file: &File, form: Form) -> bool {
    let least = match form {
        Form::Plain => LARGE_BYTES,
        Form::Compressed => LARGE_COMPRESSED_BYTES,
    };
    // Where nothing can be kept, every look is the first.
    file.metadata().is_ok_and(|metadata| metadata.len() >= least)
        && cache.was_seen(file).unwrap_or(false)
}

fn plan(parts: &Parts, text: u64, covered: u64, form: Form) -> String {
    let passed = parts.passed_over(text);
    let covers = format!("its index covers {} of {}", shown_bytes(covered), shown_bytes(text));
    let (read, passed) = match form {
        Form::Plain => (text - passed, passed),
        // What comes before has to be decompressed.
        Form::Compressed => (parts.end(), text - parts.end()),
    };
    format!("{covers}; {} read, {} passed over", shown_bytes(read), shown_bytes(passed))
}
