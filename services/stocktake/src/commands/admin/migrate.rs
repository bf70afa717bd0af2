//! `stocktake admin migrate`.

use std::process::ExitCode;

use contracts::Failure;
use worker::process;

use crate::{cli::Global, output, session};

pub(super) fn run(global: &Global) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    let report = process::block_on(async { Ok(process::open_store(&loaded.config)?.migrate().await?) })?;
    let already = report.already;
    match report.applied.as_slice() {
        [] => output::line(format_args!("{}: up to date, {already} migrations", report.database))?,
        applied => output::line(format_args!("{}: applied {}", report.database, applied.join(", ")))?,
    }
    Ok(ExitCode::SUCCESS)
}
