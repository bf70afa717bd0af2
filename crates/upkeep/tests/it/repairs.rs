//! Damage is found, named, noted, and not spread; a repair's contents stay as long as it runs.

use std::{fs, path::PathBuf};

use contracts::{ErrorKind, Lane, repair::RepairAction, repair::RepairSubject};
use store::{
    batches::{self, NewBatch},
    contents, packs,
    repairs::{self, NewRepair},
};
use testkit::stacks;

use crate::world::{GRACE, World, id_of};

fn files(world: &World) -> Vec<PathBuf> {
    let mut open = vec![world.directory().join("depot/packs")];
    let mut found = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found
}

#[tokio::test]
async fn a_flipped_byte_and_a_lost_pack_are_named_and_noted() {
    for stack in stacks().await {
        let world = World::on(stack).await;
        world.visited(1, 0..10).await;
        world.visited(2, 20..30).await;
        let [one, other] = files(&world).try_into().unwrap();
        let mut bytes = fs::read(&one).unwrap();
        bytes[200] ^= 1;
        fs::write(&one, bytes).unwrap();
        fs::remove_file(&other).unwrap();
        let mut found = Vec::new();
        let sum = world
            .keeper
            .verify(&[], &|_, _, _| {}, |damage| {
                found.push(damage.clone());
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!((sum.packs, sum.damaged), (2, 2));
        let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            found.iter().any(|one| one.pack == name(&other) && one.reason.contains("is not in the depot"))
        );
        let damaged: Vec<_> = found.iter().filter(|damage| damage.pack == name(&one)).collect();
        assert!(damaged.iter().any(|damage| damage.content.is_some()), "{damaged:?}");
        let stat = world.keeper.stat(true, &|_, _, _| {}).await.unwrap();
        assert_eq!(stat.states[0].damaged, 2);
        assert_eq!((stat.missing, stat.strays), (Some(1), Some(0)));
        // One pack alone, by its name; and a name that is none.
        let alone = world.keeper.verify(&[name(&other)], &|_, _, _| {}, |_| Ok(())).await.unwrap();
        assert_eq!((alone.packs, alone.damaged), (1, 1));
        let none = world.keeper.verify(&["00".to_owned()], &|_, _, _| {}, |_| Ok(())).await.unwrap_err();
        assert_eq!(none.kind, ErrorKind::NotFound);
        world.remove().await;
    }
}

#[tokio::test]
async fn a_damaged_content_is_not_copied_and_its_pack_stays() {
    let world = World::embedded().await;
    let mut aborted = world.begin(1, 0..30).await;
    aborted.look(&world).await;
    aborted.put(&world).await;
    aborted.write(&world).await.unwrap();
    aborted.end(&world).await.unwrap();
    world.abort(aborted.snapshot).await;
    // 7 has a block to itself, 1 and 2 share one.
    world.visited(2, [1, 2, 7]).await;
    let path = files(&world).pop().unwrap();
    let place = world.store.read(|tx| contents::known(tx, &[id_of(7)])).await.unwrap();
    let at = place[&id_of(7)].location.clone().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[at.offset as usize + 40] ^= 1;
    fs::write(&path, bytes).unwrap();
    world.clock.advance(GRACE * 2);
    world.collect().await;
    let compacted = world.keeper.compact(&|_, _, _| {}).await.unwrap();
    assert_eq!((compacted.moved, compacted.damaged, compacted.emptied), (2, 1, 0), "{compacted:?}");
    world.collect_all().await;
    world.prove(&[1, 2].into()).await;
    assert!(path.exists(), "what is left of a content that is referred to is not thrown away");
    world.remove().await;
}

#[tokio::test]
async fn what_a_repair_analyses_again_stays_until_it_has_ended() {
    for stack in stacks().await {
        let world = World::on(stack).await;
        let mut visit = world.begin(1, 0..5).await;
        visit.look(&world).await;
        visit.put(&world).await;
        visit.write(&world).await.unwrap();
        visit.end(&world).await.unwrap();
        let now = world.clock.now();
        let batch = world
            .store
            .write(move |tx| {
                let subject = RepairSubject::Content(id_of(3));
                let new = NewRepair {
                    message_id: "m".to_owned(),
                    action: RepairAction::Reanalyze,
                    subject,
                    reason: None,
                };
                let (repair, _) = repairs::insert(tx, &new, now)?;
                let id = contents::known(tx, &[id_of(3)])?[&id_of(3)].id;
                let batch = NewBatch {
                    revision: None,
                    repair: Some(repair),
                    force: true,
                    items: vec![(id, "txt".to_owned())],
                    bytes: 0,
                    lane: Lane::Urgent,
                };
                batches::create(tx, &batch, now)
            })
            .await
            .unwrap();
        world.abort(visit.snapshot).await;
        world.collect_all().await;
        assert_eq!(world.objects().await.len(), 1);
        world.store.write(move |tx| batches::finish(tx, batch, 1, 0, now).map(drop)).await.unwrap();
        world.collect_all().await;
        assert!(world.objects().await.is_empty());
        assert!(world.store.read(|tx| packs::list(tx, None, 9)).await.unwrap().is_empty());
        world.remove().await;
    }
}

#[tokio::test]
async fn a_depot_of_another_store_is_left_alone() {
    let (ours, theirs) = (World::embedded().await, World::embedded().await);
    theirs.visited(1, 0..5).await;
    theirs.collect().await;
    let mut keeper = ours.keeper.clone();
    keeper.depot = theirs.depot.clone();
    ours.clock.advance(GRACE * 2);
    for _ in 0..2 {
        let refused = keeper.collect(&|_, _, _| {}).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Forbidden);
        assert!(refused.reason.contains("belongs to another store"), "{refused}");
    }
    theirs.prove(&(0..5).collect()).await;
    ours.remove().await;
    theirs.remove().await;
}
