//! `stocktake doctor`: what is reachable, which versions, what to do about what is not.

use std::process::ExitCode;

use clap::Args;
use contracts::{ErrorKind, Failure};
use reports::{bytes, count};
use serde_json::json;
use store::packs::PackState;
use worker::process;

use crate::{cli::Global, output, session};

#[derive(Args)]
pub(crate) struct Arguments {
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    well: bool,
    found: String,
    advice: &'static str,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    let findings = process::block_on(async { Ok(look(&loaded.config).await) })?;
    match arguments.format {
        output::TableFormat::Json => {
            let rows: Vec<_> = findings
                .iter()
                .map(|one| json!({ "what": one.what, "well": one.well, "found": one.found, "advice": one.advice }))
                .collect();
            output::line(format_args!("{:#}", json!(rows)))?;
        }
        output::TableFormat::Table => {
            for one in &findings {
                output::line(format_args!(
                    "{}  {:10} {}",
                    if one.well { "ok" } else { "!!" },
                    one.what,
                    one.found
                ))?;
                if !one.well {
                    output::line(format_args!("    {:10} → {}", "", one.advice))?;
                }
            }
        }
    }
    Ok(ExitCode::from(u8::from(findings.iter().any(|one| !one.well))))
}

async fn look(config: &runtime::config::Config) -> Vec<Finding> {
    let version = runtime::version();
    let program = format!("{} ({})", version.version, version.commit);
    vec![
        Finding { what: "stocktake", well: true, found: program, advice: "" },
        data(config),
        Finding::of(
            "store",
            store(config).await,
            "check store.url; `stocktake admin migrate` brings the schema up to date",
        ),
        Finding::of(
            "bus",
            bus(config).await,
            "check bus.url, and that the broker runs and knows the user and virtual host",
        ),
        Finding::of("depot", depot(config).await, "check depot.url and depot.options"),
        Finding::of(
            "packs",
            packs(config).await,
            "`stocktake depot verify` names what is damaged, `stocktake admin repair refetch` fetches it again",
        ),
        ssh(),
    ]
}

impl Finding {
    fn of(what: &'static str, result: Result<String, Failure>, advice: &'static str) -> Self {
        match result {
            Ok(found) => Self { what, well: true, found, advice },
            Err(failure) => Self { what, well: false, found: failure.reason, advice },
        }
    }
}

fn data(config: &runtime::config::Config) -> Finding {
    let directory = &config.data.dir;
    let result = tempfile::Builder::new().prefix(".doctor").tempfile_in(directory).map(|_| ());
    let found = match (&result, directory.exists()) {
        (Ok(()), _) => format!("{} can be written", directory.display()),
        (Err(_), false) => format!("{} is made when it is first needed", directory.display()),
        (Err(error), true) => format!("{} cannot be written: {error}", directory.display()),
    };
    let well = result.is_ok() || !directory.exists();
    Finding {
        what: "data",
        well,
        found,
        advice: "give the directory to this user, or another one with --data",
    }
}

async fn store(config: &runtime::config::Config) -> Result<String, Failure> {
    let url = config.store.url.expose();
    if let Some(path) = url.strip_prefix("sqlite://")
        && !std::path::Path::new(path).exists()
    {
        return Ok(format!("SQLite, {path} is made when it is first needed"));
    }
    Ok(format!("{} at {}", process::open_store(config)?.check().await?, config.store.url))
}

async fn bus(config: &runtime::config::Config) -> Result<String, Failure> {
    let bus = process::open_bus(config, "doctor").await?;
    let found = bus.check().await.map_err(|error| Failure::new(error.kind(), error));
    bus.close().await;
    Ok(format!("{} at {}", found?, config.bus.url))
}

async fn depot(config: &runtime::config::Config) -> Result<String, Failure> {
    let depot = process::open_depot(config)?;
    let found = depot.check().await.map_err(|error| Failure::new(error.kind(), error))?;
    Ok(format!("{found} at {}", config.depot.url))
}

/// What the store knows of the depot; trouble when something was damaged when it was last looked at.
async fn packs(config: &runtime::config::Config) -> Result<String, Failure> {
    let url = config.store.url.expose();
    if url.strip_prefix("sqlite://").is_some_and(|path| !std::path::Path::new(path).exists()) {
        return Ok("none yet".to_owned());
    }
    let totals = process::open_store(config)?.read(store::packs::totals).await?;
    let of = |state| totals.iter().find(|one| one.state == state);
    let kept = of(PackState::Kept).map_or((0, 0), |one| (one.packs, one.bytes));
    let going: u64 = totals.iter().filter(|one| one.state != PackState::Kept).map(|one| one.packs).sum();
    let damaged: u64 = totals.iter().map(|one| one.damaged).sum();
    let found = format!("{} of {}, {} more on their way out", count(kept.0), bytes(kept.1), count(going));
    if damaged > 0 {
        let text = format!("{found}; {} were damaged when they were last verified", count(damaged));
        return Err(Failure::new(ErrorKind::Internal, text));
    }
    Ok(found)
}

/// Only `ssh:` URLs need it: everything else is fetched without any program beside this one.
fn ssh() -> Finding {
    let found = std::process::Command::new("ssh").arg("-V").output();
    let (well, found) = match found {
        Ok(output) => (true, String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(_) => (false, "not found; only ssh: URLs need it".to_owned()),
    };
    Finding { what: "ssh", well, found, advice: "install an OpenSSH client, or use https: URLs" }
}
