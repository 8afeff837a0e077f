//! A certificate known by its SHA-256 fingerprint: for servers that sign their own.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The SHA-256 of a certificate as it is sent (DER), as `openssl x509 -fingerprint -sha256` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// No fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no fingerprint; allowed: 64 hexadecimal digits, with or without colons between pairs"
)]
pub struct FingerprintError(String);

impl Fingerprint {
    /// Of a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Self {
        Fingerprint(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || FingerprintError(text.to_owned());
        let digits: String = text
            .trim()
            .chars()
            .filter(|character| *character != ':')
            .collect();
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = &digits[2 * index..2 * index + 2];
            *byte = u8::from_str_radix(pair, 16).map_err(|_| refuse())?;
        }
        Ok(Fingerprint(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(formatter, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// Connections that take these certificates alone.
pub(crate) fn config(
    fingerprints: &[Fingerprint],
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, rustls::Error> {
    let known = Known {
        fingerprints: fingerprints.to_vec(),
        seen: Mutex::default(),
        provider,
    };
    verified_by(Arc::new(known))
}

fn verified_by(known: Arc<Known>) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(&known.provider))
        .with_safe_default_protocol_versions()?
        .dangerous();
    Ok(builder
        .with_custom_certificate_verifier(known)
        .with_no_client_auth())
}

/// The fingerprint of the certificate that a server shows, whoever it is; `None` if it shows none. Nothing is trusted: the
/// connection ends before anything is said.
pub async fn look(host: &str, stream: TcpStream) -> Option<Fingerprint> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(name.to_owned()).ok()?;
    let nobody = Arc::new(Known {
        fingerprints: Vec::new(),
        seen: Mutex::default(),
        provider: crate::provider(),
    });
    let config = verified_by(Arc::clone(&nobody)).ok()?;
    let refused = TlsConnector::from(Arc::new(config)).connect(name, stream);
    // It always is: no certificate is known.
    drop(refused.await);
    *nobody.seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Known {
    fingerprints: Vec<Fingerprint>,
    /// The last that was shown.
    seen: Mutex<Option<Fingerprint>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The server proves with the handshake's signature that it has this certificate's key.
        let found = Fingerprint::of(end_entity);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        if self.fingerprints.contains(&found) {
            return Ok(ServerCertVerified::assertion());
        }
        let set: Vec<String> = self.fingerprints.iter().map(ToString::to_string).collect();
        Err(rustls::Error::General(format!(
            "its certificate has the fingerprint {found}, and not one that is set: {}",
            set.join(", ")
        )))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_as_openssl_writes_it() {
        // The SHA-256 of nothing, as every table has it.
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let read: Fingerprint = nothing.parse().expect("good");
        assert_eq!(read, Fingerprint::of(b""));
        let written = read.to_string();
        assert!(written.starts_with("E3:B0:C4:42:"), "{written}");
        assert_eq!(written.parse(), Ok(read));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        let long = "0".repeat(65);
        let foreign = format!("{}é", "0".repeat(62));
        for text in ["", "abc", &long, &foreign, &"g".repeat(64)] {
            let told = text.parse::<Fingerprint>().expect_err(text).to_string();
            assert!(told.contains("64 hexadecimal digits"), "{told}");
        }
    }
}
