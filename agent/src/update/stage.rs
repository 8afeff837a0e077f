//! Fetching a file and keeping it: hashed on the way, on the disk before it has its name, and recorded last. What was
//! interrupted anywhere begins anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use semver::Version;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::UpdateError;
use super::fetch::Place;
use super::manifest::{ManifestFile, is_plain};
use super::records::{Records, Staged};

/// Fetches a file, unless it is there already.
pub async fn stage(
    records: &Records,
    place: &Place,
    version: &Version,
    file: &ManifestFile,
    mut told: impl FnMut(u64, u64),
) -> Result<Staged, UpdateError> {
    if let Some(staged) = records.staged()
        && staged.version == *version
        && staged.name == file.name
        && staged.bytes == file.bytes
        && staged.sha256.eq_ignore_ascii_case(&file.sha256)
        && open(records, &staged).is_ok()
    {
        return Ok(staged);
    }
    records.clear_staged()?;
    let folder = records.files();
    fs::create_dir_all(&folder).map_err(UpdateError::of_file(&folder))?;
    let part = folder.join(format!("{}.part", file.name));
    let fetched = fetch(place, file, &part, &mut told).await;
    let target = folder.join(&file.name);
    let kept = fetched.and_then(|()| {
        fs::rename(&part, &target).map_err(UpdateError::of_file(&target))?;
        flush_folder(&folder).map_err(UpdateError::of_file(&folder))
    });
    if let Err(error) = kept {
        // The first error is the one worth telling.
        let _ = records.clear_staged();
        return Err(error);
    }
    let staged = Staged {
        version: version.clone(),
        name: file.name.clone(),
        sha256: file.sha256.to_ascii_lowercase(),
        bytes: file.bytes,
        staged_at: Timestamp::now(),
    };
    records.keep_staged(&staged)?;
    Ok(staged)
}

async fn fetch(
    place: &Place,
    file: &ManifestFile,
    part: &Path,
    told: &mut impl FnMut(u64, u64),
) -> Result<(), UpdateError> {
    let mut body = place.open(&file.name, file.bytes).await?;
    if let Some(announced) = body.announced {
        whole(&file.name, file.bytes, announced)?;
    }
    let mut written = tokio::fs::File::create(part)
        .await
        .map_err(UpdateError::of_file(part))?;
    let mut hash = Sha256::new();
    let mut length = 0;
    while let Some(chunk) = body.next().await? {
        hash.update(&chunk);
        length += chunk.len() as u64;
        written
            .write_all(&chunk)
            .await
            .map_err(UpdateError::of_file(part))?;
        told(length, file.bytes);
    }
    whole(&file.name, file.bytes, length)?;
    same(&file.name, &file.sha256, hash)?;
    written.sync_all().await.map_err(UpdateError::of_file(part))
}

/// The path of a staged file, and the file itself, hashed again. As long as it is open nobody can change it on Windows.
///
/// # Errors
/// If it is not there any more, or is another than was fetched.
pub fn open(records: &Records, staged: &Staged) -> Result<(PathBuf, File), UpdateError> {
    if !is_plain(&staged.name) {
        return Err(UpdateError::OtherFile {
            name: staged.name.clone(),
            reason: "its record was changed".to_owned(),
        });
    }
    let path = records.files().join(&staged.name);
    let mut file = unshared(OpenOptions::new().read(true))
        .open(&path)
        .map_err(UpdateError::of_file(&path))?;
    let mut hash = Sha256::new();
    let length = hashed(&mut file, &mut hash).map_err(UpdateError::of_file(&path))?;
    whole(&staged.name, staged.bytes, length)?;
    same(&staged.name, &staged.sha256, hash)?;
    Ok((path, file))
}

fn hashed(file: &mut File, hash: &mut Sha256) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(length),
            count => {
                hash.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
}

fn whole(name: &str, expected: u64, length: u64) -> Result<(), UpdateError> {
    if length == expected {
        return Ok(());
    }
    Err(UpdateError::OtherFile {
        name: name.to_owned(),
        reason: format!("it has {length} bytes, and should have {expected}"),
    })
}

fn same(name: &str, expected: &str, hash: Sha256) -> Result<(), UpdateError> {
    let hash = hex::encode(hash.finalize());
    if hash.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(UpdateError::OtherFile {
        name: name.to_owned(),
        reason: format!("its sha256 is {hash}, and should be {expected}"),
    })
}

/// Others may read it meanwhile, and run it: not write or remove it.
fn unshared(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(windows)]
    {
        /// `FILE_SHARE_READ`.
        const SHARE_READ: u32 = 1;
        std::os::windows::fs::OpenOptionsExt::share_mode(options, SHARE_READ);
    }
    options
}

/// A rename is on the disk only once its folder is; Windows has no such call and needs none.
fn flush_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(windows)]
    let _ = folder;
    Ok(())
}
