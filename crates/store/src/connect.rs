//! How a connection is opened and set up.

use std::time::{Duration, Instant};

use diesel::{Connection as _, PgConnection, SqliteConnection, connection::SimpleConnection};

use crate::{
    StoreError, StoreOptions,
    address::Address,
    connection::{AnyConnection, Connection},
};

/// What a connection is for. On PostgreSQL all are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Reader,
    Writer,
}

/// Opens a connection. Blocks.
pub(crate) fn connect(
    address: &Address,
    role: Role,
    options: &StoreOptions,
) -> Result<Connection, StoreError> {
    let failed = |reason: String| StoreError::Connect {
        database: address.to_string(),
        reason: address.scrub(reason.trim()),
    };
    match address {
        Address::Postgres(url) => {
            let mut conn = PgConnection::establish(url).map_err(|error| failed(error.to_string()))?;
            postgres(&mut conn, options).map_err(|error| failed(error.to_string()))?;
            Ok(Connection::new(AnyConnection::Postgres(conn)))
        }
        Address::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(path).map_err(|error| failed(error.to_string()))?;
            sqlite(&mut conn, role, options).map_err(|error| failed(error.to_string()))?;
            Ok(Connection::new(AnyConnection::Sqlite(conn)))
        }
    }
}

/// Every statement of ours that matters goes along an index, a page at a time. Tables that are being
/// filled have no statistics yet; the planner then takes them to be small and would, for each page,
/// read and sort all that is left. So we leave it no choice; without an index it still reads the table.
fn postgres(conn: &mut PgConnection, options: &StoreOptions) -> diesel::QueryResult<()> {
    conn.batch_execute(&format!(
        "SET application_name = 'stocktake'; SET lock_timeout = {};
         SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off",
        options.lock_wait.as_millis()
    ))?;
    // Deadlocks and time-outs are told by their words. Only a privileged role may ask for
    // untranslated ones; without the right we take the words that the server has.
    if let Err(error) = conn.batch_execute("SET lc_messages = 'C'") {
        tracing::debug!(%error, "server messages stay in the server's language");
    }
    Ok(())
}

/// WAL lets readers go on while one writes, in any number of processes on one machine.
///
/// Contents come in the order of their digests, which is none: a commit of a thousand touches most pages
/// of an index. Moved into the file at every commit they would be written and synced again and again,
/// so that happens once per 64 MiB.
///
/// `synchronous=NORMAL`: a commit is in the operating system's hands when it returns, so a process
/// that is killed loses nothing. Only a power cut can take the commits since the last checkpoint,
/// whole ones from the end. What they decided is then decided again: their outbox rows, inbox rows and
/// task states go back with them, and what they referred to in the depot was on disk before.
fn sqlite(conn: &mut SqliteConnection, role: Role, options: &StoreOptions) -> diesel::QueryResult<()> {
    let synchronous = if options.power_safe { "FULL" } else { "NORMAL" };
    // First, so that the next ones already wait for other processes.
    conn.batch_execute(&format!("PRAGMA busy_timeout = {}", options.lock_wait.as_millis()))?;
    write_ahead_log(conn, options.lock_wait)?;
    conn.batch_execute(&format!(
        "PRAGMA synchronous = {synchronous};
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA wal_autocheckpoint = 16384;"
    ))?;
    match role {
        Role::Writer => Ok(()),
        Role::Reader => conn.batch_execute("PRAGMA query_only = ON"),
    }
}

/// Two processes that open a new file at once both try to switch it, for which SQLite does not wait
/// by itself: the loser is told that the file is locked and finds it switched when it asks again.
fn write_ahead_log(conn: &mut SqliteConnection, patience: Duration) -> diesel::QueryResult<()> {
    let deadline = Instant::now() + patience;
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if error.to_string().contains("locked") && Instant::now() < deadline => {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}
