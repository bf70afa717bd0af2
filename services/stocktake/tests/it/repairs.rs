//! Repairs: what is damaged is found out, and made right again.

use contracts::{
    Lane, Outgoing,
    messages::RepairRequested,
    repair::{RepairAction, RepairSubject},
};
use runtime::faults::Faults;
use store::{
    metrics::{self, Outcome},
    notifications,
    repairs::{self, Repair, RepairState},
    revisions, trees,
};
use testkit::{GitFixture, Stack, on_each_stack};
use worker::harness::Ended;

use crate::{runs::assert_as_git_has_it, support::World};

async fn repair(world: &World<'_>, action: RepairAction, subject: RepairSubject) -> Repair {
    let message = RepairRequested { action, subject, reason: Some("a test".to_owned()) };
    let newest = || world.stack.store.read(|tx| repairs::list(tx, None, None, 1));
    let before = newest().await.unwrap().first().map(|repair| repair.id);
    let outgoing = Outgoing::in_lane(&message, Lane::Urgent);
    let engine = world.engine(Faults::none());
    engine.submit("test", move |_| Ok(((), vec![outgoing.clone()]))).await.unwrap();
    // The request is only a message until it is handled: idle is when there is one more, and it has ended.
    for _ in 0..100 {
        assert_eq!(world.run(Faults::none()).await, Ended::Idle);
        let now = newest().await.unwrap().pop();
        let over = |repair: &Repair| Some(repair.id) != before && repair.state != RepairState::Running;
        if let Some(repair) = now.filter(over) {
            return repair;
        }
    }
    panic!("the repair was not begun")
}

/// Flips bytes in every pack of the depot.
fn damage(stack: &Stack) -> usize {
    let mut open = vec![url_path(&stack.depot_url)];
    let mut damaged = 0;
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            for byte in bytes.iter_mut().skip(40).step_by(64) {
                *byte ^= 0x5a;
            }
            std::fs::write(&path, bytes).unwrap();
            damaged += 1;
        }
    }
    damaged
}

fn url_path(url: &str) -> std::path::PathBuf {
    std::path::PathBuf::from(url.strip_prefix("file://").unwrap())
}

/// How many results are failures.
async fn failures(stack: &Stack, tree: i64) -> usize {
    let versions = analysis::versions();
    stack
        .store
        .read(move |tx| {
            let mut failed = 0;
            metrics::for_each_of_tree(tx, tree, &versions, |_, metrics| {
                failed += metrics.iter().filter(|one| matches!(one.outcome, Outcome::Failed(_))).count();
                Ok::<_, store::StoreError>(())
            })?;
            Ok(failed)
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_depot_is_found_out_and_refetched() {
    on_each_stack(async |stack| {
        let (world, repository) = (World::new(stack), GitFixture::tidy(6));
        let snapshot = world.scan("broken", &[repository.url()]).await;
        let id = snapshot.id;
        let revisions =
            stack.store.read(move |tx| revisions::of_snapshot(tx, id, None, None, 1)).await.unwrap();
        let (revision, tree) = (revisions[0].id, revisions[0].tree.unwrap());
        let healthy = world.digest().await;
        assert!(damage(stack) > 0);

        let again = repair(&world, RepairAction::Reanalyze, RepairSubject::Revision(revision)).await;
        assert_eq!(again.state, RepairState::Failed);
        assert!(again.note.unwrap().contains("could still not be analysed"));
        assert!(failures(stack, tree).await > 0);

        // The whole repository: a visit that enters the stock like any other.
        let url = RepairSubject::RepositoryUrl(repository.url());
        let refetched = repair(&world, RepairAction::Refetch, url).await;
        assert_eq!(refetched.state, RepairState::Done, "{:?}", refetched.note);
        assert_eq!(failures(stack, tree).await, 0);
        let newest = refetched_revision(stack, &repository).await;
        assert_as_git_has_it(stack, &newest, &repository).await;
        let contents = |digest: &[(&'static str, String)]| {
            let kept = |part: &&(&str, String)| ["trees", "contents"].contains(&part.0);
            digest.iter().filter(kept).cloned().collect::<Vec<_>>()
        };
        assert_eq!(contents(&world.digest().await), contents(&healthy));

        // One revision, then one content, each after new damage.
        let oid = repository.ls_tree()[0].oid.parse().unwrap();
        for subject in [RepairSubject::Revision(revision), RepairSubject::Content(oid)] {
            assert!(damage(stack) > 0);
            let again = repair(&world, RepairAction::Reanalyze, subject.clone()).await;
            assert_eq!(again.state, RepairState::Failed, "{subject}");
            let refetched = repair(&world, RepairAction::Refetch, subject.clone()).await;
            assert_eq!(refetched.state, RepairState::Done, "{subject}: {:?}", refetched.note);
            let again = repair(&world, RepairAction::Reanalyze, subject.clone()).await;
            assert_eq!(again.state, RepairState::Done, "{subject}: {:?}", again.note);
            assert_eq!(failures(stack, tree).await, 0, "{subject}");
        }
        let told = stack.store.read(|tx| notifications::list(tx, true, None, 100)).await.unwrap();
        assert!(told.iter().filter(|one| one.kind == "repair.done.v1").count() >= 8, "{told:?}");
    })
    .await;
}

async fn refetched_revision(stack: &Stack, repository: &GitFixture) -> revisions::Revision {
    let url = repository.url();
    let newest = stack
        .store
        .read(move |tx| {
            let known = store::repositories::by_url(tx, &url)?.unwrap();
            revisions::of_repository(tx, known.id, None, 1)
        })
        .await;
    newest.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repair_of_nothing_fails_and_says_so() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let nothing = "1234567890123456789012345678901234567890".parse().unwrap();
        for action in [RepairAction::Refetch, RepairAction::Reanalyze] {
            let ended = repair(&world, action, RepairSubject::Content(nothing)).await;
            assert_eq!(ended.state, RepairState::Failed);
            assert!(ended.note.unwrap().contains("1234567890"));
        }
        let trees = stack.store.read(|tx| trees::find(tx, &nothing_tree())).await.unwrap();
        assert!(trees.is_none());
    })
    .await;
}

fn nothing_tree() -> contracts::Oid {
    "1234567890123456789012345678901234567890".parse().unwrap()
}
