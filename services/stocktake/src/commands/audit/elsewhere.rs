//! Audits of a gateway elsewhere.

use contracts::{AuditId, Failure};
use serde_json::{Value, json};

use super::{
    AUDITS, Command, FINDINGS, LevelName, NO_AUDITS, NO_FINDINGS, missing, tell_cancelled, tell_passed,
};
use crate::{
    commands::{
        listing, reporting,
        snapshot::{self, Which},
    },
    remote::{Remote, encoded, text},
};

/// Audits of a snapshot that are looked at.
const MOST: usize = 1_000;

pub(super) async fn run(remote: &Remote, command: &Command) -> Result<(), Failure> {
    match command {
        Command::List { snapshot, format } => {
            listing::list(*format, &of_snapshot(remote, *snapshot).await?.1, AUDITS, NO_AUDITS)
        }
        Command::Report { snapshot, audit, format, section, output } => {
            let path = format!("/audits/{}/report", find(remote, *snapshot, *audit).await?);
            let format = ((*format).into(), section.map(Into::into));
            reporting::report_elsewhere(remote, &path, "", format, output.as_ref()).await
        }
        Command::Findings { snapshot, audit, level, check, limit, format } => {
            let path = format!("/audits/{}/findings", find(remote, *snapshot, *audit).await?);
            let level = level.map(|level| match level {
                LevelName::Info => "level=info".to_owned(),
                LevelName::Warn => "level=warn".to_owned(),
                LevelName::Block => "level=block".to_owned(),
            });
            let check = check.as_ref().map(|check| format!("check={}", encoded(check)));
            let asked: Vec<String> = level.into_iter().chain(check).collect();
            let path = if asked.is_empty() { path } else { format!("{path}?{}", asked.join("&")) };
            listing::list(*format, &remote.items(&path, *limit as usize).await?, FINDINGS, NO_FINDINGS)
        }
        Command::Cancel { snapshot } => {
            let found = snapshot::elsewhere::find(remote, *snapshot).await?;
            let (id, stock) = (text(&found, "id"), text(&found, "stock"));
            remote.post(&format!("/stocks/{stock}/snapshots/{id}/audit/cancel"), &json!({})).await?;
            let audit = &remote.get(&format!("/snapshots/{id}")).await?["audit"];
            tell_cancelled(text(audit, "id"), !audit["finished_at"].is_null(), text(audit, "state"))
        }
        Command::Override { snapshot, findings, check, all, person, reason } => {
            let path = format!("/audits/{}/overrides", find(remote, *snapshot, None).await?);
            let asked = json!({
                "person": person, "reason": reason, "findings": findings, "check": check, "all": all,
            });
            let came = remote.post(&path, &asked).await?;
            let number = |field: &str| came[field].as_u64().unwrap_or_default();
            tell_passed(number("overridden"), number("open"))
        }
    }
}

/// The snapshot's id, and its audits, newest first.
async fn of_snapshot(remote: &Remote, which: Which) -> Result<(String, Vec<Value>), Failure> {
    let snapshot = snapshot::elsewhere::find(remote, which).await?;
    let (id, stock) = (text(&snapshot, "id").to_owned(), text(&snapshot, "stock"));
    let audits = remote.items(&format!("/stocks/{stock}/snapshots/{id}/audits"), MOST).await?;
    Ok((id, audits))
}

/// The id of the audit that is meant: the one that is named, or the newest of the snapshot.
async fn find(remote: &Remote, which: Which, audit: Option<AuditId>) -> Result<String, Failure> {
    let (snapshot, audits) = of_snapshot(remote, which).await?;
    let named = audit.map(|audit| audit.to_string());
    let meant = audits
        .iter()
        .map(|audit| text(audit, "id"))
        .find(|id| named.as_deref().is_none_or(|named| *id == named));
    meant.map(str::to_owned).ok_or_else(|| missing(&snapshot))
}
