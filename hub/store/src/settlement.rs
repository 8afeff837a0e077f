//! Turning verified shares into money: everything that was written since the last time, in one transaction.

use std::collections::BTreeMap;

use idlewatt_ledger::{Entry, Exact, LedgerAccount, Transfer, TransferKind};
use idlewatt_protocol::{Asset, DeviceId, Money};
use jiff::Timestamp;

use crate::books::write_transfer;
use crate::database::{Transaction, values};
use crate::{Store, StoreError};

/// What the operator has promised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The referrers' parts of the fee in basis points, nearest first; at most three, together at most 10,000.
    pub tiers: Vec<u32>,
}

/// What a settlement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Its number; `None` if there was nothing to settle.
    pub settlement: Option<i64>,
    /// Shares in it.
    pub shares: u64,
}

/// Earnings of one payee from one upstream before they are whole units.
type Due = BTreeMap<(String, Asset), BTreeMap<LedgerAccount, i128>>;

impl Store {
    /// Credits all shares that no settlement has yet, and carries what is below the smallest unit to the next one.
    ///
    /// # Errors
    /// If the database fails; nothing is credited then.
    pub async fn settle(&self, terms: &Terms, now: Timestamp) -> Result<Settled, StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let open = transaction
            .rows("SELECT id FROM batches WHERE settlement IS NULL", values![])
            .await?;
        if open.is_empty() {
            return Ok(Settled::default());
        }
        let tiers: Vec<String> = terms.tiers.iter().map(u32::to_string).collect();
        let row = transaction
            .row(
                "INSERT INTO settlements (at, tiers) VALUES ($1, $2) RETURNING id",
                values![now, tiers.join(",")],
            )
            .await?;
        let settlement: i64 = row.ok_or(sqlx::Error::RowNotFound)?.get(0)?;
        transaction
            .execute(
                "UPDATE batches SET settlement = $1 WHERE settlement IS NULL",
                values![settlement],
            )
            .await?;
        let (due, shares) = sum_up(&mut transaction, settlement).await?;
        for ((upstream, asset), payees) in due {
            pay(&mut transaction, settlement, &upstream, asset, payees, now).await?;
        }
        transaction.commit().await?;
        Ok(Settled {
            settlement: Some(settlement),
            shares,
        })
    }
}

/// What each payee is due, in 10^-12 of the smallest unit. Credits are summed in halves, as SQL's sums have 63 bits.
async fn sum_up(transaction: &mut Transaction, settlement: i64) -> Result<(Due, u64), StoreError> {
    let rows = transaction
        .rows(
            "SELECT shares.device, shares.upstream, shares.asset, CAST(count(*) AS BIGINT), \
             CAST(sum(credit / 1048576) AS BIGINT), CAST(sum(credit % 1048576) AS BIGINT), \
             CAST(sum(credit_fraction) AS BIGINT), \
             CAST(sum(fee / 1048576) AS BIGINT), CAST(sum(fee % 1048576) AS BIGINT), \
             CAST(sum(fee_fraction) AS BIGINT) \
             FROM shares JOIN batches ON batches.id = shares.batch WHERE batches.settlement = $1 \
             GROUP BY shares.device, shares.upstream, shares.asset",
            values![settlement],
        )
        .await?;
    let (mut due, mut shares) = (Due::new(), 0);
    for row in rows {
        let device: DeviceId = row.parse(0)?;
        let asset: Asset = row.parse(2)?;
        shares += row.get::<i64>(3)?.unsigned_abs();
        let parts = |first: usize| -> Result<i128, StoreError> {
            let [high, low, fraction]: [i64; 3] =
                [row.get(first)?, row.get(first + 1)?, row.get(first + 2)?];
            let atomic = i128::from(high) * 1_048_576 + i128::from(low);
            Ok(atomic * Exact::PARTS + i128::from(fraction))
        };
        let payees = due.entry((row.get(1)?, asset)).or_default();
        *payees.entry(LedgerAccount::Device(device)).or_default() += parts(4)?;
        *payees.entry(LedgerAccount::Operator).or_default() += parts(7)?;
    }
    Ok((due, shares))
}

/// One transfer from an upstream to everybody it owes.
async fn pay(
    transaction: &mut Transaction,
    settlement: i64,
    upstream: &str,
    asset: Asset,
    payees: BTreeMap<LedgerAccount, i128>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut entries = Vec::new();
    let mut owed = 0;
    for (account, due) in payees {
        let whole = carry(transaction, &account.to_string(), upstream, asset, due).await?;
        if whole != 0 {
            owed += whole;
            entries.push(Entry {
                account,
                amount: Money {
                    asset,
                    atomic: whole,
                },
            });
        }
    }
    if entries.is_empty() {
        return Ok(());
    }
    entries.push(Entry {
        account: LedgerAccount::Upstream(upstream.to_owned()),
        amount: Money {
            asset,
            atomic: -owed,
        },
    });
    let transfer = Transfer::try_new(TransferKind::Settlement, entries)?;
    let id = write_transfer(transaction, &transfer, &settlement.to_string(), now).await?;
    transaction
        .execute(
            "INSERT INTO settlement_parts (settlement, upstream, asset, transfer, at) VALUES ($1, $2, $3, $4, $5)",
            values![settlement, upstream, asset, id, now],
        )
        .await?;
    Ok(())
}

/// The whole units of what is due and what was left from before; what is left now waits for the next settlement.
async fn carry(
    transaction: &mut Transaction,
    payee: &str,
    upstream: &str,
    asset: Asset,
    due: i128,
) -> Result<i128, StoreError> {
    let row = transaction
        .row(
            "SELECT fraction FROM remainders WHERE payee = $1 AND upstream = $2 AND asset = $3",
            values![payee, upstream, asset],
        )
        .await?;
    let before: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    let total = Exact {
        asset,
        parts: due + i128::from(before),
    };
    if total.fraction() != before {
        transaction
            .execute(
                "INSERT INTO remainders (payee, upstream, asset, fraction) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (payee, upstream, asset) DO UPDATE SET fraction = excluded.fraction",
                values![payee, upstream, asset, total.fraction()],
            )
            .await?;
    }
    Ok(total.money().atomic)
}
