//! Checks on what was really fetched, stored and analysed.

use contracts::policy::{CheckPolicy, Level, StockPolicy};
use serde_json::json;
use store::{
    audits,
    changes::{ChangeKind, Options, Reader, Source},
    findings::{self, FindingFilter},
    snapshots::SnapshotState,
    stocks,
};
use testkit::{GitFixture, on_each_stack};

use crate::support::World;

fn check(check: &str, level: Level, params: serde_json::Value) -> CheckPolicy {
    CheckPolicy { check: check.to_owned(), level, params }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_a_licence_and_a_language_are_found_where_they_are() {
    let repository = GitFixture::new();
    // Put together here, so that no scanner takes this file for a leak.
    let token = format!("{}{}", "ghp_", "q7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi");
    repository
        .write("src/main.rs", "// SPDX-License-Identifier: GPL-3.0-only\nfn main() {}\n")
        .write("config/deploy.py", format!("import os\n\nTOKEN = '{token}'\n"))
        .write("src/=lib, \"odd\".rs", "fn odd() {}\n")
        .commit("first");
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let checks = vec![
            check("secrets", Level::Block, json!({})),
            check("licence", Level::Warn, json!({ "deny": ["GPL-3.0-only"] })),
            check("language", Level::Info, json!({ "allow": ["Rust"] })),
        ];
        let policy = StockPolicy { checks, ..StockPolicy::default() };
        let set = stack.store.write(move |tx| {
            let stock = stocks::get_or_create(tx, "curated", jiff::Timestamp::now())?;
            stocks::set_policy(tx, stock.id, &policy)
        });
        let set: Result<_, store::StoreError> = set.await;
        set.unwrap();
        let snapshot = world.scan("curated", &[repository.url()]).await;
        assert_eq!(snapshot.state, SnapshotState::Audited, "it waits for a person");
        let id = snapshot.id;
        let (audit, found) = stack
            .store
            .read(move |tx| {
                let audit = audits::latest_of_snapshot(tx, id)?.unwrap();
                let found = findings::of_audit(tx, audit.id, &FindingFilter::default(), None, 99)?;
                Ok((audit, found))
            })
            .await
            .unwrap();
        let told: Vec<(String, &str, Option<u64>)> = found
            .iter()
            .map(|finding| {
                let path = String::from_utf8_lossy(&finding.path).into_owned();
                (path, finding.check.as_str(), finding.line)
            })
            .collect();
        let at = |path: &str, check, line| (path.to_owned(), check, line);
        let expected = [
            at("config/deploy.py", "secrets", Some(3)),
            at("config/deploy.py", "language", None),
            at("src/main.rs", "licence", None),
        ];
        assert_eq!(told, expected);
        assert!(found.iter().all(|finding| !finding.message.contains(&token)), "{found:?}");

        // What the analyzers said is in the rows.
        let rows = stack
            .store
            .read(move |tx| {
                let options = Options {
                    kinds: Vec::new(),
                    repository: None,
                    facts: true,
                    hint: analysis::hint,
                    analyzers: analysis::fingerprint(),
                };
                Reader::open(Source::Audit(audit.id), options, None).page(tx, 99)
            })
            .await
            .unwrap();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.kind == ChangeKind::New && row.before.is_none()));
        let main = rows.iter().find(|row| row.path == b"src/main.rs").unwrap();
        let facts = main.after.as_ref().unwrap().facts.as_ref().unwrap();
        assert_eq!((facts.language.as_deref(), facts.lines), (Some("Rust"), Some(2)));
        assert_eq!(
            (facts.complexity, facts.licences.as_slice()),
            (Some(1), &["GPL-3.0-only".to_owned()][..])
        );
    })
    .await;
}
