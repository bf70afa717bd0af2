//! The depot looked after: by itself, and by hand beside everything else.

use std::process::{Command, Output};

use contracts::SnapshotId;
use jiff::Timestamp;
use runtime::faults::Faults;
use serde_json::Value;
use store::{
    StoreError, Tx, packs,
    snapshots::{self, SnapshotState},
};
use testkit::{GitFixture, Stack, on_each_stack};
use worker::harness::Ended;

use crate::support::{World, exit_code, stocktake};

/// `stocktake depot …` in a process of its own, on the store and the depot of a stack.
fn depot(stack: &Stack, arguments: &[&str]) -> Output {
    let mut command: Command = stocktake(&stack.directory().join("data"));
    command
        .arg("depot")
        .args(arguments)
        .args(["--format", "json"])
        .env("STOCKTAKE__STORE__URL", &stack.store_url)
        .env("STOCKTAKE__DEPOT__URL", &stack.depot_url)
        .output()
        .unwrap()
}

fn told(output: &Output) -> Value {
    assert_eq!(exit_code(output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn abort(stack: &Stack, snapshot: SnapshotId) {
    let aborted = stack.store.write(move |tx| {
        let from = [SnapshotState::Audited];
        snapshots::set_state(tx, snapshot, &from, SnapshotState::Aborted, Timestamp::now())
    });
    assert!(aborted.await.map_err(|error: StoreError| error).unwrap());
}

/// As the harness asks: what there is still to wait for.
fn packs_left(tx: &mut Tx) -> Result<String, StoreError> {
    let left: u64 = packs::totals(tx)?.iter().map(|one| one.packs).sum();
    Ok(if left == 0 { String::new() } else { format!("{left} packs") })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_aborted_snapshot_brought_goes_by_itself_and_comes_again_when_it_is_wanted() {
    on_each_stack(async |stack| {
        let repository = GitFixture::tidy(6);
        let mut world = World::new(stack);
        world.config.depot.grace_seconds = 0;
        world.config.depot.upkeep_seconds = 60;
        let snapshot = world.begin("first", &[repository.url()], false).await;
        assert_eq!(world.run(Faults::none()).await, Ended::Idle);
        abort(stack, snapshot).await;
        world.wait_long();
        assert_eq!(world.run_until(Faults::none(), packs_left).await, Ended::Idle);
        // The same commit as in the last visit: but nothing of that is left, so that it is fetched again.
        world.config.depot.grace_seconds = 86_400;
        world.scan("second", &[repository.url()]).await;
        let stat = told(&depot(stack, &["stat", "--objects"]));
        assert_eq!(
            (&stat["dead_bytes"], &stat["missing"], &stat["strays"]),
            (&0.into(), &0.into(), &0.into())
        );
        assert!(stat["live_contents"].as_u64().unwrap() >= 6, "{stat}");
        let verified = told(&depot(stack, &["verify"]));
        assert_eq!(verified["verified"]["damaged"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hand_it_is_looked_after_beside_everything_else() {
    on_each_stack(async |stack| {
        let repository = GitFixture::tidy(10);
        let calm = Stack::embedded().await;
        let (calm_world, mut world) = (World::new(&calm), World::new(stack));
        for step in 0..4 {
            repository.write("changing.rs", format!("const STEP: usize = {step};\n"));
            repository.write_sources(1_000 + step * 20, 5).commit("a step");
            // What this snapshot brought is of no use by the time the next one meets it again.
            for world in [&calm_world, &world] {
                let given_up = world.begin("other", &[repository.url()], false).await;
                assert_eq!(world.run(Faults::none()).await, Ended::Idle);
                abort(world.stack, given_up).await;
            }
            let beside = async {
                for _ in 0..3 {
                    for what in [&["collect", "--grace", "0s"][..], &["compact", "--grace", "0s"]] {
                        let (output, arguments) = tokio::task::block_in_place(|| (depot(stack, what), what));
                        let said = String::from_utf8_lossy(&output.stderr);
                        // With no grace at all two of them may take each other's packs for abandoned.
                        assert!(
                            exit_code(&output) == 0 || said.contains("removed before"),
                            "{arguments:?}: {said}"
                        );
                        tokio::task::yield_now().await;
                    }
                }
            };
            let urls = [repository.url()];
            tokio::join!(world.scan("work", &urls), beside);
            calm_world.scan("work", &urls).await;
            world.wait_long();
        }
        let verified = told(&depot(stack, &["verify"]));
        assert_eq!(verified["verified"]["damaged"], 0, "{verified}");
        let stocks =
            |digest: Vec<(&'static str, String)>| digest.into_iter().find(|(part, _)| *part == "stocks");
        assert_eq!(stocks(world.digest().await), stocks(calm_world.digest().await));
        let stat = told(&depot(stack, &["stat", "--objects"]));
        assert_eq!((&stat["missing"], &stat["strays"]), (&0.into(), &0.into()), "{stat}");
        calm.remove().await;
    })
    .await;
}

#[tokio::test]
async fn damage_is_named_and_is_exit_code_1() {
    let stack = Stack::embedded().await;
    let repository = GitFixture::tidy(4);
    World::new(&stack).scan("work", &[repository.url()]).await;
    let listed = stack.store.read(|tx| packs::list(tx, None, 1)).await.unwrap();
    let name = &listed[0].name;
    let file =
        stack.directory().join("depot/packs").join(name.get(..2).unwrap()).join(format!("{name}.pack"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let output = depot(&stack, &["verify", name]);
    assert_eq!(exit_code(&output), 1);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verified"]["damaged"], 1);
    let named = report["damage"].as_array().unwrap();
    assert!(named.iter().any(|one| one["content"].is_string() && one["pack"] == **name), "{report}");
    let unknown = depot(&stack, &["verify", "no-such-pack"]);
    assert_eq!(exit_code(&unknown), 1);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("knows no pack no-such-pack"));
    assert_eq!(exit_code(&depot(&stack, &["collect", "--grace", "soon"])), 2);
    stack.remove().await;
}
