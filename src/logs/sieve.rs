//! Which lines of JSON cannot have a field, told without reading them.

use memchr::memchr;
use regex::bytes::Regex;

use super::dialect::role_of;
use crate::model::LogRecord;

/// What the escapes of letters, digits and signs begin with: a name may be written in them.
const ESCAPES: &str = r"\\u00[2-7]";

/// What stands in JSON that wraps another line, which may be one of an access log: that has fields whose
/// names are not written ([`super::wrapper`]).
const WRAPPERS: &str = "MESSAGE|stream|kubernetes|labels";

/// How many lines are read before any is passed over: the names in them are offered for a mistyped one.
const READ_FIRST: u64 = if cfg!(test) { 2 } else { 512 };

/// Finds the next line that may have a field.
///
/// A line of JSON has it only where its name, or the last part of a dotted one, is written in it, or
/// escapes are. Lines that do not begin with `{` may always have it: their fields have no names.
#[derive(Debug)]
pub(super) struct Sieve {
    signs: Regex,
    /// Where the next sign begins in this block, or its end; `None` when it has to be looked for.
    next: Option<usize>,
}

impl Sieve {
    /// Makes one for a field by its name in `--where`; `None` for what loggers write under several names,
    /// and for names that may be written in other ways than one.
    pub(super) fn of(name: &str) -> Option<Self> {
        if LogRecord::NAMES.contains(&name) || role_of(name).is_some() {
            return None;
        }
        let plain = |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let part = name.split('.').filter(plain).max_by_key(|part| part.len())?;
        let signs = (part.len() > 1).then(|| format!("{part}|{ESCAPES}|{WRAPPERS}"))?;
        Some(Self { signs: Regex::new(&signs).ok()?, next: None })
    }

    /// Says whether lines may be passed over after so many.
    pub(super) fn works_after(lines: u64) -> bool {
        lines >= READ_FIRST
    }

    /// Forgets the block that it was in.
    pub(super) fn begin_block(&mut self) {
        self.next = None;
    }

    /// Returns a place in the first line at or after `at`, where one begins, that may have the field.
    ///
    /// O(bytes) over all calls of one block.
    pub(super) fn hit(&mut self, block: &[u8], at: usize) -> Option<usize> {
        let sign = match self.next {
            Some(known) if known >= at => known,
            _ => self.signs.find_at(block, at).map_or(block.len(), |found| found.start()),
        };
        self.next = Some(sign);
        let mut start = at;
        while let Some(rest) = block.get(start..).filter(|rest| !rest.is_empty()) {
            if rest.first() != Some(&b'{') {
                return Some(start);
            }
            let next = memchr(b'\n', rest).map_or(block.len(), |end| start + end + 1);
            if next > sign {
                return Some(sign);
            }
            start = next;
        }
        None
    }
}
