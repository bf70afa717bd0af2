//! The gateway as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    worker::process::main_with("gateway", |process| gateway::serve(process).map(drop))
}
