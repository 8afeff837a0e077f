//! What was earned: always what the hub has credited, never an estimate.

pub mod days;
pub mod outlook;
pub mod projection;
pub mod told;

use std::sync::Arc;
use std::time::Duration;

use idlewatt_protocol::Money;
use idlewatt_screens::Words;
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use tokio::time::{Instant, sleep};

use crate::control::answers::Earned;
use crate::daemon::Daemon;
use crate::pool_account;
use crate::shares::Awaiting;

/// How often it is looked whether shares were accepted since.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often the hub is asked although none was: other devices and referrals earn too.
const ASK_EVERY: Duration = Duration::from_secs(300);

/// How often estimates are compared with what became of them.
const ESTIMATE_EVERY: Duration = Duration::from_secs(1_800);

/// Said where a pool is worked for.
pub const NO_HUB: &str = "a pool keeps its own books: see its pages";
/// Said before a hub knows this device.
pub const NOT_YET: &str = "this device is not known to a hub yet";

/// Asks the hub; where that fails, what it last said, with the reason.
pub async fn refresh(daemon: &Daemon) -> Earned {
    let access = daemon.board().hub.clone();
    let Some(hub) = access else {
        let note = if daemon.settings().pool.url.is_some() {
            NO_HUB
        } else {
            NOT_YET
        };
        return with_note(daemon, note).await;
    };
    match hub.earnings().await {
        Ok(earnings) => {
            let earned = Earned {
                this_device: earnings.this_device,
                other_devices: earnings.other_devices,
                referrals: earnings.referrals,
                total: earnings.total,
                wallet: earnings.wallet,
                today: today(daemon).await,
                awaiting: awaiting(daemon),
                as_of: Some(Timestamp::now()),
                pools: Vec::new(),
                outlook: None,
                note: None,
            };
            daemon.board().earned = earned.clone();
            earned
        }
        Err(error) => with_note(daemon, &error.to_string()).await,
    }
}

/// What the hub has verified and will credit with its next settlement.
pub fn awaiting(daemon: &Daemon) -> Awaiting {
    let submitter = daemon.board().submitter.clone();
    let status = submitter.map(|submitter| submitter.status().borrow().clone());
    status.map(|status| status.awaiting).unwrap_or_default()
}

async fn with_note(daemon: &Daemon, note: &str) -> Earned {
    let today = today(daemon).await;
    let (before, accounts) = {
        let board = daemon.board();
        (board.earned.clone(), board.pool_accounts.clone())
    };
    let pools = pool_account::in_order(&daemon.settings(), &accounts);
    Earned {
        note: Some(note.to_owned()),
        awaiting: awaiting(daemon),
        today,
        pools,
        ..before
    }
}

/// What was credited for the shares that were found since midnight, by the receipts of this device.
async fn today(daemon: &Daemon) -> Vec<Money> {
    let midnight = Zoned::now().start_of_day().map(|day| day.timestamp());
    let midnight = midnight.unwrap_or_else(|_| Timestamp::now());
    match daemon.receipts.credited_since(midnight).await {
        Ok(amounts) => amounts,
        Err(error) => {
            tracing::warn!(%error, "what was earned today cannot be told");
            Vec::new()
        }
    }
}

/// Amounts as people read them, without the zeros at their end; practice says that it is.
pub fn in_words(amounts: &[Money], words: Words) -> String {
    if amounts.is_empty() {
        return words.say("cli-nothing-yet");
    }
    let shown = amounts.iter().map(|money| {
        let amount = money.amount();
        let short = match amount.split_once('.') {
            Some(_) => amount.trim_end_matches('0').trim_end_matches('.'),
            None => &amount,
        };
        match money.asset.is_practice() {
            true => format!("{short} {} {}", money.asset, words.say("cli-not-money")),
            false => format!("{short} {}", money.asset),
        }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Looks after the estimates although nobody looks at them: how they came true is known only of those that were made.
pub async fn keep_estimating(daemon: Arc<Daemon>) {
    loop {
        sleep(ESTIMATE_EVERY).await;
        outlook::refresh(&daemon).await;
    }
}

/// Keeps what the status shows up to date.
pub async fn keep_current(daemon: Arc<Daemon>) {
    let mut asked: Option<(Instant, (u64, u64, Date))> = None;
    loop {
        // A share that was accepted, one that was made into money, and midnight each change what there is to tell.
        let now = (
            daemon.counts().accepted,
            awaiting(&daemon).shares,
            Zoned::now().date(),
        );
        let due = asked.is_none_or(|(when, then)| then != now || when.elapsed() >= ASK_EVERY);
        if due && refresh(&daemon).await.note.is_none() {
            asked = Some((Instant::now(), now));
        }
        sleep(LOOK_EVERY).await;
    }
}
