//! `stocktake admin webhook`: who is told of what over HTTP, and telling it again.

mod show;
mod write;

use std::process::ExitCode;

use addresses::{Allowed, origin_of, web_address};
use clap::Subcommand;
use contracts::{DeliveryId, ErrorKind, Failure, WebhookId};
use egress::sign::{self, Scheme};
use jiff::Timestamp;
use store::{
    Tx,
    webhooks::{
        deliveries::DeliveryState,
        destinations,
        subscriptions::{self, Webhook, WebhookState},
    },
};
use worker::process;

use crate::{cli::Global, output, session};

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
    /// Say anew where one is, or what it is told of; what is not given stays as it is
    Change {
        /// Its id, as `list` shows it
        id: WebhookId,
        /// Where to
        #[arg(long)]
        url: Option<String>,
        /// Of what: an event, `snapshot.*` or `*`; may be given several times
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<String>,
        /// Only when a field of the event has this value; may be given several times
        #[arg(long = "filter", value_name = "FIELD=VALUE", conflicts_with = "unfiltered")]
        filters: Vec<String>,
        /// Whatever the fields of the event are
        #[arg(long)]
        unfiltered: bool,
        /// A name for people
        #[arg(long)]
        name: Option<String>,
    },
    /// Tell one nothing of what happens from now on
    Pause {
        /// Its id, as `list` shows it
        id: WebhookId,
    },
    /// Tell one again that was paused or switched off
    Resume {
        /// Its id, as `list` shows it
        id: WebhookId,
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
        /// Only those in this state: pending, delivered or failed
        #[arg(long, value_parser = state_named)]
        state: Option<DeliveryState>,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Show each try of one delivery: when, what was answered, and how long it took
    Tries {
        /// The id of the delivery, as `deliveries` shows it
        id: DeliveryId,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Show the events that webhooks can be told of
    Events,
    /// Show the origins that are sent to, and how they have been doing
    Destinations {
        /// Only those that do not do well
        #[arg(long)]
        failing: bool,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Send to an origin again that was switched off for having failed too long
    SwitchOn {
        /// Its origin, a scheme and a host, as `destinations` shows it
        origin: String,
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
            Command::List { format } => show::list(&store, *format).await?,
            Command::Add { url, events, filters, name, asymmetric } => {
                let webhook =
                    write::read(&loaded.config, url, events, filters, name.as_deref(), scheme(*asymmetric))?;
                let (id, key) = (webhook.id, sign::for_receiver(&webhook.secrets[0].key)?);
                let insert = move |tx: &mut Tx| {
                    write::switch_on(tx, &webhook.url)?;
                    subscriptions::insert(tx, &webhook).map(drop).map_err(Failure::from)
                };
                store.write(insert).await?;
                output::line(format_args!("{id} is told from now on; its receiver verifies with {key}"))?;
            }
            Command::Rotate { id, overlap, asymmetric } => {
                let key = write::rotate(&store, *id, *overlap, scheme(*asymmetric)).await?;
                output::line(format_args!("{id} has a new key; its receiver verifies with {key}"))?;
            }
            Command::Change { id, url, events, filters, unfiltered, name } => {
                let (config, url, events) = (loaded.config.clone(), url.clone(), events.clone());
                let (filters, unfiltered, name) = (filters.clone(), *unfiltered, name.clone());
                let change = move |webhook: &mut Webhook| {
                    if let Some(url) = &url {
                        write::check_url(&config, url)?;
                        webhook.url.clone_from(url);
                    }
                    if let Some(name) = &name {
                        webhook.name.clone_from(name);
                    }
                    if !events.is_empty() {
                        write::check_events(&events)?;
                        webhook.events.clone_from(&events);
                    }
                    if unfiltered || !filters.is_empty() {
                        webhook.filters = write::by_field(&filters)?;
                    }
                    Ok(())
                };
                write::changed(&store, *id, change).await?;
                output::line(format_args!("{id} is changed"))?;
            }
            Command::Pause { id } => {
                write::changed(&store, *id, |webhook| {
                    webhook.state = WebhookState::Paused;
                    Ok(())
                })
                .await?;
                output::line(format_args!("{id} is told nothing until it is resumed"))?;
            }
            Command::Resume { id } => {
                write::changed(&store, *id, |webhook| {
                    (webhook.state, webhook.reason) = (WebhookState::Active, None);
                    Ok(())
                })
                .await?;
                output::line(format_args!("{id} is told from now on"))?;
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
            Command::Deliveries { id, state, format } => {
                show::deliveries_of(&store, *id, *state, *format).await?;
            }
            Command::Tries { id, format } => show::tries(&store, *id, *format).await?,
            Command::Events => show::all_events()?,
            Command::Destinations { failing, format } => {
                show::destinations_of(&store, *failing, *format).await?;
            }
            Command::SwitchOn { origin } => {
                let url = web_address(origin, &Allowed::everything());
                let wanted =
                    url.map(|url| origin_of(&url)).map_err(|refused| invalid(refused.to_string()))?;
                let write = move |tx: &mut Tx| destinations::switch_on(tx, &wanted).map_err(Failure::from);
                if !store.write(write).await? {
                    return Err(unknown("destination", origin));
                }
                output::line(format_args!("{origin} is sent to again"))?;
            }
            Command::Replay { id, since, all } => write::replay(&store, *id, *since, *all).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn state_named(name: &str) -> Result<DeliveryState, String> {
    let found = DeliveryState::ALL.iter().copied().find(|state| state.as_str() == name);
    found.ok_or_else(|| {
        let known: Vec<&str> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        format!("known: {}", known.join(", "))
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
