//! Sizes and counts as people write them.

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a size: a whole number above zero and a unit, 500MB, 2GiB")]
pub struct SizeError {
    /// The text as typed.
    pub given: String,
}

/// Reads bytes: `2GiB`, `500MB`, `64k`, `1048576`; a single letter is the binary unit.
pub fn parse_bytes(text: &str) -> Result<u64, SizeError> {
    let read = || {
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match text.strip_prefix(digits)?.to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "kib" | "k" => 1 << 10,
            "mib" | "m" => 1 << 20,
            "gib" | "g" => 1 << 30,
            _ => return None,
        };
        let number: u64 = digits.trim().parse().ok()?;
        number.checked_mul(unit).filter(|bytes| *bytes > 0)
    };
    read().ok_or_else(|| SizeError { given: text.to_owned() })
}

/// Writes a count of things: `1 error`, `2 errors`.
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Writes bytes with two or three digits and a binary unit: `7.1 MiB`, `512 MiB`, `17 B`.
pub fn shown_bytes(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, shift)) = units.into_iter().find(|(_, shift)| bytes >> shift > 0) else {
        return format!("{bytes} B");
    };
    let tenths = (u128::from(bytes) * 10) >> shift;
    if tenths < 100 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", tenths / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_people_read_them() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (7_496_418, "7.1 MiB"),
            (512 << 20, "512 MiB"),
            (u64::MAX, "17179869183 GiB"),
        ] {
            assert_eq!(shown_bytes(bytes), text);
        }
    }

    #[test]
    fn sizes_are_read_with_decimal_and_binary_units() {
        for (text, bytes) in [
            ("2GiB", 2 << 30),
            ("500MB", 500_000_000),
            ("64k", 65_536),
            ("7", 7),
            ("1 gib", 1 << 30),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "GiB", "0", "0GiB", "-1MB", "1.5GiB", "2 apples", "99999999999GiB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
