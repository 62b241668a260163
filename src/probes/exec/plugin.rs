//! What a plugin of Nagios says: a state, a line for people, and what it measured.
//!
//! Source: Monitoring Plugins, "Development Guidelines", plugin output and performance data.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::super::Finding;
use super::shortened;
use crate::model::{Observation, Reason, Status};

/// How many measured values of one plugin are kept.
const VALUES_MAX: usize = 64;

/// The longest name of a value that is kept, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// How many names all plugins together may have.
const NAMES_MAX: usize = 2_000;

/// Judges by the exit code; what is printed only explains.
pub(super) fn judge(code: i32, output: &str, error: &str) -> Finding {
    let (text, values) = read(output);
    let line = if text.is_empty() { error } else { text };
    let line = if line.is_empty() { "nothing said" } else { line };
    let (status, reason) = match code {
        0 => (Status::Ok, None),
        1 => (Status::Warn, Some(Reason::Status)),
        2 => (Status::Fail, Some(Reason::Status)),
        3 => (Status::Unknown, Some(Reason::Status)),
        _ => (Status::Unknown, Some(Reason::Protocol)),
    };
    let message = match code {
        0..=3 => shortened(line),
        _ => format!("exit code {code}, which no plugin has: {}", shortened(line)),
    };
    let mut finding = Finding::new(status, reason, message);
    finding.observed =
        values.iter().filter_map(|value| observation(value)).take(VALUES_MAX).collect();
    finding
}

/// Takes an output apart: its first line, and each measured value as it is written.
///
/// After a bar stands what was measured: in the first line, and from a bar in a later one to the end.
fn read(output: &str) -> (&str, Vec<&str>) {
    let (first, later) = output.trim_start().split_once('\n').unwrap_or((output, ""));
    let (text, measured) = first.split_once('|').unwrap_or((first, ""));
    let more = later.split_once('|').map_or("", |(_, more)| more);
    let values = [measured, more].into_iter().flat_map(words).collect();
    (text.trim(), values)
}

/// Splits at blanks that no quotes stand around.
fn words(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c: char| {
        quoted ^= c == '\'';
        c.is_whitespace() && !quoted
    })
    .filter(|word| !word.is_empty())
    .collect()
}

/// Reads `'label'=value[unit];[warn];[crit];[min];[max]`; `None` for what has no number.
fn observation(text: &str) -> Option<Observation> {
    let (label, rest) = text.rsplit_once('=')?;
    let value = rest.split(';').next()?;
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ',')));
    let (number, unit) = value.split_at_checked(end.unwrap_or(value.len()))?;
    // Some plugins write numbers as their locale has them.
    let number = number.replace(',', ".").parse::<f64>().ok()?;
    let (factor, unit) = match unit {
        "" | "c" => (1.0, "1"),
        "%" => (0.01, "1"),
        "s" => (1e3, "ms"),
        "ms" => (1.0, "ms"),
        "us" => (1e-3, "ms"),
        "B" => (1.0, "By"),
        // These plugins count in 1024.
        "KB" => (1024.0, "By"),
        "MB" => (1024.0_f64.powi(2), "By"),
        "GB" => (1024.0_f64.powi(3), "By"),
        "TB" => (1024.0_f64.powi(4), "By"),
        _ => return None,
    };
    let label = label.trim_matches('\'').replace("''", "'");
    Some(Observation { name: kept(&label)?, value: Some(number * factor), unit })
}

/// Keeps a name for as long as the program runs: all others are constants. `None` for one that is too
/// long, or one too many.
fn kept(name: &str) -> Option<&'static str> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return None;
    }
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    if names.len() >= NAMES_MAX {
        return None;
    }
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(name);
    Some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn observed(output: &str) -> String {
        let finding = judge(0, output, "");
        let drawn = finding
            .observed
            .iter()
            .map(|one| format!("{}={}{}", one.name, one.value.unwrap(), one.unit));
        drawn.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_monitoring_plugins_print_is_read() {
        let http = "HTTP OK: HTTP/1.1 200 OK - 164 bytes in 0.109 second response time |time=0.108711s;1.0;2.0;0;10 size=164B;;;0;\n";
        assert_eq!(observed(http), "time=108.711ms size=164By");
        let disk = "DISK OK - free space: / 3326 MB (56%);| /=2643MB;5948;5958;0;5968\n/boot 68 MB;\n| '/boot and more'=1MB;88;93;0;98\n/home=50%";
        assert_eq!(judge(0, disk, "").message, "DISK OK - free space: / 3326 MB (56%);");
        assert_eq!(observed(disk), "/=2771386368By /boot and more=1048576By /home=0.51");
        assert_eq!(
            observed("x | 'it''s'=1c u=U 'a=b'=2 n=1,5 =3 z=4furlongs"),
            "it's=11 a=b=21 n=1.51"
        );
    }

    #[test]
    fn exit_codes_are_states_and_others_are_unknown() {
        for (code, expected) in [
            (0, Status::Ok),
            (1, Status::Warn),
            (2, Status::Fail),
            (3, Status::Unknown),
            (126, Status::Unknown),
        ] {
            assert_eq!(judge(code, "x", "").status, expected, "{code}");
        }
        assert_eq!(judge(2, "", "no route").message, "no route");
        assert_eq!(judge(3, "", "").message, "nothing said");
    }

    proptest! {
        #[test]
        fn no_output_makes_it_panic(output in "[a-z'=;|0-9.%\\n ]{0,80}|\\PC{0,40}") {
            drop(judge(0, &output, ""));
        }
    }
}
