//! The broker restarted in the middle of it. Needs root on the broker's machine and disturbs everybody
//! else who uses it, so it is asked for apart.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::kit::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_broker_loses_nothing() {
    if variable("STOCKTAKE_TEST_RABBITMQ_RESTART").is_none_or(|value| value != "1") {
        println!("not run: restart of RabbitMQ (STOCKTAKE_TEST_RABBITMQ_RESTART is not 1)");
        return;
    }
    let settings = Settings { patience: 6 * SOON, ..Settings::default() };
    on_amqp(settings, async |kit| {
        let restarted = Arc::new(AtomicBool::new(false));
        let publishing = tokio::spawn({
            let (bus, restarted) = (kit.bus.clone(), restarted.clone());
            async move {
                let mut sent = Vec::new();
                // Before, throughout and after.
                while !restarted.load(Ordering::Relaxed) {
                    let some = batches(10);
                    bus.publish(&some).await.unwrap();
                    sent.extend(sent_ids(&some));
                }
                sent
            }
        });
        let mut consumer = kit.bus.consume(queue("analyzer"), 50).await.unwrap();
        let mut done = BTreeSet::new();
        done.extend(ids(&take_and_ack(&mut consumer, 50).await));
        let held = take(&mut consumer, 10).await;
        let restart = tokio::task::spawn_blocking(|| {
            for step in ["stop_app", "start_app"] {
                let status = std::process::Command::new("rabbitmqctl").arg(step).status().unwrap();
                assert!(status.success(), "rabbitmqctl {step}");
            }
        });
        restart.await.unwrap();
        kit.bus.publish(&batches(1)).await.unwrap();
        restarted.store(true, Ordering::Relaxed);
        let sent = publishing.await.unwrap();
        // Of no use any more: these messages come again, under other tags.
        consumer.ack(&tags(&held)).await.unwrap();
        while !sent.iter().all(|id| done.contains(id)) {
            done.extend(ids(&take_and_ack(&mut consumer, 1).await));
        }
    })
    .await;
}
