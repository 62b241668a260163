//! `obs logs index`: make the indexes of files before they are asked about.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::inputs::{self, Input, Opened, is_stream};
use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::logs::index::{Cache, Made};
use crate::model::shown_bytes;
use crate::sources::compressed::Fault;

/// Arguments of `obs logs index`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs logs index app.log app.log.1 app.log.2.gz
  obs logs app.log -r 018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12 --explain

With it a look-up of an id reads only the blocks of 256 KiB that may hold it, and what was appended since;
a compressed file without the id is not decompressed. It is made by itself after the second look-up in a
file of 64 MiB or more, a compressed one of 8 MiB, and is about 0.7 % of the text. It is kept in $XDG_CACHE_HOME/obs/logs (else
~/.cache/obs/logs), for its owner only; all together have 1 GiB at most, those not used for the longest
time go first.

It holds no text, changes no answer, and is ignored once the file is another, was truncated, was changed
where it is sampled, or without growing. Not noticed is a change in place of a file that also grew, away
from its start, its end and six places between: --no-index reads the whole.")]
pub(super) struct IndexArgs {
    /// Files, plain or compressed
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
}

/// Makes an index of each file, or lengthens the one that there is.
pub(super) fn run(args: &IndexArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human("logs index")?;
    let folder = folder(context).ok_or_else(|| {
        Error::usage("there is no folder for indexes: neither XDG_CACHE_HOME nor HOME is set")
    })?;
    let cache = Cache::new(folder);
    let mut made_any = false;
    let mut complete = true;
    for file in &args.files {
        let path = Path::new(file);
        match make(&cache, path) {
            Ok(made) => {
                made_any = true;
                let (out, _) = context.output.stream();
                writeln!(out, "{}", shown(path, &made))?;
            }
            Err(error) => {
                complete = false;
                context.output.warn(&format!("no index of {}: {error}", path.display()));
            }
        }
    }
    context.output.flush()?;
    Ok(Outcome::found(made_any, complete))
}

fn shown(path: &Path, made: &Made) -> String {
    let known = match made.known {
        0 => String::new(),
        known => format!(", {} of them known before", shown_bytes(known)),
    };
    let (covered, stored) = (shown_bytes(made.covered), shown_bytes(made.stored));
    format!("{}: {covered} of text{known}, in an index of {stored}", path.display())
}

/// Returns the folder of indexes; it need not exist.
pub(super) fn folder(context: &Context) -> Option<PathBuf> {
    Some(context.environment.cache_folder()?.join("logs"))
}

/// Makes the index of one file; what is damaged gets none.
pub(super) fn make(cache: &Cache, path: &Path) -> io::Result<Made> {
    // To open a pipe waits for somebody to write to it.
    if is_stream(path) {
        return Err(io::Error::other("it is no file that stays"));
    }
    let Opened { input, fault } = inputs::open(path, None)?;
    match input {
        Input::File(file) => cache.make(&file),
        Input::Decompressed(text, file) => cache.make_compressed(&file, &mut Whole { text, fault }),
        Input::Stream(_) => Err(io::Error::other("it is no file that stays")),
    }
}

/// A decompressed text that errs where it was cut off.
struct Whole<R> {
    text: R,
    fault: Fault,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(buffer)?;
        match self.fault.take() {
            Some(error) if read == 0 => Err(error),
            _ => Ok(read),
        }
    }
}
