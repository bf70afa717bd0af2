//! Takes `assets.submitted.v1`.
//! Reads the assets, and their files where these are.
//! Writes that they are being checked, and then what was found; with each the hooks that are told of it.
//! Emits `webhooks.queued.v1` and `assets.ended.v1`.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{ErrorKind, Failure, messages::AssetsSubmitted};
use worker::{Commit, Handler, Meta};

use crate::assets::{self, Context};

pub(crate) struct Submitted {
    pub(crate) context: Context,
}

#[async_trait]
impl Handler for Submitted {
    type Message = AssetsSubmitted;

    async fn handle(&self, message: AssetsSubmitted, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        let open = assets::begin(&self.context.engine, message.assets, now).await?;
        self.context.engine.pass("assets.after_begin")?;
        if open.is_empty() {
            return Ok(Commit::skip("the assets have been checked"));
        }
        let room = self.context.room.acquire().await;
        let _room = room.map_err(|closed| Failure::new(ErrorKind::Cancelled, closed))?;
        let ends = Arc::new(assets::examine(&self.context, open).await?);
        self.context.engine.pass("assets.after_examine")?;
        let clock = self.context.engine.clock.clone();
        crate::metrics::checked(&ends, clock.now());
        Ok(Commit::save(move |tx| assets::finish(tx, &ends, clock.now())))
    }
}
