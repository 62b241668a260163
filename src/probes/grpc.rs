//! gRPC: the standard health service, asked about the whole server or one of its services.
//!
//! After grpc/doc/health-checking.md and PROTOCOL-HTTP2.md; of the protobuf messages, a field each, is
//! written and read here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use percent_encoding::percent_decode_str;

use super::codes;
use super::conversation::Conversation;
use super::cursor::Cursor;
use super::{Address, Finding, Probe};
use crate::model::{CheckKind, Reason, Status};

const PATH: &str = "/grpc.health.v1.Health/Check";

/// An answer has two bytes; a server that has more to say is not this service.
const ANSWER_BYTES_MAX: usize = 4096;

/// What came back.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    http_status: u16,
    /// `None` for what is no gRPC.
    status: Option<i64>,
    words: String,
    body: Vec<u8>,
}

pub(super) async fn run(probe: &Probe, address: &Address) -> Finding {
    let mut talk = Conversation::new(probe, address);
    let outcome = ask(&mut talk).await;
    talk.finish(outcome)
}

async fn ask(talk: &mut Conversation<'_>) -> Result<Finding, Finding> {
    talk.offer(&[b"h2"]);
    talk.open().await?;
    talk.step("query");
    let request = request(talk.address, talk.is_encrypted())?;
    let stream = TokioIo::new(talk.take_stream()?);
    let asking = async {
        let shake = http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), stream);
        let (mut sender, connection) = shake.await.map_err(Failed::Connection)?;
        let asked = async {
            let response = sender.send_request(request).await.map_err(Failed::Connection)?;
            hear(response).await
        };
        // The connection moves only while it is polled, and ends when it is dropped.
        tokio::select! {
            answer = asked => answer,
            ended = connection => Err(ended.map_or_else(Failed::Connection, |()| Failed::Ended)),
        }
    };
    match tokio::time::timeout(talk.left(), asking).await {
        Ok(Ok(answer)) => Ok(judge(&answer, &talk.address.path)),
        Ok(Err(Failed::Large)) => Err(foreign()),
        Ok(Err(_)) if talk.speaks_tls().await => Err(super::secure::only_tls()),
        Ok(Err(Failed::Connection(error))) => Err(of_error(&error)),
        Ok(Err(Failed::Ended)) => {
            Err(Finding::fail(Reason::Reset, "the connection was closed before the answer"))
        }
        Err(_) if talk.speaks_tls().await => Err(super::secure::only_tls()),
        Err(_) => Err(talk.too_late()),
    }
}

/// Why there is no answer.
enum Failed {
    Connection(hyper::Error),
    Ended,
    Large,
}

fn request(address: &Address, encrypted: bool) -> Result<http::Request<Full<Bytes>>, Finding> {
    let scheme = if encrypted { "https" } else { "http" };
    let uri = format!("{scheme}://{}:{}{PATH}", address.host_shown(), address.port);
    let mut request = http::Request::post(uri)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", concat!("obs/", env!("CARGO_PKG_VERSION")));
    if let Some(password) = &address.password {
        let password = password.expose();
        let value = match &address.user {
            Some(user) => format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))),
            None => format!("Bearer {password}"),
        };
        request = request.header("authorization", value);
    }
    let body = Full::new(Bytes::from(message(&address.path)));
    request
        .body(body)
        .map_err(|_| Finding::unknown(Reason::Config, "its address fits in no request"))
}

/// Writes a request about a service, all of them where the name is empty, in the frame of gRPC.
fn message(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0A); // field 1, a text
        let mut length = service.len();
        while length >= 0x80 {
            message.push(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
            length >>= 7;
        }
        message.push(u8::try_from(length).unwrap_or(0));
        message.extend(service.as_bytes());
    }
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend(message);
    frame
}

async fn hear(response: http::Response<Incoming>) -> Result<Answer, Failed> {
    let mut answer = Answer { http_status: response.status().as_u16(), ..Answer::default() };
    answer.take_status(response.headers());
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Failed::Connection)?;
        if let Some(trailers) = frame.trailers_ref() {
            answer.take_status(trailers);
        } else if let Ok(data) = frame.into_data() {
            answer.body.extend_from_slice(&data);
            if answer.body.len() > ANSWER_BYTES_MAX {
                return Err(Failed::Large);
            }
        }
    }
    Ok(answer)
}

impl Answer {
    /// Takes the outcome, which is in the trailers, or in the headers where there is no answer.
    fn take_status(&mut self, headers: &http::HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(status) = text("grpc-status").and_then(|text| text.parse().ok()) {
            self.status = Some(status);
            let words = text("grpc-message").unwrap_or_default();
            self.words = percent_decode_str(words).decode_utf8_lossy().into_owned();
        }
    }
}

/// Reads field 1, a number, out of the frame: 0 where it is left out; `None` for what is no such
/// message, also for a compressed one, which nobody asked for.
fn serving(body: &[u8]) -> Option<u64> {
    let mut cursor = Cursor::new(body);
    if cursor.u8()? != 0 {
        return None;
    }
    let length = cursor.u32();
    let mut message = Cursor::new(cursor.after_length(length)?);
    let mut found = 0;
    while !message.is_empty() {
        let key = varint(&mut message)?;
        match key & 7 {
            0 => {
                let value = varint(&mut message)?;
                if key >> 3 == 1 {
                    found = value;
                }
            }
            1 => {
                message.take(8)?;
            }
            2 => {
                let length = varint(&mut message);
                message.after_length(length)?;
            }
            5 => {
                message.take(4)?;
            }
            _ => return None,
        }
    }
    Some(found)
}

fn varint(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = cursor.u8()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn judge(answer: &Answer, service: &str) -> Finding {
    let what = if service.is_empty() { "the server".to_owned() } else { format!("`{service}`") };
    let Some(status) = answer.status else {
        let message = format!("it answers HTTP {} and not gRPC", answer.http_status);
        return Finding::fail(Reason::Protocol, message)
            .likely("a web server or a proxy that does not pass gRPC on");
    };
    match (status, serving(&answer.body)) {
        (0, Some(1)) => Finding::ok(format!("{what} is SERVING")),
        (0, Some(2)) => Finding::fail(Reason::Status, format!("{what} is NOT_SERVING"))
            .coded("NOT_SERVING")
            .likely("the application says so itself: its log says why"),
        (0, Some(3)) => Finding::fail(Reason::NotFound, format!("{what} is SERVICE_UNKNOWN"))
            .coded("SERVICE_UNKNOWN"),
        (0, _) => Finding::unknown(
            Reason::Protocol,
            format!("what {what} says of its health cannot be read"),
        ),
        (12, _) => {
            let message = "it answers gRPC, and has no health service (UNIMPLEMENTED)";
            Finding::new(Status::Warn, Some(Reason::NotFound), message)
                .coded("12")
                .likely("the standard health service is not registered in the application")
        }
        (status, _) => {
            let separator = if answer.words.is_empty() { "" } else { ": " };
            let message = format!("{}{separator}{}", name(status), answer.words);
            codes::refused(CheckKind::Grpc, &status.to_string(), message)
        }
    }
}

/// Returns the name of a status, as clients show it.
fn name(status: i64) -> String {
    let known = match status {
        1 => "CANCELLED",
        2 => "UNKNOWN",
        3 => "INVALID_ARGUMENT",
        4 => "DEADLINE_EXCEEDED",
        5 => "NOT_FOUND",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        16 => "UNAUTHENTICATED",
        status => return format!("status {status}"),
    };
    known.to_owned()
}

fn of_error(error: &hyper::Error) -> Finding {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some((reason, message)) =
            cause.downcast_ref::<std::io::Error>().and_then(crate::http::reason_of_io)
        {
            return Finding::fail(reason, message);
        }
        next = cause.source();
    }
    foreign()
}

fn foreign() -> Finding {
    Finding::fail(Reason::Protocol, "what answers there is not gRPC")
        .likely("the port of something else, or a web server that speaks HTTP/1 only")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: i64, body: &[u8]) -> Answer {
        Answer { http_status: 200, status: Some(status), words: String::new(), body: body.to_vec() }
    }

    #[test]
    fn a_request_names_the_service_or_nothing() {
        assert_eq!(message(""), [0, 0, 0, 0, 0]);
        assert_eq!(message("a.B"), [0, 0, 0, 0, 5, 0x0A, 3, b'a', b'.', b'B']);
        assert_eq!(&message(&"x".repeat(200))[5..8], [0x0A, 0xC8, 1]);
    }

    #[test]
    fn each_state_of_the_health_service_is_told_apart() {
        let of = |state: u8| judge(&answer(0, &[0, 0, 0, 0, 2, 8, state]), "");
        assert_eq!(of(1), Finding::ok("the server is SERVING"));
        assert_eq!((of(2).status, of(2).reason), (Status::Fail, Some(Reason::Status)));
        assert_eq!(of(3).reason, Some(Reason::NotFound));
        assert_eq!(of(0).status, Status::Unknown);
        assert_eq!(judge(&answer(0, &[]), "").status, Status::Unknown);
    }

    #[test]
    fn a_server_without_the_service_is_a_warning_and_a_refusal_a_failure() {
        assert_eq!(judge(&answer(12, &[]), "").status, Status::Warn);
        assert_eq!(judge(&answer(16, &[]), "").reason, Some(Reason::AuthFailed));
        assert_eq!(judge(&answer(5, &[]), "a.B").reason, Some(Reason::NotFound));
        let web = Answer { http_status: 404, ..Answer::default() };
        assert_eq!(judge(&web, "").reason, Some(Reason::Protocol));
    }

    #[test]
    fn fields_that_a_later_version_has_are_passed_over() {
        assert_eq!(serving(&[0, 0, 0, 0, 7, 0x12, 1, b'x', 0x18, 5, 8, 1]), Some(1));
        assert_eq!(serving(&[1, 0, 0, 0, 2, 8, 1]), None);
    }

    proptest! {
        #[test]
        fn no_answer_breaks_it(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(serving(&body).is_none() || body[0] == 0);
            drop(judge(&answer(0, &body), ""));
        }
    }
}
