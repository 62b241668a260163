//! The checks that a configuration file lists: one that cannot be meant is unknown, and stops no other.

use std::time::Duration;

use super::kinds::{KINDS, Kind};
use super::targets::{DEFAULT_FAIL, DEFAULT_WARN, host_and_port, limits, of_wrong};
use super::{Probe, Target, keys};
use crate::config::{CheckSettings, CheckTarget, Origin, Unread};
use crate::model::{CheckKind, MEASURES, Threshold, example_limits, nearest};

/// The kinds that are asked by a page's address, or by `host:port`.
const PLAIN_KINDS: [&str; 4] = ["http", "tcp", "tls", "metrics"];

/// The group of checks that name none.
const GROUP: &str = "checks";

/// Returns the configured checks in the order of the file; those that cannot be meant say so when they
/// are run.
pub fn of_settings(
    all: &[CheckSettings],
    unread: &[Unread],
    timeout: Duration,
    window: Duration,
) -> Vec<Probe> {
    let of_checks = unread.iter().filter(|one| one.what == "check");
    let mut rows: Vec<(usize, Origin, Probe)> =
        of_checks.map(|one| (one.line, one.origin.clone(), of_unread(one))).collect();
    for one in all {
        let probe = of_setting(one, timeout, window).unwrap_or_else(|why| refused(one, &why));
        rows.push((one.line, one.origin.clone(), probe));
    }
    rows.sort_by_key(|(line, ..)| *line);
    give_each_a_name(&mut rows);
    refuse_needs(&mut rows);
    rows.into_iter().map(|(.., probe)| probe).collect()
}

/// Says why a check cannot be made, in words that follow its name; `None` where it can.
pub fn fault_of(settings: &CheckSettings, timeout: Duration) -> Option<String> {
    of_setting(settings, timeout, timeout).err()
}

/// Returns the check of an entry that means nothing.
pub fn of_unread(unread: &Unread) -> Probe {
    let Unread { what, id, kind, group, origin, line, reason } = unread;
    let (known, default) = match *what {
        "check" => (kind.as_deref().and_then(|kind| kind_of(kind).ok()), GROUP),
        _ => (Some(CheckKind::Slo), "objectives"),
    };
    let why = format!("{}: the {what} `{id}` {reason}", origin.named_at(*line));
    let (kind, group) = (known.unwrap_or(CheckKind::Config), group.as_deref().unwrap_or(default));
    of_wrong(kind, id, group, origin.at(*line), why)
}

fn refused(settings: &CheckSettings, reason: &str) -> Probe {
    let CheckSettings { id, kind, group, origin, line, needs, .. } = settings;
    let why = said_of(id, origin, *line, reason);
    let kind = kind_of(kind).unwrap_or(CheckKind::Config);
    let group = group.as_deref().unwrap_or(GROUP);
    let probe = of_wrong(kind, id, group, origin.at(*line), why);
    Probe { hint: settings.hint.clone(), needs: needs.clone(), ..probe }
}

fn said_of(id: &str, origin: &Origin, line: usize, reason: &str) -> String {
    format!("{}: the check `{id}` {reason}", origin.named_at(line))
}

/// Makes of a check one that says why it is not asked; it then waits for no other.
fn spoil(row: &mut (usize, Origin, Probe), reason: &str) {
    let (line, origin, probe) = row;
    // Of two things that are wrong the first is told.
    if !matches!(probe.target, Target::Unset(..)) {
        let why = said_of(&probe.id, origin, *line, reason);
        probe.target = Target::Unset(probe.target.shown().0, origin.at(*line), why);
    }
    probe.needs = Vec::new();
}

/// The second check of a name is not asked, under a name that is free.
fn give_each_a_name(rows: &mut [(usize, Origin, Probe)]) {
    for place in 1..rows.len() {
        let (before, rest) = rows.split_at_mut(place);
        let Some(row) = rest.first_mut() else { return };
        let is_taken = |id: &str| before.iter().find(|(.., other)| other.id == id);
        let Some((first, ..)) = is_taken(&row.2.id) else { continue };
        spoil(row, &format!("is there twice, first on line {first}: give it an id of its own"));
        let id = row.2.id.clone();
        let mut names = (2..).map(|number| format!("{id}-{number}"));
        row.2.id = names.find(|name| is_taken(name).is_none()).unwrap_or(id);
        row.2.name = row.2.id.clone();
    }
}

/// What needs no check of the list, or itself, is not asked.
fn refuse_needs(rows: &mut [(usize, Origin, Probe)]) {
    let known: Vec<(String, Vec<String>)> =
        rows.iter().map(|(.., probe)| (probe.id.clone(), probe.needs.clone())).collect();
    let ids = || known.iter().map(|(id, _)| id.as_str());
    for row in rows.iter_mut() {
        let unknown = row.2.needs.iter().find(|need| !ids().any(|id| id == *need)).cloned();
        if let Some(need) = unknown {
            let meant = nearest(&need, ids().filter(|id| *id != row.2.id));
            let meant = meant.map(|meant| format!(", did you mean `{meant}`?"));
            let meant = meant.unwrap_or_default();
            spoil(row, &format!("needs `{need}`, which is no check{meant}"));
        } else if waits_for_itself(&row.2.id, &known) {
            spoil(row, "needs itself, in a circle");
        }
    }
}

fn waits_for_itself(asked: &str, all: &[(String, Vec<String>)]) -> bool {
    let needed_by = |id: &str| {
        let entries = all.iter().filter(|(other, _)| other == id);
        entries.flat_map(|(_, needs)| needs.clone()).collect::<Vec<String>>()
    };
    let mut waiting = needed_by(asked);
    let mut seen: Vec<String> = Vec::new();
    while let Some(id) = waiting.pop() {
        if id == asked {
            return true;
        }
        if !seen.contains(&id) {
            waiting.extend(needed_by(&id));
            seen.push(id);
        }
    }
    false
}

fn of_setting(
    settings: &CheckSettings,
    timeout: Duration,
    window: Duration,
) -> Result<Probe, String> {
    let kind = kind_of(&settings.kind)?;
    keys::refuse_strange(&settings.kind, settings)?;
    let window = settings.window.unwrap_or(window);
    let target = match &settings.target {
        _ if runs_a_repositorys_program(settings) => {
            let why = "a repository's file may not have programs run: put the check into your own \
                       config.toml";
            let program = settings.keys.command.first().cloned().unwrap_or_default();
            Target::Unset(CheckKind::Exec, program, why.to_owned())
        }
        CheckTarget::Known(text) => target(settings, text, window)
            // What a variable holds may be a secret: the reason names the variable.
            .map_err(|reason| without(&reason, text, &settings.written))?,
        // A variable that is not set here is no reason to look at nothing else.
        CheckTarget::Unknown(why) => Target::Unset(kind, settings.written.clone(), why.clone()),
    };
    let warn = limits_of(settings, kind, settings.warn.as_deref(), &DEFAULT_WARN)?;
    let fail = limits_of(settings, kind, settings.fail.as_deref(), &DEFAULT_FAIL)?;
    let of_theirs = |given: &Option<_>, limits: &Vec<Threshold>| match given {
        Some(_) => limits.clone(),
        None => Vec::new(),
    };
    let mut asked = of_theirs(&settings.warn, &warn);
    asked.extend(of_theirs(&settings.fail, &fail));
    Ok(Probe {
        id: settings.id.clone(),
        name: settings.id.clone(),
        group: settings.group.clone().unwrap_or_else(|| GROUP.to_owned()),
        target,
        timeout: settings.timeout.unwrap_or(timeout),
        own_timeout: settings.timeout.is_some(),
        needs: settings.needs.clone(),
        warn,
        fail,
        asked,
        hint: settings.hint.clone(),
        runbook: settings.runbook.clone(),
        origin: settings.origin.at(settings.line),
    })
}

fn limits_of(
    settings: &CheckSettings,
    kind: CheckKind,
    given: Option<&[String]>,
    default: &[&str],
) -> Result<Vec<Threshold>, String> {
    let Some(given) = given else { return Ok(limits(default)) };
    let one = |text: &String| {
        let limit = Threshold::parse(text).filter(|limit| limit.is_of(kind));
        limit.ok_or_else(|| {
            let there_are = example_limits(kind).join(", ");
            let name = text.split(['<', '>']).next().unwrap_or_default().trim();
            let known = MEASURES.iter().filter(|row| row.is_of(kind)).map(|row| row.name);
            let kind = &settings.kind;
            match nearest(name, known).filter(|meant| *meant != name) {
                Some(meant) => format!("has the limit `{text}`, did you mean `{meant}`?"),
                None => format!("has the limit `{text}`, which is none for {kind}, as {there_are}"),
            }
        })
    };
    given.iter().map(one).collect()
}

/// Says whether it is a program that a repository wants to be run: whoever clones it has not read it.
fn runs_a_repositorys_program(settings: &CheckSettings) -> bool {
    !settings.keys.command.is_empty() && matches!(settings.origin, Origin::Repository(..))
}

fn target(settings: &CheckSettings, target: &str, window: Duration) -> Result<Target, String> {
    let kind = settings.kind.as_str();
    if let Some(local) = keys::local(kind, target, &settings.keys) {
        return local;
    }
    if target.trim().is_empty() {
        let example = match Kind::named(kind) {
            Some(row) => format!("{}://host/…", row.schemes[0]),
            None if matches!(kind, "http" | "metrics") => "http://host/…".to_owned(),
            None => "host:port".to_owned(),
        };
        return Err(format!("has no target; one is {example}"));
    }
    if let Some(written) = address_of_driver(target) {
        return Err(format!("has a target as {written}"));
    }
    let page = || match crate::http::address(target, &[]) {
        Ok(_) => Ok(target.to_owned()),
        Err(error) => Err(format!("cannot be asked: {error}")),
    };
    match kind {
        "http" => page().and_then(|url| keys::page(url, &settings.keys)),
        "metrics" => page().map(|url| Target::Metrics(url, window)),
        "tcp" => host_and_port(target, None).map(|(host, port)| Target::Tcp(host, port)),
        "tls" => host_and_port(target, Some(443)).map(|(host, port)| Target::Tls(host, port)),
        other => service(other, target),
    }
}

/// Says what to write for an address that only a driver reads; `None` for what is none of these. Nothing
/// of the text is in it: it may hold a password.
fn address_of_driver(target: &str) -> Option<&'static str> {
    let target = target.trim();
    let pair = |word: &str| word.split_once('=').is_some_and(|(name, _)| LIBPQ.contains(&name));
    if target.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("jdbc:")) {
        return Some(
            "JDBC has it: take `jdbc:` off, and put the user and the password before the host, with an @ behind them",
        );
    }
    let is_libpq = target.split_whitespace().next().is_some_and(pair);
    is_libpq.then_some("libpq has it, name=value: write postgres://host:port/database, the user before the host with an @ behind it")
}

/// What connection strings of libpq begin with.
const LIBPQ: [&str; 10] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "sslrootcert",
    "connect_timeout",
    "application_name",
];

/// Returns the kind of a configured check by its name.
fn kind_of(name: &str) -> Result<CheckKind, String> {
    let plain = [
        ("http", CheckKind::Http),
        ("metrics", CheckKind::Metrics),
        ("tcp", CheckKind::Tcp),
        ("tls", CheckKind::Tls),
    ];
    let plain = plain.into_iter().chain(keys::LOCAL_KINDS).find(|(known, _)| *known == name);
    let known = plain.map(|(_, kind)| kind).or_else(|| Kind::named(name).map(|row| row.check));
    known.ok_or_else(|| no_such_kind(name))
}

/// Puts the words of the file in the place of what they stand for.
fn without(reason: &str, value: &str, written: &str) -> String {
    reason.replace(value, written).replace(&*crate::model::mask_text(value), written)
}

fn no_such_kind(kind: &str) -> String {
    let plain = PLAIN_KINDS.into_iter().chain(keys::LOCAL_KINDS.map(|(name, _)| name));
    let all: Vec<&str> = plain.chain(KINDS.iter().map(|row| row.name)).collect();
    match nearest(kind, all.iter().copied()) {
        Some(meant) => format!("has the kind `{kind}`, did you mean `{meant}`?"),
        None => format!("has the kind `{kind}`; there are {}", all.join(", ")),
    }
}

fn service(kind: &str, target: &str) -> Result<Target, String> {
    let row = Kind::named(kind).ok_or_else(|| no_such_kind(kind))?;
    let refuse = |error| format!("has a target that {error}; one is {}://host/…", row.schemes[0]);
    row.address(target).map(|address| Target::Service(row, address)).map_err(refuse)
}
