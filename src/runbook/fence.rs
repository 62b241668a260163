//! The info string of a code fence: a language, and the attributes that make it a step.

use super::Risk;

/// A fence that is a step, as its info string says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFence {
    /// The language, `sh`.
    pub language: String,
    /// The step's name; empty when it has none.
    pub name: String,
    /// `None` when the fence does not say, or says what is no risk.
    pub risk: Option<Risk>,
    /// Everything else, in the order written.
    pub attributes: Vec<(String, String)>,
}

impl StepFence {
    /// Reads `sh { name=x risk=read }` or `sh {"name":"x","risk":"read"}`.
    ///
    /// `None` for a fence without attributes; an error says why the attributes cannot be read.
    pub fn parse(info: &str) -> Option<Result<Self, String>> {
        let (language, attributes) = info.split_at(info.find('{')?);
        let pairs =
            if attributes.contains('"') { of_json(attributes) } else { of_words(attributes) };
        Some(pairs.map(|pairs| Self::new(language.trim(), pairs)))
    }

    fn new(language: &str, pairs: Vec<(String, String)>) -> Self {
        let (mut name, mut risk, mut attributes) = (String::new(), None, Vec::new());
        for (key, value) in pairs {
            match (key.as_str(), value.as_str()) {
                ("name", _) => name = value,
                ("risk", "read") => risk = Some(Risk::Read),
                ("risk", "write") => risk = Some(Risk::Write),
                ("risk", "destructive") => risk = Some(Risk::Destructive),
                _ => attributes.push((key, value)),
            }
        }
        Self { language: language.to_owned(), name, risk, attributes }
    }
}

fn of_words(attributes: &str) -> Result<Vec<(String, String)>, String> {
    let inner = attributes.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.ok_or("the attributes are not closed by `}`")?;
    let pair = |word: &str| match word.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{word}` is not `key=value`; one with blanks needs JSON attributes")),
    };
    inner.split_whitespace().map(pair).collect()
}

fn of_json(attributes: &str) -> Result<Vec<(String, String)>, String> {
    let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(attributes.trim())
        .map_err(|error| format!("the attributes are no JSON object: {error}"))?;
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(read.into_iter().map(|(key, value)| (key, text(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_say_the_same() {
        let words = StepFence::parse("sh { name=look risk=read timeout=5s }").unwrap().unwrap();
        let json = StepFence::parse(r#"sh {"name":"look","risk":"read","timeout":"5s"}"#);
        assert_eq!(words, json.unwrap().unwrap());
        assert_eq!((words.name.as_str(), words.risk), ("look", Some(Risk::Read)));
        assert_eq!(words.attributes, [("timeout".to_owned(), "5s".to_owned())]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert!(StepFence::parse("sh").is_none());
        assert!(StepFence::parse("sh { name=a b }").unwrap().unwrap_err().contains("`b`"));
        assert!(StepFence::parse("sh { name=a").unwrap().is_err());
        assert!(StepFence::parse(r#"sh {"name":}"#).unwrap().is_err());
    }
}
