//! `obs completions`: the script by which a shell completes `obs`.

use clap::{Args, CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;

use crate::context::Context;
use crate::error::{Outcome, Result};

/// Arguments of `obs completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs completions bash > ~/.local/share/bash-completion/completions/obs
  obs completions zsh > \"${fpath[1]}/_obs\"
  obs completions fish > ~/.config/fish/completions/obs.fish

Ids and issues of the running backend are completed too by the dynamic form, in the shell's start-up file:
  source <(COMPLETE=bash obs)       bash; likewise zsh, fish, elvish, powershell")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes the script to standard output.
pub fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human("completions")?;
    let (out, _) = context.output.stream();
    out.write_all(&script(args.shell))?;
    out.flush()?;
    Ok(Outcome::Yes)
}

/// Returns the script of a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::cli::Cli::command(), "obs", &mut script);
    script
}

/// Returns every shell there is a script for.
pub fn shells() -> &'static [Shell] {
    Shell::value_variants()
}
