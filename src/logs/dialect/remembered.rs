//! The roles of keys that were seen: a log has few, on all of its lines.

use super::{Role, role_of};

/// How many are remembered; one forgets another that falls on its place.
const PLACES: usize = 128;

/// A key, and what it is.
type Seen = (String, Option<(Role, usize)>);

/// What [`role_of`] said of keys; asks it only of those that are new. By default nothing is
/// remembered: that is not worth its room for a single line.
#[derive(Debug, Default)]
pub(in crate::logs) struct Roles {
    seen: Vec<Seen>,
}

impl Roles {
    /// Remembers, for many lines.
    pub(in crate::logs) fn remembering() -> Self {
        // The empty key has no role.
        Self { seen: vec![(String::new(), None); PLACES] }
    }

    /// Returns what [`role_of`] returns.
    pub(in crate::logs) fn of(&mut self, path: &str) -> Option<(Role, usize)> {
        let Some((seen, role)) = self.seen.get_mut(place(path)) else { return role_of(path) };
        if seen != path {
            path.clone_into(seen);
            *role = role_of(path);
        }
        *role
    }
}

/// Tells keys of a log from each other, mostly: by their length and some of their letters.
fn place(path: &str) -> usize {
    let bytes = path.as_bytes();
    let letter = |at: usize| bytes.get(at).map_or(0, |byte| usize::from(*byte));
    let (middle, last) = (letter(bytes.len() / 2), letter(bytes.len().saturating_sub(1)));
    (bytes.len() * 7 + letter(0) * 31 + middle * 5 + last * 3) % PLACES
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_remembered_is_what_was_said(
            paths in prop::collection::vec(prop::sample::select(vec![
                "", "time", "Time", "emit", "level", "user.level", "user.trace_id", "request_id",
                "trace_id", "trace-id", "msg", "gsm", "record.message", "a", "b", "fields.message",
            ]), 0..60),
        ) {
            let mut roles = Roles::remembering();
            for path in paths {
                prop_assert_eq!(roles.of(path), role_of(path));
            }
        }
    }
}
