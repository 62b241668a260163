//! Through an object and those in it, by dotted paths.

use crate::logs::dialect::is_context_list;
use crate::logs::fields::{Malformed, elements, fields};

/// Objects deeper than this stay one value: a walk costs length times depth.
const WALK_DEPTH_MAX: u8 = 8;

/// What is done with lists of contexts, which hold ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// They are values.
    Left,
    /// They are gone into.
    Entered,
    /// This is within one.
    Within,
}

/// What a value is to the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing is gone into here.
    Leaf,
    /// An object: what is in it comes next unless it is left alone.
    Object,
    /// Something in a list of contexts.
    Listed,
}

/// Visits every value with its dotted path, objects before what is in them, in the order written.
///
/// `visit` says `true` to have an object left alone. Lists of contexts are gone into for the ids in
/// them when `lists` says so, under the list's own path. `depth` is how many objects this one stands
/// in; `path` is its path and is left as it was.
pub(super) fn walk<'a>(
    object: &'a [u8],
    path: &mut String,
    lists: Lists,
    depth: u8,
    visit: &mut dyn FnMut(&str, &'a [u8], Kind) -> bool,
) -> Result<(), Malformed> {
    let length = path.len();
    for field in fields(object) {
        let (key, value) = field?;
        if length > 0 {
            path.push('.');
        }
        path.push_str(&key);
        let object = value.starts_with(b"{") && depth < WALK_DEPTH_MAX;
        let kind = match lists {
            Lists::Within => Kind::Listed,
            _ if object => Kind::Object,
            _ => Kind::Leaf,
        };
        let inside = !visit(path, value, kind);
        if inside && object {
            walk(value, path, lists, depth + 1, visit)?;
        } else if inside && lists != Lists::Left && value.starts_with(b"[") && is_context_list(path)
        {
            for element in elements(value) {
                if let Some(element) = Some(element?).filter(|element| element.starts_with(b"{")) {
                    walk(element, path, Lists::Within, depth + 1, visit)?;
                }
            }
        }
        path.truncate(length);
    }
    Ok(())
}
