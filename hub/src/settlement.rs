//! Settles what was mined, every minute and once more when the hub ends; releases what is old enough to the wallets; closes
//! finished days.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idlewatt_protocol::Asset;
use idlewatt_store::{Engine, Store};
use jiff::{SignedDuration, Timestamp};
use metrics::{counter, histogram};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::settings::EarningsSettings;
use crate::tasks::Tasks;

/// How often it is looked whether a day is over.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked whether something can be released while no shares come: what is held is held for hours.
const IDLE: Duration = Duration::from_secs(300);

/// Settles, releases and closes until told to stop, each on one replica at a time.
pub async fn run(
    tasks: Tasks,
    store: Store,
    earnings: EarningsSettings,
    shutdown: CancellationToken,
) {
    let every = Duration::from_secs(earnings.settle_every);
    let alone = store.engine() == Engine::Sqlite;
    let idle = AtomicBool::new(false);
    let settle = async || {
        // A hub inside an agent that pauses leaves the disk and the processor alone.
        if alone && idle.load(Ordering::Relaxed) {
            tokio::select! {
                () = store.shares_written() => {}
                () = tokio::time::sleep(IDLE) => {}
                () = shutdown.cancelled() => return,
            }
        }
        let done = settle(&store, &earnings).await;
        idle.store(!done, Ordering::Relaxed);
    };
    let settling = tasks
        .clone()
        .every("settle", every, shutdown.clone(), &settle);
    // On its own, as a long day must not hold up settlements.
    let close = || close_days(&store);
    let closing = async {
        // Whoever was off at midnight does not wait: two hubs that do it at once do no harm.
        close().await;
        tasks
            .every("close-day", LOOK_EVERY, shutdown.clone(), close)
            .await;
    };
    tokio::join!(settling, closing);
}

/// Settles and releases once; `false` if there was nothing to do. What cannot be settled now is with the next settlement.
pub async fn settle(store: &Store, earnings: &EarningsSettings) -> bool {
    let (began, now) = (Instant::now(), Timestamp::now());
    let outcome = match store.settle(&earnings.terms(), now).await {
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
    let mut done = outcome != "nothing";
    histogram!("idlewatt_hub_settlement_seconds").record(began.elapsed());
    counter!("idlewatt_hub_settlements_total", "outcome" => outcome).increment(1);
    for asset in Asset::ALL {
        let after = SignedDuration::from_secs(earnings.release_after.of(asset) as i64);
        let Ok(until) = now.checked_sub(after) else {
            continue;
        };
        match store.release(asset, until, now).await {
            Ok(0) => {}
            Ok(released) => {
                done = true;
                tracing::debug!(%asset, released, "earnings released to wallets");
            }
            Err(error) => {
                done = true;
                tracing::error!(%asset, %error, "earnings could not be released; trying again");
            }
        }
    }
    done
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
