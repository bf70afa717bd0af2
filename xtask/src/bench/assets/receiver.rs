//! A receiver of webhooks that counts, and answers at once.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::bench::process::pause;

/// It lives as long as the process.
pub(super) struct Receiver {
    address: SocketAddr,
    count: Arc<AtomicU64>,
}

impl Receiver {
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let receiver = Self { address: listener.local_addr()?, count: Arc::default() };
        let count = receiver.count.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = count.clone();
                thread::spawn(move || converse(stream, &count));
            }
        });
        Ok(receiver)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until so many have come.
    pub(super) fn wait(&self, wanted: u64, patience: Duration) -> Result<()> {
        let begun = Instant::now();
        while self.count() < wanted {
            if begun.elapsed() > patience {
                bail!("only {} of {wanted} webhooks came in {patience:?}", self.count());
            }
            pause(Duration::from_micros(500));
        }
        Ok(())
    }
}

/// Whole requests are taken off the front of what has come: this thread must not be what is measured.
fn converse(mut stream: TcpStream, count: &AtomicU64) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut come, mut part) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        while let Some(length) = request(&come) {
            come.drain(..length);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
            count.fetch_add(1, Ordering::Release);
        }
        match stream.read(&mut part).ok()? {
            0 => return None,
            more => come.extend_from_slice(part.get(..more)?),
        }
    }
}

/// How long the first request is, once all of it has come.
fn request(come: &[u8]) -> Option<usize> {
    let head = come.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(come.get(..head)?).ok()?;
    let length = text.lines().filter_map(|line| line.split_once(':'));
    let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let body = length.next().and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    (come.len() >= head + body).then_some(head + body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_taken_once_it_is_whole() {
        let whole = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
        for length in 0..whole.len() {
            assert_eq!(request(&whole[..length]), None);
        }
        assert_eq!(request(&[whole.as_slice(), b"POST"].concat()), Some(whole.len()));
        assert_eq!(request(b"GET / HTTP/1.1\r\n\r\n"), Some(18));
    }
}
