//! Writing transfers: entries, the running balances, and what was earned in each hour.

use std::collections::HashMap;

use idlewatt_ledger::{LedgerAccount, Transfer, TransferError};
use jiff::Timestamp;
use serde_json::json;

use crate::StoreError;
use crate::database::{Transaction, values};
use crate::listed::{list, listed};
use crate::read::amount;

pub(crate) const HOUR: i64 = 3_600_000;
/// Sums of amounts are taken in two parts, as those of SQL have 63 bits: amount = high × this + low.
pub(crate) const HALF: i64 = 1_048_576;

/// Writes a transfer; gives its number. Locks the books first. A handful of statements, however many entries it has.
pub(crate) async fn write_transfer(
    transaction: &mut Transaction,
    transfer: &Transfer,
    subject: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    transaction.lock_books().await?;
    let mut entries = Vec::with_capacity(transfer.entries().len());
    let mut earned = Vec::new();
    for entry in transfer.entries() {
        let moved = entry.amount;
        let small =
            i64::try_from(moved.atomic).map_err(|_| TransferError::TooLarge(moved.asset))?;
        let (name, asset) = (entry.account.to_string(), moved.asset);
        if matches!(
            entry.account,
            LedgerAccount::Device(_) | LedgerAccount::Referrals(_)
        ) {
            earned.push(json!([name, asset.code(), small / HALF, small % HALF]));
        }
        entries.push((name, asset, small));
    }
    let row = transaction
        .row(
            "INSERT INTO transfers (kind, at, subject) VALUES ($1, $2, $3) RETURNING id",
            values![transfer.kind().name(), now, subject],
        )
        .await?;
    let id: i64 = row.ok_or(sqlx::Error::RowNotFound)?.get(0)?;
    let rows = entries.iter();
    let lines = list(rows.map(|(name, asset, small)| json!([name, asset.code(), small])));
    let insert = listed!(
        transaction,
        "INSERT INTO entries (transfer, ledger_account, asset, amount) \
         SELECT $2, value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT)",
        ""
    );
    transaction.execute(insert, values![&lines, id]).await?;
    let select = listed!(
        transaction,
        "SELECT ledger_account, asset, amount",
        "CROSS JOIN balances WHERE ledger_account = value ->> 0 AND asset = value ->> 1"
    );
    let mut balances: HashMap<(String, String), i128> = HashMap::with_capacity(entries.len());
    for row in transaction.rows(select, values![&lines]).await? {
        balances.insert((row.get(0)?, row.get(1)?), amount(&row.get::<String>(2)?)?);
    }
    let mut after = Vec::with_capacity(entries.len());
    for (name, asset, small) in entries {
        let key = (name, asset.code().to_owned());
        let before = balances.get(&key).copied().unwrap_or(0);
        let sum = before
            .checked_add(small.into())
            .ok_or(TransferError::TooLarge(asset))?;
        after.push(json!([key.0, key.1, sum.to_string()]));
    }
    let upsert = listed!(
        transaction,
        "INSERT INTO balances (ledger_account, asset, amount) SELECT value ->> 0, value ->> 1, value ->> 2",
        "WHERE TRUE ON CONFLICT (ledger_account, asset) DO UPDATE SET amount = excluded.amount"
    );
    transaction.execute(upsert, values![list(after)]).await?;
    if !earned.is_empty() {
        let upsert = listed!(
            transaction,
            "INSERT INTO earned_by_hour (ledger_account, asset, hour, amount_high, amount_low) \
             SELECT value ->> 0, value ->> 1, $2, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT)",
            "WHERE TRUE ON CONFLICT (ledger_account, asset, hour) DO UPDATE \
             SET amount_high = earned_by_hour.amount_high + excluded.amount_high, \
                 amount_low = earned_by_hour.amount_low + excluded.amount_low"
        );
        let hour = now.as_millisecond().div_euclid(HOUR);
        transaction
            .execute(upsert, values![list(earned), hour])
            .await?;
    }
    Ok(id)
}
