//! Daily closings: each finished day in UTC is closed once, in one piece, chained to the day before. What belongs to a day
//! goes by the numbers of settlements and transfers, which only rise: a clock that is set back changes nothing that was
//! closed.

mod leaves;
mod proofs;

use idlewatt_protocol::api::{Closing, ClosingLeaf, ClosingProof};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use crate::database::{Row, Transaction, values};
use crate::listed::{list, listed};
use crate::read::{timestamp, unreadable};
use crate::{Store, StoreError};

pub(crate) use leaves::{Key, changes, leaf, settled_shares};
pub(crate) use proofs::{Trees, stored};

/// What a closing is up to: everything behind the one before belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub settlement: i64,
    pub transfer: i64,
}

/// A closing as it is stored.
pub(crate) struct Stored {
    pub closing: Closing,
    pub extent: Extent,
}

/// How a closing is selected.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT number, day, last_settlement, last_transfer, previous, root, hash, at FROM closings ",
            $rest
        )
    };
}

impl Store {
    /// Closes the oldest finished day that is not closed yet; `None` if there is none, or another hub was faster. Days before
    /// the first settlement are not closed.
    ///
    /// # Errors
    /// If the database fails; nothing is closed then.
    pub async fn close_day(&self, now: Timestamp) -> Result<Option<Closing>, StoreError> {
        let mut view = self.pools.snapshot().await?;
        let newest = view.row(select!("ORDER BY number DESC LIMIT 1"), values![]);
        let newest = newest.await?.as_ref().map(read).transpose()?;
        let Some(day) = next_day(&mut view, newest.as_ref()).await? else {
            return Ok(None);
        };
        if day >= now.to_zoned(TimeZone::UTC).date() {
            return Ok(None);
        }
        let (number, before, previous) = match newest {
            None => (1, Extent::default(), hex::encode([0; 32])),
            Some(Stored { closing, extent }) => (closing.number + 1, extent, closing.hash),
        };
        let extent = extent_of(&mut view, day, before).await?;
        let leaves = leaves::of_day(&mut view, before, extent).await?;
        drop(view);
        let root = hex::encode(root_of(&leaves));
        let day = day.to_string();
        let hash = Closing::compute_hash(&previous, &day, extent.settlement, &root);
        let closing = Closing {
            number,
            day,
            last_settlement: extent.settlement,
            previous,
            root,
            hash: hex::encode(hash),
            at: timestamp(now.as_millisecond())?,
        };
        let written = self.write_closing(&closing, extent, &leaves).await?;
        Ok(written.then_some(closing))
    }

    /// Whether it was the first to write it.
    async fn write_closing(
        &self,
        closing: &Closing,
        extent: Extent,
        leaves: &[ClosingLeaf],
    ) -> Result<bool, StoreError> {
        let bytes = |text: &str| hex::decode(text).map_err(unreadable("hash", text));
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let newest = transaction
            .row(
                "SELECT number FROM closings ORDER BY number DESC LIMIT 1",
                values![],
            )
            .await?;
        let newest = newest.map_or(Ok(0), |row| row.get::<i64>(0))?;
        if newest + 1 != closing.number {
            return Ok(false);
        }
        transaction
            .execute(
                "INSERT INTO closings (number, day, last_settlement, last_transfer, previous, root, hash, at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                values![
                    closing.number,
                    &closing.day,
                    extent.settlement,
                    extent.transfer,
                    bytes(&closing.previous)?,
                    bytes(&closing.root)?,
                    bytes(&closing.hash)?,
                    closing.at
                ],
            )
            .await?;
        for (first, chunk) in (0..).step_by(LEAVES).zip(leaves.chunks(LEAVES)) {
            let rows = (first..).zip(chunk).map(|(position, leaf): (i64, _)| {
                let amount = leaf.balance.atomic.to_string();
                let asset = leaf.balance.asset.code();
                json!([
                    position,
                    leaf.ledger_account,
                    asset,
                    amount,
                    leaf.shares,
                    leaf.shares_hash
                ])
            });
            let rows = list(rows);
            let insert = match &transaction {
                Transaction::Sqlite(_) => listed!(
                    transaction,
                    "INSERT INTO closing_leaves (closing, position, ledger_account, asset, balance, shares, shares_hash) \
                     SELECT $2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, unhex(value ->> 5)",
                    ""
                ),
                Transaction::Postgres(_) => listed!(
                    transaction,
                    "INSERT INTO closing_leaves (closing, position, ledger_account, asset, balance, shares, shares_hash) \
                     SELECT $2, CAST(value ->> 0 AS BIGINT), value ->> 1, value ->> 2, value ->> 3, \
                     CAST(value ->> 4 AS BIGINT), decode(value ->> 5, 'hex')",
                    ""
                ),
            };
            transaction
                .execute(insert, values![rows, closing.number])
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// The closings behind a number, in order; at most [`Self::LARGEST_PAGE`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn closings_after(&self, after: i64) -> Result<Vec<Closing>, StoreError> {
        let rows = self
            .pools
            .rows(
                select!("WHERE number > $1 ORDER BY number LIMIT $2"),
                values![after, Self::LARGEST_PAGE as i64],
            )
            .await?;
        rows.iter().map(|row| Ok(read(row)?.closing)).collect()
    }
}

/// Leaves in one statement.
const LEAVES: usize = 10_000;

/// All closings, in order.
pub(crate) async fn all(view: &mut Transaction) -> Result<Vec<Stored>, StoreError> {
    let rows = view.rows(select!("ORDER BY number"), values![]).await?;
    rows.iter().map(read).collect()
}

/// The root of the leaves' tree; zeros without leaves.
pub(crate) fn root_of(leaves: &[ClosingLeaf]) -> [u8; 32] {
    let levels = ClosingProof::levels(leaves.iter().map(ClosingLeaf::hash).collect());
    let root = levels.last().and_then(|level| level.first());
    root.copied().unwrap_or_default()
}

/// The day that is closed next: the one after the newest closing's, or that of the first settlement.
async fn next_day(
    view: &mut Transaction,
    newest: Option<&Stored>,
) -> Result<Option<Date>, StoreError> {
    if let Some(Stored { closing, .. }) = newest {
        let day: Date = closing
            .day
            .parse()
            .map_err(unreadable("day", &closing.day))?;
        return Ok(day.tomorrow().ok());
    }
    let row = view
        .row("SELECT at FROM settlements ORDER BY id LIMIT 1", values![])
        .await?;
    let first = row.map(|row| row.time(0)).transpose()?;
    Ok(first.map(|at| at.to_zoned(TimeZone::UTC).date()))
}

/// Up to the first settlement, in the order of their numbers, that was made after the day. Transfers of another kind belong to
/// the settlement before them.
async fn extent_of(
    view: &mut Transaction,
    day: Date,
    before: Extent,
) -> Result<Extent, StoreError> {
    let refuse = |_| StoreError::Unreadable {
        what: "day",
        text: day.to_string(),
    };
    let end = day.checked_add(1.day()).map_err(refuse)?;
    let end = end.to_zoned(TimeZone::UTC).map_err(refuse)?.timestamp();
    let row = view
        .row(
            "SELECT COALESCE(max(id), $1) FROM settlements WHERE id > $1 AND id < COALESCE( \
             (SELECT min(id) FROM settlements WHERE id > $1 AND at >= $2), 9223372036854775807)",
            values![before.settlement, end],
        )
        .await?;
    let settlement = row.ok_or(sqlx::Error::RowNotFound)?.get(0)?;
    let row = view
        .row(
            "SELECT COALESCE(max(id), $2) FROM transfers WHERE id > $2 AND id < COALESCE( \
             (SELECT min(transfer) FROM settlement_parts WHERE settlement > $1), 9223372036854775807)",
            values![settlement, before.transfer],
        )
        .await?;
    Ok(Extent {
        settlement,
        transfer: row.ok_or(sqlx::Error::RowNotFound)?.get(0)?,
    })
}

fn read(row: &Row) -> Result<Stored, StoreError> {
    let hex = |column| Ok::<_, StoreError>(hex::encode(row.get::<Vec<u8>>(column)?));
    let extent = Extent {
        settlement: row.get(2)?,
        transfer: row.get(3)?,
    };
    let closing = Closing {
        number: row.get(0)?,
        day: row.get(1)?,
        last_settlement: extent.settlement,
        previous: hex(4)?,
        root: hex(5)?,
        hash: hex(6)?,
        at: row.time(7)?,
    };
    Ok(Stored { closing, extent })
}
