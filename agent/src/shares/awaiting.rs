//! Shares that the hub has verified and not yet made into money.

use idlewatt_protocol::Money;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::record::credit;
use super::{Receipts, ReceiptsError};

/// They are added up only as far as this: a hub that settles has a minute's worth of them.
const LOOKED_AT: u32 = 10_000;

/// Accepted shares that the hub's next settlement will credit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaiting {
    /// How many; at most 10,000 are counted.
    pub shares: u64,
    /// What the hub has said they are worth, as far as it was asked, in whole units; one entry an asset.
    pub amounts: Vec<Money>,
}

impl Receipts {
    /// Those of one hub.
    pub(super) async fn awaiting(&self, source: &str) -> Result<Awaiting, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT id, credit_asset, credit_atomic FROM receipts INDEXED BY receipts_unsettled
             WHERE source = ? AND state = 'accepted' AND hub_settlement IS NULL AND lost_at IS NULL LIMIT ?",
        )
        .bind(source)
        .bind(LOOKED_AT)
        .fetch_all(&self.pool)
        .await?;
        let mut awaiting = Awaiting {
            shares: rows.len() as u64,
            amounts: Vec::new(),
        };
        for row in &rows {
            if let Some(credit) = credit(row, row.try_get("id")?)? {
                add(&mut awaiting.amounts, credit);
            }
        }
        Ok(awaiting)
    }
}

/// Adds an amount to the sum of its asset.
pub(super) fn add(sums: &mut Vec<Money>, amount: Money) {
    match sums.iter_mut().find(|sum| sum.asset == amount.asset) {
        Some(sum) => sum.atomic = sum.atomic.saturating_add(amount.atomic),
        None => sums.push(amount),
    }
}
