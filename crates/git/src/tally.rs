//! Lets gix count objects into the meter.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use gix::{
    Count, NestedProgress, Progress,
    odb::pack::index::write::ProgressId,
    progress::{Id, MessageLevel, Step, StepShared, Unit},
};

use crate::meter::Meter;

/// A progress of gix that counts objects as they arrive, and nothing else.
pub(crate) struct Tally {
    meter: Arc<Meter>,
    steps: StepShared,
    counts_objects: bool,
}

impl Tally {
    pub(crate) fn new(meter: &Arc<Meter>) -> Self {
        Self { meter: Arc::clone(meter), steps: Arc::new(AtomicUsize::new(0)), counts_objects: false }
    }
}

impl Count for Tally {
    fn set(&self, step: Step) {
        self.steps.store(step, Relaxed);
    }

    fn step(&self) -> Step {
        self.steps.load(Relaxed)
    }

    fn inc_by(&self, step: Step) {
        self.steps.fetch_add(step, Relaxed);
    }

    fn counter(&self) -> StepShared {
        Arc::clone(&self.steps)
    }
}

impl Progress for Tally {
    fn init(&mut self, max: Option<Step>, _: Option<Unit>) {
        if let (true, Some(max)) = (self.counts_objects, max) {
            self.meter.total_objects.store(max, Relaxed);
        }
    }

    fn set_name(&mut self, _: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> Id {
        gix::progress::UNKNOWN
    }

    fn message(&self, _: MessageLevel, _: String) {}
}

impl NestedProgress for Tally {
    type SubProgress = Self;

    fn add_child(&mut self, _: impl Into<String>) -> Self {
        Self::new(&self.meter)
    }

    fn add_child_with_id(&mut self, _: impl Into<String>, id: Id) -> Self {
        let counts_objects = id == Id::from(ProgressId::IndexObjects);
        let steps = if counts_objects { Arc::clone(&self.meter.objects) } else { Arc::default() };
        Self { meter: Arc::clone(&self.meter), steps, counts_objects }
    }
}
