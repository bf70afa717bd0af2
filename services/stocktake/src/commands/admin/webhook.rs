//! `stocktake admin webhook`: who is told of what over HTTP, and telling it again.

use std::{collections::BTreeMap, process::ExitCode};

use addresses::web_address;
use clap::Subcommand;
use comfy_table::{Table, presets};
use contracts::{
    DeliveryId, Envelope, ErrorKind, Failure, Outgoing, WebhookId, events, messages::WebhooksQueued,
};
use egress::sign::{self, Scheme};
use jiff::{SignedDuration, Timestamp};
use runtime::config::Config;
use serde_json::json;
use store::{
    Store, Tx, outbox,
    webhooks::{
        deliveries::{self, DeliveryFilter},
        subscriptions::{self, Secret, Webhook, WebhookState},
    },
};
use worker::process;

use crate::{cli::Global, output, session};

/// How many are listed, and how many are told again at once.
const LISTED: u32 = 100;
const REPLAYED: u32 = 10_000;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show them, newest first
    List {
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Tell a URL of events; prints what the receiver needs for verifying
    Add {
        /// Where to
        url: String,
        /// Of what: an event, `snapshot.*` or `*`; may be given several times
        #[arg(long = "event", value_name = "EVENT", default_value = "*")]
        events: Vec<String>,
        /// Only when a field of the event has this value; may be given several times
        #[arg(long = "filter", value_name = "FIELD=VALUE")]
        filters: Vec<String>,
        /// A name for people
        #[arg(long)]
        name: Option<String>,
        /// Sign with ed25519, so that the receiver needs a public key only
        #[arg(long)]
        asymmetric: bool,
    },
    /// Give one a new key, and use the old one beside it for a while; prints what the receiver needs
    Rotate {
        /// Its id, as `list` shows it
        id: WebhookId,
        /// For how many hours the old key is used too
        #[arg(long, default_value_t = 24)]
        overlap: u32,
        /// Sign with ed25519 from now on
        #[arg(long)]
        asymmetric: bool,
    },
    /// Tell one no more
    Remove {
        /// Its id, as `list` shows it
        id: WebhookId,
    },
    /// Show what one was told, newest first
    Deliveries {
        /// Its id, as `list` shows it
        id: WebhookId,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Tell it again: one delivery, or all that one webhook was told since a time
    Replay {
        /// The id of a delivery, or of a webhook when --since is given
        id: uuid::Uuid,
        /// Since when, for instance 2026-11-21T10:00:00Z: what was given up since then
        #[arg(long)]
        since: Option<Timestamp>,
        /// With --since: also what was delivered
        #[arg(long)]
        all: bool,
    },
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    process::block_on(async {
        let store = process::open_store(&loaded.config)?;
        match command {
            Command::List { format } => list(&store, *format).await?,
            Command::Add { url, events, filters, name, asymmetric } => {
                let webhook =
                    read(&loaded.config, url, events, filters, name.as_deref(), scheme(*asymmetric))?;
                let (id, key) = (webhook.id, sign::for_receiver(&webhook.secrets[0].key)?);
                store
                    .write(move |tx| subscriptions::insert(tx, &webhook).map(drop).map_err(Failure::from))
                    .await?;
                output::line(format_args!("{id} is told from now on; its receiver verifies with {key}"))?;
            }
            Command::Rotate { id, overlap, asymmetric } => {
                let key = rotate(&store, *id, *overlap, scheme(*asymmetric)).await?;
                output::line(format_args!("{id} has a new key; its receiver verifies with {key}"))?;
            }
            Command::Remove { id } => {
                let (id, now) = (*id, Timestamp::now());
                let gone =
                    store.write(move |tx| subscriptions::remove(tx, id, now).map_err(Failure::from)).await?;
                if !gone {
                    return Err(unknown("webhook", id));
                }
                output::line(format_args!("{id} is told no more"))?;
            }
            Command::Deliveries { id, format } => told(&store, *id, *format).await?,
            Command::Replay { id, since, all } => replay(&store, *id, *since, *all).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn unknown(what: &str, id: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::NotFound, format!("there is no {what} {id}"))
}

fn invalid(reason: String) -> Failure {
    Failure::new(ErrorKind::Invalid, reason)
}

fn scheme(asymmetric: bool) -> Scheme {
    if asymmetric { Scheme::Asymmetric } else { Scheme::Shared }
}

fn read(
    config: &Config,
    url: &str,
    wanted: &[String],
    filters: &[String],
    name: Option<&str>,
    scheme: Scheme,
) -> Result<Webhook, Failure> {
    web_address(url, &config.webhooks.allowed()).map_err(|refused| invalid(format!("{url}: {refused}")))?;
    if let Some(unknown) = wanted.iter().find(|event| !events::is_known(event)) {
        let known: Vec<&str> = events::EVENTS.iter().map(|(name, _)| *name).collect();
        return Err(invalid(format!("{unknown:?} is no event; known: {}", known.join(", "))));
    }
    let mut by_field: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for filter in filters {
        let (field, value) =
            filter.split_once('=').ok_or_else(|| invalid(format!("--filter {filter} is not FIELD=VALUE")))?;
        by_field.entry(field.to_owned()).or_default().push(value.to_owned());
    }
    let now = Timestamp::now();
    Ok(Webhook {
        id: WebhookId::new(),
        name: name.unwrap_or(url).to_owned(),
        url: url.to_owned(),
        state: WebhookState::Active,
        events: wanted.to_vec(),
        filters: by_field,
        secrets: vec![Secret { key: sign::generate(scheme)?, until: None }],
        reason: None,
        created_at: now,
        updated_at: now,
    })
}

async fn list(store: &Store, format: output::TableFormat) -> Result<(), Failure> {
    let rows = store.read(|tx| subscriptions::list(tx, None, LISTED)).await?;
    match format {
        output::TableFormat::Json => {
            let shown = |row: &Webhook| {
                json!({
                    "id": row.id, "name": row.name, "url": row.url, "state": row.state, "events": row.events,
                    "filters": row.filters, "keys": row.secrets.len(), "reason": row.reason,
                })
            };
            output::line(format_args!("{:#}", json!(rows.iter().map(shown).collect::<Vec<_>>())))
        }
        output::TableFormat::Table if rows.is_empty() => output::line("nobody is told of anything"),
        output::TableFormat::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_header(["id", "name", "url", "state", "events"]);
            for row in &rows {
                table.add_row([
                    &row.id.to_string(),
                    &row.name,
                    &row.url,
                    row.state.as_str(),
                    &row.events.join(" "),
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}

async fn rotate(store: &Store, id: WebhookId, overlap: u32, scheme: Scheme) -> Result<String, Failure> {
    let (now, key) = (Timestamp::now(), sign::generate(scheme)?);
    let receiver = sign::for_receiver(&key)?;
    let until = now.checked_add(SignedDuration::from_hours(overlap.into())).unwrap_or(now);
    store
        .write(move |tx| {
            let mut webhook = subscriptions::get(tx, id)?.ok_or_else(|| unknown("webhook", id))?;
            webhook.secrets.truncate(1);
            webhook.secrets.iter_mut().for_each(|secret| secret.until = Some(until));
            webhook.secrets.insert(0, Secret { key: key.clone(), until: None });
            subscriptions::update(tx, &webhook, now)?;
            Ok::<_, Failure>(())
        })
        .await?;
    Ok(receiver)
}

async fn told(store: &Store, id: WebhookId, format: output::TableFormat) -> Result<(), Failure> {
    let filter = DeliveryFilter { webhook: Some(id), ..DeliveryFilter::default() };
    let rows = store.read(move |tx| deliveries::list(tx, &filter, None, LISTED)).await?;
    match format {
        output::TableFormat::Json => {
            let shown = |row: &deliveries::Delivery| {
                json!({
                    "id": row.id, "event": row.event, "url": row.url, "state": row.state, "tries": row.tries,
                    "reason": row.reason, "created_at": row.created_at.to_string(), "due_at": row.due_at.to_string(),
                })
            };
            output::line(format_args!("{:#}", json!(rows.iter().map(shown).collect::<Vec<_>>())))
        }
        output::TableFormat::Table if rows.is_empty() => output::line("it was told nothing"),
        output::TableFormat::Table => {
            let mut table = Table::new();
            table
                .load_style(presets::NOTHING)
                .set_header(["id", "event", "state", "tries", "created", "reason"]);
            for row in &rows {
                let created = row.created_at.strftime("%Y-%m-%d %H:%M:%S").to_string();
                let (tries, reason) = (row.tries.to_string(), row.reason.as_deref().unwrap_or_default());
                table.add_row([
                    &row.id.to_string(),
                    &row.event,
                    row.state.as_str(),
                    &tries,
                    &created,
                    reason,
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}

/// What tells the courier goes into the outbox, due at once: whichever process runs next publishes it.
async fn replay(store: &Store, id: uuid::Uuid, since: Option<Timestamp>, all: bool) -> Result<(), Failure> {
    let now = Timestamp::now();
    let again = move |tx: &mut Tx| -> Result<usize, Failure> {
        let (count, destinations) = match since {
            Some(since) => deliveries::replay_since(tx, WebhookId(id), since, !all, REPLAYED, now)?,
            None => {
                let one =
                    deliveries::replay(tx, DeliveryId(id), now)?.ok_or_else(|| unknown("delivery", id))?;
                (1, vec![one])
            }
        };
        if count > 0 {
            let outgoing = Outgoing::new(&WebhooksQueued { destinations });
            outbox::push(tx, &[Envelope::seal(&outgoing, "stocktake/admin", None)], None, now)?;
        }
        Ok(count)
    };
    let count = store.write(again).await?;
    output::line(format_args!("{count} on their way again"))
}
