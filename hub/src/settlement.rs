//! Settles what was mined: every minute, and once more when the hub ends.

use std::time::Duration;

use idlewatt_store::Store;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::settings::EarningsSettings;

/// Settles until told to stop.
pub async fn run(store: Store, earnings: EarningsSettings, shutdown: CancellationToken) {
    let every = Duration::from_secs(earnings.settle_every);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(every) => settle(&store, &earnings).await,
        }
    }
}

/// Settles once. What cannot be settled now is with the next settlement.
pub async fn settle(store: &Store, earnings: &EarningsSettings) {
    match store.settle(&earnings.terms(), Timestamp::now()).await {
        Ok(settled) => tracing::debug!(?settled, "shares settled"),
        Err(error) => tracing::error!(%error, "shares could not be settled; trying again"),
    }
}
