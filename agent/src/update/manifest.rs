//! The manifest: which version there is, and which file of it for which system.

use jiff::Timestamp;
use minisign_verify::{PublicKey, Signature};
use semver::Version;
use serde::Deserialize;

use super::UpdateError;

/// The largest file that is fetched, in bytes.
const MOST_BYTES: u64 = 1 << 30;
/// How many files a version has at most.
const MOST_FILES: usize = 64;
/// How many letters a name has at most.
const MOST_LETTERS: usize = 100;

/// What a release says of itself. Fields that are not known here are for others.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// The version.
    pub version: Version,
    /// When it was made.
    pub released_at: Timestamp,
    /// Until when this manifest may be believed.
    pub expires_at: Timestamp,
    /// One file a system.
    pub files: Vec<ManifestFile>,
}

/// An installer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ManifestFile {
    /// For which system, such as `windows-x86_64`.
    pub platform: String,
    /// What it is called beside the manifest.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

impl Manifest {
    /// What these bytes say, if the key has signed exactly them.
    ///
    /// # Errors
    /// If it has not, or they are no manifest.
    pub fn signed(bytes: &[u8], signature: &[u8], key: &PublicKey) -> Result<Self, UpdateError> {
        let refused = |error: minisign_verify::Error| UpdateError::Signature(error.to_string());
        let signature = std::str::from_utf8(signature)
            .map_err(|error| UpdateError::Signature(error.to_string()))?;
        let signature = Signature::decode(signature.trim_end()).map_err(refused)?;
        // Only the kind of signature that minisign makes today.
        key.verify(bytes, &signature, false).map_err(refused)?;
        let manifest: Manifest = serde_json::from_slice(bytes)
            .map_err(|error| UpdateError::Manifest(error.to_string()))?;
        manifest.check().map_err(UpdateError::Manifest)?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        if self.files.len() > MOST_FILES {
            return Err(format!(
                "it names {} files; allowed: at most {MOST_FILES}",
                self.files.len()
            ));
        }
        self.files.iter().try_for_each(ManifestFile::check)
    }
}

impl ManifestFile {
    fn check(&self) -> Result<(), String> {
        if !is_plain(&self.name) {
            return Err(format!(
                "a file is called {:?}; allowed: at most {MOST_LETTERS} of a-z, A-Z, 0-9, \".\", \"-\" and \"_\", first and \
                 last a letter or digit, no two dots in a row",
                self.name
            ));
        }
        if !(1..=MOST_BYTES).contains(&self.bytes) {
            return Err(format!(
                "{} has {} bytes; allowed: 1 to {MOST_BYTES}",
                self.name, self.bytes
            ));
        }
        let is_hash = hex::decode(&self.sha256).is_ok_and(|hash| hash.len() == 32);
        if !is_hash {
            return Err(format!(
                "{} has the sha256 {:?}; allowed: 64 hex digits",
                self.name, self.sha256
            ));
        }
        Ok(())
    }
}

/// Whether a name is one of a file in this folder, on any system.
pub fn is_plain(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    name.len() <= MOST_LETTERS
        && name.bytes().all(allowed)
        && ends(name.bytes().next())
        && ends(name.bytes().last())
        && !name.contains("..")
}
