//! The options that every command has.

use clap::Args;

use crate::config::Overrides;
use crate::render::{Format, LogFormat};

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct GlobalArgs {
    /// How the answer is written; every command has human and json
    #[arg(short, long, global = true, value_enum, default_value_t, hide_default_value = true)]
    #[arg(value_name = "FORMAT")]
    pub output: Format,
    /// The environment of the configuration to use
    #[arg(short, long = "env", global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// The embedded backend to ask, as `http://HOST:PORT` [default: the running one, else the stored file]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// How long one request to a backend may take [default: 5s]
    #[arg(long, global = true, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", value_parser = ["auto", "always", "never"])]
    pub color: Option<String>,
    /// Keep to ASCII symbols
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Show times in UTC and not in the local zone
    #[arg(long, global = true)]
    pub utc: bool,
    /// Show secrets as they are
    #[arg(long, global = true)]
    pub show_secrets: bool,
    /// Do not use a pager
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// How notes, warnings and what obs does are written to standard error: text, or JSON log lines
    #[arg(long, global = true, value_enum, default_value_t, hide_default_value = true)]
    #[arg(value_name = "FORMAT", hide_possible_values = true)]
    pub log_format: LogFormat,
    /// Leave out notes, and hints beside an answer
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl GlobalArgs {
    /// Returns what the command line sets of the settings.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            environment: self.environment.clone(),
            timeout: self.timeout.clone(),
            url: self.url.clone(),
            color: self.color.clone(),
            ascii: self.ascii,
            utc: self.utc,
        }
    }
}
