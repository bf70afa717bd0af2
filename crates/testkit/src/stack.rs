//! A store, a bus and a depot of their own for one test.

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc};

use bus::{AmqpOptions, Bus, MemoryOptions, OpenOptions};
use depot::{Depot, DepotOptions};
use futures_util::FutureExt as _;
use store::{Store, StoreOptions};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use crate::Servers;

/// Everything a service runs on, empty and migrated, shared with no other test.
///
/// To be given back with [`Stack::remove`], which [`on_each_stack`] does also when a test fails.
pub struct Stack {
    /// `embedded` or `servers`.
    pub name: &'static str,
    /// A SQLite file, or a PostgreSQL database of its own.
    pub store: Store,
    /// In memory, or RabbitMQ under a prefix of its own.
    pub bus: Arc<dyn Bus>,
    /// In a local directory.
    pub depot: Depot,
    /// The store's URL, for another process.
    pub store_url: String,
    /// The bus's URL, for another process; `memory:` cannot be shared with one.
    pub bus_url: String,
    /// The prefix of the bus's queues; empty in memory.
    pub bus_prefix: String,
    /// The depot's URL, for another process.
    pub depot_url: String,
    directory: TempDir,
    /// The server and the name of the database to remove.
    database: Option<(String, String)>,
}

/// Runs `case` on each stack there is, one after the other, and removes each afterwards.
///
/// # Panics
/// As `case` does, once its stack is removed.
pub async fn on_each_stack(case: impl AsyncFn(&Stack)) {
    on(Stack::embedded().await, &case).await;
    if let Some(stack) = Stack::servers().await {
        on(stack, &case).await;
    }
}

async fn on(stack: Stack, case: &impl AsyncFn(&Stack)) {
    println!("on {}", stack.name);
    let outcome = AssertUnwindSafe(case(&stack)).catch_unwind().await;
    stack.remove().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// The embedded stack always, and the one of servers when the environment names them.
///
/// # Panics
/// When a stack cannot be made, or servers are required and not named.
pub async fn stacks() -> Vec<Stack> {
    let mut stacks = vec![Stack::embedded().await];
    stacks.extend(Stack::servers().await);
    stacks
}

impl Stack {
    /// SQLite in a temporary file, the bus in memory.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn embedded() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory is needed");
        let store_url = format!("sqlite://{}", directory.path().join("stocktake.db").display());
        let bus = bus::memory(MemoryOptions::default());
        Self::on("embedded", directory, store_url, (bus, "memory:".to_owned(), String::new()), None).await
    }

    /// PostgreSQL and RabbitMQ; none when the environment does not name both.
    ///
    /// # Panics
    /// When they are named and cannot be used, or are required and not named.
    pub async fn servers() -> Option<Self> {
        let Servers { postgres, amqp } = Servers::from_environment()?;
        let id = Uuid::now_v7().simple();
        let (name, prefix) = (format!("stocktake_test_{id}"), format!("test-{id}-"));
        let (server, database) = (postgres.clone(), name.clone());
        let made = tokio::task::spawn_blocking(move || store::databases::create(&server, &database)).await;
        made.unwrap().expect("STOCKTAKE_TEST_POSTGRES should name a server that lets us make a database");
        let mut store_url = Url::parse(&postgres).expect("STOCKTAKE_TEST_POSTGRES should be a URL");
        store_url.set_path(&name);
        let options = OpenOptions { prefix: prefix.clone(), ..OpenOptions::default() };
        let bus = bus::open(&amqp, options).await.expect("STOCKTAKE_TEST_AMQP should name a broker");
        let directory = tempfile::tempdir().expect("a temporary directory is needed");
        let database = Some((postgres, name));
        Some(Self::on("servers", directory, store_url.into(), (bus, amqp, prefix), database).await)
    }

    async fn on(
        name: &'static str,
        directory: TempDir,
        store_url: String,
        (bus, bus_url, bus_prefix): (Arc<dyn Bus>, String, String),
        database: Option<(String, String)>,
    ) -> Self {
        let depot_url = Url::from_directory_path(directory.path().join("depot")).unwrap().to_string();
        // What a test wrote need not survive a power cut.
        let options = DepotOptions { fsync: false, ..DepotOptions::default() };
        let depot = Depot::open(&depot_url, &options).unwrap();
        let store = Store::open(&store_url, store_options()).unwrap();
        store.migrate().await.expect("an empty database should take the migrations");
        Self { name, store, bus, depot, store_url, bus_url, bus_prefix, depot_url, directory, database }
    }

    /// A directory of the test's own, for scratch and data; gone with the stack.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Whether another process can take part, by the URLs.
    pub fn is_shared(&self) -> bool {
        self.database.is_some()
    }

    /// A second store on the same data, as another process would have it.
    ///
    /// # Panics
    /// Not with the URL of a stack.
    pub fn open_store(&self) -> Store {
        Store::open(&self.store_url, store_options()).unwrap()
    }

    /// A second bus on the same queues, as another process would have it; in memory the same bus.
    ///
    /// # Panics
    /// When the broker cannot be reached.
    pub async fn open_bus(&self) -> Arc<dyn Bus> {
        if !self.is_shared() {
            return self.bus.clone();
        }
        let options = OpenOptions { prefix: self.bus_prefix.clone(), ..OpenOptions::default() };
        bus::open(&self.bus_url, options).await.expect("the broker was there when the test began")
    }

    /// Gives everything back: closes the bus, removes the database, the queues and the directory.
    ///
    /// # Panics
    /// When the servers do not let it go.
    pub async fn remove(self) {
        self.bus.close().await;
        if let Some((server, name)) = self.database {
            let options = AmqpOptions { prefix: self.bus_prefix, ..AmqpOptions::new(self.bus_url) };
            bus::remove_topology(&options).await.expect("the queues of a test should be removable");
            drop(self.store);
            let removed = tokio::task::spawn_blocking(move || store::databases::remove(&server, &name)).await;
            removed.unwrap().expect("the database of a test should be removable");
        }
    }
}

/// Many tests run side by side against one server.
fn store_options() -> StoreOptions {
    StoreOptions { postgres_connections: 6, ..StoreOptions::default() }
}
