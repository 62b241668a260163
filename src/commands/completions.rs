//! `obs completions`: the script by which a shell completes `obs`.

use clap::{Args, ValueEnum as _};
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::context::Context;
use crate::error::{Outcome, Result};

/// Arguments of `obs completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs completions bash > ~/.local/share/bash-completion/completions/obs
  obs completions zsh > \"${fpath[1]}/_obs\"
  obs completions fish > ~/.config/fish/completions/obs.fish
  obs completions powershell >> $PROFILE        elvish: into ~/.config/elvish/rc.elv

The script asks obs itself at each Tab: it offers ids of recent failures and issues where a backend runs, checks,
the runbook's sections and steps, and never needs to be written again.")]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Writes the script to standard output.
pub fn run(args: &CompletionsArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human("completions")?;
    let script = script(args.shell)?;
    let (out, _) = context.output.stream();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Outcome::Yes)
}

/// Returns the script of a shell, which calls the `obs` that is on the path.
pub fn script(shell: Shell) -> std::io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let name = shell.to_string();
    let completer = shells.completer(&name).ok_or(std::io::ErrorKind::Unsupported)?;
    let mut script = Vec::new();
    completer.write_registration("COMPLETE", "obs", "obs", "obs", &mut script)?;
    Ok(script)
}

/// Returns every shell there is a script for.
pub fn shells() -> &'static [Shell] {
    Shell::value_variants()
}
