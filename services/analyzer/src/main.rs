//! The analyzer as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::process::main("analyzer", analyzer::service)
}
