//! Sources in the store that this process opens itself.

use contracts::{Envelope, Failure, Lane, SourceId};
use jiff::Timestamp;
use serde_json::Value;
use store::{
    Store, StoreError, Tx, outbox,
    sources::{self, Source, SourceState},
    stocks,
};

use super::{add, missing, whole};
use crate::output;

/// Sources of one look into the store.
const PAGE: u32 = 500;

/// The source of this name, or with this id.
fn find(tx: &mut Tx, named: &str) -> Result<Source, Failure> {
    let found = match sources::by_name(tx, named)? {
        Some(source) => Some(source),
        None => match named.parse::<SourceId>() {
            Ok(id) => sources::get(tx, id)?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| missing(named))
}

fn shown(tx: &mut Tx, source: Source, now: Timestamp) -> Result<Value, StoreError> {
    let standing = gateway::shown::standing(tx, source.id, now)?.unwrap_or_default();
    let stock = stocks::get(tx, source.stock)?.map(|stock| stock.name).unwrap_or_default();
    Ok(whole(gateway::shown::source(source), standing, &stock))
}

pub(super) async fn all(store: &Store) -> Result<Vec<Value>, Failure> {
    let (mut rows, mut after, now) = (Vec::new(), None::<String>, Timestamp::now());
    loop {
        let from = after.clone();
        let page = store
            .read(move |tx| {
                let page = sources::list(tx, from.as_deref(), PAGE)?;
                let last = page.last().map(|source| source.name.clone());
                let shown = page.into_iter().map(|source| shown(tx, source, now));
                Ok((shown.collect::<Result<Vec<_>, StoreError>>()?, last))
            })
            .await?;
        let ended = page.0.len() < PAGE as usize;
        rows.extend(page.0);
        if ended {
            return Ok(rows);
        }
        after = page.1;
    }
}

pub(super) async fn one(store: &Store, named: &str) -> Result<Value, Failure> {
    let (named, now) = (named.to_owned(), Timestamp::now());
    store
        .write(move |tx| {
            let source = find(tx, &named)?;
            Ok(shown(tx, source, now)?)
        })
        .await
}

pub(super) async fn add(store: &Store, arguments: &add::Arguments) -> Result<(), Failure> {
    let (wanted, now) = (arguments.wanted()?, Timestamp::now());
    let add = move |tx: &mut Tx| sources::add(tx, wanted, now).map_err(Failure::from);
    let (source, is_new) = store.write(add).await?;
    add::tell(&source.name, is_new, &source.id.to_string())
}

pub(super) async fn set_state(store: &Store, named: &str, state: SourceState) -> Result<(), Failure> {
    let (named, now) = (named.to_owned(), Timestamp::now());
    let source = store
        .write(move |tx| {
            let source = find(tx, &named)?;
            sources::set_state(tx, source.id, state, now)?;
            Ok::<_, Failure>(source)
        })
        .await?;
    output::line(format_args!("{} is {state}", source.name))
}

/// The message goes into the outbox, due at once: whichever process runs next publishes it.
pub(super) async fn begin(store: &Store, named: &str) -> Result<(), Failure> {
    let (named, now) = (named.to_owned(), Timestamp::now());
    let (source, begun) = store
        .write(move |tx| {
            let source = find(tx, &named)?;
            let begun = sources::begin_run(tx, source.id, true, Lane::Normal, now)?;
            let envelope = Envelope::seal(&begun.wake, "stocktake/stocktake", None);
            outbox::push(tx, &[envelope], None, now)?;
            Ok::<_, Failure>((source, begun))
        })
        .await?;
    match begun.snapshot {
        Some(snapshot) => {
            output::line(format_args!("a run of {} has begun: snapshot {}", source.name, snapshot.id))
        }
        None => output::line(format_args!("a run of {} has begun: task {}", source.name, begun.task)),
    }
}

pub(super) async fn remove(store: &Store, named: &str) -> Result<(), Failure> {
    let named = named.to_owned();
    let name = store
        .write(move |tx| {
            let source = find(tx, &named)?;
            sources::remove(tx, source.id)?;
            Ok::<_, Failure>(source.name)
        })
        .await?;
    output::line(format_args!("{name} is removed; what it found stays"))
}
