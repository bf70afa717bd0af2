//! How a stock's policy is changed.

use contracts::{StockId, policy::StockPolicy};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::{Stock, lock};
use crate::{StoreError, Tx, keys::storable, schema::stocks, types::Id};

/// Gives the stock another policy; audits that were made under the one before are out of date then. The same
/// policy again changes nothing. Whether the checks in it exist is for the caller to know.
///
/// # Errors
/// [`StoreError::Invalid`] when the policy makes no sense, [`StoreError::NotFound`] when there is no such stock;
/// when the database fails.
pub fn set_policy(tx: &mut Tx, id: StockId, policy: &StockPolicy) -> Result<Stock, StoreError> {
    let text = text(policy)?;
    let missing = || StoreError::NotFound(format!("there is no stock {id}"));
    let stock = lock(tx, id)?.ok_or_else(missing)?;
    if stock.policy == *policy {
        return Ok(stock);
    }
    diesel::update(stocks::table.find(Id::from(id)))
        .set((stocks::policy.eq(text), stocks::policy_version.eq(stock.policy_version + 1)))
        .execute(tx.conn())?;
    super::get(tx, id)?.ok_or_else(missing)
}

/// A policy as it is kept, once it is known to make sense.
pub(super) fn text(policy: &StockPolicy) -> Result<String, StoreError> {
    policy.check().map_err(StoreError::Invalid)?;
    // Whoever wants what is usual wants it tomorrow too.
    if *policy == StockPolicy::default() {
        return Ok("{}".to_owned());
    }
    let text = serde_json::to_string(policy)
        .map_err(|error| StoreError::Invalid(format!("a policy that is no JSON: {error}")))?;
    Ok(storable(&text).into_owned())
}
