//! Syslog over TCP and UDP, on a port of its own.
//!
//! Over TCP a message is framed by its length (RFC 6587, 3.4.1) or by a line break (3.4.2). Syslog
//! knows no answer: over TCP a sender is held back until what it sent is on disk, over UDP the system
//! drops what is not read in time. It knows no token either, which is why it is off by default and
//! listens where it is told to and nowhere else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::super::answer::Refusal;
use super::super::{Backend, intake};
use super::{RECORDS_AT_ONCE, add_field, levelled};
use crate::logs::read_line;
use crate::model::LogRecord;
use crate::store::{LogOrigin, Record};
use crate::wire::{SyslogTime, read_syslog};

/// The longest message, in bytes; what is longer is cut here and counted.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// The most digits of a message's length.
const LENGTH_DIGITS: usize = 8;

/// The most senders at a time; one more is closed.
const SENDERS_MAX: usize = 1_024;

/// How often a sender is read from when it is time to stop: what has come is stored, and who never
/// ends does not keep the process.
const READS_AT_THE_END: u32 = 64;

/// How long it is waited when the store has no room, or the system takes no connection.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// The two sockets.
#[derive(Debug)]
pub struct Sockets {
    tcp: TcpListener,
    udp: UdpSocket,
}

impl Sockets {
    /// Binds both at one address; with port 0 the system picks one for TCP, which is taken for UDP.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let udp = UdpSocket::bind(tcp.local_addr()?).await?;
        Ok(Self { tcp, udp })
    }

    /// Returns where they are.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Stores what comes until `stop` is done; what was received before that is still stored.
    pub async fn serve(self, backend: Arc<Backend>, stop: impl Future<Output = ()> + Send) {
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(datagrams(self.udp, Arc::clone(&backend), stopped.clone()));
        tasks.spawn(connections(self.tcp, backend, stopped));
        stop.await;
        stopping.send_replace(true);
        while tasks.join_next().await.is_some() {}
    }
}

async fn datagrams(socket: UdpSocket, backend: Arc<Backend>, mut stop: watch::Receiver<bool>) {
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    loop {
        let stopping = *stop.borrow_and_update();
        let mut records = Vec::new();
        let ready = tokio::select! {
            ready = socket.readable() => ready.is_ok(),
            _ = stop.changed(), if !stopping => false,
            // What was received before the stop has come by then.
            () = tokio::time::sleep(PAUSE), if stopping => return,
        };
        while ready
            && records.len() < RECORDS_AT_ONCE
            && let Ok(length) = socket.try_recv(&mut buffer)
        {
            records.extend(record(buffer.get(..length).unwrap_or_default()));
        }
        store(&backend, records).await;
    }
}

async fn connections(
    listener: TcpListener,
    backend: Arc<Backend>,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(SENDERS_MAX));
    let mut senders = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            _ = senders.join_next(), if !senders.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            backend.counts.rejected("connection", "too_many", 1);
            continue;
        };
        let (backend, mut stop) = (Arc::clone(&backend), stop.clone());
        senders.spawn(async move {
            let stop = async move { drop(stop.wait_for(|stop| *stop).await) };
            receive(stream, &backend, stop).await;
            drop(place);
        });
    }
    while senders.join_next().await.is_some() {}
}

/// Stores what comes over one stream, until it or the backend ends.
async fn receive(
    mut stream: impl AsyncRead + Unpin,
    backend: &Backend,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut frames = Frames::default();
    let mut buffer = vec![0; 16 << 10];
    let mut reads_left = None;
    loop {
        let stopping = reads_left.is_some();
        let read = tokio::select! {
            read = stream.read(&mut buffer) => read,
            () = &mut stop, if !stopping => {
                reads_left = Some(READS_AT_THE_END);
                continue;
            }
            () = tokio::time::sleep(PAUSE), if stopping => Ok(0),
        };
        let last = reads_left.as_mut().is_some_and(|left: &mut u32| {
            *left = left.saturating_sub(1);
            *left == 0
        });
        let length = read.unwrap_or(0);
        let mut records = Vec::new();
        let mut cut = frames.take(buffer.get(..length).unwrap_or_default(), &mut records);
        if last || length == 0 {
            cut += frames.end(&mut records);
        }
        if cut > 0 {
            backend.counts.rejected("log", "too_long", cut);
        }
        store(backend, records.iter().filter_map(|message| record(message)).collect()).await;
        if last || length == 0 {
            return;
        }
    }
}

/// Stores a batch, however often the store says that it is busy: there is nobody to tell.
async fn store(backend: &Backend, records: Vec<LogRecord>) {
    let request = *uuid::Uuid::new_v4().as_bytes();
    let received = intake::now();
    let origin = |index| LogOrigin::Batch { request, index, received };
    let records: Vec<Record> = (0..)
        .zip(records)
        .map(|(index, record)| Record::Log(Box::new(record), origin(index)))
        .collect();
    loop {
        match intake::store(backend, records.clone()).await {
            Ok(_) => return,
            Err(Refusal::Busy) => tokio::time::sleep(PAUSE).await,
            Err(_) => {
                let lost = u64::try_from(records.len()).unwrap_or(u64::MAX);
                return backend.counts.rejected("log", "store_failed", lost);
            }
        }
    }
}

/// A stream, cut into messages.
#[derive(Debug, Default)]
struct Frames {
    pending: Vec<u8>,
    /// What of a message that is too long is still to come.
    skipped: Option<Rest>,
}

impl Frames {
    /// Takes what was read and gives whole messages; returns how many were cut.
    fn take(&mut self, bytes: &[u8], messages: &mut Vec<Vec<u8>>) -> u64 {
        self.pending.extend_from_slice(bytes);
        let mut cut = 0;
        let mut at = 0;
        loop {
            let rest = self.pending.get(at..).unwrap_or_default();
            let Some(step) =
                self.skipped.map_or_else(|| Frame::of(rest), |skip| skipping(rest, skip))
            else {
                break;
            };
            let taken = rest.get(step.message).unwrap_or_default();
            if !taken.is_empty() {
                messages.push(taken.to_vec());
            }
            cut += u64::from(step.skipped.is_some() && self.skipped.is_none());
            self.skipped = step.skipped;
            at += step.length;
        }
        self.pending.drain(..at);
        cut
    }

    /// Gives what came last, without a line break; returns how many were cut.
    fn end(&mut self, messages: &mut Vec<Vec<u8>>) -> u64 {
        let rest = std::mem::take(&mut self.pending);
        if rest.is_empty() || self.skipped.is_some() {
            return 0;
        }
        let length = octets(&rest);
        let prefix = length.map_or(0, |(_, prefix)| prefix);
        messages.push(rest.get(prefix..).unwrap_or_default().to_vec());
        u64::from(length.is_some())
    }
}

/// One step through a stream: what is a message, how far it goes, what of it is still to come.
#[derive(Debug)]
struct Frame {
    message: std::ops::Range<usize>,
    length: usize,
    skipped: Option<Rest>,
}

/// Where a message ends that is too long to be kept whole.
#[derive(Debug, Clone, Copy)]
enum Rest {
    After(usize),
    WithTheLine,
}

impl Frame {
    /// Returns the first frame; `None` when it is not there yet.
    fn of(bytes: &[u8]) -> Option<Self> {
        if let Some((length, prefix)) = octets(bytes) {
            let kept = length.min(MESSAGE_BYTES_MAX);
            let here = bytes.len() - prefix;
            if here < kept {
                return None;
            }
            let skipped = (length > kept).then(|| Rest::After(length - kept));
            return Some(Self { message: prefix..prefix + kept, length: prefix + kept, skipped });
        }
        // Digits alone may be the start of a length, and a length alone that of a message.
        let digits = bytes.strip_suffix(b" ").unwrap_or(bytes);
        if digits.len() <= LENGTH_DIGITS && digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        match memchr::memchr2(b'\n', 0, bytes) {
            Some(end) if end <= MESSAGE_BYTES_MAX => {
                Some(Self { message: 0..end, length: end + 1, skipped: None })
            }
            None if bytes.len() <= MESSAGE_BYTES_MAX => None,
            _ => Some(Self {
                message: 0..MESSAGE_BYTES_MAX,
                length: MESSAGE_BYTES_MAX,
                skipped: Some(Rest::WithTheLine),
            }),
        }
    }
}

/// Returns the step over the rest of a message that is too long.
fn skipping(bytes: &[u8], rest: Rest) -> Option<Frame> {
    if bytes.is_empty() {
        return None;
    }
    let (length, skipped) = match rest {
        Rest::After(left) if left <= bytes.len() => (left, None),
        Rest::After(left) => (bytes.len(), Some(Rest::After(left - bytes.len()))),
        Rest::WithTheLine => match memchr::memchr2(b'\n', 0, bytes) {
            Some(end) => (end + 1, None),
            None => (bytes.len(), Some(rest)),
        },
    };
    Some(Frame { message: 0..0, length, skipped })
}

/// Reads `MSG-LEN SP` before a message that begins with its priority; returns both lengths.
fn octets(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes.iter().take(LENGTH_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
    let rest = bytes.get(digits..)?.strip_prefix(b" ")?;
    if digits == 0 || !rest.starts_with(b"<") {
        return None;
    }
    let length = std::str::from_utf8(bytes.get(..digits)?).ok()?.parse().ok()?;
    Some((length, digits + 1))
}

/// Makes a record of a message; `None` for one of nothing.
fn record(bytes: &[u8]) -> Option<LogRecord> {
    let message = read_syslog(bytes);
    if message.text.trim_ascii().is_empty() && message.fields.is_empty() {
        return None;
    }
    let mut record = read_line(message.text);
    record.level = record.level.or(message.severity);
    record.service = record.service.or_else(|| message.application.map(str::to_owned));
    match message.time {
        Some(SyslogTime::At(time)) => record.time = record.time.or(Some(time)),
        Some(SyslogTime::Written(time)) => add_field(&mut record, "syslog.timestamp", time),
        None => {}
    }
    let facility = message.facility.map(|facility| facility.to_string());
    for (name, value) in [
        ("host.name", message.host),
        ("process.pid", message.process),
        ("syslog.msgid", message.message_id),
        ("syslog.facility.code", facility.as_deref()),
    ] {
        if let Some(value) = value {
            add_field(&mut record, name, value);
        }
    }
    for (name, value) in &message.fields {
        add_field(&mut record, name, value);
    }
    Some(levelled(record))
}

#[cfg(test)]
mod tests;
