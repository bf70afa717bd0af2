//! Who is told of an event.

use addresses::{Allowed, origin_of, web_address};
use contracts::{Failure, Outgoing, events, messages::WebhooksQueued};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{
    Tx,
    webhooks::{
        deliveries::{self, NewDelivery},
        subscriptions::{self, Webhook},
    },
};
use uuid::Uuid;

/// An event that is told.
pub(crate) struct Told {
    pub(crate) event: &'static str,
    pub(crate) subject: Option<Uuid>,
    pub(crate) data: Value,
}

/// Puts one event on its way to every webhook that wants to know of it.
pub(crate) fn fan_out(
    tx: &mut Tx,
    event: &'static str,
    subject: Option<Uuid>,
    data: &Value,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let webhooks = subscriptions::active(tx)?;
    write(tx, &webhooks, &[Told { event, subject, data: data.clone() }], now)
}

/// Puts events on their way to each of `webhooks` that wants to know of them.
pub(crate) fn write(
    tx: &mut Tx,
    webhooks: &[Webhook],
    told: &[Told],
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let mut new = Vec::new();
    for one in told {
        let wanting = webhooks.iter().filter(|webhook| wants(webhook, one.event, &one.data));
        let mut body = None;
        for webhook in wanting {
            let body = body.get_or_insert_with(|| {
                json!({ "type": one.event, "timestamp": now.to_string(), "data": one.data }).to_string()
            });
            // Which addresses are allowed is asked when it is sent, and each time.
            let Ok(url) = web_address(&webhook.url, &Allowed::everything()) else { continue };
            new.push(NewDelivery {
                webhook: webhook.id,
                subject: one.subject,
                event: one.event.to_owned(),
                url: webhook.url.clone(),
                origin: origin_of(&url),
                body: body.clone(),
            });
        }
    }
    let destinations = deliveries::enqueue(tx, &new, now)?;
    if destinations.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Outgoing::new(&WebhooksQueued { destinations })])
}

/// Whether a webhook wants to know of this.
fn wants(webhook: &Webhook, event: &str, data: &Value) -> bool {
    webhook.events.iter().any(|pattern| events::matches(pattern, event))
        && webhook.filters.iter().all(|(field, values)| {
            let found = match data.get(field) {
                None | Some(Value::Null) => return false,
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            values.contains(&found)
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use contracts::WebhookId;
    use store::webhooks::subscriptions::WebhookState;

    use super::*;

    fn webhook(events: &[&str], filters: &[(&str, &[&str])]) -> Webhook {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Webhook {
            id: WebhookId::new(),
            name: "w".to_owned(),
            url: "https://example.org/".to_owned(),
            state: WebhookState::Active,
            events: texts(events),
            filters: filters
                .iter()
                .map(|(name, values)| ((*name).to_owned(), texts(values)))
                .collect::<BTreeMap<_, _>>(),
            secrets: Vec::new(),
            reason: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn all_filters_have_to_hold() {
        let data = json!({ "stock_name": "main", "version": 3, "nothing": null });
        let wanted = |filters: &[(&str, &[&str])]| {
            wants(&webhook(&["snapshot.*"], filters), "snapshot.committed", &data)
        };
        assert!(wanted(&[]));
        assert!(wanted(&[("stock_name", &["other", "main"]), ("version", &["3"])]));
        assert!(!wanted(&[("stock_name", &["main"]), ("version", &["4"])]));
        assert!(!wanted(&[("missing", &["main"])]));
        assert!(!wanted(&[("nothing", &["null"])]));
        assert!(!wants(&webhook(&["task.*"], &[]), "snapshot.committed", &data));
    }
}
