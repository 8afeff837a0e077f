//! Background work of all replicas: each task is done by one of them at a time, and by another when that one is gone.

use std::time::Duration;

use idlewatt_store::{Engine, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use metrics::counter;
use tokio_util::sync::CancellationToken;

use crate::replica::Replica;

/// How long a replica has a task without renewing its claim: so long it takes until another does what a dead one did.
const CLAIM: Duration = Duration::from_secs(15);
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// Does tasks that are this replica's turn.
#[derive(Clone, Debug)]
pub struct Tasks {
    store: Store,
    replica: Replica,
}

impl Tasks {
    /// The tasks of a replica.
    pub fn new(store: Store, replica: Replica) -> Self {
        Tasks { store, replica }
    }

    /// Does a piece of work about every `every` on one of the replicas, until told to stop. What is begun is finished, unless the
    /// claim is lost: so the work itself must bear being broken off and done again.
    pub async fn every<W: Future<Output = ()>>(
        self,
        name: &'static str,
        every: Duration,
        shutdown: CancellationToken,
        mut work: impl FnMut() -> W,
    ) {
        let look = match self.store.engine() {
            Engine::Sqlite => every,
            Engine::Postgres => every.min(CLAIM),
        };
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(look) => {}
            }
            if let Err(error) = self.turn(name, every, &mut work).await {
                tracing::error!(task = name, %error, "a task could not be claimed; trying again");
            }
        }
    }

    /// Does the work if it is due and nobody else is at it; `false` if it was not done to its end.
    async fn turn<W: Future<Output = ()>>(
        &self,
        name: &'static str,
        every: Duration,
        work: &mut impl FnMut() -> W,
    ) -> Result<bool, StoreError> {
        if self.store.engine() == Engine::Sqlite {
            work().await;
            counter!("idlewatt_hub_task_runs_total", "task" => name).increment(1);
            return Ok(true);
        }
        let Some(claim) = self.replica.current() else {
            return Ok(false);
        };
        let Some(began) = self.claim(name, claim.number).await? else {
            return Ok(false);
        };
        let mut work = std::pin::pin!(work());
        let mut renew = tokio::time::interval(RENEW_EVERY);
        renew.tick().await;
        loop {
            tokio::select! {
                () = &mut work => break,
                _ = renew.tick() => {
                    if self.claim(name, claim.number).await?.is_none() {
                        tracing::warn!(task = name, "another replica has taken a task over");
                        return Ok(false);
                    }
                }
            }
        }
        // A little early, so that its own timer does not come just too soon.
        let due = later(began, every.mul_f32(0.9));
        counter!("idlewatt_hub_task_runs_total", "task" => name).increment(1);
        self.store.finish_task(name, claim.number, due).await?;
        Ok(true)
    }

    /// Takes or keeps a task; gives the time.
    async fn claim(&self, name: &str, number: u8) -> Result<Option<Timestamp>, StoreError> {
        let now = self.store.clock().await?;
        let claimed = self.store.claim_task(name, number, later(now, CLAIM), now);
        Ok(claimed.await?.then_some(now))
    }

    /// Whether a task that is never finished is this replica's: takes it, or keeps it. To be asked again every few seconds.
    ///
    /// # Errors
    /// If the database fails; then it is not.
    pub async fn hold(&self, name: &str) -> Result<bool, StoreError> {
        match (self.store.engine(), self.replica.current()) {
            (Engine::Sqlite, _) => Ok(true),
            (Engine::Postgres, None) => Ok(false),
            (Engine::Postgres, Some(claim)) => Ok(self.claim(name, claim.number).await?.is_some()),
        }
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use idlewatt_test_postgres::PostgresServer;
    use tokio::sync::Notify;

    use super::*;

    async fn replica(address: &str) -> Tasks {
        let store = Store::connect(address).await.expect("connects");
        let shutdown = CancellationToken::new();
        let (replica, _keeper) = Replica::claim(store.clone(), shutdown)
            .await
            .expect("a number");
        Tasks::new(store, replica)
    }

    #[tokio::test]
    async fn work_is_done_by_one_replica_and_by_another_after_its_death() {
        let server = PostgresServer::shared();
        let address = server.database();
        let (one, other) = (replica(&address).await, replica(&address).await);
        let minute = Duration::from_secs(60);
        let (begun, never) = (Notify::new(), AtomicU32::new(0));
        let mut endless = || async {
            begun.notify_one();
            std::future::pending().await
        };
        let mut quick = || async {
            never.fetch_add(1, Ordering::Relaxed);
        };
        // The first is in the middle of it: the other does nothing. Then the first dies.
        tokio::select! {
            _ = one.turn("settle", minute, &mut endless) => unreachable!("endless"),
            () = async {
                begun.notified().await;
                assert!(!other.turn("settle", minute, &mut quick).await.expect("looks"));
                assert!(other.turn("another", minute, &mut quick).await.expect("does"));
            } => {}
        }
        assert_eq!(never.load(Ordering::Relaxed), 1);
        let name = address.rsplit('/').next().expect("a name");
        let left = "SELECT claimed_until - extract(epoch FROM clock_timestamp()) * 1000 <= 15000 FROM tasks \
                    WHERE name = 'settle'";
        assert_eq!(
            server.execute(name, left),
            "t",
            "it is not kept from others for longer"
        );
        server.execute(
            name,
            "UPDATE tasks SET claimed_until = 1 WHERE name = 'settle'",
        );
        assert!(
            other
                .turn("settle", minute, &mut quick)
                .await
                .expect("does")
        );
        // Done: it is not due for either of them.
        assert!(
            !other
                .turn("settle", minute, &mut quick)
                .await
                .expect("looks")
        );
        assert!(!one.turn("settle", minute, &mut quick).await.expect("looks"));
        assert_eq!(never.load(Ordering::Relaxed), 2);

        assert!(one.hold("follow:node").await.expect("takes"));
        assert!(one.hold("follow:node").await.expect("keeps"));
        assert!(!other.hold("follow:node").await.expect("looks"));
    }
}
