//! Repairs: requests that one wrong thing be made right, and what became of them.

use contracts::{
    RepairId,
    repair::{RepairAction, RepairSubject},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::each,
    keys::{self, storable},
    names::names,
    schema::repairs,
    types::{Id, Instant},
};

names! {
    /// How far a repair has come.
    pub enum RepairState in "repairs.state" {
        /// It is being carried out.
        Running = "running",
        /// What was wrong is right again.
        Done = "done",
        /// It is not.
        Failed = "failed",
    }
}

/// A request that one wrong thing be made right.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// Which one.
    pub id: RepairId,
    /// The id of the message that asked for it.
    pub message_id: String,
    /// What is to be done again.
    pub action: RepairAction,
    /// To what.
    pub subject: RepairSubject,
    /// How far it has come.
    pub state: RepairState,
    /// Why it was asked for.
    pub reason: Option<String>,
    /// What there is to say about its end.
    pub note: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A repair that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRepair {
    /// The id of the message that asks for it.
    pub message_id: String,
    /// What is to be done again.
    pub action: RepairAction,
    /// To what.
    pub subject: RepairSubject,
    /// Why.
    pub reason: Option<String>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    message_id: String,
    action: String,
    subject: String,
    state: String,
    reason: Option<String>,
    note: Option<String>,
    requested_at: Instant,
    ended_at: Option<Instant>,
}

impl TryFrom<Row> for Repair {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let action = [RepairAction::Refetch, RepairAction::Reanalyze]
            .into_iter()
            .find(|action| action.as_str() == row.action)
            .ok_or_else(|| StoreError::unknown("repairs.action", &row.action))?;
        let subject = row
            .subject
            .parse()
            .map_err(|error| StoreError::Corrupt(format!("repair {} about nothing: {error}", row.id.0)))?;
        Ok(Self {
            id: row.id.into(),
            message_id: row.message_id,
            action,
            subject,
            state: RepairState::stored(&row.state)?,
            reason: row.reason,
            note: row.note,
            requested_at: row.requested_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

/// Notes a repair that is asked for. Returns its id and whether it is new: the same message twice is
/// the same repair.
///
/// # Errors
/// When the database does not answer.
pub fn insert(tx: &mut Tx, new: &NewRepair, now: Timestamp) -> Result<(RepairId, bool), StoreError> {
    let id = RepairId::new();
    let message_id = keys::of(&new.message_id);
    let subject = new.subject.to_string();
    let row = (
        repairs::id.eq(Id::from(id)),
        repairs::message_id.eq(message_id.as_ref()),
        repairs::action.eq(new.action.as_str()),
        repairs::subject.eq(storable(&subject)),
        repairs::state.eq(RepairState::Running.as_str()),
        repairs::reason.eq(new.reason.as_deref().map(storable)),
        repairs::requested_at.eq(Instant(now)),
    );
    let inserted =
        each!(tx, c => diesel::insert_into(repairs::table).values(row).on_conflict_do_nothing().execute(c))?;
    if inserted > 0 {
        return Ok((id, true));
    }
    let known: Id = repairs::table
        .filter(repairs::message_id.eq(message_id.as_ref()))
        .select(repairs::id)
        .first(tx.conn())?;
    Ok((known.into(), false))
}

/// The repair with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: RepairId) -> Result<Option<Repair>, StoreError> {
    let row = repairs::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map(Repair::try_from).transpose()
}

/// The repair that this message asked for.
///
/// # Errors
/// When the database does not answer.
pub fn by_message(tx: &mut Tx, message_id: &str) -> Result<Option<Repair>, StoreError> {
    let row = repairs::table
        .filter(repairs::message_id.eq(keys::of(message_id)))
        .first::<Row>(tx.conn())
        .optional()?;
    row.map(Repair::try_from).transpose()
}

/// Up to `limit` repairs, newest first, those older than `before`; all states or one.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    state: Option<RepairState>,
    before: Option<RepairId>,
    limit: u32,
) -> Result<Vec<Repair>, StoreError> {
    let mut query = repairs::table.order(repairs::id.desc()).limit(limit.into()).into_boxed();
    if let Some(state) = state {
        query = query.filter(repairs::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(repairs::id.lt(Id::from(before)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Repair::try_from).collect()
}

/// Notes how the repair ended. Returns false when it had ended already.
///
/// # Errors
/// When the database does not answer.
pub fn finish(
    tx: &mut Tx,
    id: RepairId,
    state: RepairState,
    note: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let open = repairs::table.find(Id::from(id)).filter(repairs::ended_at.is_null());
    let changed = diesel::update(open)
        .set((
            repairs::state.eq(state.as_str()),
            repairs::note.eq(note.map(storable)),
            repairs::ended_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}
