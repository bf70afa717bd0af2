//! Submissions that neither the database nor the broker takes: one file each, bounded, until one of them is
//! back. A file is whole or not there, and gone only once its message is with one of the two.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use contracts::{Envelope, ErrorKind, Failure};
use runtime::metrics::names::SPOOLED;
use store::outbox;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use worker::Engine;

/// Submissions that are kept at most.
const MOST: u64 = 50_000;
/// How often it is tried to hand them on.
const EVERY: Duration = Duration::from_secs(1);
/// Submissions that are handed on at once.
const AT_ONCE: usize = 200;
/// How long the broker may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Spool {
    folder: PathBuf,
    kept: AtomicU64,
}

impl Spool {
    /// The spool in this machine's data folder, with what a process before this one left.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub(crate) fn open(data: &Path) -> Result<Self, Failure> {
        let folder = data.join("spool");
        fs::create_dir_all(&folder).map_err(|error| trouble(&folder, &error))?;
        let spool = Self { folder, kept: AtomicU64::new(0) };
        let kept = spool.files(usize::MAX)?.len() as u64;
        spool.kept.store(kept, Ordering::Relaxed);
        metrics::gauge!(SPOOLED).set(kept as f64);
        Ok(spool)
    }

    /// Keeps a submission. It is on the disk when this returns.
    ///
    /// # Errors
    /// When there are too many, or the disk does not take it.
    pub(crate) async fn keep(&self, envelope: &Envelope) -> Result<(), Failure> {
        if self.kept.fetch_add(1, Ordering::Relaxed) >= MOST {
            self.kept.fetch_sub(1, Ordering::Relaxed);
            let text =
                format!("the database and the broker are away, and {MOST} submissions wait on the disk");
            return Err(Failure::new(ErrorKind::Unavailable, text));
        }
        let text = serde_json::to_vec(envelope).map_err(|error| Failure::new(ErrorKind::Internal, error))?;
        // They are handed on in the order in which they came.
        let name = format!("{}.json", Uuid::now_v7());
        let folder = self.folder.clone();
        let written = blocking(move || write(&folder, &name, &text)).await;
        match written {
            Ok(()) => metrics::gauge!(SPOOLED).set(self.kept.load(Ordering::Relaxed) as f64),
            Err(_) => drop(self.kept.fetch_sub(1, Ordering::Relaxed)),
        }
        written
    }

    /// Hands on what is kept, until `shutdown`.
    pub(crate) async fn empty(&self, engine: &Engine, shutdown: &CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.cancelled() => return,
            }
            while self.kept.load(Ordering::Relaxed) > 0 {
                match self.hand_on(engine).await {
                    Ok(0) => break,
                    Ok(_) if shutdown.is_cancelled() => return,
                    Ok(count) => tracing::info!(count, "submissions of the spool handed on"),
                    Err(failure) => {
                        tracing::debug!(%failure, "spool keeps its submissions");
                        break;
                    }
                }
            }
        }
    }

    async fn hand_on(&self, engine: &Engine) -> Result<usize, Failure> {
        let files = self.files(AT_ONCE)?;
        let mut envelopes = Vec::with_capacity(files.len());
        for file in &files {
            let text = fs::read(file).map_err(|error| trouble(file, &error))?;
            match serde_json::from_slice::<Envelope>(&text) {
                Ok(envelope) => envelopes.push(envelope),
                Err(error) => {
                    tracing::error!(file = %file.display(), %error, "spool holds what is no message")
                }
            }
        }
        let stored = {
            let (envelopes, now) = (envelopes.clone(), engine.clock.now());
            engine.store.write(move |tx| outbox::push(tx, &envelopes, None, now)).await
        };
        if let Err(error) = stored {
            let error: store::StoreError = error;
            tracing::debug!(%error, "database does not take the spool");
            let published = tokio::time::timeout(PATIENCE, engine.bus.publish(&envelopes)).await;
            published
                .map_err(|elapsed| Failure::new(ErrorKind::TimedOut, elapsed))?
                .map_err(|error| Failure::new(error.kind(), error))?;
        }
        let count = files.len();
        for file in files {
            fs::remove_file(&file).map_err(|error| trouble(&file, &error))?;
            let left = self.kept.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
            metrics::gauge!(SPOOLED).set(left as f64);
        }
        Ok(count)
    }

    /// The oldest files.
    fn files(&self, most: usize) -> Result<Vec<PathBuf>, Failure> {
        let entries = fs::read_dir(&self.folder).map_err(|error| trouble(&self.folder, &error))?;
        let is_whole = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_whole).collect();
        files.sort_unstable();
        files.truncate(most);
        Ok(files)
    }
}

fn write(folder: &Path, name: &str, text: &[u8]) -> Result<(), Failure> {
    let (part, whole) = (folder.join(format!("{name}.part")), folder.join(name));
    let written = File::create(&part)
        .and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, &whole))
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|error| trouble(&whole, &error))
}

async fn blocking(work: impl FnOnce() -> Result<(), Failure> + Send + 'static) -> Result<(), Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Failure::new(ErrorKind::Internal, error)))
}

fn trouble(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(ErrorKind::Unavailable, format!("the spool {} cannot be used: {error}", path.display()))
}
