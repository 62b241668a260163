//! What is here: variables, ports, pages, compose files, log files, the framework.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;

use super::compose;
use crate::context::Context;
use crate::error::Result;
use crate::http::{Http, Limits};
use crate::metrics::exposition;
use crate::probes::kinds::{KINDS, Kind};
use crate::probes::targets::names_of;
use crate::probes::variables::of_variables;

/// Loopback answers at once, or nobody does.
const CONNECT_MAX: Duration = Duration::from_millis(200);

/// How long a page may take.
const PAGE_MAX: Duration = Duration::from_secs(1);

/// What a page of health or metrics has at most, in bytes.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// What is read of a file that names packages or services, in bytes.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Where applications listen that are developed or run behind a proxy.
const APPLICATION_PORTS: [u16; 6] = [8000, 8080, 5000, 3000, 8001, 8888];

/// Where they say how they are; the first that answers counts.
const HEALTH_PAGES: [&str; 6] =
    ["readyz", "healthz", "health", "actuator/health", "q/health", "healthcheck"];

/// Which files name the packages of a project, and the frameworks to look for in them.
const PACKAGES: [(&str, &[&str]); 6] = [
    ("pyproject.toml", &["fastapi", "django", "flask", "starlette", "aiohttp"]),
    ("requirements.txt", &["fastapi", "django", "flask", "starlette", "aiohttp"]),
    ("package.json", &["@nestjs/core", "express", "fastify", "next", "koa"]),
    ("pom.xml", &["spring-boot", "quarkus", "micronaut"]),
    ("build.gradle", &["springframework.boot", "quarkus", "micronaut"]),
    ("Cargo.toml", &["axum", "actix-web", "rocket", "warp"]),
];

const COMPOSE_FILES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// What container images are of which protocol.
const IMAGES: [(&str, &str); 13] = [
    ("postgres", "postgres"),
    ("postgis", "postgres"),
    ("timescaledb", "postgres"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("redis", "redis"),
    ("valkey", "redis"),
    ("rabbitmq", "rabbitmq"),
    ("nats", "nats"),
    ("eclipse-mosquitto", "mqtt"),
    ("memcached", "memcached"),
    ("kafka", "kafka"),
    ("elasticsearch", "elasticsearch"),
];

/// One thing that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    /// What it is, in words.
    pub(super) what: String,
    /// How it was found.
    pub(super) why: String,
    /// What goes into the file.
    pub(super) entry: Option<Entry>,
}

/// What goes into the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A `[[check]]`.
    Check { id: String, kind: &'static str, target: String, group: &'static str },
    /// One of `logs.files`.
    Log(String),
}

/// Looks around; with `ports` also at the ports of this machine.
pub(super) fn look(folder: &Path, ports: bool, context: &mut Context) -> Result<Vec<Thing>> {
    let mut things = of_variables_here(context);
    let framework = framework(folder);
    things.extend(framework);
    let compose = of_compose(folder, &things);
    things.extend(compose);
    if ports {
        let http = context.http();
        let known: Vec<&'static str> = things.iter().filter_map(kind_of).collect();
        let services = KINDS.iter().filter(|kind| !known.contains(&kind.name));
        let services: Vec<(&'static Kind, u16)> =
            services.filter_map(|kind| Some((kind, kind.port?))).collect();
        let found = context.wait(async || {
            let mut found = listening(&services).await;
            found.extend(applications(&http, &APPLICATION_PORTS).await);
            found
        })?;
        things.extend(found);
    }
    things.extend(of_logs(folder));
    if let Some((served, announced)) = context.embedded()? {
        use crate::sources::Backend as _;
        let of =
            announced.map_or_else(String::new, |running| format!(" (obs {})", running.command));
        things.push(Thing {
            what: format!("a backend: {}{of}", served.name()),
            why: "it announced itself, and is found without a file".to_owned(),
            entry: None,
        });
    }
    Ok(things)
}

fn kind_of(thing: &Thing) -> Option<&'static str> {
    match thing.entry {
        Some(Entry::Check { kind, .. }) => Some(kind),
        _ => None,
    }
}

fn of_variables_here(context: &Context) -> Vec<Thing> {
    let named = of_variables(&context.settings.services, PAGE_MAX);
    let mut things = Vec::new();
    for probe in &named.probes {
        let names = names_of(probe);
        let kind = names.get(3).copied().unwrap_or_default();
        let Some(kind) = known_kind(kind) else { continue };
        let variable = probe.origin.trim_start_matches('$').split(',').next().unwrap_or_default();
        let services = &context.settings.services;
        let Some(service) = services.iter().find(|one| one.variable == variable) else { continue };
        let group = if probe.group == "observability" { "observability" } else { "dependencies" };
        things.push(Thing {
            what: format!("{} ({kind})", probe.id),
            why: format!("{} is set", probe.origin),
            entry: Some(Entry::Check {
                id: probe.id.clone(),
                kind,
                target: service.written.clone(),
                group,
            }),
        });
    }
    let remarks = named.remarks.into_iter().map(|remark| Thing {
        what: "a variable".to_owned(),
        why: remark,
        entry: None,
    });
    things.extend(remarks);
    things
}

/// Returns the name of a kind as it is in a `[[check]]`.
fn known_kind(name: &str) -> Option<&'static str> {
    let plain = ["http", "tcp", "tls", "metrics"].into_iter().find(|plain| *plain == name);
    plain.or_else(|| Kind::named(name).map(|kind| kind.name))
}

fn framework(folder: &Path) -> Option<Thing> {
    PACKAGES.iter().find_map(|(file, frameworks)| {
        let text = text_of(&folder.join(file))?.to_ascii_lowercase();
        let framework = frameworks.iter().find(|framework| text.contains(**framework))?;
        Some(Thing {
            what: format!("an application with {framework}"),
            why: format!("{file} names it"),
            entry: None,
        })
    })
}

fn of_compose(folder: &Path, known: &[Thing]) -> Vec<Thing> {
    let mut things: Vec<Thing> = Vec::new();
    let files = COMPOSE_FILES.iter().find_map(|file| Some((file, text_of(&folder.join(file))?)));
    let Some((file, text)) = files else { return things };
    let services = compose::read(&text);
    if services.is_empty() {
        things.push(Thing {
            what: "a compose file".to_owned(),
            why: format!("{file} has no services that obs understands"),
            entry: None,
        });
    }
    for service in services {
        let image = service.image.split([':', '@']).next().unwrap_or_default();
        let Some((_, kind)) = IMAGES.iter().find(|(name, _)| *name == image) else { continue };
        let Some(kind) = Kind::named(kind).or_else(|| Kind::of_scheme(kind)) else { continue };
        let what = format!("{} ({})", service.name, kind.name);
        let published = service.ports.iter().find(|(_, inner)| Some(*inner) == kind.port);
        let named = known.iter().any(|thing| kind_of(thing) == Some(kind.name));
        let (why, entry) = match published {
            _ if named => (format!("{file} has it, and a variable names one"), None),
            None => (format!("{file} has it, and publishes no port of it"), None),
            Some((port, _)) => {
                let target = format!("{}://127.0.0.1:{port}", kind.schemes.first().unwrap_or(&""));
                let group = "dependencies";
                let entry = Entry::Check { id: service.name, kind: kind.name, target, group };
                (format!("{file} has it"), Some(entry))
            }
        };
        things.push(Thing { what, why, entry });
    }
    things
}

/// Returns the services that listen on their own protocol's port.
async fn listening(services: &[(&'static Kind, u16)]) -> Vec<Thing> {
    let asked = services.iter().map(async |(kind, port)| {
        let group = "dependencies";
        let target = format!("{}://127.0.0.1:{port}", kind.schemes.first().unwrap_or(&""));
        let id = kind.name.to_owned();
        listens(*port).await.then(|| Thing {
            what: format!("{id} on port {port}"),
            why: "something listens there".to_owned(),
            entry: Some(Entry::Check { id, kind: kind.name, target, group }),
        })
    });
    futures_util::future::join_all(asked).await.into_iter().flatten().collect()
}

async fn listens(port: u16) -> bool {
    let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    matches!(tokio::time::timeout(CONNECT_MAX, connected).await, Ok(Ok(_)))
}

/// Returns the pages of health and metrics that applications on these ports have.
async fn applications(http: &Http, ports: &[u16]) -> Vec<Thing> {
    let pages = ports.iter().map(async |port| {
        if listens(*port).await { pages_of(http, *port).await } else { Vec::new() }
    });
    futures_util::future::join_all(pages).await.into_iter().flatten().collect()
}

async fn pages_of(http: &Http, port: u16) -> Vec<Thing> {
    let mut things = Vec::new();
    let check = |page: &str, kind, why: String| {
        let word = if kind == "metrics" { "metrics" } else { "app" };
        let target = format!("http://127.0.0.1:{port}/{page}");
        let entry = Entry::Check { id: format!("{word}-{port}"), kind, target, group: "app" };
        Thing { what: format!("{word} on port {port}"), why, entry: Some(entry) }
    };
    for page in HEALTH_PAGES {
        let Some((status, _, html)) = fetch(http, port, page).await else { break };
        if !html && (status == 503 || (200..300).contains(&status)) {
            things.push(check(page, "http", format!("/{page} answers {status}")));
            break;
        }
    }
    if let Some((200, body, false)) = fetch(http, port, "metrics").await {
        let samples = exposition::read(&body, "").samples.len();
        if samples > 0 {
            things.push(check("metrics", "metrics", format!("/metrics has {samples} samples")));
        }
    }
    things
}

/// Returns a page's status, body, and whether it is HTML; `None` without an answer.
async fn fetch(http: &Http, port: u16, page: &str) -> Option<(u16, Vec<u8>, bool)> {
    let limits = Limits { bytes: PAGE_BYTES_MAX, timeout: PAGE_MAX };
    let url = format!("http://127.0.0.1:{port}/{page}");
    let page = http.fetch(&url, "*/*", limits).await.ok()?;
    let html = page.content_type.contains("html") || page.leads_to.is_some();
    Some((page.status, page.body, html))
}

fn of_logs(folder: &Path) -> Vec<Thing> {
    let mut files: Vec<String> = Vec::new();
    for below in ["", "logs", "log", "var/log"] {
        let Ok(entries) = std::fs::read_dir(folder.join(below)) else { continue };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| {
                let end = Path::new(name).extension().and_then(|end| end.to_str());
                matches!(end, Some("log" | "jsonl" | "ndjson"))
            })
            .collect();
        names.sort();
        let place = |name: String| if below.is_empty() { name } else { format!("{below}/{name}") };
        files.extend(names.into_iter().map(place));
    }
    let thing = |file: String| Thing {
        what: format!("a log file: {file}"),
        why: "its name ends so".to_owned(),
        entry: Some(Entry::Log(file)),
    };
    files.into_iter().map(thing).collect()
}

/// Reads a small file of text; `None` where there is none.
fn text_of(path: &Path) -> Option<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(TEXT_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_listens_on_its_protocols_port_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let redis = Kind::named("redis").unwrap();
        let found = listening(&[(redis, port)]).await;
        assert_eq!(kind_of(&found[0]), Some("redis"));
        drop(listener);
        assert_eq!(listening(&[(redis, port)]).await, []);
    }

    #[test]
    fn compose_files_logs_and_frameworks_are_found_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("pyproject.toml", "dependencies = ['FastAPI>=0.1']");
        write("logs/app.jsonl", "{}");
        write(
            "compose.yaml",
            "services:\n  cache:\n    image: redis:7\n    ports: \n      - 6390:6379\n  old:\n    image: valkey\n",
        );
        let framework = framework(folder.path()).unwrap();
        assert_eq!(framework.what, "an application with fastapi");
        let compose = of_compose(folder.path(), &[]);
        let target = "redis://127.0.0.1:6390".to_owned();
        let (id, group) = ("cache".to_owned(), "dependencies");
        assert_eq!(compose[0].entry, Some(Entry::Check { id, kind: "redis", target, group }));
        assert_eq!((compose[1].entry.is_none(), compose.len()), (true, 2));
        assert_eq!(of_logs(folder.path())[0].entry, Some(Entry::Log("logs/app.jsonl".to_owned())));
    }
}
