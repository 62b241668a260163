//! Which backends a command asks.

use std::time::Instant;

use super::Context;
use crate::config::{Origin, Secret, SourceSettings, running};
use crate::error::{Error, Result};
use crate::gather::{self, Patience};
use crate::model::{Correlation, Gathered, Story, UnixNanos};
use crate::render::Progress;
use crate::sources::local::{Served, StoredFile};
use crate::sources::{
    Backend, COMMAND, KINDS, Kind, KindError, Opening, Side, WithoutLogs, kind_of, open,
};

/// What a command asks backends for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Log lines: of the configured sources; without any, of the embedded backend.
    Logs,
    /// Everything about one request, of all that have something of it.
    Story,
    /// The same, which is nothing without traces.
    Traces,
    /// The same, which is nothing without errors: those only the embedded backend has.
    Errors,
    /// Lists of traces: of the configured sources that have traces, and of the embedded backend.
    TraceLists,
    /// What of the others only the embedded backend has.
    Embedded,
}

impl Context {
    /// Gathers everything about one request from the backends.
    pub fn story(&mut self, wanted: Wanted, correlation: &Correlation) -> Result<Gathered<Story>> {
        let gathered =
            self.ask(wanted, async |backends| gather::story(backends, correlation).await)?;
        self.tell_of(&gathered);
        Ok(gathered)
    }

    /// Gathers the same, and waits for spans of its trace that are still arriving.
    pub fn story_when_arrived(
        &mut self,
        correlation: &Correlation,
        patience: Patience,
    ) -> Result<Gathered<Story>> {
        let (start, began) = (self.now_nanos(), Instant::now());
        let now = || {
            let passed = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
            UnixNanos(start.0.saturating_add(passed))
        };
        let progress = Progress::new(&self.output.notes);
        let pause = async |length| {
            progress.say("waiting for spans that are still arriving");
            tokio::time::sleep(length).await;
        };
        let gathered = self.ask(Wanted::Traces, async |backends| {
            gather::arrived(backends, correlation, patience, now, pause).await
        })?;
        progress.clear();
        self.tell_of(&gathered);
        Ok(gathered)
    }

    /// Says on standard error who did not answer, and what was searched.
    fn tell_of(&mut self, gathered: &Gathered<Story>) {
        self.warn_of_missing(&gathered.missing);
        for one in &gathered.found.searched {
            self.output.note(&format!(
                "{}: {} log lines match, of {} to {} (its window: obs logs --since)",
                one.source, one.matched, one.since, one.until
            ));
        }
        for remark in &gathered.found.remarks {
            self.output.note(remark);
        }
    }

    /// Says whether `--url` or its variable names the one backend to ask.
    fn is_named(&self) -> bool {
        matches!(self.settings.url.origin, Origin::Flag(_) | Origin::Variable(_))
    }

    /// Says whether log lines are asked of configured sources.
    pub fn has_log_sources(&self) -> bool {
        self.configured(Wanted::Logs).next().is_some()
    }

    /// Returns the configured sources that have something of what is wanted; of an unknown kind, it is
    /// not known what they have.
    fn configured(&self, wanted: Wanted) -> impl Iterator<Item = &SourceSettings> {
        let named = self.is_named();
        let of_kind = |settings: &SourceSettings| kind_of(&settings.kind).map(|kind| kind.side);
        self.settings.sources.iter().filter(move |settings| match wanted {
            _ if named => false,
            _ if matches!(of_kind(settings), Some(Side::Metrics | Side::Alerts)) => false,
            Wanted::Logs => of_kind(settings) != Some(Side::Traces),
            Wanted::Story | Wanted::Traces | Wanted::Errors => true,
            Wanted::TraceLists => of_kind(settings) != Some(Side::Logs),
            Wanted::Embedded => false,
        })
    }

    /// Returns the backends to ask: the one that was named alone, else the configured ones and the
    /// embedded one. One of those that was found and not configured is not asked for log lines when
    /// there are sources for them.
    pub(super) async fn find_backends(&mut self, wanted: Wanted) -> Result<Vec<Box<dyn Backend>>> {
        let mut backends = Vec::new();
        let sources: Vec<SourceSettings> = self.configured(wanted).cloned().collect();
        for settings in sources {
            backends.push(self.open_source(&settings)?);
        }
        let configured = self.settings.url.value.is_some();
        let mut found = None;
        if configured || wanted != Wanted::Logs || backends.is_empty() {
            found = self.find_embedded().await?;
        }
        let traces = backends.iter().any(|backend| backend.traces().is_some());
        let lacking = wanted == Wanted::Traces && !traces || wanted == Wanted::Errors;
        let needed = backends.is_empty() || lacking;
        if found.is_none() && needed {
            return Err(Error::usage(
                "there is nowhere to look: no backend runs here and nothing is stored",
            )
            .hint("see it work: obs demo")
            .hint("receive telemetry: obs serve")
            .hint("ask another backend: --url http://HOST:PORT, or OBS_URL"));
        }
        if found.is_none() && wanted == Wanted::Story {
            let (only, has) = if traces {
                ("no errors", "errors")
            } else {
                ("only log lines", "traces and errors")
            };
            self.output.note(&format!("{only}: no backend that has {has} is known here"));
        }
        let others = self.has_log_sources() && !configured;
        backends.extend(found.map(|embedded| {
            if others { Box::new(WithoutLogs(embedded)) as Box<dyn Backend> } else { embedded }
        }));
        backends.append(&mut self.further);
        Ok(backends)
    }

    /// Asks this one too.
    pub fn also_ask(&mut self, backend: Box<dyn Backend>) {
        self.further.push(backend);
    }

    /// Opens one configured source.
    pub fn open_source(&mut self, settings: &SourceSettings) -> Result<Box<dyn Backend>> {
        let literal = settings.secrets().find(|(_, secret)| matches!(secret, Secret::Literal(_)));
        // A tenant is a header as well, and no secret.
        if let Some((key, _)) = literal.filter(|(key, _)| ["token", "password"].contains(key)) {
            let (name, origin) = (&settings.name, &settings.origin);
            self.output.warn(&format!(
                "the {key} of source {name} stands in {origin}: better {key} = {{ env = \"NAME\" }}"
            ));
        }
        let opening = Opening {
            http: self.http(),
            environment: &self.environment,
            trusted: &self.settings.trust.value,
            now: self.now_nanos(),
        };
        open(settings, &opening).map_err(|error| {
            let refused = Error::usage(error.to_string());
            match &error {
                KindError::Unknown { near: Some(near), .. } => {
                    refused.hint(format!("did you mean `{near}`?"))
                }
                KindError::Unknown { near: None, .. } => {
                    let of_address = KINDS.iter().fold(refused, |refused, kind| {
                        let Kind { name, about, example, .. } = kind;
                        refused.hint(format!("kind = \"{name}\", url = \"{example}\": {about}"))
                    });
                    of_address.hint(format!(
                        "kind = \"{COMMAND}\", command = [\"kubectl\", \"logs\", \"-l\", \"app=api\"]: what it prints"
                    ))
                }
                KindError::Key { .. } => {
                    refused.hint(format!("take it out of {}", settings.origin))
                }
            }
        })
    }

    /// Returns the embedded backend: the one that was named, else the one that runs, else the store's
    /// file. Says on standard error which was found.
    async fn find_embedded(&mut self) -> Result<Option<Box<dyn Backend>>> {
        if let Some(url) = self.settings.url.value.clone() {
            if let Err(error) = crate::http::address(&url, &[]) {
                let origin = &self.settings.url.origin;
                return Err(Error::usage(format!(
                    "the backend's address ({origin}) cannot be used"
                ))
                .because(error)
                .hint("an address is http://HOST:PORT"));
            }
            return Ok(Some(Box::new(Served::at(self.http(), url))));
        }
        for announced in running::announced(&self.environment) {
            if let Some(served) = Served::announced(&self.http(), announced).await {
                self.output.note(&format!("asking the running {}", served.name()));
                return Ok(Some(Box::new(served)));
            }
        }
        // Without a folder of its own there is no file: that matters only where nobody else is asked.
        let path = match self.store_path() {
            Ok(path) => path,
            Err(_) if self.configured(Wanted::Story).next().is_some() => return Ok(None),
            Err(error) => return Err(error),
        };
        if !path.exists() {
            return Ok(None);
        }
        let stored = StoredFile { path };
        self.output.note(&format!("no backend runs; reading the {}", stored.name()));
        Ok(Some(Box::new(stored)))
    }
}
