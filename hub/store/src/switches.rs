//! What the operator has switched. Every replica reads it anew each time, so a switch works at once everywhere.

use jiff::Timestamp;

use crate::database::{Transaction, values};
use crate::{Store, StoreError};

/// The switch that stops payments.
const WITHDRAWALS: &str = "withdrawals";
/// What it says then.
const PAUSED: &str = "paused";

impl Store {
    /// Stops payments, or lets them go on. What the network already has is still watched.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn pause_withdrawals(&self, pause: bool, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.pools.begin().await?;
        // Not between a payment's last look at the switch and its being recorded.
        transaction.lock_books().await?;
        let value = if pause { PAUSED } else { "running" };
        transaction
            .execute(
                "INSERT INTO switches (name, value, at) VALUES ($1, $2, $3) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
                values![WITHDRAWALS, value, now],
            )
            .await?;
        transaction.commit().await
    }

    /// Whether payments are stopped.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn withdrawals_paused(&self) -> Result<bool, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT value FROM switches WHERE name = $1",
                values![WITHDRAWALS],
            )
            .await?;
        row.map_or(Ok(false), |row| Ok(row.get::<String>(0)? == PAUSED))
    }
}

pub(crate) async fn paused(transaction: &mut Transaction) -> Result<bool, StoreError> {
    let row = transaction
        .row(
            "SELECT value FROM switches WHERE name = $1",
            values![WITHDRAWALS],
        )
        .await?;
    row.map_or(Ok(false), |row| Ok(row.get::<String>(0)? == PAUSED))
}
