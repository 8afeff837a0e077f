//! The hubs that run on this database. Each has a number of its own, the first part of every extranonce it gives out.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::seq::IndexedRandom;

use crate::database::{Pools, values};
use crate::{Store, StoreError};

impl Store {
    /// For so long after a hub was last seen its number is nobody else's.
    pub const NUMBER_FREE_AFTER: Duration = Duration::from_secs(60);

    /// The time by the clock that all replicas share: the PostgreSQL server's, or this machine's.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn clock(&self) -> Result<Timestamp, StoreError> {
        let Pools::Postgres(_) = self.pools else {
            return Ok(Timestamp::now());
        };
        let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
        let row = self.pools.row(sql, values![]).await?;
        row.ok_or(sqlx::Error::RowNotFound)?.time(0)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// If it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.pools.row("SELECT 1", values![]).await.map(drop)
    }

    /// Takes a number that no running hub has; `None` if all 256 are taken. The name tells this run of the hub from every other.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn claim_replica(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<u8>, StoreError> {
        loop {
            let rows = self
                .pools
                .rows(
                    "SELECT number FROM replicas WHERE seen_at > $1 AND seen_at < $2",
                    values![dead_before(now), wrong_from(now)],
                )
                .await?;
            let mut taken = [false; 256];
            for row in rows {
                if let Ok(number) = usize::try_from(row.get::<i64>(0)?)
                    && let Some(taken) = taken.get_mut(number)
                {
                    *taken = true;
                }
            }
            // Any of them: so a number rarely comes back soon after its hub was lost.
            let free: Vec<u8> = (0..=255)
                .filter(|number| !taken[usize::from(*number)])
                .collect();
            let Some(number) = free.choose(&mut rand::rng()).copied() else {
                return Ok(None);
            };
            let claimed = self
                .pools
                .execute(
                    "INSERT INTO replicas (number, name, seen_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (number) DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at \
                     WHERE replicas.seen_at <= $4 OR replicas.seen_at >= $5",
                    values![
                        i64::from(number),
                        name,
                        now,
                        dead_before(now),
                        wrong_from(now)
                    ],
                )
                .await?;
            if claimed > 0 {
                return Ok(Some(number));
            }
        }
    }

    /// Says that a hub still runs. `false`: its number is not its own any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_replica(
        &self,
        number: u8,
        name: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let kept = self
            .pools
            .execute(
                "UPDATE replicas SET seen_at = $3 WHERE number = $1 AND name = $2",
                values![i64::from(number), name, now],
            )
            .await?;
        Ok(kept > 0)
    }

    /// Gives a number back.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release_replica(&self, number: u8, name: &str) -> Result<(), StoreError> {
        self.pools
            .execute(
                "DELETE FROM replicas WHERE number = $1 AND name = $2",
                values![i64::from(number), name],
            )
            .await?;
        Ok(())
    }

    /// The name of a hub that runs on this database, or was killed within the last minute.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn running_hub(&self) -> Result<Option<String>, StoreError> {
        let now = self.clock().await?;
        let row = self
            .pools
            .row(
                "SELECT name FROM replicas WHERE seen_at > $1 AND seen_at < $2 LIMIT 1",
                values![dead_before(now), wrong_from(now)],
            )
            .await?;
        row.map(|row| row.get(0)).transpose()
    }
}

/// From here on a time is one that a clock set wrong has left behind.
fn wrong_from(now: Timestamp) -> Timestamp {
    let ahead = SignedDuration::try_from(Store::NUMBER_FREE_AFTER).unwrap_or_default();
    now.checked_add(ahead).unwrap_or(Timestamp::MAX)
}

fn dead_before(now: Timestamp) -> Timestamp {
    let free_after = SignedDuration::try_from(Store::NUMBER_FREE_AFTER).unwrap_or_default();
    now.checked_sub(free_after).unwrap_or(Timestamp::MIN)
}
