//! How loggers name things: tables of keys, in order of preference.
//!
//! A new dialect is a row in `keys.rs` and a fixture under `tests/fixtures/logs/`. Keys are dotted paths and
//! stand for nested, dotted and mixed spellings alike, in any case. Not here: what the values look
//! like ([`super::value`]) and how a line is walked ([`super::line`]).

mod keys;
mod remembered;

use std::sync::{LazyLock, OnceLock};

use crate::model::LogDialect;
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

/// The keys of the user's own loggers.
static LEARNT: OnceLock<Vec<LogDialect>> = OnceLock::new();

/// Makes the keys of the user's own loggers known, before the built-in ones of the same role.
///
/// For the whole process, and once, before the first line is read: later calls change nothing. The
/// tables are looked up for each key of each line, where a table handed down would cost every
/// function between an argument.
pub fn learn(dialects: &[LogDialect]) {
    if !dialects.is_empty() {
        // Whoever came first is the same configuration.
        drop(LEARNT.set(dialects.to_vec()));
    }
}

/// Returns what a part of a record is, by the name that it has whatever the dialect.
pub(super) fn role_of_part(part: &str) -> Option<Role> {
    Some(match part {
        "time" => Role::Time,
        "level" => Role::Level,
        "message" => Role::Message,
        "logger" => Role::Logger,
        "service" => Role::Service,
        "request_id" => Role::RequestId,
        "trace_id" => Role::TraceId,
        "span_id" => Role::SpanId,
        "exception" => Role::Exception,
        _ => return None,
    })
}

/// Returns the learnt keys, in order, each with its rank among those of its role.
fn learnt(dialects: &'static [LogDialect]) -> Vec<Known> {
    let mut ranks = [0; ROLES];
    let parts = dialects.iter().flat_map(LogDialect::parts);
    let keys = parts.flat_map(|(part, keys)| keys.iter().map(move |key| (part, key)));
    keys.filter_map(|(part, key)| {
        let role = role_of_part(part)?;
        let rank = ranks.get_mut(role as usize)?;
        *rank += 1;
        Some((key.as_str(), role, *rank - 1))
    })
    .collect()
}

/// Returns all keys; of two alike the first counts.
fn all(learnt: Vec<Known>) -> Vec<Known> {
    let of_role = |role: Role| learnt.iter().filter(|(_, of, _)| *of == role).count();
    let built_in: Vec<Known> = KEYS
        .iter()
        .flat_map(|(role, keys)| {
            let before = of_role(*role);
            keys.iter().enumerate().map(move |(rank, key)| (*key, *role, before + rank))
        })
        .collect();
    learnt.into_iter().chain(built_in).collect()
}

/// How many places the table has: several times as many as there are keys.
const PLACES: usize = 1024;

/// A key with what it is.
type Known = (&'static str, Role, usize);

/// The keys by their hash, each in the first free place from there on.
static TABLE: LazyLock<[Option<Known>; PLACES]> = LazyLock::new(|| {
    let mut table = [None; PLACES];
    let own = LEARNT.get().map_or_else(Vec::new, |dialects| learnt(dialects));
    for (key, role, rank) in all(own) {
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
