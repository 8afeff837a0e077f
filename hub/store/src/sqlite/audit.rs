//! Whether the books add up: every transfer balances, every credit is carried by a share, every balance is the
//! sum of its entries.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;

use super::{SqliteStore, amount};
use crate::{Audit, StoreError};

impl SqliteStore {
    /// Reads all books. Takes time with their size, and a consistent view for as long.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit(&self) -> Result<Audit, StoreError> {
        let mut view = self.reader.begin().await?;
        let (transfers, shares): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM transfers), (SELECT count(*) FROM shares)",
        )
        .fetch_one(&mut *view)
        .await?;
        let mut audit = Audit {
            transfers: transfers.unsigned_abs(),
            shares: shares.unsigned_abs(),
            faults: Vec::new(),
        };
        let unbalanced: Vec<(i64, String, i64)> = sqlx::query_as(
            "SELECT transfer, asset, sum(amount) FROM entries GROUP BY transfer, asset HAVING sum(amount) <> 0",
        )
        .fetch_all(&mut *view)
        .await?;
        for (transfer, asset, sum) in unbalanced {
            audit.faults.push(format!(
                "transfer {transfer} leaves {sum} atomic {asset} over"
            ));
        }
        let uncovered: Vec<(i64, String, i64, i64)> = sqlx::query_as(
            "SELECT e.transfer, e.ledger_account, e.amount, coalesce(s.credit, 0) FROM entries e \
             LEFT JOIN (SELECT transfer, device, asset, sum(credit) AS credit FROM shares \
                        GROUP BY transfer, device, asset) s \
               ON s.transfer = e.transfer AND 'device:' || s.device = e.ledger_account AND s.asset = e.asset \
             JOIN transfers t ON t.id = e.transfer AND t.kind = 'shares' \
             WHERE e.ledger_account LIKE 'device:%' AND (s.credit IS NULL OR s.credit <> e.amount)",
        )
        .fetch_all(&mut *view)
        .await?;
        for (transfer, account, entry, credit) in uncovered {
            audit.faults.push(format!(
                "transfer {transfer} gives {account} {entry}, its shares are worth {credit}"
            ));
        }
        let unpaid: Vec<(i64,)> = sqlx::query_as(
            "SELECT s.sequence FROM shares s LEFT JOIN entries e \
             ON e.transfer = s.transfer AND e.ledger_account = 'device:' || s.device AND e.asset = s.asset \
             WHERE e.transfer IS NULL",
        )
        .fetch_all(&mut *view)
        .await?;
        for (sequence,) in unpaid {
            audit
                .faults
                .push(format!("share {sequence} is in no transfer to its device"));
        }
        let mut sums: BTreeMap<(String, String), i128> = BTreeMap::new();
        let mut entries = sqlx::query_as::<_, (String, String, i64)>(
            "SELECT ledger_account, asset, amount FROM entries",
        )
        .fetch(&mut *view);
        while let Some((account, asset, moved)) = entries.try_next().await? {
            *sums.entry((account, asset)).or_default() += i128::from(moved);
        }
        drop(entries);
        let balances: Vec<(String, String, String)> =
            sqlx::query_as("SELECT ledger_account, asset, amount FROM balances")
                .fetch_all(&mut *view)
                .await?;
        for (account, asset, balance) in balances {
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
        Ok(audit)
    }
}
