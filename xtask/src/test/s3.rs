//! A server that speaks S3, for the depot's tests: moto, in a Python environment of its own.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::server::{Kind, Stop, free_port, run, spawn, wait_for, which};

/// The release that the depot's suite was written against.
const PACKAGE: &str = "moto[server]==5.2.5";
const BUCKET: &str = "stocktake-test";

pub(crate) struct S3 {
    /// Where its programs are kept from one run to the next.
    pub(crate) home: PathBuf,
}

impl S3 {
    pub(crate) fn new(root: &Path) -> Self {
        Self { home: root.join("target").join("tools").join("moto") }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }
}

impl Kind for S3 {
    fn name(&self) -> &'static str {
        "S3"
    }

    fn variable(&self) -> &'static str {
        "STOCKTAKE_TEST_S3"
    }

    fn standard_url(&self) -> &'static str {
        ""
    }

    /// None: whoever listens on some port is not to be written to because of that.
    fn standard_port(&self) -> u16 {
        0
    }

    fn package(&self) -> &'static str {
        "python3-venv"
    }

    fn is_installed(&self) -> bool {
        self.program("moto_server").is_file()
    }

    fn install(&self) -> Result<()> {
        let python = which("python3").context("python3 is not on this machine")?;
        println!("S3: installing the Python package {PACKAGE} into {}", self.home.display());
        let made = run(Command::new(&python).args(["-m", "venv"]).arg(&self.home));
        if let Err(error) = made {
            // Debian keeps this part of Python in a package of its own.
            super::server::install_package(self).context(error)?;
            run(Command::new(&python).args(["-m", "venv"]).arg(&self.home))?;
        }
        let pip = self.program("pip");
        run(Command::new(pip).args(["install", "--quiet", "--only-binary", ":all:", PACKAGE]))
    }

    fn start(&self, directory: &Path) -> Result<(String, Stop)> {
        let port = free_port()?;
        let mut command = Command::new(self.program("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let child = Stop::Process(spawn(&mut command, directory)?);
        wait_for(port, directory)?;
        make_bucket(port)?;
        Ok((format!("http://key:secret@127.0.0.1:{port}/{BUCKET}"), child))
    }
}

/// One request is not worth an HTTP client.
fn make_bucket(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let request = format!(
        "PUT /{BUCKET} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        bail!("the bucket was not made: {}", answer.lines().next().unwrap_or_default());
    }
    Ok(())
}
