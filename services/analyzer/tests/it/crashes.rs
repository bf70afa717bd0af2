//! Assets: the analyzer and the courier die at each of their points, and others go on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Cursor,
    sync::Arc,
    time::Duration,
};

use contracts::{Outgoing, messages::AssetsSubmitted};
use image::{DynamicImage, ImageFormat};
use runtime::{
    clock::Clock,
    config::{Config, ServiceUrl},
    faults::{Faults, POINTS},
};
use store::{
    StoreError, Tx,
    assets::{self, AssetFilter, AssetState, NewAsset, Provider},
    webhooks::deliveries,
};
use testkit::{Receiver, Reply, Stack, on_each_stack};
use worker::{
    Engine, Options, Recovery,
    harness::{Ended, Harness, MakeService},
    process,
};

const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than any lease, claim or silence after which a sweep offers something again.
const LONG: Duration = Duration::from_secs(300);

struct World<'a> {
    stack: &'a Stack,
    config: Config,
    bus: Arc<dyn bus::Bus>,
    passed: Duration,
}

impl<'a> World<'a> {
    fn new(stack: &'a Stack) -> Self {
        let root = stack.directory().join("assets");
        fs::create_dir_all(&root).unwrap();
        let mut config = Config::default();
        config.data.dir = stack.directory().join("data");
        config.depot.url = ServiceUrl::new(stack.depot_url.clone());
        config.assets.roots = vec![root.to_str().unwrap().to_owned()];
        config.webhooks.allowed_addresses = vec!["127.0.0.0/8".to_owned()];
        for (name, format) in [("good", ImageFormat::Jpeg), ("bad", ImageFormat::Png)] {
            let mut out = Cursor::new(Vec::new());
            DynamicImage::new_rgb8(4, 4).write_to(&mut out, format).unwrap();
            fs::write(root.join(name), out.into_inner()).unwrap();
        }
        Self { stack, config, bus: stack.bus.clone(), passed: Duration::ZERO }
    }

    fn engine(&self, faults: Faults) -> Engine {
        Engine {
            store: self.stack.store.clone(),
            bus: self.bus.clone(),
            clock: Clock::ahead(self.passed),
            faults,
            options: Options {
                owner: "a test".to_owned(),
                jobs: 2,
                handlers: 4,
                prefetch: 32,
                lease: LONG / 4,
                sweep_every: Duration::from_millis(200),
                recovery: if self.stack.is_shared() { Recovery::Shared } else { Recovery::Alone },
            },
        }
    }

    async fn run(&self, faults: Faults) -> Ended {
        let engine = self.engine(faults);
        let makes: [process::MakeService; 2] = [analyzer::service, courier::service];
        let services = makes.map(|make| {
            let (engine, config) = (engine.clone(), self.config.clone());
            let service: MakeService = Arc::new(move || make(&engine, &config).unwrap());
            service
        });
        let harness = Harness::new(engine, services.into()).until_finished(unfinished);
        harness.run_pending(PATIENCE).await.unwrap()
    }

    async fn restart(&mut self) {
        self.bus.close().await;
        if self.stack.is_shared() {
            self.passed += LONG;
            self.bus = self.stack.open_bus().await;
        } else {
            self.bus = bus::memory(bus::MemoryOptions::default());
            process::take_over(&self.engine(Faults::none())).await.unwrap();
        }
    }

    /// Submits so many, good and bad by turns.
    async fn submit(&self, receiver: &Receiver, round: &str, count: usize) {
        let url = |what: &str, index: usize| Some(receiver.url(&format!("/{round}/{index}/{what}")));
        let new: Vec<NewAsset> = (0..count)
            .map(|index| NewAsset {
                kind: "image".to_owned(),
                provider: Provider::Local,
                path: if index % 2 == 0 { "good" } else { "bad" }.to_owned(),
                on_start: url("start", index),
                on_success: url("success", index),
                on_failure: url("failure", index),
            })
            .collect();
        let engine = self.engine(Faults::none());
        let now = engine.clock.now();
        engine
            .submit("test", move |tx| {
                let (submission, _) = assets::submit(tx, None, b"", new.len(), now)?;
                let ids = assets::insert_many(tx, submission.id, &new, now)?;
                let groups = ids.chunks(3);
                Ok(((), groups.map(|ids| Outgoing::new(&AssetsSubmitted { assets: ids.to_vec() })).collect()))
            })
            .await
            .unwrap();
    }
}

fn unfinished(tx: &mut Tx) -> Result<String, StoreError> {
    let (assets, webhooks) = (assets::count_open(tx)?, deliveries::count_pending(tx)?);
    Ok(if assets + webhooks == 0 { String::new() } else { format!("{assets} assets, {webhooks} webhooks") })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_where_each_asset_ends_right_and_each_hook_is_told() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let points: Vec<&str> = POINTS
            .iter()
            .copied()
            .filter(|point| {
                ["worker.", "assets.", "webhook.", "outbox.after_p"]
                    .iter()
                    .any(|part| point.starts_with(part))
            })
            .collect();
        let (mut stopped, per_round) = (0, 7);
        for point in &points {
            for passing in [1, 2] {
                world.submit(&receiver, &format!("{point}-{passing}"), per_round).await;
                if world.run(Faults::stop_at(point, passing).unwrap()).await == Ended::Stopped {
                    stopped += 1;
                    world.restart().await;
                    assert_eq!(world.run(Faults::none()).await, Ended::Idle);
                }
            }
        }
        assert!(stopped >= points.len(), "only {stopped} of {} points were come to", points.len());
        let all =
            stack.store.read(|tx| assets::list(tx, &AssetFilter::default(), None, 10_000)).await.unwrap();
        assert_eq!(all.len(), points.len() * 2 * per_round);
        for asset in &all {
            let wanted = if asset.path == "good" { AssetState::Complete } else { AssetState::Failed };
            assert_eq!(asset.state, wanted);
            assert_eq!(asset.errors.is_empty(), wanted == AssetState::Complete);
        }
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for hit in receiver.hits() {
            ids.entry(hit.path.clone()).or_default().insert(hit.id());
        }
        assert!(ids.values().all(|ids| ids.len() == 1), "one id each");
        assert_eq!(ids.len(), all.len() * 2, "each is told of its start and of its end");
        for path in ids.keys() {
            let good = path.split('/').nth(2).unwrap().parse::<usize>().unwrap() % 2 == 0;
            assert!(!path.ends_with(if good { "/failure" } else { "/success" }), "{path}");
        }
    })
    .await;
}
