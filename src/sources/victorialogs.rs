//! `VictoriaLogs`, asked in `LogsQL`.
//!
//! Source: `VictoriaLogs`, "Querying" (HTTP API) and "`LogsQL`".

use async_trait::async_trait;

use super::endpoint::Endpoint;
use super::lines::{self, Wanted};
use super::quoted::quoted;
use super::walk::{Batch, Pages, Window, walk};
use super::{Backend, LogSource, SourceError};
use crate::http::Body;
use crate::logs::id_keys;
use crate::model::{LogPage, LogQuery};
use crate::wire::decode_victoria_answer;

/// What `VictoriaLogs` adds to each line for itself.
const OWN_FIELDS: [&str; 2] = ["_stream", "_stream_id"];

/// A `VictoriaLogs`.
#[derive(Debug)]
struct VictoriaLogs {
    endpoint: Endpoint,
}

/// Opens a `VictoriaLogs`.
pub(super) fn open(endpoint: Endpoint) -> Result<Box<dyn Backend>, SourceError> {
    if endpoint.settings.query.as_ref().is_some_and(|query| query.contains('|')) {
        let what = "its `query` has a pipe, and only a filter can be narrowed down".to_owned();
        return Err(SourceError::refused(what, "leave the pipes out: obs config show"));
    }
    Ok(Box::new(VictoriaLogs { endpoint }))
}

#[async_trait]
impl Backend for VictoriaLogs {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let reply = self.endpoint.get(&["health"], &[]).await?;
        let first = String::from_utf8_lossy(&reply.bytes);
        let first = first.lines().next().unwrap_or_default().trim();
        Ok(format!("answers \"{}\"", first.chars().take(40).collect::<String>()))
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        Some(self)
    }
}

#[async_trait]
impl LogSource for VictoriaLogs {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError> {
        let wanted = Wanted::of(query).map_err(SourceError::Expression)?;
        let window = Window::of(query, self.endpoint.now(query), self.endpoint.settings.window);
        let asked = self.question(query);
        let question = Question { endpoint: &self.endpoint, query: &asked };
        let walked = walk(&question, window, &wanted, query.limit).await?;
        let page = walked.page(self.name(), asked, window, query);
        Ok(self.endpoint.advised(page, query))
    }

    fn repeats(&self) -> bool {
        true
    }
}

impl VictoriaLogs {
    /// Returns the question in `LogsQL`: an id is looked for in the message and in every field that is
    /// known to have one. `--grep` is for the line as a whole, which no filter sees.
    fn question(&self, query: &LogQuery) -> String {
        let settings = &self.endpoint.settings;
        let mut parts = vec![settings.query.as_deref().unwrap_or("*").trim().to_owned()];
        let ids = lines::literals(query);
        if !ids.is_empty() {
            let value = quoted(&lines::any_of(&ids));
            let fields = std::iter::once("_msg").chain(id_keys());
            let of_each: Vec<String> =
                fields.map(|field| format!("{}:~{value}", quoted(field))).collect();
            parts.push(of_each.join(" or "));
        }
        if let (Some(field), Some(level)) = (&settings.level_field, query.level) {
            let names = lines::level_names(level).join("|");
            parts.push(format!("{}:~{}", quoted(field), quoted(&format!("(?i)^(?:{names})$"))));
        }
        if let (Some(field), Some(service)) = (&settings.service_field, &query.service) {
            let name = format!("(?i)^{}$", regex::escape(service));
            parts.push(format!("{}:~{}", quoted(field), quoted(&name)));
        }
        match parts.as_slice() {
            [only] => only.clone(),
            parts => format!("({})", parts.join(") and (")),
        }
    }
}

/// One question to one `VictoriaLogs`.
struct Question<'a> {
    endpoint: &'a Endpoint,
    query: &'a str,
}

#[async_trait]
impl Pages for Question<'_> {
    async fn page(&self, window: Window, size: u32) -> Result<Batch, SourceError> {
        let body = || {
            Body::Form(vec![
                ("query", self.query.to_owned()),
                ("start", window.since.0.to_string()),
                // Its end is exclusive; with a limit it gives the latest.
                ("end", window.until.0.saturating_add(1).to_string()),
                ("limit", size.to_string()),
            ])
        };
        let reply = self.endpoint.post(&["select", "logsql", "query"], &[], body).await?;
        let answer = decode_victoria_answer(&reply.bytes)
            .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        let name = &self.endpoint.settings.name;
        let full = answer.lines.len() >= usize::try_from(size).unwrap_or(usize::MAX);
        let mut lines = Vec::new();
        for (time, line) in answer.lines {
            let mut record = lines::record(&line, &[], time, name);
            record.fields.retain(|field| !OWN_FIELDS.contains(&field.name.as_str()));
            lines.push((time, record));
        }
        let incomplete = answer.cut.then(|| "its answer ended within a line".to_owned());
        Ok(Batch { lines, full, incomplete })
    }
}
