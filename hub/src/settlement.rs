//! Settles what was mined: every minute, and once more when the hub ends.

use std::time::Duration;

use idlewatt_store::Store;
use jiff::Timestamp;
use metrics::{counter, histogram};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::settings::EarningsSettings;
use crate::tasks::Tasks;

/// Settles until told to stop, on one replica at a time.
pub async fn run(
    tasks: Tasks,
    store: Store,
    earnings: EarningsSettings,
    shutdown: CancellationToken,
) {
    let every = Duration::from_secs(earnings.settle_every);
    let settle = || settle(&store, &earnings);
    tasks.every("settle", every, shutdown, settle).await;
}

/// Settles once. What cannot be settled now is with the next settlement.
pub async fn settle(store: &Store, earnings: &EarningsSettings) {
    let began = Instant::now();
    let outcome = match store.settle(&earnings.terms(), Timestamp::now()).await {
        Ok(settled) => {
            tracing::debug!(?settled, "shares settled");
            counter!("idlewatt_hub_settled_shares_total").increment(settled.shares);
            settled.settlement.map_or("nothing", |_| "settled")
        }
        Err(error) => {
            tracing::error!(%error, "shares could not be settled; trying again");
            "failed"
        }
    };
    histogram!("idlewatt_hub_settlement_seconds").record(began.elapsed());
    counter!("idlewatt_hub_settlements_total", "outcome" => outcome).increment(1);
}
