//! How loggers name things: tables of keys, in order of preference.
//!
//! A new dialect is a row in `keys.rs` and a fixture under `tests/fixtures/logs/`. Keys are dotted paths and
//! stand for nested, dotted and mixed spellings alike, in any case. Not here: what the values look
//! like ([`super::value`]) and how a line is walked ([`super::line`]).

mod keys;

use keys::{CONTEXTS, KEYS, WRAPPERS};

/// What a key's value is to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// When it was logged.
    Time,
    /// How bad it is.
    Level,
    /// What happened.
    Message,
    /// The part of the program.
    Logger,
    /// The service.
    Service,
    /// The request.
    RequestId,
    /// The trace.
    TraceId,
    /// The span.
    SpanId,
    /// A traceback.
    Exception,
}

/// How many roles there are.
pub(super) const ROLES: usize = 9;

/// Returns what the value at a dotted path is, and how telling the key is (0 = most).
pub(super) fn role_of(path: &str) -> Option<(Role, usize)> {
    if let Some(found) = look_up(path, false) {
        return Some(found);
    }
    let inside = |wrapper: &&str| {
        let (head, rest) = path.split_at_checked(wrapper.len())?;
        rest.strip_prefix('.').filter(|_| head.eq_ignore_ascii_case(wrapper))
    };
    let (role, rank) = WRAPPERS
        .iter()
        .find_map(|wrapper| look_up(inside(wrapper)?, false))
        .or_else(|| CONTEXTS.iter().find_map(|context| look_up(inside(context)?, true)))?;
    // What stands beside the message tells more than what stands deeper.
    Some((role, rank + 100))
}

/// Says whether the value at a dotted path is the id of a request or of a trace.
pub(super) fn names_an_id(path: &str) -> bool {
    matches!(role_of(path), Some((Role::RequestId | Role::TraceId, _)))
}

/// Returns the keys whose value is the id of a request or of a trace, the most telling first.
pub fn id_keys() -> impl Iterator<Item = &'static str> {
    let of_ids = |role: &Role| matches!(role, Role::RequestId | Role::TraceId);
    KEYS.iter().filter(move |(role, _)| of_ids(role)).flat_map(|(_, keys)| keys.iter().copied())
}

/// Says whether the list at `path` holds objects whose ids are the line's own.
pub(super) fn is_context_list(path: &str) -> bool {
    path == "spans" || path == "Scopes"
}

fn look_up(key: &str, only_ids: bool) -> Option<(Role, usize)> {
    KEYS.iter().find_map(|(role, keys)| {
        let wanted = !only_ids || matches!(role, Role::RequestId | Role::TraceId | Role::SpanId);
        let rank = keys.iter().position(|known| wanted && known.eq_ignore_ascii_case(key))?;
        Some((*role, rank))
    })
}

#[cfg(test)]
mod tests;
