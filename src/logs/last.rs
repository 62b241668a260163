//! The last records of a file, without reading what stands before them.

use std::io::{self, Read, Seek, SeekFrom};

use memchr::memmem;

/// What is read at a time, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// Moves `input` to where reading on gives its last `count` records and at least one more, or to its
/// start when there is no such place.
///
/// That place begins a line with `{`, which begins a record whatever stands before it; each such line
/// after it is at least one record. Reads backwards, only as far as needed.
pub fn seek_last(input: &mut (impl Read + Seek), count: usize) -> io::Result<()> {
    seek_last_by(input, count, BLOCK_BYTES)
}

fn seek_last_by(input: &mut (impl Read + Seek), count: usize, block: usize) -> io::Result<()> {
    let mut end = input.seek(SeekFrom::End(0))?;
    let mut buffer = vec![0; block + 1];
    let finder = memmem::FinderRev::new(b"\n{");
    let mut left = count.saturating_add(1);
    while end > 0 {
        let start = end.saturating_sub(block as u64);
        input.seek(SeekFrom::Start(start))?;
        // A byte more than the block, so that what lies across its end is seen.
        let bytes = read_up_to(input, &mut buffer, end + 1 - start)?;
        for place in finder.rfind_iter(bytes) {
            left -= 1;
            if left == 0 {
                input.seek(SeekFrom::Start(start + place as u64 + 1))?;
                return Ok(());
            }
        }
        end = start;
    }
    input.seek(SeekFrom::Start(0))?;
    Ok(())
}

fn read_up_to<'b>(input: &mut impl Read, buffer: &'b mut [u8], count: u64) -> io::Result<&'b [u8]> {
    let mut filled = 0;
    let wanted = buffer.len().min(usize::try_from(count).unwrap_or(usize::MAX));
    while filled < wanted {
        match input.read(buffer.get_mut(filled..wanted).unwrap_or_default()) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(buffer.get(..filled).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use proptest::prelude::*;

    use super::*;
    use crate::logs::{LogFilter, Scan, Scanned};

    /// Returns what is shown of the last `count` records, and whether there were more.
    fn last(input: impl Read, count: usize) -> (Vec<String>, bool) {
        let filter = LogFilter::default();
        let mut scan = Scan::new(input, "", &filter);
        let mut records = Vec::new();
        let scanned = scan.go_on(&mut |found| {
            records.push(format!("{:?}", found.shown()));
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!(scanned.unwrap(), Scanned::Done);
        let surplus = records.len().saturating_sub(count);
        (records.split_off(surplus), surplus > 0)
    }

    proptest! {
        #[test]
        fn the_last_records_are_those_of_a_whole_reading(
            lines in prop::collection::vec(prop::sample::select(vec![
                "{\"a\":1}", "{\"cut\":", "{", "text", "  File \"a.py\"", "  {\"b\":2}", "",
                "KeyError: 'a'", "Traceback (most recent call last):", "{\"c\":3}\r",
            ]), 0..30),
            ended in any::<bool>(), count in 1_usize..9, block in 1_usize..40,
        ) {
            let log = lines.join("\n") + if ended { "\n" } else { "" };
            let mut input = io::Cursor::new(log.as_bytes());
            seek_last_by(&mut input, count, block).unwrap();
            prop_assert_eq!(last(input, count), last(log.as_bytes(), count));
        }
    }

    #[test]
    fn what_stands_before_the_last_records_is_not_read() {
        let log = "{\"a\":1}\n".repeat(100_000);
        let mut input = io::Cursor::new(log.as_bytes());
        seek_last(&mut input, 9).unwrap();
        assert_eq!(input.position(), (log.len() - 8 * 10) as u64);
    }
}
