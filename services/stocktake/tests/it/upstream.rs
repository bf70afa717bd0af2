//! Repositories that others discover and publish.

use contracts::{Envelope, route};
use jiff::Timestamp;
use runtime::faults::Faults;
use serde_json::json;
use store::{
    StoreError, Tx, set_aside,
    set_aside::SetAsideFilter,
    snapshots::{self, SnapshotFilter, SnapshotState},
    stocks,
};
use testkit::{GitFixture, on_each_stack};
use worker::harness::Ended;

use crate::support::{World, unfinished};

/// Somebody who knows neither our envelope nor our ids publishes this.
fn bare(body: &serde_json::Value) -> Envelope {
    Envelope::from_bare(route::REPOSITORY_DISCOVERED, body.to_string().into_bytes(), Timestamp::now())
}

/// Published discoveries leave nothing in the store until they are handled.
fn until_discovered(tx: &mut Tx) -> Result<String, StoreError> {
    if snapshots::list(tx, &SnapshotFilter::default(), None, 1)?.is_empty() {
        return Ok("nothing is discovered yet".to_owned());
    }
    unfinished(tx)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bare_discoveries_become_one_snapshot_of_the_stock_that_they_name() {
    on_each_stack(async |stack| {
        let (world, one, two) = (World::new(stack), GitFixture::tidy(3), GitFixture::new());
        two.write("two.py", "pass\n").commit("two");
        let said = [
            bare(&json!({ "url": one.url(), "stock": "upstream" })),
            bare(&json!({ "url": two.url(), "stock": "upstream", "name": "two", "more": "that we do not know" })),
            // The very same again is one discovery.
            bare(&json!({ "url": one.url(), "stock": "upstream" })),
            bare(&json!({ "link": one.url() })),
            bare(&json!({ "url": "ext::sh -c id" })),
        ];
        world.bus.publish(&said).await.unwrap();
        assert_eq!(world.run_until(Faults::none(), until_discovered).await, Ended::Idle);
        let (snapshots, entries, refused) = stack
            .store
            .read(|tx| {
                let all = snapshots::list(tx, &SnapshotFilter::default(), None, 10)?;
                let stock = stocks::by_name(tx, "upstream")?.unwrap();
                let entries = stocks::entries_at(tx, stock.id, None, None, 10)?;
                Ok((all, entries, set_aside::list(tx, &SetAsideFilter::default(), None, 10)?))
            })
            .await
            .unwrap();
        assert_eq!(snapshots.len(), 1, "{snapshots:?}");
        assert_eq!(snapshots[0].state, SnapshotState::Committed);
        assert_eq!(entries.len(), 2);
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert!(refused.iter().any(|one| one.failure.reason.contains("url")), "{refused:?}");
    })
    .await;
}
