//! `stocktake depot stat`.

use std::process::ExitCode;

use clap::Args;
use contracts::{ErrorKind, Failure};
use reports::{bytes, count};
use serde_json::json;
use upkeep::{Keeper, Stat};

use super::{Progress, print_pairs};
use crate::output;

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    stocktake depot stat\n  \
    stocktake depot stat --objects --format json")]
pub(crate) struct Arguments {
    /// Also list what the storage has, and hold it against the store
    #[arg(long)]
    objects: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
}

pub(super) async fn run(keeper: Keeper, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let depot = keeper.depot.check().await.map_err(|error| Failure::new(error.kind(), error))?;
    let stat = {
        let progress = Progress::new("counting");
        keeper.stat(arguments.objects, &progress.told()).await?
    };
    match arguments.format {
        output::TableFormat::Json => {
            let mut document =
                serde_json::to_value(&stat).map_err(|error| Failure::new(ErrorKind::Internal, error))?;
            document["depot"] = json!(depot);
            output::line(format_args!("{document:#}"))?;
        }
        output::TableFormat::Table => print(&depot, &stat)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(depot: &str, stat: &Stat) -> Result<(), Failure> {
    let mut rows = vec![("depot", depot.to_owned())];
    for state in &stat.states {
        let what = match state.state {
            "kept" => "packs",
            "condemned" => "packs that are to go",
            _ => "packs being removed",
        };
        let of = format!("{}, {} of contents", bytes(state.bytes), bytes(state.content_bytes));
        rows.push((what, format!("{} ({of})", count(state.packs))));
        if state.damaged > 0 {
            rows.push(("damaged when last verified", count(state.damaged)));
        }
    }
    rows.push(("contents in use", format!("{} ({})", count(stat.live_contents), bytes(stat.live_bytes))));
    rows.push(("of no use", bytes(stat.dead_bytes)));
    rows.push(("packs worth compacting", count(stat.worth_compacting)));
    rows.push(("packs nothing refers to", count(stat.unreferenced)));
    let optional = [
        ("objects in the storage", stat.objects),
        ("objects no row speaks of", stat.strays),
        ("packs without an object", stat.missing),
    ];
    rows.extend(optional.into_iter().filter_map(|(what, much)| Some((what, count(much?)))));
    print_pairs(&rows)
}
