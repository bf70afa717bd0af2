//! A connection to either database, its transactions, and the macro that writes a statement once for both.

mod any;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use diesel::{
    Connection as _, QueryResult,
    connection::{AnsiTransactionManager, InstrumentationEvent, TransactionManager},
};

pub(crate) use any::{AnyConnection, MultiBackend, MultiRawValue, each};

/// An open connection, how many statements it has run, and whether one of them has failed.
pub(crate) struct Connection {
    pub(crate) any: AnyConnection,
    failed: Arc<AtomicBool>,
    statements: Arc<AtomicU32>,
}

impl Connection {
    pub(crate) fn new(mut any: AnyConnection) -> Self {
        let (failed, statements) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let noted = (failed.clone(), statements.clone());
        let note = move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => {
                noted.1.fetch_add(1, Ordering::Relaxed);
            }
            InstrumentationEvent::FinishQuery { error: Some(_), .. } => {
                noted.0.store(true, Ordering::Relaxed)
            }
            _ => {}
        };
        any.set_instrumentation(note);
        Self { any, failed, statements }
    }

    /// How many statements it has run; wraps around.
    pub(crate) fn statements(&self) -> u32 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether a statement has failed since this was last set to false.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_failed(&self, failed: bool) {
        self.failed.store(failed, Ordering::Relaxed);
    }

    /// Opens a transaction with the statement of the database at hand.
    pub(crate) fn begin(&mut self, postgres: &str, sqlite: &str) -> QueryResult<()> {
        self.set_failed(false);
        match &mut self.any {
            AnyConnection::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres),
            AnyConnection::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, sqlite),
        }
    }

    /// Opens a savepoint within the open transaction.
    pub(crate) fn begin_nested(&mut self) -> QueryResult<()> {
        AnyConnection::begin_transaction(&mut self.any)
    }

    /// Commits the transaction, or the innermost savepoint.
    pub(crate) fn commit(&mut self) -> QueryResult<()> {
        AnyConnection::commit_transaction(&mut self.any)
    }

    /// Rolls the transaction, or the innermost savepoint, back.
    pub(crate) fn rollback(&mut self) -> QueryResult<()> {
        AnyConnection::rollback_transaction(&mut self.any)
    }
}
