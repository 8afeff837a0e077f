//! How a server is reached: whose certificates count, and which proxy is in between.

use std::io;
use std::path::Path;

use idlewatt_stratum::address::Address;
use idlewatt_tls::{FingerprintError, Trust, TrustError};
use tokio::net::TcpStream;

use super::Proxy;

/// How a server is reached, be it a hub's or a pool's. Clones share what it holds.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// Whose certificates count, where TLS is spoken.
    pub trust: Trust,
    /// The proxy in between; `None`: straight.
    pub proxy: Option<Proxy>,
}

/// Why nobody can be reached as the settings say.
#[derive(Debug, thiserror::Error)]
pub enum WayError {
    /// Certificates that cannot be trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// What is set as a fingerprint is none.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
    /// TLS cannot be set up at all.
    #[error(transparent)]
    Tls(#[from] io::Error),
}

impl Way {
    /// As the settings say: the certificates of a file, or the one with a fingerprint, or those that the system trusts;
    /// and the address of a proxy.
    ///
    /// # Errors
    /// If file or fingerprint are none.
    pub fn of(
        file: Option<&Path>,
        fingerprint: Option<&str>,
        proxy: Option<&str>,
    ) -> Result<Self, WayError> {
        Ok(Way {
            trust: match fingerprint {
                Some(fingerprint) => Trust::pinned(fingerprint.parse()?)?,
                None => Trust::load(file)?,
            },
            proxy: proxy.map(Proxy::new),
        })
    }

    /// A connection to a server, without TLS as yet.
    ///
    /// # Errors
    /// If it, or the proxy, cannot be reached.
    pub async fn open(&self, server: &Address) -> io::Result<TcpStream> {
        match &self.proxy {
            Some(proxy) => proxy.connect(server).await,
            None => TcpStream::connect(server.authority()).await,
        }
    }
}
