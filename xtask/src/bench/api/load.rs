//! Requests over connections that stay open, one after the other on each, and how long each took.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};

/// What is asked for, again and again.
pub(super) struct Asked<'a> {
    pub(super) address: SocketAddr,
    pub(super) key: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// The status that every answer has to have.
    pub(super) status: u16,
    /// The body of the request with this number; none has no body.
    pub(super) body: Option<fn(u64) -> String>,
}

/// What came of it.
pub(super) struct Measured {
    pub(super) per_second: f64,
    /// Every answer's time, in order.
    took: Vec<Duration>,
}

impl Measured {
    /// The time within which so many of a hundred answers came.
    pub(super) fn within(&self, percent: usize) -> Duration {
        let at = (self.took.len() * percent).div_ceil(100).saturating_sub(1);
        self.took.get(at).copied().unwrap_or_default()
    }

    pub(super) fn count(&self) -> usize {
        self.took.len()
    }
}

/// Asks over so many connections for a time; `first` is the number of the first body, which counts on.
pub(super) fn ask(
    asked: &Asked<'_>,
    connections: usize,
    time: Duration,
    first: &AtomicU64,
) -> Result<Measured> {
    let ready = Barrier::new(connections);
    let one = || {
        let connection = Connection::open(asked);
        ready.wait();
        let (mut connection, begun) = (connection?, Instant::now());
        let mut took = Vec::new();
        while begun.elapsed() < time {
            took.push(connection.ask(asked, first)?);
        }
        Ok::<_, anyhow::Error>((took, begun.elapsed()))
    };
    let ended: Vec<Result<(Vec<Duration>, Duration)>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(one)).collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.map(|ended| ended.map_err(|_panic| anyhow!("a connection's thread panicked"))?).collect()
    });
    let (mut took, mut longest) = (Vec::new(), Duration::ZERO);
    for ended in ended {
        let (part, lasted) = ended?;
        took.extend(part);
        longest = longest.max(lasted);
    }
    took.sort_unstable();
    Ok(Measured { per_second: took.len() as f64 / longest.as_secs_f64(), took })
}

/// A connection that stays open.
struct Connection {
    stream: TcpStream,
    head: String,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    fn open(asked: &Asked<'_>) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&asked.address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\n",
            asked.method, asked.path, asked.address, asked.key
        );
        Ok(Self { stream, head, request: Vec::new(), answer: vec![0; 1 << 20] })
    }

    /// Asks once; how long it took to the last byte of the answer.
    fn ask(&mut self, asked: &Asked<'_>, number: &AtomicU64) -> Result<Duration> {
        self.request.clear();
        self.request.extend(self.head.as_bytes());
        match asked.body {
            None => self.request.extend(b"\r\n"),
            Some(body) => {
                let body = body(number.fetch_add(1, Ordering::Relaxed));
                let length = body.len();
                write!(
                    self.request,
                    "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
                )?;
            }
        }
        let begun = Instant::now();
        self.stream.write_all(&self.request)?;
        let status = self.read()?;
        let took = begun.elapsed();
        if status != asked.status {
            bail!("{} {} was answered with {status}", asked.method, asked.path);
        }
        Ok(took)
    }

    /// Reads one answer to its end; its status.
    fn read(&mut self) -> Result<u16> {
        let (mut held, mut whole) = (0, None);
        while whole.is_none_or(|whole| held < whole) {
            let room = self.answer.get_mut(held..).filter(|room| !room.is_empty());
            let got = self.stream.read(room.context("an answer is larger than 1 MiB")?)?;
            if got == 0 {
                bail!("a connection was closed that was to be kept open");
            }
            held += got;
            if whole.is_none() {
                whole = length(self.answer.get(..held).unwrap_or_default())?;
            }
        }
        let line = self.answer.get(9..12).and_then(|status| std::str::from_utf8(status).ok());
        line.and_then(|status| status.parse().ok()).context("an answer has no status")
    }
}

/// The length of an answer, head and body, once its head is there.
fn length(held: &[u8]) -> Result<Option<usize>> {
    let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(held.get(..end).unwrap_or_default())?;
    let named = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = named.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = lengths.next().context("an answer does not say how long it is")?;
    Ok(Some(end + 4 + length.trim().parse::<usize>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_its_head_says() {
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
        assert_eq!(length(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[").unwrap(), Some(41));
        assert!(length(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn of_a_hundred_one_may_be_slow() {
        let took = (1..=200).map(Duration::from_millis).collect();
        let measured = Measured { per_second: 1.0, took };
        assert_eq!(measured.within(50), Duration::from_millis(100));
        assert_eq!(measured.within(99), Duration::from_millis(198));
        assert_eq!((measured.within(100), measured.count()), (Duration::from_millis(200), 200));
    }
}
