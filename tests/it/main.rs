//! One test binary: `env` is the harness, a module a command, `tidy` the rules of the tree.

#![allow(clippy::unwrap_used, reason = "a failed assumption in a test is a failed test")]

mod backend;
mod check;
mod check_outputs;
mod check_variables;
mod collector;
mod completion;
mod config;
mod demo;
mod env;
mod explain;
mod fake;
mod fake_source;
mod formats;
mod generated;
mod ids;
mod init;
mod logs;
mod logs_around;
mod logs_commands;
mod logs_dialects;
mod logs_index;
mod logs_inputs;
mod logs_large;
mod logs_plain;
mod logs_rotated;
mod logs_shown;
mod logs_stats;
mod logs_traces;
mod logs_where;
mod runbook;
mod serve_intake;
mod sources;
mod telemetry;
mod telemetry_fails;
mod tidy;
mod trace_files;
mod trace_formats;
mod trace_hostile;
mod trace_lists;
mod trace_outputs;
mod trace_sources;
mod trace_view;
