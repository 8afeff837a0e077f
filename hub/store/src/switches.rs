//! What the operator has switched. Every replica reads it anew each time, so a switch works at once everywhere.

use idlewatt_protocol::Asset;
use jiff::Timestamp;

use crate::database::{Transaction, values};
use crate::{Store, StoreError};

/// The switch that stops payments.
const WITHDRAWALS: &str = "withdrawals";
/// What it says then.
const PAUSED: &str = "paused";

/// What the switch of an asset's wallet says from a restore until the wallet was asked.
const UNASKED: &str = "unasked";
const WALLET: &str = "SELECT value FROM switches WHERE name = 'wallet ' || $1";

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

    /// Notes that this database was made of a backup: payments stop until the operator lets them go on, and no withdrawal comes
    /// back to its account before the hub's wallet was asked whether it has paid it since.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_restored(&self, now: Timestamp) -> Result<(), StoreError> {
        self.pause_withdrawals(true, now).await?;
        for asset in Asset::ALL {
            self.note_wallet(asset, UNASKED, now).await?;
        }
        Ok(())
    }

    /// The asset's wallet was asked what it has paid since the backup, and it is noted here.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_wallet_asked(&self, asset: Asset, now: Timestamp) -> Result<(), StoreError> {
        self.note_wallet(asset, "asked", now).await
    }

    async fn note_wallet(
        &self,
        asset: Asset,
        value: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.pools
            .execute(
                "INSERT INTO switches (name, value, at) VALUES ('wallet ' || $1, $2, $3) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at",
                values![asset, value, now],
            )
            .await?;
        Ok(())
    }

    /// Whether the asset's wallet has still to be asked what it has paid since the backup that this database was made of.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn wallet_is_unasked(&self, asset: Asset) -> Result<bool, StoreError> {
        let row = self.pools.row(WALLET, values![asset]).await?;
        row.map_or(Ok(false), |row| Ok(row.get::<String>(0)? == UNASKED))
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

/// As [`Store::wallet_is_unasked`].
pub(crate) async fn unasked(
    transaction: &mut Transaction,
    asset: Asset,
) -> Result<bool, StoreError> {
    let row = transaction.row(WALLET, values![asset]).await?;
    row.map_or(Ok(false), |row| Ok(row.get::<String>(0)? == UNASKED))
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
