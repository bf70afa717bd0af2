//! A depot has one store; and what only a server that pages, or that lacks something, can show.

use contracts::ErrorKind;
use depot::Pack;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use crate::{
    backends,
    samples::{noise, pack_of},
};

#[tokio::test]
async fn the_first_to_claim_a_depot_has_it() {
    for backend in backends::all() {
        let depot = &backend.depot;
        assert_eq!(depot.owner().await.unwrap(), None, "{}", backend.name);
        let stores: Vec<Uuid> = std::iter::repeat_with(Uuid::now_v7).take(6).collect();
        let claims = stream::iter(&stores).map(|store| depot.claim(*store)).buffer_unordered(6);
        let told: Vec<Uuid> = claims.try_collect().await.unwrap();
        let owner = depot.owner().await.unwrap().unwrap();
        assert!(stores.contains(&owner));
        assert!(told.iter().all(|one| *one == owner), "{}: {told:?}", backend.name);
        assert_eq!(depot.claim(Uuid::now_v7()).await.unwrap(), owner, "{}", backend.name);
        // It is no pack.
        assert!(depot.list().try_collect::<Vec<_>>().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_list_of_many_pages_is_whole() {
    for backend in backends::all() {
        // A page of S3 has a thousand objects.
        let packs: Vec<Pack> = (0..1_100).map(|seed| pack_of(&[noise(20, seed)])).collect();
        let puts = stream::iter(&packs).map(|pack| backend.depot.put(pack)).buffer_unordered(16);
        puts.try_collect::<Vec<()>>().await.unwrap();
        let mut listed: Vec<String> =
            backend.depot.list().map_ok(|info| info.name).try_collect().await.unwrap();
        let mut names: Vec<String> = packs.into_iter().map(|pack| pack.name).collect();
        listed.sort();
        names.sort();
        assert!(listed == names, "{}: {} of {}", backend.name, listed.len(), names.len());
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    let Some(depot) = backends::s3_in("no-such-bucket") else { return };
    for error in [depot.put(&pack_of(&[noise(10, 1)])).await.unwrap_err(), depot.check().await.unwrap_err()] {
        assert!(error.to_string().contains("no-such-bucket"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
