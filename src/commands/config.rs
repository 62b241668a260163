//! `obs config show`: every setting and where it comes from.

use std::borrow::Cow;
use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::config::{Origin, Secret, Settings, SourceSettings, VARIABLES};
use crate::context::Context;
use crate::error::{Outcome, Result};
use crate::http::without_secrets;
use crate::model::mask_text;
use crate::render::{Render, Theme, Tone, text};

mod listed;

/// A column is at most as wide as this; what is longer is shown whole all the same.
const NAME_COLUMNS_MAX: usize = 32;
const VALUE_COLUMNS_MAX: usize = 50;

/// Arguments of `obs config`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  obs config show                what is in force, and which file, variable or flag said so
  obs config show -e prod        the same for an environment
  obs config show --variables    every environment variable that obs reads")]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show every setting and where it comes from
    Show {
        /// Also list the environment variables that obs reads
        #[arg(long)]
        variables: bool,
    },
}

/// Every setting; in JSON `obs.config/1`.
#[derive(Debug, Serialize)]
struct ConfigReport {
    schema: &'static str,
    files: Vec<String>,
    settings: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variables: Vec<VariableRow>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: Cow<'static, str>,
    value: String,
    origin: String,
}

#[derive(Debug, Serialize)]
struct VariableRow {
    name: &'static str,
    meaning: &'static str,
    set: bool,
}

/// Shows the settings.
pub fn run(args: &ConfigArgs, context: &mut Context) -> Result<Outcome> {
    context.output.only_human_or_json("config")?;
    let ConfigCommand::Show { variables } = args.command;
    let listed = if variables { VARIABLES } else { &[] };
    let variables = listed.iter().map(|variable| VariableRow {
        name: variable.name,
        meaning: variable.meaning,
        set: context.environment.get(variable.name).is_some(),
    });
    let settings = &context.settings;
    let report = ConfigReport {
        schema: "obs.config/1",
        files: settings.files.iter().map(|file| file.display().to_string()).collect(),
        settings: rows(settings),
        variables: variables.collect(),
    };
    context.output.show(&report)?;
    Ok(Outcome::Yes)
}

fn rows(settings: &Settings) -> Vec<Row> {
    let row = |name: &'static str, value: String, origin: &Origin| Row {
        name: name.into(),
        value: mask_text(&value).into_owned(),
        origin: origin.to_string(),
    };
    let url = settings.url.value.clone().unwrap_or_else(|| "(the running one)".to_owned());
    let files: Vec<String> =
        settings.log_files.value.iter().map(|file| file.display().to_string()).collect();
    let dialects: Vec<&str> =
        settings.log_dialects.value.iter().map(|row| row.name.as_str()).collect();
    let none = Origin::Default;
    let environment = settings.environment.as_ref();
    let mut rows = vec![
        row(
            "env",
            environment.map_or_else(|| "(none)".to_owned(), |chosen| chosen.value.clone()),
            environment.map_or(&none, |chosen| &chosen.origin),
        ),
        row("timeout", format!("{:?}", settings.timeout.value), &settings.timeout.origin),
        row("backend.url", url, &settings.url.origin),
        row(
            "logs.files",
            if files.is_empty() { "(none)".to_owned() } else { files.join(", ") },
            &settings.log_files.origin,
        ),
        row(
            "logs.dialect",
            if dialects.is_empty() { "(built in)".to_owned() } else { dialects.join(", ") },
            &settings.log_dialects.origin,
        ),
        row("check", checks(settings).to_owned(), &settings.checks.origin),
        row("output.color", settings.color.value.clone(), &settings.color.origin),
        row("output.ascii", settings.ascii.value.to_string(), &settings.ascii.origin),
        row("output.utc", settings.utc.value.to_string(), &settings.utc.origin),
        row("pager", settings.pager.value.clone(), &settings.pager.origin),
    ];
    rows.extend(listed::rows(settings));
    rows.extend(settings.sources.iter().map(|source| Row {
        name: format!("source.{}", source.name).into(),
        value: described(source),
        origin: source.origin.to_string(),
    }));
    if let Some(place) = &settings.last_deploy.value {
        // A time that stands in the file is no secret.
        let value = match place {
            Secret::Literal(time) => time.clone(),
            place => place.to_string(),
        };
        rows.push(row("last_deploy", value, &settings.last_deploy.origin));
    }
    rows.extend(settings.links.value.iter().map(|(name, url)| Row {
        name: format!("links.{name}").into(),
        value: mask_text(url).into_owned(),
        origin: settings.links.origin.to_string(),
    }));
    if !settings.trust.value.is_empty() {
        rows.push(row("trust", settings.trust.value.join(", "), &settings.trust.origin));
    }
    rows
}

/// Returns what is checked, in words; the checks themselves have rows of their own.
fn checks(settings: &Settings) -> &'static str {
    if !settings.checks.value.is_empty() || settings.unread.iter().any(|one| one.what == "check") {
        "(those below)"
    } else if settings.services.is_empty() {
        "(what runs here)"
    } else {
        "(what runs here, and what the environment names)"
    }
}

/// Returns what a source is, what it is asked with, and where its secrets come from.
fn described(source: &SourceSettings) -> String {
    let place = if source.command.is_empty() {
        without_secrets(&source.url)
    } else {
        mask_text(&source.command.join(" ")).into_owned()
    };
    let mut text = format!("{} {place}", source.kind);
    let plain = [
        ("query", &source.query),
        ("index", &source.index),
        ("datasource", &source.datasource),
        ("organization", &source.organization),
        ("level_field", &source.level_field),
        ("service_field", &source.service_field),
        ("username", &source.username),
    ];
    for (key, value) in plain {
        if let Some(value) = value {
            text = format!("{text} {key}={}", mask_text(value));
        }
    }
    for (key, secret) in source.secrets() {
        let from = if secret.is_the_users() { "from " } else { "" };
        text = format!("{text} {key} {from}{secret}");
    }
    text
}

impl Render for ConfigReport {
    fn human(&self, out: &mut dyn Write, theme: &Theme) -> io::Result<()> {
        match self.files.as_slice() {
            [] => writeln!(
                out,
                "no configuration file (obs.toml here or above, or ~/.config/obs/config.toml)"
            )?,
            files => writeln!(out, "read: {}", text::shown(&files.join(", ")))?,
        }
        let widest =
            |all: &mut dyn Iterator<Item = usize>, most: usize| all.max().unwrap_or(0).min(most);
        let mut values = self.settings.iter().map(|row| text::columns(&row.value));
        let columns = widest(&mut values, VALUE_COLUMNS_MAX);
        let mut names = self.settings.iter().map(|row| text::columns(&row.name));
        let name_columns = widest(&mut names, NAME_COLUMNS_MAX);
        for row in &self.settings {
            // What is too long for the column is shown whole all the same.
            let value = text::shown(&row.value);
            let columns = columns.max(text::columns(&value));
            let value = text::fit(&value, columns);
            let origin = theme.paint(Tone::Dim, text::shown(&row.origin));
            let name = text::shown(&row.name);
            let name = text::fit(&name, name_columns.max(text::columns(&name)));
            writeln!(out, "  {name}  {value}  {origin}")?;
        }
        if !self.variables.is_empty() {
            writeln!(out)?;
        }
        let name_columns = self.variables.iter().map(|row| row.name.len()).max().unwrap_or(0);
        for variable in &self.variables {
            let set = if variable.set { "set" } else { "-" };
            writeln!(out, "  {:<name_columns$}  {set:<4} {}", variable.name, variable.meaning)?;
        }
        Ok(())
    }
}
