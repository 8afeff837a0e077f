//! Which of the hubs on one database this is. Its number is the first part of every extranonce, so that no two hubs let anybody
//! hash the same; a hub that cannot be sure of its number gives no work.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_store::{Engine, Store, StoreError};
use metrics::gauge;
use rand::RngExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often a hub says that it still runs.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// How soon it tries again when that failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long the database may take for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// After so long without an answer it gives no work, well before anybody else may take its number.
const SURE_FOR: Duration = Duration::from_secs(40);
const _: () =
    assert!(SURE_FOR.as_secs() + ANSWER_WITHIN.as_secs() < Store::NUMBER_FREE_AFTER.as_secs());

/// The only hub of a SQLite file.
const ALONE: u8 = 0;

/// A number that is this hub's until it is lost.
#[derive(Debug)]
pub struct Claim {
    /// The number.
    pub number: u8,
    lost: CancellationToken,
}

impl Claim {
    fn new(number: u8, lost: CancellationToken) -> Arc<Self> {
        Arc::new(Claim { number, lost })
    }

    /// Ends when the number is not this hub's any more, or the hub ends: nobody may work with it then.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }
}

/// What this hub is among the others.
#[derive(Clone, Debug)]
pub struct Replica {
    store: Store,
    name: Arc<str>,
    current: watch::Receiver<Option<Arc<Claim>>>,
}

/// Keeps the number; to be run.
#[derive(Debug)]
pub struct Keeper {
    store: Store,
    name: Arc<str>,
    current: watch::Sender<Option<Arc<Claim>>>,
    shutdown: CancellationToken,
    number: u8,
    /// When the database last said that the number is ours, or rather just before.
    sure_at: Instant,
}

/// Why a hub has no number.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// There are too many.
    #[error(
        "256 hubs run on this database, more are not possible; a hub that was killed counts for a minute"
    )]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Replica {
    /// Takes a number, and gives what has to run to keep it. Until `shutdown`, nothing else ends its claim than losing it.
    ///
    /// # Errors
    /// If there is none, or the database fails.
    pub async fn claim(
        store: Store,
        shutdown: CancellationToken,
    ) -> Result<(Self, Keeper), ReplicaError> {
        let name: Arc<str> = format!("{:016x}", rand::rng().random::<u64>()).into();
        let sure_at = Instant::now();
        let number = match store.engine() {
            Engine::Sqlite => ALONE,
            Engine::Postgres => {
                let now = store.clock().await?;
                let number = store.claim_replica(&name, now).await?;
                number.ok_or(ReplicaError::TooMany)?
            }
        };
        let claim = Claim::new(number, shutdown.child_token());
        gauge!("idlewatt_hub_replica_number").set(f64::from(number));
        let (current, receiver) = watch::channel(Some(claim));
        let replica = Replica {
            store: store.clone(),
            name: Arc::clone(&name),
            current: receiver,
        };
        let keeper = Keeper {
            store,
            name,
            current,
            shutdown,
            number,
            sure_at,
        };
        Ok((replica, keeper))
    }

    /// Its claim at present; `None` while it has none, and must not give work.
    pub fn current(&self) -> Option<Arc<Claim>> {
        self.current.borrow().clone()
    }

    /// Gives the number back, when nobody works with it any more.
    pub async fn release(self) {
        if let (Engine::Postgres, Some(claim)) = (self.store.engine(), self.current())
            && let Err(error) = self.store.release_replica(claim.number, &self.name).await
        {
            tracing::warn!(%error, "the replica number was not given back; it is free in a minute");
        }
    }
}

impl Keeper {
    /// Renews the claim until the hub ends.
    pub async fn run(mut self) {
        if self.store.engine() == Engine::Sqlite {
            self.shutdown.cancelled().await;
            return;
        }
        let mut wait = RENEW_EVERY;
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = match self.renew().await {
                Ok(()) => RENEW_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "the replica number could not be renewed; trying again");
                    if self.sure_at.elapsed() >= SURE_FOR {
                        self.stop("the database has not confirmed the replica number for too long");
                    }
                    RETRY_AFTER
                }
            };
        }
    }

    async fn renew(&mut self) -> Result<(), ReplicaError> {
        let asked_at = Instant::now();
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.ask()).await;
        let number = answer.map_err(|_| StoreError::Slow(ANSWER_WITHIN))??;
        if number != self.number {
            self.stop("the replica number has become another hub's");
        }
        self.number = number;
        self.sure_at = asked_at;
        if self.current.borrow().is_none() {
            tracing::info!(number, "this hub gives work with this replica number");
            gauge!("idlewatt_hub_replica_number").set(f64::from(number));
            let lost = self.shutdown.child_token();
            self.current.send_replace(Some(Claim::new(number, lost)));
        }
        Ok(())
    }

    /// The old number if it is still ours, or another.
    async fn ask(&self) -> Result<u8, ReplicaError> {
        let now = self.store.clock().await?;
        if self
            .store
            .keep_replica(self.number, &self.name, now)
            .await?
        {
            return Ok(self.number);
        }
        let number = self.store.claim_replica(&self.name, now).await?;
        number.ok_or(ReplicaError::TooMany)
    }

    fn stop(&self, reason: &str) {
        if let Some(claim) = self.current.send_replace(None) {
            tracing::error!(
                number = claim.number,
                "{reason}: giving no work until there is one"
            );
            gauge!("idlewatt_hub_replica_number").set(-1.0);
            claim.lost.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_test_postgres::PostgresServer;

    use super::*;

    #[tokio::test]
    async fn a_hub_whose_number_was_taken_ends_its_sessions_and_gets_another() {
        let address = PostgresServer::shared().database();
        let store = Store::connect(&address).await.expect("connects");
        let shutdown = CancellationToken::new();
        let (replica, mut keeper) = Replica::claim(store.clone(), shutdown.clone())
            .await
            .expect("a number");
        let first = replica.current().expect("a claim");
        keeper.renew().await.expect("renewed");
        assert!(Arc::ptr_eq(&first, &replica.current().expect("kept")));

        store
            .release_replica(first.number, &replica.name)
            .await
            .expect("gone");
        let now = store.clock().await.expect("reads");
        while store.claim_replica("others", now).await.expect("claims") != Some(first.number) {}
        // Others have taken all numbers up to and with this one: it stops, and has one again when there is one.
        let renewed = keeper.renew().await;
        if renewed.is_err() {
            keeper.stop("in a test");
            for number in 0..=255 {
                store
                    .release_replica(number, "others")
                    .await
                    .expect("given back");
            }
            keeper.renew().await.expect("there is one again");
        }
        let second = replica.current().expect("a claim");
        assert!(first.lost().is_cancelled());
        assert!(!second.lost().is_cancelled());
        shutdown.cancel();
        assert!(
            second.lost().is_cancelled(),
            "a hub that ends gives no work either"
        );
        replica.release().await;
        assert!(
            !store
                .keep_replica(second.number, &keeper.name, now)
                .await
                .expect("looks")
        );
    }

    #[tokio::test]
    async fn a_database_that_does_not_answer_stops_the_work_but_the_number_stays() {
        let server = PostgresServer::start();
        let store = Store::connect(&server.database()).await.expect("connects");
        let (replica, mut keeper) = Replica::claim(store, CancellationToken::new())
            .await
            .expect("a number");
        let first = replica.current().expect("a claim");
        server.kill();
        keeper.renew().await.expect_err("nobody answers");
        assert!(!first.lost().is_cancelled(), "it is sure for a while");
        keeper.stop("in a test");
        assert!(first.lost().is_cancelled() && replica.current().is_none());
        server.resume();
        while keeper.renew().await.is_err() {}
        assert_eq!(replica.current().expect("again").number, first.number);
    }

    #[tokio::test]
    async fn the_hub_of_a_file_has_its_number_at_once_and_for_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("hub.sqlite"))
            .await
            .expect("opens");
        let shutdown = CancellationToken::new();
        let (replica, keeper) = Replica::claim(store, shutdown.clone())
            .await
            .expect("a number");
        assert_eq!(replica.current().expect("a claim").number, ALONE);
        shutdown.cancel();
        keeper.run().await;
    }
}
