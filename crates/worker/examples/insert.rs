//! A service whose only handler inserts one row, for `cargo xtask bench messages`.
//!
//! `insert publish N` puts N messages into the queue; `insert`, with the settings of any service, takes them.
//! It is configured like a service: `STOCKTAKE__STORE__URL`, `STOCKTAKE__BUS__URL`, `STOCKTAKE__BUS__PREFIX`.

use std::{io::Write, process::ExitCode};

use async_trait::async_trait;
use contracts::{
    Envelope, ErrorKind, Failure, Message, Outgoing, SnapshotId, StockId, messages::SnapshotCommitted,
};
use runtime::config::Loaded;
use serde_json::json;
use store::notifications::{self, NewNotification};
use worker::{
    Commit, Handler, Meta, Service,
    process::{self, open_bus},
};

/// Messages that are published with one round of confirms.
const CHUNK: usize = 1_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["publish", count] => match publish(count) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                drop(writeln!(std::io::stderr(), "insert: {failure}"));
                ExitCode::FAILURE
            }
        },
        _ => process::main("courier", |_, _| Ok(Service::new("courier").handler(Insert))),
    }
}

struct Insert;

#[async_trait]
impl Handler for Insert {
    type Message = SnapshotCommitted;

    async fn handle(&self, message: SnapshotCommitted, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let new = NewNotification {
                kind: SnapshotCommitted::KIND.to_owned(),
                subject: Some(message.snapshot.0),
                text: format!("message {}", message.version),
                body: json!({ "version": message.version }),
            };
            notifications::create(tx, &new, now)?;
            Ok(Vec::new())
        }))
    }
}

fn publish(count: &str) -> Result<(), Failure> {
    let invalid = |error: &dyn std::fmt::Display| Failure::new(ErrorKind::Invalid, error);
    let count: i64 = count.parse().map_err(|error| invalid(&error))?;
    let config = Loaded::from_process(None, Vec::new()).map_err(|error| invalid(&error))?.config;
    process::block_on(async {
        let bus = open_bus(&config, "insert").await?;
        let stock = StockId::new();
        let envelopes: Vec<Envelope> = (0..count)
            .map(|version| {
                let message = SnapshotCommitted { snapshot: SnapshotId::new(), stock, version };
                Envelope::seal(&Outgoing::new(&message), "insert", None)
            })
            .collect();
        for chunk in envelopes.chunks(CHUNK) {
            bus.publish(chunk).await.map_err(|error| Failure::new(error.kind(), error))?;
        }
        bus.close().await;
        Ok(())
    })
}
