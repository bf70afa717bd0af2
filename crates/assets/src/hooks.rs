//! The hooks of an asset: who is told that it starts, is complete or has failed.

use addresses::{Allowed, origin_of, web_address};
use serde_json::json;
use store::{
    assets::{Asset, AssetState, Findings},
    webhooks::{deliveries::NewDelivery, subscriptions::ASSET_HOOKS},
};

/// The moments at which an asset's hooks are told, by the key that they have in requests and findings.
const KEYS: [&str; 3] = ["onStart", "onSuccess", "onFailure"];

fn hooks_of(asset: &Asset) -> [Option<&str>; 3] {
    [asset.on_start.as_deref(), asset.on_success.as_deref(), asset.on_failure.as_deref()]
}

/// What is wrong with a hook's URL, in the words that it has always had; `None` when nothing is.
pub fn wrong_url(url: &str) -> Option<String> {
    // A URL to where we do not go is a URL; it is refused when it is called.
    match web_address(url, &Allowed::everything()) {
        Ok(_) => None,
        Err(_) => Some(format!("`{url}`is not a valid URL")),
    }
}

/// What is wrong with the hooks of an asset, each under its key.
pub fn findings(asset: &Asset) -> Findings {
    let pairs = KEYS.into_iter().zip(hooks_of(asset));
    pairs.filter_map(|(key, url)| Some((key.to_owned(), vec![wrong_url(url?)?]))).collect()
}

/// The hook that is told of the state that an asset has come to; none when it names none, or none that is a
/// URL.
pub fn delivery(asset: &Asset, state: AssetState, errors: &Findings) -> Option<NewDelivery> {
    let (key, url) = match state {
        AssetState::Queued => return None,
        AssetState::InProgress => (KEYS[0], asset.on_start.as_deref()?),
        AssetState::Complete => (KEYS[1], asset.on_success.as_deref()?),
        AssetState::Failed => (KEYS[2], asset.on_failure.as_deref()?),
    };
    let parsed = web_address(url, &Allowed::everything()).ok()?;
    let body = match state {
        AssetState::Failed => json!({ "id": asset.id, "state": state.as_str(), "errors": errors }),
        _ => json!({ "id": asset.id, "state": state.as_str() }),
    };
    Some(NewDelivery {
        webhook: ASSET_HOOKS,
        subject: Some(asset.id.0),
        event: format!("asset.{key}"),
        url: url.to_owned(),
        origin: origin_of(&parsed),
        body: body.to_string(),
    })
}
