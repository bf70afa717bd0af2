//! `stocktake up`: every service and the gateway in this process.

use std::process::ExitCode;

use contracts::Failure;
use worker::process::{self, Process};

use crate::{cli::Global, first_key, output, services::SERVICES, session};

pub(crate) fn run(global: &Global) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    process::block_on(async {
        let mut process = Process::start(loaded.config, "stocktake", None).await?;
        for (_, make) in SERVICES {
            process.serve(*make)?;
        }
        let address = gateway::serve(&mut process)?;
        if let Some(secret) = first_key::make(&process.engine.store, &process.config.data.dir).await? {
            output::note(format_args!(
                "the first key, with the scope admin; it is shown once and kept for the commands of this program \
                 in {}/admin.key:\n{}",
                process.config.data.dir.display(),
                secret.expose()
            ));
        }
        output::note(format_args!(
            "stocktake is up: http://{address}/docs  (data in {}; Ctrl-C stops it)",
            process.config.data.dir.display()
        ));
        Ok(process.run().await)
    })
}
