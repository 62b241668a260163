//! What applications say of their own health, in the shapes that frameworks have for it.
//!
//! Recognised are Spring Actuator, health+json (draft-inadarei-api-health-check-06), `MicroProfile`,
//! ASP.NET, `NestJS` terminus, py-healthcheck, flat maps as of django-health-check and fastapi-health,
//! the text of Kubernetes' `/readyz?verbose` and of Prometheus, Loki and Tempo; `families` has those of
//! servers. JSON that is none of these says nothing.

use serde_json::{Map, Value};

use super::Part;
use crate::model::{CheckKind, Reason, Status};

mod families;

/// How deep components may be nested.
const DEPTH_MAX: usize = 4;

/// How many components of one page are shown.
const COMPONENTS_MAX: usize = 100;

/// What a page says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Health {
    /// What its own word for the whole means; `Unknown` where it has none.
    pub(super) status: Status,
    /// That word; empty where it has none.
    pub(super) said: String,
    /// What it says beside it.
    pub(super) detail: Option<String>,
    /// Why it is not well, where it is not and the code does not say.
    pub(super) reason: Reason,
    /// Its own word is right and the code has another meaning than elsewhere.
    pub(super) explains_code: bool,
    /// Its parts, in order.
    pub(super) components: Vec<Part>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            status: Status::Unknown,
            said: String::new(),
            detail: None,
            reason: Reason::Status,
            explains_code: false,
            components: Vec::new(),
        }
    }
}

/// Reads a page; `None` where it says nothing of health.
pub(super) fn read(content_type: &str, body: &[u8]) -> Option<Health> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.starts_with('{') {
        return of_json(&serde_json::from_str(text).ok()?);
    }
    if content_type.contains("html") {
        return None;
    }
    let verbose: Vec<Part> = text.lines().filter_map(of_verbose_line).collect();
    if !verbose.is_empty() {
        let status = Status::worst(verbose.iter().map(|part| part.status));
        let said = text.lines().last().unwrap_or_default().to_owned();
        return Some(Health { status, said, components: verbose, ..Health::default() });
    }
    let word = text.trim_matches('"');
    // A page of text is no word, but its first line may begin with one: `ERROR: no database`.
    let word = word.lines().next().unwrap_or_default();
    let (said, (status, reason)) = (word.to_owned(), of_line(word)?);
    Some(Health { status, said, reason, ..Health::default() })
}

/// Reads a line: a word, or a sentence that servers say of themselves, `Ingester not ready: …`.
fn of_line(line: &str) -> Option<(Status, Reason)> {
    let start = line.split_once(':').map_or(line, |(start, _)| start);
    let plain = start.trim().trim_end_matches(['.', '!']).to_ascii_lowercase();
    if plain == "starting" || plain.ends_with(" not ready") {
        return Some((Status::Fail, Reason::Starting));
    }
    // Prometheus and its relatives: `Prometheus Server is Ready.`
    let is_well = plain.ends_with(" is ready") || plain.ends_with(" is healthy");
    if is_well && plain.split(' ').count() <= 4 {
        return Some((Status::Ok, Reason::Status));
    }
    Some((of_text(line)?, Reason::Status))
}

fn of_json(page: &Map<String, Value>) -> Option<Health> {
    if let Some(health) = families::read(page) {
        return Some(health);
    }
    let mut said = page.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
    let components = components_of(page, 0);
    let mut status = of_word(&said).unwrap_or(Status::Unknown);
    if let Some((name, good)) = yes_or_no(page).filter(|_| said.is_empty()) {
        said = format!("{name}: {good}");
        status = if good { Status::Ok } else { Status::Fail };
    }
    if said.is_empty() && components.is_empty() {
        return None;
    }
    let detail = explanation(page).filter(|_| components.is_empty());
    Some(Health { status, said, detail, components, ..Health::default() })
}

/// Reads `{"ok": false}` and its like.
fn yes_or_no(page: &Map<String, Value>) -> Option<(&'static str, bool)> {
    let names = ["ok", "healthy", "ready", "alive", "up", "success"];
    names.into_iter().find_map(|name| Some((name, page.get(name)?.as_bool()?)))
}

/// Finds the map or the list of parts, whatever it is called.
fn components_of(page: &Map<String, Value>, depth: usize) -> Vec<Part> {
    if depth >= DEPTH_MAX {
        return Vec::new();
    }
    let named = ["components", "entries", "checks", "results", "details", "info"]
        .into_iter()
        .find_map(|name| page.get(name).filter(|value| is_parts(value)));
    let mut parts: Vec<Part> = match named {
        Some(Value::Object(all)) => {
            all.iter().map(|(name, value)| component(name, value, depth)).collect()
        }
        Some(Value::Array(all)) => {
            let name = |value: &Value| {
                ["name", "checker", "componentId"]
                    .iter()
                    .find_map(|key| value.get(key)?.as_str())
                    .unwrap_or("(no name)")
                    .to_owned()
            };
            all.iter().map(|value| component(&name(value), value, depth)).collect()
        }
        _ if depth == 0 => flat(page),
        _ => Vec::new(),
    };
    parts.truncate(COMPONENTS_MAX);
    parts
}

/// Says whether a value is a map or a list of things that have a status.
fn is_parts(value: &Value) -> bool {
    let has_status = |part: &Value| match part {
        Value::Object(part) => part.contains_key("status") || part.contains_key("passed"),
        Value::Array(all) => all.first().is_some_and(|one| one.get("status").is_some()),
        Value::String(word) => of_word(word).is_some(),
        Value::Bool(_) => false,
        _ => false,
    };
    match value {
        Value::Object(all) => !all.is_empty() && all.values().all(has_status),
        Value::Array(all) => !all.is_empty() && all.iter().all(has_status),
        _ => false,
    }
}

/// What flat maps have beside their components.
const ASIDES: [&str; 9] = [
    "status",
    "version",
    "release",
    "commit",
    "hostname",
    "service",
    "timestamp",
    "time",
    "uptime",
];

/// Reads `{"database":"online","cache":true}`: every value is a truth, or a word of health, or such a
/// word and an explanation.
fn flat(page: &Map<String, Value>) -> Vec<Part> {
    let rest: Vec<_> = page.iter().filter(|(name, _)| !ASIDES.contains(&name.as_str())).collect();
    let word = |value: &Value| match value {
        Value::String(text) => of_text(text).is_some(),
        other => other.is_boolean() && !page.contains_key("status"),
    };
    // `{"ok":true}` is a word for the whole.
    let whole = page.len() == 1 && yes_or_no(page).is_some();
    if whole || rest.is_empty() || !rest.iter().all(|(_, value)| word(value)) {
        return Vec::new();
    }
    rest.into_iter().map(|(name, value)| component(name, value, 0)).collect()
}

fn component(name: &str, value: &Value, depth: usize) -> Part {
    let (status, message, children) = match value {
        Value::String(text) => (of_text(text).unwrap_or(Status::Unknown), text.clone(), Vec::new()),
        Value::Bool(good) => {
            (if *good { Status::Ok } else { Status::Fail }, good.to_string(), Vec::new())
        }
        // health+json measures one component several times.
        Value::Array(all) => {
            let parts: Vec<Part> = all.iter().map(|one| component(name, one, depth + 1)).collect();
            let worst = parts.into_iter().max_by_key(|part| part.status);
            worst.map_or((Status::Unknown, String::new(), Vec::new()), |part| {
                (part.status, part.message, part.children)
            })
        }
        Value::Object(part) => {
            let word = part.get("status").and_then(Value::as_str).unwrap_or_default();
            let passed = part.get("passed").and_then(Value::as_bool);
            let of_passed = passed.map(|good| if good { Status::Ok } else { Status::Fail });
            let status = of_word(word).or(of_passed).unwrap_or(Status::Unknown);
            let measured = || observed(part);
            let message = explanation(part).or_else(measured).unwrap_or_else(|| word.to_owned());
            (status, message, components_of(part, depth + 1))
        }
        _ => (Status::Unknown, String::new(), Vec::new()),
    };
    let reason = match status {
        Status::Ok => None,
        _ => Some(reason_of_text(&message)),
    };
    let name = name.to_owned();
    Part { name, kind: CheckKind::Component, status, reason, message, duration_ms: None, children }
}

/// Finds what is said beside the status.
fn explanation(part: &Map<String, Value>) -> Option<String> {
    let text = |map: &Map<String, Value>| {
        ["error", "message", "output", "exception", "description", "reason"].iter().find_map(
            |key| {
                let text = map.get(*key)?.as_str()?.trim();
                (!text.is_empty()).then(|| text.to_owned())
            },
        )
    };
    let below = || part.get("details").or_else(|| part.get("data"))?.as_object().and_then(text);
    text(part).or_else(below)
}

/// Draws what health+json measured: `250 ms`.
fn observed(part: &Map<String, Value>) -> Option<String> {
    let value = part.get("observedValue").filter(|value| value.is_number() || value.is_string())?;
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let unit = part.get("observedUnit").and_then(Value::as_str).unwrap_or_default();
    Some(format!("{value} {unit}").trim().to_owned())
}

/// Reads `[+]etcd ok` and `[-]etcd failed: reason withheld`.
fn of_verbose_line(line: &str) -> Option<Part> {
    let (status, rest) = match line.split_at_checked(3)? {
        ("[+]", rest) => (Status::Ok, rest),
        ("[-]", rest) => (Status::Fail, rest),
        _ => return None,
    };
    let (name, message) = rest.split_once(' ').unwrap_or((rest, ""));
    let reason = (status == Status::Fail).then_some(Reason::Status);
    let (name, message) = (name.to_owned(), message.to_owned());
    let (kind, duration_ms, children) = (CheckKind::Component, None, Vec::new());
    Some(Part { name, kind, status, reason, message, duration_ms, children })
}

/// Reads a word, or a word before a colon: `unavailable: Unknown exception`.
fn of_text(text: &str) -> Option<Status> {
    of_word(text).or_else(|| of_word(text.split_once(':')?.0))
}

/// Returns what one word means.
fn of_word(word: &str) -> Option<Status> {
    let plain =
        word.trim().trim_end_matches(['.', '!']).to_ascii_lowercase().replace(['_', '-'], " ");
    match plain.as_str() {
        "up" | "ok" | "okay" | "pass" | "passing" | "passed" | "healthy" | "success" | "ready"
        | "alive" | "live" | "online" | "working" | "green" | "serving" | "available"
        | "running" | "connected" | "operational" | "server available" | "statusok" => {
            Some(Status::Ok)
        }
        "warn" | "warning" | "degraded" | "yellow" | "partially available" => Some(Status::Warn),
        "not ok"
        | "not okay"
        | "not healthy"
        | "not alive"
        | "down"
        | "fail"
        | "failed"
        | "failing"
        | "failure"
        | "error"
        | "unhealthy"
        | "critical"
        | "red"
        | "out of service"
        | "not ready"
        | "unready"
        | "unavailable"
        | "offline"
        | "not serving"
        | "shutting down"
        | "starting"
        | "disconnected"
        | "timeout"
        | "timeout during health check"
        | "statuspermanenterror"
        | "statusrecoverableerror"
        | "statusstarting" => Some(Status::Fail),
        _ => None,
    }
}

/// Finds the reason in what an application says of a component: pools have errors of their own.
fn reason_of_text(text: &str) -> Reason {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // r2d2, SQLAlchemy, sqlx, deadpool, HikariCP, psycopg, psycopg_pool, PostgreSQL itself.
    if says(&[
        "timed out waiting for connection",
        "queuepool limit",
        "pool timed out",
        "timeout occurred while waiting for a slot",
        "connection is not available, request timed out",
        "connection pool exhausted",
        "couldn't get a connection after",
        "too many clients",
        "remaining connection slots",
        "too many connections",
    ]) {
        return Reason::Saturated;
    }
    if says(&["connection refused"]) {
        return Reason::Refused;
    }
    if says(&["name or service not known", "no such host", "getaddrinfo"]) {
        return Reason::DnsNxdomain;
    }
    if says(&["timed out", "timeout", "deadline"]) {
        return Reason::Timeout;
    }
    if says(&["password", "authentication", "unauthorized", "noauth", "access denied"]) {
        return Reason::AuthFailed;
    }
    if says(&["starting", "shutting down"]) {
        return Reason::Starting;
    }
    Reason::Status
}

#[cfg(test)]
mod tests;
