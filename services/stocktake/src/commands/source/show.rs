//! `stocktake source show`.

use contracts::Failure;
use forges::{budget, of_kind};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{
    Store,
    budgets::{self, Budget},
    sources::{self, Pass, Source, SourceFailure, Status},
    stocks,
};

use super::find;
use crate::output;

/// Refused records that are shown.
const FAILURES: u32 = 20;

pub(super) async fn run(store: &Store, named: &str, format: output::TableFormat) -> Result<(), Failure> {
    let named = named.to_owned();
    let (source, status, stock, budgets, failures) = store
        .write(move |tx| {
            let source = find(tx, &named)?;
            let forge = of_kind(&source.kind).ok().and_then(|kind| kind.forge(&source.params));
            let budgets = match forge {
                Some(forge) => budgets::list(tx, Some(&forge))?,
                None => Vec::new(),
            };
            let status = sources::status(tx, source.id)?;
            let stock = stocks::get(tx, source.stock)?.map(|stock| stock.name).unwrap_or_default();
            let failures = sources::failures(tx, source.id, FAILURES)?;
            Ok::<_, Failure>((source, status, stock, budgets, failures))
        })
        .await?;
    let now = Timestamp::now();
    if format == output::TableFormat::Json {
        let mut shown = summary(&source, &status, &stock);
        shown["budgets"] = budgets.iter().map(budget_json).collect();
        shown["failures"] = failures
            .iter()
            .map(|one| json!({ "subject": one.subject, "reason": one.reason, "at": one.at.to_string() }))
            .collect();
        shown["ends_at"] = json!(ends_at(&status, &budgets, now).map(|at| at.to_string()));
        return output::line(format_args!("{shown:#}"));
    }
    output::with(|out| {
        writeln!(out, "{} ({} into {}), {}", source.name, source.kind, stock, source.state)?;
        writeln!(out, "  id          {}", source.id)?;
        writeln!(out, "  parameters  {}", source.params)?;
        let every =
            status.settings.every.map_or_else(|| "on request".to_owned(), |every| format!("every {every:?}"));
        writeln!(out, "  run         {every}; visits {}", status.settings.visits)?;
        if let Some(next) = status.next_run_at {
            writeln!(out, "  next run    {}", time(next))?;
        }
        if let Some(waiting) = &status.waiting {
            writeln!(out, "  sleeps      until {}: {}", time(waiting.until), waiting.reason)?;
        }
        for (name, pass) in [("pass", status.pass), ("last pass", status.last)] {
            if let Some(Pass { began_at, ended_at, calls, found }) = pass {
                let ended =
                    ended_at.map_or_else(|| "under way".to_owned(), |at| format!("ended {}", time(at)));
                writeln!(
                    out,
                    "  {name:<11} began {}, {ended}: {found} found, {calls} calls",
                    time(began_at)
                )?;
            }
        }
        for one in &budgets {
            writeln!(out, "  calls       {}", budget_text(one))?;
        }
        if let Some(at) = ends_at(&status, &budgets, now) {
            writeln!(out, "  forecast    a full pass ends {}", time(at))?;
        }
        if status.refused > 0 {
            writeln!(out, "  refused     {} records of the newest pass", status.refused)?;
        }
        for SourceFailure { subject, reason, at } in &failures {
            writeln!(out, "              {} {subject}: {reason}", time(*at))?;
        }
        Ok(())
    })
}

/// A time as people read it.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A source and how it stands, for programs.
pub(super) fn summary(source: &Source, status: &Status, stock: &str) -> Value {
    let pass = |pass: Option<Pass>| {
        pass.map(|pass| {
            json!({
                "began_at": pass.began_at.to_string(),
                "ended_at": pass.ended_at.map(|at| at.to_string()),
                "calls": pass.calls,
                "found": pass.found,
            })
        })
    };
    json!({
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "params": source.params,
        "stock": stock,
        "state": source.state,
        "visits": status.settings.visits,
        "every_seconds": status.settings.every.map(|every| every.as_secs()),
        "freshness_seconds": status.settings.freshness.map(|freshness| freshness.as_secs()),
        "priority": status.settings.priority,
        "next_run_at": status.next_run_at.map(|at| at.to_string()),
        "waiting_until": status.waiting.as_ref().map(|waiting| waiting.until.to_string()),
        "waiting_for": status.waiting.as_ref().map(|waiting| waiting.reason.clone()),
        "pass": pass(status.pass),
        "last_pass": pass(status.last),
        "refused": status.refused,
    })
}

fn budget_text(one: &Budget) -> String {
    let left = match (one.remaining, one.limit) {
        (Some(remaining), Some(limit)) => format!("{remaining} of {limit} left"),
        (Some(remaining), None) => format!("{remaining} left"),
        _ => "no limit told".to_owned(),
    };
    let reset = one.reset_at.map(|at| format!(" until {}", time(at))).unwrap_or_default();
    let trouble = match (&one.bad, &one.blocked) {
        (Some(reason), _) => format!("; set aside: {reason}"),
        (None, Some((until, reason))) => format!("; blocked until {}: {reason}", time(*until)),
        (None, None) => String::new(),
    };
    format!("{} {} (token {}): {left}{reset}{trouble}", one.key.forge, one.key.resource, one.key.token)
}

fn budget_json(one: &Budget) -> Value {
    json!({
        "forge": one.key.forge,
        "token": one.key.token,
        "resource": one.key.resource,
        "limit": one.limit,
        "remaining": one.remaining,
        "reset_at": one.reset_at.map(|at| at.to_string()),
        "blocked_until": one.blocked.as_ref().map(|(until, _)| until.to_string()),
        "blocked_for": one.blocked.as_ref().map(|(_, reason)| reason.clone()),
        "set_aside": one.bad,
        "calls": one.calls,
    })
}

/// When the pass that is under way, or the next one, will be over.
fn ends_at(status: &Status, budgets: &[Budget], now: Timestamp) -> Option<Timestamp> {
    let calls = status.last?.calls.saturating_sub(status.pass.map_or(0, |pass| pass.calls));
    let usable: Vec<budget::Budget> = budgets
        .iter()
        .filter(|one| one.bad.is_none())
        .filter_map(|one| {
            Some(budget::Budget {
                per_period: one.limit?,
                left: one.remaining?,
                reset_at: one.reset_at.unwrap_or(now),
            })
        })
        .collect();
    if usable.is_empty() {
        return None;
    }
    budget::forecast(i64::try_from(calls).unwrap_or(i64::MAX), &usable, now)
}
