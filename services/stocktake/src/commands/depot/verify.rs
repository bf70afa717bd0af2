//! `stocktake depot verify`.

use std::process::ExitCode;

use clap::Args;
use contracts::Failure;
use reports::{bytes, count};
use serde_json::json;
use upkeep::Keeper;

use super::Progress;
use crate::output;

#[derive(Args)]
#[command(after_help = "Exit code 1 says that something is damaged; each damaged content is named, and\n\
    `stocktake admin repair refetch content:ID` fetches it again.\n\n\
    Examples:\n  \
    stocktake depot verify\n  \
    stocktake depot verify --format json\n  \
    stocktake depot verify 0a7d8b33e1f24f4d91d0c3a1b2f3d4e5019400aa11bb7c00a1b2c3d4e5f60718")]
pub(crate) struct Arguments {
    /// The packs, by name; all when none is given
    #[arg(value_name = "PACK")]
    packs: Vec<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
}

pub(super) async fn run(keeper: Keeper, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let progress = Progress::new("verifying");
    let (mut damage, as_json) = (Vec::new(), arguments.format == output::TableFormat::Json);
    let sum = keeper
        .verify(&arguments.packs, &progress.told(), |one| {
            if as_json {
                damage.push(one.clone());
                return Ok(());
            }
            progress.say(&one.reason)
        })
        .await?;
    drop(progress);
    if as_json {
        output::line(format_args!("{:#}", json!({ "verified": sum, "damage": damage })))?;
    } else {
        output::line(format_args!(
            "{} packs ({}), {} contents: {}",
            count(sum.packs),
            bytes(sum.bytes),
            count(sum.contents),
            if sum.damaged == 0 {
                "intact".to_owned()
            } else {
                format!("{} packs are damaged", count(sum.damaged))
            }
        ))?;
    }
    Ok(ExitCode::from(u8::from(sum.damaged > 0)))
}
