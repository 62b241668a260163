//! JSON of any shape under the names that the formats have: read without a panic, what is read is whole.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

const NAMES: [&str; 44] = [
    "resourceSpans",
    "batches",
    "trace",
    "result",
    "data",
    "spans",
    "processes",
    "scopeSpans",
    "resource",
    "scope",
    "attributes",
    "key",
    "value",
    "stringValue",
    "intValue",
    "doubleValue",
    "arrayValue",
    "kvlistValue",
    "values",
    "bytesValue",
    "traceId",
    "spanId",
    "traceID",
    "spanID",
    "parentSpanId",
    "name",
    "kind",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "status",
    "code",
    "events",
    "links",
    "references",
    "refType",
    "tags",
    "logs",
    "fields",
    "startTime",
    "duration",
    "id",
    "timestamp",
    "annotations",
    "warnings",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!("018f3c1e9b7a7c448d215a0b6f4e2d12")),
        Just(json!("7tB4iaAuHvk=")),
        Just(json!("1795328533068444000")),
        "\\PC{0,6}".prop_map(Value::from),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(8, 60, 5, |inner| {
        let members =
            prop::collection::vec((prop::sample::select(&NAMES[..]), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            members.prop_map(|members| {
                let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_shape_is_read_or_refused(document in document()) {
        let text = document.to_string();
        if let Ok(answer) = decode_json_traces(text.as_bytes(), &mut |_| true) {
            for span in answer.spans {
                prop_assert!(span.end.is_none_or(|end| end >= span.start));
                prop_assert!(!span.service.is_empty());
            }
        }
    }

    #[test]
    fn a_name_of_any_shape_leaves_the_span_beside_it(wrong in document(), name in prop::sample::select(&NAMES[..])) {
        let good = json!({ "traceId": "018f3c1e9b7a7c448d215a0b6f4e2d12", "spanId": "7tB4iaAuHvk=", "name": "x",
            "startTimeUnixNano": 1 });
        let text = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ name: wrong }, good] }] }] }).to_string();
        let answer = decode_json_traces(text.as_bytes(), &mut |_| true).unwrap();
        prop_assert!(answer.spans.iter().any(|span| span.name == "x"));
        prop_assert_eq!(answer.incomplete.len(), 1);
    }
}
