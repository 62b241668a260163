//! Which pieces of a text are remembered: wherever a text of 16 letters and digits stands, in
//! whatever surroundings, the same pieces of it are.
//!
//! A text is cut into runs of letters, digits, `-` and `_`. Of every nine neighbouring pieces of eight
//! bytes in a run the one with the smallest hash is chosen. A text of 16 bytes is nine such pieces, so
//! one of them is chosen in every run that holds it, and can be told from the text alone.
//! Source: Schleimer, Wilkerson, Aiken, "Winnowing", SIGMOD 2003, section 3.

/// The shortest run that is remembered, and the shortest text that can be looked up, in bytes.
pub(crate) const TEXT_BYTES_MIN: usize = 16;

const GRAM_BYTES: usize = 8;

/// How many neighbouring pieces one is chosen of.
const WINDOW: usize = TEXT_BYTES_MIN - GRAM_BYTES + 1;

/// Bit 5 of each byte: what tells `A` from `a`, and nothing else of a run's bytes apart.
const FOLD: u64 = 0x2020_2020_2020_2020;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// The bytes that runs consist of.
const IN_RUN: [bool; 256] = in_run();

const fn in_run() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        byte += 1;
    }
    table
}

fn is_in_run(byte: u8) -> bool {
    IN_RUN[usize::from(byte)]
}

/// Gives every run of [`TEXT_BYTES_MIN`] bytes or more, whole.
///
/// Looks at one byte in three of a usual log: where the last of 16 bytes ends a run, none that is long
/// enough begins before it.
pub(super) fn runs<'a>(bytes: &'a [u8], visit: &mut impl FnMut(&'a [u8])) {
    let mut at = 0;
    while let Some(probe) = bytes.get(at..at + TEXT_BYTES_MIN) {
        if let Some(end) = probe.iter().rposition(|byte| !is_in_run(*byte)) {
            at += end + 1;
            continue;
        }
        let rest = bytes.get(at + TEXT_BYTES_MIN..).unwrap_or_default();
        let more = rest.iter().position(|byte| !is_in_run(*byte)).unwrap_or(rest.len());
        let end = at + TEXT_BYTES_MIN + more;
        visit(bytes.get(at..end).unwrap_or_default());
        at = end + 1;
    }
}

/// Gives the keys of a run's chosen pieces; a run shorter than [`TEXT_BYTES_MIN`] has none.
///
/// The same pieces of letters in another case have the same keys.
pub(super) fn keys(run: &[u8], visit: &mut impl FnMut(u32)) {
    let mut window = [u64::MAX; WINDOW];
    let (mut least, mut age) = (u64::MAX, 0);
    for (index, gram) in run.windows(GRAM_BYTES).enumerate() {
        let hash = gram_hash(gram);
        window[index % WINDOW] = hash;
        age += 1;
        let before = least;
        if hash <= least {
            (least, age) = (hash, 0);
        } else if age == WINDOW {
            (least, age) = least_of(&window, index);
        }
        let is_first = index + 1 == WINDOW;
        if is_first || (index >= WINDOW && least != before) {
            visit(key(least));
        }
    }
}

/// Returns the smallest hash in the window, and how long ago it came.
fn least_of(window: &[u64; WINDOW], now: usize) -> (u64, usize) {
    let ages = (0..WINDOW).map(|age| (window[(now - age) % WINDOW], age));
    ages.min().expect("a window is not empty")
}

fn gram_hash(gram: &[u8]) -> u64 {
    let gram = gram.try_into().map_or(0, u64::from_le_bytes) | FOLD;
    gram.wrapping_mul(FACTOR)
}

/// Spreads a chosen hash again: the smallest of nine are all small.
fn key(hash: u64) -> u32 {
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let [_, _, _, _, high @ ..] = mixed.to_le_bytes();
    u32::from_le_bytes(high)
}

/// Returns keys that every text that holds `literal` has; empty when none can be told.
pub(super) fn keys_of_literal(literal: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    runs(literal, &mut |run| keys(run, &mut |key| found.push(key)));
    found.sort_unstable();
    found.dedup();
    found
}
