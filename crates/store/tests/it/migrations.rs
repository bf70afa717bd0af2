//! The schema: up, down and up again, once whoever asks, and the same on both databases.

use std::collections::BTreeSet;

use contracts::ErrorKind;
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{Bool, Text},
};
use store::StoreError;

use crate::db::{Db, Kind, on_each, on_each_empty};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

/// The columns of our own tables, and the names of the indexes that we asked for.
fn shape(db: &Db) -> (BTreeSet<Column>, BTreeSet<Column>) {
    match db.kind {
        Kind::Sqlite => {
            let mut conn = sqlite(db);
            let columns = sql_query(
                "SELECT m.name AS \"table\", c.name AS name, c.\"notnull\" AS required
                 FROM sqlite_master m JOIN pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'",
            );
            let indexes = sql_query(
                "SELECT tbl_name AS \"table\", name, sql LIKE 'CREATE UNIQUE%' AS required
                 FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
            );
            (set(columns.load(&mut conn).unwrap()), set(indexes.load(&mut conn).unwrap()))
        }
        Kind::Postgres => {
            let mut conn = PgConnection::establish(&db.url).unwrap();
            let columns = sql_query(
                "SELECT table_name::text AS \"table\", column_name::text AS name, is_nullable = 'NO' AS required
                 FROM information_schema.columns
                 WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'",
            );
            let indexes = sql_query(
                "SELECT tablename::text AS \"table\", indexname::text AS name,
                        indexdef LIKE 'CREATE UNIQUE%' AS required
                 FROM pg_indexes
                 WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%'
                   AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            );
            (set(columns.load(&mut conn).unwrap()), set(indexes.load(&mut conn).unwrap()))
        }
    }
}

fn set(columns: Vec<Column>) -> BTreeSet<Column> {
    columns.into_iter().collect()
}

fn sqlite(db: &Db) -> SqliteConnection {
    SqliteConnection::establish(db.url.strip_prefix("sqlite://").unwrap()).unwrap()
}

fn execute(db: &Db, statement: &str) {
    match db.kind {
        Kind::Sqlite => sqlite(db).batch_execute(statement).unwrap(),
        Kind::Postgres => PgConnection::establish(&db.url).unwrap().batch_execute(statement).unwrap(),
    }
}

#[tokio::test]
async fn up_and_down_and_up_again_ends_where_it_was() {
    on_each_empty(async |db| {
        let first = db.store.migrate().await.unwrap();
        assert_eq!(first.already, 0);
        let made = shape(db);
        assert!(made.0.iter().any(|column| column.table == "tasks" && column.name == "fence"));

        let again = db.store.migrate().await.unwrap();
        assert_eq!((again.applied.len(), again.already), (0, first.applied.len()));

        let reverted = db.store.revert(usize::MAX).await.unwrap();
        assert_eq!(reverted.len(), first.applied.len());
        assert_eq!(shape(db), (BTreeSet::new(), BTreeSet::new()));
        assert!(matches!(db.store.check().await, Err(StoreError::SchemaBehind { .. })));

        let third = db.store.migrate().await.unwrap();
        assert_eq!(third.applied, first.applied);
        assert_eq!(shape(db), made);
        db.store.check().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let sqlite = Db::sqlite();
    sqlite.store.migrate().await.unwrap();
    let Some(postgres) = Db::postgres() else { return };
    postgres.store.migrate().await.unwrap();
    assert_eq!(shape(&sqlite), shape(&postgres));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_that_migrate_at_once_one_does() {
    on_each_empty(async |db| {
        let processes: Vec<_> = (0..4)
            .map(|_| {
                let store = db.again();
                tokio::spawn(async move { store.migrate().await.unwrap().applied })
            })
            .collect();
        let mut applied = Vec::new();
        for process in processes {
            applied.extend(process.await.unwrap());
        }
        let distinct: BTreeSet<&String> = applied.iter().collect();
        assert!(!applied.is_empty());
        assert_eq!(applied.len(), distinct.len());
        db.store.check().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_schema_that_does_not_fit_says_what_to_do() {
    on_each_empty(async |db| {
        let behind = db.store.check().await.unwrap_err();
        assert!(behind.to_string().contains("`stocktake admin migrate`"), "{behind}");
        assert_eq!(behind.kind(), ErrorKind::Unavailable);

        db.store.migrate().await.unwrap();
        // A store that has seen the schema fit goes on without looking again.
        db.store.check().await.unwrap();
        execute(db, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')");
        let ahead = db.again().check().await.unwrap_err();
        assert!(matches!(ahead, StoreError::SchemaAhead { .. }));
        assert!(ahead.to_string().contains("99991231000000"), "{ahead}");
        assert!(matches!(db.again().migrate().await, Err(StoreError::SchemaAhead { .. })));
        assert!(matches!(db.again().revert(1).await, Err(StoreError::SchemaAhead { .. })));
    })
    .await;
}

#[tokio::test]
async fn the_version_of_the_database_is_told() {
    on_each(async |db| {
        let version = db.store.check().await.unwrap();
        let expected = match db.kind {
            Kind::Sqlite => "SQLite 3.",
            Kind::Postgres => "PostgreSQL 1",
        };
        assert!(version.starts_with(expected), "{version}");
    })
    .await;
}
