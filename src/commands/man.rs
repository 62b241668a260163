//! `obs man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory as _};

use crate::context::Context;
use crate::error::{Error, Outcome, Result};

/// Arguments of `obs man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs man | man -l -                     read it
  obs man --folder ~/.local/share/man/man1    one page for each command")]
pub struct ManArgs {
    /// Write one page for each command into this folder
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Writes the main page to standard output, or all pages into a folder.
pub fn run(args: &ManArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human("man")?;
    let pages = pages()?;
    let Some(folder) = &args.folder else {
        let (out, _) = context.output.stream();
        out.write_all(pages.first().map(|(_, page)| page.as_slice()).unwrap_or_default())?;
        out.flush()?;
        return Ok(Outcome::Yes);
    };
    for (name, page) in pages {
        let path = folder.join(&name);
        std::fs::write(&path, page).map_err(|error| {
            Error::usage(format!("cannot write {}", path.display())).because(error)
        })?;
    }
    Ok(Outcome::Yes)
}

/// Returns every page with its file name, the main one first.
pub fn pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut command = crate::cli::Cli::command();
    command.build();
    let shown = |command: &&Command| !command.is_hide_set();
    let mut pages = vec![page(&command, "obs")?];
    for subcommand in command.get_subcommands().filter(shown) {
        if subcommand.get_name() != "help" {
            pages.push(page(subcommand, &format!("obs-{}", subcommand.get_name()))?);
        }
    }
    Ok(pages)
}

fn page(command: &Command, name: &str) -> Result<(String, Vec<u8>)> {
    let mut page = Vec::new();
    // The version stays out: it would change every page with every release.
    let command = command.clone().name(name.to_owned()).version(None::<&str>);
    clap_mangen::Man::new(command).date("").render(&mut page)?;
    Ok((format!("{name}.1"), page))
}
