//! A TCP proxy in front of the broker whose connections can be cut, and that can be made to take none.

use std::net::SocketAddr;

use lapin::uri::AMQPUri;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Cuts are counted; each ends the connections that were made before it.
#[derive(Clone, Copy)]
struct State {
    cuts: u64,
    refusing: bool,
}

pub(crate) struct Proxy {
    /// The broker's URL through this proxy.
    pub(crate) url: String,
    state: watch::Sender<State>,
}

impl Proxy {
    pub(crate) async fn to(url: &str) -> Self {
        let mut uri: AMQPUri = url.parse().unwrap();
        let target = (uri.authority.host.clone(), uri.authority.port);
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        "127.0.0.1".clone_into(&mut uri.authority.host);
        uri.authority.port = listener.local_addr().unwrap().port();
        let state = watch::Sender::new(State { cuts: 0, refusing: false });
        let states = state.subscribe();
        tokio::spawn(async move {
            while let Ok((mut inside, _)) = listener.accept().await {
                let mut states = states.clone();
                let State { cuts, refusing } = *states.borrow_and_update();
                if refusing {
                    continue;
                }
                let target = target.clone();
                tokio::spawn(async move {
                    let mut outside = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ended = copy_bidirectional(&mut inside, &mut outside) => {}
                        _cut = states.wait_for(|state| state.cuts > cuts) => {}
                    }
                });
            }
        });
        Self { url: uri.to_string(), state }
    }

    /// Ends every connection.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    /// Whether new connections are ended at once.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.state.send_modify(|state| state.refusing = refusing);
    }
}
