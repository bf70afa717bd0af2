//! Keys and what they used today, for who may see them.

use actix_web::{HttpRequest, HttpResponse, http::header::LOCATION};
use jiff::tz::TimeZone;
use store::api_keys::{self, Scope};

use super::{
    html, page,
    parts::{button, number, table, text, time},
};
use crate::{access::Caller, context::Shared, error::Problem};

/// Keys that are shown.
const ROWS: u32 = 500;

const FORM: &str = "<h2>A new key</h2>\n\
<p id=\"secret\" class=\"secret\" role=\"status\" hidden>The key, shown here and nowhere else: <code></code></p>\n\
<form class=\"fields\" data-api=\"POST /api/v1/keys\">\n\
<p><label>Name<br><input name=\"name\" required maxlength=\"200\" autocomplete=\"off\"></label></p>\n\
<fieldset><legend>It may</legend>\n\
<label><input type=\"checkbox\" name=\"scopes\" value=\"read\" checked> read</label>\n\
<label><input type=\"checkbox\" name=\"scopes\" value=\"submit\"> submit</label>\n\
<label><input type=\"checkbox\" name=\"scopes\" value=\"operate\"> operate</label>\n\
<label><input type=\"checkbox\" name=\"scopes\" value=\"admin\"> admin</label></fieldset>\n\
<p><label>Requests a minute<br><input name=\"rate_per_minute\" type=\"number\" min=\"0\" data-as=\"number\"></label></p>\n\
<p><label>Requests a day<br><input name=\"daily_quota\" type=\"number\" min=\"0\" data-as=\"number\"></label></p>\n\
<p><label>Until<br><input name=\"expires_at\" type=\"datetime-local\" data-as=\"instant\"></label></p>\n\
<p><button>Make</button></p>\n</form>\n";

pub(super) async fn show(context: Shared, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let Some(caller) = Caller::of(&request) else {
        return Err(Problem::internal("a request without a caller"));
    };
    if caller.key.is_none() {
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, "/sign-in?next=/keys")).finish());
    }
    caller.check(Scope::Admin, false)?;
    let day = context.now().to_zoned(TimeZone::UTC).date();
    let used = context.limits.used(day).await;
    let found = context.engine.store.read(|tx| api_keys::list(tx, None, ROWS)).await?;
    let now = context.now();
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|key| {
            let used = used.iter().find(|(id, _)| *id == key.id).map(|(_, used)| *used).unwrap_or_default();
            let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
            let is_over = key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now);
            let path = format!("/api/v1/keys/{}", key.id);
            let buttons = if is_over {
                if key.revoked_at.is_some() { "revoked".to_owned() } else { "expired".to_owned() }
            } else {
                format!(
                    "{}{}",
                    button(
                        &format!("POST {path}/rotate"),
                        "Rotate",
                        Some("Make a new key, and end this one now?")
                    ),
                    button(&format!("POST {path}/revoke"), "Revoke", Some("End this key?"))
                )
            };
            vec![
                format!("<code>{}</code>", text(&key.prefix)),
                text(&key.name),
                text(scopes.join(", ")),
                key.expires_at.map(time).unwrap_or_default(),
                number(used.requests),
                number(used.refused),
                number(used.callers),
                buttons,
            ]
        })
        .collect();
    let heads = ["key", "name", "may", "until", "#requests today", "#refused", "#callers, about", ""];
    let body = table(&heads, &rows, "None yet.");
    Ok(html(page(
        "Stocktake: keys",
        &format!("<h1>Keys</h1>\n<div id=\"live\" data-live>{body}</div>\n{FORM}"),
    )))
}
