//! Stocks of a gateway elsewhere.

use std::path::PathBuf;

use contracts::Failure;
use serde_json::{Value, json};

use super::{
    Command, ENTRIES, NO_ENTRIES, NO_STOCKS, NO_VERSIONS, STOCK, STOCKS, VERSIONS, missing, read_policy,
    taken, tell_policy,
};
use crate::{
    commands::{listing, reporting},
    output::TableFormat,
    remote::{Remote, text},
};

/// Stocks that are looked through for a name.
const MOST: usize = 100_000;

pub(super) async fn run(remote: &Remote, command: &Command) -> Result<(), Failure> {
    match command {
        Command::List { limit, format } => {
            listing::list(*format, &remote.items("/stocks", *limit as usize).await?, STOCKS, NO_STOCKS)
        }
        Command::Show { name, format } => listing::one(*format, &named(remote, name).await?, STOCK),
        Command::Create { name, policy } => create(remote, name, policy.as_ref()).await,
        Command::Policy { name, file } => policy(remote, name, file.as_ref()).await,
        Command::Versions { name, limit, format } => {
            let path = format!("/stocks/{}/versions", id(remote, name).await?);
            let rows = remote.items(&path, *limit as usize).await?;
            listing::list(*format, &rows, VERSIONS, NO_VERSIONS)
        }
        Command::Entries { name, version, limit, format } => {
            let version = version.map(|version| format!("?version={version}")).unwrap_or_default();
            let path = format!("/stocks/{}/entries{version}", id(remote, name).await?);
            let rows = remote.items(&path, *limit as usize).await?;
            listing::list(*format, &rows, ENTRIES, NO_ENTRIES)
        }
        Command::Diff { name, from, to, format, output } => {
            let ends = [("from", from), ("to", to)];
            let ends: Vec<String> =
                ends.iter().filter_map(|(end, value)| value.map(|value| format!("{end}={value}"))).collect();
            let stock = format!("/stocks/{}", id(remote, name).await?);
            reporting::changes_elsewhere(remote, &stock, &ends, *format, output.as_ref()).await
        }
    }
}

/// The stock of this name.
pub(crate) async fn named(remote: &Remote, name: &str) -> Result<Value, Failure> {
    let stocks = remote.items("/stocks", MOST).await?;
    stocks.into_iter().find(|stock| text(stock, "name") == name).ok_or_else(|| missing(name))
}

async fn id(remote: &Remote, name: &str) -> Result<String, Failure> {
    Ok(text(&named(remote, name).await?, "id").to_owned())
}

async fn create(remote: &Remote, name: &str, file: Option<&PathBuf>) -> Result<(), Failure> {
    let policy = file.map(read_policy).transpose()?;
    if named(remote, name).await.is_ok() {
        return Err(taken(name));
    }
    let made = remote.post("/stocks", &json!({ "name": name, "policy": policy })).await?;
    listing::one(TableFormat::Table, &made, STOCK)
}

async fn policy(remote: &Remote, name: &str, file: Option<&PathBuf>) -> Result<(), Failure> {
    let mut stock = named(remote, name).await?;
    if let Some(file) = file {
        let path = format!("/stocks/{}/policy", text(&stock, "id"));
        stock = remote.put(&path, &json!(read_policy(file)?)).await?;
    }
    tell_policy(&stock)
}
