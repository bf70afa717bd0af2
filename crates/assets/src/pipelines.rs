//! The pipelines, one for each kind, and a file's way through one.

use analysis::validation::{InvalidPipeline, Kind, Level, Pipeline, Subject, Verdict};
use contracts::{ErrorKind, Failure};
use runtime::config::Assets;

use crate::Read;

/// What is said of an asset that cannot be reached. Its key is odd, and is kept: programs look there.
pub const UNREACHABLE: (&str, &str) = ("onStart", "Asset path is not reachable.");

/// The pipelines, one for each kind.
#[derive(Clone)]
pub struct Pipelines(Vec<Pipeline>);

impl Pipelines {
    /// Reads the configuration.
    ///
    /// # Errors
    /// With the first step that is none; unknown names are answered with the known ones.
    pub fn read(config: &Assets) -> Result<Self, Failure> {
        let all =
            [(Kind::Image, &config.image), (Kind::Source, &config.source), (Kind::Archive, &config.archive)];
        let read = all.into_iter().map(|(kind, steps)| Pipeline::parse(kind, steps));
        let read: Result<Vec<_>, InvalidPipeline> = read.collect();
        read.map(Self).map_err(|error| Failure::new(ErrorKind::Invalid, format!("assets: {error}")))
    }

    /// The pipeline for a kind; `None` for an unknown name.
    pub fn of(&self, kind: &str) -> Option<&Pipeline> {
        let kind = Kind::from_name(kind)?;
        self.0.iter().find(|pipeline| pipeline.kind() == kind)
    }
}

/// A file's way through its pipeline: what was read of it, or why nothing could be. Blocks while it decodes.
pub fn check(
    pipeline: &Pipeline,
    name: &str,
    read: Result<&Read, &Failure>,
    known: Option<String>,
) -> Verdict {
    match read {
        Ok(read) => {
            let subject = Subject::new(name, &read.bytes);
            let subject = match known {
                Some(other) => subject.known_as(other),
                None => subject,
            };
            pipeline.run(&subject)
        }
        Err(failure) if failure.kind == ErrorKind::TooLarge => {
            let mut verdict = Verdict::default();
            verdict.add(Level::Error, "size", format!("Asset was not read: {failure}."));
            verdict
        }
        Err(failure) => {
            let (mut verdict, (key, text)) = (Verdict::default(), UNREACHABLE);
            verdict.add(Level::Error, key, text);
            // The reason stands apart, so that the text stays what programs know.
            verdict.add(Level::Warning, "reachable", failure.reason.clone());
            verdict
        }
    }
}
