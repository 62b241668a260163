//! The level of a line that is no JSON, where loggers write it.

use crate::model::Severity;

/// How many words of a line are looked at: times, a host, a process and a thread stand before it.
const WORDS_MAX: usize = 7;

/// Levels as loggers write them in capitals; a capital `E` or `ALERT` in a sentence means nothing.
const CAPITALS: [&str; 14] = [
    "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "SEVERE", "FATAL",
    "CRITICAL", "CRIT", "PANIC", "EMERG",
];

/// Returns the level that a plain line says it has; `None` where that is not beyond doubt.
///
/// Among the first seven words it is one in capitals (`ERROR`, `[WARN]`, `INFO:`), one in brackets in
/// any case (`[error]`), or `level=error` in any of logfmt's spellings. Allocates nothing.
pub fn level_in_text(line: &[u8]) -> Option<Severity> {
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.take(WORDS_MAX).find_map(level_of)
}

fn level_of(word: &[u8]) -> Option<Severity> {
    let word = std::str::from_utf8(word).ok()?;
    if let Some((key, value)) = word.split_once('=') {
        let key = ["level", "lvl", "severity"].iter().any(|known| key.eq_ignore_ascii_case(known));
        return Severity::from_name(value.trim_matches('"')).filter(|_| key);
    }
    let bare = word.trim_end_matches([':', ',', '|']);
    let bracketed =
        bare.strip_prefix(['[', '<', '(']).and_then(|rest| rest.strip_suffix([']', '>', ')']));
    match bracketed.map(str::trim) {
        // A single letter or digit in brackets may be anything.
        Some(inside)
            if inside.len() >= 3 && inside.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
        {
            Severity::from_name(inside)
        }
        Some(_) => None,
        None => CAPITALS.contains(&bare).then(|| Severity::from_name(bare)).flatten(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_found_where_loggers_write_it() {
        for (line, level) in [
            ("2026-11-22 06:30:00,123 ERROR app.db: no connection", Severity::Error),
            ("[2026-11-22 06:30:00 +0000] [7] [INFO] Booting worker", Severity::Info),
            ("2026/11/22 06:30:00 [error] 7#7: *1 connect() failed", Severity::Error),
            ("WARNING: it is late", Severity::Warn),
            ("time=2026-11-22T06:30:00Z level=warn msg=\"slow\"", Severity::Warn),
            ("Nov 22 06:30:00 web app[7]: FATAL out of memory", Severity::Fatal),
            ("INFO:     127.0.0.1:1 - \"GET / HTTP/1.1\" 200 OK", Severity::Info),
        ] {
            assert_eq!(level_in_text(line.as_bytes()), Some(level), "{line}");
        }
    }

    #[test]
    fn words_of_a_sentence_are_no_level() {
        for line in [
            "an error occurred",
            "the info desk",
            "[0] [E] [x]",
            "we saw on that one day an ERROR far in the line",
            "kind=error",
            "ERRORS: 3",
            "",
            "\u{e9} \u{fffd}",
        ] {
            assert_eq!(level_in_text(line.as_bytes()), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            level_in_text(&line);
        }
    }
}
