//! `obs init`: looks around and writes what it found as `obs.toml`.
//!
//! `found` looks: variables, ports, compose files (`compose`), log files, the framework. `written`
//! makes a file of it, which never holds a secret: variables are named, and not what they hold.

mod compose;
mod found;
mod written;

use std::io::Write as _;
use std::path::Path;

use clap::Args;

use crate::context::Context;
use crate::error::{Error, Outcome, Result};
use crate::render::init::InitReport;

/// The file that is written.
const FILE: &str = "obs.toml";

/// Arguments of `obs init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs init                 look around, write obs.toml here
  obs init --dry-run       only show what it would hold
  obs init --no-ports      without trying ports of this machine

Exit codes: 0 it was written, or shown; 1 nothing was found to write; 2 there is an obs.toml already.")]
pub struct InitArgs {
    /// Write the file to standard output and nowhere else
    #[arg(long)]
    dry_run: bool,
    /// Replace an obs.toml that is there
    #[arg(long)]
    force: bool,
    /// Do not try ports of this machine
    #[arg(long)]
    no_ports: bool,
}

/// Looks around, writes the file, and says what was found and why.
pub fn run(args: &InitArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("init")?;
    let path = Path::new(FILE);
    if path.exists() && !args.force && !args.dry_run {
        return Err(Error::usage("there is an obs.toml here already")
            .hint("see what it would be now: obs init --dry-run")
            .hint("replace it: obs init --force"));
    }
    let found = found::look(Path::new("."), !args.no_ports, context)?;
    let (toml, found) = written::file(found, context);
    if let Some(above) = context.settings.files.iter().find(|file| file.ends_with(FILE))
        && !path.exists()
    {
        let above = above.display();
        context.output.note(&format!("from here on the file here counts, and no longer {above}"));
    }
    let nothing = found.iter().all(|one| !one.written);
    if nothing {
        context
            .output
            .note("nothing was found to check: a variable (DATABASE_URL) names a service");
    }
    let writes = !args.dry_run && !nothing;
    if writes {
        write(path, &toml, args.force)?;
    }
    let report = InitReport::new(FILE, writes, found, toml);
    if args.dry_run && !context.output.is_json() {
        for line in report.lines() {
            context.output.note(&line);
        }
        let (out, _) = context.output.stream();
        out.write_all(report.toml.as_bytes())?;
        out.flush()?;
    } else {
        context.output.show(&report)?;
    }
    Ok(if nothing { Outcome::No } else { Outcome::Yes })
}

fn write(path: &Path, toml: &str, force: bool) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    // Somebody else's file that came in between is not replaced.
    let opened = if force {
        options.write(true).create(true).truncate(true).open(path)
    } else {
        options.write(true).create_new(true).open(path)
    };
    let written = opened.and_then(|mut file| file.write_all(toml.as_bytes()));
    written.map_err(|error| Error::usage("obs.toml cannot be written here").because(error))
}
