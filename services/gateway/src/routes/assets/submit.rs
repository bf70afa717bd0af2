//! Assets written, and announced in groups.

use actix_web::HttpRequest;
use contracts::{AssetId, ErrorKind, Failure, Lane, Outgoing, SubmissionId, messages::AssetsSubmitted};
use store::assets::{self, AssetFilter, AssetState, NewAsset};

use crate::{access::Caller, context::Shared, error::Problem};

/// Assets of one message: so many are begun, checked and ended together.
const TOGETHER: usize = 100;
/// The longest key.
const KEY: usize = 200;

/// What became of a request.
pub(super) struct Taken {
    pub(super) submission: SubmissionId,
    pub(super) first: AssetId,
    pub(super) state: AssetState,
    pub(super) assets: u64,
}

/// The key that the caller chose, told from those that others chose.
pub(super) fn key_of(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= KEY => {
            let account = Caller::of(request).and_then(|caller| caller.key).map(|key| key.account());
            Ok(Some(account.map_or_else(|| key.to_owned(), |account| format!("{account} {key}"))))
        }
        _ => Err(Problem::invalid("Idempotency-Key", format!("it has 1 to {KEY} printable characters"))),
    }
}

/// Writes the assets and announces them, or finds what the same request has brought before.
pub(super) async fn submit(
    context: &Shared,
    key: Option<String>,
    digest: Vec<u8>,
    new: Vec<NewAsset>,
) -> Result<Taken, Failure> {
    let now = context.now();
    let taken = context.engine.submit("gateway", move |tx| {
        let (submission, is_new) = assets::submit(tx, key.as_deref(), &digest, new.len(), now)?;
        if !is_new {
            if submission.digest != digest {
                let text = "the Idempotency-Key was used for another request before";
                return Err(Failure::new(ErrorKind::Conflict, text));
            }
            let filter = AssetFilter { submission: Some(submission.id), ..AssetFilter::default() };
            let first = assets::list(tx, &filter, None, 1)?.into_iter().next();
            let first =
                first.ok_or_else(|| Failure::new(ErrorKind::Internal, "a submission without assets"))?;
            let taken = Taken {
                submission: submission.id,
                first: first.id,
                state: first.state,
                assets: submission.assets,
            };
            return Ok((taken, Vec::new()));
        }
        let ids = assets::insert_many(tx, submission.id, &new, now)?;
        let first = *ids.first().ok_or_else(|| Failure::new(ErrorKind::Invalid, "there are no assets"))?;
        // Somebody waits for a few; many are a back-fill.
        let lane = if ids.len() <= TOGETHER { Lane::Urgent } else { Lane::Normal };
        let groups = ids.chunks(TOGETHER);
        let outgoing =
            groups.map(|ids| Outgoing::in_lane(&AssetsSubmitted { assets: ids.to_vec() }, lane)).collect();
        let taken =
            Taken { submission: submission.id, first, state: AssetState::Queued, assets: ids.len() as u64 };
        Ok((taken, outgoing))
    });
    taken.await
}
