//! Keeps secrets and personal data out of log lines and error events.

use std::sync::LazyLock;

use regex::Regex;

/// What stands where a secret was.
pub(super) const SCRUBBED: &str = "[scrubbed]";

/// Tells whether a field, header or tag of this name holds a secret, whatever its case.
pub(super) fn is_sensitive(name: &str) -> bool {
    const PARTS: [&str; 6] = ["authorization", "cookie", "password", "secret", "token", "api-key"];
    let name = name.to_ascii_lowercase().replace('_', "-");
    PARTS.iter().any(|part| name.contains(part))
}

/// Replaces the secrets and e-mail addresses inside free text.
///
/// Known: `Bearer …` and `Basic …` credentials, `password=…` and its like, `user@host.tld`.
pub(super) fn text(text: &str) -> String {
    static CREDENTIAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/._~=-]{8,}").expect("a valid pattern")
    });
    static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?i)\b(\w*(?:password|secret|token|api[_-]?key))(["']?\s*[=:]\s*["']?)[^\s"'&,;]+"#,
        )
        .expect("a valid pattern")
    });
    static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
            .expect("a valid pattern")
    });
    let text = CREDENTIAL.replace_all(text, "$1 [scrubbed]");
    let text = ASSIGNED.replace_all(&text, "$1$2[scrubbed]");
    EMAIL.replace_all(&text, SCRUBBED).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_speaks_of_a_secret_is_sensitive_in_any_case() {
        for name in ["Authorization", "set-cookie", "PASSWORD", "access_token", "x_api_key"] {
            assert!(is_sensitive(name), "{name}");
        }
        assert!(!is_sensitive("order_id"));
    }

    #[test]
    fn secrets_inside_text_are_replaced_and_the_rest_is_kept() {
        assert_eq!(text("sent Bearer eyJhbGciOi.abc to it"), "sent Bearer [scrubbed] to it");
        assert_eq!(text("?password=hunter2&page=1"), "?password=[scrubbed]&page=1");
        assert_eq!(text("mail to ada@example.org failed"), "mail to [scrubbed] failed");
        assert_eq!(text("cannot pack SKU-9"), "cannot pack SKU-9");
    }
}
