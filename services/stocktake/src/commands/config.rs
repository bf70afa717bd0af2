//! `stocktake config`: what is in force, and where it came from.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{Table, presets};
use contracts::Failure;
use serde_json::json;

use crate::{cli::Global, output, session};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  stocktake config\n  stocktake config fetch\n  stocktake config --format json"
)]
pub(crate) struct Arguments {
    /// Only keys that begin with this
    prefix: Option<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    let prefix = arguments.prefix.as_deref().unwrap_or_default();
    let effective: Vec<_> =
        loaded.effective().into_iter().filter(|entry| entry.key.starts_with(prefix)).collect();
    match arguments.format {
        output::TableFormat::Json => {
            let rows: Vec<_> = effective
                .iter()
                .map(|entry| json!({ "key": entry.key, "value": entry.value, "origin": entry.origin.to_string() }))
                .collect();
            output::line(format_args!("{:#}", json!(rows)))?;
        }
        output::TableFormat::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_header(["key", "value", "from"]);
            for entry in &effective {
                table.add_row([&entry.key, &entry.value, &entry.origin.to_string()]);
            }
            output::line(table.trim_fmt())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
