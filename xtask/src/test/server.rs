//! A server that tests talk to: told of, found, or started for this run.

use std::{
    fs,
    net::{TcpListener, TcpStream, ToSocketAddrs},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};

/// How long a server may take from its start to its first answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// One kind of server.
pub(crate) trait Kind {
    /// Its name, for people.
    fn name(&self) -> &'static str;
    /// The environment variable by which one is told of, and by which tests learn of it.
    fn variable(&self) -> &'static str;
    /// Where one is looked for.
    fn standard_url(&self) -> &'static str;
    /// The port of its protocol.
    fn standard_port(&self) -> u16;
    /// The Debian package that has it.
    fn package(&self) -> &'static str;
    /// Whether its programs are on this machine.
    fn is_installed(&self) -> bool;
    /// Brings its programs to this machine.
    fn install(&self) -> Result<()>;
    /// Starts one of our own in `directory`, and returns its URL and what stops it.
    fn start(&self, directory: &Path) -> Result<(String, Stop)>;
    /// A corner of it for this run alone: a URL to use instead, and what is to be done at the end.
    fn corner(&self, url: String) -> (String, Option<Stop>) {
        (url, None)
    }
}

/// What ends something that was begun for this run.
pub(crate) enum Stop {
    /// A process of ours.
    Process(Child),
    /// A command.
    Command(Vec<String>),
}

impl Stop {
    fn stop(&mut self) {
        match self {
            Self::Process(child) => {
                drop(child.kill());
                drop(child.wait());
            }
            Self::Command(words) => {
                if let Some((program, arguments)) = words.split_first() {
                    drop(
                        Command::new(program)
                            .args(arguments)
                            .stdout(Stdio::null())
                            .stderr(Stdio::null())
                            .status(),
                    );
                }
            }
        }
    }
}

/// A server that can be used. Dropped, it is as it was before.
pub(crate) struct Server {
    variable: &'static str,
    url: String,
    told: &'static str,
    stops: Vec<Stop>,
    /// Where a server of our own keeps its files.
    _directory: Option<tempfile::TempDir>,
}

impl Server {
    /// Which one it is, for people.
    pub(crate) fn told(&self) -> &'static str {
        self.told
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What tests are told.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![(self.variable, self.url.clone())]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stops.iter_mut().for_each(Stop::stop);
    }
}

/// The server that the environment names, or the one on the standard port, or one of our own.
pub(crate) fn find_or_start(kind: &dyn Kind) -> Result<Server> {
    let told = std::env::var_os(kind.variable()).and_then(|url| url.into_string().ok());
    let found = told.is_none() && TcpStream::connect(("127.0.0.1", kind.standard_port())).is_ok();
    if let Some(url) = told.clone().or_else(|| found.then(|| kind.standard_url().to_owned())) {
        let (url, stop) = kind.corner(url);
        let told = if told.is_some() { "as the environment says" } else { "found on its standard port" };
        return Ok(Server {
            variable: kind.variable(),
            url,
            told,
            stops: stop.into_iter().collect(),
            _directory: None,
        });
    }
    if !kind.is_installed() {
        kind.install()?;
    }
    let directory = tempfile::Builder::new().prefix("stocktake-servers-").tempdir()?;
    let (url, stop) = kind.start(directory.path())?;
    let (url, corner) = kind.corner(url);
    let stops = corner.into_iter().chain([stop]).collect();
    let told = "started for this run";
    Ok(Server { variable: kind.variable(), url, told, stops, _directory: Some(directory) })
}

/// Installs the Debian package that has a server.
pub(crate) fn install_package(kind: &dyn Kind) -> Result<()> {
    let advice = || {
        anyhow!(
            "install Debian's package {}, or start one (deploy/compose.yaml has it) and set {}",
            kind.package(),
            kind.variable()
        )
    };
    if !is_root() || which("apt-get").is_none() {
        return Err(advice());
    }
    println!("{}: installing Debian's package {}", kind.name(), kind.package());
    // Without an init system a package's own start of its server may fail; ours is started below.
    let quiet = |words: &[&str]| -> Result<bool> {
        let status = Command::new("apt-get")
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null())
            .stdin(Stdio::null())
            .status()?;
        Ok(status.success())
    };
    quiet(&["update", "-qq"])?;
    quiet(&["install", "-y", "-qq", "--no-install-recommends", kind.package()])?;
    if !kind.is_installed() {
        return Err(advice().context(format!("apt-get did not bring {}", kind.package())));
    }
    Ok(())
}

/// Whether this user may install packages.
pub(super) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Where a program is, on the search path or where Debian keeps servers.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/lib/rabbitmq/bin".into()])
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Starts `command` in the background, its output in a file of `directory`.
pub(crate) fn spawn(command: &mut Command, directory: &Path) -> Result<Child> {
    let log = fs::File::create(directory.join("server.log"))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("{:?} cannot be started", command.get_program()))
}

/// Waits until something listens on `port`.
pub(crate) fn wait_for(port: u16, directory: &Path) -> Result<()> {
    let begun = Instant::now();
    let address = ("127.0.0.1", port).to_socket_addrs()?.next().context("no loopback address")?;
    while begun.elapsed() < PATIENCE {
        if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
            return Ok(());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "there is nothing to be woken by while a server starts"
        )]
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = fs::read_to_string(directory.join("server.log")).unwrap_or_default();
    bail!("nothing listens on port {port} after {PATIENCE:?}\n{log}")
}

/// Runs a command to its end, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    if !output.status.success() {
        bail!("{:?}: {}", command.get_program(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// A name for what belongs to this run.
pub(crate) fn run_name() -> String {
    format!("stocktake_test_{}", std::process::id())
}
