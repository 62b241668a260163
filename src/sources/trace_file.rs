//! Traces in a file: its text, decompressed and bounded, and the spans in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::compressed::{Fault, stream};
use crate::model::Span;
use crate::wire::{TraceAnswer, WireError, decode_any_traces};

/// The most text that is read; a trace of a million spans is smaller.
const TEXT_BYTES_MAX: u64 = 1 << 30;

/// Why a file with traces could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceFileError {
    /// The file itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its text is more than is held in memory.
    #[error(
        "it is larger than 1 GiB; of a file with one answer a line, give those of the trace: grep ID FILE | obs trace ID --file -"
    )]
    TooLarge,
    /// What it holds.
    #[error(transparent)]
    Content(#[from] WireError),
}

/// The text of a file, held in memory.
#[derive(Debug)]
pub struct TraceText {
    bytes: Vec<u8>,
    /// Why there is no more of it.
    damaged: Option<io::Error>,
}

impl TraceText {
    /// Reads a file to its end; gzip, zstd, bzip2, xz and lz4 are undone.
    pub fn of_file(file: &Path) -> Result<Self, TraceFileError> {
        let file = File::open(file)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder").into());
        }
        let length = if metadata.is_file() { metadata.len() } else { 0 };
        Self::of(file, length)
    }

    /// Reads a stream to its end, as [`Self::of_file`]; `length` in bytes is a guess.
    pub fn of(input: impl Read + Send + 'static, length: u64) -> Result<Self, TraceFileError> {
        if length > TEXT_BYTES_MAX {
            return Err(TraceFileError::TooLarge);
        }
        let fault = Fault::default();
        let mut text = stream(input, fault.clone())?.take(TEXT_BYTES_MAX + 1);
        // One byte more, so that the end is met without growing.
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        text.read_to_end(&mut bytes)?;
        if bytes.len() as u64 > TEXT_BYTES_MAX {
            return Err(TraceFileError::TooLarge);
        }
        Ok(Self { bytes, damaged: fault.take() })
    }

    /// Reads its spans; `keep` decides which stay, as [`decode_any_traces`] has it.
    pub fn spans(
        &self,
        keep: &mut dyn FnMut(&Span) -> bool,
    ) -> Result<TraceAnswer, TraceFileError> {
        let mut answer = decode_any_traces(&self.bytes, keep)?;
        if let Some(error) = &self.damaged {
            answer.incomplete.insert(0, error.to_string());
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_what_is_not_there_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = TraceText::of_file(folder.path()).unwrap_err();
        assert_eq!(refused.to_string(), "it is a folder");
        assert!(TraceText::of_file(&folder.path().join("none")).is_err());
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_read() {
        let refused = TraceText::of(io::empty(), TEXT_BYTES_MAX + 1).unwrap_err();
        assert!(matches!(refused, TraceFileError::TooLarge));
    }
}
