//! PostgreSQL for tests. Each test makes and removes a database of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::server::{Kind, Stop, free_port, install_package, run, spawn, wait_for};

pub(crate) struct Postgres;

impl Kind for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn variable(&self) -> &'static str {
        "STOCKTAKE_TEST_POSTGRES"
    }

    fn standard_url(&self) -> &'static str {
        "postgres://postgres@127.0.0.1:5432/postgres"
    }

    fn standard_port(&self) -> u16 {
        5432
    }

    fn package(&self) -> &'static str {
        "postgresql"
    }

    fn is_installed(&self) -> bool {
        programs().is_some()
    }

    fn install(&self) -> Result<()> {
        install_package(self)
    }

    fn start(&self, directory: &Path) -> Result<(String, Stop)> {
        let programs = programs().context("initdb is not on this machine")?;
        let data = directory.join("data");
        fs::create_dir(&data)?;
        // The server refuses to run as root; Debian's package made this user.
        run(Command::new("chown").args(["-R", "postgres"]).arg(directory))?;
        run(Command::new("chmod").arg("755").arg(directory))?;
        let initdb = programs.join("initdb");
        run(as_postgres(&initdb)
            .args(["--auth=trust", "--username=postgres", "--no-sync", "-D"])
            .arg(&data))?;
        let port = free_port()?;
        let server = programs.join("postgres");
        let mut command = as_postgres(&server);
        command.arg("-D").arg(&data).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-c"]);
        command.arg(format!("unix_socket_directories={}", directory.display()));
        let child = spawn(&mut command, directory)?;
        wait_for(port, directory)?;
        Ok((format!("postgres://postgres@127.0.0.1:{port}/postgres"), Stop::Process(child)))
    }
}

/// Debian keeps the server's programs off the search path, one folder for each version.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.retain(|programs| programs.join("initdb").is_file());
    versions.sort();
    versions.pop()
}

fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=TERM"]).arg(program);
    command
}
