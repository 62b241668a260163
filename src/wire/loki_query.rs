//! Loki's answers to `query_range`.
//!
//! Source: Grafana Loki, "Loki HTTP API", query logs within a range of time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::WireError;
use crate::model::UnixNanos;

/// One answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LokiAnswer {
    /// The lines, in the order given: by stream, within it by time.
    pub lines: Vec<LokiLine>,
    /// What Loki itself warns of: the answer may be one of a part.
    pub warnings: Vec<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LokiLine {
    /// The time that Loki has it under.
    pub time: UnixNanos,
    /// The line as it was pushed.
    pub line: String,
    /// The labels of its stream, then its own metadata.
    pub labels: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    stream: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<Vec<Value>>,
}

/// Reads `{"status":"success","data":{"resultType":"streams","result":[…]}}`.
///
/// Errs on anything else, also on the numbers of a metric query. A third element of a value is its
/// structured metadata, plain or by category.
pub fn decode_loki_answer(body: &[u8]) -> Result<LokiAnswer, WireError> {
    let kind: Result<Answer, _> = serde_json::from_slice(body);
    let answer = kind.map_err(|error| WireError::Json(error.to_string()))?;
    if answer.data.result_type != "streams" {
        return Err(WireError::Answer("it has numbers and not lines: the query is a metric query"));
    }
    let mut lines = Vec::new();
    for Stream { stream, values } in answer.data.result {
        let of_stream: Vec<(String, String)> = stream.into_iter().collect();
        for value in values {
            lines.push(line(&value, &of_stream).ok_or(WireError::Answer("a line has no shape"))?);
        }
    }
    Ok(LokiAnswer { lines, warnings: answer.warnings })
}

fn line(value: &[Value], of_stream: &[(String, String)]) -> Option<LokiLine> {
    let time = value.first()?.as_str()?.parse().ok().map(UnixNanos)?;
    let line = value.get(1)?.as_str()?.to_owned();
    let mut labels = of_stream.to_vec();
    if let Some(Value::Object(metadata)) = value.get(2) {
        for (name, value) in metadata {
            match value {
                Value::String(text) => labels.push((name.clone(), text.clone())),
                Value::Object(category) => labels.extend(
                    category.iter().filter_map(|(n, v)| Some((n.clone(), v.as_str()?.to_owned()))),
                ),
                _ => {}
            }
        }
    }
    Some(LokiLine { time, line, labels })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_labels_of_their_stream_and_their_own() {
        let body = br#"{"status":"success","data":{"resultType":"streams","result":[
            {"stream":{"app":"web"},"values":[["1569266497240578000","foo",{"trace_id":"ab"}],
            ["1569266492548155000","bar",{"structuredMetadata":{"trace_id":"cd"}}]]}],"stats":{}}}"#;
        let answer = decode_loki_answer(body).unwrap();
        let shown: Vec<String> =
            answer.lines.iter().map(|l| format!("{} {:?}", l.line, l.labels)).collect();
        assert_eq!(
            shown,
            [
                r#"foo [("app", "web"), ("trace_id", "ab")]"#,
                r#"bar [("app", "web"), ("trace_id", "cd")]"#
            ]
        );
        assert_eq!(answer.lines[0].time, UnixNanos(1_569_266_497_240_578_000));
    }

    #[test]
    fn numbers_are_no_lines() {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
        assert!(matches!(decode_loki_answer(body), Err(WireError::Answer(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(
            text in r#"(\{"data":\{"resultType":"streams","result":\[)?(\{"values":\[\["1",("a"|7|\{)?|\]|\}|[\x00-\xff]){0,8}"#
        ) {
            drop(decode_loki_answer(text.as_bytes()));
        }
    }
}
