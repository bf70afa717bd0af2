//! A collection beside visits that rely on what it is about to throw away.

use contracts::ErrorKind;
use testkit::stacks;

use crate::world::{GRACE, World};

/// Contents 0 to 19 are stored, and nothing refers to them: their snapshot was aborted.
async fn with_garbage(world: &World) {
    let mut visit = world.begin(1, 0..20).await;
    visit.store_and_end(world).await;
    world.abort(visit.snapshot).await;
}

async fn on_each(test: impl AsyncFn(&World)) {
    for stack in stacks().await {
        let world = World::on(stack).await;
        test(&world).await;
        world.remove().await;
    }
}

#[tokio::test]
async fn what_an_aborted_snapshot_brought_goes_after_the_grace_and_not_before() {
    on_each(async |world| {
        with_garbage(world).await;
        world.visited(2, [18, 19, 20]).await;
        let early = world.collect().await;
        assert_eq!((early.trees, early.condemned, early.packs), (0, 0, 0), "{early:?}");
        world.clock.advance(GRACE * 2);
        let first = world.collect().await;
        assert_eq!((first.trees, first.nodes, first.condemned), (1, 20, 0), "18 and 19 hold the pack");
        world.prove(&(18..=20).collect()).await;
        world.keeper.compact(&|_, _, _| {}).await.unwrap();
        world.collect_all().await;
        assert_eq!(world.known(30).await, (18..=20).collect());
        assert_eq!(world.objects().await, world.rows().await);
        assert_eq!(world.objects().await.len(), 2, "what was compacted, and the second visit's");
        world.prove(&(18..=20).collect()).await;
        // What was collected can be stored again.
        let again = world.visited(1, 0..20).await;
        assert_eq!(again.lacks().len(), 18);
        world.prove(&again.wanted).await;
    })
    .await;
}

#[tokio::test]
async fn a_visit_that_looked_before_the_mark_keeps_what_it_relies_on() {
    on_each(async |world| {
        with_garbage(world).await;
        world.clock.advance(GRACE * 2);
        let mut visit = world.begin(2, 5..10).await;
        visit.look(world).await;
        assert!(visit.lacks().is_empty());
        let marked = world.collect().await;
        assert_eq!((marked.trees, marked.condemned, marked.waiting), (1, 1, 1));
        // However long it takes.
        for _ in 0..3 {
            world.clock.advance(GRACE * 5);
            let waits = world.collect().await;
            assert_eq!((waits.packs, waits.waiting), (0, 1), "{waits:?}");
        }
        visit.write(world).await.unwrap();
        visit.end(world).await.unwrap();
        world.clock.advance(GRACE * 2);
        let kept = world.collect().await;
        assert_eq!((kept.kept_after_all, kept.packs, kept.waiting), (1, 0, 0), "{kept:?}");
        world.prove(&visit.wanted).await;
    })
    .await;
}

#[tokio::test]
async fn a_visit_that_looks_after_the_mark_stores_what_it_needs_again() {
    on_each(async |world| {
        with_garbage(world).await;
        world.clock.advance(GRACE * 2);
        assert_eq!(world.collect().await.condemned, 1);
        let mut visit = world.begin(2, 5..10).await;
        visit.look(world).await;
        assert_eq!(visit.lacks().len(), 5, "nobody relies on a pack that is to go");
        world.clock.advance(GRACE * 2);
        // Its place goes while the visit holds a copy that nobody knows of yet.
        visit.put(world).await;
        assert_eq!(world.collect().await.packs, 1);
        visit.write(world).await.unwrap();
        visit.end(world).await.unwrap();
        world.commit(&visit).await;
        world.collect_all().await;
        world.prove(&visit.wanted).await;
        assert_eq!(world.known(30).await, visit.wanted);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_is_not_waited_for_and_cannot_write() {
    on_each(async |world| {
        with_garbage(world).await;
        world.clock.advance(GRACE * 2);
        let mut visit = world.begin(2, 5..10).await;
        visit.look(world).await;
        assert_eq!(world.collect().await.condemned, 1);
        let late = visit.clone();
        visit.claim(world).await;
        world.clock.advance(GRACE * 2);
        assert_eq!(world.collect().await.packs, 1, "what the first worker saw binds nobody");
        assert_eq!(late.write(world).await.unwrap_err().kind, ErrorKind::Conflict);
        visit.store_and_end(world).await;
        world.prove(&visit.wanted).await;
    })
    .await;
}

#[tokio::test]
async fn a_tree_that_goes_under_a_visit_makes_it_look_again() {
    on_each(async |world| {
        let mut first = world.begin(1, 0..5).await;
        first.store_and_end(world).await;
        let tree = first.tree(world).await.unwrap();
        world.abort(first.snapshot).await;
        world.clock.advance(GRACE * 2);
        // The repository has the commit of its last visit: the visit means to end with the tree of that one.
        let mut second = world.begin(1, 0..5).await;
        assert_eq!(world.collect().await.trees, 1);
        let gone = second.end_with(world, tree).await.unwrap_err();
        assert!(gone.kind.is_transient(), "{gone:?}");
        assert_eq!(first.tree(world).await, None);
        second.claim(world).await;
        second.store_and_end(world).await;
        world.commit(&second).await;
        world.collect_all().await;
        world.prove(&second.wanted).await;
    })
    .await;
}

#[tokio::test]
async fn a_tree_that_a_visit_has_ended_with_does_not_go() {
    on_each(async |world| {
        let mut first = world.begin(1, 0..5).await;
        first.store_and_end(world).await;
        let tree = first.tree(world).await.unwrap();
        world.abort(first.snapshot).await;
        let second = world.begin(1, 0..5).await;
        second.end_with(world, tree).await.unwrap();
        world.collect_all().await;
        assert_eq!(second.tree(world).await, Some(tree), "a snapshot that is under way refers to it");
        world.commit(&second).await;
        world.collect_all().await;
        world.prove(&second.wanted).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_fetch_left_that_died_is_collected_and_what_one_is_about_to_say_is_not() {
    on_each(async |world| {
        let mut dead = world.begin(1, 0..5).await;
        dead.look(world).await;
        dead.put(world).await;
        let mut slow = world.begin(2, 5..9).await;
        slow.look(world).await;
        slow.put(world).await;
        dead.fail(world).await;
        assert_eq!(world.objects().await.len(), 2);
        world.clock.advance(GRACE * 2);
        assert_eq!(world.collect().await.strays, 2, "no row speaks of either");
        world.clock.advance(GRACE * 2);
        assert_eq!(world.collect().await.packs, 0, "one of them may be about to");
        slow.write(world).await.unwrap();
        slow.end(world).await.unwrap();
        world.commit(&slow).await;
        world.collect_all().await;
        assert_eq!(world.objects().await.len(), 1);
        assert_eq!(world.objects().await, world.rows().await);
        world.prove(&slow.wanted).await;
    })
    .await;
}

#[tokio::test]
async fn many_collectors_beside_many_visits() {
    for stack in stacks().await {
        let world = World::on(stack).await;
        with_garbage(&world).await;
        world.clock.advance(GRACE * 2);
        let mut keeper = world.keeper.clone();
        keeper.rules.grace = std::time::Duration::ZERO;
        let visits = async {
            for round in 0..12 {
                let (from, length) = (round * 3 % 20, 1 + round % 6);
                let mut visit = world.begin(100 + round, from..from + length).await;
                visit.look(&world).await;
                visit.put(&world).await;
                visit.write(&world).await.unwrap();
                visit.end(&world).await.unwrap();
                if round % 3 == 0 {
                    world.abort(visit.snapshot).await;
                } else {
                    world.commit(&visit).await;
                    world.prove(&visit.wanted).await;
                }
            }
        };
        let upkeep = async || {
            for _ in 0..15 {
                keeper.collect(&|_, _, _| {}).await.unwrap();
                match keeper.compact(&|_, _, _| {}).await {
                    Ok(_) => {}
                    // The other took the announced pack for abandoned, or its file before that had its name: with no
                    // grace at all, it may. The task of a compaction is then tried again.
                    Err(failure) => assert!(
                        matches!(failure.kind, ErrorKind::Conflict | ErrorKind::Unavailable),
                        "{failure}"
                    ),
                }
            }
        };
        tokio::join!(visits, upkeep(), upkeep());
        let mut live = std::collections::BTreeSet::new();
        for round in (0..12).filter(|round| round % 3 != 0) {
            let (from, length) = (round * 3 % 20, 1 + round % 6);
            live.extend(from..from + length);
        }
        world.prove(&live).await;
        world.collect_all().await;
        world.keeper.compact(&|_, _, _| {}).await.unwrap();
        world.collect_all().await;
        world.prove(&live).await;
        assert_eq!(world.objects().await, world.rows().await);
        world.remove().await;
    }
}
