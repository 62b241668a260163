//! How a logger of the user's own names what a log line has.

use serde::{Deserialize, Deserializer};

/// The keys of one logger: dotted paths, nested or not, in any case; the most telling first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogDialect {
    /// What to call it.
    pub name: String,
    /// When it was logged.
    #[serde(default, deserialize_with = "one_or_more")]
    pub time: Vec<String>,
    /// How bad it is.
    #[serde(default, deserialize_with = "one_or_more")]
    pub level: Vec<String>,
    /// What happened.
    #[serde(default, deserialize_with = "one_or_more")]
    pub message: Vec<String>,
    /// The part of the program.
    #[serde(default, deserialize_with = "one_or_more")]
    pub logger: Vec<String>,
    /// The service.
    #[serde(default, deserialize_with = "one_or_more")]
    pub service: Vec<String>,
    /// The request.
    #[serde(default, deserialize_with = "one_or_more")]
    pub request_id: Vec<String>,
    /// The trace.
    #[serde(default, deserialize_with = "one_or_more")]
    pub trace_id: Vec<String>,
    /// The span.
    #[serde(default, deserialize_with = "one_or_more")]
    pub span_id: Vec<String>,
    /// A traceback.
    #[serde(default, deserialize_with = "one_or_more")]
    pub exception: Vec<String>,
}

impl LogDialect {
    /// Returns the keys of each part of a record, with the name that the part has in `obs.toml`.
    pub fn parts(&self) -> [(&'static str, &[String]); 9] {
        [
            ("time", &self.time),
            ("level", &self.level),
            ("message", &self.message),
            ("logger", &self.logger),
            ("service", &self.service),
            ("request_id", &self.request_id),
            ("trace_id", &self.trace_id),
            ("span_id", &self.span_id),
            ("exception", &self.exception),
        ]
    }
}

/// Reads `"when"` or `["when", "meta.when"]`.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected the name of a field, or a list of names")]
    enum Names {
        One(String),
        More(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::More(names) => names,
    })
}
