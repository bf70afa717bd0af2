//! `stocktake depot collect`.

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
    after_help = "What is of no use is marked first and removed by a later run, when the grace period is\n\
    over and everything has ended that was at work when it was marked. Nothing that is referred to by then goes.\n\n\
    Examples:\n  \
    stocktake depot collect\n  \
    stocktake depot collect --grace 1h --format json"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    when: When,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
}

pub(super) async fn run(mut keeper: Keeper, arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.when.apply(&mut keeper.rules);
    let sum = {
        let progress = Progress::new("collecting");
        keeper.collect(&progress.told()).await?
    };
    match arguments.format {
        output::TableFormat::Json => output::line(format_args!("{:#}", json!(sum)))?,
        output::TableFormat::Table => print_pairs(&[
            ("packs removed", format!("{} ({})", count(sum.packs), bytes(sum.bytes))),
            ("contents forgotten with them", count(sum.contents)),
            (
                "packs marked by this run",
                format!("{}, {} of them strays", count(sum.condemned), count(sum.strays)),
            ),
            ("packs kept after all", count(sum.kept_after_all)),
            ("marked packs that wait", count(sum.waiting)),
            ("trees forgotten", count(sum.trees)),
            ("nodes dropped", count(sum.nodes)),
            ("folders dropped", count(sum.folders)),
            ("temporary files removed", count(sum.leftovers)),
        ])?,
    }
    Ok(ExitCode::SUCCESS)
}
