//! What a crash leaves in a local depot is neither seen nor kept for ever.

use std::{fs, path::PathBuf, time::Duration};

use depot::{Depot, DepotOptions};
use futures_util::TryStreamExt as _;

use crate::{
    backends::local,
    samples::{noise, pack_of},
};

fn place(directory: &tempfile::TempDir, name: &str) -> PathBuf {
    let shard = name.get(..2).unwrap();
    directory.path().join("packs").join(shard).join(format!("{name}.pack"))
}

#[tokio::test]
async fn a_half_written_pack_is_ignored_and_collected() {
    let (depot, directory) = local(&DepotOptions::default());
    let (half, whole) = (pack_of(&[noise(5000, 1)]), pack_of(&[noise(5000, 2)]));
    depot.put(&whole).await.unwrap();
    // What the writer of `half` had done when the power went.
    let path = place(&directory, &half.name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let leftover = path.with_file_name(format!("{}.pack#1", half.name));
    fs::write(&leftover, &half.bytes[..1000]).unwrap();

    let listed: Vec<_> = depot.list().try_collect().await.unwrap();
    assert_eq!(listed.iter().map(|info| &info.name).collect::<Vec<_>>(), [&whole.name]);
    assert_eq!(depot.stat(&half.name).await.unwrap(), None);
    // It may still be being written: only what is old enough goes.
    assert_eq!(depot.collect_leftovers(Duration::from_secs(3600)).await.unwrap(), 0);
    assert!(leftover.exists());
    // The same pack can be written all the same.
    depot.put(&half).await.unwrap();
    assert!(depot.verify(&half.name).await.unwrap().is_intact());
    assert_eq!(depot.collect_leftovers(Duration::ZERO).await.unwrap(), 1);
    assert!(!leftover.exists() && path.exists());
    assert_eq!(depot.list().try_collect::<Vec<_>>().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_under_the_name() {
    let (depot, directory) = local(&DepotOptions::default());
    let pack = pack_of(&[noise(5000, 1)]);
    // A file where the pack's folder should be: the write cannot succeed.
    let folder = place(&directory, &pack.name).parent().unwrap().to_owned();
    fs::write(&folder, b"in the way").unwrap();
    let error = depot.put(&pack).await.unwrap_err();
    assert!(error.to_string().contains(&pack.name), "{error}");
    fs::remove_file(&folder).unwrap();
    assert_eq!(depot.stat(&pack.name).await.unwrap(), None);
    depot.put(&pack).await.unwrap();
    assert!(depot.verify(&pack.name).await.unwrap().is_intact());
}

#[tokio::test]
async fn foreign_files_are_passed_over() {
    let (depot, directory) = local(&DepotOptions::default());
    let pack = pack_of(&[noise(50, 1)]);
    depot.put(&pack).await.unwrap();
    fs::write(directory.path().join("packs/README"), b"hello").unwrap();
    fs::write(place(&directory, &pack.name).with_file_name("short.pack"), b"x").unwrap();
    assert_eq!(depot.list().try_collect::<Vec<_>>().await.unwrap().len(), 1);
    assert_eq!(depot.collect_leftovers(Duration::ZERO).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reopened_depot_has_what_was_put() {
    let (depot, directory) = local(&DepotOptions::default());
    let pack = pack_of(&[noise(50, 1)]);
    depot.put(&pack).await.unwrap();
    drop(depot);
    let url = url::Url::from_directory_path(directory.path()).unwrap();
    let again = Depot::open(url.as_str(), &DepotOptions::default()).unwrap();
    assert!(again.verify(&pack.name).await.unwrap().is_intact());
}
