//! Writing transfers: entries, the running balances, and what was earned in each hour.

use idlewatt_ledger::{Entry, LedgerAccount, Transfer, TransferError};
use jiff::Timestamp;

use crate::StoreError;
use crate::database::{Transaction, values};
use crate::read::amount;

const HOUR: i64 = 3_600_000;

/// Writes a transfer; gives its number. Locks the books first.
pub(crate) async fn write_transfer(
    transaction: &mut Transaction,
    transfer: &Transfer,
    subject: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    transaction.lock_books().await?;
    let row = transaction
        .row(
            "INSERT INTO transfers (kind, at, subject) VALUES ($1, $2, $3) RETURNING id",
            values![transfer.kind().name(), now, subject],
        )
        .await?;
    let id: i64 = row.ok_or(sqlx::Error::RowNotFound)?.get(0)?;
    for Entry {
        account,
        amount: moved,
    } in transfer.entries()
    {
        let too_large = || TransferError::TooLarge(moved.asset);
        let small = i64::try_from(moved.atomic).map_err(|_| too_large())?;
        let name = account.to_string();
        transaction
            .execute(
                "INSERT INTO entries (transfer, ledger_account, asset, amount) VALUES ($1, $2, $3, $4)",
                values![id, &name, moved.asset, small],
            )
            .await?;
        let before = transaction
            .row(
                "SELECT amount FROM balances WHERE ledger_account = $1 AND asset = $2",
                values![&name, moved.asset],
            )
            .await?;
        let before = match before {
            Some(row) => amount(&row.get::<String>(0)?)?,
            None => 0,
        };
        let after = before.checked_add(moved.atomic).ok_or_else(too_large)?;
        transaction
            .execute(
                "INSERT INTO balances (ledger_account, asset, amount) VALUES ($1, $2, $3) \
                 ON CONFLICT (ledger_account, asset) DO UPDATE SET amount = excluded.amount",
                values![&name, moved.asset, after.to_string()],
            )
            .await?;
        if matches!(
            account,
            LedgerAccount::Device(_) | LedgerAccount::Referrals(_)
        ) {
            transaction
                .execute(
                    "INSERT INTO earned_by_hour (ledger_account, asset, hour, amount) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (ledger_account, asset, hour) \
                     DO UPDATE SET amount = earned_by_hour.amount + excluded.amount",
                    values![&name, moved.asset, now.as_millisecond() / HOUR, small],
                )
                .await?;
        }
    }
    Ok(id)
}
