//! A server that misbehaves on purpose: each path has its own fault.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

/// What `/metrics` says in the end, and how often it was asked before.
const REQUESTS: &str = "# TYPE http_requests_total counter\n";

/// The server; its threads end with the test process.
pub(crate) struct Fake {
    pub(crate) url: String,
}

impl Fake {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                std::thread::spawn(move || answer(socket));
            }
        });
        Self { url }
    }

    /// Starts a server that does nothing but TLS handshakes; returns its port.
    pub(crate) fn start_tls(address: &str) -> u16 {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
        let leaf = CertificateDer::from_pem_file(folder.join("leaf.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                // Whoever only wants to see the certificate leaves in the middle.
                drop(Stream::new(&mut tls, &mut socket).flush());
            }
        });
        port
    }
}

fn answer(mut socket: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(socket.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    while lines.next()?.ok().is_some_and(|line| !line.is_empty()) {}
    let json = "application/json";
    let (status, content_type, body) = match path.as_str() {
        "/ok" => ("200 OK", json, "{\"status\":\"UP\"}"),
        "/down" => ("200 OK", json, "{\"status\":\"DOWN\"}"),
        "/login" => ("200 OK", "text/html", "<html><form><input type=\"password\"></form></html>"),
        "/html" => ("200 OK", "text/html", "<!DOCTYPE html><html>welcome</html>"),
        "/secret" => (
            "503 No",
            json,
            "{\"status\":\"DOWN\",\"components\":{\"db\":{\"status\":\"DOWN\",\"error\":\"postgres://u:hunter2@db/x refused\"}}}",
        ),
        "/queue" => ("200 OK", json, "{\"status\":\"UP\",\"queue\":{\"depth\":120}}"),
        "/busy" => return later(&mut socket),
        "/escape" => ("503 No", "text/plain", "\u{1b}[2Jgone"),
        "/broken-metrics" => ("200 OK", "text/plain", "up 1\nhttp_requests_total{path=\"/a 1\n"),
        "/hang" => {
            std::thread::park();
            return None;
        }
        "/reset" => return None,
        "/circle" => return redirect(&mut socket, "/circle/2"),
        "/circle/2" => return redirect(&mut socket, "/circle"),
        "/to-login" => return redirect(&mut socket, "/login"),
        "/away" => return redirect(&mut socket, "https://sso.example/login"),
        "/endless" => return endless(&mut socket),
        "/no-http" => {
            socket.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").ok()?;
            return None;
        }
        _ if path.starts_with("/metrics") => return metrics(&mut socket, &path),
        _ => ("404 Not Found", "text/plain", "no such page"),
    };
    respond(&mut socket, status, content_type, body)
}

fn respond(socket: &mut TcpStream, status: &str, content_type: &str, body: &str) -> Option<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).ok()?;
    socket.write_all(body.as_bytes()).ok()
}

/// Asks to come back.
fn later(socket: &mut TcpStream) -> Option<()> {
    let head =
        "HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).ok()
}

fn redirect(socket: &mut TcpStream, to: &str) -> Option<()> {
    let head = format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).ok()
}

/// 50 MB of metrics.
fn endless(socket: &mut TcpStream) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).ok()?;
    let lines = "m{path=\"/a\"} 1\n".repeat(1_000);
    for _ in 0..50_000_000 / lines.len() {
        socket.write_all(lines.as_bytes()).ok()?;
    }
    Some(())
}

/// `/metrics/OK/FAILED`: between two scrapes so many requests go well and fail.
fn metrics(socket: &mut TcpStream, path: &str) -> Option<()> {
    use std::collections::HashMap;
    use std::sync::{Mutex, OnceLock};
    static SCRAPES: OnceLock<Mutex<HashMap<String, u64>>> = OnceLock::new();
    let key = format!("{}{path}", socket.local_addr().ok()?);
    let mut scrapes = SCRAPES.get_or_init(Mutex::default).lock().unwrap();
    let count = scrapes.entry(key).or_default();
    *count += 1;
    let mut words = path.split('/').skip(2).map(|word| word.parse::<u64>().unwrap_or(0) * *count);
    let (good, bad) = (words.next().unwrap_or(0), words.next().unwrap_or(0));
    let page = format!(
        "{REQUESTS}http_requests_total{{path=\"/items/{{id}}\",status=\"200\"}} {good}\n\
         http_requests_total{{path=\"/items/{{id}}\",status=\"500\"}} {bad}\n\
         # TYPE http_request_duration_seconds histogram\n\
         http_request_duration_seconds_bucket{{path=\"/items/{{id}}\",le=\"0.1\"}} {good}\n\
         http_request_duration_seconds_bucket{{path=\"/items/{{id}}\",le=\"+Inf\"}} {}\n",
        good + bad
    );
    drop(scrapes);
    respond(socket, "200 OK", "text/plain; version=0.0.4", &page)
}
