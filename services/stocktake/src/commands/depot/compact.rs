//! `stocktake depot compact`.

use std::process::ExitCode;

use clap::Args;
use contracts::Failure;
use reports::{bytes, count};
use serde_json::json;
use upkeep::Keeper;

use super::{Progress, When, print_pairs};
use crate::output;

#[derive(Args)]
#[command(
    after_help = "The packs that this empties are removed by `collect`, or by the upkeep of a running\n\
    repo-processor, when the grace period is over.\n\n\
    Examples:\n  \
    stocktake depot compact\n  \
    stocktake depot compact --dead-percent 20 --format json"
)]
pub(crate) struct Arguments {
    /// From which share of dead bytes a pack is written anew; `depot.dead_percent` unless given
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(1..=100))]
    dead_percent: Option<u64>,
    #[command(flatten)]
    when: When,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
}

pub(super) async fn run(mut keeper: Keeper, arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.when.apply(&mut keeper.rules);
    keeper.rules.dead_percent = arguments.dead_percent.unwrap_or(keeper.rules.dead_percent);
    let sum = {
        let progress = Progress::new("compacting");
        keeper.compact(&progress.told()).await?
    };
    match arguments.format {
        output::TableFormat::Json => output::line(format_args!("{:#}", json!(sum)))?,
        output::TableFormat::Table => print_pairs(&[
            ("packs looked at", count(sum.looked_at)),
            ("emptied", format!("{} ({})", count(sum.emptied), bytes(sum.emptied_bytes))),
            ("written", format!("{} ({})", count(sum.written), bytes(sum.written_bytes))),
            ("contents moved", count(sum.moved)),
            ("damaged, left where they are", count(sum.damaged)),
        ])?,
    }
    Ok(ExitCode::from(u8::from(sum.damaged > 0)))
}
