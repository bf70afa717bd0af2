//! Which storage a URL means.

use std::{fs, io, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use object_store::{
    ClientOptions, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    local::LocalFileSystem,
    memory::InMemory,
    path::Path,
};
use url::Url;

use crate::{
    DepotError, DepotOptions, name,
    redact::{self, Redactor},
};

/// One request that moves a whole pack over a slow line takes no longer than this.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The worker tries again by itself and with patience; here only short hiccups are bridged.
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_RETRIES: usize = 4;
/// What is being done when a pack is put.
pub(crate) const WRITING: &str = "writing";

/// An opened storage.
pub(crate) struct Storage {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The path in front of `packs/`.
    pub(crate) prefix: Path,
    /// What it is, in words, without secrets.
    pub(crate) shown: String,
    pub(crate) redactor: Redactor,
    /// The directory, when it is a local one.
    pub(crate) directory: Option<PathBuf>,
}

impl Storage {
    pub(crate) fn open(text: &str, options: &DepotOptions) -> Result<Self, DepotError> {
        let url = Url::parse(text).map_err(|error| DepotError::Invalid {
            // What cannot be parsed cannot be cleaned of secrets either.
            url: "URL".to_owned(),
            reason: format!(
                "{error}; expected file:///directory, memory:, s3://bucket/prefix, gs://bucket/prefix or \
                 az://container/prefix"
            ),
        })?;
        let shown = redact::shown(&url);
        let invalid = |reason: String| DepotError::Invalid { url: shown.clone(), reason };
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(invalid("credentials and settings belong into the options, not into the URL".into()));
        }
        let redactor = Redactor::new(&options.storage);
        let (mut prefix, mut directory) = (Path::default(), None);
        let store: Arc<dyn ObjectStore> = match url.scheme() {
            "memory" => Arc::new(InMemory::new()),
            "file" => {
                let path = url
                    .to_file_path()
                    .map_err(|()| invalid("not a local directory; expected file:///directory".into()))?;
                create(&path)?;
                let store = LocalFileSystem::new_with_prefix(&path)
                    .map_err(|error| invalid(redactor.clean(&error.to_string())))?;
                directory = Some(path);
                Arc::new(store.with_fsync(options.fsync))
            }
            scheme @ ("s3" | "gs" | "az") => {
                prefix = Path::from_url_path(url.path()).map_err(|error| invalid(error.to_string()))?;
                cloud(scheme, &url, options).map_err(|reason| invalid(redactor.clean(&reason)))?
            }
            scheme => {
                return Err(invalid(format!(
                    "unknown scheme `{scheme}`; known are file, memory, s3, gs and az"
                )));
            }
        };
        Ok(Self { store, prefix, shown, redactor, directory })
    }

    /// Where the pack with this name lies; `None` when it is no name of a pack.
    pub(crate) fn pack_path(&self, name: &str) -> Option<Path> {
        let shard = name::is_name(name).then(|| name.get(..2))??;
        Some(self.packs().join(shard).join(format!("{name}.pack")))
    }

    /// What says whose depot it is.
    pub(crate) fn owner(&self) -> Path {
        self.prefix.clone().join("owner")
    }

    /// Where all packs lie.
    pub(crate) fn packs(&self) -> Path {
        self.prefix.clone().join("packs")
    }

    /// The error for what `pack` met while `doing`.
    pub(crate) fn error(&self, doing: &str, pack: Option<&str>, error: object_store::Error) -> DepotError {
        use object_store::Error as E;
        if let (E::NotFound { .. }, Some(pack)) = (&error, pack)
            // What is not there while writing is the place, not the pack.
            && doing != WRITING
        {
            return DepotError::Missing { pack: pack.to_owned() };
        }
        let doing = match pack {
            Some(pack) => format!("{doing} pack {pack} in {}", self.shown),
            None => format!("{doing} {}", self.shown),
        };
        let denied = matches!(error, E::PermissionDenied { .. } | E::Unauthenticated { .. })
            || io_kind(&error) == Some(io::ErrorKind::PermissionDenied);
        let reason = self.redactor.clean(&error.to_string());
        if denied {
            return DepotError::Forbidden { doing, reason };
        }
        DepotError::Unavailable { doing, reason }
    }
}

/// The kind of the I/O error that is at the bottom of `error`.
fn io_kind(error: &dyn std::error::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = error.source();
    }
    None
}

fn create(path: &std::path::Path) -> Result<(), DepotError> {
    fs::create_dir_all(path.join("packs")).map_err(|error| {
        let (doing, reason) = (format!("creating directory {}", path.display()), error.to_string());
        match error.kind() {
            io::ErrorKind::PermissionDenied => DepotError::Forbidden { doing, reason },
            _ => DepotError::Unavailable { doing, reason },
        }
    })
}

/// Opens an object store. Credentials come from the options or, where the platform has such a thing, from the
/// machine's own identity; the environment is not looked at.
fn cloud(scheme: &str, url: &Url, options: &DepotOptions) -> Result<Arc<dyn ObjectStore>, String> {
    // It fails when one is installed already, which is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = ClientOptions::new().with_timeout(REQUEST_TIMEOUT).with_connect_timeout(CONNECT_TIMEOUT);
    let retry =
        RetryConfig { max_retries: MAX_RETRIES, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
    /// The same steps for three builders that share no trait.
    macro_rules! build {
        ($builder:ty, $key:ty) => {{
            let mut builder =
                <$builder>::new().with_url(url.as_str()).with_client_options(client).with_retry(retry);
            for (name, value) in &options.storage.0 {
                let key = <$key>::from_str(name).map_err(|_unknown| unknown_option(name, scheme))?;
                builder = builder.with_config(key, value);
            }
            builder.build().map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
        }};
    }
    match scheme {
        "s3" => build!(AmazonS3Builder, AmazonS3ConfigKey),
        "gs" => build!(GoogleCloudStorageBuilder, GoogleConfigKey),
        _ => build!(MicrosoftAzureBuilder, AzureConfigKey),
    }
    .map_err(|error| error.to_string())
}

fn unknown_option(name: &str, scheme: &str) -> String {
    let known = match scheme {
        "s3" => "aws_access_key_id, aws_secret_access_key, aws_session_token, aws_region, aws_endpoint",
        "gs" => "google_service_account, google_service_account_key, google_application_credentials",
        _ => "azure_storage_account_name, azure_storage_account_key, azure_storage_sas_token",
    };
    format!("unknown option `{name}`; among those known are {known}")
}
