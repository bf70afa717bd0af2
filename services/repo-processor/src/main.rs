//! The repo-processor as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::process::main("repo-processor", repo_processor::service)
}
