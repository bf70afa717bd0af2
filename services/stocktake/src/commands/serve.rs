//! `stocktake serve SERVICE`: one service in this process, the others elsewhere.

use std::process::ExitCode;

use clap::Args;
use contracts::{ErrorKind, Failure};
use worker::process::{self, Process};

use crate::{
    cli::Global,
    services::{GATEWAY, SERVICES, names},
    session,
};

#[derive(Args)]
#[command(after_help = "Example:\n  \
    STOCKTAKE__STORE__URL=postgres://user:password@db/stocktake \\\n  \
    STOCKTAKE__BUS__URL=amqp://user:password@broker/%2f \\\n  \
    stocktake serve analyzer")]
pub(crate) struct Arguments {
    /// Which service
    #[arg(value_name = "SERVICE", value_parser = clap::builder::PossibleValuesParser::new(names()))]
    service: String,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    if session::is_embedded(&loaded.config) {
        let text = "a service of its own needs a broker to hear from the others: set bus.url to amqp://… and \
                    store.url to postgres://…, or run `stocktake up` for everything in one process";
        return Err(Failure::new(ErrorKind::Invalid, text));
    }
    process::block_on(async {
        if arguments.service == GATEWAY {
            let mut process = Process::start(loaded.config, GATEWAY, None).await?;
            gateway::serve(&mut process)?;
            return Ok(process.run().await);
        }
        let known = SERVICES.iter().find(|(name, _)| *name == arguments.service);
        let (name, make) = *known.ok_or_else(|| Failure::new(ErrorKind::Invalid, "unknown service"))?;
        let mut process = Process::start(loaded.config, name, None).await?;
        process.serve(make)?;
        process.listen()?;
        Ok(process.run().await)
    })
}
