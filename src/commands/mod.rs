//! One file a subcommand: its arguments, `run`, nothing else. No command uses another.

pub mod check;
pub mod completions;
pub mod config;
pub mod demo;
pub mod errors;
pub mod init;
pub mod issues;
pub mod logs;
pub mod man;
pub mod metrics;
pub mod request;
pub mod runbook;
pub mod serve;
pub mod trace;
