//! A database of its own for each test, on each of the two.

use diesel::{Connection, PgConnection, connection::SimpleConnection};
use store::{Store, StoreOptions};
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database that goes away with this.
pub(crate) struct Db {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    pub(crate) store: Store,
    _place: Place,
}

enum Place {
    Folder(#[expect(dead_code, reason = "removed when dropped")] TempDir),
    Server { admin: String, name: String },
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { admin, name } = self {
            let dropped = PgConnection::establish(admin)
                .map(|mut conn| conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
            if !matches!(dropped, Ok(Ok(()))) {
                println!("database {name} was left behind");
            }
        }
    }
}

impl Db {
    /// An empty SQLite database.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("store.db").display());
        Self::open(Kind::Sqlite, url, Place::Folder(folder))
    }

    /// An empty PostgreSQL database, when there is a server.
    pub(crate) fn postgres() -> Option<Self> {
        let admin = server("STOCKTAKE_TEST_POSTGRES")?;
        let name = format!("stocktake_test_{}", uuid::Uuid::now_v7().simple());
        let mut conn = PgConnection::establish(&admin).unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let base = admin.split_once('?').map_or(admin.as_str(), |(base, _)| base);
        let (server, _) = base.rsplit_once('/').unwrap();
        let url = format!("{server}/{name}{}", admin.strip_prefix(base).unwrap());
        Some(Self::open(Kind::Postgres, url, Place::Server { admin, name }))
    }

    fn open(kind: Kind, url: String, place: Place) -> Self {
        let store = Store::open(&url, StoreOptions::default()).unwrap();
        Self { kind, url, store, _place: place }
    }

    /// Another store on the same database, as another process has it.
    pub(crate) fn again(&self) -> Store {
        Store::open(&self.url, StoreOptions::default()).unwrap()
    }
}

/// Runs `test` on a new, migrated database of each kind.
pub(crate) async fn on_each(test: impl AsyncFn(&Db)) {
    on_each_empty(async |db| {
        db.store.migrate().await.unwrap();
        test(db).await;
    })
    .await;
}

/// Runs `test` on a new, empty database of each kind.
pub(crate) async fn on_each_empty(test: impl AsyncFn(&Db)) {
    for db in [Some(Db::sqlite()), Db::postgres()].into_iter().flatten() {
        println!("on {:?}", db.kind);
        test(&db).await;
    }
}

/// The URL of a server that tests may use.
#[expect(clippy::disallowed_methods, reason = "tests are told of servers by the environment")]
fn server(variable: &str) -> Option<String> {
    match std::env::var(variable) {
        Ok(url) => Some(url),
        Err(_) if std::env::var("STOCKTAKE_TEST_REQUIRE_SERVERS").is_ok_and(|it| it == "1") => {
            panic!("{variable} is not set and STOCKTAKE_TEST_REQUIRE_SERVERS=1")
        }
        Err(_) => {
            println!("not run: PostgreSQL ({variable} is not set)");
            None
        }
    }
}
