//! What was earned: always what the hub has credited, never an estimate.

pub mod projection;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::control::answers::Earned;
use crate::daemon::Daemon;
use crate::shares::Awaiting;

/// How often it is looked whether shares were accepted since.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often the hub is asked although none was: other devices and referrals earn too.
const ASK_EVERY: Duration = Duration::from_secs(300);

const NO_HUB: &str = "a pool keeps its own books: see its pages";
const NOT_YET: &str = "this device is not known to a hub yet";

/// Asks the hub; where that fails, what it last said, with the reason.
pub async fn refresh(daemon: &Daemon) -> Earned {
    let access = daemon.board().hub.clone();
    let Some(hub) = access else {
        let note = if daemon.settings().pool.url.is_some() {
            NO_HUB
        } else {
            NOT_YET
        };
        return with_note(daemon, note);
    };
    match hub.earnings().await {
        Ok(earnings) => {
            let earned = Earned {
                this_device: earnings.this_device,
                other_devices: earnings.other_devices,
                referrals: earnings.referrals,
                total: earnings.total,
                wallet: earnings.wallet,
                awaiting: awaiting(daemon),
                as_of: Some(Timestamp::now()),
                note: None,
            };
            daemon.board().earned = earned.clone();
            earned
        }
        Err(error) => with_note(daemon, &error.to_string()),
    }
}

/// What the hub has verified and will credit with its next settlement.
pub fn awaiting(daemon: &Daemon) -> Awaiting {
    let submitter = daemon.board().submitter.clone();
    let status = submitter.map(|submitter| submitter.status().borrow().clone());
    status.map(|status| status.awaiting).unwrap_or_default()
}

fn with_note(daemon: &Daemon, note: &str) -> Earned {
    Earned {
        note: Some(note.to_owned()),
        awaiting: awaiting(daemon),
        ..daemon.board().earned.clone()
    }
}

/// Keeps what the status shows up to date.
pub async fn keep_current(daemon: Arc<Daemon>) {
    let mut asked: Option<(Instant, (u64, u64))> = None;
    loop {
        // A share that was accepted, and one that was made into money, each change what there is to tell.
        let now = (daemon.counts().accepted, awaiting(&daemon).shares);
        let due = asked.is_none_or(|(when, then)| then != now || when.elapsed() >= ASK_EVERY);
        if due && refresh(&daemon).await.note.is_none() {
            asked = Some((Instant::now(), now));
        }
        sleep(LOOK_EVERY).await;
    }
}
