//! Work that only one replica does at a time.

use jiff::Timestamp;

use crate::database::{Pools, values};
use crate::{Store, StoreError};

/// No claim is longer, and no task has to wait longer: a time further ahead was written by a clock that was wrong.
const LONGEST: i64 = 5 * 60 * 1_000;

impl Store {
    /// Takes a task that is due and that nobody else has, or keeps one that this replica has, until a time at most five minutes
    /// ahead. All times are by [`Store::clock`]. A task that was never heard of is due.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn claim_task(
        &self,
        name: &str,
        replica: u8,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.pools
            .execute(
                "INSERT INTO tasks (name, due_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                values![name, now],
            )
            .await?;
        // A task that another replica is just claiming is passed by instead of waited for.
        let sql = match self.pools {
            Pools::Sqlite { .. } => {
                "UPDATE tasks SET claimed_by = $2, claimed_until = $3 WHERE name = $1 AND \
                 (claimed_by = $2 OR ((due_at <= $4 OR due_at > $4 + $5) AND (claimed_until <= $4 OR claimed_until > $4 + $5)))"
            }
            Pools::Postgres(_) => {
                "UPDATE tasks SET claimed_by = $2, claimed_until = $3 WHERE name = \
                 (SELECT name FROM tasks WHERE name = $1 AND \
                 (claimed_by = $2 OR ((due_at <= $4 OR due_at > $4 + $5) AND (claimed_until <= $4 OR claimed_until > $4 + $5))) \
                 FOR UPDATE SKIP LOCKED)"
            }
        };
        let claimed = self
            .pools
            .execute(sql, values![name, i64::from(replica), until, now, LONGEST])
            .await?;
        Ok(claimed > 0)
    }

    /// Gives a task back; anybody may take it from `due` on, which is at most five minutes ahead. Does nothing if another replica has it meanwhile.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn finish_task(
        &self,
        name: &str,
        replica: u8,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        self.pools
            .execute(
                "UPDATE tasks SET claimed_by = NULL, claimed_until = 0, due_at = $3 \
                 WHERE name = $1 AND claimed_by = $2",
                values![name, i64::from(replica), due],
            )
            .await?;
        Ok(())
    }
}
