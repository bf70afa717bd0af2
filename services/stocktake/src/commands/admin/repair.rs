//! `stocktake admin repair`: asks for a repair and, when it can, waits for its end.

use std::{process::ExitCode, time::Duration};

use clap::{Args, ValueEnum};
use contracts::{
    Failure, Lane, Outgoing,
    messages::RepairRequested,
    repair::{RepairAction, RepairSubject},
};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Store,
    repairs::{self, Repair, RepairState},
};
use worker::process::{self, Process};

use crate::{cli::Global, output, remote::Remote, services::SERVICES, session};

/// How often the repair is looked at while it runs.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The same, of a gateway elsewhere.
const ASK_EVERY: Duration = Duration::from_millis(500);

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    stocktake admin repair refetch url:https://github.com/BurntSushi/ripgrep\n  \
    stocktake admin repair reanalyze content:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")]
pub(crate) struct Arguments {
    /// What is to be done again
    action: Action,
    /// To what: url:URL, repository:UUID, revision:UUID or content:GIT-BLOB-ID
    subject: RepairSubject,
    /// Why, for people
    #[arg(long)]
    reason: Option<String>,
    /// Do not wait for the end
    #[arg(long)]
    no_wait: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    /// Fetch it from upstream again and store every content anew
    Refetch,
    /// Run every analyzer on its contents again
    Reanalyze,
}

pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    if let Some(remote) = Remote::of(global)? {
        return process::block_on(elsewhere(&remote, arguments));
    }
    let extra = [
        ("log.level", "warn".to_owned()),
        // Whoever sits at this machine has named these repositories before.
        ("fetch.allow_local", "true".to_owned()),
        ("fetch.allow_private_addresses", "true".to_owned()),
    ];
    let loaded = session::load(global, &extra)?;
    let embedded = session::is_embedded(&loaded.config);
    let message = RepairRequested {
        action: match arguments.action {
            Action::Refetch => RepairAction::Refetch,
            Action::Reanalyze => RepairAction::Reanalyze,
        },
        subject: arguments.subject.clone(),
        reason: arguments.reason.clone(),
    };
    process::block_on(async {
        let mut process = Process::start(loaded.config, "stocktake", None).await?;
        if embedded {
            for (_, make) in SERVICES {
                process.serve(*make)?;
            }
        }
        let since = Timestamp::now();
        let outgoing = Outgoing::in_lane(&message, Lane::Urgent);
        process.engine.submit("stocktake", move |_| Ok(((), vec![outgoing.clone()]))).await?;
        if arguments.no_wait && !embedded {
            output::line("the repair is requested")?;
            return Ok(ExitCode::SUCCESS);
        }
        let (store, token) = (process.engine.store.clone(), process.supervisor.token());
        let running = tokio::spawn(process.run());
        let ended = tokio::select! {
            ended = wait(&store, &message, since) => Some(ended?),
            () = token.cancelled() => None,
        };
        token.cancel();
        drop(running.await);
        Ok(ended.map_or(ExitCode::FAILURE, |repair| tell(&repair)))
    })
}

/// Asks a gateway for it, and looks there for its end.
async fn elsewhere(remote: &Remote, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let action = match arguments.action {
        Action::Refetch => RepairAction::Refetch,
        Action::Reanalyze => RepairAction::Reanalyze,
    };
    let body = json!({
        "action": action.as_str(),
        "subject": arguments.subject.to_string(),
        "reason": arguments.reason,
    });
    let asked = remote.post("/repairs", &body).await?;
    if arguments.no_wait {
        output::line("the repair is requested")?;
        return Ok(ExitCode::SUCCESS);
    }
    let message = asked["message_id"].as_str().unwrap_or_default();
    let path = format!("/repairs?message_id={message}");
    loop {
        let found = remote.items(&path, 1).await?.pop().unwrap_or_default();
        let text = |field: &str| found[field].as_str().unwrap_or_default();
        let outcome = match text("state") {
            "done" => "done".to_owned(),
            "failed" => format!("failed: {}", text("note")),
            _ => {
                tokio::time::sleep(ASK_EVERY).await;
                continue;
            }
        };
        output::line(format_args!(
            "repair {} ({} of {}): {outcome}",
            text("id"),
            text("action"),
            text("subject")
        ))?;
        return Ok(if outcome == "done" { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
}

async fn wait(store: &Store, message: &RepairRequested, since: Timestamp) -> Result<Repair, Failure> {
    loop {
        let newest = store.read(|tx| repairs::list(tx, None, None, 20)).await?;
        let ours = newest.into_iter().find(|repair| {
            repair.subject == message.subject
                && repair.action == message.action
                && repair.requested_at >= since
        });
        if let Some(repair) = ours.filter(|repair| repair.state != RepairState::Running) {
            return Ok(repair);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn tell(repair: &Repair) -> ExitCode {
    let outcome = match (&repair.state, &repair.note) {
        (RepairState::Done, _) => "done".to_owned(),
        (_, Some(note)) => format!("failed: {note}"),
        (_, None) => "failed".to_owned(),
    };
    let text = format!("repair {} ({} of {}): {outcome}", repair.id, repair.action.as_str(), repair.subject);
    match output::line(text) {
        Ok(()) if repair.state == RepairState::Done => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
