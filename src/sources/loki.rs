//! Loki, by itself or behind Grafana's data-source proxy.
//!
//! Source: Grafana Loki, "Loki HTTP API" and "`LogQL`"; Grafana, "Data source HTTP API", data source
//! proxy calls by uid.

use async_trait::async_trait;

use super::endpoint::Endpoint;
use super::lines::{self, Wanted};
use super::quoted::quoted;
use super::superset::for_re2;
use super::walk::{Batch, Pages, Window, walk};
use super::{Backend, LogSource, SourceError};
use crate::logs::id_keys;
use crate::model::{LogPage, LogQuery};
use crate::wire::decode_loki_answer;

/// All streams, as far as Loki named their service: since 3.0 it does so for each.
const SELECTOR_DEFAULT: &str = "{service_name=~\".+\"}";

/// A Loki.
#[derive(Debug)]
pub(super) struct Loki {
    endpoint: Endpoint,
}

/// Opens a Loki.
pub(super) fn open(endpoint: Endpoint) -> Result<Box<dyn Backend>, SourceError> {
    let fields = [&endpoint.settings.level_field, &endpoint.settings.service_field];
    if let Some(name) = fields.into_iter().flatten().find(|name| label_of(name) != **name) {
        let what = format!("`{name}` cannot be the name of a label");
        return Err(SourceError::refused(what, "letters, digits and _ alone: obs config show"));
    }
    Ok(Box::new(Loki { endpoint }))
}

/// Opens a Loki that only Grafana can reach.
pub(super) fn open_grafana(endpoint: Endpoint) -> Result<Box<dyn Backend>, SourceError> {
    if endpoint.settings.datasource.is_none() {
        let next = "set datasource = \"UID\": it is in the address of its page in Grafana";
        return Err(SourceError::refused("it is not said which data source to ask".into(), next));
    }
    open(endpoint.behind_grafana())
}

#[async_trait]
impl Backend for Loki {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let reply = self.endpoint.get(&["loki", "api", "v1", "labels"], &[]).await?;
        let labels: Result<Labels, _> = serde_json::from_slice(&reply.bytes);
        let labels = labels.map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        Ok(format!("has {} labels", labels.data.len()))
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        Some(self)
    }
}

#[derive(serde::Deserialize)]
struct Labels {
    #[serde(default)]
    data: Vec<String>,
}

#[async_trait]
impl LogSource for Loki {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError> {
        let wanted = Wanted::of(query).map_err(SourceError::Expression)?;
        let settings = &self.endpoint.settings;
        let window = Window::of(query, self.endpoint.now(query), settings.window);
        let questions = self.questions(query);
        let asked: Vec<Question<'_>> =
            questions.iter().map(|query| Question { endpoint: &self.endpoint, query }).collect();
        let walks = asked.iter().map(|question| walk(question, window, &wanted, query.limit));
        let mut found = futures_util::future::try_join_all(walks).await?.into_iter();
        let mut all = found.next().unwrap_or_default();
        found.for_each(|more| all.join(more));
        let mut page = all.page(self.name(), questions.join("; "), window, query);
        if settings.query.is_none() && page.records.is_empty() {
            let why =
                "only streams with a service_name were searched: set `query` to another selector";
            page.remarks.push(format!("{}: {why}", settings.name));
        }
        Ok(self.endpoint.advised(page, query))
    }

    fn repeats(&self) -> bool {
        true
    }
}

impl Loki {
    /// Returns the questions in `LogQL`: for an id two, because it stands in the line or beside it.
    fn questions(&self, query: &LogQuery) -> Vec<String> {
        let settings = &self.endpoint.settings;
        let selector = settings.query.as_deref().unwrap_or(SELECTOR_DEFAULT).trim();
        let ids = lines::literals(query);
        let mut rest = String::new();
        if let Some(pattern) = query.grep.as_deref().and_then(for_re2) {
            rest = format!("{rest} |~ {}", quoted(&pattern));
        }
        if let (Some(field), Some(level)) = (&settings.level_field, query.level) {
            let names = lines::level_names(level).join("|");
            rest = format!("{rest} | {field}=~{}", quoted(&format!("(?i)(?:{names})")));
        }
        if let (Some(field), Some(service)) = (&settings.service_field, &query.service) {
            let name = format!("(?i){}", regex::escape(service));
            rest = format!("{rest} | {field}=~{}", quoted(&name));
        }
        if ids.is_empty() {
            return vec![format!("{selector}{rest}")];
        }
        let in_line = format!("{selector} |~ {}{rest}", quoted(&lines::any_of(&ids)));
        let lower: Vec<String> =
            ids.into_iter().filter(|id| !id.chars().any(char::is_uppercase)).collect();
        let value = quoted(&format!("(?i).*(?:{}).*", lines::any_of(&lower)));
        let mut labels: Vec<String> = id_keys().map(label_of).collect();
        labels.sort();
        labels.dedup();
        let beside: Vec<String> = labels.iter().map(|label| format!("{label}=~{value}")).collect();
        vec![in_line, format!("{selector} | {}{rest}", beside.join(" or "))]
    }
}

/// Returns a field's name as Loki has it as a label.
fn label_of(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let label: String = name.chars().map(plain).collect();
    if label.starts_with(|c: char| c.is_ascii_digit()) { format!("_{label}") } else { label }
}

/// One question to one Loki.
struct Question<'a> {
    endpoint: &'a Endpoint,
    query: &'a str,
}

#[async_trait]
impl Pages for Question<'_> {
    async fn page(&self, window: Window, size: u32) -> Result<Batch, SourceError> {
        let parameters = [
            ("query", self.query.to_owned()),
            ("start", window.since.0.to_string()),
            // Loki's end is exclusive.
            ("end", window.until.0.saturating_add(1).to_string()),
            ("limit", size.to_string()),
            ("direction", "backward".to_owned()),
        ];
        let path = ["loki", "api", "v1", "query_range"];
        let reply = self.endpoint.get(&path, &parameters).await?;
        let answer = decode_loki_answer(&reply.bytes)
            .map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        let name = &self.endpoint.settings.name;
        let full = answer.lines.len() >= usize::try_from(size).unwrap_or(usize::MAX);
        let read = |line: crate::wire::LokiLine| {
            (line.time, lines::record(line.line.as_bytes(), &line.labels, line.time, name))
        };
        let incomplete = (!answer.warnings.is_empty()).then(|| answer.warnings.join("; "));
        Ok(Batch { lines: answer.lines.into_iter().map(read).collect(), full, incomplete })
    }
}
