//! Base 64, as JSON has bytes and gRPC has binary metadata.
//!
//! Source: RFC 4648, sections 4 and 5.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Reads base 64, standard or URL-safe, with or without padding; `None` for any other character.
pub(super) fn from_base64(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in digits.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Writes standard base 64 without padding, as gRPC has metadata whose name ends in `-bin`.
pub fn to_base64(bytes: &[u8]) -> String {
    let group = |three: &[u8]| {
        let byte = |place: usize| usize::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digits =
            [bits >> 18, bits >> 12, bits >> 6, bits].map(|bits| char::from(DIGITS[bits & 63]));
        digits.into_iter().take(three.len() + 1)
    };
    bytes.chunks(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4648_are_written_and_read() {
        for (bytes, digits) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
        {
            assert_eq!(to_base64(bytes.as_bytes()), digits);
            assert_eq!(from_base64(digits).unwrap(), bytes.as_bytes());
        }
        assert_eq!(from_base64("Zm9vYg==").unwrap(), b"foob");
        assert_eq!(from_base64("-_8"), from_base64("+/8="));
        assert_eq!(from_base64("Zm 9v"), None);
    }
}
