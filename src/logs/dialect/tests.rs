use super::*;

#[test]
fn a_key_is_known_at_the_top_in_a_wrapper_and_in_a_context() {
    for (path, role) in [
        ("TIMESTAMP", Some(Role::Time)),
        ("fields.message", Some(Role::Message)),
        ("record.extra.request_id", Some(Role::RequestId)),
        ("spans.trace_id", Some(Role::TraceId)),
        ("contextmap.requestId", Some(Role::RequestId)),
        ("context.level", None),
        ("caused_by.request_id", None),
        ("parent_request_id", None),
    ] {
        assert_eq!(role_of(path).map(|(role, _)| role), role, "{path}");
    }
}

#[test]
fn no_key_has_two_roles() {
    for (role, keys) in KEYS {
        for key in keys {
            assert_eq!(role_of(key).map(|(role, _)| role), Some(role), "{key}");
        }
    }
}

#[test]
fn the_tables_are_in_the_order_of_the_roles() {
    for (index, (role, _)) in KEYS.into_iter().enumerate() {
        assert_eq!(role as usize, index);
    }
}
