//! Where the state of everything is kept: one schema on PostgreSQL and on SQLite.
//!
//! [`Store`] runs closures in transactions: [`Store::read`] in a read-only snapshot, [`Store::write`] in
//! a transaction that is committed when the closure returns `Ok`. The closure gets a [`Tx`] and calls
//! the functions of the aggregates, one module each, which take `&mut Tx` first. No other crate names
//! `diesel`; rows never leave this crate.
//!
//! Time is passed in, never read from a clock here or in SQL. Times are kept to the microsecond.

mod address;
pub mod api_keys;
pub mod assets;
pub mod audits;
pub mod back_fills;
pub mod batches;
pub mod budgets;
mod bulk;
pub mod cancel;
pub mod changes;
mod connect;
mod connection;
pub mod contents;
pub mod databases;
pub mod digest;
mod error;
pub mod events;
pub mod facts;
pub mod failures;
pub mod findings;
pub mod folders;
pub mod forge_facts;
pub mod gate;
pub mod heads;
pub mod histories;
pub mod idempotency;
pub mod inbox;
mod keys;
mod lanes;
pub mod lfs;
mod lock;
pub mod metrics;
mod migrations;
mod names;
pub mod notifications;
mod options;
pub mod outbox;
pub mod packs;
mod pool;
pub mod repairs;
pub mod repositories;
pub mod revisions;
pub mod schedules;
mod schema;
pub mod set_aside;
pub mod snapshots;
pub mod sources;
pub mod stocks;
pub mod tasks;
mod transact;
pub mod trees;
mod tx;
mod types;
mod values;
pub mod visits;
pub mod webhooks;

pub use error::StoreError;
pub use migrations::MigrationReport;
pub use options::StoreOptions;
pub use transact::Store;
pub use tx::Tx;
