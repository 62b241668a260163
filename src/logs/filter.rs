//! Which records are asked for, and what a line must hold to be one of them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{Correlation, Field, LogRecord, Severity, UnixNanos, bare_id};

use super::dialect::names_an_id;
use super::expression::Condition;
use super::line::{Outline, trimmed};
use super::sieve::Sieve;

/// What a record must be to match; an absent condition holds for every record.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// The request or trace asked for, in any of its spellings.
    pub correlation: Option<Correlation>,
    /// Traces of that request: a record of one of them is asked for too, unless it names a request.
    pub traces: Vec<Correlation>,
    /// The least bad level shown; a record without a level does not match.
    pub level: Option<Severity>,
    /// The first instant shown.
    ///
    /// A record without a time has its predecessor's in the same source, here and at `until`; where
    /// none is known it passes.
    pub since: Option<UnixNanos>,
    /// The last instant shown.
    pub until: Option<UnixNanos>,
    /// What the line as written must hold.
    pub grep: Option<regex::Regex>,
    /// The service's name, in any case; a record without one has that of its source's file, up to the
    /// first dot.
    pub service: Option<String>,
    /// Whether the id may stand anywhere in the line, not only in a field for ids.
    pub anywhere: bool,
    /// What the record must be, in the words of `--where`.
    pub condition: Option<Arc<Condition>>,
}

impl LogFilter {
    /// Says whether the record is asked for.
    ///
    /// The id is compared with the request id, the trace id and every other field that the dialects
    /// name as one, as a whole: an id in a message or in `caused_by` is no match unless `anywhere`.
    /// Letters may be as typed, all lower or all upper case.
    pub fn matches(&self, record: &LogRecord) -> bool {
        self.matches_at(record, record.time)
    }

    /// Says whether the record is asked for when `time` is its time or its predecessor's.
    pub(super) fn matches_at(&self, record: &LogRecord, time: Option<UnixNanos>) -> bool {
        self.matches_but_condition(record, time) && self.holds(record, time)
    }

    /// Says whether the record is asked for if [`LogFilter::holds`].
    pub(super) fn matches_but_condition(
        &self,
        record: &LogRecord,
        time: Option<UnixNanos>,
    ) -> bool {
        self.has_id(record) && self.matches_otherwise(record, time)
    }

    /// Says whether the condition holds, or there is none.
    pub(super) fn holds(&self, record: &LogRecord, time: Option<UnixNanos>) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.holds(record, time))
    }

    /// Says whether the condition is about the traceback, which stands below the record's own line.
    pub(super) fn waits_for_traceback(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| condition.looks_at_exception())
    }

    /// Says whether every record is asked for.
    pub fn takes_all(&self) -> bool {
        // Traces are those of the correlation.
        let Self { correlation, traces: _, level, since, until, grep, .. } = self;
        let Self { service, anywhere: _, condition, .. } = self;
        let named = correlation.is_some() || service.is_some();
        let chosen = level.is_some() || grep.is_some() || condition.is_some();
        !named && !chosen && since.is_none() && until.is_none()
    }

    /// Says whether some times are not asked for.
    pub(super) fn bounds_time(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Says whether the times of records that cannot match count for those after them.
    pub(super) fn needs_times(&self) -> bool {
        self.bounds_time() || self.condition.as_ref().is_some_and(|one| one.looks_at_time())
    }

    /// Returns texts of which every matching line holds at least one; empty when there are none.
    ///
    /// They are the spellings of the id and of the request's traces, as typed and in lower and upper
    /// case; for one with characters that JSON may escape, its longest piece free of them.
    pub fn literals(&self) -> Vec<Vec<u8>> {
        let mut literals: Vec<Vec<u8>> = Vec::new();
        let Some(id) = &self.correlation else { return literals };
        let ids = std::iter::once(id).chain(&self.traces);
        for spelling in ids.flat_map(Correlation::spellings) {
            let Some(piece) = unescaped_piece(spelling) else { return Vec::new() };
            for form in [piece.to_owned(), piece.to_lowercase(), piece.to_uppercase()] {
                if !literals.contains(&form.clone().into_bytes()) {
                    literals.push(form.into_bytes());
                }
            }
        }
        literals
    }

    /// Returns what passes over the lines that lack a field of the condition, where that rules them out.
    pub(super) fn sieve(&self) -> Option<Sieve> {
        if self.looks_for_text() {
            return None;
        }
        let condition = self.condition.as_ref().filter(|one| !one.looks_at_exception())?;
        condition.required().into_iter().find_map(Sieve::of)
    }

    /// Says whether all but the id rules the line out, before anything is allocated for it.
    pub(super) fn rules_out(
        &self,
        outline: &Outline<'_>,
        time: Option<UnixNanos>,
        source: &str,
    ) -> bool {
        !(self.in_range(time, outline.level)
            && self.is_service(|| outline.service(), source)
            && self.greps(&outline.written()))
    }

    /// Says whether the id stands in the record outside the fields for ids, all else matching but
    /// the condition, of which nothing is known.
    pub(super) fn matches_elsewhere(&self, record: &LogRecord, time: Option<UnixNanos>) -> bool {
        self.correlation.as_ref().is_some_and(|id| {
            !has_id_field(id, record)
                && !self.has_trace_alone(record)
                && self.matches_otherwise(record, time)
                && mentions(id, record)
        })
    }

    /// Says whether lines are chosen by what is written in them, not by what they mean.
    pub(super) fn looks_for_text(&self) -> bool {
        self.grep.is_some() || self.correlation.is_some()
    }

    /// Says whether the record is the request's by its trace alone: it names no request.
    pub fn has_trace_alone(&self, record: &LogRecord) -> bool {
        let trace = record.trace_id.as_deref().filter(|_| record.request_id.is_none());
        trace.is_some_and(|trace| self.traces.iter().any(|id| is_id(id, trace)))
    }

    /// Says whether the record has the id that is asked for in a field for ids.
    pub(super) fn names_the_request(&self, record: &LogRecord) -> bool {
        self.correlation.as_ref().is_some_and(|id| has_id_field(id, record))
    }

    /// Says whether the text is the id that is asked for, or one of its traces.
    pub(super) fn asks_for(&self, id: &str) -> bool {
        self.correlation.iter().chain(&self.traces).any(|known| is_id(known, id))
    }

    fn has_id(&self, record: &LogRecord) -> bool {
        self.correlation.as_ref().is_none_or(|id| {
            has_id_field(id, record)
                || self.has_trace_alone(record)
                || (self.anywhere && mentions(id, record))
        })
    }

    fn matches_otherwise(&self, record: &LogRecord, time: Option<UnixNanos>) -> bool {
        let written = record.raw.as_deref().map(|raw| String::from_utf8_lossy(trimmed(raw)));
        self.in_range(time, record.level)
            && self.is_service(|| record.service.as_deref().map(Into::into), &record.source)
            && self.greps(written.as_deref().unwrap_or(&record.message))
    }

    fn is_service<'a>(&self, service: impl FnOnce() -> Option<Cow<'a, str>>, source: &str) -> bool {
        self.service.as_ref().is_none_or(|name| {
            service().map_or_else(
                || name_of_file(source).eq_ignore_ascii_case(name),
                |service| service.eq_ignore_ascii_case(name),
            )
        })
    }

    fn greps(&self, written: &str) -> bool {
        self.grep.as_ref().is_none_or(|grep| grep.is_match(written))
    }

    fn in_range(&self, time: Option<UnixNanos>, level: Option<Severity>) -> bool {
        self.level.is_none_or(|least| level.is_some_and(|level| level >= least))
            && time.is_none_or(|time| {
                self.since.is_none_or(|since| time >= since)
                    && self.until.is_none_or(|until| time <= until)
            })
    }
}

/// Returns what a source's file is called, up to the first dot: `inventory` of `logs/inventory.log.1`.
fn name_of_file(source: &str) -> &str {
    let file = source.rsplit_once('/').map_or(source, |(_, file)| file);
    file.split_once('.').map_or(file, |(name, _)| name)
}

fn has_id_field(id: &Correlation, record: &LogRecord) -> bool {
    let mut named = [&record.request_id, &record.trace_id].into_iter().flatten();
    named.any(|value| is_id(id, value))
        || record.fields.iter().any(|f| names_an_id(&f.name) && is_id(id, &f.text()))
}

/// Says whether a field's value is the id: bare, `0x…`, `{…}`, `urn:uuid:…`, or `projects/…/traces/…`.
fn is_id(id: &Correlation, value: &str) -> bool {
    let bare = value.strip_prefix("0x").unwrap_or(value);
    let bare = bare_id(bare);
    let bare = bare.rsplit_once("/traces/").map_or(bare, |(_, last)| last);
    [value, bare].into_iter().any(|value| {
        // Mixed case other than as typed is no spelling that `literals` could find.
        let one_case = !value.bytes().any(|byte| byte.is_ascii_lowercase())
            || !value.bytes().any(|byte| byte.is_ascii_uppercase());
        (one_case && id.matches(value)) || id.spellings().iter().any(|known| known == value)
    })
}

fn mentions(id: &Correlation, record: &LogRecord) -> bool {
    let values = record.fields.iter().map(Field::text);
    let raw = record.raw.as_deref().map(|raw| String::from_utf8_lossy(raw).into_owned());
    let mut texts = [record.message.clone()]
        .into_iter()
        .chain(raw)
        .chain(record.exception.clone())
        .chain(values);
    texts.any(|text| {
        id.spellings().iter().any(|spelling| {
            text.contains(spelling)
                || text.contains(&spelling.to_lowercase())
                || text.contains(&spelling.to_uppercase())
        })
    })
}

/// Returns the longest piece that every JSON encoder writes as it is.
fn unescaped_piece(spelling: &str) -> Option<&str> {
    // Beside what must be escaped: what encoders escape to be safe in HTML (Go, Gson, .NET).
    let escaped = |c: char| !c.is_ascii_graphic() || "\"\\/<>&'+=`".contains(c);
    spelling.split(escaped).max_by_key(|piece| piece.len()).filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests;
