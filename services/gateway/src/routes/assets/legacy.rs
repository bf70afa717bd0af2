//! Assets as they were submitted before: the same paths, payloads and answers, for programs that know them.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, get, post,
    web::{Path, Query},
};
use analysis::validation::Kind;
use contracts::AssetId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::assets::{self, AssetFilter, NewAsset, Provider};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    body::{is_unreachable, is_wrong},
    shape::{OldAsset, OldListed},
    submit,
};
use crate::{
    context::Shared,
    error::Problem,
    error_docs::{Finding, Listing, Making},
    extract::AnyJson,
    paging::{Window, encode},
};

pub(in crate::routes) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(old_image).service(old_list).service(old_one).service(old_echo);
}

/// What is submitted. It is read by hand, so that what is wrong is told in the words that it always was.
#[derive(ToSchema)]
#[schema(as = OldNewAsset)]
#[expect(dead_code, reason = "it only describes what is read by hand")]
struct Submitted {
    #[schema(rename = "assetPath")]
    asset_path: OldPath,
    /// Each is optional.
    notifications: OldHooks,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes what is read by hand")]
struct OldPath {
    /// `local`, or `url` for http, https, s3, gs and az.
    #[schema(example = "local")]
    location: String,
    path: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes what is read by hand")]
struct OldHooks {
    #[schema(rename = "onStart")]
    on_start: Option<String>,
    #[schema(rename = "onSuccess")]
    on_success: Option<String>,
    #[schema(rename = "onFailure")]
    on_failure: Option<String>,
}

/// An asset that was accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = OldAccepted)]
struct Accepted {
    id: Uuid,
    /// `queued`
    state: &'static str,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// How many items at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// From the header `Link` of the page before.
    after: Option<String>,
}

/// Submits an image, as before.
#[utoipa::path(tag = "assets", security(("key" = ["submit"])), request_body = Submitted, responses(
    (status = 202, description = "It is queued", body = Accepted), Making))]
#[post("/assets/image")]
async fn old_image(context: Shared, body: AnyJson) -> Result<HttpResponse, Problem> {
    let new = match read(&body.0) {
        Ok(read) => located(&context, read).await,
        Err(wrong) => Err(wrong),
    };
    let new = match new {
        Ok(new) => new,
        Err(wrong) => return Ok(HttpResponse::BadRequest().json(wrong)),
    };
    let digest = Sha256::digest(body.0.to_string()).to_vec();
    let taken = submit::submit(&context, None, digest, vec![new]).await?;
    Ok(HttpResponse::Accepted().json(Accepted { id: taken.first.0, state: taken.state.as_str() }))
}

/// Lists assets, oldest first, as a bare array, as before. The header `Link` leads to the next page.
#[utoipa::path(tag = "assets", params(Asked), responses(
    (status = 200, description = "Assets", body = Vec<OldListed>,
        headers(("Link" = String, description = "The next page, when there is one"))), Listing))]
#[get("/assets")]
async fn old_list(context: Shared, asked: Query<Asked>) -> Result<HttpResponse, Problem> {
    let window = Window::<Uuid>::read(asked.limit, asked.after.as_deref())?;
    let (after, wanted, limit) = (window.after.map(AssetId), window.wanted(), window.limit);
    let rows =
        context.engine.store.read(move |tx| assets::list(tx, &AssetFilter::default(), after, wanted)).await?;
    let more = rows.len() > limit as usize;
    let last = rows.get(limit as usize - 1).filter(|_| more).map(|row| encode(&row.id.0));
    let items: Vec<OldListed> = rows.into_iter().take(limit as usize).map(OldListed::from).collect();
    let mut answer = HttpResponse::Ok();
    if let Some(cursor) = last {
        answer.insert_header(("Link", format!("</assets/?limit={limit}&after={cursor}>; rel=\"next\"")));
    }
    Ok(answer.json(items))
}

/// One asset, as before.
#[utoipa::path(tag = "assets", params(("id" = Uuid, Path, description = "The asset's id")), responses(
    (status = 200, description = "The asset", body = OldAsset), Finding))]
#[get("/assets/{id}")]
async fn old_one(context: Shared, id: Path<String>) -> Result<HttpResponse, Problem> {
    let found = match id.parse::<AssetId>() {
        Ok(id) => context.engine.store.read(move |tx| assets::get(tx, id)).await?,
        Err(_) => None,
    };
    Ok(match found {
        Some(row) => HttpResponse::Ok().json(OldAsset::from(row)),
        None => HttpResponse::NotFound().json(json!({ "detail": "Not found." })),
    })
}

/// Says again what was said to it, as before: somewhere for hooks to go while a program is tried out.
#[utoipa::path(tag = "assets", security(("key" = ["read"])),
    request_body(content = Value, example = json!({ "asset": "complete" })), responses(
    (status = 200, description = "What was sent", body = Value), Making))]
#[post("/echo/post")]
async fn old_echo(body: AnyJson) -> HttpResponse {
    HttpResponse::Ok().json(body.0)
}

/// Texts by field, nested as the fields are.
type Wrong = BTreeMap<&'static str, Value>;

/// What is read of a submission, before it is known whether it can be reached.
struct Read {
    location: Location,
    path: String,
    hooks: [Option<String>; 3],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Location {
    Local,
    Url,
}

const REQUIRED: &str = "This field is required.";
const HOOKS: [&str; 3] = ["onStart", "onSuccess", "onFailure"];

fn read(body: &Value) -> Result<Read, Wrong> {
    let mut wrong = Wrong::new();
    if !body.is_object() {
        return Err(Wrong::from([("non_field_errors", json!([not_a_dictionary(body)]))]));
    }
    let path = object(body, "assetPath", &mut wrong).map(|object| {
        let mut inside = Wrong::new();
        let location = text(object, "location", &mut inside).and_then(|name| match name {
            "local" => Some(Location::Local),
            "url" => Some(Location::Url),
            other => {
                inside.insert("location", json!([format!("\"{other}\" is not a valid choice.")]));
                None
            }
        });
        let path = text(object, "path", &mut inside).map(str::to_owned);
        if !inside.is_empty() {
            wrong.insert("assetPath", json!(inside));
        }
        (location, path)
    });
    let hooks = object(body, "notifications", &mut wrong).map(|object| {
        let mut inside = Wrong::new();
        let hooks = HOOKS.map(|name| match object.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(url)) if url.is_empty() => None,
            Some(Value::String(url)) => Some(url.clone()),
            Some(_) => {
                inside.insert(name, json!(["Not a valid string."]));
                None
            }
        });
        if !inside.is_empty() {
            wrong.insert("notifications", json!(inside));
        }
        hooks
    });
    match (path, hooks) {
        (Some((Some(location), Some(path))), Some(hooks)) if wrong.is_empty() => {
            Ok(Read { location, path, hooks })
        }
        _ => Err(wrong),
    }
}

fn not_a_dictionary(value: &Value) -> String {
    let kind = match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    format!("Invalid data. Expected a dictionary, but got {kind}.")
}

fn object<'a>(body: &'a Value, name: &'static str, wrong: &mut Wrong) -> Option<&'a Value> {
    let told = match body.get(name) {
        Some(value) if value.is_object() => return Some(value),
        Some(Value::Null) => json!(["This field may not be null."]),
        Some(other) => json!({ "non_field_errors": [not_a_dictionary(other)] }),
        None => json!([REQUIRED]),
    };
    wrong.insert(name, told);
    None
}

fn text<'a>(object: &'a Value, name: &'static str, wrong: &mut Wrong) -> Option<&'a str> {
    let told = match object.get(name) {
        Some(Value::String(text)) if text.is_empty() => "This field may not be blank.",
        Some(Value::String(text)) if text.len() <= 4_096 => return Some(text),
        Some(Value::String(_)) => "Ensure this field has no more than 4096 characters.",
        Some(Value::Null) => "This field may not be null.",
        Some(_) => "Not a valid string.",
        None => REQUIRED,
    };
    wrong.insert(name, json!([told]));
    None
}

/// Where the asset is, when it can be reached. Hooks that are no URLs are told of when it runs, as before.
async fn located(context: &Shared, read: Read) -> Result<NewAsset, Wrong> {
    let Read { location, path, hooks: [on_start, on_success, on_failure] } = read;
    let unreachable = || Wrong::from([("assetPath", json!({ "path": [assets_text()] }))]);
    let provider = match (location, context.intake.library.locate(&path)) {
        (Location::Local, Ok(Provider::Local)) => Provider::Local,
        (Location::Url, Ok(provider)) if provider != Provider::Local => provider,
        (_, Err(failure)) if is_wrong(failure.kind) => {
            return Err(Wrong::from([("assetPath", json!({ "path": [failure.reason] }))]));
        }
        _ => return Err(unreachable()),
    };
    if is_unreachable(context, provider, &path).await {
        return Err(unreachable());
    }
    let kind = Kind::Image.as_str().to_owned();
    Ok(NewAsset { kind, provider, path, on_start, on_success, on_failure })
}

fn assets_text() -> &'static str {
    ::assets::UNREACHABLE.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: Value) -> Value {
        json!(read(&body).err().unwrap_or_default())
    }

    #[test]
    fn every_field_that_is_wrong_is_told_where_it_is() {
        let required = json!([REQUIRED]);
        assert_eq!(told(json!({})), json!({ "assetPath": required, "notifications": required }));
        assert_eq!(
            told(json!({ "assetPath": { "location": "moon" }, "notifications": { "onStart": 1 } })),
            json!({
                "assetPath": { "location": ["\"moon\" is not a valid choice."], "path": required },
                "notifications": { "onStart": ["Not a valid string."] },
            })
        );
        assert_eq!(
            told(json!({ "assetPath": [], "notifications": null })),
            json!({
                "assetPath": { "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] },
                "notifications": ["This field may not be null."],
            })
        );
        assert_eq!(
            told(json!([]))["non_field_errors"][0],
            "Invalid data. Expected a dictionary, but got list."
        );
    }

    #[test]
    fn hooks_are_optional() {
        let body = json!({
            "assetPath": { "location": "local", "path": "a.jpg" },
            "notifications": { "onStart": null, "onFailure": "nonsense" },
        });
        let read = read(&body).ok().unwrap();
        assert_eq!(read.hooks, [None, None, Some("nonsense".to_owned())]);
    }
}
