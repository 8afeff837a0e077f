//! Settles what was mined, every minute and once more when the hub ends; releases what is old enough to the wallets; closes
//! finished days.

use std::time::Duration;

use idlewatt_protocol::Asset;
use idlewatt_store::Store;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::settings::EarningsSettings;

/// How often it is looked whether a day is over.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Settles, releases and closes until told to stop. Several hubs on one database may do so at once.
pub async fn run(store: Store, earnings: EarningsSettings, shutdown: CancellationToken) {
    let every = Duration::from_secs(earnings.settle_every);
    let settling = async {
        while !waited(&shutdown, every).await {
            settle(&store, &earnings).await;
        }
    };
    // On its own, as a long day must not hold up settlements.
    let closing = async {
        loop {
            close_days(&store).await;
            if waited(&shutdown, LOOK_EVERY).await {
                return;
            }
        }
    };
    // A closing that is broken off was never begun: it is written in one piece.
    tokio::select! {
        () = settling => {}
        () = closing => {}
    }
}

/// Whether it is to stop.
async fn waited(shutdown: &CancellationToken, pause: Duration) -> bool {
    tokio::time::timeout(pause, shutdown.cancelled())
        .await
        .is_ok()
}

/// Settles and releases once. What cannot be settled now is with the next settlement.
pub async fn settle(store: &Store, earnings: &EarningsSettings) {
    let now = Timestamp::now();
    match store.settle(&earnings.terms(), now).await {
        Ok(settled) => {
            tracing::debug!(?settled, "shares settled");
        }
        Err(error) => tracing::error!(%error, "shares could not be settled; trying again"),
    }
    for asset in Asset::ALL {
        let after = SignedDuration::from_secs(earnings.release_after.of(asset) as i64);
        let Ok(until) = now.checked_sub(after) else {
            continue;
        };
        match store.release(asset, until, now).await {
            Ok(0) => {}
            Ok(released) => tracing::debug!(%asset, released, "earnings released to wallets"),
            Err(error) => {
                tracing::error!(%asset, %error, "earnings could not be released; trying again");
            }
        }
    }
}

/// Closes all days that are over.
pub async fn close_days(store: &Store) {
    loop {
        match store.close_day(Timestamp::now()).await {
            Ok(Some(closing)) => tracing::info!(
                number = closing.number,
                day = closing.day,
                hash = closing.hash,
                "day closed"
            ),
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "a day could not be closed; trying again");
                return;
            }
        }
    }
}
