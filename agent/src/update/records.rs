//! What is kept about updates, in `update/` of the data directory. The installer reads and writes there too.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::manifest::Manifest;
use super::{RUNNING, UpdateError};
use crate::control::answers::UpdateState;
use crate::data_dir::{DataDir, DataDirError, Lock};

const SEEN: &str = "seen.json";
const CHECKED: &str = "checked.json";
const STAGED: &str = "staged.json";
const APPLYING: &str = "applying.json";
const HEALTHY: &str = "healthy.json";
const ROLLED_BACK: &str = "rolled-back.txt";
/// The folder of files that wait for their turn.
const FILES: &str = "staged";

/// The newest that was ever offered, so that nothing older is believed again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The newest manifest; `None` before the first.
    pub newest: Option<Newest>,
    /// Versions that were tried and put back: not tried again by themselves.
    #[serde(default)]
    pub failed: BTreeSet<Version>,
}

/// One manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// Its version.
    pub version: Version,
    /// When it was made.
    pub released_at: Timestamp,
}

impl Seen {
    /// Takes a manifest for the newest.
    ///
    /// # Errors
    /// If it is not: somebody shows an old one.
    pub fn take(&mut self, manifest: &Manifest) -> Result<(), UpdateError> {
        if let Some(newest) = &self.newest
            && (manifest.released_at < newest.released_at || manifest.version < newest.version)
        {
            return Err(UpdateError::Replayed {
                offered: manifest.version.clone(),
                offered_at: manifest.released_at,
                seen: newest.version.clone(),
                seen_at: newest.released_at,
            });
        }
        self.newest = Some(Newest {
            version: manifest.version.clone(),
            released_at: manifest.released_at,
        });
        Ok(())
    }
}

/// The last look for updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing newer.
    UpToDate,
    /// Something newer.
    Available {
        /// Which version.
        version: Version,
    },
    /// What came was refused.
    Refused {
        /// Why.
        reason: String,
    },
    /// Nothing came.
    Unreachable {
        /// Why.
        reason: String,
    },
}

/// A file that was fetched and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Its version.
    pub version: Version,
    /// What it is called.
    pub name: String,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Since when it waits.
    pub staged_at: Timestamp,
}

/// An installer that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applying {
    /// The version that ran.
    pub from: Version,
    /// The version that it installs.
    pub to: Version,
    /// When.
    pub started_at: Timestamp,
    /// The processors that were set aside already.
    #[serde(default)]
    pub set_aside: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
struct Healthy {
    version: Version,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Records {
    folder: DataDir,
}

impl Records {
    /// Of this agent.
    pub fn of(data: &DataDir) -> Records {
        Records {
            folder: data.below("update"),
        }
    }

    /// Keeps everybody else from updating, until the hold is dropped.
    ///
    /// # Errors
    /// If somebody else does, or the folder cannot be used.
    pub fn hold(&self) -> Result<Lock, UpdateError> {
        self.folder.lock().map_err(|error| match error {
            DataDirError::Taken { .. } => UpdateError::Busy,
            error => UpdateError::Data(error),
        })
    }

    /// Where fetched files are.
    pub fn files(&self) -> PathBuf {
        self.folder.file(FILES)
    }

    /// What was seen. One that cannot be read stops every update: what is old could not be told any more.
    ///
    /// # Errors
    /// If it cannot be read; so do all that follow, or if they cannot be written.
    pub fn seen(&self) -> Result<Seen, DataDirError> {
        Ok(self.folder.read(SEEN)?.unwrap_or_default())
    }

    /// Keeps what was seen.
    ///
    /// # Errors
    /// See above.
    pub fn keep_seen(&self, seen: &Seen) -> Result<(), DataDirError> {
        self.folder.write(SEEN, seen)
    }

    /// The last look.
    ///
    /// # Errors
    /// See above.
    pub fn checked(&self) -> Result<Option<Checked>, DataDirError> {
        self.folder.read(CHECKED)
    }

    /// Keeps the last look.
    ///
    /// # Errors
    /// See above.
    pub fn keep_checked(&self, checked: &Checked) -> Result<(), DataDirError> {
        self.folder.write(CHECKED, checked)
    }

    /// What waits for its turn. A record that says nothing is none: the file is fetched again.
    pub fn staged(&self) -> Option<Staged> {
        self.folder.read(STAGED).unwrap_or_else(|error| {
            tracing::warn!(%error, "what was fetched is not known any more");
            None
        })
    }

    /// Keeps what waits.
    ///
    /// # Errors
    /// See above.
    pub fn keep_staged(&self, staged: &Staged) -> Result<(), DataDirError> {
        self.folder.write(STAGED, staged)
    }

    /// Forgets what waits, and removes every file that does, also half ones.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn clear_staged(&self) -> Result<(), UpdateError> {
        self.folder.remove(STAGED)?;
        let files = self.files();
        match std::fs::remove_dir_all(&files) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(UpdateError::of_file(files)(error))
            }
            _ => Ok(()),
        }
    }

    /// The installer that was started last, until what came of it is known.
    pub fn applying(&self) -> Option<Applying> {
        self.folder.read(APPLYING).unwrap_or_else(|error| {
            tracing::warn!(%error, "which installer was started is not known any more");
            None
        })
    }

    /// Keeps which installer is started next, after everything that was said about the one before is removed.
    ///
    /// # Errors
    /// See above.
    pub fn begin(&self, applying: &Applying) -> Result<(), DataDirError> {
        // Or the installer would take an old word for the new version's.
        self.folder.remove(HEALTHY)?;
        self.folder.remove(ROLLED_BACK)?;
        self.folder.write(APPLYING, applying)
    }

    /// Forgets the installer that was started last.
    ///
    /// # Errors
    /// See above.
    pub fn end(&self) -> Result<(), DataDirError> {
        self.folder.remove(APPLYING)?;
        self.folder.remove(ROLLED_BACK)
    }

    /// Tells the installer that this version is well.
    ///
    /// # Errors
    /// See above.
    pub fn keep_healthy(&self, version: &Version) -> Result<(), DataDirError> {
        let version = version.clone();
        self.folder.write(HEALTHY, &Healthy { version })
    }

    /// What there is to tell of versions newer than this one. What cannot be read is not told: where it matters it is an
    /// error.
    pub fn state(&self) -> Option<UpdateState> {
        let running = Version::parse(RUNNING).ok()?;
        let failed = self.seen().unwrap_or_default().failed;
        let staged = self.staged().map(|staged| staged.version);
        let staged = staged.filter(|version| *version > running && !failed.contains(version));
        let failed = failed.into_iter().next_back();
        let state = UpdateState {
            staged: staged.map(|version| version.to_string()),
            failed: failed
                .filter(|version| *version > running)
                .map(|version| version.to_string()),
        };
        (state != UpdateState::default()).then_some(state)
    }

    /// The version that the installer has put back; `None` if it has put back none.
    pub fn rolled_back(&self) -> Option<Version> {
        let text = std::fs::read(self.folder.file(ROLLED_BACK)).ok()?;
        // Some installers begin a text with a mark for its encoding.
        let text = String::from_utf8_lossy(&text);
        Version::parse(text.trim_start_matches('\u{feff}').trim()).ok()
    }
}
