//! A query string's parameters: several of one name, none that is silently ignored.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::model::TraceId;
use crate::model::id_key;

/// The parameters in the order given; an empty one counts as absent.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

impl Parameters {
    pub(super) fn read(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// Returns the first value under one of these names.
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| names.contains(&name.as_str()));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns all values of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Returns the first name that is none of these.
    pub(super) fn unknown(&self, known: &[&str]) -> Option<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).find(|name| !known.contains(name))
    }

    /// Returns them as a query string, with one replaced.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let kept = self.0.iter().filter(|(given, _)| given != name);
        let mut written = url::form_urlencoded::Serializer::new(String::new());
        written.extend_pairs(kept).append_pair(name, value);
        written.finish()
    }
}

/// Reads a trace id as other tools write it: hex digits with leading zeros stripped, base 64, dashed.
pub(super) fn trace_id(text: &str) -> Option<TraceId> {
    let hex = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if hex {
        return TraceId::new(u128::from_str_radix(text, 16).ok()?);
    }
    TraceId::from_hex(&id_key(text))
}

/// Reads a duration as Go writes it: `10ms`, `1.5s`, `1h2m`, `100us`, `µs`, `ns`.
pub(super) fn go_duration(text: &str) -> Option<Duration> {
    let mut total = 0.0_f64;
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * seconds;
        rest = tail;
    }
    if text.is_empty() { None } else { Duration::try_from_secs_f64(total).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_every_spelling_of_other_tools() {
        let id = TraceId::new(0x0f_3c1e_9b7a_7c44_8d21_5a0b_6f4e_2d15).unwrap();
        for text in [
            "000f3c1e9b7a7c448d215a0b6f4e2d15",
            "f3c1e9b7a7c448d215a0b6f4e2d15",
            "000F3C1E9B7A7C448D215A0B6F4E2D15",
            "000f3c1e-9b7a-7c44-8d21-5a0b6f4e2d15",
            "AA88Hpt6fESNIVoLb04tFQ==",
        ] {
            assert_eq!(trace_id(text), Some(id), "{text}");
        }
        assert_eq!(trace_id("7").map(|id| id.to_string()), Some(format!("{:032x}", 7)));
        for text in ["", "0", "nope", "0123456789abcdef0123456789abcdef0"] {
            assert_eq!(trace_id(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, nanos) in [
            ("10ms", 10_000_000),
            ("1.5s", 1_500_000_000),
            ("1h2m", 3_720_000_000_000),
            ("100us", 100_000),
            ("100µs", 100_000),
            ("7ns", 7),
        ] {
            assert_eq!(go_duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        for text in ["", "10", "ms", "1d", "-1s", "1..2s", "1s2"] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }

    #[test]
    fn empty_parameters_are_absent_and_one_can_be_replaced() {
        let parameters = Parameters::read("a=1&b=&a=x%20y&c=%C3%A4");
        assert_eq!(parameters.all("a").collect::<Vec<_>>(), ["1", "x y"]);
        assert_eq!((parameters.get(&["b"]), parameters.get(&["z", "c"])), (None, Some("ä")));
        assert_eq!(parameters.unknown(&["a"]), Some("c"));
        assert_eq!(parameters.with("c", "0:1:0"), "a=1&a=x+y&c=0%3A1%3A0");
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,60}") {
            drop((trace_id(&text), go_duration(&text), Parameters::read(&text)));
        }
    }
}
