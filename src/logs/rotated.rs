//! Rotated files: which names beside a log's are older parts of it, and in which order.

/// What names of compressed files end in.
const COMPRESSED: [&str; 5] = [".gz", ".zst", ".bz2", ".lz4", ".xz"];

/// How old a part is, by its name: the oldest is the least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    /// The date and what stands behind it, as numbers.
    Dated(Vec<u64>),
    /// `.1` is the youngest.
    Numbered(std::cmp::Reverse<u64>),
}

/// Returns which of `names` are older parts of the log named `base`, the oldest first.
///
/// `app.log.1`, `app.log-20261121`, `app.log.2026-11-21_06`, `app.log-1795329000` and, as Java's
/// loggers have it, `app-2026-11-21.0.log`; each may be compressed. Of a part that is there both as
/// it was and compressed, as while that is done, the first counts. `names` are sorted.
pub fn older_parts<'n>(base: &str, names: &'n [String]) -> Vec<&'n str> {
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let first = names.partition_point(|name| name.as_str() < stem);
    let near = names.iter().skip(first).take_while(|name| name.starts_with(stem));
    let mut parts: Vec<(Age, &str)> =
        near.filter_map(|name| Some((age(base, name)?, name.as_str()))).collect();
    parts.sort();
    parts.dedup_by(|later, before| plain(later.1) == plain(before.1));
    parts.into_iter().map(|(_, name)| name).collect()
}

/// Says whether a name is that of an older part of the log named `base`.
pub fn is_older_part(base: &str, name: &str) -> bool {
    age(base, name).is_some()
}

/// Says whether a name is that of a compressed file.
pub(super) fn is_compressed(name: &str) -> bool {
    plain(name).len() < name.len()
}

/// Returns the name without the ending of a compressed file.
fn plain(name: &str) -> &str {
    COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn age(base: &str, name: &str) -> Option<Age> {
    let name = plain(name);
    if let Some(rest) = name.strip_prefix(base) {
        let number = rest.strip_prefix('.').filter(|number| number.len() <= 4).and_then(digits);
        return number
            .map(|number| Age::Numbered(std::cmp::Reverse(number)))
            .or_else(|| date(rest));
    }
    let (stem, extension) = base.rsplit_once('.')?;
    date(name.strip_prefix(stem)?.strip_suffix(extension)?.strip_suffix('.')?)
}

/// Reads `-20261121`, `.2026-11-21`, `-1795329000`, and numbers behind them: the hour, a count.
fn date(text: &str) -> Option<Age> {
    let text = text.strip_prefix(['.', '-', '_'])?;
    let numbers: Vec<u64> =
        text.split(['.', '-', '_', 'T', ':']).map(digits).collect::<Option<_>>()?;
    let lengths: Vec<usize> = text.split(['.', '-', '_', 'T', ':']).map(str::len).collect();
    let (day, rest) = match (lengths.as_slice(), numbers.as_slice()) {
        ([8 | 10, ..], [day, rest @ ..]) => (*day, rest),
        ([4, 2, 2, ..], [year, month, day, rest @ ..]) => (year * 10_000 + month * 100 + day, rest),
        _ => return None,
    };
    let (month, of_month) = (day / 100 % 100, day % 100);
    let is_day = (19_000_101..=29_991_231).contains(&day)
        && (1..=12).contains(&month)
        && (1..=31).contains(&of_month);
    let is_stamp = (1_000_000_000..=9_999_999_999).contains(&day);
    (is_day || is_stamp).then(|| Age::Dated([&[day], rest].concat()))
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(base: &str, names: &[&str]) -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        older_parts(base, &names).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn numbered_parts_come_by_number_the_highest_first() {
        let names = ["app.log", "app.log.1", "app.log.10.xz", "app.log.2.gz", "app.log.9.zst"];
        let expected = ["app.log.10.xz", "app.log.9.zst", "app.log.2.gz", "app.log.1"];
        assert_eq!(parts("app.log", &names), expected);
    }

    #[test]
    fn dated_parts_come_by_date_in_each_form() {
        for names in [
            ["app.log-20261119.gz", "app.log-20261120", "app.log-20261121"],
            ["app.log.2026-11-19", "app.log.2026-11-20.bz2", "app.log.2026-11-21"],
            ["app.log.2026-11-21_05", "app.log.2026-11-21_06", "app.log.2026-11-21_07-30"],
            ["app.log-1795329000", "app.log-1795332600", "app.log-1795336200.lz4"],
            ["app-2026-11-20.0.log.gz", "app-2026-11-20.1.log", "app-2026-11-21.0.log"],
            ["app.20261120.log", "app.20261120_10.log", "app.20261121.log"],
        ] {
            assert_eq!(parts("app.log", &names), names, "{names:?}");
        }
        assert_eq!(
            parts("syslog", &["syslog-20261121", "syslog.1"]),
            ["syslog-20261121", "syslog.1"]
        );
    }

    #[test]
    fn other_names_are_other_logs() {
        let names = [
            "app.log",
            "app.log.gz",
            "app.log.old",
            "app.log.12345",
            "app.log2",
            "app.logs.1",
            "app-error.log",
            "app-1.log",
            "app.log-20261321",
            "app.log-20261100",
            "app.log.1.tar",
            "app.log.",
            "app.log-",
            "app.log.1.2",
            "app.log.2026-11",
            "xapp.log.1",
            "app.log.-1",
        ];
        assert_eq!(parts("app.log", &names), [] as [&str; 0]);
    }

    #[test]
    fn a_part_that_is_being_compressed_is_read_once_as_it_was() {
        assert_eq!(parts("app.log", &["app.log.1", "app.log.1.gz"]), ["app.log.1"]);
    }

    proptest::proptest! {
        #[test]
        fn no_name_is_too_odd(base in ".{0,12}", names in proptest::collection::vec("[a.0-9_-]{0,24}", 0..9)) {
            let mut names = names;
            names.sort();
            let parts = older_parts(&base, &names);
            proptest::prop_assert!(parts.iter().all(|part| **part != base));
        }
    }
}
