//! Forges that limit, refuse, fail and lie.

use std::time::Duration;

use runtime::faults::Faults;
use serde_json::json;
use store::{budgets, sources};
use testkit::on_each_stack;

use crate::{
    forge::Forge,
    world::{World, of},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limited_source_sleeps_until_the_forge_says_and_then_goes_on() {
    on_each_stack(async |stack| {
        let (forge, mut world) = (Forge::with(450).await, World::new(stack));
        let id = world.source("gitlab", of(&forge)).await;
        let reset = world.now().as_second() + 3_000;
        forge.allow(2, reset);
        world.begin(id).await;
        let asleep = move |tx: &mut store::Tx| Ok(sources::status(tx, id)?.waiting.is_some());
        assert!(world.run(1, Faults::none(), asleep).await);
        let waiting = world.status(id).await.waiting.unwrap();
        assert_eq!(waiting.until.as_second(), reset);
        assert!(waiting.reason.contains("used up"), "{}", waiting.reason);
        let held = world.urls().await.len();
        assert_eq!(held, 200);

        // A restart remembers, and asks nothing before its time.
        let calls = forge.state().calls.len();
        world.passed += Duration::from_secs(100);
        let later = world.now();
        let waited = move |_: &mut store::Tx| Ok(jiff::Timestamp::now() > later - Duration::from_secs(99));
        world.run(1, Faults::none(), waited).await;
        assert_eq!(forge.state().calls.len(), calls);

        world.passed += Duration::from_secs(3_000);
        forge.allow(1_000, reset + 3_600);
        let done = move |tx: &mut store::Tx| Ok(sources::status(tx, id)?.last.is_some());
        assert!(world.run(1, Faults::none(), done).await);
        let status = world.status(id).await;
        assert_eq!((status.last.unwrap().found, status.waiting), (450, None));
        assert_eq!(forge.state().broken, Vec::<String>::new());
        let ledger = world.stack.store.read(|tx| budgets::list(tx, None)).await.unwrap();
        assert_eq!(ledger.len(), 1);
        assert_eq!((ledger[0].calls, ledger[0].limit), (5, Some(1_000)));
        assert_eq!(ledger[0].remaining, Some(997), "what was leased and not used is given back");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_token_is_set_aside_and_another_goes_on() {
    on_each_stack(async |stack| {
        let forge = Forge::with(150).await;
        forge.state().tokens.insert("good".to_owned());
        let world = World::new(stack).with_tokens(&forge.url, "expired good revoked");
        let id = world.source("gitlab", of(&forge)).await;
        let status = world.pass(id).await;
        assert_eq!(status.last.unwrap().found, 150);
        let ledger = world.stack.store.read(|tx| budgets::list(tx, None)).await.unwrap();
        let bad: Vec<&str> = ledger.iter().filter_map(|one| one.bad.as_deref()).collect();
        assert!(!bad.is_empty() && bad.iter().all(|reason| reason.contains("401 Unauthorized")), "{bad:?}");
        assert!(ledger.iter().all(|one| !["expired", "good", "revoked"].contains(&one.key.token.as_str())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_errors_and_limits_without_a_word_are_outlived() {
    on_each_stack(async |stack| {
        let (forge, mut world) = (Forge::with(350).await, World::new(stack));
        let id = world.source("gitlab", of(&forge)).await;
        forge.state().instead.extend([
            (200, "Content-Type: text/html\r\n".to_owned(), "<html>we are busy</html>".to_owned()),
            (500, String::new(), "oops".to_owned()),
            (429, String::new(), "<html>slow down</html>".to_owned()),
        ]);
        world.begin(id).await;
        for _ in 0..40 {
            // Pauses between tries, and the one that nobody told the length of, pass.
            world.passed += Duration::from_secs(700);
            let now = world.now();
            let asleep_or_done = move |tx: &mut store::Tx| {
                let task = store::tasks::latest_of(tx, sources::INDEX, id.0)?;
                let paused = task.and_then(|task| task.not_before).is_some_and(|until| until > now);
                let status = sources::status(tx, id)?;
                let asleep = status.waiting.is_some_and(|waiting| waiting.until > now);
                Ok(status.last.is_some() || paused || asleep)
            };
            world.run(1, Faults::none(), asleep_or_done).await;
            if world.status(id).await.last.is_some() {
                break;
            }
        }
        let last = world.status(id).await.last.expect("it should get to its end");
        assert_eq!(last.found, 350);
        assert_eq!(world.urls().await.len(), 350);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_without_end_is_left_and_its_repositories_are_not_lost() {
    on_each_stack(async |stack| {
        let (forge, world) = (Forge::with(250).await, World::new(stack));
        let id = world.source("gitlab", of(&forge)).await;
        world.pass(id).await;
        forge.state().endless = true;
        for one in &mut forge.state().projects {
            one.pushed = "2026-06-01T00:00:00Z".to_owned();
        }
        world.pass(id).await;
        let failures = world.stack.store.read(move |tx| sources::failures(tx, id, 10)).await.unwrap();
        let listed = forge.state().calls.iter().filter(|call| call.contains("id_after")).count();
        assert!(listed <= 3 + 4, "{listed} pages in two passes");
        // GitLab's ids say that it stands still; what it did not show is looked for, and is there.
        assert!(failures.len() <= 1, "{failures:?}");
        for url in world.urls().await {
            assert_ne!(world.facts(&url).await.state, store::forge_facts::FactState::Gone, "{url}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_read_whole_and_one_bad_line_is_one_failure() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let path = stack.directory().join("list");
        let mut text = String::new();
        for n in 0..12_000 {
            text.push_str(&format!("https://example.org/group/{n:05}.git\n"));
        }
        text.push_str("ftp://example.org/odd\n{\"url\": 7}\n");
        std::fs::write(&path, text).unwrap();
        let id = world.source("generic", json!({ "path": path })).await;
        let status = world.pass(id).await;
        assert_eq!((status.last.unwrap().found, status.refused), (12_000, 2));
        let failures = world.stack.store.read(move |tx| sources::failures(tx, id, 10)).await.unwrap();
        assert_eq!(failures.len(), 2);
        assert_eq!(world.urls().await.len(), 12_000);
    })
    .await;
}
