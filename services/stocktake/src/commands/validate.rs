//! `stocktake validate`: the checks of assets, here and now, without any store.

mod report;
mod walk;

use std::{collections::HashMap, ffi::OsString, path::PathBuf, process::ExitCode, sync::Arc};

use analysis::validation::{self, Kind, Pipeline, Verdict};
use assets::{Library, Pipelines};
use clap::{Args, ValueEnum};
use contracts::{ErrorKind, Failure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sha2::{Digest as _, Sha256};
use store::assets::Provider;
use tokio::task::JoinSet;
use worker::process;

use crate::{cli::Global, output, session};

use self::{report::Checked, walk::Place};

/// Files that are read and checked at once, for each processor.
const AT_ONCE: usize = 2;

#[derive(Args)]
#[command(after_help = "Examples:\n  \
    stocktake validate picture.jpg\n  \
    stocktake validate photos/ --kind image --report photos.csv\n  \
    stocktake validate https://example.org/a.jpg --set 'assets.image=image,format allowed=jpeg/png'")]
pub(crate) struct Arguments {
    /// Files, directories and URLs: http://, https://, s3://, gs:// and az://
    #[arg(required = true, value_name = "FILE|DIR|URL")]
    targets: Vec<OsString>,
    /// What they are taken for
    #[arg(long, value_enum, default_value_t)]
    kind: Taken,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: output::TableFormat,
    /// Also write everything that was found to a file: .json or .csv
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
}

/// What a file is taken for.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Taken {
    /// What its first bytes say: a picture, an archive, or else a source file
    #[default]
    Auto,
    /// A picture
    Image,
    /// A source file
    Source,
    /// An archive
    Archive,
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[])?;
    let config = &loaded.config.assets;
    let writer = arguments.report.as_deref().map(report::Format::of).transpose()?;
    let pipelines = Arc::new(Pipelines::read(config)?);
    let targets = walk::all(&arguments.targets);
    let library = Library::unbounded(config, &walk::buckets(&targets))?;
    let bar = progress(arguments.quiet, targets.len());
    let mut checked =
        process::block_on(check_all(library, pipelines.clone(), targets, arguments.kind, bar.clone()))?;
    bar.finish_and_clear();
    mark_duplicates(&pipelines, &mut checked);
    match arguments.format {
        output::TableFormat::Json => output::with(|out| report::json(&checked, out))?,
        output::TableFormat::Table => output::with(|out| report::table(&checked, out))?,
    }
    if let (Some(format), Some(path)) = (writer, &arguments.report) {
        format.write(path, &checked)?;
    }
    let is_fit = checked.iter().all(|one| one.verdict.is_fit());
    Ok(if is_fit { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn progress(quiet: bool, total: usize) -> ProgressBar {
    // Nothing is drawn where there is no terminal.
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(total as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// Checks everything, so many at once; the answers are in the order of the targets.
async fn check_all(
    library: Library,
    pipelines: Arc<Pipelines>,
    targets: Vec<walk::Target>,
    kind: Taken,
    bar: ProgressBar,
) -> Result<Vec<Checked>, Failure> {
    let at_once = AT_ONCE * std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut running: JoinSet<(usize, Checked)> = JoinSet::new();
    let mut done = Vec::with_capacity(targets.len());
    let mut targets = targets.into_iter().enumerate();
    loop {
        while running.len() < at_once
            && let Some((index, target)) = targets.next()
        {
            let (library, pipelines) = (library.clone(), pipelines.clone());
            running.spawn(async move { (index, check_one(library, pipelines, target, kind).await) });
        }
        let Some(ended) = running.join_next().await else { break };
        let (index, checked) = ended.map_err(|error| Failure::new(ErrorKind::Internal, error))?;
        bar.set_message(checked.name.clone());
        bar.inc(1);
        done.push((index, checked));
    }
    done.sort_unstable_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, checked)| checked).collect())
}

async fn check_one(
    library: Library,
    pipelines: Arc<Pipelines>,
    target: walk::Target,
    kind: Taken,
) -> Checked {
    let walk::Target { name, place } = target;
    // What it is taken for may be known only once it is read.
    let wanted = of_taken(&pipelines, kind).cloned();
    let wants_more = move |head: &[u8]| wanted.as_ref().is_none_or(|pipeline| pipeline.wants_more(head));
    let read = match place {
        Place::Web => library.read(Provider::Web, &name, wants_more).await,
        Place::Object => library.read(Provider::Object, &name, wants_more).await,
        Place::Unreadable(failure) => Err(failure),
        Place::File(path) => {
            let read = tokio::task::spawn_blocking(move || library.read_local(path, wants_more));
            read.await.unwrap_or_else(|error| Err(Failure::new(ErrorKind::Internal, error)))
        }
    };
    let judged = tokio::task::spawn_blocking({
        let name = name.clone();
        move || {
            let bytes = read.as_ref().map(|read| read.bytes.as_ref()).unwrap_or_default();
            let pipeline = of_taken(&pipelines, kind).or_else(|| pipelines.of(of_bytes(bytes).as_str()));
            let verdict = pipeline.map(|pipeline| assets::check(pipeline, &name, read.as_ref(), None));
            let sha256 =
                read.as_ref().ok().filter(|read| read.whole).map(|read| Sha256::digest(&read.bytes).to_vec());
            let kind = pipeline.map_or(Kind::Source, Pipeline::kind);
            Checked { name, kind, bytes: bytes.len() as u64, sha256, verdict: verdict.unwrap_or_default() }
        }
    });
    judged.await.unwrap_or_else(|error| {
        let mut verdict = Verdict::default();
        verdict.add(validation::Level::Error, "internal", error.to_string());
        Checked { name, kind: Kind::Source, bytes: 0, sha256: None, verdict }
    })
}

fn of_taken(pipelines: &Pipelines, kind: Taken) -> Option<&Pipeline> {
    match kind {
        Taken::Auto => None,
        Taken::Image => pipelines.of(Kind::Image.as_str()),
        Taken::Source => pipelines.of(Kind::Source.as_str()),
        Taken::Archive => pipelines.of(Kind::Archive.as_str()),
    }
}

fn of_bytes(bytes: &[u8]) -> Kind {
    let is_archive = bytes.starts_with(b"PK\x03\x04")
        || bytes.starts_with(b"\x1f\x8b")
        || bytes.get(257..262) == Some(b"ustar");
    match validation::sniff(bytes) {
        Some(_) => Kind::Image,
        None if is_archive => Kind::Archive,
        None => Kind::Source,
    }
}

/// Of files with the same bytes, all but the first are told; where the pipeline asks for it.
fn mark_duplicates(pipelines: &Pipelines, checked: &mut [Checked]) {
    let mut first: HashMap<Vec<u8>, String> = HashMap::new();
    for one in checked {
        let Some(sha256) = one.sha256.clone() else { continue };
        let pipeline = pipelines.of(one.kind.as_str());
        let step = pipeline
            .and_then(|pipeline| pipeline.steps().iter().find(|step| step.validator.id() == "duplicate"));
        let Some(step) = step else { continue };
        match first.get(&sha256) {
            Some(other) => {
                one.verdict.add(step.level, "duplicate", format!("Asset has the same bytes as {other}."));
            }
            None => {
                first.insert(sha256, one.name.clone());
            }
        }
    }
}
