//! The indexer as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::process::main("indexer", indexer::service)
}
