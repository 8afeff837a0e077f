//! Whose certificates are trusted: those that the system trusts, those of one file, or the one with a fingerprint.

#![forbid(unsafe_code)]

mod fingerprint;

pub use fingerprint::{Fingerprint, FingerprintError, look};

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why certificates of a file cannot be trusted.
#[derive(Debug, thiserror::Error)]
#[error(
    "ca_file \"{path}\": {reason}; it must be a file with at least one certificate in PEM form (-----BEGIN CERTIFICATE-----)"
)]
pub struct TrustError {
    path: String,
    reason: String,
}

/// What a TLS connection trusts. Clones share it.
#[derive(Clone, Default)]
pub struct Trust {
    /// `None`: what the system trusts.
    own: Option<Arc<ClientConfig>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.own {
            Some(_) => "Trust(the owner's choice)",
            None => "Trust(the system)",
        })
    }
}

impl Trust {
    /// What the system trusts, or with a file the certificates in it and nothing else: those of authorities, and
    /// servers' own, which are good whatever name they carry.
    ///
    /// # Errors
    /// If the file cannot be read or holds no certificate.
    pub fn load(file: Option<&Path>) -> Result<Trust, TrustError> {
        let config = file.map(of_file).transpose()?;
        Ok(Trust {
            own: config.map(Arc::new),
        })
    }

    /// The certificates with these fingerprints, whatever names they carry and whoever signed them, for as long as a
    /// server has them.
    ///
    /// # Errors
    /// If TLS cannot be set up at all.
    pub fn pinned(fingerprints: &[Fingerprint]) -> io::Result<Trust> {
        let config = fingerprint::config(fingerprints, provider()).map_err(io::Error::other)?;
        Ok(Trust {
            own: Some(Arc::new(config)),
        })
    }

    /// The settings for connections where the owner has chosen whom to trust; `None` where the system decides.
    pub fn own(&self) -> Option<&ClientConfig> {
        self.own.as_deref()
    }

    /// Speaks TLS over a connection to a host, as it is written before a port.
    ///
    /// # Errors
    /// If the host cannot be in a certificate, the server speaks no TLS, or its certificate is not trusted.
    pub async fn connect(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let config = match &self.own {
            Some(config) => Arc::clone(config),
            None => of_system().map_err(io::Error::other)?,
        };
        TlsConnector::from(config).connect(name, stream).await
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Read once: a system has hundreds of certificates.
fn of_system() -> Result<Arc<ClientConfig>, rustls::Error> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}

fn of_file(path: &Path) -> Result<ClientConfig, TrustError> {
    let refuse = |reason: String| TrustError {
        path: path.display().to_string(),
        reason,
    };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<CertificateDer<'static>> =
        read.map_err(|error| refuse(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        let added = roots.add(certificate.clone());
        added.map_err(|error| refuse(error.to_string()))?;
    }
    let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let pinned = Pinned {
        authorities: authorities
            .build()
            .map_err(|error| refuse(error.to_string()))?,
        certificates,
    };
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    Ok(config)
}

/// Trusts the very certificates it was given, and those that they vouch for as authorities do.
#[derive(Debug)]
struct Pinned {
    certificates: Vec<CertificateDer<'static>>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The server proves with the handshake's signature that it has this certificate's key.
        if self.certificates.iter().any(|known| known == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        self.authorities.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("hub.pem");
        let refused = |path: &Path| Trust::load(Some(path)).expect_err("refused").to_string();
        assert!(refused(&path).contains("hub.pem"));
        std::fs::write(&path, "no certificate").expect("written");
        let told = refused(&path);
        assert!(
            told.contains("hub.pem") && told.contains("BEGIN CERTIFICATE"),
            "{told}"
        );
        assert!(Trust::load(None).expect("the system").own().is_none());
    }
}
