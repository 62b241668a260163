//! `VictoriaLogs`' answers to `/select/logsql/query`: a JSON object a line, every value a text.
//!
//! Source: `VictoriaLogs`, "Querying", HTTP API.

use serde::Deserialize;

use super::WireError;
use crate::model::UnixNanos;

/// One answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct VictoriaAnswer {
    /// The lines with their `_time`, in the order given.
    pub lines: Vec<(UnixNanos, Vec<u8>)>,
    /// Whether it ends within a line.
    pub cut: bool,
}

#[derive(Deserialize)]
struct Stamped {
    #[serde(rename = "_time")]
    time: String,
}

/// Reads an answer; errs where a line that is whole is no object with a `_time`.
pub fn decode_victoria_answer(body: &[u8]) -> Result<VictoriaAnswer, WireError> {
    let mut answer = VictoriaAnswer::default();
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let whole = line.ends_with(b"\n");
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let stamped: Result<Stamped, _> = serde_json::from_slice(line);
        match stamped {
            Ok(stamped) => {
                let time = UnixNanos::parse_rfc3339(&stamped.time);
                let time = time.ok_or(WireError::Answer("a _time is no RFC 3339 time"))?;
                answer.lines.push((time, line.to_vec()));
            }
            Err(error) if !whole && error.is_eof() => answer.cut = true,
            Err(error) => return Err(WireError::Json(error.to_string())),
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"_msg":"a","_time":"2023-01-01T13:32:13.000000001Z"}"#;

    #[test]
    fn each_line_has_its_time() {
        let answer = decode_victoria_answer(format!("{LINE}\n\n{LINE}\n").as_bytes()).unwrap();
        assert_eq!((answer.lines.len(), answer.cut), (2, false));
        assert_eq!(answer.lines[0].0.to_string(), "2023-01-01T13:32:13.000000001Z");
        assert_eq!(decode_victoria_answer(b"").unwrap(), VictoriaAnswer::default());
    }

    #[test]
    fn an_answer_that_ends_within_a_line_is_cut_and_one_of_other_lines_is_none() {
        let (half, _) = LINE.split_at(20);
        let cut = decode_victoria_answer(format!("{LINE}\n{half}").as_bytes()).unwrap();
        assert_eq!((cut.lines.len(), cut.cut), (1, true));
        assert!(decode_victoria_answer(b"nonsense\n").is_err());
        assert!(decode_victoria_answer(b"{\"a\":1}\n").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(text in r#"(\{"_time":"(2023-01-01T13:32:13Z|x)"|\}|\n|[\x00-\xff]){0,8}"#) {
            drop(decode_victoria_answer(text.as_bytes()));
        }
    }
}
