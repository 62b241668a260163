//! What only some kinds of check say of themselves: their keys, and the targets made of them.

use std::sync::Arc;

use super::exec::{Format, Program};
use super::host::Part;
use super::http::Page;
use super::{Target, dns};
use crate::config::{CheckSettings, KindKeys};
use crate::model::{CheckKind, mask_text};

/// The kinds that are asked of this machine, or of its name servers.
pub(super) const LOCAL_KINDS: [(&str, CheckKind); 7] = [
    ("dns", CheckKind::Dns),
    ("disk", CheckKind::Disk),
    ("memory", CheckKind::Memory),
    ("load", CheckKind::Load),
    ("files", CheckKind::Files),
    ("systemd", CheckKind::Systemd),
    ("exec", CheckKind::Exec),
];

/// Which kinds have a key.
const KEYS: [(&str, &str); 10] = [
    ("status", "http"),
    ("header", "http"),
    ("body", "http"),
    ("json", "http"),
    ("method", "http"),
    ("redirects", "http"),
    ("servers", "dns"),
    ("command", "exec"),
    ("format", "exec"),
    ("window", "metrics"),
];

/// Refuses a key that this kind does not have: it would do nothing.
pub(super) fn refuse_strange(kind: &str, settings: &CheckSettings) -> Result<(), String> {
    let strange = |key: &&str| !KEYS.contains(&(key, kind));
    let window = settings.window.map(|_| "window");
    let Some(key) = settings.keys.given().chain(window).find(strange) else { return Ok(()) };
    let owner = KEYS.iter().find(|(known, _)| *known == key).map_or("none", |(_, kind)| kind);
    Err(format!("has the key `{key}`, which only the kind {owner} has"))
}

/// Reads a page whose address is known to be one.
pub(super) fn page(url: String, keys: &KindKeys) -> Result<Target, String> {
    if keys.given().next().is_none() {
        return Ok(Target::Http(url));
    }
    Page::read(&url, keys).map(|page| Target::Page(Arc::new(page)))
}

/// Reads a check of a local kind; `None` for the other kinds.
pub(super) fn local(kind: &str, target: &str, keys: &KindKeys) -> Option<Result<Target, String>> {
    let given = Some(target.trim()).filter(|target| !target.is_empty()).map(str::to_owned);
    let needless = |part| match &given {
        None => Ok(Target::Host(part)),
        Some(_) => Err(format!("has a target, and there is but one {kind}")),
    };
    Some(match kind {
        "dns" => question(target, keys).map(Target::Dns),
        "disk" => Ok(Target::Host(Part::Disk(given.unwrap_or_else(|| "/".to_owned())))),
        "memory" => needless(Part::Memory),
        "load" => needless(Part::Load),
        "files" => Ok(Target::Host(Part::Files(given))),
        "systemd" => given
            .map(Target::Systemd)
            .ok_or_else(|| "has no target: the name of a unit, api.service".to_owned()),
        "exec" => match given {
            Some(_) => Err("has a target: a program has its arguments, in command".to_owned()),
            None => program(keys).map(Target::Exec),
        },
        _ => return None,
    })
}

/// Reads a name, or takes it out of a URL.
fn question(target: &str, keys: &KindKeys) -> Result<dns::Question, String> {
    let host = url::Url::parse(target).ok().and_then(|url| url.host_str().map(str::to_owned));
    let name = host.unwrap_or_else(|| target.trim().to_owned());
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || !name.chars().all(good) {
        let name = mask_text(&name);
        return Err(format!("has the target `{name}`, which is no name: api.example"));
    }
    let server = |text: &String| {
        let words = || format!("has the server `{text}`; one is 10.0.0.2 or 127.0.0.1:5353");
        dns::server(text).ok_or_else(words)
    };
    let servers = keys.servers.iter().map(server).collect::<Result<_, _>>()?;
    Ok(dns::Question { name, servers })
}

fn program(keys: &KindKeys) -> Result<Program, String> {
    let argv = keys.command.clone();
    if argv.first().is_none_or(|program| program.trim().is_empty()) {
        let example = "[\"/usr/lib/nagios/plugins/check_disk\", \"-w\", \"10%\"]";
        return Err(format!("has no command: {example}"));
    }
    let format = keys.format.as_deref().unwrap_or("nagios");
    let words = || format!("has the format `{format}`; there are nagios, json and exit");
    Ok(Program { argv, format: Format::read(format).ok_or_else(words)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_kind() {
        let text = |text: &str| Some(text.to_owned());
        let list = || vec!["x".to_owned()];
        let keys = KindKeys {
            status: list(),
            header: [("a".to_owned(), "b".to_owned())].into(),
            body: text("x"),
            json: list(),
            method: text("GET"),
            redirects: Some(0),
            servers: list(),
            command: list(),
            format: text("exit"),
        };
        let given: Vec<&str> = keys.given().chain(["window"]).collect();
        assert_eq!(given, KEYS.map(|(key, _)| key));
    }

    #[test]
    fn local_checks_are_read_with_or_without_a_target() {
        let read = |kind, target| local(kind, target, &KindKeys::default());
        assert!(
            matches!(read("disk", ""), Some(Ok(Target::Host(Part::Disk(path)))) if path == "/")
        );
        assert!(matches!(read("files", "7"), Some(Ok(Target::Host(Part::Files(Some(_)))))));
        assert!(read("memory", "x").unwrap().unwrap_err().contains("but one memory"));
        assert!(read("systemd", "").unwrap().unwrap_err().contains("no target"));
        assert!(read("exec", "").unwrap().unwrap_err().contains("no command"));
        assert!(read("postgres", "x").is_none());
        let question = |target| match read("dns", target) {
            Some(Ok(Target::Dns(question))) => question.name,
            other => format!("{other:?}"),
        };
        assert_eq!(question("https://api.example/x"), "api.example");
        assert_eq!(question("db.svc"), "db.svc");
        assert!(read("dns", "a b").unwrap().is_err());
    }
}
