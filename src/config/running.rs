//! The backends that run on this machine: each leaves a small file, which `/healthz` must confirm.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Environment;
use crate::model::UnixNanos;

/// What a running backend says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningBackend {
    /// `serve` or `demo`.
    pub command: String,
    /// Where it answers.
    pub url: String,
    /// A random word that its `/healthz` repeats: another program on the same port does not know it.
    pub instance: String,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started: UnixNanos,
    /// Whether commands can find it by its file.
    #[serde(default)]
    pub announced: bool,
    /// The applications that send to it, as far as whoever started them said so: `demo` does.
    #[serde(default)]
    pub applications: Vec<Application>,
}

/// An application that runs on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Its name, as in its telemetry.
    pub name: String,
    /// Where it answers.
    pub url: String,
}

impl RunningBackend {
    /// Writes this to a file; whoever reads it sees the whole or nothing.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let unfinished = path.with_extension("unfinished");
        fs::write(&unfinished, serde_json::to_vec_pretty(self)?)?;
        fs::rename(&unfinished, path)
    }
}

/// Adds the applications to a backend's announcement, once they are known.
///
/// The file stays the backend's own, which removes it when it ends.
pub fn announce_applications(
    environment: &Environment,
    backend: &RunningBackend,
    applications: Vec<Application>,
) -> io::Result<()> {
    let path = folder(environment).map(|folder| folder.join(format!("{}.json", backend.pid)));
    // A backend that could not announce itself is not found by anybody.
    match path.filter(|path| path.exists()) {
        Some(path) => RunningBackend { applications, ..backend.clone() }.write(&path),
        None => Ok(()),
    }
}

/// The file of a running backend; removed when this is dropped.
#[derive(Debug)]
pub struct Announcement {
    path: PathBuf,
}

impl Announcement {
    /// Writes the file. The folder is made for the owner only.
    pub fn write(environment: &Environment, backend: &RunningBackend) -> io::Result<Self> {
        let folder = folder(environment).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "neither XDG_STATE_HOME nor HOME is set")
        })?;
        make_private_folder(&folder)?;
        let path = folder.join(format!("{}.json", backend.pid));
        backend.write(&path)?;
        Ok(Self { path })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A file that stays is stale, and stale files are ignored.
        drop(fs::remove_file(&self.path));
    }
}

/// Returns the announced backends, the latest first; whether they still run is not checked here.
pub fn announced(environment: &Environment) -> Vec<RunningBackend> {
    let Some(entries) = folder(environment).and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let mut found: Vec<RunningBackend> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json"))
        .filter_map(|entry| serde_json::from_slice(&fs::read(entry.path()).ok()?).ok())
        .collect();
    found.sort_by_key(|backend| std::cmp::Reverse((backend.started, backend.pid)));
    found
}

fn folder(environment: &Environment) -> Option<PathBuf> {
    Some(environment.state_folder()?.join("running"))
}

/// Makes a folder and those above it, for the owner only.
#[cfg(unix)]
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes a folder and those above it.
#[cfg(not(unix))]
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(pid: u32, started: i64) -> RunningBackend {
        RunningBackend {
            command: "serve".to_owned(),
            url: "http://127.0.0.1:4318".to_owned(),
            instance: "x".to_owned(),
            pid,
            started: UnixNanos(started),
            announced: true,
            applications: Vec::new(),
        }
    }

    #[test]
    fn the_latest_backend_comes_first_and_leaves_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            Environment::from_pairs(&[("XDG_STATE_HOME", folder.path().to_str().unwrap())]);
        let one = Announcement::write(&environment, &backend(1, 10)).unwrap();
        let _two = Announcement::write(&environment, &backend(2, 20)).unwrap();
        let pids = || announced(&environment).iter().map(|b| b.pid).collect::<Vec<_>>();
        assert_eq!(pids(), [2, 1]);
        drop(one);
        assert_eq!(pids(), [2]);
    }

    #[test]
    fn applications_are_added_to_the_announcement_of_their_backend() {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            Environment::from_pairs(&[("XDG_STATE_HOME", folder.path().to_str().unwrap())]);
        let all =
            || vec![Application { name: "api".to_owned(), url: "http://127.0.0.1:1".to_owned() }];
        announce_applications(&environment, &backend(1, 10), all()).unwrap();
        assert!(announced(&environment).is_empty());
        let _announcement = Announcement::write(&environment, &backend(1, 10)).unwrap();
        announce_applications(&environment, &backend(1, 10), all()).unwrap();
        assert_eq!(announced(&environment)[0].applications, all());
    }

    #[test]
    fn what_is_no_announcement_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let running = folder.path().join("obs/running");
        fs::create_dir_all(&running).unwrap();
        fs::write(running.join("7.json"), "{").unwrap();
        let environment =
            Environment::from_pairs(&[("XDG_STATE_HOME", folder.path().to_str().unwrap())]);
        assert!(announced(&environment).is_empty());
    }
}
