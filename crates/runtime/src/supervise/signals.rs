//! The signals that ask a process to stop.

use std::fmt;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// A signal that asks a process to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, from Ctrl-C.
    Interrupt,
    /// SIGTERM, from who manages the process.
    Terminate,
}

impl Signal {
    /// The exit code of a process that ends at once for this signal: 128 and its number.
    pub const fn exit_code(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// The signals of this process from now on; their default of ending it is off from then.
pub(super) fn listen() -> mpsc::Receiver<Signal> {
    let (sender, receiver) = mpsc::channel(4);
    for (kind, name) in
        [(SignalKind::interrupt(), Signal::Interrupt), (SignalKind::terminate(), Signal::Terminate)]
    {
        let sender = sender.clone();
        match signal(kind) {
            Ok(mut stream) => {
                tokio::spawn(async move {
                    while stream.recv().await.is_some() && sender.send(name).await.is_ok() {}
                });
            }
            Err(error) => tracing::error!(%error, signal = %name, "cannot listen for a signal"),
        }
    }
    receiver
}
