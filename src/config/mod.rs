//! Settings: what a file may say, what the environment says, and which of them wins.
//!
//! The only reader of the environment ([`Environment`]); every value knows where it came from
//! ([`Setting`]). [`running`] finds a `serve` or `demo` that runs on this machine.

mod checks;
mod dialects;
mod entries;
mod env;
mod objectives;
mod options;
mod resolve;
pub mod running;
mod secrets;
mod services;
mod sources;

pub use checks::{CheckSettings, KindKeys, Target as CheckTarget, checks_of};
pub use entries::Unread;
pub use env::{Environment, VARIABLES, Variable};
pub use objectives::{Measured, SloSettings, WINDOW};
pub use options::{FileOptions, OptionsError};
pub use resolve::{Overrides, Setting, Settings, SettingsError, TRACE_ID, resolve};
pub use running::make_private_folder;
pub use secrets::Secret;
pub use services::ServiceVariable;
pub use sources::SourceSettings;

/// Where a value came from, weakest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The user's own file, and the environment in it.
    User(std::path::PathBuf, Option<String>),
    /// The repository's file, and the environment in it.
    Repository(std::path::PathBuf, Option<String>),
    /// An environment variable.
    Variable(&'static str),
    /// The command line.
    Flag(&'static str),
}

impl Origin {
    /// Returns the file, the line in it, and the environment: `/home/ada/shop/obs.toml:7 [env.prod]`.
    pub fn at(&self, line: usize) -> String {
        match self {
            Self::User(path, of) | Self::Repository(path, of) => {
                let of = of.as_ref().map(|name| format!(" [env.{name}]")).unwrap_or_default();
                format!("{}:{line}{of}", path.display())
            }
            other => other.to_string(),
        }
    }

    /// Returns the file's name alone, and the line in it: `obs.toml:7`.
    pub fn named_at(&self, line: usize) -> String {
        match self {
            Self::User(path, _) | Self::Repository(path, _) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("{}:{line}", name.to_string_lossy())
            }
            other => other.to_string(),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::User(path, None) | Self::Repository(path, None) => {
                write!(f, "{}", path.display())
            }
            Self::User(path, Some(name)) | Self::Repository(path, Some(name)) => {
                write!(f, "{} [env.{name}]", path.display())
            }
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}
