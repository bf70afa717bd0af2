//! A pipeline: read from configuration, run over a file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Kind, Level, Params, Subject, Verdict};
use crate::validators::{VALIDATORS, Validator};

/// One validator with its parameters and its level.
#[derive(Clone)]
pub struct Step {
    /// The validator.
    pub validator: &'static dyn Validator,
    /// Its parameters.
    pub params: Params,
    /// How bad what it finds is.
    pub level: Level,
}

/// The validators that files of one kind go through, in their order.
#[derive(Clone)]
pub struct Pipeline {
    kind: Kind,
    steps: Vec<Step>,
}

/// A text that is no step of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step:?} is no step of the pipeline for {kind}: {reason}", kind = kind.as_str())]
pub struct InvalidPipeline {
    /// Which pipeline.
    pub kind: Kind,
    /// The text.
    pub step: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Pipeline {
    /// Reads a pipeline: for each step the name of a validator, then `name=value` for each parameter that is
    /// to have another value than its default, and `level=error` or `level=warning`.
    ///
    /// # Errors
    /// With the first text that is no step; an unknown name is answered with the known ones.
    pub fn parse(kind: Kind, steps: &[String]) -> Result<Self, InvalidPipeline> {
        let read = |text: &String| {
            step(kind, text).map_err(|reason| InvalidPipeline { kind, step: text.clone(), reason })
        };
        Ok(Self { kind, steps: steps.iter().map(read).collect::<Result<_, _>>()? })
    }

    /// What it is for.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether a step of this name is among them.
    pub fn has(&self, id: &str) -> bool {
        self.steps.iter().any(|step| step.validator.id() == id)
    }

    /// Whether anything can come of reading on behind these first bytes. A file that is said to be a picture
    /// and is none need not be fetched to its end.
    pub fn wants_more(&self, head: &[u8]) -> bool {
        const ENOUGH: usize = 4_096;
        self.kind != Kind::Image || head.len() < ENOUGH || super::sniff(head).is_some()
    }

    /// Runs every step. Each finds what it finds, whatever the others have found; once a validator says that
    /// there is nothing left to look at, only those that look at bare bytes go on.
    pub fn run(&self, subject: &Subject<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        let mut nothing_left = false;
        for step in &self.steps {
            if nothing_left && !step.validator.looks_at_bytes() {
                continue;
            }
            // A decoder that panics on hostile bytes has said that it cannot read them.
            let found = catch_unwind(AssertUnwindSafe(|| step.validator.validate(subject, &step.params)));
            match found {
                Ok(found) => {
                    nothing_left |= step.validator.is_gate() && !found.is_empty();
                    for one in found {
                        verdict.add(step.level, one.key, one.text);
                    }
                }
                Err(_) => {
                    let text = format!("The check {} could not read it.", step.validator.id());
                    verdict.add(Level::Error, step.validator.id(), text);
                }
            }
        }
        verdict
    }
}

fn step(kind: Kind, text: &str) -> Result<Step, String> {
    let mut words = text.split_whitespace();
    let name = words.next().ok_or("a name is missing")?;
    let known = || VALIDATORS.iter().copied().filter(|known| known.kinds().contains(&kind));
    let validator = known().find(|known| known.id() == name).ok_or_else(|| {
        let names: Vec<&str> = known().map(Validator::id).collect();
        format!("no validator is named {name:?}; known: {}", names.join(", "))
    })?;
    let (mut params, mut level) = (Params::new(validator.params()), validator.level());
    for word in words {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("{word:?} is not NAME=VALUE"))?;
        match (name, value) {
            ("level", "error") => level = Level::Error,
            ("level", "warning") => level = Level::Warning,
            ("level", _) => return Err(format!("level cannot be {value:?}; accepted: error or warning")),
            _ => params.set(name, value)?,
        }
    }
    validator.check(&params)?;
    Ok(Step { validator, params, level })
}
