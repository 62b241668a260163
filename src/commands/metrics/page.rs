//! Where pages of metrics are, and their bytes.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use crate::config::CheckTarget;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::FetchError;
use crate::model::Reason;
use crate::probes::scrape::{PAGE_BYTES_MAX, scrape};
use crate::render::text;

/// Where a page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Url(String),
    File(PathBuf),
    Input,
}

/// A place, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) place: Place,
}

/// A page as it was read.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) body: Vec<u8>,
    /// In lower case; empty of a file.
    pub(super) content_type: String,
}

impl Target {
    /// Understands what was typed: `-`, a file that is there, else an address.
    ///
    /// An address may lack its scheme, and its path, which then is `/metrics`.
    pub(super) fn of(typed: &str) -> Result<Self> {
        let is_file = !typed.contains("://") && Path::new(typed).exists();
        if typed == "-" || is_file {
            let place = if is_file { Place::File(typed.into()) } else { Place::Input };
            let name = if is_file { typed } else { "standard input" };
            return Ok(Self { name: name.to_owned(), place });
        }
        let full = if typed.contains("://") { typed.to_owned() } else { format!("http://{typed}") };
        let refused = |reason: String| {
            Error::usage(format!("`{}` is no page of metrics", text::shown(typed)))
                .because(reason)
                .hint("give a URL, host:port, a file, or - for standard input")
        };
        let mut url = url::Url::parse(&full).map_err(|error| refused(error.to_string()))?;
        let bare = !typed.contains("://") && url.port().is_none() && !typed.contains('/');
        if !matches!(url.scheme(), "http" | "https") || bare {
            return Err(refused("there is no such file, and it is no http address".to_owned()));
        }
        if url.path() == "/" {
            url.set_path("/metrics");
        }
        let name = crate::http::without_secrets(url.as_str());
        Ok(Self { name, place: Place::Url(url.into()) })
    }

    /// Returns the pages that are known without being typed: those of the configured checks of kind
    /// `metrics`, else those of the applications of the running backend.
    pub(super) fn known(context: &mut Context) -> Result<Vec<Self>> {
        let checks = context.settings.checks.value.iter().filter(|check| check.kind == "metrics");
        let configured: Vec<Self> = checks
            .filter_map(|check| match &check.target {
                CheckTarget::Known(url) => {
                    Some(Self { name: check.id.clone(), place: Place::Url(url.clone()) })
                }
                // `obs check` says why it is not known.
                CheckTarget::Unknown(_) => None,
            })
            .collect();
        if !configured.is_empty() {
            return Ok(configured);
        }
        let announced = context.embedded()?.and_then(|(_, announced)| announced);
        let applications = announced.into_iter().flat_map(|running| running.applications);
        let found: Vec<Self> = applications
            .map(|application| {
                let url = format!("{}/metrics", application.url.trim_end_matches('/'));
                Self { name: application.name, place: Place::Url(url) }
            })
            .collect();
        if found.is_empty() {
            return Err(Error::usage("no page of metrics is named, and none is known here")
                .hint("name one: obs metrics http://HOST:PORT/metrics")
                .hint("or list it in obs.toml: [[check]] id = \"api\" kind = \"metrics\" target = \"http://…/metrics\"")
                .hint("see it work: obs demo"));
        }
        let names: Vec<&str> = found.iter().map(|target| target.name.as_str()).collect();
        context.output.note(&format!("reading what runs here: {}", names.join(", ")));
        Ok(found)
    }

    /// Returns it as a word to type again.
    pub(super) fn typed(&self) -> String {
        match &self.place {
            Place::Input => "-".to_owned(),
            _ => text::word(&self.shown()),
        }
    }

    /// Says what to type to see what is there, where it is no page of metrics.
    pub(super) fn look_at_it(&self) -> String {
        match &self.place {
            Place::Url(_) => format!("see what answers there: curl -i {}", self.typed()),
            Place::File(file) if file.is_dir() => format!("name a file in it: ls {}", self.typed()),
            Place::File(_) => format!("see what it is: head -c 300 {}", self.typed()),
            Place::Input => {
                "give it a page: curl -s http://HOST:PORT/metrics | obs metrics -".to_owned()
            }
        }
    }

    /// Returns where it is, without secrets.
    pub(super) fn shown(&self) -> String {
        match &self.place {
            Place::Url(url) => crate::http::without_secrets(url),
            Place::File(file) => file.display().to_string(),
            Place::Input => "standard input".to_owned(),
        }
    }

    /// Reads it once; the outer error is an interruption.
    pub(super) fn read(&self, context: &mut Context) -> Result<Result<Page, FetchError>> {
        Ok(match &self.place {
            Place::Url(url) => {
                let (http, timeout) = (context.http(), context.settings.timeout.value);
                let fetched = context.wait(async || scrape(&http, url, timeout).await)?;
                fetched.map(|page| Page { body: page.body, content_type: page.content_type })
            }
            Place::File(file) => File::open(file).map_err(of_io).and_then(bounded),
            Place::Input => {
                if io::stdin().is_terminal() {
                    let note = "reading from the terminal: paste a page and end with Ctrl-D";
                    context.output.note(note);
                }
                bounded(io::stdin())
            }
        })
    }
}

/// Reads a file to its end, up to the size of the largest page.
fn bounded(input: impl Read) -> Result<Page, FetchError> {
    let mut body = Vec::new();
    let most = u64::try_from(PAGE_BYTES_MAX).unwrap_or(u64::MAX);
    input.take(most + 1).read_to_end(&mut body).map_err(of_io)?;
    if body.len() > PAGE_BYTES_MAX {
        let message = format!("more than {} MiB, which is not read", PAGE_BYTES_MAX >> 20);
        return Err(FetchError { reason: Reason::TooLarge, message });
    }
    Ok(Page { body, content_type: String::new() })
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn of_io(error: io::Error) -> FetchError {
    let message = match error.kind() {
        io::ErrorKind::IsADirectory => "a folder and no page of metrics".to_owned(),
        _ => error.to_string(),
    };
    FetchError { reason: Reason::Config, message }
}
