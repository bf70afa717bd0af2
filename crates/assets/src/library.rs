//! Reads what lies where an operator allows it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use addresses::Allowed;
use bytes::Bytes;
use contracts::{ErrorKind, Failure};
use depot::{Depot, Objects, StorageOptions};
use egress::Reach;
use runtime::config::Assets;
use store::assets::Provider;

use crate::{
    local::{self, Roots},
    upload,
};

/// How often something that does not answer is asked.
const TRIES: u32 = 3;
/// How long is waited in between, at first.
const PAUSE: Duration = Duration::from_millis(200);

/// What was read of a file.
#[derive(Clone, Debug)]
pub struct Read {
    /// The bytes.
    pub bytes: Bytes,
    /// Whether these are all; otherwise the rest was of no use.
    pub whole: bool,
}

fn buckets_of(config: &Assets, roots: impl IntoIterator<Item: AsRef<str>>) -> Result<Vec<Objects>, Failure> {
    let options = StorageOptions(config.storage.expose().clone());
    roots.into_iter().map(|root| Objects::open(root.as_ref(), options.clone())).collect()
}

/// Reads what lies where an operator allows it. Cheap to clone.
#[derive(Clone)]
pub struct Library {
    roots: Arc<Roots>,
    objects: Arc<[Objects]>,
    client: egress::Client,
    depot: Option<Depot>,
    max_bytes: u64,
    fetch: Duration,
}

impl Library {
    /// What the configuration allows. With a depot, also what came with requests.
    ///
    /// # Errors
    /// When a root or a setting is not understood.
    pub fn open(config: &Assets, depot: Option<Depot>) -> Result<Self, Failure> {
        let (local, buckets): (Vec<&String>, Vec<&String>) =
            config.roots.iter().partition(|root| root.starts_with('/'));
        let real = |root: &&String| {
            std::fs::canonicalize(root)
                .map_err(|error| Failure::new(ErrorKind::Invalid, format!("assets.roots: {root}: {error}")))
        };
        let local: Vec<PathBuf> = local.iter().map(real).collect::<Result<_, _>>()?;
        let buckets = buckets_of(config, buckets)?;
        let allowed = Allowed::parse(&config.allowed_addresses)
            .map_err(|error| Failure::new(ErrorKind::Invalid, error))?;
        Self::of(config, Roots::Below(local), buckets, allowed, depot)
    }

    /// What a person at their own terminal may read: every file, every address, and these buckets, each as
    /// `s3://BUCKET`.
    ///
    /// # Errors
    /// When a bucket or the certificates of this machine cannot be used.
    pub fn unbounded(config: &Assets, buckets: &[String]) -> Result<Self, Failure> {
        let buckets = buckets_of(config, buckets)?;
        Self::of(config, Roots::Anywhere, buckets, Allowed::everything(), None)
    }

    fn of(
        config: &Assets,
        roots: Roots,
        objects: Vec<Objects>,
        allowed: Allowed,
        depot: Option<Depot>,
    ) -> Result<Self, Failure> {
        let client = egress::Client::new(&egress::Options { allowed, ..egress::Options::default() })?;
        Ok(Self {
            roots: Arc::new(roots),
            objects: objects.into(),
            client,
            depot,
            max_bytes: config.max_bytes,
            fetch: config.fetch(),
        })
    }

    /// What a text means: a path, or the URL of an object or of the web.
    ///
    /// # Errors
    /// When it is none of these, or lies where nothing may be read.
    pub fn locate(&self, text: &str) -> Result<Provider, Failure> {
        match text.split_once("://").map(|(scheme, _)| scheme) {
            Some("http" | "https") => self.client.check(text).map(|_url| Provider::Web),
            Some("s3" | "gs" | "az") => self.objects_of(text).map(|_objects| Provider::Object),
            Some(scheme) => Err(Failure::new(
                ErrorKind::Invalid,
                format!(
                    "{scheme}:// is not known; accepted: a path, s3://, gs://, az://, http:// or https://"
                ),
            )),
            None => Ok(Provider::Local),
        }
    }

    /// Whether an asset can be reached, as far as a short question says.
    pub async fn reach(&self, provider: Provider, path: &str, time: Duration) -> Reach {
        match provider {
            Provider::Local => {
                let (roots, path) = (self.roots.clone(), PathBuf::from(path));
                match tokio::task::spawn_blocking(move || roots.find(&path)).await {
                    Ok(Ok(_)) => Reach::Yes,
                    Ok(Err(failure)) => Reach::No(failure.reason),
                    Err(error) => Reach::Unknown(error.to_string()),
                }
            }
            Provider::Object => match self.objects_of(path) {
                Err(failure) => Reach::No(failure.reason),
                Ok(objects) => match tokio::time::timeout(time, objects.size(path)).await {
                    Ok(Ok(_)) => Reach::Yes,
                    Ok(Err(failure)) if failure.kind.is_transient() => Reach::Unknown(failure.reason),
                    Ok(Err(failure)) => Reach::No(failure.reason),
                    Err(elapsed) => Reach::Unknown(elapsed.to_string()),
                },
            },
            Provider::Web => self.client.reach(path, time).await,
            Provider::Upload => Reach::Yes,
        }
    }

    fn objects_of(&self, url: &str) -> Result<&Objects, Failure> {
        let found = self.objects.iter().find(|objects| objects.holds(url));
        found.ok_or_else(|| Failure::new(ErrorKind::Forbidden, "it is not below one of assets.roots"))
    }

    /// Reads an asset. `wants_more` is shown its beginning and says whether the rest is of any use.
    ///
    /// # Errors
    /// When it cannot be reached, may not be read, is too large or does not come in time.
    pub async fn read(
        &self,
        provider: Provider,
        path: &str,
        wants_more: impl Fn(&[u8]) -> bool + Clone + Send + 'static,
    ) -> Result<Read, Failure> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            match self.read_once(provider, path, wants_more.clone()).await {
                Err(failure) if failure.kind == ErrorKind::Unavailable && attempt < TRIES => {
                    tokio::time::sleep(pause).await;
                    pause *= 4;
                }
                ended => return ended,
            }
        }
        Err(Failure::new(ErrorKind::Unavailable, "it cannot be read now"))
    }

    async fn read_once(
        &self,
        provider: Provider,
        path: &str,
        wants_more: impl Fn(&[u8]) -> bool + Send + 'static,
    ) -> Result<Read, Failure> {
        match provider {
            Provider::Local => {
                let (library, path) = (self.clone(), path.to_owned());
                tokio::task::spawn_blocking(move || library.read_local(&path, wants_more))
                    .await
                    .map_err(|error| Failure::new(ErrorKind::Internal, error))?
            }
            Provider::Object => {
                let objects = self.objects_of(path)?;
                let get = objects.get(path, self.max_bytes, |head| !wants_more(head));
                let (bytes, whole) = tokio::time::timeout(self.fetch, get)
                    .await
                    .map_err(|elapsed| Failure::new(ErrorKind::TimedOut, elapsed))??;
                Ok(Read { bytes, whole })
            }
            Provider::Web => {
                let most = usize::try_from(self.max_bytes).unwrap_or(usize::MAX);
                let got = self.client.get(path, most, self.fetch, |head| !wants_more(head)).await?;
                Ok(Read { bytes: got.bytes, whole: got.whole })
            }
            Provider::Upload => {
                let depot = self.depot.as_ref();
                let depot = depot
                    .ok_or_else(|| Failure::new(ErrorKind::Internal, "there is no depot for uploads here"))?;
                let bytes = upload::get(depot, path).await?;
                Ok(Read { bytes, whole: true })
            }
        }
    }

    /// Reads a file of this machine. Blocks: for whoever reads many and has a thread for it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_local(
        &self,
        path: impl AsRef<Path>,
        wants_more: impl Fn(&[u8]) -> bool,
    ) -> Result<Read, Failure> {
        let path = path.as_ref();
        let (bytes, whole) = local::read(&self.roots, path, self.max_bytes, |head| !wants_more(head))?;
        Ok(Read { bytes: bytes.into(), whole })
    }

    /// Keeps bytes that came with a request until their checks have run. Returns where.
    ///
    /// # Errors
    /// When there is no depot, it does not take them, or they are too many.
    pub async fn keep(&self, bytes: Bytes) -> Result<String, Failure> {
        if bytes.len() as u64 > self.max_bytes {
            let text = format!("it is larger than {} bytes", self.max_bytes);
            return Err(Failure::new(ErrorKind::TooLarge, text));
        }
        let depot = self.depot.as_ref();
        let depot =
            depot.ok_or_else(|| Failure::new(ErrorKind::Internal, "there is no depot for uploads here"))?;
        upload::put(depot, bytes).await
    }
}
