//! `obs`: on-call diagnostics in one binary.

pub mod config;
pub mod demo;
pub mod error;
pub mod logs;
pub mod model;
pub mod render;
pub mod store;
pub mod traces;
pub mod wire;

/// Runs the program.
pub fn run(_: impl Iterator<Item = std::ffi::OsString>) -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
