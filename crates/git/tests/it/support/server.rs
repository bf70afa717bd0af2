//! A git server over HTTP for tests: `git http-backend` behind a listener, with faults on demand.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc,
    },
};

use super::git_command;

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// With the query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
pub(crate) enum Act {
    /// Lets git answer.
    Serve,
    /// Lets git answer, but closes the connection after so many bytes of the body.
    Cut(usize),
    /// Lets git answer so many bytes of the body, then says nothing more.
    Stall(usize),
    /// Says this instead: status line and headers.
    Say(String),
    /// Answers with this instead, as a git server would.
    Answer(Vec<u8>),
}

/// Runs until it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    address: std::net::SocketAddr,
    /// Dropped at the end: lets go of connections that are held open.
    _open: mpsc::Sender<()>,
    stop: Arc<AtomicBool>,
    old: Arc<AtomicBool>,
}

impl Server {
    /// Serves every repository below `root`.
    pub(crate) fn start(root: &Path, act: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, old) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (open, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let (root, act) = (root.to_owned(), Arc::new(act));
        let shared = (Arc::clone(&seen), Arc::clone(&stop), Arc::clone(&old));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.1.load(Relaxed) {
                    break;
                }
                let (root, act, seen, held) =
                    (root.clone(), Arc::clone(&act), Arc::clone(&shared.0), Arc::clone(&held));
                let old = Arc::clone(&shared.2);
                std::thread::spawn(move || {
                    answer(stream.unwrap(), &root, &*act, &seen, &held, old.load(Relaxed));
                });
            }
        });
        Self { url: format!("http://{address}"), seen, address, _open: open, stop, old }
    }

    /// Whether it answers as servers did before the second version of the protocol.
    pub(crate) fn old(&self, old: bool) {
        self.old.store(old, Relaxed);
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        // The listener waits for one more connection to see the flag.
        drop(TcpStream::connect(self.address));
    }
}

fn answer(
    mut stream: TcpStream,
    root: &Path,
    act: &(dyn Fn(&Seen) -> Act + Send + Sync),
    seen: &Mutex<Vec<Seen>>,
    held: &Mutex<mpsc::Receiver<()>>,
    old: bool,
) {
    let Some((request, body)) = read_request(&stream) else { return };
    seen.lock().unwrap().push(request.clone());
    let (limit, then_stall) = match act(&request) {
        Act::Say(head) => {
            stream
                .write_all(
                    format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes(),
                )
                .ok();
            return;
        }
        Act::Answer(body) => {
            let kind = "application/x-git-upload-pack-result";
            let length = body.len();
            let head = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close");
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes()).ok();
            stream.write_all(&body).ok();
            return;
        }
        Act::Serve => (usize::MAX, false),
        Act::Cut(limit) => (limit, false),
        Act::Stall(limit) => (limit, true),
    };
    let output = backend(root, &request, &body, old);
    let split = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(output[..split].to_vec()).unwrap();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    let body = &output[split + 4..];
    // The announced length is the whole one, so that a cut is seen as one.
    let head =
        format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).ok();
    stream.write_all(&body[..body.len().min(limit)]).ok();
    stream.flush().ok();
    if then_stall {
        // Until the server is dropped.
        held.lock().unwrap().recv().ok();
    }
}

fn read_request(stream: &TcpStream) -> Option<(Seen, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let seen = Seen { method, target, headers };
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((seen, body))
}

fn backend(root: &Path, request: &Seen, body: &[u8], old: bool) -> Vec<u8> {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut command = git_command(root);
    command.arg("http-backend");
    command.env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1");
    command.env("REQUEST_METHOD", &request.method).env("PATH_INFO", path).env("QUERY_STRING", query);
    command.env("CONTENT_LENGTH", body.len().to_string());
    command.env("CONTENT_TYPE", request.header("content-type").unwrap_or_default());
    if let Some(version) = request.header("git-protocol").filter(|_| !old) {
        command.env("HTTP_GIT_PROTOCOL", version);
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let body = body.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&body));
    let output = child.wait_with_output().unwrap().stdout;
    // It may not want the whole body when it refuses the request.
    drop(writer.join().unwrap());
    output
}
