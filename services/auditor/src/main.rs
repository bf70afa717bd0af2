//! The auditor as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::process::main("auditor", auditor::service)
}
