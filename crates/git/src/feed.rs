//! What comes from the other side, read so that a stalled connection can be left at any moment.

use std::{
    io::{self, BufRead, Read},
    sync::{Arc, mpsc},
};

use crate::{GitError, meter::Meter};

const CHUNK: usize = 64 * 1024;
/// Chunks that wait between the connection and whoever reads.
const CHUNKS: usize = 8;

pub(crate) type Chunk = io::Result<Vec<u8>>;

/// A stream that a thread of its own reads, so that waiting for it never outlasts the limits. Counts what
/// comes; ends the call when nothing does.
pub(crate) struct Feed {
    chunks: mpsc::Receiver<Chunk>,
    current: Vec<u8>,
    position: usize,
    meter: Arc<Meter>,
    /// Ends the connection when the feed is dropped, which also ends the thread.
    _connection: Option<Box<dyn Send>>,
}

impl Feed {
    /// Starts to read `source`; `connection` is dropped with the feed and must make `source` end.
    pub(crate) fn start(
        mut source: impl Read + Send + 'static,
        connection: impl Send + 'static,
        meter: &Arc<Meter>,
    ) -> io::Result<Self> {
        let (send, chunks) = mpsc::sync_channel(CHUNKS);
        std::thread::Builder::new().name("receive".to_owned()).spawn(move || pump(&mut source, &send))?;
        Ok(Self { _connection: Some(Box::new(connection)), ..Self::new(chunks, meter) })
    }

    /// What comes through a channel that someone else fills.
    pub(crate) fn new(chunks: mpsc::Receiver<Chunk>, meter: &Arc<Meter>) -> Self {
        Self { chunks, current: Vec::new(), position: 0, meter: Arc::clone(meter), _connection: None }
    }

    fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.meter.wait(&self.chunks)? {
            Some(Ok(chunk)) => {
                self.meter.received(chunk.len())?;
                Ok(Some(chunk))
            }
            Some(Err(error)) => Err(self.meter.fail(explain(error))),
            None => Ok(None),
        }
    }
}

/// An error of the connection in our words. One that already carries its explanation keeps it.
fn explain(error: io::Error) -> GitError {
    match error.downcast::<GitError>() {
        Ok(explained) => explained,
        Err(error) => GitError::unavailable(format_args!("the connection broke: {error}")),
    }
}

/// Sends everything that `source` has until it ends, or until nobody listens any more.
pub(crate) fn pump(source: &mut dyn Read, send: &mpsc::SyncSender<Chunk>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let chunk = match source.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => {
                chunk.truncate(count);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let ended = chunk.is_err();
        if send.send(chunk).is_err() || ended {
            return;
        }
    }
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.current.len() {
            self.current = self.next_chunk()?.unwrap_or_default();
            self.position = 0;
        }
        Ok(&self.current[self.position..])
    }

    fn consume(&mut self, count: usize) {
        self.position = (self.position + count).min(self.current.len());
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let count = available.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contracts::ErrorKind;

    use super::*;
    use crate::Limits;

    #[test]
    fn everything_comes_through_in_order() {
        let meter = Meter::new(&Limits::default());
        let bytes: Vec<u8> = (0..=255).cycle().take(CHUNK * 20 + 7).collect();
        let mut feed = Feed::start(io::Cursor::new(bytes.clone()), (), &meter).unwrap();
        let mut received = Vec::new();
        feed.read_to_end(&mut received).unwrap();
        assert!(received == bytes);
    }

    #[test]
    fn a_silent_source_is_given_up() {
        let meter = Meter::new(&Limits { idle: Duration::from_millis(10), ..Limits::default() });
        let (_open, chunks) = mpsc::sync_channel(1);
        let mut feed = Feed::new(chunks, &meter);
        assert!(feed.fill_buf().is_err());
        assert_eq!(meter.verdict(|| unreachable!()).kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_broken_connection_is_told() {
        let meter = Meter::new(&Limits::default());
        let (send, chunks) = mpsc::sync_channel(1);
        send.send(Err(io::ErrorKind::ConnectionReset.into())).unwrap();
        assert!(Feed::new(chunks, &meter).fill_buf().is_err());
        let error = meter.verdict(|| unreachable!());
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("connection reset"), "{error}");
    }
}
