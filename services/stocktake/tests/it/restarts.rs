//! The servers themselves go away and come back, while a run is under way.
//!
//! Only when `STOCKTAKE_TEST_RESTART_SERVERS` is 1, and with no other test at the same time: a restart is felt by
//! everybody. Which commands restart them can be said in `STOCKTAKE_TEST_RESTART_AMQP` and
//! `STOCKTAKE_TEST_RESTART_POSTGRES`, run by `sh`; by default those of Debian's packages.

use std::process::Command;

use runtime::faults::Faults;
use testkit::{GitFixture, Stack};
use worker::harness::Ended;

use crate::support::{World, variable};

const RABBITMQ: &str = "rabbitmqctl -q stop_app && rabbitmqctl -q start_app";
const POSTGRESQL: &str = "pg_ctlcluster --skip-systemctl-redirect $(pg_lsclusters -h | awk 'NR==1 {print $1, $2}') restart -m immediate";

fn shell(command: String) {
    let ended = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert!(ended.status.success(), "{command}: {}", String::from_utf8_lossy(&ended.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "restarts the servers: alone, and only where that is allowed"]
async fn servers_that_are_restarted_in_the_middle_of_a_run_cost_nothing() {
    if variable("STOCKTAKE_TEST_RESTART_SERVERS").as_deref() != Some("1") {
        println!("not run: restarts of servers (STOCKTAKE_TEST_RESTART_SERVERS is not 1)");
        return;
    }
    let Some(stack) = Stack::servers().await else { return };
    let calm = Stack::embedded().await;
    let (calm_world, world) = (World::new(&calm), World::new(&stack));
    let repositories: Vec<GitFixture> = (0..6)
        .map(|number| {
            let one = GitFixture::new();
            one.write_sources(number * 200, 200).commit("sources");
            one
        })
        .collect();
    for (server, by_default) in
        [("STOCKTAKE_TEST_RESTART_AMQP", RABBITMQ), ("STOCKTAKE_TEST_RESTART_POSTGRES", POSTGRESQL)]
    {
        repositories[0].write("changing", server).commit(server);
        let urls: Vec<String> = repositories.iter().map(GitFixture::url).collect();
        calm_world.scan(server, &urls).await;
        world.begin(server, &urls, true).await;
        let restart = variable(server).unwrap_or_else(|| by_default.to_owned());
        let restarted = tokio::task::spawn_blocking(move || shell(restart));
        let (ended, restarted) = tokio::join!(world.run(Faults::none()), restarted);
        restarted.unwrap();
        assert_eq!(ended, Ended::Idle);
        assert_eq!(world.digest().await, calm_world.digest().await, "{server}");
    }
    calm.remove().await;
    stack.remove().await;
}
