//! The `obs` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    obs::run(std::env::args_os())
}
