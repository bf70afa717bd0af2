//! Passes through a forge, and what it says of its repositories from one to the next.

use std::time::Duration;

use runtime::faults::Faults;
use serde_json::json;
use store::{forge_facts::FactState, sources, visits::PlanState};
use testkit::on_each_stack;

use crate::{
    forge::{Forge, Project},
    world::{World, of},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_forge_says_is_kept_and_followed_from_pass_to_pass() {
    on_each_stack(async |stack| {
        let (forge, mut world) = (Forge::with(250).await, World::new(stack));
        let id = world.source("gitlab", of(&forge)).await;
        let status = world.pass(id).await;
        assert_eq!(status.last.map(|pass| (pass.found, pass.calls)), Some((250, 3)));
        assert_eq!(world.urls().await.len(), 250);
        let url = |name: &str| format!("{}/group/{name}.git", forge.url);
        let facts = world.facts(&url("project-7")).await;
        assert_eq!(facts.forge_id.as_deref(), Some("21"));
        assert_eq!(
            (facts.state, facts.archived, &facts.facts["stars"]),
            (FactState::Present, false, &json!(21))
        );
        assert_eq!(facts.raw.as_ref().unwrap()["path_with_namespace"], "group/project-7");

        // The second pass costs no more than the tags: nothing is sent, nothing is written but that it was seen.
        world.passed += Duration::from_secs(60);
        world.pass(id).await;
        assert_eq!(forge.state().not_modified, 3);
        let again = world.facts(&url("project-7")).await;
        assert_eq!(again.changed_at, facts.changed_at);
        assert!(again.seen_at > facts.seen_at);

        // Renamed, deleted, archived and pushed to, all between two passes.
        {
            let mut state = forge.state();
            state.projects[6].path = "group/renamed".to_owned();
            state.projects.remove(10);
            state.projects[20].archived = true;
            state.projects[30].pushed = "2026-06-01T00:00:00Z".to_owned();
        }
        world.passed += Duration::from_secs(60);
        let status = world.pass(id).await;
        assert_eq!(status.last.unwrap().found, 249);
        let moved = world.facts(&url("project-7")).await;
        assert_eq!(moved.state, FactState::Moved);
        assert_eq!(moved.moved_to, world.repository(&url("renamed")).await);
        assert_eq!(world.plan(&url("project-7")).await.state, PlanState::Off);
        assert_ne!(world.plan(&url("renamed")).await.state, PlanState::Off);
        let gone = world.facts(&url("project-11")).await;
        assert_eq!(gone.state, FactState::Gone);
        assert!(gone.reason.is_some());
        assert_eq!(world.plan(&url("project-11")).await.state, PlanState::Off);
        let archived = world.facts(&url("project-22")).await;
        assert!(archived.archived && archived.state == FactState::Present);
        let pushed = world.facts(&url("project-32")).await;
        assert_eq!(pushed.pushed_at.unwrap().to_string(), "2026-06-01T00:00:00Z");

        // What was gone is shown again: it is there, and visited again.
        forge.state().projects.push(Project {
            id: 33,
            path: "group/project-11".to_owned(),
            pushed: "2026-01-01T00:00:00Z".to_owned(),
            archived: false,
        });
        forge.state().projects.sort_by_key(|one| one.id);
        world.passed += Duration::from_secs(60);
        world.pass(id).await;
        assert_eq!(world.facts(&url("project-11")).await.state, FactState::Present);
        assert_ne!(world.plan(&url("project-11")).await.state, PlanState::Off);
        assert_eq!(forge.state().broken, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_page_nothing_is_missed() {
    on_each_stack(async |stack| {
        let (forge, mut world) = (Forge::with(450).await, World::new(stack));
        let id = world.source("gitlab", of(&forge)).await;
        world.begin(id).await;
        let mut kills = 0;
        for point in ["job.before_commit", "job.after_commit"].into_iter().cycle() {
            // A dead worker's lease runs out.
            world.passed += Duration::from_secs(10);
            let faults = Faults::stop_at(point, 2).unwrap();
            let done = move |tx: &mut store::Tx| Ok(sources::status(tx, id)?.last.is_some());
            if world.run(1, faults, done).await {
                break;
            }
            kills += 1;
            assert!(kills < 60, "it does not get on");
        }
        assert!(kills >= 5, "only {kills}");
        let status = world.status(id).await;
        assert_eq!(status.last.unwrap().found, 450, "each page counts once");
        assert_eq!(world.urls().await.len(), 450);
        assert_eq!(forge.state().broken, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_indexers_on_one_source_are_as_one() {
    on_each_stack(async |stack| {
        let (forge, world) = (Forge::with(350).await, World::new(stack));
        let id = world.source("gitlab", of(&forge)).await;
        world.begin(id).await;
        let done = move |tx: &mut store::Tx| Ok(sources::status(tx, id)?.last.is_some());
        assert!(world.run(2, Faults::none(), done).await);
        assert_eq!(world.status(id).await.last.unwrap().found, 350);
        let pages = forge.state().calls.iter().filter(|call| call.contains("id_after")).count();
        assert_eq!(pages, 4, "no page is asked for twice");
    })
    .await;
}
