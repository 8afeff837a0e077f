//! Whether a new version is well, and what becomes of one that was not: the agent's half of what it and the installer say
//! to each other through files.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use semver::Version;

use super::apply::is_recent;
use super::records::{Applying, Records};
use super::{RUNNING, UpdateError};
use crate::control::answers::Status;
use crate::daemon::Daemon;
use crate::notifications::{self, News};

/// How long a new version has to run before it says that it is well.
const WELL_AFTER: Duration = Duration::from_secs(5);
/// How often, and how many times, it is tried to remove the installer that was run.
const TIDY_EVERY: Duration = Duration::from_secs(5);
const TIDY_TRIES: u32 = 24;
/// How long is waited for another process that updates.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// What the last installer has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Nothing to be said.
    Ordinary,
    /// This version, which is to say whether it is well.
    Fresh(Applying),
    /// It may still be at work.
    AtWork,
    /// The version before, as the new one was put back, or never came.
    PutBack(Version),
}

/// Looks what the last installer has left, and puts the records in order.
///
/// # Errors
/// If somebody else updates, or a record cannot be read or written.
pub fn look(records: &Records, running: &Version, now: Timestamp) -> Result<Start, UpdateError> {
    let _alone = records.hold()?;
    let rolled_back = records.rolled_back();
    let failed = match records.applying() {
        Some(applying) if applying.to == *running => return Ok(Start::Fresh(applying)),
        Some(applying) if applying.from == *running => {
            let is_put_back = rolled_back.as_ref() == Some(&applying.to);
            if !is_put_back && is_recent(&applying, now) {
                return Ok(Start::AtWork);
            }
            // Whatever it was that went wrong would go wrong again.
            Some(applying.to)
        }
        // The record of the start was lost on the way.
        None => rolled_back.filter(|version| version > running),
        // Another version was installed since, by hand.
        Some(_) => None,
    };
    let Some(failed) = failed else {
        records.end()?;
        clear_done(records, running)?;
        return Ok(Start::Ordinary);
    };
    // Known for good before anything else is forgotten: a kill in between leads here once more.
    let mut seen = records.seen()?;
    seen.failed.insert(failed.clone());
    records.keep_seen(&seen)?;
    records.clear_staged()?;
    records.end()?;
    Ok(Start::PutBack(failed))
}

/// Tells the installer that this version is well.
///
/// # Errors
/// If a record cannot be written.
pub fn say_well(records: &Records, running: &Version) -> Result<(), UpdateError> {
    records.keep_healthy(running)?;
    Ok(records.end()?)
}

/// Removes the installer that was run; one that waits to be run stays.
///
/// # Errors
/// If somebody else updates, or it is in use: Windows keeps it until the installer has ended.
pub fn tidy_up(records: &Records, running: &Version) -> Result<(), UpdateError> {
    let _alone = records.hold()?;
    clear_done(records, running)
}

fn clear_done(records: &Records, running: &Version) -> Result<(), UpdateError> {
    match records.staged() {
        Some(staged) if staged.version > *running => Ok(()),
        _ => records.clear_staged(),
    }
}

/// The same until it can be done. Where it cannot, the next start tries again.
async fn keep_tidying_up(daemon: &Daemon, records: &Records, running: &Version) {
    for _ in 0..TIDY_TRIES {
        match tidy_up(records, running) {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "the installer is still there"),
        }
        if daemon.wait_stopping(TIDY_EVERY).await {
            return;
        }
    }
}

/// The processors that are set aside, by their ids.
pub fn set_aside(status: &Status) -> BTreeSet<String> {
    let aside = status
        .processors
        .iter()
        .filter(|one| one.phase == "set_aside");
    aside.map(|one| one.id.clone()).collect()
}

/// Attends to what the last installer has left.
pub async fn attend(daemon: &Arc<Daemon>) {
    let records = Records::of(&daemon.data);
    let running = match Version::parse(RUNNING) {
        Ok(running) => running,
        Err(error) => return tracing::error!(%error, "this version has no number"),
    };
    let start = loop {
        match look(&records, &running, Timestamp::now()) {
            Err(UpdateError::Busy) if !daemon.wait_stopping(BUSY_FOR).await => {}
            Err(error) => return tracing::warn!(%error, "what the last update left is not known"),
            Ok(start) => break start,
        }
    };
    match start {
        Start::Ordinary | Start::AtWork => {}
        Start::PutBack(version) => {
            tracing::warn!(%version, "the update was put back");
            notifications::tell_of_update(daemon, &News::PutBack(version));
        }
        Start::Fresh(applying) => {
            if daemon.wait_stopping(WELL_AFTER).await {
                return;
            }
            let aside = set_aside(&daemon.status());
            let new: Vec<_> = aside.difference(&applying.set_aside).collect();
            if !new.is_empty() {
                return tracing::warn!(processors = ?new, "this version is not well: the one before did not set these aside");
            }
            match say_well(&records, &running) {
                Ok(()) => {
                    tracing::info!(from = %applying.from, to = %running, "updated");
                    notifications::tell_of_update(daemon, &News::Installed(running.clone()));
                    keep_tidying_up(daemon, &records, &running).await;
                }
                Err(error) => tracing::warn!(%error, "that this version is well cannot be said"),
            }
        }
    }
}
