//! Base 64 as others write it: ids, and bytes in JSON.
//!
//! Source: RFC 4648, sections 4 and 5.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads base 64, standard or URL-safe, with or without padding; `None` for anything else.
pub fn from_base64(digits: &str) -> Option<Vec<u8>> {
    let standard: Vec<u8> = digits
        .bytes()
        .map(|digit| match digit {
            b'-' => b'+',
            b'_' => b'/',
            _ => digit,
        })
        .collect();
    LENIENT.decode(standard).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_are_read_with_and_without_padding() {
        for (bytes, digits) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
        {
            assert_eq!(from_base64(digits).unwrap(), bytes.as_bytes());
        }
        assert_eq!(from_base64("Zm9vYg==").unwrap(), b"foob");
        assert_eq!(from_base64("-_8"), from_base64("+/8="));
        for wrong in ["Zm 9v", "Z", "Zm9v\n", "=Zg"] {
            assert_eq!(from_base64(wrong), None, "{wrong}");
        }
    }
}
