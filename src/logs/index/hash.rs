//! The checksum of everything that an index holds and is held against.

/// Returns 64 bits that change with every change of one byte, and by chance with any other.
///
/// Not for secrets: whoever chooses the bytes can choose their hash.
pub(super) fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15 ^ (bytes.len() as u64);
    for piece in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..piece.len()].copy_from_slice(piece);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        state ^= state >> 32;
    }
    state = (state ^ (state >> 32)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ (state >> 29)
}

/// Returns the hash in half the room.
pub(super) fn short_hash(bytes: &[u8], seed: u64) -> u32 {
    let [low @ .., _, _, _, _] = hash(bytes, seed).to_le_bytes();
    u32::from_le_bytes(low)
}
