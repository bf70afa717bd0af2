//! A store and a depot, and visits that write into them step by step, as the repo-processor does.

use std::{collections::BTreeSet, time::Duration};

use contracts::{
    ErrorKind, Failure, Lane, Oid, Outgoing, RepositoryId, RevisionId, SnapshotId, StockId, TaskId,
    messages::VisitRequested,
};
use depot::{Depot, Pack, PackLimits, PackWriter, blob_id};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use runtime::{clock::Clock, faults::Faults};
use store::{
    Store, StoreError, Tx,
    contents::{self, ContentState, NewContent, Place},
    packs::{self, NewPack},
    repositories::{self, LastVisit},
    revisions::{self, NewRevisions},
    snapshots::{self, NewSnapshot, SnapshotState},
    stocks::{self, NewEntry},
    tasks::{self, NewTask, TaskEnd},
    trees::{self, Node},
};
use testkit::Stack;
use tokio_util::sync::CancellationToken;
use upkeep::{Collected, Keeper, Rules};

pub(crate) const GRACE: Duration = Duration::from_secs(3600);
const LEASE: Duration = Duration::from_secs(60);

/// What a test works with.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) depot: Depot,
    pub(crate) keeper: Keeper,
    pub(crate) stock: StockId,
    pub(crate) clock: Clock,
    stack: Stack,
}

/// The bytes of the content with this number: some are small, a few are larger than a block.
pub(crate) fn bytes_of(number: u32) -> Vec<u8> {
    let lines = if number.is_multiple_of(7) { 9_000 } else { 3 + number % 40 };
    (0..lines).map(|line| format!("{number}: {}\n", line.wrapping_mul(number + 1))).collect::<String>().into()
}

/// Its git id.
pub(crate) fn id_of(number: u32) -> Oid {
    blob_id(&Oid::from([0; 20]), &bytes_of(number))
}

/// The git id that a tree of these contents is given here.
fn tree_id(numbers: &BTreeSet<u32>) -> Oid {
    blob_id(&Oid::from([0; 20]), format!("{numbers:?}").as_bytes())
}

fn pack_of(numbers: &BTreeSet<u32>) -> Pack {
    let mut writer = PackWriter::new(PackLimits::default());
    for number in numbers {
        writer.add(id_of(*number), &bytes_of(*number)).unwrap();
    }
    writer.finish().unwrap()
}

impl World {
    pub(crate) async fn embedded() -> Self {
        Self::on(Stack::embedded().await).await
    }

    pub(crate) async fn on(stack: Stack) -> Self {
        let clock = Clock::manual(Timestamp::now());
        let now = clock.now();
        let stock = stack.store.write(move |tx| stocks::get_or_create(tx, "default", now)).await.unwrap().id;
        let keeper = Keeper {
            store: stack.store.clone(),
            depot: stack.depot.clone(),
            clock: clock.clone(),
            faults: Faults::none(),
            rules: Rules { grace: GRACE, dead_percent: 50 },
            cancel: CancellationToken::new(),
        };
        let (store, depot) = (stack.store.clone(), stack.depot.clone());
        Self { store, depot, keeper, stock, clock, stack }
    }

    /// Where the test's own files are.
    pub(crate) fn directory(&self) -> &std::path::Path {
        self.stack.directory()
    }

    pub(crate) async fn remove(self) {
        let Self { store, depot, keeper, stack, .. } = self;
        drop((store, depot, keeper));
        stack.remove().await;
    }

    /// Begins a visit of a repository that has these contents, in a snapshot of its own.
    pub(crate) async fn begin(&self, repository: u32, wanted: impl IntoIterator<Item = u32>) -> Visit {
        let (stock, now) = (self.stock, self.clock.now());
        let url = format!("https://example.org/{repository}");
        let made = self
            .store
            .write(move |tx| {
                let new = NewSnapshot { stock, source: None, auto_commit: true, repair: None };
                let snapshot = snapshots::create(tx, &new, now)?.id;
                let repository = repositories::upsert_many(tx, &[(url.clone(), url.clone())], now)?[0];
                let new = NewRevisions { force: false, pinned_commit: None, repair: None };
                let revision = revisions::create_many(tx, snapshot, &[repository], &new, now)?[0].0;
                let processing = SnapshotState::Processing;
                snapshots::set_state(tx, snapshot, &[SnapshotState::Indexing], processing, now)?;
                let task = TaskId::new();
                let wake = Outgoing::in_lane(&VisitRequested { task }, Lane::Normal);
                let new =
                    NewTask { id: task, kind: "process", subject: revision.0, label: &url, wake: &wake };
                tasks::create(tx, new, now)?;
                Ok::<_, StoreError>((snapshot, repository, revision, task))
            })
            .await
            .unwrap();
        let (snapshot, repository, revision, task) = made;
        let mut visit = Visit {
            snapshot,
            repository,
            revision,
            task,
            fence: 0,
            wanted: wanted.into_iter().collect(),
            lacking: BTreeSet::new(),
            draft: 0,
            put: None,
        };
        visit.claim(self).await;
        visit
    }

    pub(crate) async fn abort(&self, snapshot: SnapshotId) {
        let (now, open) = (self.clock.now(), [SnapshotState::Processing]);
        self.store
            .write(move |tx| snapshots::set_state(tx, snapshot, &open, SnapshotState::Aborted, now))
            .await
            .unwrap();
    }

    /// What an audit and a commit leave.
    pub(crate) async fn commit(&self, visit: &Visit) {
        let (stock, now) = (self.stock, self.clock.now());
        let (snapshot, repository, revision) = (visit.snapshot, visit.repository, visit.revision);
        self.store
            .write(move |tx| {
                let tree = revisions::get(tx, revision)?.and_then(|revision| revision.tree).unwrap();
                let version = stocks::lock(tx, stock)?.unwrap().version + 1;
                stocks::commit_entries(tx, stock, version, &[NewEntry { repository, revision, tree }])?;
                let audited = SnapshotState::Audited;
                snapshots::set_state(tx, snapshot, &[SnapshotState::Processing], audited, now)?;
                snapshots::committed(tx, snapshot, version, now)?;
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    /// A visit from its beginning to its commit.
    pub(crate) async fn visited(&self, repository: u32, wanted: impl IntoIterator<Item = u32>) -> Visit {
        let mut visit = self.begin(repository, wanted).await;
        visit.look(self).await;
        visit.put(self).await;
        visit.write(self).await.unwrap();
        visit.end(self).await.unwrap();
        self.commit(&visit).await;
        visit
    }

    pub(crate) async fn collect(&self) -> Collected {
        self.keeper.collect(&|_, _, _| {}).await.unwrap()
    }

    /// Collects often enough that everything goes that may.
    pub(crate) async fn collect_all(&self) {
        // Once for trees, once for the packs that only they referred to, once more for their removal.
        for _ in 0..3 {
            self.clock.advance(GRACE * 2);
            self.collect().await;
        }
    }

    /// Every content of these numbers is where the store says, with the right bytes.
    pub(crate) async fn prove(&self, numbers: &BTreeSet<u32>) {
        let oids: Vec<Oid> = numbers.iter().map(|number| id_of(*number)).collect();
        let known = self.store.read(move |tx| contents::known(tx, &oids)).await.unwrap();
        for number in numbers {
            let content = known.get(&id_of(*number)).unwrap_or_else(|| panic!("{number} is forgotten"));
            let at = content.location.as_ref().unwrap();
            let entry = depot::PackEntry {
                oid: content.oid,
                offset: at.offset,
                length: at.length,
                size: content.size,
            };
            let read = self.depot.read(&at.pack, &[entry]).await;
            assert_eq!(read.unwrap(), [bytes_of(*number).as_slice()], "{number}");
        }
    }

    /// The names of all objects in the depot.
    pub(crate) async fn objects(&self) -> BTreeSet<String> {
        self.depot.list().map_ok(|info| info.name).try_collect().await.unwrap()
    }

    /// The names of all packs that the store knows.
    pub(crate) async fn rows(&self) -> BTreeSet<String> {
        let rows = self.store.read(|tx| packs::list(tx, None, 10_000)).await.unwrap();
        rows.into_iter().map(|pack| pack.name).collect()
    }

    /// The numbers below `end` of which the store knows the bytes.
    pub(crate) async fn known(&self, end: u32) -> BTreeSet<u32> {
        let oids: Vec<Oid> = (0..end).map(id_of).collect();
        let known = self.store.read(move |tx| contents::known(tx, &oids)).await.unwrap();
        (0..end).filter(|number| known.contains_key(&id_of(*number))).collect()
    }
}

/// A visit, step by step.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) snapshot: SnapshotId,
    pub(crate) repository: RepositoryId,
    pub(crate) revision: RevisionId,
    pub(crate) wanted: BTreeSet<u32>,
    task: TaskId,
    fence: i64,
    /// What it has to store, because nobody had it when it looked.
    lacking: BTreeSet<u32>,
    draft: i64,
    put: Option<Pack>,
}

impl Visit {
    /// Another worker takes it over, or the first takes it up.
    pub(crate) async fn claim(&mut self, world: &World) {
        world.clock.advance(LEASE * 2);
        let (task, revision, now) = (self.task, self.revision, world.clock.now());
        let claimed = world.store.write(move |tx| {
            let claim = tasks::claim(tx, task, "a test", LEASE, now)?.unwrap();
            revisions::start(tx, revision)?;
            Ok::<_, StoreError>(claim.fence)
        });
        self.fence = claimed.await.unwrap();
        self.put = None;
    }

    /// Asks what is known, and relies on it from here on.
    pub(crate) async fn look(&mut self, world: &World) {
        let (oid, revision, now) = (tree_id(&self.wanted), self.revision, world.clock.now());
        self.draft = world.store.write(move |tx| trees::begin(tx, &oid, revision, now)).await.unwrap();
        let oids: Vec<Oid> = self.wanted.iter().map(|number| id_of(*number)).collect();
        let known = world.store.read(move |tx| contents::known(tx, &oids)).await.unwrap();
        let stored = |number: &u32| {
            known.get(&id_of(*number)).is_some_and(|content| content.state == ContentState::Stored)
        };
        self.lacking = self.wanted.iter().copied().filter(|number| !stored(number)).collect();
    }

    pub(crate) fn lacks(&self) -> &BTreeSet<u32> {
        &self.lacking
    }

    /// Puts what it lacks into the depot.
    pub(crate) async fn put(&mut self, world: &World) {
        if !self.lacking.is_empty() {
            let pack = pack_of(&self.lacking);
            // A collector without any grace takes what is being written for left behind; a visit tries again.
            while let Err(error) = world.depot.put(&pack).await {
                assert!(error.kind().is_transient(), "{error}");
            }
            self.put = Some(pack);
        }
    }

    /// Says so, and writes its nodes.
    pub(crate) async fn write(&self, world: &World) -> Result<(), Failure> {
        let (visit, now) = (self.clone(), world.clock.now());
        world.store.write(move |tx| visit.write_in(tx, now)).await
    }

    fn write_in(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Failure> {
        tasks::guard(tx, self.task, self.fence)?;
        if let Some(pack) = &self.put {
            let new = NewPack {
                name: pack.name.clone(),
                bytes: pack.bytes.len() as u64,
                contents: pack.entries.len() as u64,
                content_bytes: pack.entries.iter().map(|entry| entry.size).sum(),
            };
            let pack_id = packs::insert(tx, &new, now)?;
            let contents: Vec<NewContent> = pack
                .entries
                .iter()
                .map(|entry| NewContent {
                    oid: entry.oid,
                    sha256: Some([7; 32]),
                    size: entry.size,
                    state: ContentState::Stored,
                    place: Some(Place { pack_id, offset: entry.offset, length: entry.length }),
                })
                .collect();
            contents::insert_many(tx, &contents, false)?;
        }
        let nodes: Vec<Node> = self
            .wanted
            .iter()
            .map(|number| Node {
                path: format!("{number:04}.txt").into_bytes(),
                mode: 0o100_644,
                oid: id_of(*number),
                size: bytes_of(*number).len() as u64,
            })
            .collect();
        trees::insert_nodes(tx, self.draft, &nodes)?;
        Ok(())
    }

    /// All of a visit that nothing comes in the way of.
    pub(crate) async fn store_and_end(&mut self, world: &World) {
        self.look(world).await;
        self.put(world).await;
        self.write(world).await.unwrap();
        self.end(world).await.unwrap();
    }

    /// Completes the tree and ends the task.
    pub(crate) async fn end(&self, world: &World) -> Result<(), Failure> {
        let (visit, now) = (self.clone(), world.clock.now());
        world
            .store
            .write(move |tx| {
                tasks::guard(tx, visit.task, visit.fence)?;
                let count = visit.wanted.len() as u64;
                let tree = trees::complete(tx, visit.draft, count, 1, count)?.id;
                visit.refer(tx, tree, now)
            })
            .await
    }

    /// Ends the task with a tree that was known, as a visit of an unchanged repository does.
    pub(crate) async fn end_with(&self, world: &World, tree: i64) -> Result<(), Failure> {
        let (visit, now) = (self.clone(), world.clock.now());
        world
            .store
            .write(move |tx| {
                tasks::guard(tx, visit.task, visit.fence)?;
                visit.refer(tx, tree, now)
            })
            .await
    }

    fn refer(&self, tx: &mut Tx, tree: i64, now: Timestamp) -> Result<(), Failure> {
        revisions::stored(tx, self.revision, None, tree, now)?;
        let last = LastVisit { revision: self.revision, commit: None, tree, at: now };
        repositories::set_last(tx, self.repository, &last)?;
        tasks::finish(tx, self.task, self.fence, &TaskEnd::Finished, now)?;
        Ok(())
    }

    /// Fails for good, wherever it is.
    pub(crate) async fn fail(&self, world: &World) {
        let (visit, now) = (self.clone(), world.clock.now());
        let failure = Failure::new(ErrorKind::NotFound, "gone");
        world
            .store
            .write(move |tx| {
                revisions::failed(tx, visit.revision, &failure, now)?;
                let end = TaskEnd::Error { trigger: false, failure: failure.clone() };
                tasks::finish(tx, visit.task, visit.fence, &end, now)
            })
            .await
            .unwrap();
    }

    /// The tree that it ended with.
    pub(crate) async fn tree(&self, world: &World) -> Option<i64> {
        let id = self.revision;
        world.store.read(move |tx| revisions::get(tx, id)).await.unwrap().and_then(|revision| revision.tree)
    }
}
