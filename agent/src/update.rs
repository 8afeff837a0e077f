//! The one download there is: the agent's own next version, signed.
//!
//! A manifest lies beside the installer files, with a minisign signature by the key that is compiled in. What it names is fetched,
//! checked, kept, and started while nobody is at the PC. The installer keeps the version before, and puts it back
//! where the new one does not say that it is well. `docs/update.md` has the whole of it.

use std::io;
use std::path::PathBuf;

use idlewatt_config::AgentSettings;
use jiff::Timestamp;
use minisign_verify::PublicKey;
use semver::Version;

use crate::data_dir::{DataDir, DataDirError};
use fetch::Place;
use manifest::{Manifest, ManifestFile};
use records::{Checked, Outcome, Records};

pub mod apply;
pub mod fetch;
pub mod health;
pub mod manifest;
pub mod records;
pub mod schedule;
pub mod stage;

/// The public key whose signature counts: the second line of the file that `minisign -G` writes. Said when it is built, and
/// by nothing later; `None`: this build never updates itself.
pub const KEY: Option<&str> = given(option_env!("IDLEWATT_UPDATE_KEY"));
/// The folder that holds the manifest where the settings name none.
const ADDRESS: Option<&str> = given(option_env!("IDLEWATT_UPDATE_URL"));
/// This version.
pub const RUNNING: &str = env!("CARGO_PKG_VERSION");

/// An empty variable is none.
const fn given(variable: Option<&'static str>) -> Option<&'static str> {
    match variable {
        Some(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// Why there is no update.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The build has no key.
    #[error("this build has no key to check updates with, and never updates itself")]
    NoKey,
    /// The build has something else for a key.
    #[error("the key that this build has is no public key of minisign: {0}")]
    BadKey(String),
    /// Nobody said where updates are.
    #[error("it is not known where updates are; allowed in update.url: https://HOST/FOLDER")]
    NoAddress,
    /// Not an address that updates may come from.
    #[error(
        "updates cannot come from {0}; allowed: https://HOST/FOLDER, and http:// for this PC alone"
    )]
    Address(String),
    /// There was no answer, or not all of it.
    #[error("{address} cannot be fetched: {reason}")]
    Unreachable {
        /// What.
        address: String,
        /// Why.
        reason: String,
    },
    /// The answer was another than the file.
    #[error("{address} cannot be fetched: the server answers with {status}")]
    Status {
        /// What.
        address: String,
        /// Its code.
        status: u16,
    },
    /// It was to be fetched from somebody else.
    #[error("refused: {address} sends elsewhere, to {to}")]
    Redirected {
        /// What.
        address: String,
        /// Where to.
        to: String,
    },
    /// More came than there is to be.
    #[error("refused: {name} is larger than {limit} bytes")]
    TooLarge {
        /// What.
        name: String,
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// Not signed, or not by whom it should be, or changed since.
    #[error("refused: the manifest's signature does not hold: {0}")]
    Signature(String),
    /// Signed, and not as it should be.
    #[error("refused: the manifest is wrong: {0}")]
    Manifest(String),
    /// Signed, and too old.
    #[error("refused: the manifest was good until {0}")]
    Expired(Timestamp),
    /// Older than what runs.
    #[error("refused: {offered} is offered, and {running} runs, which is newer")]
    Downgrade {
        /// The version offered.
        offered: Version,
        /// The version that runs.
        running: Version,
    },
    /// Older than what was offered before.
    #[error(
        "refused: this manifest, {offered} of {offered_at}, is older than one seen before, {seen} of {seen_at}"
    )]
    Replayed {
        /// The version offered.
        offered: Version,
        /// When it is from.
        offered_at: Timestamp,
        /// The newest seen.
        seen: Version,
        /// When that is from.
        seen_at: Timestamp,
    },
    /// Nothing for this system.
    #[error("refused: {version} has no file for {platform}; it has some for: {offered}")]
    OtherPlatform {
        /// The version offered.
        version: Version,
        /// This system.
        platform: String,
        /// Those that there are files for.
        offered: String,
    },
    /// Fewer bytes came than the manifest names, or other ones.
    #[error("refused: {name} is not the file that was signed: {reason}")]
    OtherFile {
        /// Which one.
        name: String,
        /// In what it differs.
        reason: String,
    },
    /// It was tried, and did not come up.
    #[error("{0} was tried and put back; `idlewatt update --again` tries it once more")]
    FailedBefore(Version),
    /// Somebody else is at it.
    #[error("another idlewatt is updating with this data directory at this moment")]
    Busy,
    /// An installer is at work.
    #[error("the installer of {0} is at work")]
    Applying(String),
    /// The installer does not start.
    #[error("the installer {} cannot be started: {source}", path.display())]
    Start {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record.
    #[error(transparent)]
    Data(#[from] DataDirError),
}

impl UpdateError {
    /// A file that cannot be read or written.
    fn of_file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> UpdateError {
        let path = path.into();
        move |source| UpdateError::File { path, source }
    }

    /// Whether it may go well in an hour: what was fetched was not refused, it did not come.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            UpdateError::Unreachable { .. } | UpdateError::Status { .. } | UpdateError::Busy
        )
    }
}

/// What a manifest that holds offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// What runs already.
    UpToDate,
    /// Something newer.
    Newer(Offer),
}

/// A newer version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Which one.
    pub version: Version,
    /// Whether it was tried here and put back.
    pub failed_before: bool,
    files: Vec<ManifestFile>,
}

/// Where updates are looked for, under these settings; `None` where nobody says.
pub fn address(settings: &AgentSettings) -> Option<String> {
    settings
        .update
        .url
        .as_deref()
        .or(ADDRESS)
        .map(str::to_owned)
}

/// What is needed to look for updates.
#[derive(Clone)]
pub struct Updater {
    records: Records,
    key: PublicKey,
    place: Place,
    running: Version,
    platform: String,
}

impl Updater {
    /// Of this build, under these settings.
    ///
    /// # Errors
    /// If the build has no key, or nobody says where updates are.
    pub fn of_this_build(data: &DataDir, settings: &AgentSettings) -> Result<Self, UpdateError> {
        let address = address(settings);
        let address = address.as_deref();
        let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        Updater::new(data, KEY, address, RUNNING, &platform)
    }

    /// Of another: for tests, which have a key of their own.
    ///
    /// # Errors
    /// If there is no key, or no address.
    pub fn new(
        data: &DataDir,
        key: Option<&str>,
        address: Option<&str>,
        running: &str,
        platform: &str,
    ) -> Result<Self, UpdateError> {
        let key = key.ok_or(UpdateError::NoKey)?;
        let key = PublicKey::from_base64(key.trim())
            .map_err(|error| UpdateError::BadKey(error.to_string()))?;
        Ok(Updater {
            records: Records::of(data),
            key,
            place: Place::parse(address.ok_or(UpdateError::NoAddress)?)?,
            running: Version::parse(running)
                .map_err(|error| UpdateError::Manifest(error.to_string()))?,
            platform: platform.to_owned(),
        })
    }

    /// What is kept about updates.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Fetches the manifest and judges it. What came of it is kept for whoever wants to see it.
    ///
    /// # Errors
    /// If it cannot be fetched, or is refused.
    pub async fn check(&self) -> Result<Found, UpdateError> {
        let _alone = self.records.hold()?;
        let found = self.judge().await;
        let outcome = match &found {
            Ok(Found::UpToDate) => Outcome::UpToDate,
            Ok(Found::Newer(offer)) => Outcome::Available {
                version: offer.version.clone(),
            },
            Err(error) if error.is_passing() => Outcome::Unreachable {
                reason: error.to_string(),
            },
            Err(error) => Outcome::Refused {
                reason: error.to_string(),
            },
        };
        self.records.keep_checked(&Checked {
            at: Timestamp::now(),
            outcome,
        })?;
        found
    }

    async fn judge(&self) -> Result<Found, UpdateError> {
        let bytes = self.place.manifest().await?;
        let signature = self.place.signature().await?;
        let manifest = Manifest::signed(&bytes, &signature, &self.key)?;
        if manifest.expires_at <= Timestamp::now() {
            return Err(UpdateError::Expired(manifest.expires_at));
        }
        let mut seen = self.records.seen()?;
        seen.take(&manifest)?;
        self.records.keep_seen(&seen)?;
        if manifest.version < self.running {
            return Err(UpdateError::Downgrade {
                offered: manifest.version,
                running: self.running.clone(),
            });
        }
        if manifest.version == self.running {
            return Ok(Found::UpToDate);
        }
        Ok(Found::Newer(Offer {
            failed_before: seen.failed.contains(&manifest.version),
            version: manifest.version,
            files: manifest.files,
        }))
    }

    /// Fetches the file of a version for this system, and keeps it. `told` hears how many bytes of how many came.
    ///
    /// # Errors
    /// If the version was tried and put back, has no file for this system, or the file that comes is another.
    pub async fn stage(
        &self,
        offer: &Offer,
        told: impl FnMut(u64, u64),
    ) -> Result<records::Staged, UpdateError> {
        if offer.failed_before {
            return Err(UpdateError::FailedBefore(offer.version.clone()));
        }
        let of_here = |file: &&ManifestFile| file.platform == self.platform;
        let Some(file) = offer.files.iter().find(of_here) else {
            let offered: Vec<&str> = offer
                .files
                .iter()
                .map(|one| one.platform.as_str())
                .collect();
            return Err(UpdateError::OtherPlatform {
                version: offer.version.clone(),
                platform: self.platform.clone(),
                offered: offered.join(", "),
            });
        };
        let _alone = self.records.hold()?;
        stage::stage(&self.records, &self.place, &offer.version, file, told).await
    }

    /// Forgets that a version was tried and put back: the owner wants it tried once more.
    ///
    /// # Errors
    /// If that cannot be kept.
    pub fn again(&self, offer: &mut Offer) -> Result<(), UpdateError> {
        let _alone = self.records.hold()?;
        let mut seen = self.records.seen()?;
        seen.failed.retain(|failed| *failed != offer.version);
        self.records.keep_seen(&seen)?;
        offer.failed_before = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
