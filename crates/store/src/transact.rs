//! The store: transactions on a bounded set of connections, off the async threads.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use contracts::ErrorKind;
use diesel::{RunQueryDsl, dsl::sql, sql_types::Text};

use crate::{
    MigrationReport, StoreError, StoreOptions, Tx,
    address::Address,
    connect::{self, Role},
    connection::{AnyConnection, Connection},
    migrations,
    pool::Pool,
};

/// The store. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    options: StoreOptions,
    readers: Arc<Pool>,
    /// The same pool as `readers` on PostgreSQL.
    writers: Arc<Pool>,
    /// For [`Store::ping`] alone.
    ping: Arc<Mutex<Option<Connection>>>,
    /// Whether the schema has been seen to be the one that this version needs.
    schema_fits: AtomicBool,
}

impl Store {
    /// The store at `url`: `sqlite:///absolute/path/of/file.db` (made when absent; its folder must
    /// exist; what follows the second slash is the path as it is, without escapes) or
    /// `postgres://user:password@host:port/database` with the parameters of libpq. Nothing is
    /// connected to yet.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the URL is neither.
    pub fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let (readers, writers) = match &address {
            Address::Postgres(_) => {
                let pool = Arc::new(Pool::new(Role::Writer, options.postgres_connections));
                (pool.clone(), pool)
            }
            // SQLite has one writer at a time; a second connection would only wait in a worse place.
            Address::Sqlite(_) => (
                Arc::new(Pool::new(Role::Reader, options.sqlite_readers)),
                Arc::new(Pool::new(Role::Writer, 1)),
            ),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                address,
                options,
                readers,
                writers,
                ping: Arc::default(),
                schema_fits: AtomicBool::new(false),
            }),
        })
    }

    /// Runs `work` in a read-only transaction that sees one state of the store throughout.
    ///
    /// # Errors
    /// What `work` fails with, or the database.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Tx) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.transact(Mode::Read, work).await
    }

    /// Runs the one statement of `work`, which only reads, without a transaction around it: that spares the
    /// database two of three questions. It may be run a second time, on another connection.
    ///
    /// # Errors
    /// What `work` fails with, or the database; [`ErrorKind::Internal`] when it ran more than one statement,
    /// since each would see a state of its own.
    pub async fn ask<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: Fn(&mut Tx) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.run(Mode::Read, move |inner| inner.ask(work)).await
    }

    /// Runs `work` in a transaction and commits it when `work` returns `Ok`; otherwise nothing of it
    /// remains. On SQLite it holds the write lock from its beginning, on PostgreSQL it runs at READ
    /// COMMITTED and locks the rows that its functions say. Keep it short; wait for nothing inside.
    ///
    /// # Errors
    /// What `work` fails with, or the database: [`ErrorKind::Conflict`] when the transaction lost
    /// against another and can be run again, [`ErrorKind::Unavailable`] when the database is away or,
    /// rarely, went away while committing: the transaction may then have been committed.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.transact(Mode::Write, work).await
    }

    /// Brings the schema to this version. Safe to call from several processes at once.
    ///
    /// # Errors
    /// [`StoreError::SchemaAhead`] when a later version has migrated it, or the database.
    pub async fn migrate(&self) -> Result<MigrationReport, StoreError> {
        let report = self.with_writer(migrations::up).await?;
        self.inner.schema_fits.store(true, Ordering::Relaxed);
        Ok(report)
    }

    /// Undoes the last `count` migrations, newest first, with everything in them. Returns their names.
    ///
    /// # Errors
    /// When a migration to be undone is not known to this version, or the database.
    pub async fn revert(&self, count: usize) -> Result<Vec<String>, StoreError> {
        let reverted =
            self.with_writer(move |connection, address| migrations::down(connection, address, count)).await?;
        self.inner.schema_fits.store(false, Ordering::Relaxed);
        // Prepared statements of the old schema are of no use any more.
        self.inner.readers.forget_idle();
        self.inner.writers.forget_idle();
        Ok(reverted)
    }

    /// Asks the database for its version, for instance `PostgreSQL 15.19`, and whether the schema is
    /// the one that this version needs.
    ///
    /// # Errors
    /// When the database does not answer, or the schema is behind or ahead.
    pub async fn check(&self) -> Result<String, StoreError> {
        self.read(|tx| {
            let (name, query) = match tx.conn() {
                AnyConnection::Postgres(_) => ("PostgreSQL", "current_setting('server_version')"),
                AnyConnection::Sqlite(_) => ("SQLite", "sqlite_version()"),
            };
            let version: String = diesel::select(sql::<Text>(query)).get_result(tx.conn())?;
            Ok(format!("{name} {}", version.split_whitespace().next().unwrap_or_default()))
        })
        .await
    }

    /// Asks the database whether it is there, on a connection of its own: what keeps the others busy is no
    /// answer to that. A SQLite file always is.
    ///
    /// # Errors
    /// When it does not answer; at once when the question before this one has no answer yet.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if matches!(self.inner.address, Address::Sqlite(_)) {
            return Ok(());
        }
        let inner = self.inner.clone();
        let task = tokio::task::spawn_blocking(move || {
            let Ok(mut kept) = inner.ping.try_lock() else {
                let reason = "the database has not answered the question before this one".to_owned();
                return Err(StoreError::Database { kind: ErrorKind::Unavailable, reason });
            };
            // One that died while it was idle says so; the next one is new.
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => connect::connect(&inner.address, Role::Writer, &inner.options)?,
            };
            diesel::sql_query("SELECT 1").execute(&mut connection.any)?;
            *kept = Some(connection);
            Ok(())
        });
        joined(task.await)?
    }

    async fn transact<T, E, F>(&self, mode: Mode, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run(mode, move |inner| inner.transact(mode, work)).await
    }

    /// Runs `work` on a thread that may block, as soon as there is a connection for it.
    async fn run<T, E, F>(&self, mode: Mode, work: F) -> Result<T, E>
    where
        F: FnOnce(&Inner) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let asked = Instant::now();
        let permit = self.inner.pool(mode).permit(&self.inner.options).await?;
        metrics::histogram!("stocktake_store_wait_seconds", "mode" => mode.name()).record(asked.elapsed());
        let inner = self.inner.clone();
        let span = tracing::Span::current();
        let task = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            let result = span.in_scope(|| work(&inner));
            metrics::histogram!("stocktake_store_transaction_seconds", "mode" => mode.name())
                .record(began.elapsed());
            // Only now may the next one have the connection.
            drop(permit);
            result
        });
        joined(task.await)?
    }

    /// Runs `work` on a writing connection outside of any transaction and without looking at the schema.
    async fn with_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Address) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.inner.writers.permit(&self.inner.options).await?;
        let inner = self.inner.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut connection = inner.writers.connect(&inner.address, &inner.options)?;
            let result = work(&mut connection, &inner.address);
            drop(permit);
            result
        });
        joined(task.await)?
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.inner.address).finish()
    }
}

fn joined<T>(result: Result<T, tokio::task::JoinError>) -> Result<T, StoreError> {
    result.map_err(|error| match error.try_into_panic() {
        // The connection went down with the closure, and the transaction with the connection.
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => StoreError::Database { kind: ErrorKind::Cancelled, reason: error.to_string() },
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Read,
    Write,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    fn begin(self, connection: &mut Connection) -> diesel::QueryResult<()> {
        match self {
            Self::Read => {
                connection.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN DEFERRED")
            }
            Self::Write => connection.begin("BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN IMMEDIATE"),
        }
    }
}

impl Inner {
    fn pool(&self, mode: Mode) -> &Pool {
        match mode {
            Mode::Read => &self.readers,
            Mode::Write => &self.writers,
        }
    }

    fn transact<T, E: From<StoreError>>(
        &self,
        mode: Mode,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tx = Tx { connection: self.begin(mode)? };
        match work(&mut tx) {
            // On PostgreSQL the commit of a transaction with a failed statement rolls back and
            // reports success; SQLite would commit what is there. Neither may pass for a commit.
            Ok(_) if tx.connection.failed() => Err(StoreError::Database {
                kind: ErrorKind::Internal,
                reason: "a statement failed outside of a savepoint and the failure was passed over"
                    .to_owned(),
            }
            .into()),
            Ok(value) => {
                tx.connection.commit().map_err(StoreError::from)?;
                self.pool(mode).put_back(tx.connection);
                Ok(value)
            }
            Err(error) => {
                match tx.connection.rollback() {
                    Ok(()) => self.pool(mode).put_back(tx.connection),
                    Err(rollback) => tracing::debug!(error = %rollback, "connection given up"),
                }
                Err(error)
            }
        }
    }

    fn ask<T>(&self, work: impl Fn(&mut Tx) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(connection) = self.readers.take_idle() {
            match self.ask_on(connection, &work) {
                // It may have died while it was idle; nothing has been written, so another one is asked.
                Err(StoreError::Database { kind: ErrorKind::Unavailable, reason })
                    if matches!(self.address, Address::Postgres(_)) =>
                {
                    tracing::debug!(reason, "idle connection is dead");
                    self.readers.forget_idle();
                }
                result => return result,
            }
        }
        self.ask_on(self.readers.connect(&self.address, &self.options)?, &work)
    }

    fn ask_on<T>(
        &self,
        mut connection: Connection,
        work: &impl Fn(&mut Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.check_schema(&mut connection)?;
        connection.set_failed(false);
        let before = connection.statements();
        let mut tx = Tx { connection };
        let result = work(&mut tx);
        if tx.connection.statements().wrapping_sub(before) > 1 {
            let reason = "more than one statement was run without a transaction around them".to_owned();
            return Err(StoreError::Database { kind: ErrorKind::Internal, reason });
        }
        // One that failed may be in the middle of something.
        if !tx.connection.failed() {
            self.readers.put_back(tx.connection);
        }
        result
    }

    /// A connection with an open transaction. An idle connection may have died; nothing has been done
    /// on it yet, so a new one takes its place.
    fn begin(&self, mode: Mode) -> Result<Connection, StoreError> {
        let pool = self.pool(mode);
        if let Some(mut connection) = pool.take_idle() {
            match self.begin_on(&mut connection, mode) {
                Ok(()) => return Ok(connection),
                Err(error) if matches!(self.address, Address::Postgres(_)) => {
                    tracing::debug!(%error, "idle connection is dead");
                    pool.forget_idle();
                }
                // A file does not go away: this is another process that holds the write lock.
                Err(error) => {
                    pool.put_back(connection);
                    return Err(error);
                }
            }
        }
        let mut connection = pool.connect(&self.address, &self.options)?;
        self.begin_on(&mut connection, mode)?;
        Ok(connection)
    }

    fn begin_on(&self, connection: &mut Connection, mode: Mode) -> Result<(), StoreError> {
        self.check_schema(connection)?;
        mode.begin(connection).map_err(StoreError::from)
    }

    fn check_schema(&self, connection: &mut Connection) -> Result<(), StoreError> {
        if !self.schema_fits.load(Ordering::Relaxed) {
            migrations::check(connection, &self.address)?;
            self.schema_fits.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
