//! One message after the other: tried again, set aside, handled once.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bus::{Bus, BusError, Consumer, Delivery, Foreign, QueueDepth};
use contracts::{Envelope, ErrorKind, Failure, Outgoing, RepairId, messages::RepairDone, route::Queue};
use runtime::clock::Clock;
use testkit::on_each_stack;
use tokio::sync::Barrier;
use worker::{Commit, Handler, Meta, Retry, Service, harness::MakeService};

use crate::support::{Scripted, all_set_aside, effects, engine, is_handled, message, noted, run_until};

fn unavailable() -> Failure {
    Failure::new(ErrorKind::Unavailable, "the other side is away")
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again_later_until_it_has_passed() {
    on_each_stack(async |stack| {
        let times = Arc::new(Mutex::new(Vec::new()));
        let seen = times.clone();
        let scripted = Scripted::new(move |call, message, meta| {
            seen.lock().unwrap().push(std::time::Instant::now());
            if call < 2 { Err(unavailable()) } else { Ok(noted(message.version, meta)) }
        });
        let sent = message(7);
        stack.bus.publish(std::slice::from_ref(&sent)).await.unwrap();
        run_until::<1>(engine(stack, Clock::system()), scripted.service()).await;
        assert_eq!((scripted.calls(), effects(stack).await), (3, vec![7]));
        assert!(all_set_aside(stack).await.is_empty());
        assert!(is_handled(stack, &sent.id).await);
        let times = times.lock().unwrap();
        let pauses: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        assert!(pauses[0] >= 75 && pauses[1] >= 150, "{pauses:?}");
    })
    .await;
}

#[tokio::test]
async fn what_fails_for_good_is_set_aside_at_once_and_what_fails_for_long_after_the_last_try() {
    on_each_stack(async |stack| {
        let scripted = Scripted::new(|_, message, _| {
            Err(if message.version == 1 { Failure::new(ErrorKind::Invalid, "never") } else { unavailable() })
        });
        let (bad, unlucky) = (message(1), message(2));
        stack.bus.publish(&[bad.clone(), unlucky.clone()]).await.unwrap();
        run_until::<2>(engine(stack, Clock::system()), scripted.service()).await;
        assert_eq!(scripted.calls(), 1 + 3);
        let aside = all_set_aside(stack).await;
        let of = |sent: &Envelope| aside.iter().find(|one| one.message_id == sent.id).unwrap();
        assert_eq!((of(&bad).tries, of(&bad).failure.reason.as_str()), (1, "never"));
        assert_eq!((of(&unlucky).tries, of(&unlucky).failure.kind), (3, ErrorKind::Unavailable));
        assert_eq!((of(&bad).queue.as_str(), &of(&bad).body), ("courier", &bad.body));
        assert!(!is_handled(stack, &bad.id).await, "it can be replayed");
    })
    .await;
}

#[tokio::test]
async fn what_nobody_takes_is_set_aside_with_what_is_taken() {
    on_each_stack(async |stack| {
        let scripted = Scripted::new(|_, message, meta| Ok(noted(message.version, meta)));
        let stranger = RepairDone { repair: RepairId::new(), repaired: true, reason: None };
        let stranger = Envelope::seal(&Outgoing::new(&stranger), "stocktake/test", None);
        let misfit = Envelope { body: br#"{"version": "one"}"#.to_vec(), ..message(0) };
        stack.bus.publish(&[stranger.clone(), misfit.clone(), message(1)]).await.unwrap();
        run_until::<3>(engine(stack, Clock::system()), scripted.service()).await;
        let aside = all_set_aside(stack).await;
        let reason = |sent: &Envelope| {
            aside.iter().find(|one| one.message_id == sent.id).unwrap().failure.reason.clone()
        };
        assert!(reason(&stranger).contains("repair.done.v1"), "{}", reason(&stranger));
        assert!(reason(&misfit).contains("does not fit"), "{}", reason(&misfit));
        assert_eq!((scripted.calls(), effects(stack).await), (1, vec![1]));
    })
    .await;
}

#[tokio::test]
async fn a_foreign_message_is_set_aside_byte_for_byte() {
    on_each_stack(async |stack| {
        let scripted = Scripted::new(|_, message, meta| Ok(noted(message.version, meta)));
        let mut engine = engine(stack, Clock::system());
        let foreign = Foreign {
            routing_key: "snapshot.committed.v1".to_owned(),
            headers: serde_json::json!({ "cloudEvents:specversion": "9" }),
            body: vec![0, 159, 146, 150, 0xff],
            reason: "an envelope of version 9".to_owned(),
        };
        engine.bus =
            Arc::new(WithForeign { inner: stack.bus.clone(), foreign: Mutex::new(Some(foreign.clone())) });
        stack.bus.publish(&[message(1)]).await.unwrap();
        run_until::<2>(engine, scripted.service()).await;
        let aside = all_set_aside(stack).await;
        assert_eq!(aside.len(), 1);
        assert_eq!((&aside[0].body, &aside[0].headers), (&foreign.body, &foreign.headers));
        assert_eq!(aside[0].failure.reason, foreign.reason);
        assert_eq!(effects(stack).await, [1], "what comes after it is handled");
    })
    .await;
}

/// Stands for the barrier's rendezvous: all of these messages are being handled at the same time.
struct Together {
    barrier: Barrier,
    bad: fn(i64) -> bool,
}

#[async_trait]
impl Handler for Together {
    type Message = contracts::messages::SnapshotCommitted;
    const RETRY: Retry = Retry::DEFAULT;

    async fn handle(&self, message: Self::Message, meta: &Meta) -> Result<Commit, Failure> {
        self.barrier.wait().await;
        let (bad, number, now) = ((self.bad)(message.version), message.version, meta.now);
        Ok(Commit::save(move |tx| {
            crate::support::note(tx, number, now)?;
            match bad {
                true if number == 4 => panic!("effects of message {number}"),
                true => Err(Failure::new(ErrorKind::Invalid, "the effect does not fit")),
                false => Ok(Vec::new()),
            }
        }))
    }
}

#[tokio::test]
async fn a_message_whose_effect_fails_takes_no_other_of_its_group_with_it() {
    on_each_stack(async |stack| {
        let service: MakeService = Arc::new(|| {
            Service::new("courier")
                .handler(Together { barrier: Barrier::new(12), bad: |number| number % 4 == 0 })
        });
        stack.bus.publish(&(1..=12).map(message).collect::<Vec<_>>()).await.unwrap();
        run_until::<12>(engine(stack, Clock::system()), service).await;
        assert_eq!(effects(stack).await, [1, 2, 3, 5, 6, 7, 9, 10, 11]);
        let aside = all_set_aside(stack).await;
        assert_eq!(aside.len(), 3);
        let panicked = aside.iter().filter(|one| one.failure.reason.contains("panic")).count();
        assert_eq!(panicked, 1, "{aside:?}");
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_delivered_again_is_handled_once() {
    on_each_stack(async |stack| {
        let scripted = Scripted::new(|_, message, meta| Ok(noted(message.version, meta)));
        let (one, two) = (message(1), message(2));
        let thrice = [one.clone(), two.clone(), one.clone(), one.clone()];
        stack.bus.publish(&thrice).await.unwrap();
        run_until::<2>(engine(stack, Clock::system()), scripted.service()).await;
        // And once more, in another life of the service.
        stack.bus.publish(&[one, message(3)]).await.unwrap();
        run_until::<3>(engine(stack, Clock::system()), scripted.service()).await;
        assert_eq!(effects(stack).await, [1, 2, 3]);
        assert!(all_set_aside(stack).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_panics_fails_alone() {
    on_each_stack(async |stack| {
        let scripted = Scripted::new(|_, message, meta| {
            assert!(message.version != 2, "message two is too much");
            Ok(noted(message.version, meta))
        });
        stack.bus.publish(&[message(1), message(2), message(3)]).await.unwrap();
        run_until::<3>(engine(stack, Clock::system()), scripted.service()).await;
        assert_eq!(effects(stack).await, [1, 3]);
        let aside = all_set_aside(stack).await;
        assert!(aside[0].failure.reason.contains("message two is too much"), "{aside:?}");
    })
    .await;
}

/// A bus on which something foreign comes first.
struct WithForeign {
    inner: Arc<dyn Bus>,
    foreign: Mutex<Option<Foreign>>,
}

#[async_trait]
impl Bus for WithForeign {
    async fn publish(&self, envelopes: &[Envelope]) -> Result<(), BusError> {
        self.inner.publish(envelopes).await
    }

    async fn announce(&self, envelope: &Envelope) -> Result<(), BusError> {
        self.inner.announce(envelope).await
    }

    async fn consume(&self, queue: &'static Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        let foreign = self.foreign.lock().unwrap().take();
        Ok(Box::new(ForeignFirst { inner: self.inner.consume(queue, prefetch).await?, foreign }))
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

struct ForeignFirst {
    inner: Box<dyn Consumer>,
    foreign: Option<Foreign>,
}

#[async_trait]
impl Consumer for ForeignFirst {
    async fn next(&mut self) -> Option<Delivery> {
        match self.foreign.take() {
            Some(foreign) => Some(Delivery { tag: u64::MAX, redelivered: false, content: Err(foreign) }),
            None => self.inner.next().await,
        }
    }

    async fn ack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.inner.ack(tags).await
    }

    async fn nack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.inner.nack(tags).await
    }
}
