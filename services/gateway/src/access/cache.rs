//! Keys that were looked up, for a while: so that a request costs no question to the database, and so
//! that who is known goes on being known while the database is down.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use store::{
    Store, StoreError,
    api_keys::{self, ApiKey, KeyDigest, SecretKey},
};
use tokio::time::Instant;

/// How long a look-up holds, give or take a tenth, so that keys that came together do not all go together.
const AGE: Duration = Duration::from_secs(30);
/// After this a key that was revoked elsewhere is refused everywhere. Here it is refused at once.
pub(crate) const REVOKED_AFTER: Duration = Duration::from_secs(33);
/// How long a key that was known goes on being known while the database does not answer.
const STALE: Duration = Duration::from_secs(3_600);
/// Keys that are remembered, and as many that turned out to be none: guesses push no real key out.
const MOST: usize = 10_000;

/// Keys that were looked up.
pub(crate) struct KeyCache {
    store: Store,
    random: RandomState,
    known: Mutex<HashMap<KeyDigest, Known>>,
    unknown: Mutex<HashMap<KeyDigest, Instant>>,
}

struct Known {
    key: Arc<ApiKey>,
    fresh_until: Instant,
}

impl KeyCache {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, random: RandomState::new(), known: Mutex::default(), unknown: Mutex::default() }
    }

    /// The key, whether or not it is still worth something; none when there is no such key.
    ///
    /// # Errors
    /// When the database does not answer and the key was not known before.
    pub(crate) async fn find(
        &self,
        secret: &SecretKey,
        store_is_up: bool,
    ) -> Result<Option<Arc<ApiKey>>, StoreError> {
        let (digest, now) = (secret.digest(), Instant::now());
        let known = lock(&self.known).get(&digest).map(|known| (known.key.clone(), known.fresh_until));
        if let Some((key, fresh_until)) = &known
            && *fresh_until > now
        {
            return Ok(Some(key.clone()));
        }
        if lock(&self.unknown).get(&digest).is_some_and(|until| *until > now) {
            return Ok(None);
        }
        if let (false, Some((key, fresh_until))) = (store_is_up, &known)
            && *fresh_until + STALE > now
        {
            return Ok(Some(key.clone()));
        }
        let found = tokio::time::timeout(
            Duration::from_millis(900),
            self.store.read(move |tx| api_keys::by_digest(tx, &digest)),
        );
        let found = match found.await {
            Ok(found) => found,
            Err(_elapsed) => Err(StoreError::Database {
                kind: contracts::ErrorKind::Unavailable,
                reason: "the database did not answer in time".to_owned(),
            }),
        };
        match (found, known) {
            (Ok(found), _) => Ok(self.keep(digest, found, now)),
            (Err(error), Some((key, fresh_until))) if fresh_until + STALE > now => {
                tracing::debug!(%error, key = key.prefix, "key taken as it was known");
                Ok(Some(key))
            }
            (Err(error), _) => Err(error),
        }
    }

    fn keep(&self, digest: KeyDigest, found: Option<ApiKey>, now: Instant) -> Option<Arc<ApiKey>> {
        // Between nine tenths and eleven tenths.
        let part = self.random.hash_one((digest, now)) % 201;
        let until = now + AGE * (900 + part as u32) / 1_000;
        match found {
            Some(key) => {
                let key = Arc::new(key);
                let mut known = lock(&self.known);
                make_room(&mut known, |known| known.fresh_until + STALE > now);
                known.insert(digest, Known { key: key.clone(), fresh_until: until });
                Some(key)
            }
            None => {
                lock(&self.known).remove(&digest);
                let mut unknown = lock(&self.unknown);
                make_room(&mut unknown, |until| *until > now);
                unknown.insert(digest, until);
                None
            }
        }
    }

    /// Looks every key up again from now on. For whoever changed one.
    pub(crate) fn forget(&self) {
        lock(&self.known).clear();
        lock(&self.unknown).clear();
    }
}

/// Lets go of what is worth nothing any more and, when that is not enough, of a tenth of the rest.
fn make_room<V>(map: &mut HashMap<KeyDigest, V>, is_of_use: impl Fn(&V) -> bool) {
    if map.len() < MOST {
        return;
    }
    map.retain(|_, value| is_of_use(value));
    if map.len() >= MOST {
        let some: Vec<KeyDigest> = map.keys().take(MOST / 10).copied().collect();
        for digest in some {
            map.remove(&digest);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut map = HashMap::new();
        let digests: Vec<KeyDigest> = (0..MOST + 5).map(|at| KeyDigest::of(&at.to_string())).collect();
        for digest in digests {
            make_room(&mut map, |_: &()| true);
            map.insert(digest, ());
            assert!(map.len() <= MOST);
        }
        assert!(map.len() > MOST / 2);
        make_room(&mut map, |()| true);
    }
}
