//! The `git://` protocol: a plain TCP connection to a `git daemon`.

use std::{
    io::BufWriter,
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use gix::protocol::transport::{
    Protocol,
    client::{
        blocking_io::Transport,
        git::{ConnectMode, blocking_io::Connection},
    },
};

use crate::{GitError, Policy, address, feed::Feed, location::Remote, meter::Meter};

const CONNECT: Duration = Duration::from_secs(20);

/// Connects to the daemon at an allowed address of `remote`.
pub(crate) fn connect(
    remote: &Remote,
    policy: &Policy,
    meter: &Arc<Meter>,
) -> Result<Box<dyn Transport + Send>, GitError> {
    let addresses = address::resolve(&remote.host, remote.port, policy, meter)?;
    let stream = first_that_answers(addresses, meter)?;
    let failed = |error| GitError::io("the connection", &error);
    // Questions are small and answered at once: waiting to fill a packet costs more than it saves.
    stream.set_nodelay(true).map_err(failed)?;
    // The other thread would wait longer than anyone listens without this.
    stream.set_read_timeout(Some(meter.limits().idle + CONNECT)).map_err(failed)?;
    stream.set_write_timeout(Some(meter.limits().idle)).map_err(failed)?;
    let source = stream.try_clone().map_err(failed)?;
    let writer = stream.try_clone().map_err(failed)?;
    let feed = Feed::start(source, Hangup(stream), meter).map_err(failed)?;
    let virtual_host =
        (remote.host.clone(), Some(remote.port).filter(|port| *port != remote.scheme.default_port()));
    Ok(Box::new(Connection::new(
        feed,
        // A question is written in many pieces and flushed at its end.
        BufWriter::new(writer),
        Protocol::V2,
        remote.path.as_str(),
        Some(virtual_host),
        ConnectMode::Daemon,
        false,
    )))
}

fn first_that_answers(addresses: Vec<SocketAddr>, meter: &Meter) -> Result<TcpStream, GitError> {
    meter.aside("connect", move || {
        let mut last = GitError::unavailable("no address to connect to");
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    last = GitError::unavailable(format_args!("cannot connect to {address}: {error}"))
                }
            }
        }
        Err(last)
    })?
}

/// Ends the connection in both directions, which also wakes whoever reads from it.
struct Hangup(TcpStream);

impl Drop for Hangup {
    fn drop(&mut self) {
        // Already closed by the other side: just as well.
        self.0.shutdown(Shutdown::Both).ok();
    }
}
