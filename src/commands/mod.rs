//! One file a subcommand: its arguments, `run`, nothing else. No command uses another.

pub mod check;
pub mod config;
pub mod demo;
pub mod issues;
pub mod logs;
pub mod request;
pub mod serve;
pub mod trace;
