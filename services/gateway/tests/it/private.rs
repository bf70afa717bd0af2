//! Servers of a test's own, which it may stop and start. Where their programs are not installed the test says
//! that it did not run.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// For how long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(90);

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what} takes too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn not_run(what: &str) {
    println!("not run: {what} is not installed");
}

/// A PostgreSQL server.
pub(crate) struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Postgres {
    pub(crate) async fn start() -> Option<Self> {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
        let programs = versions
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .filter(|programs| programs.join("pg_ctl").is_file())
            .max();
        let Some(programs) = programs else {
            not_run("PostgreSQL");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        // The server refuses to run as root; Debian's package made this user.
        quiet(Command::new("chown").args(["-R", "postgres"]).arg(directory.path())).status().unwrap();
        let server = Self { programs, directory, port: free_port() };
        let data = server.data();
        let made = server
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--no-sync", "-D"])
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success());
        server.up().await;
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let is_root =
            std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        let mut command = Command::new(if is_root { Path::new("setpriv") } else { &program });
        if is_root {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        }
        quiet(&mut command);
        command
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?connect_timeout=5", self.port)
    }

    pub(crate) async fn up(&self) {
        let options = format!(
            "-p {} -h 127.0.0.1 -c fsync=off -c unix_socket_directories={}",
            self.port,
            self.directory.path().display()
        );
        let log = self.directory.path().join("log");
        let started = self
            .command("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .arg("-l")
            .arg(log)
            .args(["-w", "-t", "90", "-o", &options])
            .arg("start")
            .status();
        assert!(started.unwrap().success());
        until("PostgreSQL's start", || TcpStream::connect(("127.0.0.1", self.port)).is_ok()).await;
    }

    pub(crate) fn down(&self) {
        let stopped =
            self.command("pg_ctl").arg("-D").arg(self.data()).args(["-w", "-m", "fast", "stop"]).status();
        assert!(stopped.unwrap().success());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.command("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]).status());
    }
}

/// A Redis server.
pub(crate) struct Redis {
    port: u16,
    child: Child,
}

impl Redis {
    pub(crate) async fn start() -> Option<Self> {
        let port = free_port();
        Self::start_at(port).await
    }

    pub(crate) async fn start_at(port: u16) -> Option<Self> {
        let mut command = Command::new("redis-server");
        command.args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--port",
            &port.to_string(),
        ]);
        let Ok(child) = quiet(&mut command).spawn() else {
            not_run("Redis");
            return None;
        };
        let server = Self { port, child };
        until("Redis' start", || TcpStream::connect(("127.0.0.1", port)).is_ok()).await;
        Some(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
