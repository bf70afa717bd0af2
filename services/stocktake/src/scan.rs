//! `stocktake scan`: the whole way, from targets to a committed snapshot, in this process.

mod arguments;
mod begin;
mod elsewhere;
mod gather;
mod languages;
mod progress;
mod target;
mod watch;

use std::{process::ExitCode, time::Instant};

use contracts::{ErrorKind, Failure, route};
use reports::{AuditCounts, Layout, ScanReport, Status};
use worker::process::{self, Process};

pub(crate) use arguments::{Arguments, FailOn};
pub(crate) use progress::Display;

use crate::{cli::Global, output, remote::Remote, services::SERVICES, session};

/// Runs the command.
pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let targets = target::resolve(&arguments.targets);
    if let Some(remote) = Remote::of(global)? {
        let report = process::block_on(elsewhere::scan(&remote, arguments, &targets))?;
        return told(report, begun, arguments);
    }
    let mut extra = vec![
        ("log.level", "error".to_owned()),
        // Whoever names a path or a host at a terminal may read it anyway.
        ("fetch.allow_local", "true".to_owned()),
        ("fetch.allow_private_addresses", "true".to_owned()),
        // Somebody waits: a host that does not answer is given up after some fifteen seconds, not ten minutes.
        ("fetch.tries", "3".to_owned()),
    ];
    if let Some(jobs) = arguments.jobs {
        extra.push(("worker.jobs", jobs.to_string()));
        extra.push(("worker.handlers", jobs.max(1).to_string()));
    }
    let loaded = session::load(global, &extra)?;
    if !session::is_embedded(&loaded.config) {
        let text = "scan runs everything in this process and needs bus.url = memory:; with services over a broker, \
                    create a source at the gateway and start a run of it";
        return Err(Failure::new(ErrorKind::Invalid, text));
    }
    let report = process::block_on(async {
        let mut process = Process::start(loaded.config, "stocktake", None).await?;
        let events = process.engine.bus.events(route::EVENTS).await;
        let events = events.map_err(|error| Failure::new(error.kind(), error))?;
        // Before anybody works: what an interrupted scan left would otherwise be done before it is looked for,
        // and taken for another scan.
        let run = begin::begin(&process.engine, &targets, arguments).await?;
        for (_, make) in SERVICES {
            process.serve(*make)?;
        }
        let engine = process.engine.clone();
        let data = process.config.data.dir.clone();
        let token = process.supervisor.token();
        let running = tokio::spawn(process.run());
        let work = async {
            let display = progress::Display::new(arguments.quiet);
            watch::until_over(&engine, events, &run, arguments.commits(), &display).await?;
            display.clear();
            gather::gather(&engine, &run, &targets, &data, arguments.history).await
        };
        let report = tokio::select! {
            report = work => Some(report),
            () = token.cancelled() => None,
        };
        token.cancel();
        drop(running.await);
        Ok(report)
    })?;
    let Some(report) = report else {
        output::note("stopped; the same command goes on from here");
        return Ok(ExitCode::from(130));
    };
    told(report?, begun, arguments)
}

fn told(mut report: ScanReport, begun: Instant, arguments: &Arguments) -> Result<ExitCode, Failure> {
    report.seconds = begun.elapsed().as_secs_f64();
    output::with(|out| reports::render(&report, arguments.format.into(), Layout::default(), out))?;
    Ok(exit_code(&report, &arguments.fail_on))
}

/// 3 when a target failed, 1 when a rule is met, else 0. A failed target counts for more: what the rules
/// are asked about is then incomplete.
fn exit_code(report: &ScanReport, rules: &[FailOn]) -> ExitCode {
    if report.repositories.iter().any(|repository| repository.status == Status::Failed) {
        return ExitCode::from(3);
    }
    ExitCode::from(u8::from(rules.iter().any(|rule| is_met(*rule, report))))
}

fn is_met(rule: FailOn, report: &ScanReport) -> bool {
    let audit = report.audit.as_ref();
    let count = |of: fn(&AuditCounts) -> u64| audit.is_some_and(|audit| of(audit) > 0);
    match rule {
        FailOn::New => count(|audit| audit.new),
        FailOn::Modified => count(|audit| audit.modified),
        FailOn::Removed => count(|audit| audit.removed),
        FailOn::Failed => report.totals.failed > 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(new: u64, failed: u64) -> ScanReport {
        let audit = AuditCounts { new, modified: 0, removed: 0, unchanged: 1 };
        let mut report = ScanReport { audit: Some(audit), ..ScanReport::default() };
        report.totals.failed = failed;
        report
    }

    #[test]
    fn a_rule_is_met_by_what_it_names_and_nothing_else() {
        assert!(is_met(FailOn::New, &report(1, 0)));
        assert!(!is_met(FailOn::New, &report(0, 1)));
        assert!(is_met(FailOn::Failed, &report(0, 1)));
        assert!(!is_met(FailOn::Removed, &report(5, 0)));
    }
}
