//! How MySQL wants to be shown that a password is known.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// What is sent for a scramble; of an empty password nothing. `None` for a plugin that is not known.
pub(super) fn answer(plugin: &str, password: &str, scramble: &[u8]) -> Option<Vec<u8>> {
    if password.is_empty() {
        return Some(Vec::new());
    }
    match plugin {
        "mysql_native_password" => Some(native(password, scramble)),
        "caching_sha2_password" => Some(sha2(password, scramble)),
        _ => None,
    }
}

/// SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))).
fn native(password: &str, scramble: &[u8]) -> Vec<u8> {
    let hash = |bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec();
    let once = hash(password.as_bytes());
    mixed(&once, &hash(&[scramble, &hash(&once)].concat()))
}

/// SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble).
fn sha2(password: &str, scramble: &[u8]) -> Vec<u8> {
    let hash = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
    let once = hash(password.as_bytes());
    mixed(&once, &hash(&[&hash(&once), scramble].concat()))
}

fn mixed(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter().zip(right).map(|(left, right)| left ^ right).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed with Python's hashlib from the formulas of the manual.
    #[test]
    fn a_password_is_shown_and_not_told() {
        let scramble = b"KZb],b-UF>DzZ45JTKXW";
        let shown = |plugin| answer(plugin, "secret", scramble).unwrap();
        assert_eq!(
            shown("mysql_native_password"),
            [
                0x80, 0x63, 0x1a, 0x76, 0xcb, 0x8f, 0x44, 0xdc, 0x05, 0x7b, 0x1c, 0x13, 0xd0, 0x3d,
                0xbe, 0x1f, 0x84, 0xb4, 0x31, 0x48
            ]
        );
        assert_eq!(
            shown("caching_sha2_password"),
            [
                0x7f, 0x0a, 0x67, 0xb4, 0x7c, 0xaf, 0xa9, 0x00, 0xd9, 0xd1, 0x0f, 0x01, 0xd5, 0x36,
                0x31, 0x20, 0x60, 0x0d, 0x76, 0x6d, 0x4b, 0x53, 0x14, 0xcd, 0x49, 0xec, 0x50, 0x4b,
                0x9f, 0xe5, 0x15, 0x0f
            ]
        );
    }

    #[test]
    fn no_password_is_nothing_and_an_unknown_way_is_refused() {
        assert_eq!(answer("client_ed25519", "", b""), Some(Vec::new()));
        assert_eq!(answer("client_ed25519", "secret", b""), None);
    }
}
