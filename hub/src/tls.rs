//! TLS for whatever listens. The certificate's files are read again when they change and on SIGHUP; sessions that are open
//! stay on what they began with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::settings::TlsSettings;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM.
    #[error("cannot use {} (setting tls.{setting}): {source}; a PEM file is needed", path.display())]
    File {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The files are no pair, or of a kind that is not known.
    #[error("cannot use the certificate {} with the key {}: {source}", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}

/// Takes TLS connections with the newest certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.certificate.fmt(f)
    }
}

/// The certificate in use.
#[derive(Debug)]
struct Certificate {
    files: TlsSettings,
    newest: RwLock<Arc<CertifiedKey>>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// If they are no certificate and its key; says which and why.
    pub fn new(files: &TlsSettings) -> Result<Self, TlsError> {
        let certificate = Arc::new(Certificate {
            newest: RwLock::new(Arc::new(read(files)?)),
            files: files.clone(),
        });
        let provider = Arc::new(ring::default_provider());
        let versions = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| pair(files, source))?;
        let config = versions
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as _);
        Ok(Tls {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate,
        })
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// If the client does not speak TLS, or goes away.
    pub async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Reads the files again. What cannot be used leaves the old certificate in use.
    ///
    /// # Errors
    /// As [`Tls::new`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(read(&self.certificate.files)?);
        let newest = self.certificate.newest.write();
        *newest.unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Reads the files again whenever they change, and on SIGHUP. Never ends.
    pub async fn follow(self) {
        let changed = || {
            let TlsSettings { certificate, key } = &self.certificate.files;
            [certificate, key].map(|path| modified(path))
        };
        let mut seen = changed();
        let mut hang_up = HangUp::new();
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                () = hang_up.received() => true,
            };
            let now = changed();
            if !asked && now == seen {
                continue;
            }
            match self.reload() {
                Ok(()) => tracing::info!("the TLS certificate was read again"),
                Err(error) => tracing::error!(%error, "the old TLS certificate stays in use"),
            }
            seen = now;
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let newest = self.newest.read();
        Some(Arc::clone(&newest.unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(files: &TlsSettings) -> Result<CertifiedKey, TlsError> {
    let file = |setting, path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::File {
            setting,
            path,
            source,
        }
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(file("certificate", &files.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(file("key", &files.key))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|source| pair(files, source))
}

fn pair(files: &TlsSettings, source: rustls::Error) -> TlsError {
    TlsError::Pair {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|data| data.modified())
        .ok()
}

/// The signal by which services are told to read their files again.
struct HangUp {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl HangUp {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let signal = signal(SignalKind::hangup()).ok();
        HangUp { signal }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        HangUp {}
    }

    async fn received(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
