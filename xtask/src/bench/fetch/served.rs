//! A repository, its next commit and a fork of it, behind a `git daemon` of their own.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::git;

/// Runs until it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    repository: PathBuf,
    daemon: Child,
}

impl Served {
    /// Serves a copy of `target` as `repo.git`, and a fork that is one commit ahead as `fork/repo.git`.
    pub(crate) fn of(target: &Path, folder: &Path) -> Result<Self> {
        let root = folder.join("served");
        let (repository, fork) = (root.join("repo.git"), root.join("fork/repo.git"));
        std::fs::create_dir_all(root.join("fork"))?;
        for copy in [&repository, &fork] {
            told(git().args(["clone", "-q", "--bare"]).arg(target).arg(copy))?;
        }
        // As forges do, it leaves out what it is asked to leave out.
        for copy in [&repository, &fork] {
            told(git().arg("--git-dir").arg(copy).args(["config", "uploadpack.allowFilter", "true"]))?;
        }
        commit(&repository, "refs/heads/bench-later", "later")?;
        commit(&fork, "refs/heads/bench-fork", "fork")?;
        told(git().arg("--git-dir").arg(&fork).args(["symbolic-ref", "HEAD", "refs/heads/bench-fork"]))?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut daemon = git();
        daemon.args([
            "-c",
            "safe.directory=*",
            "daemon",
            "--export-all",
            "--reuseaddr",
            "--listen=127.0.0.1",
        ]);
        daemon.arg(format!("--port={}", address.port())).arg(format!("--base-path={}", root.display()));
        let daemon =
            daemon.stderr(Stdio::null()).process_group(0).spawn().context("git daemon cannot be started")?;
        let served = Self { address, repository, daemon };
        let begun = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if begun.elapsed() > Duration::from_secs(10) {
                bail!("git daemon does not listen");
            }
            std::thread::yield_now();
        }
        Ok(served)
    }

    /// From now on HEAD is one small commit further.
    pub(super) fn go_on(&self) -> Result<()> {
        let head = ["symbolic-ref", "HEAD", "refs/heads/bench-later"];
        told(git().arg("--git-dir").arg(&self.repository).args(head))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // With the daemon that git has started: it is the first of a group. It may have ended by itself; either way
        // it is not wanted any more.
        drop(Command::new("kill").args(["-KILL", "--", &format!("-{}", self.daemon.id())]).status());
        drop(self.daemon.wait());
    }
}

/// A repository of so many small files in folders of up to fifty.
pub(super) fn make(path: &Path, files: u32) -> Result<PathBuf> {
    told(git().args(["init", "-q", "--bare"]).arg(path))?;
    let mut input =
        String::from("commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n");
    let mut state = 1_u64;
    for file in 0..files {
        let mut text = String::new();
        for line in 0..(10 + file % 90) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            writeln!(text, "let value_{line} = compute(0x{:x}, {});", state >> 40, file % 17)?;
        }
        let (outer, inner) = (file / 2_500, file / 50);
        write!(
            input,
            "M 100644 inline area{outer}/module{inner}/file_{file}.rs\ndata {}\n{text}\n",
            text.len()
        )?;
    }
    import(path, &input)?;
    told(git().arg("--git-dir").arg(path).args(["symbolic-ref", "HEAD", "refs/heads/main"]))?;
    Ok(path.to_owned())
}

/// A commit on top of HEAD that adds one file.
fn commit(repository: &Path, reference: &str, what: &str) -> Result<()> {
    let input = format!(
        "commit {reference}\ncommitter A <a@example.org> 1800000000 +0000\ndata 1\nx\nfrom HEAD^0\n\
         M 100644 inline bench/{what}.txt\ndata {}\n{what}\n",
        what.len()
    );
    let head = git().arg("--git-dir").arg(repository).args(["rev-parse", "HEAD"]).output()?;
    let head = String::from_utf8_lossy(&head.stdout).trim().to_owned();
    import(repository, &input.replace("HEAD^0", &head))
}

fn import(repository: &Path, input: &str) -> Result<()> {
    let mut command = git();
    command.arg("--git-dir").arg(repository).args(["fast-import", "--quiet"]);
    let mut child = command.stdin(Stdio::piped()).spawn().context("git cannot be run")?;
    child.stdin.take().context("git has no input")?.write_all(input.as_bytes())?;
    if !child.wait()?.success() {
        bail!("git fast-import fails");
    }
    // As a server keeps it: packed.
    told(git().arg("--git-dir").arg(repository).args(["repack", "-a", "-d", "-q"]))
}

fn told(command: &mut Command) -> Result<()> {
    let output = command.output().context("git cannot be run")?;
    if !output.status.success() {
        bail!("{:?}: {}", command.get_args().collect::<Vec<_>>(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
