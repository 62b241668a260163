//! Elasticsearch and `OpenSearch`, asked with `_search`.
//!
//! Pages follow each other by time, not by a point in time of the server: nothing has to be opened there
//! and closed again, and every version of both knows how.
//! Source: Elasticsearch, "Search API", "Query DSL", "Sort search results".

use async_trait::async_trait;
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::lines::{self, Wanted};
use super::walk::{Batch, Pages, Window, walk};
use super::{Backend, LogSource, SourceError};
use crate::http::Body;
use crate::logs::id_keys;
use crate::model::{LogPage, LogQuery};
use crate::wire::decode_search;

/// A millisecond: what `@timestamp` is sorted by.
const GRAIN_NS: i64 = 1_000_000;

/// The fields beside those for ids in which a whole line may stand.
const LINE_FIELDS: [&str; 4] = ["message", "msg", "log", "event.original"];

/// An Elasticsearch or an `OpenSearch`.
#[derive(Debug)]
struct Elasticsearch {
    endpoint: Endpoint,
}

/// Opens one.
pub(super) fn open(endpoint: Endpoint) -> Box<dyn Backend> {
    Box::new(Elasticsearch { endpoint })
}

#[async_trait]
impl Backend for Elasticsearch {
    fn name(&self) -> String {
        self.endpoint.name()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        let reply = self.endpoint.get(&[], &[]).await?;
        let about: Result<About, _> = serde_json::from_slice(&reply.bytes);
        let about = about.map_err(|error| self.endpoint.misread(&reply, &error.to_string()))?;
        Ok(format!("is version {}", about.version.number))
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        Some(self)
    }
}

#[derive(serde::Deserialize)]
struct About {
    version: Version,
}

#[derive(serde::Deserialize)]
struct Version {
    number: String,
}

#[async_trait]
impl LogSource for Elasticsearch {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError> {
        let wanted = Wanted::of(query).map_err(SourceError::Expression)?;
        let window = Window::of(query, self.endpoint.now(query), self.endpoint.settings.window);
        let filters = self.filters(query);
        let asked = format!("{} {}", self.index(), Value::from(filters.clone()));
        let question = Question { source: self, filters };
        let walked = walk(&question, window, &wanted, query.limit).await?;
        let page = walked.page(self.name(), asked, window, query);
        Ok(self.endpoint.advised(page, query))
    }

    fn repeats(&self) -> bool {
        true
    }
}

impl Elasticsearch {
    fn index(&self) -> &str {
        self.endpoint.settings.index.as_deref().unwrap_or("*")
    }

    /// Returns the conditions, the time aside. `--grep` is none: it is for lines, and an index has words.
    fn filters(&self, query: &LogQuery) -> Vec<Value> {
        let settings = &self.endpoint.settings;
        let mut filters = Vec::new();
        if let Some(own) = &settings.query {
            filters.push(json!({"query_string": {"query": own}}));
        }
        let ids = lines::literals(query);
        if !ids.is_empty() {
            let of_ids = id_keys().map(|key| format!("*{key}"));
            let fields: Vec<String> =
                LINE_FIELDS.map(str::to_owned).into_iter().chain(of_ids).collect();
            let phrase = |id: &String| {
                let fields = &fields;
                json!({"multi_match": {"query": id, "type": "phrase", "lenient": true, "fields": fields}})
            };
            let should: Vec<Value> = ids.iter().map(phrase).collect();
            filters.push(json!({"bool": {"should": should, "minimum_should_match": 1}}));
        }
        if let (Some(field), Some(level)) = (&settings.level_field, query.level) {
            let names = lines::level_names(level);
            let capital = |name: &str| {
                let mut letters = name.chars();
                let first = letters.next().map(|c| c.to_ascii_uppercase());
                first.into_iter().chain(letters).collect::<String>()
            };
            let forms = |name: &&str| [(*name).to_owned(), name.to_uppercase(), capital(name)];
            let names: Vec<String> = names.iter().flat_map(forms).collect();
            filters.push(json!({"terms": {field.as_str(): names}}));
        }
        if let (Some(field), Some(service)) = (&settings.service_field, &query.service) {
            let term = json!({"value": service, "case_insensitive": true});
            filters.push(json!({"term": {field.as_str(): term}}));
        }
        filters
    }
}

/// One question to one Elasticsearch.
struct Question<'a> {
    source: &'a Elasticsearch,
    filters: Vec<Value>,
}

#[async_trait]
impl Pages for Question<'_> {
    async fn page(&self, window: Window, size: u32) -> Result<Batch, SourceError> {
        let body = || {
            let range = json!({
                "gte": window.since.0.div_euclid(GRAIN_NS),
                "lt": window.until.0.div_euclid(GRAIN_NS) + 1,
                "format": "epoch_millis",
            });
            let mut filters = self.filters.clone();
            filters.push(json!({"range": {"@timestamp": range}}));
            let order = json!({"order": "desc", "unmapped_type": "date", "numeric_type": "date"});
            Body::Json(json!({
                "size": size,
                "sort": [{"@timestamp": order}],
                "track_total_hits": false,
                "query": {"bool": {"filter": filters}},
            }))
        };
        let endpoint = &self.source.endpoint;
        let reply = endpoint.post(&[self.source.index(), "_search"], &[], body).await?;
        let answer = decode_search(&reply.bytes)
            .map_err(|error| endpoint.misread(&reply, &error.to_string()))?;
        let full = answer.documents.len() >= usize::try_from(size).unwrap_or(usize::MAX);
        let name = &endpoint.settings.name;
        let read = |document: crate::wire::Document| {
            (document.time, lines::record(&document.source, &[], document.time, name))
        };
        let lines = answer.documents.into_iter().map(read).collect();
        Ok(Batch { lines, full, incomplete: answer.incomplete })
    }

    fn grain(&self) -> i64 {
        GRAIN_NS
    }
}
