//! Log records for programs: as JSON, and as they were written.

use std::io::{self, Write};

use super::mask;
use crate::model::{Field, LogRecord};
use crate::render::{Theme, text};

/// Writes the record as one line of JSON: masked, valid, without the line it was read from.
///
/// Characters that could move the cursor are written as `\u….`
pub fn json(out: &mut dyn Write, theme: &Theme, record: &LogRecord) -> io::Result<()> {
    let masked = |key: &str, text: &Option<String>| {
        text.as_ref().map(|text| mask(theme, key, text).into_owned())
    };
    let record = LogRecord {
        message: mask(theme, "message", &record.message).into_owned(),
        exception: masked("exception", &record.exception),
        service: masked("service", &record.service),
        logger: masked("logger", &record.logger),
        request_id: masked("request_id", &record.request_id),
        trace_id: masked("trace_id", &record.trace_id),
        span_id: masked("span_id", &record.span_id),
        fields: record.fields.iter().map(|field| masked_field(theme, field)).collect(),
        raw: None,
        ..record.clone()
    };
    writeln!(out, "{}", text::harmless_json(&serde_json::to_string(&record)?))
}

/// Writes the line's bytes as they were read, unmasked; on a terminal control characters are made
/// visible, tabs and line breaks aside.
pub fn raw(out: &mut dyn Write, theme: &Theme, bytes: &[u8]) -> io::Result<()> {
    if !theme.terminal {
        out.write_all(bytes)?;
        return out.write_all(b"\n");
    }
    for line in String::from_utf8_lossy(bytes).split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let cells: Vec<_> = line.split('\t').map(text::harmless).collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    Ok(())
}

fn masked_field(theme: &Theme, field: &Field) -> Field {
    let text = field.text();
    let masked = mask(theme, &field.name, &text);
    if masked == text {
        return field.clone();
    }
    // A list of which only a part is masked may be JSON no longer; then it is text.
    let value = Some(masked.clone().into_owned())
        .filter(|_| !field.value.get().starts_with('"'))
        .and_then(|masked| serde_json::value::RawValue::from_string(masked).ok())
        .or_else(|| serde_json::value::to_raw_value(&masked).ok());
    Field { name: field.name.clone(), value: value.unwrap_or_else(|| field.value.clone()) }
}
