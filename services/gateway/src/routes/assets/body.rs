//! What a request brings: one asset, many, or a file.

use std::time::Duration;

use actix_web::{HttpRequest, http::header::CONTENT_TYPE, web::Payload};
use analysis::validation::Kind;
use contracts::ErrorKind;
use egress::Reach;
use sha2::{Digest as _, Sha256};
use store::assets::{NewAsset, Provider};

use super::{Hooks, manifest, shape::New};
use crate::{
    context::Shared,
    error::Problem,
    extract::{PATIENCE, object, whole},
};

/// How long is waited for an answer of where an asset is, before it is accepted: it is asked again when it runs.
const REACH: Duration = Duration::from_secs(2);

/// What a request brought.
pub(super) struct Brought {
    pub(super) new: Vec<NewAsset>,
    /// The SHA-256 of all of it.
    pub(super) digest: Vec<u8>,
    /// Whether it is a manifest.
    pub(super) many: bool,
}

pub(super) async fn read(
    context: &Shared,
    request: &HttpRequest,
    kind: Kind,
    hooks: Hooks,
    payload: Payload,
) -> Result<Brought, Problem> {
    let intake = &context.intake;
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_manifest = matches!(essence.as_str(), "application/x-ndjson" | "text/csv");
    let (limit, patience) = match essence.as_str() {
        "application/json" => (context.body_bytes, PATIENCE),
        _ if is_manifest => (intake.manifest_bytes, intake.patience),
        _ => (intake.upload_bytes, intake.patience),
    };
    let body = whole(payload, limit, patience).await?;
    let query = request.query_string();
    let digest = Sha256::new()
        .chain_update(format!("{}\0{essence}\0{query}\0", kind.as_str()))
        .chain_update(&body)
        .finalize()
        .to_vec();
    if body.is_empty() {
        return Err(Problem::invalid(
            "body",
            "it is empty; expected: one asset as JSON, a manifest, or a file",
        ));
    }
    let new = match essence.as_str() {
        "application/json" => {
            let asset = located(context, kind, object(&body)?, "")?;
            reachable(context, &asset).await?;
            vec![asset]
        }
        "application/x-ndjson" => many(context, kind, manifest::ndjson(&body))?,
        "text/csv" => many(context, kind, manifest::csv(&body)?)?,
        _ => {
            let path = intake.library.keep(body).await?;
            let Hooks { on_start, on_success, on_failure } = hooks;
            let new = New { location: String::new(), on_start, on_success, on_failure };
            vec![asset(kind, Provider::Upload, path, new, "")?]
        }
    };
    Ok(Brought { new, digest, many: is_manifest })
}

fn many(
    context: &Shared,
    kind: Kind,
    lines: impl IntoIterator<Item = (usize, Result<New, Problem>)>,
) -> Result<Vec<NewAsset>, Problem> {
    let mut all = Vec::new();
    for (line, new) in lines {
        let at = format!("line {line}: ");
        let new = new.map_err(|problem| problem.below(&at))?;
        all.push(located(context, kind, new, &at)?);
    }
    if all.is_empty() {
        return Err(Problem::invalid("body", "the manifest has no assets in it"));
    }
    Ok(all)
}

fn located(context: &Shared, kind: Kind, new: New, at: &str) -> Result<NewAsset, Problem> {
    if new.location.is_empty() || new.location.len() > 4_096 {
        return Err(Problem::invalid(
            format!("{at}location"),
            "expected: a path or a URL of 1 to 4096 bytes",
        ));
    }
    let located = context.intake.library.locate(&new.location);
    let provider = located.map_err(|failure| Problem::invalid(format!("{at}location"), failure.reason))?;
    asset(kind, provider, new.location.clone(), new, at)
}

fn asset(kind: Kind, provider: Provider, path: String, new: New, at: &str) -> Result<NewAsset, Problem> {
    let New { on_start, on_success, on_failure, .. } = new;
    for (name, url) in [("on_start", &on_start), ("on_success", &on_success), ("on_failure", &on_failure)] {
        let wrong = url.as_deref().and_then(assets::hooks::wrong_url);
        if wrong.is_some() {
            return Err(Problem::invalid(
                format!("{at}{name}"),
                "expected: an http or https URL without credentials",
            ));
        }
    }
    Ok(NewAsset { kind: kind.as_str().to_owned(), provider, path, on_start, on_success, on_failure })
}

/// Refuses an asset that is known not to be there. What does not say is accepted: it is asked again.
async fn reachable(context: &Shared, asset: &NewAsset) -> Result<(), Problem> {
    match context.intake.library.reach(asset.provider, &asset.path, REACH).await {
        Reach::Yes | Reach::Unknown(_) => Ok(()),
        Reach::No(reason) => Err(Problem::invalid("location", format!("it cannot be reached: {reason}"))),
    }
}

/// The same, for whoever tells it in other words.
pub(super) async fn is_unreachable(context: &Shared, provider: Provider, path: &str) -> bool {
    matches!(context.intake.library.reach(provider, path, REACH).await, Reach::No(_))
}

/// Whether a failure of where an asset is means that the text is wrong.
pub(super) fn is_wrong(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Invalid | ErrorKind::Forbidden | ErrorKind::NotFound)
}
