//! How sources are shown: the JSON of the API, or as people read it.

use comfy_table::{Table, presets};
use contracts::Failure;
use jiff::Timestamp;
use reports::printable;
use serde_json::Value;

use crate::{
    output::{self, TableFormat},
    remote::text,
};

pub(super) fn list(rows: &[Value], format: TableFormat) -> Result<(), Failure> {
    if format == TableFormat::Json {
        return output::line(format_args!("{:#}", Value::from(rows)));
    }
    if rows.is_empty() {
        return output::line("there is no source; `stocktake source add` makes one");
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["name", "kind", "stock", "state", "visits", "next run", "found"]);
    for row in rows {
        let next = match time(&row["waiting_until"]) {
            Some(until) => format!("sleeps until {until}"),
            None => time(&row["next_run_at"]).unwrap_or_else(|| "-".to_owned()),
        };
        let pass = if row["pass"].is_null() { &row["last_pass"] } else { &row["pass"] };
        let found = pass["found"].as_u64().map_or_else(|| "-".to_owned(), |found| found.to_string());
        let named = ["name", "kind", "stock", "state", "visits"].map(|field| printable(text(row, field)));
        table.add_row(named.into_iter().chain([next, found]));
    }
    output::line(table.trim_fmt())
}

pub(super) fn one(source: &Value, format: TableFormat) -> Result<(), Failure> {
    if format == TableFormat::Json {
        return output::line(format_args!("{source:#}"));
    }
    let said = |field: &str| printable(text(source, field));
    output::with(|out| {
        writeln!(out, "{} ({} into {}), {}", said("name"), said("kind"), said("stock"), said("state"))?;
        writeln!(out, "  id          {}", said("id"))?;
        writeln!(out, "  parameters  {}", printable(&source["params"].to_string()))?;
        let every = source["every_seconds"].as_u64();
        let every = every.map_or_else(|| "on request".to_owned(), |every| format!("every {}", span(every)));
        let history = if source["history"] == true { ", with their commits" } else { "" };
        writeln!(out, "  run         {every}; visits {}{history}", said("visits"))?;
        if let Some(next) = time(&source["next_run_at"]) {
            writeln!(out, "  next run    {next}")?;
        }
        if let Some(until) = time(&source["waiting_until"]) {
            writeln!(out, "  sleeps      until {until}: {}", said("waiting_for"))?;
        }
        for (name, field) in [("pass", "pass"), ("last pass", "last_pass")] {
            let pass = &source[field];
            let Some(began) = time(&pass["began_at"]) else { continue };
            let ended =
                time(&pass["ended_at"]).map_or_else(|| "under way".to_owned(), |at| format!("ended {at}"));
            writeln!(
                out,
                "  {name:<11} began {began}, {ended}: {} found, {} calls",
                pass["found"], pass["calls"]
            )?;
        }
        for one in source["budgets"].as_array().into_iter().flatten() {
            writeln!(out, "  calls       {}", budget(one))?;
        }
        if let Some(at) = time(&source["ends_at"]) {
            writeln!(out, "  forecast    a full pass ends {at}")?;
        }
        if source["refused"].as_u64().is_some_and(|refused| refused > 0) {
            writeln!(out, "  refused     {} records of the newest pass", source["refused"])?;
        }
        for one in source["failures"].as_array().into_iter().flatten() {
            let said = |field: &str| printable(text(one, field));
            let at = time(&one["at"]).unwrap_or_default();
            writeln!(out, "              {at} {}: {}", said("subject"), said("reason"))?;
        }
        Ok(())
    })
}

/// A time as people read it.
fn time(at: &Value) -> Option<String> {
    let at: Timestamp = at.as_str()?.parse().ok()?;
    Some(at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Seconds in the largest unit that they are a whole number of, as `--every` takes them.
fn span(seconds: u64) -> String {
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

fn budget(one: &Value) -> String {
    let left = match (one["remaining"].as_i64(), one["limit"].as_i64()) {
        (Some(remaining), Some(limit)) => format!("{remaining} of {limit} left"),
        (Some(remaining), None) => format!("{remaining} left"),
        _ => "no limit told".to_owned(),
    };
    let said = |field: &str| printable(text(one, field));
    let reset = time(&one["reset_at"]).map(|at| format!(" until {at}")).unwrap_or_default();
    let trouble = match (one["set_aside"].as_bool(), time(&one["blocked_until"])) {
        (Some(true), _) => format!("; set aside: {}", said("reason")),
        (_, Some(until)) => format!("; blocked until {until}: {}", said("reason")),
        _ => String::new(),
    };
    format!("{} {} (token {}): {left}{reset}{trouble}", said("forge"), said("resource"), said("token"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spans_are_shown_as_they_are_given() {
        assert_eq!(span(6 * 3_600), "6h");
        assert_eq!(span(7 * 86_400), "7d");
        assert_eq!(span(90), "90s");
    }

    #[test]
    fn budgets_say_what_is_left_and_what_is_wrong() {
        let mut one = json!({
            "forge": "github.com", "resource": "core", "token": "ab12", "limit": 5000, "remaining": 12,
            "reset_at": "2026-01-02T03:04:05Z", "set_aside": false,
        });
        assert_eq!(budget(&one), "github.com core (token ab12): 12 of 5000 left until 2026-01-02 03:04:05");
        one["set_aside"] = true.into();
        one["reason"] = "revoked".into();
        assert!(budget(&one).ends_with("; set aside: revoked"));
    }
}
