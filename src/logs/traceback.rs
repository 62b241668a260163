//! The lines of a traceback that are not indented, as languages print them.

/// What the first of several tracebacks of a record, or the next one, begins with: Python, Java, Go, Rust.
const OPENINGS: [&[u8]; 5] = [
    b"Traceback (most recent call last)",
    b"Caused by:",
    b"The above exception was the direct cause",
    b"During handling of the above exception",
    b"stack backtrace:",
];

/// What stands inside a traceback and in no line of its own: Node, Go, .NET, Rust.
const PARTS: [&[u8]; 6] = [
    b"}",
    b"[signal ",
    b"--- End of ",
    b"created by ",
    b"exit status ",
    b"note: run with `RUST_BACKTRACE",
];

/// Says whether a traceback begins here that belongs to the record above, whatever that is.
///
/// That is one of the openings, or Java's `a.b.SomeException: why`: a name with its package.
pub(super) fn opens(line: &[u8]) -> bool {
    OPENINGS.iter().any(|opening| line.starts_with(opening))
        || is_goroutine(line)
        || (name(line).contains(&b'.') && names_an_error(line))
}

/// Says whether the line goes on with the traceback in which it stands.
pub(super) fn goes_on(line: &[u8]) -> bool {
    PARTS.iter().any(|part| line.starts_with(part))
}

/// Says whether a traceback comes after the line, which is a record of its own: Go's last words.
pub(super) fn comes_after(line: &[u8]) -> bool {
    line.starts_with(b"panic: ") || line.starts_with(b"fatal error: ")
}

/// Says whether the line is `goroutine 7 [running]:`; source: Go's `runtime`, `traceback.go`.
pub(super) fn is_goroutine(line: &[u8]) -> bool {
    let number = line.strip_prefix(b"goroutine ");
    number.is_some_and(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && rest.get(digits..).is_some_and(|rest| rest.starts_with(b" ["))
    })
}

/// Says whether the line is a function of Go's with its arguments: `main.(*T).f(0x1, ...)`.
pub(super) fn is_frame_of_go(line: &[u8]) -> bool {
    let words = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let opened = line.get(..words).is_some_and(|word| word.contains(&b'('));
    opened && line.trim_ascii_end().ends_with(b")")
}

/// Says whether the line is `package.SomeError: why`, the last line of a traceback of Python's.
pub(super) fn names_an_error(line: &[u8]) -> bool {
    let name = name(line);
    let rest = line.get(name.len()..).unwrap_or_default();
    let known = [&b"Error"[..], b"Exception", b"Interrupt", b"Exit"];
    let ends = rest.first().is_none_or(|byte| matches!(byte, b':' | b'\r' | b'\n'));
    ends && known.iter().any(|end| name.ends_with(end))
}

fn name(line: &[u8]) -> &[u8] {
    let ends = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$'));
    line.get(..line.iter().position(ends).unwrap_or(line.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_traceback_is_told_from_sentences() {
        for line in [
            "Traceback (most recent call last):",
            "java.lang.IllegalStateException: late",
            "com.acme.Db$PoolException",
            "Caused by: java.io.IOException: closed",
            "goroutine 7 [running]:",
        ] {
            assert!(opens(line.as_bytes()), "{line}");
        }
        for line in [
            "Error: late",
            "goroutine pool is full",
            "java.lang.Thread starts",
            "a.Error was seen",
            "",
        ] {
            assert!(!opens(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_frame_of_go_has_its_arguments_at_its_end() {
        for line in ["main.main()", "main.(*T).f(0xc0, {0x1, 0x2})", "panic({0x4a5f20?, 0x1?})"] {
            assert!(is_frame_of_go(line.as_bytes()), "{line}");
        }
        for line in ["served (in 5 ms)", "main.f", "listening on (all)", ""] {
            assert!(!is_frame_of_go(line.as_bytes()), "{line}");
        }
    }
}
