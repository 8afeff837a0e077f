//! Whether the books add up: every transfer balances, every credit is carried by shares, every balance is the
//! sum of its entries.

use std::collections::BTreeMap;

use crate::database::{Transaction, values};
use crate::read::amount;
use crate::{Audit, Store, StoreError};

impl Store {
    /// Reads all books. Takes time with their size, and a consistent view for as long.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit(&self) -> Result<Audit, StoreError> {
        let mut view = self.pools.snapshot().await?;
        let mut audit = Audit::default();
        for (count, sql) in [
            (
                &mut audit.transfers,
                "SELECT CAST(count(*) AS BIGINT) FROM transfers",
            ),
            (
                &mut audit.shares,
                "SELECT CAST(count(*) AS BIGINT) FROM shares",
            ),
        ] {
            if let Some(row) = view.row(sql, values![]).await? {
                *count = row.get::<i64>(0)?.unsigned_abs();
            }
        }
        transfers_balance(&mut view, &mut audit).await?;
        credits_have_shares(&mut view, &mut audit).await?;
        balances_are_sums(&mut view, &mut audit).await?;
        Ok(audit)
    }
}

async fn transfers_balance(view: &mut Transaction, audit: &mut Audit) -> Result<(), StoreError> {
    let unbalanced = view
        .rows(
            "SELECT transfer, asset, CAST(sum(amount) AS BIGINT) FROM entries \
             GROUP BY transfer, asset HAVING sum(amount) <> 0",
            values![],
        )
        .await?;
    for row in unbalanced {
        let (transfer, asset, sum): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        audit.faults.push(format!(
            "transfer {transfer} leaves {sum} atomic {asset} over"
        ));
    }
    Ok(())
}

/// What devices got in settlements and what is carried over is what their settled shares are worth.
async fn credits_have_shares(view: &mut Transaction, audit: &mut Audit) -> Result<(), StoreError> {
    const PARTS: i128 = idlewatt_ledger::Exact::PARTS;
    let mut owed: BTreeMap<(String, String), i128> = BTreeMap::new();
    let worth = view
        .rows(
            "SELECT shares.device, shares.asset, CAST(sum(credit / 1048576) AS BIGINT), \
             CAST(sum(credit % 1048576) AS BIGINT), CAST(sum(credit_fraction / 1048576) AS BIGINT), \
             CAST(sum(credit_fraction % 1048576) AS BIGINT) \
             FROM shares JOIN batches ON batches.id = shares.batch \
             WHERE batches.settlement IS NOT NULL GROUP BY shares.device, shares.asset",
            values![],
        )
        .await?;
    for row in worth {
        let halves = |first: usize| -> Result<i128, StoreError> {
            let (high, low): (i64, i64) = (row.get(first)?, row.get(first + 1)?);
            Ok(i128::from(high) * 1_048_576 + i128::from(low))
        };
        let parts = halves(2)? * PARTS + halves(4)?;
        *owed.entry((row.get(0)?, row.get(1)?)).or_default() += parts;
    }
    let paid = view
        .rows(
            "SELECT substr(ledger_account, 8), asset, CAST(sum(amount) AS BIGINT), CAST(0 AS BIGINT) \
             FROM entries WHERE ledger_account LIKE 'device:%' GROUP BY ledger_account, asset \
             UNION ALL \
             SELECT substr(payee, 8), asset, CAST(0 AS BIGINT), CAST(sum(fraction) AS BIGINT) \
             FROM remainders WHERE payee LIKE 'device:%' GROUP BY payee, asset",
            values![],
        )
        .await?;
    for row in paid {
        let parts = i128::from(row.get::<i64>(2)?) * PARTS + i128::from(row.get::<i64>(3)?);
        *owed.entry((row.get(0)?, row.get(1)?)).or_default() -= parts;
    }
    for ((device, asset), over) in owed {
        if over != 0 {
            audit.faults.push(format!(
                "the settled shares of {device} are worth {over} of 10^-12 atomic {asset} more than it was credited with"
            ));
        }
    }
    Ok(())
}

async fn balances_are_sums(view: &mut Transaction, audit: &mut Audit) -> Result<(), StoreError> {
    let mut sums: BTreeMap<(String, String), i128> = BTreeMap::new();
    let entries = view
        .rows(
            "SELECT ledger_account, asset, CAST(sum(amount / 1048576) AS BIGINT), \
             CAST(sum(amount % 1048576) AS BIGINT) FROM entries GROUP BY ledger_account, asset",
            values![],
        )
        .await?;
    for row in entries {
        let (high, low): (i64, i64) = (row.get(2)?, row.get(3)?);
        let sum = i128::from(high) * 1_048_576 + i128::from(low);
        sums.insert((row.get(0)?, row.get(1)?), sum);
    }
    let balances = view
        .rows(
            "SELECT ledger_account, asset, amount FROM balances",
            values![],
        )
        .await?;
    for row in balances {
        let (account, asset, balance): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let sum = sums.remove(&(account.clone(), asset.clone())).unwrap_or(0);
        if amount(&balance)? != sum {
            audit.faults.push(format!(
                "the balance of {account} is {balance} atomic {asset}, its entries sum to {sum}"
            ));
        }
    }
    for ((account, asset), sum) in sums {
        audit.faults.push(format!(
            "{account} has no balance for {sum} atomic {asset} of entries"
        ));
    }
    Ok(())
}
