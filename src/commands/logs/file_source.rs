//! A file of the configuration, asked beside backends: its lines come among theirs.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::inputs;
use crate::logs::{LogFilter, Scan};
use crate::model::{Correlation, LogPage, LogQuery};
use crate::sources::{Backend, LogSource, SourceError, last_of};

/// A file.
#[derive(Debug)]
pub(super) struct FileSource {
    path: PathBuf,
    filter: LogFilter,
}

impl FileSource {
    /// Asks a file for the lines that the filter holds for; of a question only the traces of the
    /// request, which other sources may know, are not in it already.
    pub(super) fn new(path: PathBuf, filter: LogFilter) -> Self {
        Self { path, filter }
    }
}

#[async_trait]
impl Backend for FileSource {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    async fn ping(&self) -> Result<String, SourceError> {
        inputs::open(&self.path, None).map(|_| "can be read".to_owned()).map_err(SourceError::File)
    }

    fn logs(&self) -> Option<&dyn LogSource> {
        Some(self)
    }
}

#[async_trait]
impl LogSource for FileSource {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, SourceError> {
        let (path, mut filter, limit) = (self.path.clone(), self.filter.clone(), query.limit);
        let own = filter.correlation.as_ref().map(Correlation::key);
        let traces = query.correlations.iter().filter(|id| Some(id.key()) != own);
        filter.traces = traces.cloned().collect();
        let read = tokio::task::spawn_blocking(move || read(&path, &filter, limit));
        read.await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(SourceError::File)
    }
}

/// Reads the last lines that match; what was read before a failure counts.
fn read(path: &Path, filter: &LogFilter, limit: u32) -> std::io::Result<LogPage> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let inputs::Opened { input, fault } = inputs::open(path, None)?;
    let name = path.display().to_string();
    let written = input.written();
    let mut page = last_of(Scan::new(input, &name, filter).written_by(written), limit);
    if let Some(error) = fault.take() {
        page.incomplete = Some(error.to_string());
    }
    Ok(page)
}
