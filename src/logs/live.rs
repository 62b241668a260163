//! An input that is written while it is read, a pipe: what is there is had without waiting for more.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

/// What is read at a time, in bytes: what a pipe holds.
const PIECE_BYTES: usize = 64 << 10;

/// How many pieces are read ahead.
const PIECES_MAX: usize = 4;

/// How long nothing comes before what came is taken as complete: the lines of a traceback are seldom
/// further apart.
const QUIET: Duration = Duration::from_millis(50);

/// How long an input that does not block is left alone.
const PAUSE: Duration = Duration::from_millis(10);

/// Reads an input on a thread of its own, which ends with the input, or with the next piece after
/// this was dropped.
///
/// A `read` that has nothing errs with `WouldBlock`: at once, then again when nothing came for
/// `QUIET`, and only then waits. The reader can so show what it has before it waits.
#[derive(Debug)]
pub struct Live {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
    /// How often it was said that there is nothing, since there was something.
    dry: u8,
}

impl Live {
    /// Begins to read what `open` opens; that is done on the thread, because a pipe without a writer
    /// opens only when it has one.
    pub fn new<R: Read>(open: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(PIECES_MAX);
        let work = move || match open() {
            Ok(input) => read_all(input, &sender),
            // Nobody is left to be told when the other end is gone.
            Err(error) => drop(sender.send(Err(error))),
        };
        std::thread::Builder::new().name("live".to_owned()).spawn(work)?;
        Ok(Self { pieces, piece: Vec::new(), at: 0, dry: 0 })
    }

    /// Reads what is there; `WouldBlock` when nothing is, 0 at the end.
    pub(super) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            match self.pieces.try_recv() {
                Ok(piece) => self.take(piece?),
                Err(TryRecvError::Empty) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(TryRecvError::Disconnected) => return Ok(0),
            }
        }
        Ok(self.copy(buffer))
    }

    fn take(&mut self, piece: Vec<u8>) {
        (self.piece, self.at, self.dry) = (piece, 0, 0);
    }

    fn copy(&mut self, buffer: &mut [u8]) -> usize {
        let mut left = self.piece.get(self.at..).unwrap_or_default();
        // Reading from a slice cannot fail.
        let length = left.read(buffer).unwrap_or_default();
        self.at += length;
        length
    }
}

impl Read for Live {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.read_now(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return read,
        }
        self.dry += 1;
        let piece = match self.dry {
            1 => return Err(io::ErrorKind::WouldBlock.into()),
            2 => self.pieces.recv_timeout(QUIET),
            _ => self.pieces.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match piece {
            Ok(piece) => self.take(piece?),
            Err(RecvTimeoutError::Timeout) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        }
        Ok(self.copy(buffer))
    }
}

fn read_all(mut input: impl Read, pieces: &SyncSender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let piece = match input.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => Ok(buffer.get(..length).unwrap_or_default().to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(PAUSE);
                continue;
            }
            Err(error) => Err(error),
        };
        let failed = piece.is_err();
        if pieces.send(piece).is_err() || failed {
            return;
        }
    }
}
