//! Services as one process: configuration, seams, health, and the way it stops.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use bus::{Bus, OpenOptions};
use contracts::{ErrorKind, Failure};
use depot::{Depot, DepotOptions, StorageOptions};
use runtime::{
    admin::Admin,
    clock::Clock,
    config::{Config, Loaded},
    faults::Faults,
    health::{Health, Pace},
    supervise::Supervisor,
    trace::Exporting,
};
use store::{Store, StoreOptions, outbox, set_aside, tasks};

use crate::{Engine, Options, Recovery, Service, telemetry};

/// Makes a service of an engine and a configuration.
pub type MakeService = fn(&Engine, &Config) -> Result<Service, Failure>;

/// What runs in one process: an engine, services on it, and what watches them.
pub struct Process {
    /// What the services run on.
    pub engine: Engine,
    /// What is in force.
    pub config: Config,
    /// Health and metrics, for a server of the process to show.
    pub admin: Admin,
    /// Its parts; its token stops all of them.
    pub supervisor: Supervisor,
    exporting: Option<Exporting>,
    /// Held as long as this process is the only one that may use the data directory.
    _lock: Option<File>,
}

/// The `main` of a service's own program: `NAME [--config FILE] [--set KEY=VALUE]…`.
pub fn main(name: &'static str, make: MakeService) -> ExitCode {
    main_with(name, move |process| {
        process.serve(make)?;
        process.listen()
    })
}

/// As [`main`], for a program that is more than one service: `begin` adds what the process does.
pub fn main_with(name: &'static str, begin: impl FnOnce(&mut Process) -> Result<(), Failure>) -> ExitCode {
    let outcome = arguments(std::env::args().skip(1)).and_then(|(file, overrides)| {
        let loaded = Loaded::from_process(file, overrides).map_err(invalid)?;
        block_on(async {
            let mut process = Process::start(loaded.config, name, None).await?;
            begin(&mut process)?;
            Ok(process.run().await)
        })
    });
    outcome.unwrap_or_else(|failure| {
        // Nothing else can be told to if standard error is closed.
        drop(writeln!(std::io::stderr(), "{name}: {failure}"));
        ExitCode::FAILURE
    })
}

/// Runs `work` on the threads that a process of ours has.
///
/// # Errors
/// What `work` fails with, or the operating system.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime::tls::install();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ErrorKind::Internal, error))?
        .block_on(work)
}

type Arguments = (Option<PathBuf>, Vec<(String, String)>);

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, Failure> {
    let (mut file, mut overrides) = (None, Vec::new());
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or_else(|| invalid(format!("{argument} needs a value")));
        match argument.as_str() {
            "--config" => file = Some(PathBuf::from(value()?)),
            "--set" => {
                let pair = value()?;
                let (key, value) =
                    pair.split_once('=').ok_or_else(|| invalid(format!("--set {pair} is not KEY=VALUE")))?;
                overrides.push((key.to_owned(), value.to_owned()));
            }
            _ => {
                return Err(invalid(format!(
                    "unknown argument {argument:?}; accepted: --config FILE, --set KEY=VALUE"
                )));
            }
        }
    }
    Ok((file, overrides))
}

fn invalid(error: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Invalid, error)
}

impl Process {
    /// Opens the store and the bus and starts watching them. With an in-process bus the data directory
    /// is locked: the messages of one process are unknown to every other. `quiet` keeps the process's
    /// own logging as the caller has set it up.
    ///
    /// # Errors
    /// When something cannot be opened; the reason says what to do about it.
    pub async fn start(
        config: Config,
        name: &'static str,
        quiet: Option<Exporting>,
    ) -> Result<Self, Failure> {
        let exporting = match quiet {
            Some(exporting) => exporting,
            None => runtime::logs::install(&config.log, &config.trace, name).map_err(invalid)?,
        };
        runtime::faults::install(&config.faults);
        let metrics = runtime::metrics::install().map_err(invalid)?;
        let embedded = config.bus.url.expose().starts_with("memory:");
        let lock = if embedded { Some(lock_data(&config.data.dir)?) } else { None };
        let store = open_store(&config)?;
        if config.store.url.expose().starts_with("sqlite:") {
            store.migrate().await?;
        } else {
            store.check().await?;
        }
        let bus = open_bus(&config, name).await?;
        let recovery = if embedded { Recovery::Alone } else { Recovery::Shared };
        let engine = Engine {
            store,
            bus,
            clock: Clock::system(),
            faults: Faults::none(),
            options: Options::from_config(&config.worker, config.bus.prefetch, recovery),
        };
        if recovery == Recovery::Alone {
            take_over(&engine).await?;
        }
        let admin = Admin { health: watch(&engine), metrics };
        Ok(Self {
            engine,
            config,
            admin,
            supervisor: Supervisor::new(),
            exporting: Some(exporting),
            _lock: lock,
        })
    }

    /// Adds a service to the process.
    ///
    /// # Errors
    /// When the service cannot be made.
    pub fn serve(&mut self, make: MakeService) -> Result<(), Failure> {
        let service = make(&self.engine, &self.config)?;
        let (engine, token) = (self.engine.clone(), self.supervisor.token());
        self.supervisor.spawn(service.name(), async move { engine.run(service, token).await });
        Ok(())
    }

    /// Serves health and metrics at `admin.bind`.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn listen(&mut self) -> Result<(), Failure> {
        let listening = self.admin.clone().listen(self.config.admin.bind).map_err(invalid)?;
        let token = self.supervisor.token();
        self.supervisor.spawn("admin", listening.run(token));
        Ok(())
    }

    /// Runs until a signal or a part ends it.
    pub async fn run(mut self) -> ExitCode {
        let (health, token) = (self.admin.health.clone(), self.supervisor.token());
        self.supervisor.spawn("health", health.run(token));
        let ended = self.supervisor.run(self.config.shutdown.grace()).await;
        self.engine.bus.close().await;
        if let Some(exporting) = self.exporting {
            exporting.finish().await;
        }
        ended.exit_code()
    }
}

/// The store that the configuration names.
///
/// # Errors
/// When its URL is wrong, or the directory of its file cannot be made.
pub fn open_store(config: &Config) -> Result<Store, Failure> {
    let url = config.store.url.expose();
    if let Some(path) = url.strip_prefix("sqlite://")
        && let Some(directory) = Path::new(path).parent()
    {
        make_directory(directory)?;
    }
    let options =
        StoreOptions { postgres_connections: config.store.pool as usize, ..StoreOptions::default() };
    Ok(Store::open(url, options)?)
}

/// The bus that the configuration names.
///
/// # Errors
/// When its URL is wrong, or the broker refuses.
pub async fn open_bus(config: &Config, name: &str) -> Result<Arc<dyn Bus>, Failure> {
    let options = OpenOptions {
        name: format!("stocktake/{name}"),
        prefix: config.bus.prefix.clone(),
        capacity: config.bus.capacity,
        ..OpenOptions::default()
    };
    bus::open(config.bus.url.expose(), options).await.map_err(|error| Failure::new(error.kind(), error))
}

/// The depot that the configuration names.
///
/// # Errors
/// When its URL is wrong, or the directory cannot be made.
pub fn open_depot(config: &Config) -> Result<Depot, Failure> {
    let storage = StorageOptions(config.depot.options.expose().clone());
    let options = DepotOptions { storage, ..DepotOptions::default() };
    Depot::open(config.depot.url.expose(), &options).map_err(|error| Failure::new(error.kind(), error))
}

/// Takes the data directory for this process alone.
fn lock_data(directory: &Path) -> Result<File, Failure> {
    make_directory(directory)?;
    let path = directory.join("stocktake.lock");
    let trouble = |error: std::io::Error| {
        Failure::new(ErrorKind::Unavailable, format!("{} cannot be locked: {error}", path.display()))
    };
    let mut file =
        File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(trouble)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let text = format!(
                "the data directory {} is in use by another stocktake (process {}); wait for it, \
                 give another directory with --data, or run services over PostgreSQL and RabbitMQ to share one stock",
                directory.display(),
                holder.trim()
            );
            return Err(Failure::new(ErrorKind::Conflict, text));
        }
        Err(TryLockError::Error(error)) => return Err(trouble(error)),
    }
    file.set_len(0).map_err(trouble)?;
    writeln!(file, "{}", std::process::id()).map_err(trouble)?;
    Ok(file)
}

fn make_directory(directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory).map_err(|error| {
        let text = format!("the directory {} cannot be made: {error}", directory.display());
        Failure::new(ErrorKind::Unavailable, text)
    })
}

/// Ends every lease and claim. Only for the one process of a data directory, when it starts: whoever held
/// them is gone, the lock says so.
///
/// # Errors
/// When the store does not take it.
pub async fn take_over(engine: &Engine) -> Result<(), Failure> {
    let now = engine.clock.now();
    engine
        .store
        .write(move |tx| {
            tasks::release_all(tx, now)?;
            outbox::release_all(tx, now)?;
            Ok::<_, Failure>(())
        })
        .await
}

fn watch(engine: &Engine) -> Health {
    let health = Health::new();
    let store = engine.store.clone();
    health.probe("store", Pace::default(), move || {
        let store = store.clone();
        async move {
            let version = store.check().await.map_err(|error| error.to_string())?;
            let kept = store.read(|tx| Ok((outbox::len(tx)?, set_aside::len(tx)?))).await;
            let (outbox, set_aside) = kept.map_err(|error| error.to_string())?;
            telemetry::kept(outbox, set_aside);
            Ok(version)
        }
    });
    let bus = engine.bus.clone();
    health.probe("bus", Pace::default(), move || {
        let bus = bus.clone();
        async move {
            let version = bus.check().await.map_err(|error| error.to_string())?;
            telemetry::depths(&bus.depths().await.map_err(|error| error.to_string())?);
            Ok(version)
        }
    });
    health
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_and_wrong_ones_are_named() {
        let read = |given: &[&str]| arguments(given.iter().map(|&text| text.to_owned()));
        let (file, overrides) = read(&["--config", "a.toml", "--set", "bus.prefix=x=y"]).unwrap();
        assert_eq!(file, Some(PathBuf::from("a.toml")));
        assert_eq!(overrides, [("bus.prefix".to_owned(), "x=y".to_owned())]);
        for (given, word) in
            [(&["--confg"][..], "--confg"), (&["--config"], "needs a value"), (&["--set", "x"], "KEY=VALUE")]
        {
            assert!(read(given).unwrap_err().reason.contains(word));
        }
    }

    #[test]
    fn a_data_directory_has_one_process_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let first = lock_data(directory.path()).unwrap();
        let refused = lock_data(directory.path()).unwrap_err();
        assert!(refused.reason.contains(&std::process::id().to_string()), "{refused}");
        drop(first);
        lock_data(directory.path()).unwrap();
    }
}
