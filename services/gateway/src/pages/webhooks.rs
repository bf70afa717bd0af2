//! Who is told over HTTP, what they were told, and each try of it.

use actix_web::{
    HttpResponse,
    web::{Path, Query},
};
use contracts::{DeliveryId, WebhookId, events};
use store::webhooks::{
    deliveries::{self, Delivery, DeliveryFilter, DeliveryState},
    destinations::{self, Destination},
    subscriptions::{self, ASSET_HOOKS, Webhook, WebhookState},
};
use uuid::Uuid;

use super::{
    Text, html, page,
    parts::{button, link, number, state, table, text, time},
};
use crate::{context::Shared, error::Problem, routes::state_named};

/// Webhooks, and deliveries of one, that are shown.
const ROWS: u32 = 200;

const SECRET: &str = "<p id=\"secret\" class=\"secret\" role=\"status\" hidden>What the receiver verifies with, \
shown here and nowhere else: <code></code></p>\n";

const FORM: &str = "<h2>A new webhook</h2>\n\
<form class=\"fields\" data-api=\"POST /api/v1/webhooks\">\n\
<p><label>URL<br><input name=\"url\" type=\"url\" required placeholder=\"https://example.org/hook\" autocomplete=\"off\"></label></p>\n\
<p><label>Name<br><input name=\"name\" maxlength=\"200\" autocomplete=\"off\"></label></p>\n\
<p><label>Events<br><input name=\"events\" data-as=\"list\" required placeholder=\"snapshot.* task.failed\" list=\"events\" autocomplete=\"off\"></label></p>\n\
<p><label>Only when, one field a line<br><textarea name=\"filters\" data-as=\"pairs\" rows=\"2\" placeholder=\"stock_name = default\"></textarea></label></p>\n\
<p><label>Signed with<br><select name=\"scheme\"><option value=\"shared\">a shared secret</option>\
<option value=\"asymmetric\">a key of ours (ed25519)</option></select></label></p>\n\
<p><button>Make</button></p>\n</form>\n";

pub(super) async fn list(context: Shared) -> Result<HttpResponse, Problem> {
    let read = |tx: &mut store::Tx| {
        Ok((subscriptions::list(tx, None, ROWS)?, destinations::list(tx, true, None, ROWS)?))
    };
    let (found, failing) = context.engine.store.read(read).await?;
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|webhook| {
            vec![
                link(format_args!("/webhooks/{}", webhook.id), &webhook.name),
                text(&webhook.url),
                text(webhook.events.join(", ")),
                text(filters(webhook)),
                state_of(webhook),
                number(webhook.secrets.len() as u64),
                buttons(webhook),
            ]
        })
        .collect();
    let heads = ["name", "URL", "events", "only when", "state", "#keys", ""];
    let body = table(&heads, &rows, "None yet.") + &destinations_of(&failing);
    let names = events::EVENTS.iter().map(|(name, _)| format!("<option value=\"{}\">", Text(name)));
    Ok(html(page(
        "Stocktake: webhooks",
        &format!(
            "<h1>Webhooks</h1>\n{SECRET}<div id=\"live\" data-live>{body}</div>\n{FORM}<datalist id=\"events\">{}</datalist>\n",
            names.collect::<String>()
        ),
    )))
}

/// Which deliveries are shown.
#[derive(serde::Deserialize)]
pub(super) struct Shown {
    state: Option<String>,
}

pub(super) async fn show(
    context: Shared,
    id: Path<Uuid>,
    shown: Query<Shown>,
) -> Result<HttpResponse, Problem> {
    let id = WebhookId(*id);
    let state = state_named(shown.state.as_deref().filter(|state| !state.is_empty()), DeliveryState::ALL)?;
    let filter = DeliveryFilter { webhook: Some(id), state, ..DeliveryFilter::default() };
    let read = move |tx: &mut store::Tx| {
        let Some(webhook) = subscriptions::get(tx, id)? else { return Ok(None) };
        Ok(Some((webhook, deliveries::list(tx, &filter, None, ROWS)?)))
    };
    let found = context.engine.store.read(read).await?;
    let (webhook, told) = found.ok_or_else(|| Problem::no_such("webhook", id))?;
    let mut body = format!(
        "<h1>{}</h1>\n<p>{} {}</p>\n<p>{}</p>\n",
        Text(&webhook.name),
        state_of(&webhook),
        Text(&webhook.url),
        buttons(&webhook),
    );
    if let Some(reason) = &webhook.reason {
        body.push_str(&format!("<p class=\"wrong\">{}</p>\n", Text(reason)));
    }
    body.push_str("<h2>What it was told</h2>\n<p class=\"soft\">");
    body.push_str(&link(format_args!("/webhooks/{id}"), "all"));
    for one in DeliveryState::ALL {
        body.push_str(&format!(" · {}", link(format_args!("/webhooks/{id}?state={one}"), one)));
    }
    body.push_str("</p>\n");
    let rows: Vec<Vec<String>> = told.iter().map(row).collect();
    let heads = ["event", "to", "state", "#tries", "due", "ended", "given up because", ""];
    body.push_str(&table(&heads, &rows, "Nothing yet."));
    let again = format!(
        "<h2>Tell it again</h2>\n<form class=\"fields\" data-api=\"POST /api/v1/webhooks/{id}/replay\">\n\
         <p><label>What it was told since<br><input name=\"since\" type=\"datetime-local\" data-as=\"instant\" required></label></p>\n\
         <p><label><input type=\"checkbox\" name=\"all\" data-as=\"flag\"> also what was delivered</label></p>\n\
         <p><button>Replay</button></p>\n</form>\n"
    );
    Ok(html(page(
        "Stocktake: webhook",
        &format!("{SECRET}<div id=\"live\" data-live>\n{body}</div>\n{again}{}", change(&webhook)),
    )))
}

/// The form that changes a webhook; the one of asset hooks has nothing to be changed.
fn change(webhook: &Webhook) -> String {
    if webhook.id == ASSET_HOOKS {
        return String::new();
    }
    let filters: String =
        webhook.filters.iter().map(|(field, values)| format!("{field} = {}\n", values.join(", "))).collect();
    format!(
        "<h2>Change it</h2>\n<form class=\"fields\" data-api=\"PUT /api/v1/webhooks/{}\">\n\
         <p><label>URL<br><input name=\"url\" type=\"url\" required value=\"{}\" autocomplete=\"off\"></label></p>\n\
         <p><label>Name<br><input name=\"name\" maxlength=\"200\" value=\"{}\" autocomplete=\"off\"></label></p>\n\
         <p><label>Events<br><input name=\"events\" data-as=\"list\" required value=\"{}\" autocomplete=\"off\"></label></p>\n\
         <p><label>Only when, one field a line<br><textarea name=\"filters\" data-as=\"pairs\" rows=\"2\">{}</textarea></label></p>\n\
         <p><button>Change</button></p>\n</form>\n",
        webhook.id,
        Text(&webhook.url),
        Text(&webhook.name),
        Text(webhook.events.join(" ")),
        Text(filters),
    )
}

pub(super) async fn delivery(context: Shared, id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    let id = DeliveryId(*id);
    let read = move |tx: &mut store::Tx| {
        let Some(found) = deliveries::get(tx, id)? else { return Ok(None) };
        Ok(Some((found, deliveries::attempts_of(tx, id)?)))
    };
    let found = context.engine.store.read(read).await?;
    let (told, attempts) = found.ok_or_else(|| Problem::no_such("delivery", id))?;
    let rows: Vec<Vec<String>> = attempts
        .iter()
        .map(|attempt| {
            vec![
                time(attempt.at),
                attempt.status.map(|status| status.to_string()).unwrap_or_default(),
                format!("{:.1} ms", attempt.micros as f64 / 1_000.0),
                text(attempt.error.as_deref().unwrap_or_default()),
                format!("<pre><code>{}</code></pre>", Text(&attempt.answer)),
            ]
        })
        .collect();
    let tries =
        table(&["at", "#status", "#took", "no answer because", "answer"], &rows, "It was not tried yet.");
    let heads = ["event", "to", "state", "#tries", "due", "ended", "given up because", ""];
    Ok(html(page(
        "Stocktake: delivery",
        &format!(
            "<div id=\"live\" data-live>\n<h1>Delivery <small>msg_{}</small></h1>\n<p>{}</p>\n{}<h2>Tries</h2>\n{tries}\
             <h2>What is posted</h2>\n<pre><code>{}</code></pre>\n</div>\n",
            told.id.0.simple(),
            link(format_args!("/webhooks/{}", told.webhook), "of this webhook"),
            table(&heads, &[row(&told)], ""),
            Text(&told.body),
        ),
    )))
}

/// Those that do not do well, whether a webhook or a hook of an asset is there.
fn destinations_of(failing: &[Destination]) -> String {
    if failing.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = failing
        .iter()
        .map(|one| {
            let path = format!("POST /api/v1/webhook-destinations/{}/switch-on", one.id);
            let instant = |at: Option<jiff::Timestamp>| at.map(time).unwrap_or_default();
            vec![
                text(&one.origin),
                state(one.state()),
                number(one.health.failures.into()),
                instant(one.health.failing_since),
                instant(one.health.open_until.filter(|_| one.switched_off_at.is_none())),
                button(&path, "Switch on", None),
            ]
        })
        .collect();
    let heads = ["origin", "state", "#failures", "since", "left alone until", ""];
    format!("<h2>Destinations that do not answer well</h2>\n{}", table(&heads, &rows, ""))
}

fn row(told: &Delivery) -> Vec<String> {
    let path = format!("/api/v1/webhook-deliveries/{}", told.id);
    let replay = button(&format!("POST {path}/replay"), "Replay", None);
    vec![
        link(format_args!("/webhook-deliveries/{}", told.id), &told.event),
        text(&told.url),
        state(told.state.as_str()),
        number(told.tries.into()),
        if told.state == DeliveryState::Pending { time(told.due_at) } else { String::new() },
        told.ended_at.map(time).unwrap_or_default(),
        text(told.reason.as_deref().unwrap_or_default()),
        // What is still on its way comes by itself.
        if told.state == DeliveryState::Pending { String::new() } else { replay },
    ]
}

fn filters(webhook: &Webhook) -> String {
    let all = webhook.filters.iter().map(|(field, values)| format!("{field} = {}", values.join(", ")));
    all.collect::<Vec<_>>().join("; ")
}

fn state_of(webhook: &Webhook) -> String {
    let shown = state(webhook.state.as_str());
    match &webhook.reason {
        Some(reason) => format!("<span title=\"{}\">{shown}</span>", Text(reason)),
        None => shown,
    }
}

fn buttons(webhook: &Webhook) -> String {
    let path = format!("/api/v1/webhooks/{}", webhook.id);
    let sure = "Make a new key? The one that is used now is used beside it for a day.";
    let rotate = button(&format!("POST {path}/rotate"), "Rotate", Some(sure));
    if webhook.id == ASSET_HOOKS {
        return rotate;
    }
    let (turn, to) = match webhook.state {
        WebhookState::Active => ("Pause", "paused"),
        WebhookState::Paused | WebhookState::SwitchedOff => ("Go on", "active"),
    };
    let turn = format!(
        "<form class=\"inline\" data-api=\"PUT {path}/state\"><input type=\"hidden\" name=\"state\" value=\"{to}\">\
         <button>{turn}</button></form>"
    );
    let sure = "Remove this webhook? What is still on its way to it is given up.";
    format!("{rotate}{turn}{}", button(&format!("DELETE {path}"), "Remove", Some(sure)))
}
