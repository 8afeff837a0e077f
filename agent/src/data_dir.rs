//! The directory in which the agent keeps everything: opened by one agent at a time, written durably.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can go wrong with the data directory or a file in it.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The system names no home directory.
    #[error("this system names no directory for data; say one with --data-dir")]
    NoDefault,
    /// It cannot be made or written to.
    #[error("the data directory {} cannot be used: {source}; say another with --data-dir", path.display())]
    Unusable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another agent has it.
    #[error("another idlewatt runs with the data directory {}; stop it with `idlewatt stop`, or say another with --data-dir", path.display())]
    Taken {
        /// Which one.
        path: PathBuf,
    },
    /// One file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One file does not hold what it should.
    #[error("{} is damaged ({reason}); move it away to start without it", path.display())]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The directory.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
}

/// Held by the one agent that runs with a directory; given back when dropped or when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl DataDir {
    /// The directory asked for, or the one that the system has for data of this program. Nothing is touched.
    ///
    /// # Errors
    /// If none is asked for and the system names none.
    pub fn locate(asked: Option<PathBuf>) -> Result<Self, DataDirError> {
        let path = match asked {
            Some(path) => path,
            None => directories::ProjectDirs::from("", "", "idlewatt")
                .ok_or(DataDirError::NoDefault)?
                .data_local_dir()
                .to_owned(),
        };
        Ok(DataDir { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file in it is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A directory in it, with records and a lock of its own.
    pub fn below(&self, name: &str) -> DataDir {
        DataDir {
            path: self.file(name),
        }
    }

    /// Makes the directory if need be, for this user alone.
    ///
    /// # Errors
    /// If it cannot be made, or is not a directory.
    pub fn create(&self) -> Result<(), DataDirError> {
        create_private(&self.path).map_err(|source| self.unusable(source))
    }

    /// Makes the directory if need be and takes it for this process.
    ///
    /// # Errors
    /// If it cannot be written to, or another agent has it.
    pub fn lock(&self) -> Result<Lock, DataDirError> {
        self.create()?;
        let file = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(self.file("lock"))
            .map_err(|source| self.unusable(source))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::Taken {
                path: self.path.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(self.unusable(source)),
        }
    }

    /// Reads a JSON file; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or holds something else.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DataDirError> {
        let path = self.file(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(DataDirError::File { path, source }),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| DataDirError::Damaged {
                path,
                reason: error.to_string(),
            })
    }

    /// Writes a JSON file for this user alone: after a crash at any moment the file is the old one or the new one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), DataDirError> {
        let path = self.file(name);
        let mut text = serde_json::to_vec_pretty(value)
            .map_err(io::Error::from)
            .map_err(|source| DataDirError::File {
                path: path.clone(),
                source,
            })?;
        text.push(b'\n');
        replace(&path, &text).map_err(|source| DataDirError::File { path, source })
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// If it is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), DataDirError> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(DataDirError::File { path, source })
            }
            _ => Ok(()),
        }
    }

    fn unusable(&self, source: io::Error) -> DataDirError {
        DataDirError::Unusable {
            path: self.path.clone(),
            source,
        }
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// On Unix only this user may read the file; on Windows the directory in the user's profile sees to that.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Writes beside the file, to the disk, then over it: after a crash at any moment it is the old one or the new one.
///
/// # Errors
/// If it cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = private(OpenOptions::new().create(true).truncate(true).write(true))
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The first error is the one worth telling.
        let _ = fs::remove_file(&beside);
        return written;
    }
    // A rename is on the disk only once its directory is; Windows has no such call and needs none.
    #[cfg(unix)]
    if let Some(parent) = path.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, DataDir) {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::locate(Some(parent.path().join("a/b"))).expect("named");
        data.create().expect("made");
        (parent, data)
    }

    #[test]
    fn what_is_written_reads_back_and_leaves_nothing_beside() {
        let (_parent, data) = directory();
        assert_eq!(data.read::<Vec<u8>>("x.json").expect("none yet"), None);
        data.write("x.json", &vec![1u8, 2]).expect("written");
        data.write("x.json", &vec![3u8]).expect("written again");
        assert_eq!(data.read("x.json").expect("read"), Some(vec![3u8]));
        let names = fs::read_dir(data.path()).expect("listed").count();
        assert_eq!(names, 1);
        data.remove("x.json").expect("removed");
        data.remove("x.json").expect("nothing to remove is fine");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_parent, data) = directory();
        data.write("secret.json", &"x").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&data.file("secret.json")), 0o600);
        assert_eq!(mode(data.path()), 0o700);
    }

    #[test]
    fn a_damaged_file_is_named_and_kept() {
        let (_parent, data) = directory();
        fs::write(data.file("x.json"), "{").expect("written");
        let error = data.read::<u8>("x.json").expect_err("no JSON").to_string();
        assert!(error.contains("x.json is damaged"), "{error}");
        assert!(data.file("x.json").exists());
    }

    #[test]
    fn two_cannot_have_it() {
        let (_parent, data) = directory();
        let lock = data.lock().expect("free");
        assert!(matches!(data.lock(), Err(DataDirError::Taken { .. })));
        drop(lock);
        data.lock().expect("free again");
    }

    #[test]
    fn a_file_in_its_place_is_an_error_that_names_it() {
        let (_parent, data) = directory();
        fs::write(data.file("file"), "").expect("written");
        let inside = DataDir::locate(Some(data.file("file"))).expect("named");
        let error = inside.lock().expect_err("a file").to_string();
        assert!(error.contains("--data-dir"), "{error}");
    }
}
