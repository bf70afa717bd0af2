//! A courier on a stack, with a clock in the test's hand.

use std::{collections::BTreeMap, time::Duration};

use contracts::{DeliveryId, Failure, Outgoing, WebhookId, messages::WebhooksQueued};
use jiff::Timestamp;
use runtime::{clock::Clock, config::Config, faults::Faults};
use store::{
    Tx,
    webhooks::{
        deliveries::{self, Delivery, DeliveryFilter, DeliveryState, NewDelivery},
        subscriptions::{self, Secret, Webhook, WebhookState},
    },
};
use testkit::Stack;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{Engine, Options, Recovery};

/// For how long a test waits before it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// The key that test webhooks are signed with.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) struct World<'a> {
    stack: &'a Stack,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
}

/// A courier that runs.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), Failure>>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Gives it time to come to its fault point, and stops it when it does not.
    pub(crate) async fn stop_or_die(mut self) {
        let soon = Duration::from_secs(2);
        match tokio::time::timeout(soon, &mut self.task).await {
            Ok(died) => drop(died.unwrap()),
            Err(_) => self.stop().await,
        }
    }

    /// Waits until a fault point has stopped it.
    pub(crate) async fn died(self) {
        let ended =
            tokio::time::timeout(PATIENCE, self.task).await.expect("the fault point should be reached");
        ended.unwrap().unwrap_err();
    }
}

impl<'a> World<'a> {
    /// Receivers of tests are on this machine: it is allowed.
    pub(crate) fn new(stack: &'a Stack) -> Self {
        let mut config = Config::default();
        config.webhooks.allowed_addresses = vec!["127.0.0.0/8".to_owned()];
        config.webhooks.timeout_seconds = 1;
        // To the microsecond, as the store keeps it.
        let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
        Self { stack, clock: Clock::manual(now), config }
    }

    fn engine(&self, faults: Faults) -> Engine {
        Engine {
            store: self.stack.store.clone(),
            bus: self.stack.bus.clone(),
            clock: self.clock.clone(),
            faults,
            options: Options {
                owner: "a test".to_owned(),
                jobs: 2,
                handlers: 4,
                prefetch: 32,
                lease: Duration::from_secs(60),
                sweep_every: Duration::from_millis(200),
                recovery: if self.stack.is_shared() { Recovery::Shared } else { Recovery::Alone },
            },
        }
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(Faults::none())
    }

    pub(crate) fn start_with(&self, faults: Faults) -> Running {
        let engine = self.engine(faults);
        let service = courier::service(&engine, &self.config).unwrap();
        let shutdown = CancellationToken::new();
        let token = shutdown.clone();
        Running { shutdown, task: tokio::spawn(async move { engine.run(service, token).await }) }
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        mut effects: impl FnMut(&mut Tx, Timestamp) -> Result<(T, Vec<Outgoing>), Failure> + Send + 'static,
    ) -> T {
        let engine = self.engine(Faults::none());
        let now = self.clock.now();
        engine.submit("test", move |tx| effects(tx, now)).await.unwrap()
    }

    /// A webhook for these events.
    pub(crate) async fn webhook(&self, url: &str, events: &[&str], filters: &[(&str, &[&str])]) -> WebhookId {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let webhook = Webhook {
            id: WebhookId::new(),
            name: "a test".to_owned(),
            url: url.to_owned(),
            state: WebhookState::Active,
            events: texts(events),
            filters: filters
                .iter()
                .map(|(name, values)| ((*name).to_owned(), texts(values)))
                .collect::<BTreeMap<_, _>>(),
            secrets: vec![Secret { key: SECRET.to_owned(), until: None }],
            reason: None,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
        };
        let id = webhook.id;
        self.write(move |tx, _| Ok((subscriptions::insert(tx, &webhook)?, Vec::new()))).await;
        id
    }

    /// Deliveries of one webhook to these URLs.
    pub(crate) async fn deliver(&self, webhook: WebhookId, urls: &[String]) {
        let new: Vec<NewDelivery> = urls
            .iter()
            .enumerate()
            .map(|(index, url)| {
                let parsed = addresses::web_address(url, &addresses::Allowed::everything()).unwrap();
                NewDelivery {
                    webhook,
                    subject: None,
                    event: "test".to_owned(),
                    url: url.clone(),
                    origin: addresses::origin_of(&parsed),
                    body: format!("{{\"number\":{index}}}"),
                }
            })
            .collect();
        self.write(move |tx, now| {
            let destinations = deliveries::enqueue(tx, &new, now)?;
            Ok(((), vec![Outgoing::new(&WebhooksQueued { destinations })]))
        })
        .await;
    }

    pub(crate) async fn deliveries(&self) -> Vec<Delivery> {
        let list = |tx: &mut Tx| deliveries::list(tx, &DeliveryFilter::default(), None, 10_000);
        let mut all = self.stack.store.read(list).await.unwrap();
        all.reverse();
        all
    }

    pub(crate) async fn attempts(&self, id: DeliveryId) -> Vec<deliveries::Attempt> {
        self.stack.store.read(move |tx| deliveries::attempts_of(tx, id)).await.unwrap()
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Tx) -> Result<T, store::StoreError> + Send + 'static,
    ) -> T {
        self.stack.store.read(read).await.unwrap()
    }

    /// Waits until this holds of all deliveries.
    pub(crate) async fn until(&self, wanted: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        let begun = std::time::Instant::now();
        loop {
            let all = self.deliveries().await;
            if wanted(&all) {
                return all;
            }
            assert!(begun.elapsed() < PATIENCE, "not as wanted: {all:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn until_ended(&self) -> Vec<Delivery> {
        self.until(|all| !all.is_empty() && all.iter().all(|one| one.state != DeliveryState::Pending)).await
    }
}
