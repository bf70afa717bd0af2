//! Killed anywhere, the upkeep loses nothing, and the next one ends where an undisturbed one would.

use std::collections::BTreeSet;

use contracts::ErrorKind;
use runtime::faults::{Faults, POINTS};
use upkeep::Keeper;

use crate::world::{GRACE, World};

/// Something for every step: an aborted snapshot, a fetch that died after its put, a draft, packs half of use.
async fn untidy() -> (World, BTreeSet<u32>) {
    let world = World::embedded().await;
    world.visited(1, 0..10).await;
    let mut aborted = world.begin(2, 5..30).await;
    aborted.look(&world).await;
    aborted.put(&world).await;
    aborted.write(&world).await.unwrap();
    aborted.end(&world).await.unwrap();
    world.abort(aborted.snapshot).await;
    let shares = world.visited(3, [28, 29]).await;
    let mut dead = world.begin(4, 40..45).await;
    dead.look(&world).await;
    dead.put(&world).await;
    dead.fail(&world).await;
    let mut half = world.begin(5, 50..55).await;
    half.look(&world).await;
    half.put(&world).await;
    half.write(&world).await.unwrap();
    half.fail(&world).await;
    let live = (0..10).chain(shares.wanted).collect();
    (world, live)
}

async fn look_after(keeper: &Keeper) -> Result<(), contracts::Failure> {
    keeper.compact(&|_, _, _| {}).await?;
    keeper.collect(&|_, _, _| {}).await?;
    keeper.verify(&[], &|_, _, _| {}, |damage| panic!("{damage:?}")).await.map(drop)
}

async fn look_after_until_tidy(world: &World, keeper: &Keeper) -> Result<(), contracts::Failure> {
    for _ in 0..5 {
        world.clock.advance(GRACE * 2);
        look_after(keeper).await?;
    }
    Ok(())
}

async fn is_tidy(world: &World, live: &BTreeSet<u32>, at: &str) {
    world.prove(live).await;
    assert_eq!(world.known(60).await, *live, "{at}");
    assert_eq!(world.objects().await, world.rows().await, "{at}");
    assert_eq!(world.objects().await.len(), 2, "{at}: the first visit's, and what was compacted");
}

#[tokio::test]
async fn killed_at_every_point_it_goes_on() {
    let (world, live) = untidy().await;
    let counting = Keeper { faults: Faults::count(), ..world.keeper.clone() };
    look_after_until_tidy(&world, &counting).await.unwrap();
    is_tidy(&world, &live, "undisturbed").await;
    let passed = counting.faults.passed();
    for point in POINTS.iter().filter(|point| point.starts_with("depot.")) {
        let count = *passed.get(point).unwrap_or_else(|| panic!("{point} is never passed"));
        for at in BTreeSet::from([1, count.div_ceil(2), count]) {
            let (world, live) = untidy().await;
            let faults = Faults::stop_at(point, at).unwrap();
            let killed = Keeper { faults: faults.clone(), ..world.keeper.clone() };
            let failure = look_after_until_tidy(&world, &killed).await.unwrap_err();
            assert_eq!(failure.kind, ErrorKind::Cancelled, "{point}:{at}");
            world.prove(&live).await;
            look_after_until_tidy(&world, &world.keeper).await.unwrap();
            is_tidy(&world, &live, &format!("{point}:{at}")).await;
            world.remove().await;
        }
    }
    world.remove().await;
}
