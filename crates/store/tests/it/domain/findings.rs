//! Findings, and who lets them pass.

use contracts::{AuditId, ErrorKind, RepositoryId, TaskId, policy::Level};
use store::{
    StoreError, Tx,
    audits::{self, NewAudit},
    findings::{self, FindingFilter, NewFinding},
};

use super::{now, oid, snapshot, stock};
use crate::db::on_each;

fn found(repository: RepositoryId, path: &str, check: &str, level: Level) -> NewFinding {
    NewFinding {
        repository,
        url: "https://a".to_owned(),
        path: path.as_bytes().to_vec(),
        oid: oid(1),
        check: check.to_owned(),
        code: "code".to_owned(),
        level,
        message: "=cmd \0".to_owned(),
        line: Some(3),
    }
}

fn paths(
    tx: &mut Tx,
    audit: AuditId,
    filter: &FindingFilter,
    after: Option<i64>,
) -> Result<Vec<String>, StoreError> {
    let found = findings::of_audit(tx, audit, filter, after, 2)?;
    Ok(found.into_iter().map(|finding| String::from_utf8(finding.path).unwrap()).collect())
}

#[tokio::test]
async fn a_blocking_finding_is_open_until_a_person_gives_a_reason() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let stock = stock(tx, "main")?;
                let snapshot = snapshot(tx, stock)?;
                let new = || NewAudit { snapshot, stock, stock_version: 0, task: TaskId::new() };
                let (first, second) =
                    (audits::create(tx, &new(), now())?, audits::create(tx, &new(), now())?);
                let (one, other) = (RepositoryId::new(), RepositoryId::new());
                let of_one = [
                    found(one, "a", "secrets", Level::Block),
                    found(one, "b", "size", Level::Block),
                    found(one, "c", "size", Level::Info),
                ];
                findings::insert_many(tx, first, &of_one)?;
                findings::insert_many(tx, first, &[found(other, "d", "size", Level::Warn)])?;
                findings::insert_many(tx, second, &of_one)?;
                let all = FindingFilter::default();
                assert_eq!(paths(tx, first, &all, None)?, ["a", "b"]);
                let last = findings::of_audit(tx, first, &all, None, 2)?.pop().unwrap();
                assert_eq!(last.message, "=cmd \u{fffd}");
                assert_eq!(paths(tx, first, &all, Some(last.id))?, ["c", "d"]);
                let of = |level| FindingFilter { level: Some(level), ..FindingFilter::default() };
                assert_eq!(paths(tx, first, &of(Level::Warn), None)?, ["d"]);
                let by_repository = FindingFilter { repository: Some(other), ..all.clone() };
                assert_eq!(paths(tx, first, &by_repository, None)?, ["d"]);

                assert_eq!(findings::count_open_blocking(tx, first)?, 2);
                let secrets = FindingFilter { check: Some("secrets".to_owned()), ..all.clone() };
                let refused = findings::override_many(tx, first, &secrets, (" ", "me"), now());
                assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
                assert_eq!(findings::override_many(tx, first, &secrets, ("a test key", "me"), now())?, 1);
                assert_eq!(findings::override_many(tx, first, &secrets, ("again", "you"), now())?, 0);
                assert_eq!(findings::count_open_blocking(tx, first)?, 1);
                let passed = FindingFilter { overridden: Some(true), ..all.clone() };
                let overridden = findings::of_audit(tx, first, &passed, None, 9)?;
                let by = overridden[0].overridden.clone().unwrap();
                assert_eq!((by.reason.as_str(), by.person.as_str(), by.at), ("a test key", "me", now()));
                // The same finding of another audit of the snapshot is the same decision.
                assert_eq!(findings::count_open_blocking(tx, second)?, 1);
                findings::drop_of_repository(tx, first, one)?;
                assert_eq!(paths(tx, first, &all, None)?, ["d"]);
                assert_eq!(findings::override_many(tx, second, &all, ("all of it", "me"), now())?, 1);
                assert_eq!(findings::count_open_blocking(tx, second)?, 0);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
