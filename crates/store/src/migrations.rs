//! Migrations: two folders with the same names, embedded, run under a lock.

use std::collections::BTreeSet;

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    connection::SimpleConnection,
    dsl::sql,
    migration::{Migration, MigrationSource},
    sql_types::{Bool, Text},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{
    StoreError,
    address::Address,
    connection::{AnyConnection, Connection},
};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Any number will do, as long as nobody else who uses the same database has it.
const ADVISORY_LOCK: i64 = 0x5354_4f43_4b54_414b;

/// What [`Store::migrate`](crate::Store::migrate) did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationReport {
    /// The database, without its password.
    pub database: String,
    /// The migrations that were run now, oldest first.
    pub applied: Vec<String>,
    /// How many had been run before.
    pub already: usize,
}

/// Runs what is missing. All of it takes effect, or nothing.
pub(crate) fn up(connection: &mut Connection, address: &Address) -> Result<MigrationReport, StoreError> {
    locked(connection, |any| {
        let done = applied(any)?;
        refuse_unknown(&done, any, address)?;
        let ran = match any {
            AnyConnection::Postgres(conn) => run_pending(conn, POSTGRES),
            AnyConnection::Sqlite(conn) => run_pending(conn, SQLITE),
        }?;
        Ok(MigrationReport { database: address.to_string(), applied: ran, already: done.len() })
    })
}

/// Undoes the last `count`.
pub(crate) fn down(
    connection: &mut Connection,
    address: &Address,
    count: usize,
) -> Result<Vec<String>, StoreError> {
    locked(connection, |any| {
        let done = applied(any)?;
        refuse_unknown(&done, any, address)?;
        let count = count.min(done.len());
        (0..count)
            .map(|_| match any {
                AnyConnection::Postgres(conn) => undo_last(conn, POSTGRES),
                AnyConnection::Sqlite(conn) => undo_last(conn, SQLITE),
            })
            .collect()
    })
}

/// Whether the schema is exactly the one that this version needs.
pub(crate) fn check(connection: &mut Connection, address: &Address) -> Result<(), StoreError> {
    let any = &mut connection.any;
    let done = applied(any)?;
    refuse_unknown(&done, any, address)?;
    match known(any)?.into_iter().find(|name| !done.contains(&version_of(name))) {
        Some(missing) => Err(StoreError::SchemaBehind { database: address.to_string(), missing }),
        None => Ok(()),
    }
}

fn refuse_unknown(done: &BTreeSet<String>, any: &AnyConnection, address: &Address) -> Result<(), StoreError> {
    let known: BTreeSet<String> = known(any)?.iter().map(|name| version_of(name)).collect();
    match done.difference(&known).next() {
        Some(unknown) => {
            Err(StoreError::SchemaAhead { database: address.to_string(), unknown: unknown.clone() })
        }
        None => Ok(()),
    }
}

/// The names of this version's migrations, oldest first.
fn known(any: &AnyConnection) -> Result<Vec<String>, StoreError> {
    match any {
        AnyConnection::Postgres(_) => names::<diesel::pg::Pg>(&POSTGRES),
        AnyConnection::Sqlite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE),
    }
}

fn names<DB: Backend>(migrations: &EmbeddedMigrations) -> Result<Vec<String>, StoreError> {
    let list: Vec<Box<dyn Migration<DB>>> = migrations.migrations().map_err(failed)?;
    Ok(list.iter().map(|migration| migration.name().to_string()).collect())
}

/// The version of a migration is what stands before the first underscore, without dashes.
fn version_of(name: &str) -> String {
    name.split('_').next().unwrap_or_default().replace('-', "")
}

/// The versions that have been run; empty for a new database.
fn applied(any: &mut AnyConnection) -> QueryResult<BTreeSet<String>> {
    let exists = match any {
        AnyConnection::Postgres(_) => "to_regclass('__diesel_schema_migrations') IS NOT NULL",
        AnyConnection::Sqlite(_) => {
            "EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')"
        }
    };
    if !diesel::select(sql::<Bool>(exists)).get_result::<bool>(any)? {
        return Ok(BTreeSet::new());
    }
    let versions: Vec<String> = sql::<Text>("SELECT version FROM __diesel_schema_migrations").load(any)?;
    Ok(versions.into_iter().collect())
}

/// Runs `work` in one transaction that no other process can run at the same time. Statements of both
/// databases that change a schema can be rolled back, so a migration that fails leaves nothing.
fn locked<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.begin("BEGIN", "BEGIN EXCLUSIVE")?;
    let result = lock(&mut connection.any).map_err(StoreError::from).and_then(|()| work(&mut connection.any));
    match result {
        Ok(value) => {
            connection.commit()?;
            Ok(value)
        }
        Err(error) => {
            connection.rollback()?;
            Err(error)
        }
    }
}

fn lock(any: &mut AnyConnection) -> QueryResult<()> {
    match any {
        AnyConnection::Postgres(conn) => conn.batch_execute(&format!(
            "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"
        )),
        // The transaction itself is exclusive.
        AnyConnection::Sqlite(_) => Ok(()),
    }
}

fn run_pending<C, DB>(conn: &mut C, migrations: EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    DB: Backend,
    C: MigrationHarness<DB>,
{
    let pending = conn.pending_migrations(migrations).map_err(failed)?;
    for migration in &pending {
        conn.run_migration(migration.as_ref()).map_err(|error| {
            StoreError::Corrupt(format!("a schema that migration {} does not fit: {error}", migration.name()))
        })?;
        tracing::info!(migration = %migration.name(), "migration run");
    }
    Ok(pending.iter().map(|migration| migration.name().to_string()).collect())
}

fn undo_last<C, DB>(conn: &mut C, migrations: EmbeddedMigrations) -> Result<String, StoreError>
where
    DB: Backend,
    C: MigrationHarness<DB>,
{
    conn.revert_last_migration(migrations).map(|version| version.to_string()).map_err(failed)
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    match error.downcast::<diesel::result::Error>() {
        Ok(error) => (*error).into(),
        Err(error) => StoreError::Corrupt(format!("migrations that cannot be run: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_migrations() {
        assert_eq!(
            names::<diesel::pg::Pg>(&POSTGRES).unwrap(),
            names::<diesel::sqlite::Sqlite>(&SQLITE).unwrap()
        );
    }
}
