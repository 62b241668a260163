//! A backend of another's make that answers what it was told, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One answer.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status line, type, further headers, body.
    Whole(&'static str, &'static str, &'static str, String),
    /// The same with 200 and JSON, but the body ends early.
    Cut(String),
    /// 200 with this type and these bytes.
    Bytes(&'static str, Vec<u8>),
    /// None at all.
    Silence,
}

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and address.
    pub(crate) line: String,
    /// `Name: value`, in lower case up to the colon.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

/// The backend; its threads end with the test process.
pub(crate) struct FakeSource {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Asked {
    /// The parameters of the address and of a form, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.line.split(' ').nth(1)?.split_once('?').map_or("", |(_, query)| query);
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let mut pairs = pairs.chain(url::form_urlencoded::parse(self.body.as_bytes()));
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn path(&self) -> &str {
        let address = self.line.split(' ').nth(1).unwrap_or_default();
        address.split('?').next().unwrap_or_default()
    }
}

impl FakeSource {
    /// Answers with these, one after the other; the last stays.
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        Self::answering(move |place, _| replies[place.min(replies.len() - 1)].clone())
    }

    /// Answers each question by what it is.
    pub(crate) fn by_question(reply: impl Fn(&Asked) -> Reply + Clone + Send + 'static) -> Self {
        Self::answering(move |_, asked| reply(asked))
    }

    fn answering(reply: impl Fn(usize, &Asked) -> Reply + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (seen, reply) = (Arc::clone(&seen), reply.clone());
                std::thread::spawn(move || serve(socket, &seen, reply));
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    mut socket: TcpStream,
    seen: &Mutex<Vec<Asked>>,
    reply: impl Fn(usize, &Asked) -> Reply,
) -> Option<()> {
    let mut reader = BufReader::new(socket.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push(format!("{}: {}", name.to_ascii_lowercase(), value.trim()));
    }
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: "));
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let asked = Asked { line: line.trim_end().to_owned(), headers, body };
    let place = {
        let mut seen = seen.lock().unwrap();
        seen.push(asked.clone());
        seen.len() - 1
    };
    match reply(place, &asked) {
        Reply::Bytes(kind, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).ok()?;
            socket.write_all(&body).ok()
        }
        Reply::Whole(status, kind, headers, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).ok()?;
            socket.write_all(body.as_bytes()).ok()
        }
        Reply::Cut(body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).ok()?;
            socket.write_all(body.as_bytes().split_at(length / 2).0).ok()
        }
        Reply::Silence => {
            std::thread::park();
            None
        }
    }
}
