//! A service: its name and the lists of what it does.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use contracts::Failure;
use tokio_util::sync::CancellationToken;

use crate::{Engine, Handler, Job, Sweep, Tidy, handler::AnyHandler, job::AnyJob, sweep::Periodic};

/// What a service does as long as it runs, without a message asking for it.
#[async_trait]
pub trait Background: Send + Sync + 'static {
    /// Runs until `shutdown`, and hands back what it has begun.
    ///
    /// # Errors
    /// When it cannot go on; the service then stops with it.
    async fn run(&self, engine: &Engine, shutdown: CancellationToken) -> Result<(), Failure>;
}

/// What one service does with its messages.
pub struct Service {
    pub(crate) name: &'static str,
    pub(crate) routes: HashMap<&'static str, Route>,
    pub(crate) sweeps: Vec<Sweep>,
    pub(crate) periodic: Vec<Periodic>,
    pub(crate) tidies: Vec<Arc<dyn Tidy>>,
    pub(crate) backgrounds: Vec<Arc<dyn Background>>,
    pub(crate) is_heavy: bool,
    pub(crate) light: Vec<&'static str>,
}

/// Who takes a kind of message.
#[derive(Clone)]
pub(crate) enum Route {
    Handler(Arc<dyn AnyHandler>),
    Job(Arc<dyn AnyJob>),
}

impl Service {
    /// A service that does nothing yet. `name` is the one its queues have in [`contracts::route`].
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            routes: HashMap::new(),
            sweeps: Vec::new(),
            periodic: Vec::new(),
            tidies: Vec::new(),
            backgrounds: Vec::new(),
            is_heavy: false,
            light: Vec::new(),
        }
    }

    /// The name of the service.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Adds short work.
    ///
    /// # Panics
    /// When another handler or job of this service already takes the same message.
    #[must_use]
    pub fn handler<H: Handler>(self, handler: H) -> Self {
        let handler: Arc<dyn AnyHandler> = Arc::new(handler);
        self.route(handler.kind(), Route::Handler(handler))
    }

    /// Adds long work.
    ///
    /// # Panics
    /// When another handler or job of this service already takes the same message.
    #[must_use]
    pub fn job<J: Job>(self, job: J) -> Self {
        let job: Arc<dyn AnyJob> = Arc::new(job);
        self.route(job.kind(), Route::Job(job))
    }

    /// Says that one message is a good deal of work: a process then takes no more of them than it works on,
    /// and one more, so that the others find something to do.
    #[must_use]
    pub fn heavy(mut self) -> Self {
        self.is_heavy = true;
        self
    }

    /// Excepts a queue from [`Self::heavy`]: its messages are small, or take care of their own number.
    #[must_use]
    pub fn light(mut self, queue: &'static str) -> Self {
        self.light.push(queue);
        self
    }

    /// Whether one message of this queue is a good deal of work.
    pub(crate) fn is_heavy(&self, queue: &str) -> bool {
        self.is_heavy && !self.light.contains(&queue)
    }

    /// Adds what the service does as long as it runs.
    #[must_use]
    pub fn background(mut self, background: impl Background) -> Self {
        self.backgrounds.push(Arc::new(background));
        self
    }

    /// Adds a search for what is owed.
    #[must_use]
    pub fn sweep(mut self, sweep: Sweep) -> Self {
        self.sweeps.push(sweep);
        self
    }

    /// Adds work that is begun once in a period, whatever the number of processes.
    #[must_use]
    pub fn periodic(mut self, periodic: Periodic) -> Self {
        self.periodic.push(periodic);
        self
    }

    /// Adds something to clear away.
    #[must_use]
    pub fn tidy(mut self, tidy: impl Tidy) -> Self {
        self.tidies.push(Arc::new(tidy));
        self
    }

    fn route(mut self, kind: &'static str, route: Route) -> Self {
        let before = self.routes.insert(kind, route);
        assert!(before.is_none(), "two handlers of {} take {kind}", self.name);
        self
    }
}
