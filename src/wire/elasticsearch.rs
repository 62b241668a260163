//! Elasticsearch's and `OpenSearch`'s answers to `_search`.
//!
//! Source: Elasticsearch, "Search API", response body.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::WireError;
use crate::model::UnixNanos;

/// One answer.
#[derive(Debug, Default)]
pub struct SearchAnswer {
    /// The documents, in the order given.
    pub documents: Vec<Document>,
    /// Why it is the answer of a part only, in words.
    pub incomplete: Option<String>,
}

/// One document.
#[derive(Debug)]
pub struct Document {
    /// Its `@timestamp`.
    pub time: UnixNanos,
    /// Its `_source`: JSON, as it was indexed.
    pub source: Vec<u8>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    timed_out: bool,
    #[serde(rename = "_shards", default)]
    shards: Shards,
    hits: Hits,
}

#[derive(Deserialize, Default)]
struct Shards {
    #[serde(default)]
    total: u64,
    #[serde(default)]
    failed: u64,
    #[serde(default)]
    failures: Vec<ShardFailure>,
}

#[derive(Deserialize)]
struct ShardFailure {
    reason: Option<FailureReason>,
}

#[derive(Deserialize)]
struct FailureReason {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_source")]
    source: Option<Box<RawValue>>,
    #[serde(default)]
    sort: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Stamped {
    #[serde(rename = "@timestamp")]
    timestamp: Option<String>,
}

/// Reads an answer that is sorted by `@timestamp` alone.
///
/// The time is the document's own where it is written as RFC 3339, which can be finer than the
/// milliseconds of `sort`. Errs where a document has no `_source` or no time.
pub fn decode_search(body: &[u8]) -> Result<SearchAnswer, WireError> {
    let read = |error: serde_json::Error| WireError::Json(error.to_string());
    let answer: Answer = serde_json::from_slice(body).map_err(read)?;
    let mut documents = Vec::new();
    for hit in answer.hits.hits {
        let source = hit.source.ok_or(WireError::Answer("a document has no _source"))?;
        let stamped: Option<Stamped> = serde_json::from_str(source.get()).ok();
        let own = stamped.and_then(|stamped| UnixNanos::parse_rfc3339(&stamped.timestamp?));
        let sorted = || hit.sort.first()?.as_i64()?.checked_mul(1_000_000).map(UnixNanos);
        let time = own.or_else(sorted).ok_or(WireError::Answer("a document has no time"))?;
        let source = String::from(Box::<str>::from(source)).into_bytes();
        documents.push(Document { time, source });
    }
    let incomplete = incomplete(answer.timed_out, answer.shards);
    Ok(SearchAnswer { documents, incomplete })
}

fn incomplete(timed_out: bool, shards: Shards) -> Option<String> {
    if shards.failed > 0 {
        let reason = shards.failures.into_iter().find_map(|failure| failure.reason?.reason);
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        return Some(format!("{} of {} shards failed{reason}", shards.failed, shards.total));
    }
    timed_out.then(|| "it ran out of its own time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_own_time_is_finer_than_its_place_in_the_order() {
        let body = br#"{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"hits":[
            {"_source":{"@timestamp":"2026-11-22T06:00:00.123456Z","message":"a"},"sort":[1795327200123]},
            {"_source":{"@timestamp":1795327200123,"message":"b"},"sort":[1795327200123]}]}}"#;
        let answer = decode_search(body).unwrap();
        let times: Vec<String> = answer.documents.iter().map(|d| d.time.to_string()).collect();
        assert_eq!(times, ["2026-11-22T06:00:00.123456Z", "2026-11-22T06:00:00.123Z"]);
        assert!(answer.incomplete.is_none());
    }

    #[test]
    fn failed_shards_and_time_that_ran_out_are_told() {
        let body = br#"{"timed_out":true,"_shards":{"total":5,"failed":2,
            "failures":[{"shard":0,"reason":{"type":"x","reason":"no room"}}]},"hits":{"hits":[]}}"#;
        let incomplete = decode_search(body).unwrap().incomplete;
        assert_eq!(incomplete.as_deref(), Some("2 of 5 shards failed: no room"));
        let late = decode_search(br#"{"timed_out":true,"hits":{"hits":[]}}"#).unwrap();
        assert_eq!(late.incomplete.as_deref(), Some("it ran out of its own time"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(text in r#"(\{"hits":\{"hits":\[)?(\{"_source":(\{"@timestamp":("x"|7)\}|null)|,"sort":\[[0-9e-]{0,6}\]|\}|[\x00-\xff]){0,8}"#) {
            drop(decode_search(text.as_bytes()));
        }
    }
}
