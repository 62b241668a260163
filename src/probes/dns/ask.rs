//! One name server, asked: over UDP, twice where it is silent, over TCP where the answer is too long.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::message::{Answer, Kind, answer, question};
use crate::http::reason_of_io;
use crate::model::Reason;

/// The largest datagram that a server may send to who does not ask for more, and room beyond.
const DATAGRAM_BYTES_MAX: usize = 4096;

/// What a server said of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// These; and for how many seconds that holds.
    Addresses(Vec<IpAddr>, Option<u32>),
    /// The name is there, without an address.
    NoAddress,
    /// There is no such name.
    NoName,
    /// Something else than yes and no.
    Code(u8),
    /// Nothing, in that time.
    Nothing(Duration),
    /// It cannot be asked.
    Error(Reason, String),
}

/// Asks for each of the names until one is there; `within` bounds all of it.
pub(super) async fn ask(server: SocketAddr, names: &[String], within: Duration) -> Said {
    let all = async {
        let mut last = Said::NoName;
        for name in names {
            last = ask_one(server, name, within).await;
            if !matches!(last, Said::NoName | Said::NoAddress) {
                break;
            }
        }
        last
    };
    timeout(within, all).await.unwrap_or(Said::Nothing(within))
}

/// Asks for both kinds of addresses.
async fn ask_one(server: SocketAddr, name: &str, within: Duration) -> Said {
    let one = async |kind| {
        let id = uuid::Uuid::new_v4();
        let [first, second, ..] = *id.as_bytes();
        let Some(question) = question(u16::from_be_bytes([first, second]), name, kind) else {
            return Err(Said::Error(Reason::Config, format!("`{name}` cannot be a name")));
        };
        query(server, &question, within).await
    };
    let (four, sixteen) = futures_util::future::join(one(Kind::A), one(Kind::Aaaa)).await;
    let (four, sixteen) = match (four, sixteen) {
        (Ok(four), Ok(sixteen)) => (four, sixteen),
        (Err(said), _) | (_, Err(said)) => return said,
    };
    if let Some(bad) = [&four, &sixteen].into_iter().find(|one| !matches!(one.code, 0 | 3)) {
        return Said::Code(bad.code);
    }
    if four.code == 3 && sixteen.code == 3 {
        return Said::NoName;
    }
    let ttl_s = [four.ttl_s, sixteen.ttl_s].into_iter().flatten().min();
    let mut addresses = four.addresses;
    addresses.extend(sixteen.addresses);
    if addresses.is_empty() { Said::NoAddress } else { Said::Addresses(addresses, ttl_s) }
}

async fn query(server: SocketAddr, question: &[u8], within: Duration) -> Result<Answer, Said> {
    let of_io = |error: std::io::Error| {
        let (reason, message) =
            reason_of_io(&error).unwrap_or((Reason::Unreachable, error.to_string()));
        Said::Error(reason, message)
    };
    let answer = datagrams(server, question, within).await.map_err(of_io)?;
    match answer {
        None => Err(Said::Nothing(within)),
        Some(answer) if answer.is_truncated => match stream(server, question).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(Said::Error(Reason::Protocol, "the answer is not DNS".to_owned())),
            Err(error) => Err(Said::Error(
                reason_of_io(&error).map_or(Reason::Unreachable, |(reason, _)| reason),
                format!("the answer is too long for UDP, and over TCP: {error}"),
            )),
        },
        Some(answer) => Ok(answer),
    }
}

/// Asks over UDP, and once more after a third of the time: datagrams get lost.
async fn datagrams(
    server: SocketAddr,
    question: &[u8],
    within: Duration,
) -> std::io::Result<Option<Answer>> {
    let any: IpAddr = match server.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    // From then on only this server is heard, and a closed port is an error.
    socket.connect(server).await?;
    for patience in [within / 3, within] {
        socket.send(question).await?;
        if let Ok(answer) = timeout(patience, receive(&socket, question)).await {
            return answer.map(Some);
        }
    }
    Ok(None)
}

/// Waits for the answer; what answers another question is passed over.
async fn receive(socket: &UdpSocket, question: &[u8]) -> std::io::Result<Answer> {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let message = buffer.get(..length).unwrap_or_default();
        if let Some(answer) = answer(question, message) {
            return Ok(answer);
        }
    }
}

/// Asks over TCP, where a message has its length before it.
async fn stream(server: SocketAddr, question: &[u8]) -> std::io::Result<Option<Answer>> {
    let mut socket = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    socket.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let length = socket.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    socket.read_exact(&mut message).await?;
    Ok(answer(question, &message))
}
