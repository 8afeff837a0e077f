//! The certificate for TLS.

use std::path::PathBuf;

use serde::Deserialize;

/// Files in PEM. They are read again when they change, so that a renewed certificate needs no restart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate, then those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}
