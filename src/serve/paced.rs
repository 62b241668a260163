//! A connection that is given up when its peer stands still.
//!
//! hyper bounds how long the head of a request may take; what comes before it knows the protocol,
//! and a peer that reads no answer, are bounded here.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// As many bytes as tell HTTP/2 from HTTP/1 (RFC 9113, section 3.4).
const PREFACE: u64 = 24;

/// A stream with two deadlines: for its first [`PREFACE`] bytes, and from one byte in any direction
/// to the next. Past one it fails with `TimedOut`.
#[derive(Debug)]
pub(super) struct Paced<S> {
    inner: S,
    opening: Instant,
    still: Duration,
    last: Instant,
    received: u64,
    timer: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    /// Begins now.
    pub(super) fn new(inner: S, opening: Duration, still: Duration) -> Self {
        let last = Instant::now();
        let opening = last + opening;
        let timer = Box::pin(tokio::time::sleep_until(opening.min(last + still)));
        Self { inner, opening, still, last, received: 0, timer }
    }

    /// Notes that something moved, or looks whether it is too late for that.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        moved: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.last = Instant::now();
            return moved;
        }
        loop {
            std::task::ready!(self.timer.as_mut().poll(cx));
            // The timer is not moved for each byte: it looks, when it rings, whether it is time.
            let still = self.last + self.still;
            let deadline = if self.received < PREFACE { still.min(self.opening) } else { still };
            if deadline <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(deadline);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        let count = u64::try_from(buffer.filled().len() - before).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(count);
        self.watch(cx, read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// So long that no test sees its end, and so short that each may wait for it.
    const LONG: Duration = Duration::from_mins(10);
    const SHORT: Duration = Duration::from_millis(10);

    async fn read(paced: &mut Paced<tokio::io::DuplexStream>) -> (io::ErrorKind, usize) {
        let mut bytes = Vec::new();
        let error = paced.read_to_end(&mut bytes).await.unwrap_err();
        (error.kind(), bytes.len())
    }

    #[tokio::test]
    async fn a_peer_that_says_too_little_to_know_its_protocol_has_the_opening() {
        for said in [0, 23] {
            let (mut peer, ours) = tokio::io::duplex(1 << 10);
            peer.write_all(&vec![b'P'; said]).await.unwrap();
            let read = read(&mut Paced::new(ours, SHORT, LONG)).await;
            assert_eq!(read, (io::ErrorKind::TimedOut, said));
        }
    }

    #[tokio::test]
    async fn a_peer_that_began_may_stand_still_for_longer() {
        let (mut peer, ours) = tokio::io::duplex(1 << 10);
        peer.write_all(&[0; 24]).await.unwrap();
        let mut paced = Paced::new(ours, SHORT, LONG);
        let late = tokio::time::timeout(SHORT * 10, read(&mut paced)).await;
        assert!(late.is_err(), "{late:?}");
    }

    #[tokio::test]
    async fn a_peer_that_stands_still_is_given_up() {
        let (mut peer, ours) = tokio::io::duplex(1 << 10);
        peer.write_all(&[0; 100]).await.unwrap();
        let read = read(&mut Paced::new(ours, LONG, SHORT)).await;
        assert_eq!(read, (io::ErrorKind::TimedOut, 100));
    }

    #[tokio::test]
    async fn a_peer_that_reads_no_answer_is_given_up() {
        let (_peer, ours) = tokio::io::duplex(16);
        let error = Paced::new(ours, LONG, SHORT).write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
