//! What is taken in beside repositories: single files, and the addresses of who is told.

use std::time::Duration;

use addresses::Allowed;
use assets::Library;
use contracts::Failure;
use runtime::config::Config;

/// Where single files may be, and which addresses webhooks may have.
#[derive(Clone)]
pub struct Intake {
    pub(crate) library: Library,
    /// The largest manifest, in bytes.
    pub(crate) manifest_bytes: usize,
    /// The largest file that comes with a request, in bytes.
    pub(crate) upload_bytes: usize,
    /// How long a manifest or a file may take to arrive.
    pub(crate) patience: Duration,
    /// Addresses that webhooks may have.
    pub(crate) receivers: Allowed,
}

impl Intake {
    /// What the configuration allows.
    ///
    /// # Errors
    /// When a root or the depot is not understood.
    pub fn new(config: &Config) -> Result<Self, Failure> {
        let depot = worker::process::open_depot(config)?;
        Ok(Self {
            library: Library::open(&config.assets, Some(depot))?,
            manifest_bytes: config.assets.manifest_bytes,
            patience: config.assets.fetch(),
            upload_bytes: usize::try_from(config.assets.max_bytes).unwrap_or(usize::MAX),
            receivers: config.webhooks.allowed(),
        })
    }
}
