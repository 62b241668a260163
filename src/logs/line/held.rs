//! What a line has under a name, without a record built for it.

use std::borrow::Cow;

use super::{Outline, RENDERED, Room, left_over, read, renders_itself, show, without_end};
use crate::logs::dialect::{Role, role_of, role_of_part};
use crate::logs::expression::{Held, held};
use crate::logs::fields::text;
use crate::logs::value;

/// Returns what [`held`] does of the record that [`read`] builds of the line; `source` and `line`
/// are the caller's.
///
/// Allocates for a value with escapes, for a time, and for the few lines that are no plain JSON.
pub(in crate::logs) fn held_of<'a>(
    outline: &'a Outline<'a>,
    room: &'a Room,
    name: &str,
) -> Held<'a> {
    match held_untrimmed(outline, room, name) {
        // An exception ends with its last line.
        Held::Text(text) if matches!(role_of(name), Some((Role::Exception, _))) => {
            match without_end(text) {
                Cow::Borrowed("") => Held::Nothing,
                text => Held::Text(text),
            }
        }
        held => held,
    }
}

fn held_untrimmed<'a>(outline: &'a Outline<'a>, room: &'a Room, name: &str) -> Held<'a> {
    if let Some(record) = &outline.other {
        return held(record, name);
    }
    if outline.heading.is_some() || outline.shape != super::Shape::Json {
        return of_text(outline, room, name);
    }
    if let Some(role) = role_of_part(name) {
        return of_role(outline, role);
    }
    if outline.folded {
        return owned(held(&read(outline, room), name));
    }
    let mut leaves = room.leaves.iter();
    let leaf = leaves.find_map(|leaf| {
        let known = room.names.get(leaf.name.clone())?;
        let taken = || outline.chosen(Role::Exception).and_then(value::exception).is_some();
        let rendered = || name == RENDERED && renders_itself(outline, room);
        let field = (known == name).then(|| left_over(outline, room, leaf, taken(), rendered()));
        field.flatten()
    });
    match leaf {
        Some((_, value)) => of_value(value),
        None => role_of(name).map_or(Held::Nothing, |(role, _)| of_role(outline, role)),
    }
}

fn of_role<'a>(outline: &Outline<'a>, role: Role) -> Held<'a> {
    let chosen = outline.chosen(role);
    let words = match role {
        Role::Time => outline.time.map(|time| Cow::Owned(time.to_string())),
        Role::Level => outline.level.map(|level| Cow::Borrowed(level.name())),
        Role::Message => Some(chosen.and_then(text).unwrap_or_default()),
        Role::Logger | Role::Service => chosen.and_then(text),
        Role::RequestId | Role::TraceId | Role::SpanId => chosen.and_then(value::id),
        Role::Exception => chosen.and_then(value::exception),
    };
    words.map_or(Held::Nothing, Held::Text)
}

/// A line that is no JSON has no fields.
fn of_text<'a>(outline: &'a Outline<'a>, room: &'a Room, name: &str) -> Held<'a> {
    let line = show(outline, room);
    let role = role_of_part(name).or_else(|| role_of(name).map(|(role, _)| role));
    let words = match role {
        Some(Role::Time) => line.time.map(|time| Cow::Owned(time.to_string())),
        Some(Role::Level) => line.level.map(|level| Cow::Borrowed(level.name())),
        Some(Role::Message) => Some(line.message),
        Some(Role::Logger) => line.logger,
        Some(Role::Service) => line.service,
        Some(Role::RequestId) => line.request_id,
        Some(Role::TraceId) => line.trace_id,
        Some(Role::SpanId) => line.span_id,
        Some(Role::Exception) | None => None,
    };
    words.map_or(Held::Nothing, Held::Text)
}

fn of_value(value: &[u8]) -> Held<'_> {
    match value {
        b"null" => Held::Nothing,
        b"true" => Held::Bool(true),
        b"false" => Held::Bool(false),
        [b'-' | b'0'..=b'9', ..] => Held::Number(String::from_utf8_lossy(value)),
        value => Held::Text(value::shown(value)),
    }
}

fn owned(held: Held<'_>) -> Held<'static> {
    match held {
        Held::Nothing => Held::Nothing,
        Held::Bool(bool) => Held::Bool(bool),
        Held::Number(text) => Held::Number(Cow::Owned(text.into_owned())),
        Held::Text(text) => Held::Text(Cow::Owned(text.into_owned())),
    }
}
