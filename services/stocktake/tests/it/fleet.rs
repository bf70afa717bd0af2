//! Services as processes of their own, which die at their fault points and are started again.

use std::{
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use store::{StoreError, Tx};
use testkit::Stack;

use crate::support::{PATIENCE, stocktake, variable};

pub(crate) fn killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().is_some()
}

/// Processes over the servers of one stack.
pub(crate) struct Fleet<'a> {
    stack: &'a Stack,
    data: &'a Path,
    children: Vec<(&'static str, Child)>,
}

impl<'a> Fleet<'a> {
    /// Nobody yet.
    pub(crate) fn new(stack: &'a Stack, data: &'a Path) -> Self {
        Self { stack, data, children: Vec::new() }
    }

    /// Kills everybody.
    pub(crate) fn end(&mut self) {
        for (_, mut child) in self.children.drain(..) {
            drop(child.kill());
            drop(child.wait());
        }
    }

    pub(crate) fn start(&mut self, service: &'static str, abort_at: &str) {
        let mut command: Command = stocktake(self.data);
        let child = command
            .args(["serve", service])
            .env("STOCKTAKE__STORE__URL", &self.stack.store_url)
            .env("STOCKTAKE__STORE__POOL", "3")
            .env("STOCKTAKE__BUS__URL", &self.stack.bus_url)
            .env("STOCKTAKE__BUS__PREFIX", &self.stack.bus_prefix)
            .env("STOCKTAKE__DEPOT__URL", &self.stack.depot_url)
            .env("STOCKTAKE__ADMIN__BIND", "127.0.0.1:0")
            .env("STOCKTAKE__FETCH__ALLOW_LOCAL", "true")
            .env("STOCKTAKE__ASSETS__ROOTS", self.data)
            .env("STOCKTAKE__WEBHOOKS__ALLOWED_ADDRESSES", "127.0.0.0/8")
            .env("STOCKTAKE__WORKER__LEASE_SECONDS", "3")
            .env("STOCKTAKE__WORKER__SWEEP_SECONDS", "1")
            .env("STOCKTAKE__LOG__LEVEL", "warn")
            .env("STOCKTAKE__FAULTS__ABORT_AT", abort_at)
            .stdout(Stdio::null())
            .stderr(if variable("STOCKTAKE_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .unwrap();
        self.children.push((service, child));
    }

    /// Starts whoever has died again, without a fault. Returns who that was.
    fn restart_the_dead(&mut self) -> Vec<&'static str> {
        let mut dead = Vec::new();
        self.children.retain_mut(|(service, child)| match child.try_wait().unwrap() {
            Some(status) => {
                assert!(killed(status), "{service} ended by itself: {status}");
                dead.push(*service);
                false
            }
            None => true,
        });
        for service in &dead {
            self.start(service, "");
        }
        dead
    }

    /// Waits until nothing is left to do, and keeps everybody alive meanwhile. What comes with time may come
    /// after all is done: then somebody has to have died.
    pub(crate) async fn until_done(
        &mut self,
        somebody_dies: bool,
        unfinished: fn(&mut Tx) -> Result<String, StoreError>,
    ) -> Vec<&'static str> {
        let (begun, mut died) = (Instant::now(), Vec::new());
        loop {
            died.extend(self.restart_the_dead());
            let left = self
                .stack
                .store
                .read(move |tx| {
                    let (outbox, tasks) = (store::outbox::len(tx)?, store::tasks::count_open(tx)?);
                    Ok((unfinished(tx)?, outbox, tasks))
                })
                .await
                .unwrap();
            if left == (String::new(), 0, 0) && !(somebody_dies && died.is_empty()) {
                return died;
            }
            assert!(begun.elapsed() < PATIENCE, "not done: {left:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Fleet<'_> {
    fn drop(&mut self) {
        self.end();
    }
}
