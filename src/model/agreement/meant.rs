//! Which checks a component may mean: by its kind, its name, or the host that it tells of.

use crate::model::{CheckKind, CheckResult};

/// A kind of dependency: its own names, and the words that others share.
struct Family {
    own: &'static [&'static str],
    shared: &'static [&'static str],
}

/// What applications call their dependencies. Source: the names that Actuator, `AspNetCore.HealthChecks`,
/// terminus and django-health-check give their indicators.
const FAMILIES: &[Family] = &[
    Family {
        own: &["postgres", "postgresql", "pg", "npgsql", "psql"],
        shared: &["db", "database", "datasource", "sql", "orm"],
    },
    Family { own: &["mysql", "mariadb"], shared: &["db", "database", "datasource", "sql", "orm"] },
    Family { own: &["mongo", "mongodb"], shared: &["db", "database"] },
    Family { own: &["redis", "valkey"], shared: &["cache"] },
    Family { own: &["memcached"], shared: &["cache"] },
    Family { own: &["rabbit", "rabbitmq", "amqp"], shared: &["broker", "queue", "celery"] },
    Family { own: &["kafka"], shared: &["broker", "queue"] },
    Family { own: &["nats"], shared: &["broker"] },
    Family { own: &["mqtt", "mosquitto"], shared: &["broker"] },
    Family { own: &["elasticsearch", "elastic", "opensearch"], shared: &["search"] },
    Family { own: &["smtp", "mail", "email"], shared: &[] },
];

/// The checks that a component may mean.
pub(super) struct Meant<'a> {
    /// Of those of its kind the ones that most speaks for; none where nobody asks such a dependency.
    pub(super) probes: Vec<&'a CheckResult>,
    /// Whether more speaks for them than a word that several kinds share.
    pub(super) certain: bool,
}

/// Returns the checks that may ask the dependency itself: those of its own name or kind, else those that
/// share the word it goes by; of them the ones that fit best by name and host.
pub(super) fn meant_by<'a>(component: &CheckResult, checks: &'a [CheckResult]) -> Meant<'a> {
    let (name, told) = (words_of(&component.name), words_of(&component.message));
    let of = |wanted: &dyn Fn(&Family) -> bool| {
        let families: Vec<&Family> = FAMILIES.iter().filter(|family| wanted(family)).collect();
        let asked = |check: &&CheckResult| families.iter().any(|family| asks(check, family));
        // Whatever its kind: somebody called a check of its port as the application calls it.
        let meant = |check: &&CheckResult| {
            asked(check)
                || !families.is_empty() && asks_itself(check) && is_called(component, check)
        };
        checks.iter().filter(meant).collect::<Vec<_>>()
    };
    let mut probes = of(&|family| any_of(&name, family.own));
    let mut certain = !probes.is_empty();
    if probes.is_empty() {
        let shares = |family: &Family| any_of(&name, family.shared);
        probes = of(&|family| shares(family) && any_of(&told, family.own));
        certain = !probes.is_empty();
        // Another kind than the one that it names is another dependency.
        if !FAMILIES.iter().any(|family| shares(family) && any_of(&told, family.own)) {
            probes = of(&shares);
        }
    }
    let fits = |probe: &CheckResult| {
        usize::from(is_namesake(component, probe)) + usize::from(tells_host(component, probe))
    };
    let best = probes.iter().map(|probe| fits(probe)).max().unwrap_or(0);
    probes.retain(|probe| fits(probe) == best);
    Meant { probes, certain: certain || best > 0 }
}

/// Says whether somebody called both alike: the same, or by a word that names no kind, `orders-db` and
/// `orders-postgres`.
fn is_namesake(component: &CheckResult, probe: &CheckResult) -> bool {
    // What a variable is called is nobody's choice: every `DATABASE_URL` is `database`.
    if probe.origin.starts_with('$') {
        return false;
    }
    let told = |word: &String| {
        let known = |family: &Family| {
            family.own.contains(&word.as_str()) || family.shared.contains(&word.as_str())
        };
        !EVERYWHERE.contains(&word.as_str()) && !FAMILIES.iter().any(known)
    };
    let words = words_of(&component.name);
    let of_probe = words_of(&probe.id);
    is_called(component, probe) || words.iter().any(|word| told(word) && of_probe.contains(word))
}

/// Says whether a check somebody listed has the component's very name.
fn is_called(component: &CheckResult, probe: &CheckResult) -> bool {
    let same = |name: &str| name.eq_ignore_ascii_case(&component.name);
    !probe.origin.starts_with('$') && (same(&probe.id) || same(&probe.name))
}

/// Words of names that tell nothing apart.
const EVERYWHERE: &[&str] = &[
    "backend",
    "check",
    "client",
    "cluster",
    "connection",
    "default",
    "health",
    "main",
    "pool",
    "server",
    "service",
    "the",
    "url",
];

/// Says whether the component tells of the host that the probe asks; of this machine with its port.
fn tells_host(component: &CheckResult, probe: &CheckResult) -> bool {
    let target = &probe.target;
    let target = target.split_once("://").map_or(target.as_str(), |(_, rest)| rest);
    let place = target.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = place.rsplit_once(':').unwrap_or((place, ""));
    let here = host == "localhost" || host.starts_with("127.") || host == "[::1]";
    let wanted = if here { place } else { host };
    if wanted.is_empty() || here && port.is_empty() {
        return false;
    }
    let is_of_a_name = |c: char| c.is_alphanumeric() || c == '-' || c == '.';
    component.message.match_indices(wanted).any(|(at, _)| {
        let before = component.message.get(..at).and_then(|text| text.chars().next_back());
        let after = component.message.get(at + wanted.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_of_a_name) && !after.is_some_and(|c| c != '.' && is_of_a_name(c))
    })
}

/// Says whether a check asks a dependency of this family: by its kind, or by what it was called.
fn asks(check: &CheckResult, family: &Family) -> bool {
    let kind = serde_json::to_value(check.kind).ok();
    let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default();
    family.own.contains(&kind) || asks_itself(check) && any_of(&words_of(&check.name), family.own)
}

/// Says whether it asks something itself, and not an application for its word.
fn asks_itself(check: &CheckResult) -> bool {
    let says_health = matches!(check.kind, CheckKind::Metrics | CheckKind::Backend);
    !says_health && check.children.iter().all(|child| child.kind != CheckKind::Component)
}

fn any_of(words: &[String], names: &[&str]) -> bool {
    words.iter().any(|word| names.contains(&word.as_str()))
}

/// Splits `PrimaryDatabase`, `cache_backend: default` and `postgres-1` into lower-case words.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let begins = character.is_uppercase() && before.is_lowercase();
        if begins || !character.is_alphabetic() {
            words.push(String::new());
        }
        if character.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    // `PostgreSQL` is one word however it is written.
    words.extend(name.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase));
    words.retain(|word| !word.is_empty());
    words
}
