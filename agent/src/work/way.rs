//! How a server is reached: whose certificates count, and which proxy is in between.

use std::io;
use std::path::Path;

use idlewatt_stratum::address::Address;
use idlewatt_tls::{FingerprintError, Trust, TrustError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Proxy;

/// What lines travel over, with TLS or without.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

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
    /// As the settings say: the certificates of a file, or those with fingerprints (after commas), or those that the system
    /// trusts; and the address of a proxy.
    ///
    /// # Errors
    /// If file or fingerprint are none.
    pub fn of(
        file: Option<&Path>,
        fingerprints: Option<&str>,
        proxy: Option<&str>,
    ) -> Result<Self, WayError> {
        Ok(Way {
            trust: match fingerprints {
                Some(fingerprints) => {
                    let each = fingerprints.split(',').map(str::parse);
                    Trust::pinned(&each.collect::<Result<Vec<_>, _>>()?)?
                }
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

    /// The same, with TLS where its address says so.
    pub(crate) async fn wire(&self, server: &Address) -> io::Result<Box<dyn Wire>> {
        let stream = self.open(server).await?;
        // Shares are single small lines: waiting to fill a packet would only make them late.
        stream.set_nodelay(true)?;
        Ok(match server.tls {
            false => Box::new(stream),
            true => Box::new(self.trust.connect(&server.host, stream).await?),
        })
    }
}
