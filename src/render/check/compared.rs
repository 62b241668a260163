//! What is different from the last run, in words.

use crate::model::{Change, CheckResult, Status, UnixNanos};
use crate::render::{Theme, text};

/// Returns since when a check is as it is, and what it measures now that it did not then; `None`
/// where nothing is worth a word.
pub(super) fn compared(result: &CheckResult, theme: &Theme) -> Option<String> {
    let before = result.before.as_ref()?;
    let mut said = Vec::new();
    match (result.status, before.status) {
        (Status::Skipped, _) | (_, Status::Skipped) => {}
        (Status::Ok, Status::Ok) => {}
        (now, then) if now == then => {
            said.push(format!("{} since {}", word(now), clock(before.since, theme)));
        }
        (_, then) => said.push(format!("was {} at {}", word(then), clock(before.at, theme))),
    }
    said.extend(before.changes.iter().map(change));
    (!said.is_empty()).then(|| said.join(", "))
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warn => "warned",
        Status::Fail => "failing",
        Status::Unknown => "unknown",
        Status::Skipped => "skipped",
    }
}

/// Returns the time of day, with the date where it is not today.
fn clock(time: UnixNanos, theme: &Theme) -> String {
    let (zoned, now) = (
        time.timestamp().to_zoned(theme.zone.clone()),
        theme.now.timestamp().to_zoned(theme.zone.clone()),
    );
    let format = if zoned.date() == now.date() { "%H:%M" } else { "%b %d %H:%M" };
    zoned.strftime(format).to_string()
}

fn change(change: &Change) -> String {
    let name = text::shown(change.name.trim_end_matches("_ms").trim_end_matches("_bytes"));
    let name = if name == "duration" { "time".to_owned() } else { name.replace('_', " ") };
    if change.before > 0.0 {
        format!("{name} {:.1} × the last run's", change.now / change.before)
    } else {
        format!("{name} {} the last run", change.before)
    }
}
