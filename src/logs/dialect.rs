//! How loggers name things: tables of keys, in order of preference.
//!
//! A new dialect is a row in `keys.rs` and a fixture under `tests/fixtures/logs/`. Keys are dotted paths and
//! stand for nested, dotted and mixed spellings alike, in any case. Not here: what the values look
//! like ([`super::value`]) and how a line is walked ([`super::line`]).

mod keys;
mod remembered;

use std::sync::LazyLock;

use keys::{CONTEXTS, KEYS, WRAPPERS};
pub(super) use remembered::Roles;

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
///
/// Costs one hash and one comparison for a key without dots: most lines are made of those.
pub(super) fn role_of(path: &str) -> Option<(Role, usize)> {
    if let Some(found) = look_up(path, false) {
        return Some(found);
    }
    if !path.contains('.') {
        return None;
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

/// How many places the table has: several times as many as there are keys.
const PLACES: usize = 1024;

/// A key with what it is.
type Known = (&'static str, Role, usize);

/// The keys by their hash, each in the first free place from there on.
static TABLE: LazyLock<[Option<Known>; PLACES]> = LazyLock::new(|| {
    let mut table = [None; PLACES];
    let known = KEYS
        .iter()
        .flat_map(|(role, keys)| keys.iter().enumerate().map(|(rank, key)| (*key, *role, rank)));
    for (key, role, rank) in known {
        let mut free = (hash(key)..PLACES).chain(0..PLACES);
        let place = free.find(|place| table.get(*place).is_some_and(Option::is_none));
        if let Some(place) = place.and_then(|place| table.get_mut(place)) {
            *place = Some((key, role, rank));
        }
    }
    table
});

/// FNV-1a over the key in lower case (as far as ASCII goes).
fn hash(key: &str) -> usize {
    let sum = key.bytes().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    });
    (sum ^ (sum >> 16)) as usize % PLACES
}

fn look_up(key: &str, only_ids: bool) -> Option<(Role, usize)> {
    let table = &*TABLE;
    let start = hash(key);
    let (ahead, behind) = (table.get(start..)?, table.get(..start)?);
    let mut run = ahead.iter().chain(behind).map_while(|place| *place);
    let (_, role, rank) = run.find(|(known, ..)| known.eq_ignore_ascii_case(key))?;
    let wanted = !only_ids || matches!(role, Role::RequestId | Role::TraceId | Role::SpanId);
    wanted.then_some((role, rank))
}

#[cfg(test)]
mod tests;
