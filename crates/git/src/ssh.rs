//! `ssh://`: the host's own `ssh` program, which never asks anything.

use std::{
    io::{self, Read},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use gix::protocol::transport::{
    Protocol,
    client::{
        blocking_io::Transport,
        git::{ConnectMode, blocking_io::Connection},
    },
};

use crate::{GitError, Options, address, feed::Feed, location::Remote, meter::Meter};

/// What of the program's complaints is kept.
const COMPLAINT_BYTES: u64 = 8 * 1024;

/// Starts `git-upload-pack` on the other side.
pub(crate) fn connect(
    remote: &Remote,
    options: &Options,
    meter: &Arc<Meter>,
) -> Result<Box<dyn Transport + Send>, GitError> {
    let program = options.ssh_program.display();
    let mut command = command(remote, options, meter)?;
    let mut child = command.spawn().map_err(|error| {
        GitError::unavailable(format_args!("the program {program} cannot be started: {error}"))
    })?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(GitError::internal("a started program has no standard streams"));
    };
    let child = Arc::new(Mutex::new(child));
    let failed = |error| GitError::io("a thread for ssh", &error);
    let complaints =
        std::thread::Builder::new().name("ssh".to_owned()).spawn(move || collect(stderr)).map_err(failed)?;
    let output = Output { stdout, complaints: Some(complaints), child: Arc::clone(&child), received: false };
    let feed = Feed::start(output, Kill(child), meter).map_err(failed)?;
    let mode = ConnectMode::Process;
    let host = None::<(String, Option<u16>)>;
    Ok(Box::new(Connection::new(feed, stdin, Protocol::V2, remote.path.as_str(), host, mode, false)))
}

fn command(remote: &Remote, options: &Options, meter: &Arc<Meter>) -> Result<Command, GitError> {
    let mut command = Command::new(&options.ssh_program);
    let mut option = |text: &str| {
        command.arg("-o").arg(text);
    };
    option("BatchMode=yes");
    option("ClearAllForwardings=yes");
    option("ForwardAgent=no");
    option("PermitLocalCommand=no");
    // A shared connection would outlive the call.
    option("ControlMaster=no");
    option("ControlPath=none");
    option("ConnectTimeout=20");
    option("SendEnv=GIT_PROTOCOL");
    if !options.policy.allow_private_addresses {
        // The program would resolve the name again, perhaps to something else.
        let addresses = address::resolve(&remote.host, remote.port, &options.policy, meter)?;
        if let Some(first) = addresses.first() {
            option(&format!("HostName={}", first.ip()));
            option(&match remote.port {
                22 => format!("HostKeyAlias={}", remote.host),
                port => format!("HostKeyAlias=[{}]:{port}", remote.host),
            });
        }
    }
    if remote.port != remote.scheme.default_port() {
        command.arg("-p").arg(remote.port.to_string());
    }
    command.arg(match &remote.user {
        Some(user) => format!("{user}@{}", remote.host),
        None => remote.host.clone(),
    });
    // `/~` is how a URL says that a path counts from somebody's home.
    let path = if remote.path.starts_with("/~") { remote.path.trim_start_matches('/') } else { &remote.path };
    command.arg(format!("git-upload-pack {}", quote(path)));
    command.env("GIT_PROTOCOL", "version=2").env("LC_ALL", "C").env_remove("SSH_ASKPASS");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// One word for a shell, whatever is in it.
fn quote(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '!' => quoted.extend(["'\\", c.encode_utf8(&mut [0; 4]), "'"]),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

fn collect(stderr: ChildStderr) -> String {
    let mut text = Vec::new();
    let mut stderr = stderr;
    // What was read before an error is as good as it gets; the rest is let go.
    stderr.by_ref().take(COMPLAINT_BYTES).read_to_end(&mut text).ok();
    io::copy(&mut stderr, &mut io::sink()).ok();
    String::from_utf8_lossy(&text).trim().to_owned()
}

/// What the program says. When it ends without having said anything, its complaint is the error.
struct Output {
    stdout: ChildStdout,
    complaints: Option<JoinHandle<String>>,
    child: Arc<Mutex<Child>>,
    received: bool,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stdout.read(buffer)?;
        if count > 0 {
            self.received = true;
            return Ok(count);
        }
        let complaint = self.complaints.take().and_then(|thread| thread.join().ok());
        finish(&self.child);
        match complaint {
            Some(complaint) if !self.received => Err(io::Error::other(explain(&complaint))),
            _ => Ok(0),
        }
    }
}

/// What a complaint of `ssh` or of the git behind it means.
fn explain(complaint: &str) -> GitError {
    let lower = complaint.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    let text = if complaint.is_empty() {
        "ssh ended without a word".to_owned()
    } else {
        format!("ssh says: {}", complaint.lines().map(str::trim).collect::<Vec<_>>().join(" "))
    };
    if says(&["permission denied", "host key verification failed", "access denied", "not authorized"]) {
        GitError::forbidden(text)
    } else if says(&["not found", "does not appear to be a git repository", "does not exist", "no such file"])
    {
        GitError::not_found(text)
    } else {
        GitError::unavailable(text)
    }
}

fn finish(child: &Mutex<Child>) {
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    // It has usually ended by itself; either way nothing more is wanted of it.
    child.kill().ok();
    child.wait().ok();
}

/// Ends the program with the feed.
struct Kill(Arc<Mutex<Child>>);

impl Drop for Kill {
    fn drop(&mut self) {
        finish(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use contracts::ErrorKind;

    use super::*;

    #[test]
    fn a_path_is_one_word_for_the_shell() {
        assert_eq!(quote("/a b/$(id)"), "'/a b/$(id)'");
        assert_eq!(quote("it's!"), "'it'\\''s'\\!''");
    }

    #[test]
    fn complaints_become_kinds() {
        for (complaint, kind) in [
            ("git@example.org: Permission denied (publickey).", ErrorKind::Forbidden),
            ("Host key verification failed.", ErrorKind::Forbidden),
            ("ERROR: Repository not found.\nfatal: Could not read", ErrorKind::NotFound),
            ("fatal: '/x' does not appear to be a git repository", ErrorKind::NotFound),
            ("ssh: Could not resolve hostname nowhere: Name or service not known", ErrorKind::Unavailable),
            ("ssh: connect to host example.org port 22: Connection refused", ErrorKind::Unavailable),
            ("", ErrorKind::Unavailable),
        ] {
            assert_eq!(explain(complaint).kind(), kind, "{complaint}");
        }
    }
}
