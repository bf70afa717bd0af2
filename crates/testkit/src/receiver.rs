//! A receiver of webhooks that notes what hit it and answers as a test wants.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

/// One request.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The path of the URL.
    pub path: String,
    headers: Vec<(String, String)>,
    /// What was posted.
    pub body: String,
}

impl Hit {
    /// The value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Its header `webhook-id`.
    pub fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }
}

/// How it answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// This status, and a body of four bytes.
    Status(u16),
    /// The same with this header.
    With(u16, &'static str, String),
    /// Nothing, for ever.
    Hang,
    /// A byte of the head now and then, for ever.
    Drip,
    /// A good head, and a byte of the body now and then, for ever.
    DripBody,
    /// The end, before any answer.
    Close,
    /// A good head, and a body that does not end.
    Endless,
    /// Waits for [`Receiver::let_go`], then 200.
    Held,
}

/// It listens until the test is over.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    hits: Arc<Mutex<Vec<Hit>>>,
    gate: Arc<Semaphore>,
    most_at_once: Arc<AtomicUsize>,
}

type Script = Arc<dyn Fn(usize, &Hit) -> Reply + Send + Sync>;

impl Receiver {
    /// Answers the nth request (from 0) as `script` says.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn new(script: impl Fn(usize, &Hit) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            hits: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            most_at_once: Arc::default(),
        };
        let (hits, gate, most) =
            (receiver.hits.clone(), receiver.gate.clone(), receiver.most_at_once.clone());
        let (script, now): (Script, Arc<AtomicUsize>) = (Arc::new(script), Arc::default());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (hits, gate, script) = (hits.clone(), gate.clone(), script.clone());
                let (most, now) = (most.clone(), now.clone());
                tokio::spawn(async move {
                    drop(converse(stream, &hits, &gate, &script, (&most, &now)).await);
                });
            }
        });
        receiver
    }

    /// The URL of a path here.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What has come so far.
    ///
    /// # Panics
    /// When it has panicked.
    pub fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }

    /// Requests that were under way at once, at the most.
    pub fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// Lets so many of those go that are held.
    pub fn let_go(&self, count: usize) {
        self.gate.add_permits(count);
    }
}

async fn converse(
    stream: TcpStream,
    hits: &Mutex<Vec<Hit>>,
    gate: &Semaphore,
    script: &Script,
    (most, now): (&AtomicUsize, &AtomicUsize),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(hit) = read(&mut stream).await? else { return Ok(()) };
        let at_once = now.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(at_once, Ordering::SeqCst);
        let index = {
            let mut hits = hits.lock().unwrap();
            hits.push(hit.clone());
            hits.len() - 1
        };
        let done = answer(&mut stream, gate, script(index, &hit), || {
            now.fetch_sub(1, Ordering::SeqCst);
        })
        .await;
        if !done? {
            return Ok(());
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Hit>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap_or(0);
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Hit { path, headers, body: String::from_utf8(body).unwrap_or_default() }))
}

/// Whether the connection goes on.
async fn answer(
    stream: &mut BufReader<TcpStream>,
    gate: &Semaphore,
    reply: Reply,
    ended: impl Fn(),
) -> std::io::Result<bool> {
    let whole =
        |status: u16, header: &str| format!("HTTP/1.1 {status} X\r\n{header}content-length: 4\r\n\r\nwell");
    match reply {
        Reply::Status(status) => {
            ended();
            stream.write_all(whole(status, "").as_bytes()).await?;
            Ok(true)
        }
        Reply::With(status, name, value) => {
            ended();
            stream.write_all(whole(status, &format!("{name}: {value}\r\n")).as_bytes()).await?;
            Ok(true)
        }
        Reply::Held => {
            gate.acquire().await.unwrap().forget();
            ended();
            stream.write_all(whole(200, "").as_bytes()).await?;
            Ok(true)
        }
        Reply::Close => {
            ended();
            Ok(false)
        }
        Reply::Hang => std::future::pending().await,
        Reply::Drip | Reply::DripBody => {
            if matches!(reply, Reply::DripBody) {
                stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\n\r\n").await?;
            } else {
                stream.write_all(b"HTTP/1.1 200 X\r\nx-drip: ").await?;
            }
            loop {
                stream.write_all(b"a").await?;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000000000\r\n\r\n").await?;
            let part = vec![b'g'; 64 << 10];
            loop {
                stream.write_all(&part).await?;
            }
        }
    }
}
