//! What is remembered of a hub's closings: the chain that was verified, and those that the hub has others for since.

use std::collections::BTreeMap;

use idlewatt_protocol::Asset;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::closings::ClosedDay;
use super::{Receipts, ReceiptsError};

/// The newest so many changes are told.
const TOLD: u32 = 100;

/// Closings that were verified once and that the hub did not have any more later. That is so after it was restored from a
/// backup, and if it rewrites its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingsChange {
    /// When this device noticed.
    pub noticed_at: Timestamp,
    /// The first of them, as it was.
    pub first: ClosedDay,
    /// The last of them, as it was.
    pub last: ClosedDay,
    /// The hash of what the hub had in the place of the first, in hex; `None` if nothing.
    pub now: Option<String>,
    /// Whether as many were made anew since, and this device's shares and earnings in them agree with its receipts.
    pub verified_again: bool,
}

/// A closing that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub number: i64,
    pub day: String,
    pub hash: String,
    pub last_settlement: i64,
}

impl Receipts {
    /// The last closing of the chain that is verified.
    pub(super) async fn verified_closing(
        &self,
        source: &str,
    ) -> Result<Option<Verified>, ReceiptsError> {
        let row = sqlx::query(
            "SELECT number, day, hash, last_settlement FROM verified_closings WHERE source = ?
             ORDER BY number DESC LIMIT 1",
        )
        .bind(source)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Verified {
                number: row.try_get("number")?,
                day: row.try_get("day")?,
                hash: row.try_get("hash")?,
                last_settlement: row.try_get("last_settlement")?,
            })
        })
        .transpose()
    }

    /// The hashes of the verified chain by number.
    pub(super) async fn verified_hashes(
        &self,
        source: &str,
    ) -> Result<BTreeMap<i64, String>, ReceiptsError> {
        let rows = sqlx::query("SELECT number, hash FROM verified_closings WHERE source = ?")
            .bind(source)
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("number")?, row.try_get("hash")?)))
            .collect()
    }

    /// What this device had earned by the last verified closing.
    pub(super) async fn closing_balances(
        &self,
        source: &str,
    ) -> Result<BTreeMap<Asset, i128>, ReceiptsError> {
        // SQLite takes the other columns from the row with the maximum.
        let rows = sqlx::query(
            "SELECT asset, atomic, max(number) FROM verified_balances WHERE source = ? GROUP BY asset",
        )
        .bind(source)
        .fetch_all(&self.pool)
        .await?;
        let mut balances = BTreeMap::new();
        for row in rows {
            let (asset, atomic): (String, String) = (row.try_get("asset")?, row.try_get("atomic")?);
            // What cannot be read was never verified.
            if let (Ok(asset), Ok(atomic)) = (asset.parse(), atomic.parse()) {
                balances.insert(asset, atomic);
            }
        }
        Ok(balances)
    }

    pub(super) async fn remember_closing(
        &self,
        source: &str,
        verified: &Verified,
        balances: &BTreeMap<Asset, i128>,
    ) -> Result<(), ReceiptsError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "INSERT INTO verified_closings (source, number, day, hash, last_settlement) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(source)
        .bind(verified.number)
        .bind(&verified.day)
        .bind(&verified.hash)
        .bind(verified.last_settlement)
        .execute(&mut *transaction)
        .await?;
        for (asset, atomic) in balances {
            sqlx::query(
                "INSERT INTO verified_balances (source, number, asset, atomic) VALUES (?, ?, ?, ?)",
            )
            .bind(source)
            .bind(verified.number)
            .bind(asset.code())
            .bind(atomic.to_string())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Puts the closings behind one aside, for the hub does not have them any more, and what it has `now` in the place of
    /// the first: they are kept, and the chain ends before them.
    pub(super) async fn put_closings_aside(
        &self,
        source: &str,
        behind: i64,
        now: Option<&str>,
    ) -> Result<(), ReceiptsError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let change: i64 = sqlx::query_scalar(
            "INSERT INTO closing_changes (source, noticed_at, now) VALUES (?, ?, ?) RETURNING id",
        )
        .bind(source)
        .bind(Timestamp::now().as_millisecond())
        .bind(now)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO replaced_closings (change, number, day, hash, last_settlement)
             SELECT ?, number, day, hash, last_settlement FROM verified_closings WHERE source = ? AND number > ?",
        )
        .bind(change)
        .bind(source)
        .bind(behind)
        .execute(&mut *transaction)
        .await?;
        for delete in [
            "DELETE FROM verified_closings WHERE source = ? AND number > ?",
            "DELETE FROM verified_balances WHERE source = ? AND number > ?",
        ] {
            sqlx::query(delete)
                .bind(source)
                .bind(behind)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Every change that was noticed, the newest last.
    pub(super) async fn closing_changes(
        &self,
        source: &str,
    ) -> Result<Vec<ClosingsChange>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT id, noticed_at, now, first.number, first.day, first.hash, last.number AS last_number,
                 last.day AS last_day, last.hash AS last_hash,
                 last.number <= (SELECT coalesce(max(number), 0) FROM verified_closings WHERE source = ?1) AS again
             FROM closing_changes
             JOIN replaced_closings AS first ON first.change = id
                 AND first.number = (SELECT min(number) FROM replaced_closings WHERE change = id)
             JOIN replaced_closings AS last ON last.change = id
                 AND last.number = (SELECT max(number) FROM replaced_closings WHERE change = id)
             WHERE source = ?1 ORDER BY id DESC LIMIT ?2",
        )
        .bind(source)
        .bind(TOLD)
        .fetch_all(&self.pool)
        .await?;
        let change = |row: &sqlx::sqlite::SqliteRow| {
            let (id, noticed_at): (i64, i64) = (row.try_get("id")?, row.try_get("noticed_at")?);
            let noticed_at =
                Timestamp::from_millisecond(noticed_at).map_err(|_| ReceiptsError::Row {
                    id,
                    column: "noticed_at",
                    value: noticed_at.to_string(),
                })?;
            Ok(ClosingsChange {
                noticed_at,
                first: ClosedDay {
                    number: row.try_get("number")?,
                    day: row.try_get("day")?,
                    hash: row.try_get("hash")?,
                },
                last: ClosedDay {
                    number: row.try_get("last_number")?,
                    day: row.try_get("last_day")?,
                    hash: row.try_get("last_hash")?,
                },
                now: row.try_get("now")?,
                verified_again: row.try_get("again")?,
            })
        };
        rows.iter().rev().map(change).collect()
    }
}
