//! Layers of settings into one, each value with its origin.
//!
//! Flag, then environment variable, then the repository's file, then the user's, then the default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::entries::Listed;
use super::options::{FileOptions, Options, OptionsError};
use super::{
    CheckSettings, Environment, Origin, Secret, ServiceVariable, SloSettings, SourceSettings,
    Unread,
};
use crate::model::{LogDialect, parse_duration};

/// Where a link has the trace's id.
pub const TRACE_ID: &str = "{trace_id}";

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The layer that set it.
    pub origin: Origin,
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The chosen environment, if any.
    pub environment: Option<Setting<String>>,
    /// How long one request to a backend may take.
    pub timeout: Setting<Duration>,
    /// The embedded backend to ask; `None` to look for a running one.
    pub url: Setting<Option<String>>,
    /// Where it is written when the last deployment was.
    pub last_deploy: Setting<Option<Secret>>,
    /// Files that `obs logs` reads when none is given.
    pub log_files: Setting<Vec<PathBuf>>,
    /// How loggers of the user's own name things.
    pub log_dialects: Setting<Vec<LogDialect>>,
    /// What `obs check` checks; none to look for what runs here.
    pub checks: Setting<Vec<CheckSettings>>,
    /// The entries of checks and objectives that mean nothing.
    pub unread: Vec<Unread>,
    /// The objectives that `obs check` holds requests to.
    pub objectives: Vec<SloSettings>,
    /// The services that the environment names.
    pub services: Vec<ServiceVariable>,
    /// The backends to ask, the embedded one aside.
    pub sources: Vec<SourceSettings>,
    /// The addresses of pages about a trace, by what to call them; each has a `{trace_id}`.
    pub links: Setting<BTreeMap<String, String>>,
    /// The hosts to which a repository's file may send the user's secrets.
    pub trust: Setting<Vec<String>>,
    /// `auto`, `always` or `never`.
    pub color: Setting<String>,
    /// Only ASCII symbols.
    pub ascii: Setting<bool>,
    /// Times in UTC.
    pub utc: Setting<bool>,
    /// The pager's command line; empty for none.
    pub pager: Setting<String>,
    /// The environments that the files have.
    pub environments: Vec<String>,
    /// The configuration files that were read, strongest first.
    pub files: Vec<PathBuf>,
}

/// What the command line sets.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `-e`.
    pub environment: Option<String>,
    /// `--timeout`.
    pub timeout: Option<String>,
    /// `--url`.
    pub url: Option<String>,
    /// `--color`.
    pub color: Option<String>,
    /// `--ascii`.
    pub ascii: bool,
    /// `--utc`.
    pub utc: bool,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be used.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A value cannot be used.
    #[error("{name} from {origin} is `{value}`, which is not {expected}")]
    Value {
        /// What was set.
        name: &'static str,
        /// Where.
        origin: Origin,
        /// To what.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
    /// A row of `[[logs.dialect]]` cannot be used.
    #[error("[[logs.dialect]] {row} from {origin}: {reason}")]
    Dialect {
        /// Its name and its place.
        row: String,
        /// Where.
        origin: Origin,
        /// Why.
        reason: String,
    },
    /// No file has a section for the chosen environment.
    #[error("no configuration file has an environment `{name}`")]
    UnknownEnvironment {
        /// The name as chosen.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}

/// One layer: options and where they came from.
pub(super) struct Layer {
    pub(super) options: Options,
    pub(super) origin: Origin,
    folder: PathBuf,
}

#[cfg(test)]
impl Layer {
    /// What a repository's file says.
    pub(super) fn of_test(options: Options) -> Self {
        let origin = Origin::Repository(PathBuf::from("obs.toml"), None);
        Self { options, origin, folder: PathBuf::new() }
    }
}

/// Reads the configuration files and lays everything over each other.
///
/// `folder` is where the search for `obs.toml` starts; it goes up to the root.
pub fn resolve(
    overrides: &Overrides,
    environment: &Environment,
    folder: &Path,
) -> Result<Settings, SettingsError> {
    let chosen = choose_environment(overrides, environment);
    let Layers { all: layers, files, environments } =
        read_layers(chosen.as_ref(), environment, folder)?;
    let variable = |name| {
        environment.get_nonempty(name).map(|value| (value.to_owned(), Origin::Variable(name)))
    };
    let flag =
        |value: &Option<String>, name| value.clone().map(|value| (value, Origin::Flag(name)));
    // The strongest layer is last.
    let from_layers = |get: fn(&Options) -> Option<String>| {
        layers.iter().rev().find_map(|layer| Some((get(&layer.options)?, layer.origin.clone())))
    };
    let truth = |flagged: bool, name, get: fn(&Options) -> Option<bool>, default: bool| {
        let found = layers
            .iter()
            .rev()
            .find_map(|layer| Some((get(&layer.options)?, layer.origin.clone())));
        let (value, origin) = if flagged {
            (true, Origin::Flag(name))
        } else {
            found.unwrap_or((default, Origin::Default))
        };
        Setting { value, origin }
    };
    let timeout = flag(&overrides.timeout, "timeout")
        .or_else(|| variable("OBS_TIMEOUT"))
        .or_else(|| from_layers(|options| options.timeout.clone()));
    let url = flag(&overrides.url, "url")
        .or_else(|| variable("OBS_URL"))
        .or_else(|| from_layers(|options| options.backend.url.clone()));
    let color = flag(&overrides.color, "color")
        .or_else(|| color_of_variables(environment))
        .or_else(|| from_layers(|options| options.output.color.clone()));
    let pager = ["OBS_PAGER", "PAGER"]
        .into_iter()
        .find_map(|name| Some((environment.get(name)?.to_owned(), Origin::Variable(name))));
    let ascii_default = !environment.is_utf8();
    let Listed { checks, objectives, unread } = Listed::read(&layers, environment);
    Ok(Settings {
        timeout: read_timeout(timeout)?,
        url: url.map_or(Setting { value: None, origin: Origin::Default }, |(value, origin)| {
            Setting { value: Some(value), origin }
        }),
        last_deploy: last_deploy(&layers),
        log_files: log_files(&layers),
        log_dialects: log_dialects(&layers)?,
        checks,
        unread,
        services: super::services::services(environment),
        objectives,
        sources: sources(&layers, environment)?,
        links: links(&layers)?,
        trust: trust(&layers)?,
        color: read_color(color)?,
        ascii: truth(overrides.ascii, "ascii", |options| options.output.ascii, ascii_default),
        utc: truth(overrides.utc, "utc", |options| options.output.utc, false),
        pager: pager.map_or(
            Setting { value: "less -FIRX".to_owned(), origin: Origin::Default },
            |(value, origin)| Setting { value, origin },
        ),
        environment: chosen,
        environments,
        files,
    })
}

fn choose_environment(overrides: &Overrides, environment: &Environment) -> Option<Setting<String>> {
    let flag = overrides.environment.clone().map(|value| (value, Origin::Flag("env")));
    let variable = || {
        environment
            .get_nonempty("OBS_ENV")
            .map(|value| (value.to_owned(), Origin::Variable("OBS_ENV")))
    };
    flag.or_else(variable).map(|(value, origin)| Setting { value, origin })
}

/// What the configuration files hold.
struct Layers {
    /// The weakest first.
    all: Vec<Layer>,
    /// The strongest first.
    files: Vec<PathBuf>,
    environments: Vec<String>,
}

fn read_layers(
    chosen: Option<&Setting<String>>,
    environment: &Environment,
    folder: &Path,
) -> Result<Layers, SettingsError> {
    type MakeOrigin = fn(PathBuf, Option<String>) -> Origin;
    let mut sources: Vec<(PathBuf, MakeOrigin)> = Vec::new();
    if let Some(given) = environment.get_nonempty("OBS_CONFIG") {
        sources.push((PathBuf::from(given), Origin::User));
    } else {
        let user = environment.config_folder().map(|folder| folder.join("config.toml"));
        sources.extend(
            user.filter(|path| path.exists()).map(|path| (path, Origin::User as MakeOrigin)),
        );
        let repository =
            folder.ancestors().map(|above| above.join("obs.toml")).find(|path| path.is_file());
        sources.extend(repository.map(|path| (path, Origin::Repository as MakeOrigin)));
    }
    let mut layers = Vec::new();
    let mut known = Vec::new();
    for (path, origin) in &sources {
        let mut options = FileOptions::read(path)?;
        known.extend(options.env.keys().cloned());
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        layers.push(Layer {
            options: options.base,
            origin: origin(path.clone(), None),
            folder: folder.clone(),
        });
        let name = chosen.map(|chosen| chosen.value.clone());
        if let Some(options) = name.as_ref().and_then(|name| options.env.remove(name)) {
            layers.push(Layer { options, origin: origin(path.clone(), name), folder });
        }
    }
    if let Some(chosen) = chosen
        && !known.contains(&chosen.value)
    {
        return Err(SettingsError::UnknownEnvironment { name: chosen.value.clone(), known });
    }
    known.sort();
    known.dedup();
    let files = sources.into_iter().rev().map(|(path, _)| path).collect();
    Ok(Layers { all: layers, files, environments: known })
}

/// Returns where the strongest layer says it; the path of a file counts from that layer's folder.
fn last_deploy(layers: &[Layer]) -> Setting<Option<Secret>> {
    let found = layers.iter().rev().find_map(|layer| {
        let value = match layer.options.last_deploy.clone()? {
            Secret::File(path) => Secret::File(layer.folder.join(path)),
            other => other,
        };
        Some(Setting { value: Some(value), origin: layer.origin.clone() })
    });
    found.unwrap_or(Setting { value: None, origin: Origin::Default })
}

fn log_files(layers: &[Layer]) -> Setting<Vec<PathBuf>> {
    let found = layers.iter().rev().find_map(|layer| {
        let files = layer.options.logs.files.as_ref()?;
        let value = files.iter().map(|file| layer.folder.join(file)).collect();
        Some(Setting { value, origin: layer.origin.clone() })
    });
    found.unwrap_or(Setting { value: Vec::new(), origin: Origin::Default })
}

fn log_dialects(layers: &[Layer]) -> Result<Setting<Vec<LogDialect>>, SettingsError> {
    let mut rows = layers.iter().rev();
    let found = rows.find_map(|layer| Some((layer.options.logs.dialect.as_ref()?, &layer.origin)));
    let Some((rows, origin)) = found else {
        return Ok(Setting { value: Vec::new(), origin: Origin::Default });
    };
    Ok(Setting { value: super::dialects::read(rows, origin)?, origin: origin.clone() })
}

/// Returns the sources of the strongest layer that has any; one of the environment stands in the place
/// of those of its kind.
fn sources(
    layers: &[Layer],
    environment: &Environment,
) -> Result<Vec<SourceSettings>, SettingsError> {
    let found = layers.iter().rev().find_map(|layer| Some((layer.options.source.as_ref()?, layer)));
    let mut sources = Vec::new();
    if let Some((options, layer)) = found {
        let read = options.iter().map(|options| SourceSettings::read(options, &layer.origin));
        sources = read.collect::<Result<Vec<_>, _>>()?;
    }
    for named in SourceSettings::of_variables(environment).into_iter().rev() {
        sources.retain(|source| source.kind != named.kind);
        sources.insert(0, named);
    }
    for (place, source) in sources.iter().enumerate() {
        if sources.iter().skip(place + 1).any(|other| other.name == source.name) {
            return Err(SettingsError::Value {
                name: "source.name",
                origin: source.origin.clone(),
                value: source.name.clone(),
                expected: "a name of one source alone: give each its own",
            });
        }
    }
    Ok(sources)
}

/// Returns the links of the strongest layer that has any.
fn links(layers: &[Layer]) -> Result<Setting<BTreeMap<String, String>>, SettingsError> {
    let found = layers.iter().rev().find_map(|layer| Some((layer.options.links.clone()?, layer)));
    let Some((value, layer)) = found else {
        return Ok(Setting { value: BTreeMap::new(), origin: Origin::Default });
    };
    let is_page = |url: &&String| {
        let of_web = url.starts_with("https://") || url.starts_with("http://");
        of_web && url.contains(TRACE_ID) && !url.contains(|c: char| c.is_control() || c == ' ')
    };
    if let Some(url) = value.values().find(|url| !is_page(url)) {
        return Err(SettingsError::Value {
            name: "links",
            origin: layer.origin.clone(),
            value: url.clone(),
            expected: "an address such as https://HOST/trace?trace_id={trace_id}",
        });
    }
    Ok(Setting { value, origin: layer.origin.clone() })
}

/// Returns the trusted hosts of the user's own file; a repository's may not say so.
fn trust(layers: &[Layer]) -> Result<Setting<Vec<String>>, SettingsError> {
    let said = layers.iter().rev().find_map(|layer| Some((layer.options.trust.clone()?, layer)));
    let Some((value, layer)) = said else {
        return Ok(Setting { value: Vec::new(), origin: Origin::Default });
    };
    if matches!(layer.origin, Origin::Repository(..)) {
        return Err(SettingsError::Value {
            name: "trust",
            origin: layer.origin.clone(),
            value: value.join(", "),
            expected: "for a repository's file to say: put it into your own config.toml",
        });
    }
    Ok(Setting { value, origin: layer.origin.clone() })
}

/// Source: no-color.org and bixense.com/clicolors.
fn color_of_variables(environment: &Environment) -> Option<(String, Origin)> {
    if environment.get_nonempty("NO_COLOR").is_some() {
        return Some(("never".to_owned(), Origin::Variable("NO_COLOR")));
    }
    let forced = environment.get_nonempty("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    forced.then(|| ("always".to_owned(), Origin::Variable("CLICOLOR_FORCE")))
}

fn read_color(found: Option<(String, Origin)>) -> Result<Setting<String>, SettingsError> {
    let (value, origin) = found.unwrap_or_else(|| ("auto".to_owned(), Origin::Default));
    if ["auto", "always", "never"].contains(&value.as_str()) {
        return Ok(Setting { value, origin });
    }
    Err(SettingsError::Value { name: "color", origin, value, expected: "auto, always or never" })
}

fn read_timeout(found: Option<(String, Origin)>) -> Result<Setting<Duration>, SettingsError> {
    let Some((text, origin)) = found else {
        return Ok(Setting { value: Duration::from_secs(5), origin: Origin::Default });
    };
    match parse_duration(&text) {
        Ok(value) if !value.is_zero() => Ok(Setting { value, origin }),
        _ => Err(SettingsError::Value {
            name: "timeout",
            origin,
            value: text,
            expected: "a duration such as 500ms, 5s or 1m",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(
        overrides: &Overrides,
        pairs: &[(&str, &str)],
        toml: &str,
    ) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("obs.toml"), toml).unwrap();
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        resolve(overrides, &Environment::from_pairs(pairs), &below)
    }

    #[test]
    fn flag_beats_variable_beats_file_beats_default() {
        let toml = "timeout = '3s'";
        let flag = Overrides { timeout: Some("1s".to_owned()), ..Overrides::default() };
        let none = Overrides::default();
        let seconds = |overrides, pairs: &[_], toml| {
            let timeout = settings(overrides, pairs, toml).unwrap().timeout;
            (timeout.value.as_secs(), timeout.origin.to_string().contains("obs.toml"))
        };
        assert_eq!(seconds(&flag, &[("OBS_TIMEOUT", "2s")], toml), (1, false));
        assert_eq!(seconds(&none, &[("OBS_TIMEOUT", "2s")], toml), (2, false));
        assert_eq!(seconds(&none, &[], toml), (3, true));
        assert_eq!(seconds(&none, &[], ""), (5, false));
    }

    #[test]
    fn an_environment_is_laid_over_the_rest_of_its_file() {
        let toml = "[backend]\nurl='http://a:1'\n[env.prod.backend]\nurl='http://p:1'";
        let prod = Overrides { environment: Some("prod".to_owned()), ..Overrides::default() };
        let url = settings(&prod, &[], toml).unwrap().url;
        assert_eq!(url.value.as_deref(), Some("http://p:1"));
        assert!(url.origin.to_string().ends_with("[env.prod]"), "{}", url.origin);
        assert!(settings(&prod, &[], "").is_err());
    }

    #[test]
    fn log_files_count_from_the_files_folder() {
        let files =
            settings(&Overrides::default(), &[], "[logs]\nfiles=['x.log']").unwrap().log_files;
        assert!(files.value[0].ends_with("x.log") && files.value[0].is_absolute());
    }

    #[test]
    fn checks_know_the_file_that_asks_for_them() {
        let toml = "[[check]]\nid='db'\nkind='tcp'\ntarget='db:5432'\ntimeout='2s'\n\
                    [[env.prod.check]]\nid='other'\nkind='tcp'\ntarget='db:1'";
        let checks = settings(&Overrides::default(), &[], toml).unwrap().checks;
        assert_eq!(
            (checks.value.len(), checks.value[0].timeout),
            (1, Some(Duration::from_secs(2)))
        );
        assert!(checks.value[0].origin.to_string().ends_with("obs.toml"));
        let prod = Overrides { environment: Some("prod".to_owned()), ..Overrides::default() };
        assert_eq!(settings(&prod, &[], toml).unwrap().checks.value[0].id, "other");
    }

    #[test]
    fn a_value_that_cannot_be_meant_names_its_origin() {
        let error = settings(&Overrides::default(), &[("OBS_TIMEOUT", "soon")], "").unwrap_err();
        assert_eq!(
            error.to_string(),
            "timeout from $OBS_TIMEOUT is `soon`, which is not a duration such as 500ms, 5s or 1m"
        );
    }
}
