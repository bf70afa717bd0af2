//! Snapshots of a gateway elsewhere.

use std::{process::ExitCode, time::Duration};

use contracts::{ErrorKind, Failure};
use gateway::manifest::{self, Form};
use serde_json::{Value, json};

use super::{
    Command, Step, Which,
    create::Create,
    look::{List, NO_SNAPSHOTS, SNAPSHOT, SNAPSHOTS, never_audited, state_named},
};
use crate::{
    commands::{listing, reporting, stock},
    output::{self, TableFormat},
    remote::{Remote, encoded, text},
};

/// How often the gateway is asked how far it has come.
const ASK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(remote: &Remote, command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Create(arguments) => return create(remote, arguments).await,
        Command::List(arguments) => list(remote, arguments).await?,
        Command::Show { snapshot, format } => {
            listing::one(*format, &find(remote, *snapshot).await?, SNAPSHOT)?;
        }
        Command::Diff { snapshot, from, format, output } => {
            let found = find(remote, *snapshot).await?;
            let (path, asked) = match from {
                Some(from) => (format!("/snapshots/{}", text(&found, "id")), vec![format!("from={from}")]),
                None => match found["audit"]["id"].as_str() {
                    Some(audit) => (format!("/audits/{audit}"), Vec::new()),
                    None => return Err(never_audited(text(&found, "id"))),
                },
            };
            reporting::changes_elsewhere(remote, &path, &asked, *format, output.as_ref()).await?;
        }
        Command::Audit(step) => return audit(remote, step).await,
        Command::Commit { step, without_failed } => return commit(remote, step, *without_failed).await,
        Command::Retry(step) => return retry(remote, step).await,
        Command::Abort { snapshot } => {
            let id = text(&find(remote, *snapshot).await?, "id").to_owned();
            remote.post(&format!("/snapshots/{id}/abort"), &json!({})).await?;
            output::line(format_args!("snapshot {id} is aborted"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The snapshot that is meant, with its progress and its newest audit.
pub(crate) async fn find(remote: &Remote, which: Which) -> Result<Value, Failure> {
    let id = match which {
        Which::Id(id) => id.to_string(),
        Which::Latest => {
            let newest = remote.items("/snapshots", 1).await?;
            text(newest.first().ok_or_else(|| which.missing())?, "id").to_owned()
        }
    };
    let found = remote.get(&format!("/snapshots/{id}")).await;
    found.map_err(|failure| if failure.kind == ErrorKind::NotFound { which.missing() } else { failure })
}

async fn list(remote: &Remote, arguments: &List) -> Result<(), Failure> {
    let mut asked = Vec::new();
    if let Some(name) = &arguments.stock {
        let stock = stock::elsewhere::named(remote, name).await?;
        asked.push(format!("stock={}", text(&stock, "id")));
    }
    if let Some(state) = &arguments.state {
        asked.push(format!("state={}", state_named(state)?.as_str()));
    }
    let path =
        if asked.is_empty() { "/snapshots".to_owned() } else { format!("/snapshots?{}", asked.join("&")) };
    let rows = remote.items(&path, arguments.limit as usize).await?;
    listing::list(arguments.format, &rows, SNAPSHOTS, NO_SNAPSHOTS)
}

/// Ends well when the snapshot is committed, or audited and waits for a person.
async fn create(remote: &Remote, arguments: &Create) -> Result<ExitCode, Failure> {
    let (form, text) = arguments.manifest()?;
    // What is wrong with it is told without sending it.
    manifest::read(&text, form, arguments.repository.as_deref())?;
    let stock = remote.post("/stocks", &json!({ "name": arguments.stock })).await?;
    let repository = arguments.repository.as_deref().map(|url| format!("&repository={}", encoded(url)));
    let path = format!(
        "/stocks/{}/snapshots?wait={}{}",
        self::text(&stock, "id"),
        arguments.wait,
        repository.unwrap_or_default()
    );
    let media_type = match form {
        Form::Csv => "text/csv",
        Form::Ndjson => "application/x-ndjson",
    };
    let made = remote.upload(&path, media_type, text).await?;
    let over = |snapshot: &Value| match self::text(snapshot, "state") {
        "committed" | "aborted" => true,
        "audited" => snapshot["auto_commit"] != true,
        _ => {
            let audit = &snapshot["audit"];
            !audit["finished_at"].is_null() && audit["state"] != "finished"
        }
    };
    let snapshot = wait(remote, self::text(&made, "id"), arguments.quiet, over).await?;
    let went_well = matches!(self::text(&snapshot, "state"), "committed" | "audited");
    told(arguments.format, &snapshot, went_well)
}

/// Ends well when the audit has finished and nothing that it found forbids the commit.
async fn audit(remote: &Remote, step: &Step) -> Result<ExitCode, Failure> {
    let found = find(remote, step.snapshot).await?;
    let (id, stock) = (text(&found, "id"), text(&found, "stock"));
    remote.post(&format!("/stocks/{stock}/snapshots/{id}/audit"), &json!({})).await?;
    let over = |snapshot: &Value| !snapshot["audit"]["finished_at"].is_null();
    let snapshot = wait(remote, id, step.quiet, over).await?;
    let audit = &snapshot["audit"];
    let blocking = format!("/audits/{}/findings?level=block&overridden=false", text(audit, "id"));
    let is_open = !remote.items(&blocking, 1).await?.is_empty();
    told(step.format, &snapshot, audit["state"] == "finished" && !is_open)
}

async fn commit(remote: &Remote, step: &Step, without_failed: bool) -> Result<ExitCode, Failure> {
    let found = find(remote, step.snapshot).await?;
    let id = text(&found, "id");
    let asked = json!({ "without_failed": without_failed });
    remote.post(&format!("/snapshots/{id}/commit"), &asked).await?;
    // Somebody else was quicker: what was missing for nothing at first is missing for something now.
    let lacks = |snapshot: &Value| {
        snapshot["auto_commit"] != true && snapshot["lacks"].as_array().is_some_and(|lacks| !lacks.is_empty())
    };
    let over = |snapshot: &Value| snapshot["state"] == "committed" || lacks(snapshot);
    let snapshot = wait(remote, id, step.quiet, over).await?;
    told(step.format, &snapshot, snapshot["state"] == "committed")
}

/// Ends well when everything that was visited again came to something, and the snapshot is audited.
async fn retry(remote: &Remote, step: &Step) -> Result<ExitCode, Failure> {
    let found = find(remote, step.snapshot).await?;
    let id = text(&found, "id");
    remote.post(&format!("/snapshots/{id}/retry"), &json!({})).await?;
    let waits = ["indexing", "processing", "ready", "auditing"];
    let over = |snapshot: &Value| !waits.contains(&text(snapshot, "state"));
    let snapshot = wait(remote, id, step.quiet, over).await?;
    told(step.format, &snapshot, snapshot["progress"]["failed"] == 0)
}

/// Asks for the snapshot until it is as `over` wants it, and says meanwhile how far it is.
async fn wait(
    remote: &Remote,
    id: &str,
    quiet: bool,
    over: impl Fn(&Value) -> bool,
) -> Result<Value, Failure> {
    let (path, mut said) = (format!("/snapshots/{id}"), String::new());
    loop {
        let snapshot = remote.get(&path).await?;
        if over(&snapshot) {
            return Ok(snapshot);
        }
        let progress = &snapshot["progress"];
        let now = format!(
            "{}: {} of {} repositories done, {} failed; {} of {} contents analysed",
            text(&snapshot, "state"),
            progress["analyzed"],
            progress["repositories"],
            progress["failed"],
            progress["contents_analyzed"],
            progress["contents_to_analyze"],
        );
        if !quiet && now != said {
            output::note(&now);
            said = now;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

fn told(format: TableFormat, snapshot: &Value, went_well: bool) -> Result<ExitCode, Failure> {
    listing::one(format, snapshot, SNAPSHOT)?;
    Ok(if went_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
