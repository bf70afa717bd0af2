//! The one TLS provider of the tree: rustls with ring.

/// Makes ring the provider of every TLS connection in this process. To be called first in every
/// `main`, and by every test that makes a client; calling it again changes nothing.
pub fn install() {
    // An error only says that a provider is there already. It is ours: no other is in the tree.
    drop(rustls::crypto::ring::default_provider().install_default());
}

#[cfg(test)]
mod tests {
    #[test]
    fn installing_twice_is_once() {
        super::install();
        super::install();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
