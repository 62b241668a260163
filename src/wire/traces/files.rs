//! What a file or an answer is, by its content.

use super::super::WireError;
use super::{Keep, TraceAnswer, decode_json_traces, decode_protobuf_traces};

/// How compressed bodies begin.
const COMPRESSED: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
];

/// What may be sent, in the words of an error.
const KNOWN: &str = "OTLP JSON or protobuf, Tempo's answers, Jaeger's JSON or Zipkin's";

/// How much is shown of a text that is none of these.
const TEXT_SHOWN_BYTES: usize = 80;

/// Reads spans in any format that is known, told by content; `keep` decides which stay.
///
/// Errs where it is empty, compressed, a page for people, or nothing that is known; an error says where
/// and what was expected. An answer without a single span is none. O(bytes).
pub fn decode_any_traces(body: &[u8], keep: &mut Keep<'_>) -> Result<TraceAnswer, WireError> {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if let Some((_, name)) = COMPRESSED.iter().find(|(magic, _)| body.starts_with(magic)) {
        return Err(WireError::Unknown(format!("it is compressed with {name}")));
    }
    match text.trim_ascii_start().first() {
        None => Err(WireError::Unknown("it is empty".to_owned())),
        Some(b'<') => Err(WireError::Page(title(text))),
        Some(b'{' | b'[') => {
            let answer = decode_json_traces(text, keep)?;
            match (answer.format, answer.errors.first()) {
                (None, Some(error)) => {
                    Err(WireError::Unknown(format!("it is an answer without a trace: {error}")))
                }
                (None, None) if answer.incomplete.is_empty() => Err(WireError::Unknown(format!(
                    "it is JSON, but not of spans: expected {KNOWN}"
                ))),
                _ => Ok(answer),
            }
        }
        Some(_) => decode_protobuf_traces(body, keep).map_err(|error| {
            if is_text(body) {
                let line =
                    body.trim_ascii().split(|byte| *byte == b'\n').next().unwrap_or_default();
                let (line, _) = line.split_at(line.len().min(TEXT_SHOWN_BYTES));
                let line = String::from_utf8_lossy(line);
                WireError::Unknown(format!("it is text ({line:?}): expected {KNOWN}"))
            } else {
                error
            }
        }),
    }
}

fn is_text(body: &[u8]) -> bool {
    let (head, _) = body.split_at(body.len().min(512));
    head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..))
}

/// Returns the title of a page, in words that follow "an HTML page".
fn title(page: &[u8]) -> String {
    let (head, _) = page.split_at(page.len().min(16 << 10));
    let head = String::from_utf8_lossy(head);
    let lower = head.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower.get(at..)?.find('>')? + 1;
        let to = from + lower.get(from..)?.find("</title")?;
        head.get(from..to)
    });
    let words: Vec<&str> = title.unwrap_or("").split_whitespace().take(12).collect();
    if words.is_empty() { String::new() } else { format!(" with the title {:?}", words.join(" ")) }
}
