//! What the gate says in each state.

use contracts::{
    ErrorKind, Failure, SnapshotId, TaskId,
    policy::{FailedRepositories, StockPolicy},
};
use store::{
    StoreError, Tx,
    audits::{self, AuditResult, AuditState, Ground},
    gate::{self, Lack},
    revisions,
    snapshots::{self, SnapshotState},
    stocks, tasks,
};

use super::{node, now, oid, revision, snapshot, stock, tree};
use crate::db::on_each;

fn lacks(tx: &mut Tx, id: SnapshotId) -> Result<Vec<Lack>, StoreError> {
    Ok(gate::ask(tx, id, false)?.lacks)
}

fn audited(tx: &mut Tx, id: SnapshotId) -> Result<(), StoreError> {
    let planned = audits::plan(tx, id, now())?;
    assert_eq!(lacks(tx, id)?[0], Lack::Auditing);
    let stock = snapshots::get(tx, id)?.unwrap().stock;
    let stock = stocks::get(tx, stock)?.unwrap();
    let ground = Ground {
        stock_version: stock.version,
        policy: stock.policy,
        policy_version: stock.policy_version,
        analyzers: String::new(),
        auditor: String::new(),
    };
    audits::begin(tx, planned.audit, &ground)?;
    audits::finish(tx, planned.audit, &AuditResult::default(), now())?;
    snapshots::set_state(tx, id, &[SnapshotState::Auditing], SnapshotState::Audited, now())?;
    Ok(())
}

#[tokio::test]
async fn the_gate_names_exactly_what_is_missing() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let main = stock(tx, "main")?;
                let id = snapshot(tx, main)?;
                assert_eq!(lacks(tx, id)?, [Lack::NotReady { open: 0 }]);
                let (good, _) = revision(tx, id, "https://a")?;
                let (bad, _) = revision(tx, id, "https://b")?;
                snapshots::set_state(tx, id, &[SnapshotState::Indexing], SnapshotState::Processing, now())?;
                assert_eq!(lacks(tx, id)?, [Lack::NotReady { open: 2 }]);
                assert_eq!(audits::plan(tx, id, now()).unwrap_err().kind(), ErrorKind::Conflict);
                let tree = tree(tx, good, 1, &[node(b"x", 1)])?;
                revisions::stored(tx, good, Some(oid(1)), tree, now())?;
                revisions::failed(tx, bad, &Failure::new(ErrorKind::NotFound, "gone"), now())?;
                assert!(snapshots::ready_if_done(tx, id, now())?);
                assert_eq!(lacks(tx, id)?, [Lack::NotAudited]);

                let planned = audits::plan(tx, id, now())?;
                let again = audits::plan(tx, id, now()).unwrap_err();
                assert_eq!(again.kind(), ErrorKind::Conflict);
                let failure = Failure::new(ErrorKind::Internal, "broke");
                audits::break_off(tx, planned.audit, AuditState::ErrorRuntime, Some(&failure), now())?;
                let reason = Some("broke".to_owned());
                assert_eq!(lacks(tx, id)?, [Lack::AuditBrokeOff { state: "error_runtime", reason }]);
                audited(tx, id)?;
                assert_eq!(lacks(tx, id)?, []);
                assert_eq!(audits::of_snapshot(tx, id, None, 9)?.len(), 2, "both audits are kept");

                let ask = StockPolicy { failed: FailedRepositories::Ask, ..StockPolicy::default() };
                stocks::set_policy(tx, main, &ask)?;
                stocks::commit_entries(tx, main, 1, &[])?;
                let all = lacks(tx, id)?;
                let moved = Lack::StockMoved { audited: 0, current: 1 };
                assert_eq!(all, [moved, Lack::PolicyChanged, Lack::Failed { repositories: 1 }]);
                assert!(all.iter().all(|lack| !lack.to_string().is_empty()));
                audited(tx, id)?;
                assert_eq!(lacks(tx, id)?, [Lack::Failed { repositories: 1 }]);
                assert_eq!(gate::ask(tx, id, true)?.lacks, []);

                snapshots::set_state(tx, id, &[SnapshotState::Audited], SnapshotState::Aborted, now())?;
                assert_eq!(lacks(tx, id)?, [Lack::Aborted]);
                assert_eq!(gate::ask(tx, SnapshotId::new(), false).unwrap_err().kind(), ErrorKind::NotFound);
                assert!(tasks::get(tx, TaskId::new())?.is_none());
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
