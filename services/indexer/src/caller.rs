//! Makes a source's calls within what its forge allows.

use std::collections::BTreeMap;

use contracts::{ErrorKind, Failure};
use forges::{
    Answer, Request, With,
    answers::{self, Verdict},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::budgets::{self, Key, Taken};

use crate::{context::Context, telemetry};

/// Calls that are leased at a time: few enough that other processes find some, enough to spare the ledger.
const LEASE: i64 = 20;
/// The fingerprint of calls without a token.
const ANONYMOUS: &str = "anonymous";

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Called {
    /// An answer to what was asked.
    Answer(Answer),
    /// What was asked is as it was at the tag that was shown.
    NotModified,
    /// No token has calls before then.
    Wait { until: Timestamp, reason: String },
}

/// Makes calls of one forge.
pub(crate) struct Caller {
    context: Context,
    forge: String,
    /// By fingerprint; the anonymous one has none.
    tokens: BTreeMap<String, Option<String>>,
    leases: BTreeMap<&'static str, Lease>,
    /// Calls that were made since this was last asked.
    made: u64,
}

struct Lease {
    key: Key,
    calls: i64,
    strikes: u32,
}

impl Caller {
    pub(crate) fn new(context: &Context, forge: String) -> Self {
        let mut tokens: BTreeMap<String, Option<String>> = context
            .tokens
            .expose(&forge)
            .into_iter()
            .map(|token| (fingerprint(token), Some(token.to_owned())))
            .collect();
        if tokens.is_empty() {
            tokens.insert(ANONYMOUS.to_owned(), None);
        }
        Self { context: context.clone(), forge, tokens, leases: BTreeMap::new(), made: 0 }
    }

    /// What kinds may count on.
    pub(crate) fn with(&self) -> With {
        With { token: self.tokens.values().any(Option::is_some) }
    }

    /// How many calls were made since this was last asked.
    pub(crate) fn made(&mut self) -> u64 {
        std::mem::take(&mut self.made)
    }

    /// Makes a call, with another token when one is used up or refused.
    ///
    /// # Errors
    /// When the forge does not answer, or not as asked; [`ErrorKind::Forbidden`] when every token is set aside.
    pub(crate) async fn call(
        &mut self,
        request: &Request,
        tag: Option<&str>,
        now: Timestamp,
    ) -> Result<Called, Failure> {
        loop {
            let (key, strikes) = match self.lease(request.resource, now).await? {
                Ok(lease) => lease,
                Err(waiting) => return Ok(waiting),
            };
            let token = self.tokens.get(&key.token).cloned().flatten();
            self.made += 1;
            let answer = match self.context.client.call(request, token.as_deref(), tag).await {
                Ok(answer) => answer,
                Err(failure) => {
                    telemetry::called(&self.forge, "failed");
                    return Err(failure);
                }
            };
            self.note(&key, request.resource, &answer, now).await?;
            match answers::verdict(request, &answer, token.is_some(), strikes, now) {
                Verdict::Fine => {
                    telemetry::called(&self.forge, "ok");
                    return Ok(Called::Answer(answer));
                }
                Verdict::NotModified => {
                    telemetry::called(&self.forge, "not_modified");
                    return Ok(Called::NotModified);
                }
                Verdict::Wait { until, reason } => {
                    telemetry::called(&self.forge, "limited");
                    tracing::warn!(forge = self.forge, resource = request.resource, %until, reason, "forge asks to wait");
                    self.leases.remove(request.resource);
                    self.write(move |tx| budgets::block(tx, &key, (until, &reason), strikes + 1, now))
                        .await?;
                }
                Verdict::BadToken(reason) => {
                    telemetry::called(&self.forge, "bad_token");
                    tracing::warn!(forge = self.forge, token = key.token, reason, "token set aside");
                    self.leases.clear();
                    self.write(move |tx| budgets::set_aside(tx, &key, &reason, now)).await?;
                }
                Verdict::Failed(failure) => {
                    telemetry::called(&self.forge, "failed");
                    return Err(failure);
                }
            }
        }
    }

    /// One call of a lease, of a new one when the last is used up.
    async fn lease(
        &mut self,
        resource: &'static str,
        now: Timestamp,
    ) -> Result<Result<(Key, u32), Called>, Failure> {
        if let Some(lease) = self.leases.get_mut(resource).filter(|lease| lease.calls > 0) {
            lease.calls -= 1;
            return Ok(Ok((lease.key.clone(), lease.strikes)));
        }
        let (forge, tokens) = (self.forge.clone(), self.tokens.keys().cloned().collect::<Vec<_>>());
        let asked = (LEASE, self.context.reserve);
        let taken = self.write(move |tx| budgets::take(tx, &forge, &tokens, resource, asked, now)).await?;
        match taken {
            Taken::Calls { token, calls, strikes } => {
                let key = Key { forge: self.forge.clone(), token, resource: resource.to_owned() };
                self.leases.insert(resource, Lease { key: key.clone(), calls: calls - 1, strikes });
                Ok(Ok((key, strikes)))
            }
            Taken::Wait { until, reason } => Ok(Err(Called::Wait { until, reason })),
            Taken::NoToken(reason) => {
                let text = format!("every token for {} is set aside: {reason}", self.forge);
                Err(Failure::new(ErrorKind::Forbidden, text))
            }
        }
    }

    async fn note(
        &mut self,
        key: &Key,
        resource: &'static str,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let told = answers::told(answer, now);
        let remaining = told.remaining;
        let key = key.clone();
        let told = (told.limit, told.remaining, told.reset_at);
        let budget = self.write(move |tx| budgets::report(tx, &key, told, now)).await?;
        telemetry::left(&budget);
        // A new period has begun, whose figure knows nothing of our lease: there is nothing to give back to it.
        if remaining.is_some() && budget.remaining == remaining {
            self.leases.remove(resource);
        }
        Ok(())
    }

    /// Gives back what was leased and not used.
    pub(crate) async fn finish(&mut self, now: Timestamp) -> Result<(), Failure> {
        let leases: Vec<Lease> = std::mem::take(&mut self.leases).into_values().collect();
        self.write(move |tx| {
            leases
                .iter()
                .filter(|lease| lease.calls > 0)
                .try_for_each(|lease| budgets::give_back(tx, &lease.key, lease.calls, now))
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut store::Tx) -> Result<T, store::StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        Ok(self.context.store.write(work).await?)
    }
}

/// Tells tokens apart without telling them.
fn fingerprint(token: &str) -> String {
    Sha256::digest(token).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
