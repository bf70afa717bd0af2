//! RabbitMQ for tests: a virtual host for each run, a prefix of names for each test.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use super::server::{Kind, Stop, free_port, install_package, run, run_name, spawn, wait_for, which};

pub(crate) struct RabbitMq;

impl Kind for RabbitMq {
    fn name(&self) -> &'static str {
        "RabbitMQ"
    }

    fn variable(&self) -> &'static str {
        "STOCKTAKE_TEST_AMQP"
    }

    fn standard_url(&self) -> &'static str {
        "amqp://guest:guest@127.0.0.1:5672/%2f"
    }

    fn standard_port(&self) -> u16 {
        5672
    }

    fn package(&self) -> &'static str {
        "rabbitmq-server"
    }

    fn is_installed(&self) -> bool {
        which("rabbitmq-server").is_some()
    }

    fn install(&self) -> Result<()> {
        install_package(self)
    }

    fn start(&self, directory: &Path) -> Result<(String, Stop)> {
        let program = which("rabbitmq-server").context("rabbitmq-server is not on this machine")?;
        let (port, distribution) = (free_port()?, free_port()?);
        run(Command::new("chmod").arg("777").arg(directory))?;
        let mut command = Command::new(program);
        command
            .env("RABBITMQ_NODENAME", format!("{}@localhost", run_name()))
            .env("RABBITMQ_NODE_PORT", port.to_string())
            .env("RABBITMQ_DIST_PORT", distribution.to_string())
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_MNESIA_BASE", directory)
            .env("RABBITMQ_LOG_BASE", directory)
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", directory.join("plugins"));
        let child = spawn(&mut command, directory)?;
        wait_for(port, directory)?;
        Ok((format!("amqp://guest:guest@127.0.0.1:{port}/%2f"), Stop::Process(child)))
    }

    /// A virtual host of its own where we may make one. Elsewhere the prefixes that tests use suffice.
    fn corner(&self, url: String) -> (String, Option<Stop>) {
        let name = run_name();
        let Some(base) = url.strip_suffix("/%2f") else { return (url, None) };
        let control = |words: &[&str]| run(Command::new("rabbitmqctl").arg("-q").args(words));
        let user = base
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once(':'))
            .map_or("guest", |(user, _)| user);
        let made = control(&["add_vhost", &name])
            .and_then(|()| control(&["set_permissions", "-p", &name, user, ".*", ".*", ".*"]));
        match made {
            Ok(()) => {
                let stop = ["rabbitmqctl", "-q", "delete_vhost", &name].map(str::to_owned).to_vec();
                (format!("{base}/{name}"), Some(Stop::Command(stop)))
            }
            Err(_) => (url, None),
        }
    }
}
