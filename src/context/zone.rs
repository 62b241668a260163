//! The zone that times are shown in.

use std::path::{Component, Path, PathBuf};

use jiff::tz::TimeZone;

use crate::config::Environment;

/// Where systems keep the zones' files.
const ZONES: &str = "/usr/share/zoneinfo";

/// The system's own zone: a link into [`ZONES`], or a copy of one of its files.
const SYSTEM_ZONE: &str = "/etc/localtime";

/// No zone's file is longer; a larger one is not read.
const ZONE_BYTES_MAX: u64 = 256 << 10;

/// Returns the local zone, as `TZ` or else the system says.
///
/// Asking jiff lists every zone of the system first, which takes longer than all else that a small
/// command does. So the one file that is needed is read here, and jiff asked where that fails.
pub(super) fn local(environment: &Environment) -> TimeZone {
    let file = match environment.get("TZ") {
        None => Some(PathBuf::from(SYSTEM_ZONE)),
        Some(name) => file_of(name),
    };
    file.and_then(|file| read(&file)).unwrap_or_else(TimeZone::system)
}

/// Returns the file of a zone's name such as `Europe/Berlin`; `None` for what is no such name.
fn file_of(name: &str) -> Option<PathBuf> {
    let name = Path::new(name.strip_prefix(':').unwrap_or(name));
    let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && name.components().next().is_some()).then(|| Path::new(ZONES).join(name))
}

fn read(file: &Path) -> Option<TimeZone> {
    let size = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?.len();
    if size > ZONE_BYTES_MAX {
        return None;
    }
    let target = std::fs::read_link(file).unwrap_or_else(|_| file.to_owned());
    let target = target.to_str()?;
    let name = target.split_once("zoneinfo/").map_or("Local", |(_, name)| name);
    TimeZone::tzif(name, &std::fs::read(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_below_the_zones() {
        assert_eq!(file_of("Europe/Berlin"), Some(Path::new(ZONES).join("Europe/Berlin")));
        assert_eq!(file_of(":UTC"), Some(Path::new(ZONES).join("UTC")));
        for other in ["", "/etc/passwd", "../../etc/passwd", "./x"] {
            assert_eq!(file_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_zone_is_not_taken_for_one() {
        assert_eq!(read(Path::new("Cargo.toml")), None);
        assert_eq!(read(Path::new("no/such/file")), None);
    }

    #[test]
    fn the_file_read_here_says_what_jiff_says() {
        for name in ["Europe/Berlin", "America/New_York", "UTC"] {
            let (Some(ours), Ok(known)) =
                (file_of(name).and_then(|file| read(&file)), TimeZone::get(name))
            else {
                continue; // a system without zones
            };
            for second in [0, 1_700_000_000, 1_750_000_000] {
                let stamp = jiff::Timestamp::from_second(second).unwrap();
                assert_eq!(ours.to_offset(stamp), known.to_offset(stamp), "{name} at {second}");
            }
        }
    }
}
