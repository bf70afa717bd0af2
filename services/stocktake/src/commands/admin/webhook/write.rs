//! What of webhooks is written.

use std::collections::BTreeMap;

use addresses::{Allowed, origin_of, web_address};
use contracts::{DeliveryId, Envelope, Failure, Outgoing, WebhookId, events, messages::WebhooksQueued};
use egress::sign::{self, Scheme};
use jiff::{SignedDuration, Timestamp};
use runtime::config::Config;
use store::{
    Store, Tx, outbox,
    webhooks::{
        deliveries, destinations,
        subscriptions::{self, ASSET_HOOKS, Secret, Webhook, WebhookState},
    },
};

use super::{invalid, unknown};
use crate::output;

/// How many are told again at once.
const REPLAYED: u32 = 10_000;

pub(super) fn read(
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

pub(super) fn check_url(config: &Config, url: &str) -> Result<(), Failure> {
    let checked = web_address(url, &config.webhooks.allowed());
    checked.map(drop).map_err(|refused| invalid(format!("{url}: {refused}")))
}

pub(super) fn check_events(wanted: &[String]) -> Result<(), Failure> {
    let Some(unknown) = wanted.iter().find(|event| !events::is_known(event)) else { return Ok(()) };
    let known: Vec<&str> = events::EVENTS.iter().map(|(name, _)| *name).collect();
    Err(invalid(format!("{unknown:?} is no event; known: {}", known.join(", "))))
}

pub(super) fn by_field(filters: &[String]) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut by_field: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for filter in filters {
        let (field, value) =
            filter.split_once('=').ok_or_else(|| invalid(format!("--filter {filter} is not FIELD=VALUE")))?;
        by_field.entry(field.to_owned()).or_default().push(value.to_owned());
    }
    Ok(by_field)
}

/// Switches the destination of a webhook on: whoever wants it told has a reason to believe that it is there.
pub(super) fn switch_on(tx: &mut Tx, url: &str) -> Result<(), Failure> {
    if let Ok(url) = web_address(url, &Allowed::everything()) {
        destinations::switch_on(tx, &origin_of(&url))?;
    }
    Ok(())
}

pub(super) async fn changed(
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

pub(super) async fn rotate(
    store: &Store,
    id: WebhookId,
    overlap: u32,
    scheme: Scheme,
) -> Result<String, Failure> {
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

/// What tells the courier goes into the outbox, due at once: whichever process runs next publishes it.
pub(super) async fn replay(
    store: &Store,
    id: uuid::Uuid,
    since: Option<Timestamp>,
    all: bool,
) -> Result<(), Failure> {
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
