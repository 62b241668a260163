//! Secrets of the configuration: where each comes from, and when it is read.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{Environment, Origin};

/// How long a command that prints a secret may run.
const COMMAND_MAX: Duration = Duration::from_secs(10);

/// How often is looked whether it has ended.
const COMMAND_PAUSE: Duration = Duration::from_millis(10);

/// The longest secret read, in bytes.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// A secret, or where to find it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub enum Secret {
    /// It stands in the file.
    Literal(String),
    /// An environment variable has it.
    Variable(String),
    /// A file has it, a line break at its end aside.
    File(PathBuf),
    /// A command prints it: the program and its arguments.
    Command(Vec<String>),
}

/// How a file writes it: text, or a table with one key.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a text, or { env = \"…\" }, { file = \"…\" } or { command = [\"…\"] }"
)]
enum Written {
    Literal(String),
    Named(Named),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
}

impl From<Written> for Secret {
    fn from(written: Written) -> Self {
        match written {
            Written::Literal(text) => Self::Literal(text),
            Written::Named(Named::Env(name)) => Self::Variable(name),
            Written::Named(Named::File(path)) => Self::File(path),
            Written::Named(Named::Command(words)) => Self::Command(words),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where it comes from; never what it is.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(_) => f.write_str("[masked]"),
            Self::Variable(name) => write!(f, "${name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            // Its arguments may hold what must not be shown.
            Self::Command(words) => {
                write!(f, "command {}", words.first().map_or("(none)", String::as_str))
            }
        }
    }
}

impl Secret {
    /// Says whether the user must have trusted the host before it goes there on a repository's word:
    /// all but what stands in that file itself.
    pub fn is_the_users(&self) -> bool {
        !matches!(self, Self::Literal(_))
    }

    /// Reads it; errs with the reason in words, without any part of it. A command runs for at most ten
    /// seconds, and none that a repository's file names.
    pub fn read(&self, environment: &Environment, origin: &Origin) -> Result<String, String> {
        let text = match self {
            Self::Literal(text) => text.clone(),
            Self::Variable(name) => {
                environment.named(name).ok_or_else(|| format!("${name} is not set"))?
            }
            Self::File(path) => {
                let read = std::fs::read_to_string(path);
                read.map_err(|error| format!("cannot read {}: {error}", path.display()))?
            }
            Self::Command(_) if matches!(origin, Origin::Repository(..)) => {
                return Err("a repository's file may not run a command".to_owned());
            }
            Self::Command(words) => output_of(words)?,
        };
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(format!("{self} is empty")),
            text => Ok(text.to_owned()),
        }
    }
}

/// Runs a command and returns what it prints.
fn output_of(words: &[String]) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    let began = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if began.elapsed() < COMMAND_MAX => std::thread::sleep(COMMAND_PAUSE),
            _ => {
                // Whether it could be ended or not: it is not waited for any longer.
                drop(child.kill());
                drop(child.wait());
                return Err(format!("{program} did not end within {COMMAND_MAX:?}"));
            }
        }
    };
    if !status.success() {
        return Err(format!("{program} failed ({status})"));
    }
    let mut text = String::new();
    let output = child.stdout.take().ok_or_else(|| format!("{program} has no output"))?;
    output
        .take(SECRET_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| format!("{program} printed no text: {error}"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, pairs: &[(&str, &str)], origin: &Origin) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Table {
            token: Secret,
        }
        let table: Table = toml::from_str(toml).map_err(|error| error.message().to_owned())?;
        table.token.read(&Environment::from_pairs(pairs), origin)
    }

    #[test]
    fn a_secret_is_read_from_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "from a file\n").unwrap();
        let file = format!("token = {{ file = '{}' }}", path.display());
        for (toml, secret) in [
            ("token = 'plain'", "plain"),
            ("token = { env = 'ANY_NAME' }", "from the environment"),
            (file.as_str(), "from a file"),
            ("token = { command = ['printf', 'from a command'] }", "from a command"),
        ] {
            let user = Origin::User(PathBuf::from("config.toml"), None);
            let pairs = [("ANY_NAME", "from the environment")];
            assert_eq!(read(toml, &pairs, &user).as_deref(), Ok(secret), "{toml}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why_and_nothing_more() {
        let user = Origin::User(PathBuf::from("config.toml"), None);
        let repository = Origin::Repository(PathBuf::from("obs.toml"), None);
        for (toml, origin, reason) in [
            ("token = { env = 'UNSET' }", &user, "$UNSET is not set"),
            ("token = ''", &user, "[masked] is empty"),
            ("token = { command = ['false'] }", &user, "false failed (exit status: 1)"),
            (
                "token = { command = ['true'] }",
                &repository,
                "a repository's file may not run a command",
            ),
        ] {
            assert_eq!(read(toml, &[], origin), Err(reason.to_owned()), "{toml}");
        }
        assert!(read("token = { vault = 'x' }", &[], &user).is_err());
    }
}
