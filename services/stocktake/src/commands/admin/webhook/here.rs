//! In the store of this machine.

use addresses::{Allowed, origin_of, web_address};
use contracts::{DeliveryId, Envelope, Failure, Outgoing, WebhookId, events, messages::WebhooksQueued};
use egress::sign::{self, Scheme};
use gateway::shown;
use jiff::{SignedDuration, Timestamp};
use runtime::config::Config;
use serde_json::{Value, json};
use store::{
    Store, Tx, outbox,
    webhooks::{
        deliveries::{self, DeliveryFilter},
        destinations,
        subscriptions::{self, ASSET_HOOKS, Secret, Webhook, WebhookState},
    },
};

use super::{Command, by_field, invalid, origin, scheme, show, unknown};
use crate::output;

/// How many are told again at once.
const REPLAYED: u32 = 10_000;

pub(super) async fn run(config: &Config, store: &Store, command: &Command) -> Result<(), Failure> {
    match command {
        Command::List { format } => {
            let rows = store.read(|tx| subscriptions::list(tx, None, show::LISTED)).await?;
            show::webhooks(&rows.into_iter().map(shown::webhook).collect::<Vec<_>>(), *format)
        }
        Command::Add { url, events, filters, name, asymmetric } => {
            let webhook = read(config, url, events, filters, name.as_deref(), scheme(*asymmetric))?;
            let made = made(&webhook)?;
            let insert = move |tx: &mut Tx| {
                switch_on(tx, &webhook.url)?;
                subscriptions::insert(tx, &webhook).map(drop).map_err(Failure::from)
            };
            store.write(insert).await?;
            show::made(&made)
        }
        Command::Rotate { id, overlap, asymmetric } => {
            show::rotated(&made(&rotate(store, *id, *overlap, scheme(*asymmetric)).await?)?)
        }
        Command::Change { id, url, events, filters, unfiltered, name } => {
            let (config, url, events) = (config.clone(), url.clone(), events.clone());
            let (filters, unfiltered, name) = (filters.clone(), *unfiltered, name.clone());
            let change = move |webhook: &mut Webhook| {
                if let Some(url) = &url {
                    check_url(&config, url)?;
                    webhook.url.clone_from(url);
                }
                if let Some(name) = &name {
                    webhook.name.clone_from(name);
                }
                if !events.is_empty() {
                    check_events(&events)?;
                    webhook.events.clone_from(&events);
                }
                if unfiltered || !filters.is_empty() {
                    webhook.filters = by_field(&filters)?;
                }
                Ok(())
            };
            changed(store, *id, change).await?;
            output::line(format_args!("{id} is changed"))
        }
        Command::Pause { id } => {
            changed(store, *id, |webhook| {
                webhook.state = WebhookState::Paused;
                Ok(())
            })
            .await?;
            output::line(format_args!("{id} is told nothing until it is resumed"))
        }
        Command::Resume { id } => {
            changed(store, *id, |webhook| {
                (webhook.state, webhook.reason) = (WebhookState::Active, None);
                Ok(())
            })
            .await?;
            output::line(format_args!("{id} is told from now on"))
        }
        Command::Remove { id } => {
            let (id, now) = (*id, Timestamp::now());
            let gone =
                store.write(move |tx| subscriptions::remove(tx, id, now).map_err(Failure::from)).await?;
            if !gone {
                return Err(unknown("webhook", id));
            }
            output::line(format_args!("{id} is told no more"))
        }
        Command::Deliveries { id, state, format } => {
            let filter = DeliveryFilter { webhook: Some(*id), state: *state, ..DeliveryFilter::default() };
            let rows = store.read(move |tx| deliveries::list(tx, &filter, None, show::LISTED)).await?;
            show::deliveries(&rows.into_iter().map(shown::delivery).collect::<Vec<_>>(), *format)
        }
        Command::Tries { id, format } => {
            let id = *id;
            let read = move |tx: &mut Tx| {
                let Some(found) = deliveries::get(tx, id)? else { return Ok(None) };
                Ok(Some(shown::delivery_detail(found, deliveries::attempts_of(tx, id)?)))
            };
            show::tries(&store.read(read).await?.ok_or_else(|| unknown("delivery", id))?, *format)
        }
        Command::Events => show::events(),
        Command::Destinations { failing, format } => {
            let failing = *failing;
            let rows = store.read(move |tx| destinations::list(tx, failing, None, show::LISTED)).await?;
            show::destinations(&rows.into_iter().map(shown::destination).collect::<Vec<_>>(), *format)
        }
        Command::SwitchOn { origin: named } => {
            let wanted = origin(named)?;
            let write = move |tx: &mut Tx| destinations::switch_on(tx, &wanted).map_err(Failure::from);
            if !store.write(write).await? {
                return Err(unknown("destination", named));
            }
            output::line(format_args!("{named} is sent to again"))
        }
        Command::Replay { id, since, all } => replay(store, *id, *since, *all).await,
    }
}

/// A webhook with what its receiver verifies by.
fn made(webhook: &Webhook) -> Result<Value, Failure> {
    let key = sign::for_receiver(&webhook.secrets[0].key)?;
    Ok(json!({ "webhook": shown::webhook(webhook.clone()), "secret": key }))
}

fn read(
    config: &Config,
    url: &str,
    wanted: &[String],
    filters: &[String],
    name: Option<&str>,
    scheme: Scheme,
) -> Result<Webhook, Failure> {
    check_url(config, url)?;
    check_events(wanted)?;
    let by_field = by_field(filters)?;
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

fn check_url(config: &Config, url: &str) -> Result<(), Failure> {
    let checked = web_address(url, &config.webhooks.allowed());
    checked.map(drop).map_err(|refused| invalid(format!("{url}: {refused}")))
}

fn check_events(wanted: &[String]) -> Result<(), Failure> {
    let Some(unknown) = wanted.iter().find(|event| !events::is_known(event)) else { return Ok(()) };
    let known: Vec<&str> = events::EVENTS.iter().map(|(name, _)| *name).collect();
    Err(invalid(format!("{unknown:?} is no event; known: {}", known.join(", "))))
}

/// Switches the destination of a webhook on: whoever wants it told has a reason to believe that it is there.
fn switch_on(tx: &mut Tx, url: &str) -> Result<(), Failure> {
    if let Ok(url) = web_address(url, &Allowed::everything()) {
        destinations::switch_on(tx, &origin_of(&url))?;
    }
    Ok(())
}

async fn changed(
    store: &Store,
    id: WebhookId,
    change: impl Fn(&mut Webhook) -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let now = Timestamp::now();
    let write = move |tx: &mut Tx| -> Result<(), Failure> {
        let mut webhook = subscriptions::get(tx, id)?.ok_or_else(|| unknown("webhook", id))?;
        if id == ASSET_HOOKS {
            return Err(invalid("the hooks of assets have nothing to be changed but their key".to_owned()));
        }
        change(&mut webhook)?;
        if webhook.state == WebhookState::Active {
            switch_on(tx, &webhook.url)?;
        }
        subscriptions::update(tx, &webhook, now)?;
        Ok(())
    };
    store.write(write).await
}

async fn rotate(store: &Store, id: WebhookId, overlap: u32, scheme: Scheme) -> Result<Webhook, Failure> {
    let (now, key) = (Timestamp::now(), sign::generate(scheme)?);
    let until = now.checked_add(SignedDuration::from_hours(overlap.into())).unwrap_or(now);
    let write = move |tx: &mut Tx| -> Result<Webhook, Failure> {
        let mut webhook = subscriptions::get(tx, id)?.ok_or_else(|| unknown("webhook", id))?;
        webhook.secrets.truncate(1);
        webhook.secrets.iter_mut().for_each(|secret| secret.until = Some(until));
        webhook.secrets.insert(0, Secret { key, until: None });
        subscriptions::update(tx, &webhook, now)?;
        Ok(webhook)
    };
    store.write(write).await
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
