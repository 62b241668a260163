//! Who sent an item of an envelope, and for which request: what tags, releases and hosts say.

use serde_json::Value;

use crate::model::Correlation;

/// The tags that carry a request's id, in the order they are looked for.
const REQUEST_ID_TAGS: [&str; 6] =
    ["request_id", "request.id", "requestId", "correlation_id", "x-request-id", "transaction_id"];

/// Tags kept of one item; a client refuses to set more than this.
const TAGS_MAX: usize = 200;

/// Returns the id of the request; some teams put a whole traceparent in the tag.
pub(super) fn request_id(tags: &[(String, String)]) -> Option<String> {
    let tagged = |name: &&str| tags.iter().find(|(key, _)| key == name);
    let (_, value) = REQUEST_ID_TAGS.iter().find_map(tagged)?;
    Correlation::parse(value).ok().map(|correlation| correlation.id().to_owned())
}

/// Returns the sender's service: a tag says it best, then the release's name, then the host; empty
/// when none does.
pub(super) fn service(tags: &[(String, String)], release: &str, server_name: &str) -> String {
    let tagged = tags.iter().find(|(key, _)| key == "service" || key == "service.name");
    if let Some((_, service)) = tagged {
        return service.clone();
    }
    // A package's name may itself start with the sign: `@shop/web@2.0.0`.
    let package = release.rsplit_once('@').map(|(name, _)| name).filter(|name| !name.is_empty());
    package.unwrap_or(server_name).to_owned()
}

/// Returns the pairs of `{}`, of `[[key, value]]` or of `[{"key":…,"value":…}]`.
pub(super) fn pairs(sent: Value) -> Vec<(String, String)> {
    let shown = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    match sent {
        Value::Object(map) => {
            map.into_iter().take(TAGS_MAX).map(|(key, value)| (key, shown(value))).collect()
        }
        Value::Array(list) => list
            .into_iter()
            .filter_map(|mut pair| {
                let key = pair.get(0).or_else(|| pair.get("key"))?.as_str()?.to_owned();
                let value = match &mut pair {
                    Value::Array(both) => both.get_mut(1)?.take(),
                    named => named.get_mut("value")?.take(),
                };
                Some((key, shown(value)))
            })
            .take(TAGS_MAX)
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_service_is_the_package_of_the_release() {
        for (release, expected) in [
            ("orders-api@1.4.2", "orders-api"),
            ("@shop/web@2.0.0+3", "@shop/web"),
            ("8f3a1c", "host-1"),
            ("@2.0.0", "host-1"),
        ] {
            assert_eq!(service(&[], release, "host-1"), expected, "{release}");
        }
        let tags = [("service".to_owned(), "cart".to_owned())];
        assert_eq!(service(&tags, "orders-api@1.4.2", "host-1"), "cart");
    }

    #[test]
    fn tags_are_read_in_each_of_their_shapes() {
        for sent in [
            json!({ "a": "x", "b": 7, "c": null }),
            json!([["a", "x"], ["b", 7], ["c", null]]),
            json!([{ "key": "a", "value": "x" }, { "key": "b", "value": 7 },
                   { "key": "c", "value": null }, 7, null, [], {}, ["d"]]),
        ] {
            let expected = [("a", "x"), ("b", "7"), ("c", "")];
            let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
            assert_eq!(pairs(sent.clone()), expected, "{sent}");
        }
        assert_eq!(pairs(json!("x")), []);
    }
}
