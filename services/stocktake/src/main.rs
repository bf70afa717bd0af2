//! The `stocktake` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    stocktake::main()
}
