//! Stands between a client and a git server, and counts what the server sends.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;

/// What every pack begins with; the number of its objects follows.
const PACK: &[u8] = b"PACK\0\0\0\x02";

/// What a server has sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub(super) bytes: u64,
    /// Objects of all packs, as their heads say.
    pub(super) objects: u64,
}

/// Listens as long as the process lives.
pub(super) struct Wire {
    address: SocketAddr,
    sent: Arc<Mutex<Sent>>,
}

impl Wire {
    /// Leads to the server at `server`.
    pub(super) fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let sent = Arc::new(Mutex::new(Sent::default()));
        let counted = Arc::clone(&sent);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let counted = Arc::clone(&counted);
                // A connection that breaks is the clients' to tell.
                std::thread::spawn(move || drop(carry(client, server, &counted)));
            }
        });
        Ok(Self { address, sent })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("git://{}/{path}", self.address)
    }

    /// What was sent since this was asked before.
    pub(super) fn take(&self) -> Sent {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn carry(client: TcpStream, server: SocketAddr, sent: &Mutex<Sent>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        // Its end is seen on the other way.
        drop(io::copy(&mut from_client, &mut to_server));
        drop(to_server.shutdown(Shutdown::Write));
    });
    let (mut server, mut client) = (server, client);
    let (mut buffer, mut seen) = (vec![0; 128 * 1024], Vec::new());
    loop {
        let count = server.read(&mut buffer)?;
        if count == 0 {
            return client.shutdown(Shutdown::Both);
        }
        seen.extend_from_slice(&buffer[..count]);
        let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.bytes += count as u64;
        sent.objects += objects(&mut seen);
        drop(sent);
        client.write_all(&buffer[..count])?;
    }
}

/// The objects of packs that begin in what was seen; keeps what could be the beginning of one.
fn objects(seen: &mut Vec<u8>) -> u64 {
    let whole = PACK.len() + 4;
    let mut found = 0;
    let mut at = 0;
    while at + whole <= seen.len() {
        let Some(next) = seen[at..].iter().position(|byte| *byte == PACK[0]) else {
            at = seen.len();
            break;
        };
        at += next;
        if at + whole > seen.len() {
            break;
        }
        if seen[at..].starts_with(PACK) {
            let number: [u8; 4] = [0, 1, 2, 3].map(|byte| seen[at + PACK.len() + byte]);
            found += u64::from(u32::from_be_bytes(number));
        }
        at += 1;
    }
    seen.drain(..at);
    found
}
