//! Messages that come twice, late, in any order, or never.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bus::{Bus, BusError, Consumer, Delivery, MemoryOptions, QueueDepth};
use contracts::{Envelope, route::Queue};
use runtime::faults::Faults;
use testkit::{GitFixture, Stack, on_each_stack};
use worker::harness::Ended;

use crate::support::World;

/// For how long a consumer looks for more than one delivery, to choose from.
const LOOK: Duration = Duration::from_millis(3);

/// Numbers that look random and are the same each time.
#[derive(Clone, Copy)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.roll(last + 1));
        }
    }
}

/// A bus that says everything twice, the second time when it pleases, and hands over in any order.
struct Mischief {
    inner: Arc<dyn Bus>,
    dice: Mutex<Dice>,
    /// What was said once and is to be said again.
    again: Mutex<Vec<Envelope>>,
}

impl Mischief {
    fn new(inner: Arc<dyn Bus>, seed: u64) -> Arc<Self> {
        Arc::new(Self { inner, dice: Mutex::new(Dice(seed)), again: Mutex::default() })
    }

    /// Everything that was not yet said twice.
    async fn say_the_rest(&self) -> usize {
        let mut rest = std::mem::take(&mut *self.again.lock().unwrap());
        self.dice.lock().unwrap().shuffle(&mut rest);
        self.inner.publish(&rest).await.unwrap();
        rest.len()
    }

    fn choose(&self, envelopes: &[Envelope]) -> Vec<Envelope> {
        let (mut dice, mut again) = (self.dice.lock().unwrap(), self.again.lock().unwrap());
        let mut now = envelopes.to_vec();
        for _ in 0..again.len() / 3 {
            let one = dice.roll(again.len());
            now.push(again.swap_remove(one));
        }
        again.extend_from_slice(envelopes);
        dice.shuffle(&mut now);
        now
    }
}

#[async_trait]
impl Bus for Mischief {
    async fn publish(&self, envelopes: &[Envelope]) -> Result<(), BusError> {
        let now = self.choose(envelopes);
        self.inner.publish(&now).await
    }

    async fn announce(&self, envelope: &Envelope) -> Result<(), BusError> {
        self.inner.announce(envelope).await
    }

    async fn consume(&self, queue: &'static Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        let inner = self.inner.consume(queue, prefetch).await?;
        let seed = self.dice.lock().unwrap().roll(usize::MAX) as u64 | 1;
        Ok(Box::new(Disorder { inner, dice: Dice(seed), taken: Vec::new() }))
    }

    async fn events(&self, kinds: &[&str]) -> Result<Box<dyn Consumer>, BusError> {
        self.inner.events(kinds).await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        self.inner.depths().await
    }

    async fn check(&self) -> Result<String, BusError> {
        self.inner.check().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct Disorder {
    inner: Box<dyn Consumer>,
    dice: Dice,
    taken: Vec<Delivery>,
}

#[async_trait]
impl Consumer for Disorder {
    async fn next(&mut self) -> Option<Delivery> {
        if self.taken.is_empty() {
            let first = self.inner.next().await?;
            self.taken.push(first);
        }
        while self.taken.len() < 8
            && let Ok(Some(more)) = tokio::time::timeout(LOOK, self.inner.next()).await
        {
            self.taken.push(more);
        }
        let one = self.dice.roll(self.taken.len());
        Some(self.taken.swap_remove(one))
    }

    async fn ack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.inner.ack(tags).await
    }

    async fn nack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.inner.nack(tags).await
    }
}

/// A few repositories, with something to compare in the second run.
struct Upstream(Vec<GitFixture>);

impl Upstream {
    fn new() -> Self {
        let repositories = (0..4).map(|number| {
            let one = GitFixture::new();
            one.write_sources(number * 5, 8).commit("sources");
            one
        });
        Self(repositories.collect())
    }

    fn urls(&self) -> Vec<String> {
        self.0.iter().map(GitFixture::url).collect()
    }

    fn change(&self) {
        self.0[0].write("new.py", "print(1)\n").remove("src/part0/file0.rs").commit("changed");
    }

    /// What an undisturbed store knows after two runs.
    async fn expected(&self, change: impl FnOnce()) -> Vec<(&'static str, String)> {
        let stack = Stack::embedded().await;
        let world = World::new(&stack);
        world.scan("calm", &self.urls()).await;
        change();
        world.scan("calm", &self.urls()).await;
        let digest = world.digest().await;
        stack.remove().await;
        digest
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_twice_and_in_any_order_change_nothing() {
    on_each_stack(async |stack| {
        for seed in [0x5eed, 0xd1ce] {
            disorderly(stack, seed).await;
        }
    })
    .await;
}

async fn disorderly(stack: &Stack, seed: u64) {
    let stack = match stack.is_shared() {
        true => Stack::servers().await.unwrap(),
        false => Stack::embedded().await,
    };
    let upstream = Upstream::new();
    let mischief = Mischief::new(stack.bus.clone(), seed);
    let mut world = World::new(&stack);
    world.bus = mischief.clone();
    world.scan("calm", &upstream.urls()).await;
    upstream.change();
    world.scan("calm", &upstream.urls()).await;
    assert!(mischief.say_the_rest().await > 0, "everything is said twice, some of it when all is over");
    assert_eq!(world.run(Faults::none()).await, Ended::Idle);
    let found = world.digest().await;
    let set_aside = stack.store.read(store::set_aside::len).await.unwrap();
    stack.remove().await;

    let calm = Upstream::new();
    let urls = (calm.urls(), upstream.urls());
    assert_ne!(urls.0, urls.1, "two fixtures lie in two places");
    // The same repositories at the same URLs: the changed ones are put back first.
    upstream.0[0].git(&["reset", "-q", "--hard", "HEAD~1"]);
    let expected = upstream.expected(|| {
        upstream.0[0].git(&["reset", "-q", "--hard", "HEAD@{1}"]);
    });
    assert_eq!(found, expected.await, "seed {seed:#x}");
    assert_eq!(set_aside, 0, "nothing that comes twice is a failure");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_wiped_broker_forgot_is_found_in_the_store() {
    on_each_stack(async |stack| {
        let upstream = Upstream::new();
        let mut world = World::new(stack).shared();
        for point in ["outbox.after_delete", "worker.before_commit", "job.after_commit"] {
            world.begin("calm", &upstream.urls(), true).await;
            let stopped = world.run(Faults::stop_at(point, 2).unwrap()).await;
            assert_eq!(stopped, Ended::Stopped, "{point}");
            world.bus.close().await;
            world.bus = forgotten(stack).await;
            world.wait_long();
            assert_eq!(world.run(Faults::none()).await, Ended::Idle);
            upstream.change_again();
        }
        let found = world.digest().await;
        let expected = upstream.expected_of(3).await;
        assert_eq!(found, expected);
    })
    .await;
}

impl Upstream {
    fn change_again(&self) {
        let count: usize = self.0[1].git(&["rev-list", "--count", "HEAD"]).parse().unwrap();
        self.0[1].write_sources(1_000 + count * 3, 3).commit("more");
    }

    /// What an undisturbed store knows when each state of the changing repository was seen, one after the other.
    async fn expected_of(&self, runs: usize) -> Vec<(&'static str, String)> {
        let stack = Stack::embedded().await;
        let world = World::new(&stack);
        self.0[1].git(&["branch", "-f", "end"]);
        for back in (1..=runs).rev() {
            self.0[1].git(&["reset", "-q", "--hard", &format!("end~{back}")]);
            world.scan("calm", &self.urls()).await;
        }
        let digest = world.digest().await;
        stack.remove().await;
        digest
    }
}

/// The same broker with nothing in it: in memory another bus, else all queues removed and declared anew.
async fn forgotten(stack: &Stack) -> Arc<dyn Bus> {
    if !stack.is_shared() {
        return bus::memory(MemoryOptions::default());
    }
    let options =
        bus::AmqpOptions { prefix: stack.bus_prefix.clone(), ..bus::AmqpOptions::new(&stack.bus_url) };
    bus::remove_topology(&options).await.unwrap();
    stack.open_bus().await
}
