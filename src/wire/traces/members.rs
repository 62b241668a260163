//! The members of the JSON of spans, whatever type their writer gave them.

use super::super::json_reader::{Fault, JsonReader, Scalar};
use crate::model::{SpanId, SpanKind, SpanStatus, TraceId, UnixNanos, from_base64};

/// Nanoseconds of a microsecond, the unit of Jaeger and Zipkin.
pub(super) const MICROSECOND_NS: i64 = 1_000;

/// The most bytes of an id.
const ID_BYTES_MAX: usize = 16;

/// Takes a text; any other scalar as it is written, an absent one as empty.
pub(super) fn text(reader: &mut JsonReader<'_>) -> Result<String, Fault> {
    Ok(match reader.scalar()? {
        Scalar::Text(text) => text.into_owned(),
        Scalar::Bool(truth) => truth.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Double(number) => number.to_string(),
        Scalar::Null | Scalar::Other => String::new(),
    })
}

/// Reads an integer that may be a text, or a double without a fraction.
pub(super) fn integer(scalar: &Scalar<'_>) -> Option<i64> {
    match scalar {
        Scalar::Int(number) => Some(*number),
        Scalar::Text(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| integer(&Scalar::Double(text.parse().ok()?)))
        }
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked just before")]
        Scalar::Double(number) if number.abs() < 9.2e18 => Some(*number as i64),
        _ => None,
    }
}

/// Reads a time in nanoseconds; `None` for zero, which means "not set", and beyond the year 2262.
pub(super) fn time_ns(scalar: &Scalar<'_>) -> Option<UnixNanos> {
    integer(scalar).filter(|nanos| *nanos > 0).map(UnixNanos)
}

/// Reads microseconds as nanoseconds, with what a fraction says of them.
pub(super) fn micros_as_ns(scalar: &Scalar<'_>) -> Option<i64> {
    match scalar {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked just before")]
        Scalar::Double(micros) if micros.abs() < 9.2e15 => Some((micros * 1e3).round() as i64),
        other => integer(other)?.checked_mul(MICROSECOND_NS),
    }
}

/// Takes a trace id: hex of any length up to 32 digits, dashed, base 64, or a list of its bytes.
pub(super) fn trace_id(reader: &mut JsonReader<'_>) -> Result<Option<TraceId>, Fault> {
    Ok(id(reader, 16)?.and_then(TraceId::new))
}

/// Takes a span id, as [`trace_id`] does.
pub(super) fn span_id(reader: &mut JsonReader<'_>) -> Result<Option<SpanId>, Fault> {
    Ok(id(reader, 8)?.and_then(|number| SpanId::new(u64::try_from(number).ok()?)))
}

fn id(reader: &mut JsonReader<'_>, length: usize) -> Result<Option<u128>, Fault> {
    if reader.peek() == Some(b'[') {
        let mut bytes = Vec::new();
        reader.list(|reader| {
            let byte = integer(&reader.scalar()?).and_then(|byte| u8::try_from(byte).ok());
            if bytes.len() <= ID_BYTES_MAX {
                bytes.push(byte);
            }
            Ok(())
        })?;
        let bytes: Option<Vec<u8>> = bytes.into_iter().collect();
        return Ok(bytes.filter(|bytes| bytes.len() == length).map(|bytes| big_endian(&bytes)));
    }
    Ok(match reader.scalar()? {
        Scalar::Text(text) => id_of_text(text.trim(), length),
        _ => None,
    })
}

/// Digits that are all hex are hex, padded on the left where zeros were stripped: base 64 without a
/// letter beyond F is less likely than one in a billion.
pub(super) fn id_of_text(text: &str, length: usize) -> Option<u128> {
    let hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex {
        return (text.len() <= 2 * length).then(|| u128::from_str_radix(text, 16).ok())?;
    }
    let bytes = from_base64(text).filter(|bytes| bytes.len() == length);
    let dashed = || TraceId::from_hex(text).map(|id| id.to_bytes().to_vec());
    bytes.or_else(|| dashed().filter(|bytes| bytes.len() == length)).map(|bytes| big_endian(&bytes))
}

fn big_endian(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Reads a kind: OTLP's number or name, Jaeger's and Zipkin's word.
pub(super) fn kind(scalar: &Scalar<'_>) -> SpanKind {
    if let Some(number) = integer(scalar) {
        return match number {
            2 => SpanKind::Server,
            3 => SpanKind::Client,
            4 => SpanKind::Producer,
            5 => SpanKind::Consumer,
            _ => SpanKind::Internal,
        };
    }
    let Scalar::Text(word) = scalar else { return SpanKind::Internal };
    kind_of_word(word)
}

/// Reads the word of a kind in any case, with or without `SPAN_KIND_` before it.
pub(super) fn kind_of_word(word: &str) -> SpanKind {
    let word = word.strip_prefix("SPAN_KIND_").unwrap_or(word);
    [
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ]
    .into_iter()
    .find_map(|(known, kind)| word.eq_ignore_ascii_case(known).then_some(kind))
    .unwrap_or_default()
}

/// Reads a status: OTLP's number or name, the word in Jaeger's and Zipkin's tag.
pub(super) fn status(scalar: &Scalar<'_>) -> SpanStatus {
    let word = match scalar {
        Scalar::Text(word) => word.strip_prefix("STATUS_CODE_").unwrap_or(word),
        _ => "",
    };
    match integer(scalar) {
        Some(1) => SpanStatus::Ok,
        Some(2) => SpanStatus::Error,
        _ if word.eq_ignore_ascii_case("ok") => SpanStatus::Ok,
        _ if word.eq_ignore_ascii_case("error") => SpanStatus::Error,
        _ => SpanStatus::Unset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(json: &str) -> Option<String> {
        let read = trace_id(&mut JsonReader::new(json.as_bytes())).unwrap();
        read.map(|id| id.to_string())
    }

    #[test]
    fn an_id_is_read_out_of_every_spelling() {
        let id = "018f3c1e9b7a7c448d215a0b6f4e2d12";
        for spelling in [
            "\"018f3c1e9b7a7c448d215a0b6f4e2d12\"",
            "\"18F3C1E9B7A7C448D215A0B6F4E2D12\"",
            "\"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12\"",
            "\"AY88Hpt6fESNIVoLb04tEg==\"",
            "\"AY88Hpt6fESNIVoLb04tEg\"",
            "[1,143,60,30,155,122,124,68,141,33,90,11,111,78,45,18]",
        ] {
            assert_eq!(id_of(spelling).as_deref(), Some(id), "{spelling}");
        }
        for none in ["\"\"", "\"0\"", "null", "7", "{}", "[1,2]", "[256]", "\"x\"", "\"AY8=\""] {
            assert_eq!(id_of(none), None, "{none}");
        }
        let longer = format!("\"1{id}\"");
        assert_eq!(id_of(&longer), None);
    }

    #[test]
    fn numbers_may_be_text_and_microseconds_may_have_a_fraction() {
        let text = |text: &'static str| Scalar::Text(text.into());
        for (sent, read) in [
            (Scalar::Int(7), Some(7)),
            (text(" 7 "), Some(7)),
            (text("1.7e18"), Some(1_700_000_000_000_000_000)),
            (Scalar::Double(1.7e300), None),
            (text("seven"), None),
            (Scalar::Null, None),
        ] {
            assert_eq!(integer(&sent), read, "{sent:?}");
        }
        assert_eq!(micros_as_ns(&Scalar::Double(2.0015)), Some(2_002));
        assert_eq!(micros_as_ns(&Scalar::Int(i64::MAX)), None);
        assert_eq!(time_ns(&Scalar::Int(0)), None);
    }
}
