//! Contents and packs.

use contracts::Oid;
use store::{
    Store, StoreError,
    contents::{self, ContentState, Location, NewContent, Place},
    packs::{self, NewPack},
};

use super::{now, oid};
use crate::db::on_each;

fn content(oid: Oid, pack_id: i64, offset: u64) -> NewContent {
    NewContent {
        oid,
        sha256: Some([oid.as_bytes()[0]; 32]),
        size: u64::from(u32::MAX) + offset,
        state: ContentState::Stored,
        place: Some(Place { pack_id, offset, length: u32::MAX }),
    }
}

fn pack(name: &str) -> NewPack {
    NewPack { name: name.to_owned(), bytes: 4_000_000, contents: 900, content_bytes: 1 }
}

fn numbered(number: u32) -> Oid {
    let mut bytes = [0; 20];
    bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b1).to_be_bytes());
    Oid::from(bytes)
}

#[tokio::test]
async fn contents_come_back_with_where_they_are() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let pack_id = packs::insert(tx, &pack("abc"), now())?;
                assert_eq!(packs::insert(tx, &pack("abc"), now())?, pack_id);
                let lost = NewContent {
                    oid: Oid::from_bytes(&[9; 32]).unwrap(),
                    sha256: None,
                    size: 3,
                    state: ContentState::Unreadable,
                    place: None,
                };
                let stored = content(oid(5), pack_id, 77);
                let ids = contents::insert_many(tx, &[stored, lost, stored], false)?;
                assert_eq!(ids[0], ids[2]);
                let known = contents::known(tx, &[oid(4), oid(5), lost.oid])?;
                assert_eq!(known.len(), 2);
                let found = &known[&oid(5)];
                let location = Location { pack_id, pack: "abc".to_owned(), offset: 77, length: u32::MAX };
                assert_eq!((found.id, &found.location), (ids[0], &Some(location)));
                assert_eq!((found.sha256, found.size), (stored.sha256, stored.size));
                let found = &known[&lost.oid];
                assert_eq!(
                    (found.sha256, found.state, &found.location),
                    (None, ContentState::Unreadable, &None)
                );
                let mut both = known.values().cloned().collect::<Vec<_>>();
                both.sort_by_key(|content| content.id);
                assert_eq!(contents::by_ids(tx, &[ids[1], ids[0], ids[0], -1])?, both);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_is_known_stays_unless_it_is_replaced() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let (old, new) =
                    (packs::insert(tx, &pack("a"), now())?, packs::insert(tx, &pack("b"), now())?);
                let first =
                    contents::insert_many(tx, &[content(oid(1), old, 1), content(oid(2), old, 2)], false)?;
                let second = [content(oid(2), new, 20), content(oid(1), new, 10), content(oid(3), new, 30)];
                let ids = contents::insert_many(tx, &second, false)?;
                assert_eq!(ids[..2], [first[1], first[0]]);
                let pack_of = |tx: &mut _, number| -> Result<_, StoreError> {
                    let location =
                        contents::known(tx, &[oid(number)])?.remove(&oid(number)).unwrap().location;
                    Ok(location.map(|it| (it.pack, it.offset)))
                };
                assert_eq!(pack_of(tx, 1)?, Some(("a".to_owned(), 1)));
                assert_eq!(contents::insert_many(tx, &second, true)?, ids);
                assert_eq!(pack_of(tx, 1)?, Some(("b".to_owned(), 10)));
                assert_eq!(pack_of(tx, 2)?, Some(("b".to_owned(), 20)));
                let gone =
                    NewContent { state: ContentState::TooLarge, sha256: None, place: None, ..second[1] };
                contents::insert_many(tx, &[gone], true)?;
                assert_eq!(pack_of(tx, 1)?, None);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_that_store_the_same_contents_at_once_agree_on_their_ids() {
    on_each(async |db| {
        let writers: Vec<_> = (0..4_u32)
            .map(|writer| {
                let store = db.again();
                tokio::spawn(async move { store_all(&store, writer).await })
            })
            .collect();
        let mut ids = Vec::new();
        for writer in writers {
            ids.push(writer.await.unwrap().unwrap());
        }
        let count = ids[0].len();
        assert!(ids.iter().all(|other| *other == ids[0]));
        ids[0].sort_unstable();
        ids[0].dedup();
        assert_eq!(ids[0].len(), count);
    })
    .await;
}

/// Stores the same contents as every other writer, each in another order, in several transactions.
async fn store_all(store: &Store, writer: u32) -> Result<Vec<i64>, StoreError> {
    const COUNT: u32 = 2_500;
    const PART: u32 = 500;
    let mut ids = vec![0; COUNT as usize];
    for part in 0..COUNT / PART {
        let mut numbers: Vec<u32> = (part * PART..(part + 1) * PART).collect();
        numbers.rotate_left(writer as usize * 117);
        let order = numbers.clone();
        let made: Result<Vec<i64>, StoreError> = store
            .write(move |tx| {
                let pack = packs::insert(tx, &pack(&format!("{writer}-{part}")), now())?;
                let new: Vec<NewContent> =
                    numbers.iter().map(|number| content(numbered(*number), pack, 1)).collect();
                contents::insert_many(tx, &new, false)
            })
            .await;
        for (number, id) in order.into_iter().zip(made?) {
            ids[number as usize] = id;
        }
    }
    Ok(ids)
}

#[tokio::test]
async fn packs_are_listed_in_the_order_they_were_made() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                for name in ["c", "a", "b"] {
                    packs::insert(tx, &pack(name), now())?;
                }
                let first = packs::list(tx, None, 2)?;
                assert_eq!(first.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["c", "a"]);
                let rest = packs::list(tx, Some(first[1].id), 2)?;
                assert_eq!(packs::by_name(tx, "b")?, rest.first().cloned());
                assert_eq!(packs::get(tx, first[0].id)?, first.first().cloned());
                assert_eq!((first[0].bytes, first[0].contents, first[0].created_at), (4_000_000, 900, now()));
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
