//! How many messages a second each bus carries: `cargo run --release -p bus --example rates [AMQP-URL]`.

#![expect(clippy::print_stdout, reason = "a measuring program prints what it measured")]

use std::{error::Error, sync::Arc, time::Instant};

use bus::{AmqpOptions, Bus, MemoryOptions};
use contracts::{
    Envelope, Lane,
    route::{self, QUEUES},
};
use jiff::Timestamp;

const MESSAGES: usize = 50_000;
const BODY: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{MESSAGES} messages of {BODY} bytes; acknowledged as many at once as the prefetch allows in halves"
    );
    let options = MemoryOptions { capacity: MESSAGES, ..MemoryOptions::default() };
    measure("memory", &bus::memory(options)).await?;
    let Some(url) = std::env::args().nth(1) else {
        println!("RabbitMQ: not measured, no URL given");
        return Ok(());
    };
    let mut options = AmqpOptions::new(url);
    options.prefix = format!("rates-{}.", std::process::id());
    let bus = bus::amqp(options.clone()).await?;
    let measured = measure(&bus.check().await?, &bus).await;
    bus.close().await;
    bus::remove_topology(&options).await?;
    measured
}

async fn measure(name: &str, bus: &Arc<dyn Bus>) -> Result<(), Box<dyn Error>> {
    for (at_once, side_by_side) in [(1, 1), (1, 64), (100, 1), (100, 8), (1_000, 1), (1_000, 4)] {
        // One at a time is slow on a broker, and needs no more messages to be measured.
        let count = if at_once * side_by_side < 100 { MESSAGES / 25 } else { MESSAGES };
        let took = publish(bus, count, at_once, side_by_side).await?;
        println!(
            "{name}: publish {at_once} at once, {side_by_side} side by side: {:.0}/s",
            count as f64 / took
        );
        let took = consume(bus, count, 100).await?;
        println!("{name}: consume, prefetch 100: {:.0}/s", count as f64 / took);
    }
    for prefetch in [1, 10, 100, 1_000] {
        let count = if prefetch < 100 { MESSAGES / 25 } else { MESSAGES };
        publish(bus, count, 1_000, 4).await?;
        let took = consume(bus, count, prefetch).await?;
        println!("{name}: consume, prefetch {prefetch}: {:.0}/s", count as f64 / took);
    }
    Ok(())
}

/// Seconds that publishing took.
async fn publish(
    bus: &Arc<dyn Bus>,
    count: usize,
    at_once: usize,
    side_by_side: usize,
) -> Result<f64, Box<dyn Error>> {
    let envelopes: Vec<_> = (0..count).map(envelope).collect();
    let shares: Vec<_> = envelopes.chunks(count.div_ceil(side_by_side)).map(<[Envelope]>::to_vec).collect();
    let begun = Instant::now();
    let publishing: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let bus = bus.clone();
            tokio::spawn(async move {
                for some in share.chunks(at_once) {
                    bus.publish(some).await?;
                }
                Ok::<_, bus::BusError>(())
            })
        })
        .collect();
    for publishing in publishing {
        publishing.await??;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Seconds that taking and acknowledging took.
async fn consume(bus: &Arc<dyn Bus>, count: usize, prefetch: u16) -> Result<f64, Box<dyn Error>> {
    let queue = QUEUES.iter().find(|queue| queue.name == "analyzer").ok_or("there is no analyzer queue")?;
    let begun = Instant::now();
    let mut consumer = bus.consume(queue, prefetch).await?;
    let at_once = usize::from(prefetch).div_ceil(2);
    let (mut taken, mut tags) = (0, Vec::with_capacity(at_once));
    while taken < count {
        tags.push(consumer.next().await.ok_or("the bus was closed")?.tag);
        taken += 1;
        if tags.len() == at_once || taken == count {
            consumer.ack(&tags).await?;
            tags.clear();
        }
    }
    Ok(begun.elapsed().as_secs_f64())
}

fn envelope(number: usize) -> Envelope {
    Envelope {
        id: format!("{number:08}-0000-7000-8000-000000000000"),
        source: "stocktake/rates".to_owned(),
        kind: route::BATCH_STORED.to_owned(),
        time: Timestamp::now(),
        traceparent: None,
        lane: Lane::Normal,
        attempt: 0,
        body: format!("\"{:BODY$}\"", number).into_bytes(),
    }
}
