//! Ids in every form that people paste, and the spellings under which stores hold them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::base64::from_base64;

/// The longest id taken, in bytes; no header or tag that holds one is longer.
const ID_BYTES_MAX: usize = 200;

/// What log lines and query strings call a request's id.
const REQUEST_ID_NAMES: [&str; 6] =
    ["request_id", "requestid", "x-request-id", "req_id", "correlation_id", "correlationid"];

/// What log lines and paths call a trace's id.
const TRACE_ID_NAMES: [&str; 4] = ["trace_id", "traceid", "trace", "traces"];

/// A 128-bit trace id, never zero. Displayed as 32 lower-case hex digits.
///
/// Source: W3C Trace Context, section 3.2.2.3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// Wraps the number; `None` for zero, which the specification calls invalid.
    pub fn new(number: u128) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    /// Reads 16 bytes in network order; `None` for another length or for zeros.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::new(u128::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Reads 16 to 32 hex digits in any case, with or without the dashes of a UUID; shorter ones
    /// are padded on the left, as backends that strip zeros need.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = undashed(text)?;
        if !(16..=32).contains(&digits.len()) {
            return None;
        }
        Self::new(u128::from_str_radix(&digits, 16).ok()?)
    }

    /// Returns the 16 bytes in network order.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Returns the same id written as a UUID: dashed, lower case.
    pub fn as_uuid(self) -> String {
        uuid::Uuid::from_u128(self.0).hyphenated().to_string()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not a trace id"))
    }
}

/// A 64-bit span id, never zero. Displayed as 16 lower-case hex digits.
///
/// Source: W3C Trace Context, section 3.2.2.4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(u64);

impl SpanId {
    /// Wraps the number; `None` for zero, which the specification calls invalid.
    pub fn new(number: u64) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    /// Reads 8 bytes in network order; `None` for another length or for zeros.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::new(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Reads up to 16 hex digits in any case.
    pub fn from_hex(text: &str) -> Option<Self> {
        let hex = !text.is_empty() && text.len() <= 16 && is_hex(text);
        if hex { Self::new(u64::from_str_radix(text, 16).ok()?) } else { None }
    }

    /// Returns the 8 bytes in network order.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SpanId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SpanId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not a span id"))
    }
}

/// Why a text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was given.
    #[error("the id is empty")]
    Empty,
    /// No header or tag that carries ids is this long.
    #[error("an id has at most {ID_BYTES_MAX} bytes, this text has {0}")]
    TooLong(usize),
    /// A header cannot carry control characters, so neither can an id.
    #[error("the id holds a control character")]
    Control,
}

/// What the user typed as an id, understood: the id itself and every spelling to search for.
///
/// A request id is an opaque string first; it has a [`TraceId`] only where it can be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation {
    id: String,
    trace_id: Option<TraceId>,
    span_id: Option<SpanId>,
    spellings: Vec<String>,
}

impl Correlation {
    /// Reads an id in any of its forms.
    ///
    /// Taken are UUIDs (dashed or plain), 16 and 32 hex digits in any case, `traceparent`,
    /// `sentry-trace`, `X-Amzn-Trace-Id` (`Root=1-…`), Cloud Trace (`hex/span;o=1`), ULIDs, base64
    /// trace ids, and a URL or any longer text that holds one of them. Everything else is an opaque
    /// id, searched as it is.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        if let Some(found) = Self::inside_longer_text(text) {
            return Ok(found);
        }
        if text.len() > ID_BYTES_MAX {
            return Err(IdError::TooLong(text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err(IdError::Control);
        }
        Ok(Self::from_known_form(text).unwrap_or_else(|| Self::build(text, None, None)))
    }

    /// Returns the id to show and to search as a request id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the trace id, when the id can be one.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.trace_id
    }

    /// Returns the span id, when the form carried one (`traceparent`).
    pub fn span_id(&self) -> Option<SpanId> {
        self.span_id
    }

    /// Returns the one form under which the embedded store indexes this id; see [`id_key`].
    pub fn key(&self) -> String {
        self.trace_id.map_or_else(|| id_key(&self.id), |trace_id| trace_id.to_string())
    }

    /// Returns every text under which a store may hold this id; the first is the most likely.
    pub fn spellings(&self) -> &[String] {
        &self.spellings
    }

    /// Says whether `value` is this id in any spelling; case counts only for opaque ids, as `req_8fK2`
    /// and `req_8fk2` can be two requests.
    pub fn matches(&self, value: &str) -> bool {
        let same = |spelling: &String| match self.trace_id {
            Some(_) => spelling.eq_ignore_ascii_case(value),
            None => spelling == value,
        };
        self.spellings.iter().any(same)
    }

    fn from_known_form(text: &str) -> Option<Self> {
        let plain = bare_id(text.trim_matches(['{', '}', '"']));
        if let Some(trace_id) = trace_id_of_hex(plain) {
            return Some(Self::build(plain, Some(trace_id), None));
        }
        let parts: Vec<&str> = text.split('-').collect();
        if let [version, trace, span, _flags, ..] = parts.as_slice()
            && version.len() == 2
            && trace.len() == 32
        {
            let trace_id = TraceId::from_hex(trace)?;
            return Some(Self::build(trace, Some(trace_id), SpanId::from_hex(span)));
        }
        if let [trace, span, ..] = parts.as_slice()
            && trace.len() == 32
            && span.len() == 16
        {
            let trace_id = TraceId::from_hex(trace)?;
            return Some(Self::build(trace, Some(trace_id), SpanId::from_hex(span)));
        }
        if let Some(trace_id) = amazon_root(text).or_else(|| cloud_trace(text)) {
            return Some(Self::build(&trace_id.to_string(), Some(trace_id), None));
        }
        let number = ulid(text).or_else(|| base64_trace_id(text))?;
        Some(Self::build(text, TraceId::new(number), None))
    }

    /// Finds the id in a URL, a log line or another text with blanks in it.
    ///
    /// The word right after a name for a request's id is the id, whatever it looks like; then the one
    /// after a name for a trace's; only then the first word that looks like an id.
    fn inside_longer_text(text: &str) -> Option<Self> {
        let url = text.contains("://");
        if !url && !text.contains(char::is_whitespace) && !text.starts_with('{') {
            return None;
        }
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
        let apart = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let words: Vec<&str> = decoded.split(apart).filter(|word| !word.is_empty()).collect();
        let known = |word: &str| {
            let trace_id = (word.len() >= 16).then(|| trace_id_of_hex(word))??;
            Some(Self::build(word, Some(trace_id), None))
        };
        let after = |names: &[&str]| {
            let named = |word: &str| names.iter().any(|name| word.eq_ignore_ascii_case(name));
            words.get(words.iter().position(|word| named(word))? + 1).copied()
        };
        if let Some(word) = after(&REQUEST_ID_NAMES) {
            return Some(known(word).unwrap_or_else(|| Self::build(word, None, None)));
        }
        let named = after(&TRACE_ID_NAMES).and_then(known);
        named.or_else(|| words.iter().find_map(|word| known(word)))
    }

    fn build(id: &str, trace_id: Option<TraceId>, span_id: Option<SpanId>) -> Self {
        let mut spellings = vec![id.to_owned()];
        if let Some(trace_id) = trace_id {
            spellings.push(trace_id.to_string());
            spellings.push(trace_id.as_uuid());
        }
        let mut seen = Vec::new();
        for spelling in spellings {
            if !seen.contains(&spelling) {
                seen.push(spelling);
            }
        }
        Self { id: id.to_owned(), trace_id, span_id, spellings: seen }
    }
}

impl FromStr for Correlation {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl From<TraceId> for Correlation {
    fn from(trace_id: TraceId) -> Self {
        Self::build(&trace_id.to_string(), Some(trace_id), None)
    }
}

/// Returns an id in the one form that all its spellings share: 32 lower-case hex digits where it can
/// be a trace id, else the text itself.
pub fn id_key(text: &str) -> String {
    let text = text.trim();
    let number = || ulid(text).or_else(|| base64_trace_id(text));
    let hex = trace_id_of_hex(text).or_else(|| TraceId::new(number()?));
    hex.map_or_else(|| text.to_owned(), |trace_id| trace_id.to_string())
}

/// Returns an id without the `{…}` of .NET and the `urn:uuid:` of RFC 9562, in any case.
pub fn bare_id(id: &str) -> &str {
    let id = id.strip_prefix('{').and_then(|id| id.strip_suffix('}')).unwrap_or(id);
    let urn = id.split_at_checked("urn:uuid:".len());
    urn.filter(|(urn, _)| urn.eq_ignore_ascii_case("urn:uuid:")).map_or(id, |(_, id)| id)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Removes a UUID's dashes; `None` when other characters than hex digits are left.
fn undashed(text: &str) -> Option<String> {
    let dashes: Vec<usize> = text.match_indices('-').map(|(place, _)| place).collect();
    let well_formed = dashes.is_empty() || (dashes == [8, 13, 18, 23] && text.len() == 36);
    let digits = text.replace('-', "");
    (well_formed && !digits.is_empty() && is_hex(&digits)).then_some(digits)
}

/// Reads 32 or 16 hex digits or a dashed UUID: the lengths that only ids have.
fn trace_id_of_hex(text: &str) -> Option<TraceId> {
    let id_like = matches!(text.len(), 16 | 32 | 36);
    if id_like { TraceId::from_hex(text) } else { None }
}

/// Source: AWS X-Ray developer guide, "Tracing header": `Root=1-<8 hex>-<24 hex>`.
fn amazon_root(text: &str) -> Option<TraceId> {
    let root = text.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    let (time, unique) = root.strip_prefix("1-")?.split_once('-')?;
    (time.len() == 8 && unique.len() == 24)
        .then(|| TraceId::from_hex(&format!("{time}{unique}")))?
}

/// Source: Google Cloud Trace, `X-Cloud-Trace-Context: TRACE_ID/SPAN_ID;o=OPTIONS`.
fn cloud_trace(text: &str) -> Option<TraceId> {
    let (trace, _) = text.split_once('/')?;
    if trace.len() == 32 { TraceId::from_hex(trace) } else { None }
}

/// Reads 26 digits of Crockford's base 32. Source: github.com/ulid/spec.
fn ulid(text: &str) -> Option<u128> {
    if text.len() != 26 || !matches!(text.as_bytes().first(), Some(b'0'..=b'7')) {
        return None;
    }
    text.bytes().try_fold(0_u128, |number, byte| {
        let digit = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
            .iter()
            .position(|known| *known == byte.to_ascii_uppercase())?;
        Some((number << 5) | u128::try_from(digit).ok()?)
    })
}

/// Reads the 22 digits (and `==`) of 16 bytes in base 64, standard or URL-safe, as Tempo writes ids.
fn base64_trace_id(text: &str) -> Option<u128> {
    let digits = text.strip_suffix("==").unwrap_or(text);
    if digits.len() != 22 || digits.len() == text.len() && !text.contains(['+', '/', '_', '-']) {
        return None;
    }
    let bytes: [u8; 16] = from_base64(digits)?.try_into().ok()?;
    Some(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "018f3c1e9b7a7c448d215a0b6f4e2d12";
    const UUID: &str = "018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12";

    fn trace_id(text: &str) -> Option<String> {
        Correlation::parse(text).unwrap().trace_id().map(|id| id.to_string())
    }

    #[test]
    fn one_trace_id_is_read_out_of_every_form() {
        for text in [
            HEX,
            UUID,
            "018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D12",
            "urn:uuid:018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12",
            "URN:UUID:018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D12",
            "{urn:uuid:018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12}",
            "{018F3C1E-9B7A-7C44-8D21-5A0B6F4E2D12}",
            "00-018f3c1e9b7a7c448d215a0b6f4e2d12-1122334455667788-01",
            "018f3c1e9b7a7c448d215a0b6f4e2d12-1122334455667788-1",
            "Root=1-018f3c1e-9b7a7c448d215a0b6f4e2d12;Sampled=1",
            "018f3c1e9b7a7c448d215a0b6f4e2d12/74;o=1",
            "AY88Hpt6fESNIVoLb04tEg==",
            "01HWY1X6VTFH28T8AT1DQMWB8J",
            "https://jaeger.example/trace/018f3c1e9b7a7c448d215a0b6f4e2d12?uiFind=x",
            "https://sentry.example/issues/?query=request_id%3A018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12",
            r#"{"level":"error","request_id":"018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12"}"#,
            "2026-11-22 ERROR boom request_id=018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12 path=/",
        ] {
            assert_eq!(trace_id(text).as_deref(), Some(HEX), "{text}");
        }
    }

    #[test]
    fn a_short_trace_id_is_padded_on_the_left() {
        assert_eq!(trace_id("9b7a7c448d215a0b").unwrap(), "00000000000000009b7a7c448d215a0b");
        assert_eq!(
            TraceId::from_hex("18f3c1e9b7a7c448d215a0b6f4e2d12").unwrap().to_string(),
            "018f3c1e9b7a7c448d215a0b6f4e2d12"
        );
    }

    #[test]
    fn an_opaque_id_stays_as_it_is() {
        for text in ["req_8fK2", "order-7", "'; drop table spans; --", "$(reboot)", "a/b?c=d&e"] {
            let correlation = Correlation::parse(text).unwrap();
            assert_eq!((correlation.id(), correlation.trace_id()), (text, None));
        }
    }

    #[test]
    fn an_opaque_id_is_found_in_a_log_line_by_its_name() {
        let line = r#"{"message":"x","request_id":"req_8fK2","status":500}"#;
        assert_eq!(Correlation::parse(line).unwrap().id(), "req_8fK2");
    }

    #[test]
    fn the_word_after_the_name_is_the_id_and_no_other() {
        for text in [
            "trace started request_id=req_8fK2 user_id=018f3c1e-9b7a-7c44-8d21-5a0b6f4e2d12",
            "https://logs.example/?q=request_id%3Dreq_8fK2&trace=018f3c1e9b7a7c448d215a0b6f4e2d12",
        ] {
            assert_eq!(Correlation::parse(text).unwrap().id(), "req_8fK2", "{text}");
        }
    }

    #[test]
    fn the_id_is_searched_dashed_and_plain() {
        let correlation = Correlation::parse(UUID).unwrap();
        assert_eq!(correlation.spellings(), [UUID, HEX]);
        assert!(correlation.matches("018F3C1E9B7A7C448D215A0B6F4E2D12"));
        assert!(!correlation.matches("018f3c1e9b7a7c448d215a0b6f4e2d13"));
    }

    #[test]
    fn what_no_header_can_carry_is_no_id() {
        assert_eq!(Correlation::parse("  "), Err(IdError::Empty));
        assert_eq!(Correlation::parse("a\u{1b}[31mb"), Err(IdError::Control));
        assert_eq!(Correlation::parse(&"x".repeat(201)), Err(IdError::TooLong(201)));
    }

    #[test]
    fn a_zero_id_is_not_a_trace_id() {
        assert_eq!(trace_id("00000000000000000000000000000000"), None);
    }

    #[test]
    fn all_spellings_share_one_key() {
        for spelling in
            [HEX, UUID, "018F3C1E9B7A7C448D215A0B6F4E2D12", "01HWY1X6VTFH28T8AT1DQMWB8J"]
        {
            assert_eq!(id_key(spelling), HEX);
            assert_eq!(Correlation::parse(spelling).unwrap().key(), HEX);
        }
        assert_eq!(id_key("req_8fK2"), Correlation::parse("req_8fK2").unwrap().key());
        assert_ne!(id_key("req_8fK2"), id_key("req_8fk2"));
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,300}") {
            drop(Correlation::parse(&text));
        }

        #[test]
        fn every_spelling_of_an_id_leads_back_to_it(number in 1_u128..) {
            let id = TraceId::new(number).unwrap();
            for spelling in Correlation::from(id).spellings() {
                proptest::prop_assert_eq!(Correlation::parse(spelling).unwrap().trace_id(), Some(id));
            }
        }
    }
}
