//! What a Prometheus says of its own work, as parts of its health: targets, rules, alerts.
//!
//! That it answers proves little: what it does not scrape, nobody can ask it for.

use std::time::Duration;

use super::SourceError;
use super::quoted::quoted;
use crate::model::{
    HealthPart, MetricAnswer, Reason, Status, UnixNanos, mask_text, parse_duration,
};
use crate::wire::{Alert, Rule, ScrapeTarget};

/// How many of a kind have a row of their own.
const ROWS_MAX: usize = 5;

/// A scrape may be this many intervals old, and never is it called old below [`LATE_MIN`].
const INTERVALS_MAX: u32 = 3;
const LATE_MIN: Duration = Duration::from_secs(10);

/// So long after its start it may not have found its targets: discovery hands them on each five seconds.
const FINDING_MAX: Duration = Duration::from_secs(30);

/// What came of asking for one side of the state.
#[derive(Debug)]
pub(super) enum Looked<T> {
    /// It is there.
    Found(T),
    /// Whoever answers does not have that side.
    Absent,
    /// It could not be asked.
    Failed(SourceError),
}

impl<T> Looked<T> {
    /// Reads what was found.
    pub(super) fn and_then<U>(self, read: impl FnOnce(T) -> Looked<U>) -> Looked<U> {
        match self {
            Self::Found(found) => read(found),
            Self::Absent => Looked::Absent,
            Self::Failed(error) => Looked::Failed(error),
        }
    }
}

/// Returns the part that a side of the state is; of one that is not there, only that.
pub(super) fn looked<T>(
    name: &str,
    looked: Looked<T>,
    part: impl FnOnce(T) -> HealthPart,
) -> HealthPart {
    match looked {
        Looked::Found(found) => part(found),
        Looked::Absent => HealthPart::ok(name, "not looked at: it has no such interface"),
        Looked::Failed(error) => {
            HealthPart::bad(name, Status::Unknown, error.check_reason(), error.in_a_check())
        }
    }
}

/// Judges what is scraped: some down is a warning, all down a failure; of none just after the start
/// nothing is known.
pub(super) fn of_targets(
    targets: &[ScrapeTarget],
    now: UnixNanos,
    started: Option<UnixNanos>,
) -> HealthPart {
    if targets.is_empty() {
        let age = started.map(|started| Duration::from_nanos(now.since(started).unsigned_abs()));
        if let Some(age) = age.filter(|age| *age < FINDING_MAX) {
            let message = format!("no target yet: it was started {}s ago", age.as_secs());
            return HealthPart::bad("targets", Status::Unknown, Reason::Starting, message);
        }
        let message = "it scrapes nothing: no target is configured or found";
        return HealthPart::bad("targets", Status::Warn, Reason::Config, message);
    }
    let down: Vec<&ScrapeTarget> = targets.iter().filter(|one| one.health == "down").collect();
    let late: Vec<HealthPart> = targets.iter().filter_map(|one| late(one, now)).collect();
    let up = targets.iter().filter(|one| one.health == "up").count();
    let ages =
        targets.iter().filter_map(|one| Some(now.since(one.last_scrape?).max(1_000_000_000)));
    let oldest = ages.max().map(|age| format!(", each scraped within the last {}", shown(age)));
    let message = format!("{up} of {} up{}", targets.len(), oldest.unwrap_or_default());
    if down.is_empty() && late.is_empty() {
        return HealthPart::ok("targets", message);
    }
    let (status, reason) = match (down.len(), targets.len()) {
        (down, all) if down == all => (Status::Fail, Reason::Status),
        (0, _) => (Status::Warn, Reason::Lagging),
        _ => (Status::Warn, Reason::Status),
    };
    let mut part = HealthPart::bad("targets", status, reason, message);
    let rows = down.iter().map(|one| of_down(one, status)).chain(late);
    part.parts = first(rows.collect());
    part
}

fn of_down(target: &ScrapeTarget, status: Status) -> HealthPart {
    let error = match target.last_error.trim() {
        "" => "down, and no reason is given",
        error => error,
    };
    let part = HealthPart::bad(name_of(target), status, reason_of(error), error);
    part.because(format!(
        "it could not be scraped at {}: no metrics of it since",
        crate::http::without_secrets(&target.scrape_url)
    ))
}

/// Returns why a scrape failed, from the words of Go's client and of Prometheus's own.
fn reason_of(error: &str) -> Reason {
    let known = [
        ("connection refused", Reason::Refused),
        ("no such host", Reason::DnsNxdomain),
        ("deadline exceeded", Reason::Timeout),
        ("i/o timeout", Reason::Timeout),
        ("no route to host", Reason::Unreachable),
        ("certificate has expired", Reason::TlsExpired),
        ("certificate is valid for", Reason::TlsName),
        ("x509", Reason::TlsUntrusted),
        ("connection reset", Reason::Reset),
        ("EOF", Reason::Reset),
        ("HTTP status 401", Reason::AuthFailed),
        ("HTTP status 403", Reason::Forbidden),
        ("HTTP status 404", Reason::NotFound),
        ("HTTP status", Reason::Status),
        ("limit exceeded", Reason::TooLarge),
    ];
    known
        .iter()
        .find(|(words, _)| error.contains(words))
        .map_or(Reason::Protocol, |(_, reason)| *reason)
}

/// Returns the part for a target that is up by its last scrape, which is too long ago.
fn late(target: &ScrapeTarget, now: UnixNanos) -> Option<HealthPart> {
    let age = Duration::from_nanos(u64::try_from(now.since(target.last_scrape?)).ok()?);
    let every = parse_duration(&target.scrape_interval).ok()?;
    let (up, most) = (target.health == "up", (every * INTERVALS_MAX).max(LATE_MIN));
    (up && age > most).then(|| {
        let age = shown(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
        let message = format!("last scraped {age} ago, should be each {}", target.scrape_interval);
        HealthPart::bad(name_of(target), Status::Warn, Reason::Lagging, message)
            .because("it is overloaded or was stopped, or the clocks differ")
    })
}

fn name_of(target: &ScrapeTarget) -> String {
    let label = |name| target.labels.get(name).map_or("", String::as_str);
    format!("{} {}", label("job"), label("instance")).trim().to_owned()
}

/// Judges what is scraped by the metric `up`.
pub(super) fn of_up(answer: &MetricAnswer) -> HealthPart {
    let is_down = |value: f64| value < 0.5;
    let series = &answer.series;
    let down: Vec<String> = series
        .iter()
        .filter(|one| one.points.last().is_some_and(|point| is_down(point.value)))
        .map(crate::model::MetricSeries::title)
        .collect();
    let message = format!("{} of {} up, by `up`", series.len() - down.len(), series.len());
    match (down.len(), series.len()) {
        (_, 0) => {
            let message = "there is no `up`: nothing is scraped, or only pushed to it";
            HealthPart::bad("targets", Status::Warn, Reason::Config, message)
        }
        (0, _) => HealthPart::ok("targets", message),
        (count, all) => {
            let status = if count == all { Status::Fail } else { Status::Warn };
            let named = down.iter().take(ROWS_MAX).cloned().collect::<Vec<_>>().join(", ");
            let message = format!("{message}; down: {named}");
            HealthPart::bad("targets", status, Reason::Status, message)
        }
    }
}

/// Judges the rules: one that cannot be computed raises no alert, whatever happens.
pub(super) fn of_rules(rules: &[Rule]) -> HealthPart {
    let broken: Vec<&Rule> = rules.iter().filter(|rule| rule.health == "err").collect();
    let counted =
        |count: usize| if count == 1 { "1 rule".into() } else { format!("{count} rules") };
    if broken.is_empty() {
        return HealthPart::ok("rules", format!("{}, all computed", counted(rules.len())));
    }
    let message = format!("{} of {} cannot be computed", broken.len(), counted(rules.len()));
    let mut part = HealthPart::bad("rules", Status::Fail, Reason::Config, message);
    let row = |rule: &&Rule| {
        let error = rule.last_error.as_str();
        HealthPart::bad(&*rule.name, Status::Fail, Reason::Config, error)
            .because("as long as that is so, it records nothing and raises no alert")
    };
    part.parts = first(broken.iter().map(row).collect());
    part
}

/// Judges the alerts: one that fires is a warning, one that is silenced or pending is only counted.
pub(super) fn of_alerts<'a>(
    alerts: impl IntoIterator<Item = &'a Alert>,
    now: UnixNanos,
) -> HealthPart {
    let (mut firing, mut pending, mut silenced) = (Vec::new(), 0, 0);
    for alert in alerts {
        match (alert.state.as_str(), alert.status.state.as_str()) {
            ("pending", _) => pending += 1,
            (_, "suppressed") => silenced += 1,
            ("firing", _) | (_, "active" | "unprocessed") => firing.push(alert),
            _ => {}
        }
    }
    let others = [(pending, "pending"), (silenced, "silenced or inhibited")];
    let others = others.iter().filter(|(count, _)| *count > 0);
    let mut message = format!("{} firing", firing.len());
    for (count, word) in others {
        message = format!("{message}, {count} {word}");
    }
    if firing.is_empty() {
        return HealthPart::ok("alerts", message);
    }
    firing.sort_by_key(|alert| (!is_page(alert), alert.active_at));
    let mut part = HealthPart::bad("alerts", Status::Warn, Reason::Status, message);
    part.parts = first(firing.into_iter().map(|alert| of_alert(alert, now)).collect());
    part
}

fn is_page(alert: &Alert) -> bool {
    alert.labels.get("severity").is_some_and(|word| matches!(word.as_str(), "page" | "critical"))
}

fn of_alert(alert: &Alert, now: UnixNanos) -> HealthPart {
    let label = |name| alert.labels.get(name).map(String::as_str);
    let annotation = |name| alert.annotations.get(name).map(String::as_str);
    let since = alert.active_at.map(|since| format!(" for {}", shown(now.since(since).max(0))));
    let severity = label("severity").map(|word| format!(" ({word})")).unwrap_or_default();
    let of = ["service", "job", "instance"].iter().find_map(|name| label(name));
    let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
    let message = format!("firing{}{severity}{of}", since.unwrap_or_default());
    let name = label("alertname").unwrap_or("(without a name)");
    let mut part = HealthPart::bad(name, Status::Warn, Reason::Status, message);
    // Its labels, as Prometheus keeps them: of which instance, and since when.
    let query = label("alertname").map(|name| format!("ALERTS{{alertname={}}}", quoted(name)));
    part.command =
        query.map(|query| format!("obs metrics --query '{}'", query.replace('\'', "'\\''")));
    let page = annotation("runbook_url");
    let said = annotation("summary").or(annotation("description")).or(annotation("message"));
    let likely = [said, page].into_iter().flatten().map(mask_text);
    let likely = likely.collect::<Vec<_>>().join("; ");
    part.likely = (!likely.is_empty()).then_some(likely);
    // `obs runbook ANCHOR` shows the section, where it is one of the runbook that is read here.
    let anchor = page.and_then(|page| Some(page.rsplit_once('#')?.1.to_owned()));
    part.runbook = anchor.filter(|anchor| !anchor.is_empty());
    part
}

/// Says that what runs is an older configuration than what its file holds.
pub(super) fn old_configuration() -> HealthPart {
    let message =
        "the last change of its configuration could not be loaded: the one before it runs";
    HealthPart::bad("configuration", Status::Warn, Reason::Config, message)
        .because("its file has a mistake: promtool check config FILE")
}

/// Keeps the first of many rows, and says how many there are besides.
fn first(mut rows: Vec<HealthPart>) -> Vec<HealthPart> {
    let more = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    if let Some(last) = rows.last().filter(|_| more > 0) {
        let (status, reason) = (last.status, last.reason.unwrap_or(Reason::Status));
        let message = format!("{more} more are not shown");
        rows.push(HealthPart::bad("others", status, reason, message));
    }
    rows
}

/// Returns a length of nanoseconds in its largest whole unit.
fn shown(nanos: i64) -> String {
    match nanos / 1_000_000_000 {
        seconds if seconds < 120 => format!("{seconds}s"),
        seconds if seconds < 7_200 => format!("{}m", seconds / 60),
        seconds if seconds < 172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
