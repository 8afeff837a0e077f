//! Whether the books add up: every transfer balances, every balance is the sum of its entries, every credit is carried by
//! shares, every wallet by releases and withdrawals, every closing by the books.

mod closings;
mod credits;
mod wallets;

use std::collections::BTreeMap;

use crate::books::HALF;
use crate::closings::Key;
use crate::database::{Row, Transaction, values};
use crate::read::amount;
use crate::{Audit, Store, StoreError};

/// The sums of entries: of each ledger account and asset, by the kind of transfer.
type Sums = BTreeMap<Key, BTreeMap<String, i128>>;

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
        let faults = &mut audit.faults;
        transfers_balance(&mut view, faults).await?;
        let sums = sums(&mut view).await?;
        balances_are_sums(&mut view, &sums, faults).await?;
        hours_are_sums(&mut view, &sums, faults).await?;
        credits::check(&mut view, &sums, faults).await?;
        wallets::check(&mut view, &sums, faults).await?;
        closings::check(&mut view, faults).await?;
        Ok(audit)
    }
}

/// The sum that two columns hold in halves.
fn halves(row: &Row, first: usize) -> Result<i128, StoreError> {
    let (high, low): (i64, i64) = (row.get(first)?, row.get(first + 1)?);
    Ok(i128::from(high) * i128::from(HALF) + i128::from(low))
}

/// Everything that an account of the books was ever moved by, or by some kinds of transfers.
fn sum_of(sums: &Sums, key: &Key, kinds: &[&str]) -> i128 {
    let Some(by_kind) = sums.get(key) else {
        return 0;
    };
    let wanted = by_kind
        .iter()
        .filter(|(kind, _)| kinds.is_empty() || kinds.contains(&kind.as_str()));
    wanted.map(|(_, sum)| sum).sum()
}

async fn transfers_balance(
    view: &mut Transaction,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let unbalanced = view
        .rows(
            "SELECT transfer, asset, CAST(sum(amount) AS BIGINT) FROM entries \
             GROUP BY transfer, asset HAVING sum(amount) <> 0",
            values![],
        )
        .await?;
    for row in unbalanced {
        let (transfer, asset, sum): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        faults.push(format!(
            "transfer {transfer} leaves {sum} atomic {asset} over"
        ));
    }
    Ok(())
}

async fn sums(view: &mut Transaction) -> Result<Sums, StoreError> {
    let rows = view
        .rows(
            "SELECT ledger_account, asset, kind, CAST(sum(amount / 1048576) AS BIGINT), \
             CAST(sum(amount % 1048576) AS BIGINT) \
             FROM entries JOIN transfers ON transfers.id = entries.transfer GROUP BY ledger_account, asset, kind",
            values![],
        )
        .await?;
    let mut sums = Sums::new();
    for row in rows {
        let by_kind = sums.entry((row.get(0)?, row.get(1)?)).or_default();
        by_kind.insert(row.get(2)?, halves(&row, 3)?);
    }
    Ok(sums)
}

async fn balances_are_sums(
    view: &mut Transaction,
    sums: &Sums,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut without: BTreeMap<&Key, i128> = sums.keys().map(|key| (key, 0)).collect();
    for (key, sum) in &mut without {
        *sum = sum_of(sums, key, &[]);
    }
    let balances = view
        .rows(
            "SELECT ledger_account, asset, amount FROM balances",
            values![],
        )
        .await?;
    for row in balances {
        let key: Key = (row.get(0)?, row.get(1)?);
        let balance: String = row.get(2)?;
        let sum = without.remove(&key).unwrap_or(0);
        if amount(&balance)? != sum {
            let (account, asset) = key;
            faults.push(format!(
                "the balance of {account} is {balance} atomic {asset}, its entries sum to {sum}"
            ));
        }
    }
    for ((account, asset), sum) in without {
        faults.push(format!(
            "{account} has no balance for {sum} atomic {asset} of entries"
        ));
    }
    Ok(())
}

/// What was earned in all hours is what was earned.
async fn hours_are_sums(
    view: &mut Transaction,
    sums: &Sums,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let earns = |key: &&Key| key.0.starts_with("device:") || key.0.starts_with("referrals:");
    let mut earned: BTreeMap<Key, i128> = BTreeMap::new();
    for key in sums.keys().filter(earns) {
        earned.insert(key.clone(), sum_of(sums, key, &[]));
    }
    let rows = view
        .rows(
            "SELECT ledger_account, asset, CAST(sum(amount_high) AS BIGINT), CAST(sum(amount_low) AS BIGINT) \
             FROM earned_by_hour GROUP BY ledger_account, asset",
            values![],
        )
        .await?;
    for row in rows {
        *earned.entry((row.get(0)?, row.get(1)?)).or_default() -= halves(&row, 2)?;
    }
    for ((account, asset), over) in earned {
        if over != 0 {
            faults.push(format!(
                "the hours of {account} sum to {over} atomic {asset} less than its entries"
            ));
        }
    }
    Ok(())
}
