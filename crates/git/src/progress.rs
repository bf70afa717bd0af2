//! How far a fetch has come.

/// What has been done so far, always counted from the start of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Bytes received from the network, or read from a plain directory.
    pub bytes: u64,
    /// Objects taken in, or files of a plain directory.
    pub objects: u64,
    /// Objects in all, once the other side has said so.
    pub total_objects: Option<u64>,
}

/// Told about the progress of a fetch, several times a second and from another thread.
pub trait Progress: Sync {
    /// This much is done.
    fn received(&self, received: Received);
}

/// Nobody wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn received(&self, _: Received) {}
}

impl<F: Fn(Received) + Sync> Progress for F {
    fn received(&self, received: Received) {
        self(received);
    }
}
