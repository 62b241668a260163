//! Events as they were sent, byte for byte; in the file they are compressed.

use std::borrow::Cow;

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use rusqlite::OptionalExtension as _;

use super::{Reader, StoreError};
use crate::model::TraceId;

/// The largest event that is unpacked, far beyond what is taken: a damaged length asks for no more.
const EVENT_BYTES_MAX: usize = 128 << 20;

impl Reader {
    /// Returns the payload of an event, byte for byte; `None` when there is no such event.
    ///
    /// The id may be written with dashes and in any case. One look-up in an index.
    pub fn raw_event(&self, event_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(id) = TraceId::from_hex(event_id.trim()) else { return Ok(None) };
        let mut statement =
            self.connection.prepare_cached("SELECT raw FROM events WHERE event_id = ?1")?;
        let stored: Option<Vec<u8>> =
            statement.query_row([id.to_string()], |row| row.get(0)).optional()?;
        stored.map(|stored| unpack(&stored).map(Cow::into_owned)).transpose()
    }
}

/// What a compressed event begins with: no JSON text does (RFC 8259, section 2).
const COMPRESSED: u8 = 1;

/// Returns an event as the file has it since version 5: a third of its bytes, so that most rows fit in
/// one page. Some 5 µs for 6 KiB, less than to write them would take.
///
/// The form is LZ4's block (lz4.org, "Block format"), behind [`COMPRESSED`] and its length in four
/// bytes, the least first.
pub(super) fn pack(raw: &[u8]) -> Vec<u8> {
    let mut packed = compress_prepend_size(raw);
    packed.insert(0, COMPRESSED);
    packed
}

/// Returns an event as it was sent; errs when the row is damaged.
pub(super) fn unpack(stored: &[u8]) -> Result<Cow<'_, [u8]>, StoreError> {
    let Some((&COMPRESSED, packed)) = stored.split_first() else { return Ok(stored.into()) };
    let length = packed.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    // A damaged file must not ask for 4 GiB; what was larger was not taken.
    let whole =
        if length > EVENT_BYTES_MAX { None } else { decompress_size_prepended(packed).ok() };
    let whole = whole.filter(|raw| raw.len() == length).map(Cow::Owned);
    whole.ok_or_else(|| StoreError::Row(serde::de::Error::custom("an event is damaged")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_stored_of_before_is_read_as_it_is_and_damage_is_said() {
        assert_eq!(&*unpack(b"{\"a\":1}").unwrap(), b"{\"a\":1}");
        assert_eq!(&*unpack(b"").unwrap(), b"");
        for damaged in [&b"\x01"[..], b"\x01\xff\xff\xff\xff", b"\x01\x08\0\0\0\x10a"] {
            assert!(unpack(damaged).is_err());
        }
    }

    proptest! {
        #[test]
        fn every_event_comes_back_byte_for_byte(raw in any::<Vec<u8>>()) {
            let packed = pack(&raw);
            prop_assert_eq!(&*unpack(&packed).unwrap(), &raw[..]);
        }
    }
}
