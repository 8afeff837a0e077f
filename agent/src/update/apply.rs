//! Starting the installer of a staged version. What it does with the program's folder is its own business; what this
//! agent is asked for afterwards is in [`health`](super::health).

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use super::UpdateError;
use super::records::{Applying, Records, Staged};
use super::stage;

/// Whether the agent can do this here: elsewhere the program is updated by what installed it.
pub const POSSIBLE: bool = cfg!(windows);

/// An installer that was started longer ago than this is not at work any more.
pub const INSTALLER_LIMIT: SignedDuration = SignedDuration::from_mins(15);

/// Starts the installer of a staged version with `launch`, which is told where it is and which folder it is to install to.
///
/// # Errors
/// If an installer is at work already, the file is not the one any more that was fetched, or it does not start.
pub fn start(
    records: &Records,
    staged: &Staged,
    running: &Version,
    set_aside: BTreeSet<String>,
    folder: &Path,
    launch: impl FnOnce(&Path, &Path) -> io::Result<()>,
) -> Result<(), UpdateError> {
    let _alone = records.hold()?;
    let now = Timestamp::now();
    if let Some(applying) = records.applying()
        && is_recent(&applying, now)
    {
        return Err(UpdateError::Applying(applying.to.to_string()));
    }
    if staged.version <= *running {
        return Err(UpdateError::Downgrade {
            offered: staged.version.clone(),
            running: running.clone(),
        });
    }
    // Held open until it runs: what was hashed is what is started.
    let opened = stage::open(records, staged);
    let (path, file) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            records.clear_staged()?;
            return Err(error);
        }
    };
    records.begin(&Applying {
        from: running.clone(),
        to: staged.version.clone(),
        started_at: now,
        set_aside,
    })?;
    tracing::info!(from = %running, to = %staged.version, "the installer is started");
    let launched = launch(&path, folder);
    drop(file);
    launched.map_err(|source| {
        // Nothing was started: there is nothing to wait for.
        if let Err(error) = records.end() {
            tracing::warn!(%error, "the start of the installer is still on record");
        }
        UpdateError::Start { path, source }
    })
}

/// Whether the installer may still be at work.
pub fn is_recent(applying: &Applying, now: Timestamp) -> bool {
    let ago = now.duration_since(applying.started_at);
    // One from the future is from before the clock was set.
    ago >= SignedDuration::ZERO && ago < INSTALLER_LIMIT
}

/// Starts an installer that outlives this process, without a window of its own.
///
/// # Errors
/// If it does not start, or this is no system where it could.
pub fn launch(installer: &Path, folder: &Path) -> io::Result<()> {
    #[cfg(windows)]
    {
        use std::ffi::OsString;
        use std::os::windows::process::CommandExt;
        use std::process::{Command, Stdio};

        /// `DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP`.
        const DETACHED: u32 = 0x0000_0008 | 0x0000_0200;
        let mut into = OsString::from("/D=");
        into.push(folder);
        Command::new(installer)
            .arg("/S")
            .arg("/UPDATE")
            // As the installer wants it: last, and without quotes around it whatever is in it.
            .raw_arg(into)
            // Not the program's folder: what a process is in cannot be replaced.
            .current_dir(installer.parent().unwrap_or(installer))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .creation_flags(DETACHED)
            .spawn()
            .map(drop)
    }
    #[cfg(not(windows))]
    {
        let _ = (installer, folder);
        Err(io::ErrorKind::Unsupported.into())
    }
}
