//! `stocktake admin webhook`: who is told of what over HTTP, and telling it again.

mod elsewhere;
mod here;
mod show;

use std::{collections::BTreeMap, process::ExitCode};

use addresses::{Allowed, origin_of, web_address};
use clap::Subcommand;
use contracts::{DeliveryId, ErrorKind, Failure, WebhookId};
use egress::sign::Scheme;
use jiff::Timestamp;
use store::webhooks::deliveries::DeliveryState;
use worker::process;

use crate::{cli::Global, output, remote::Remote, session};

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
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=720))]
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
    process::block_on(async {
        match Remote::of(global)? {
            Some(remote) => elsewhere::run(&remote, command).await?,
            None => {
                let loaded = session::load(global, &[])?;
                here::run(&loaded.config, &process::open_store(&loaded.config)?, command).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The values that fields of an event have to have, of words such as `kind=image`.
fn by_field(filters: &[String]) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut by_field: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for filter in filters {
        let (field, value) =
            filter.split_once('=').ok_or_else(|| invalid(format!("--filter {filter} is not FIELD=VALUE")))?;
        by_field.entry(field.to_owned()).or_default().push(value.to_owned());
    }
    Ok(by_field)
}

/// An origin as destinations are known by.
fn origin(text: &str) -> Result<String, Failure> {
    let url = web_address(text, &Allowed::everything());
    url.map(|url| origin_of(&url)).map_err(|refused| invalid(refused.to_string()))
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
