//! The same through a gateway.

use contracts::Failure;
use egress::sign::Scheme;
use serde_json::{Value, json};

use super::{Command, by_field, scheme, show, unknown};
use crate::{
    output,
    remote::{Remote, encoded},
};

pub(super) async fn run(remote: &Remote, command: &Command) -> Result<(), Failure> {
    let most = show::LISTED as usize;
    match command {
        Command::List { format } => show::webhooks(&remote.items("/webhooks", most).await?, *format),
        Command::Add { url, events, filters, name, asymmetric } => {
            let filters = by_field(filters)?;
            let body = json!({
                "url": url, "events": events, "filters": filters, "name": name, "scheme": word(*asymmetric),
            });
            show::made(&remote.post("/webhooks", &body).await?)
        }
        Command::Rotate { id, overlap, asymmetric } => {
            let body = json!({ "scheme": word(*asymmetric), "overlap_hours": overlap });
            show::rotated(&remote.post(&format!("/webhooks/{id}/rotate"), &body).await?)
        }
        Command::Change { id, url, events, filters, unfiltered, name } => {
            let path = format!("/webhooks/{id}");
            let was = remote.get(&path).await?;
            let filters = by_field(filters)?;
            let body = json!({
                "url": url.as_ref().map_or_else(|| was["url"].clone(), |url| json!(url)),
                "name": name.as_ref().map_or_else(|| was["name"].clone(), |name| json!(name)),
                "events": if events.is_empty() { was["events"].clone() } else { json!(events) },
                "filters": if *unfiltered || !filters.is_empty() { json!(filters) } else { was["filters"].clone() },
            });
            remote.put(&path, &body).await?;
            output::line(format_args!("{id} is changed"))
        }
        Command::Pause { id } => {
            remote.put(&format!("/webhooks/{id}/state"), &json!({ "state": "paused" })).await?;
            output::line(format_args!("{id} is told nothing until it is resumed"))
        }
        Command::Resume { id } => {
            remote.put(&format!("/webhooks/{id}/state"), &json!({ "state": "active" })).await?;
            output::line(format_args!("{id} is told from now on"))
        }
        Command::Remove { id } => {
            remote.delete(&format!("/webhooks/{id}")).await?;
            output::line(format_args!("{id} is told no more"))
        }
        Command::Deliveries { id, state, format } => {
            let state = state.map(|state| format!("&state={state}")).unwrap_or_default();
            let path = format!("/webhook-deliveries?webhook={id}{state}");
            show::deliveries(&remote.items(&path, most).await?, *format)
        }
        Command::Tries { id, format } => {
            show::tries(&remote.get(&format!("/webhook-deliveries/{id}")).await?, *format)
        }
        Command::Events => show::events(),
        Command::Destinations { failing, format } => {
            let path = format!("/webhook-destinations?failing={failing}");
            show::destinations(&remote.items(&path, most).await?, *format)
        }
        Command::SwitchOn { origin } => {
            let wanted = super::origin(origin)?;
            let id = destination(remote, &wanted).await?.ok_or_else(|| unknown("destination", origin))?;
            remote.post(&format!("/webhook-destinations/{}/switch-on", encoded(&id)), &json!({})).await?;
            output::line(format_args!("{origin} is sent to again"))
        }
        Command::Replay { id, since, all } => {
            let replayed = match since {
                Some(since) => {
                    let body = json!({ "since": since, "all": all });
                    remote.post(&format!("/webhooks/{id}/replay"), &body).await?
                }
                None => remote.post(&format!("/webhook-deliveries/{id}/replay"), &json!({})).await?,
            };
            output::line(format_args!("{} on their way again", replayed["deliveries"]))
        }
    }
}

/// The id of the destination with this origin.
async fn destination(remote: &Remote, origin: &str) -> Result<Option<String>, Failure> {
    let all = remote.items("/webhook-destinations", usize::MAX).await?;
    let found = all.iter().find(|one| one["origin"] == origin);
    Ok(found.and_then(|one| one["id"].as_str()).map(str::to_owned))
}

fn word(asymmetric: bool) -> Value {
    match scheme(asymmetric) {
        Scheme::Shared => "shared".into(),
        Scheme::Asymmetric => "asymmetric".into(),
    }
}
