//! Earnings that are old enough become withdrawable.

use std::collections::BTreeMap;

use idlewatt_ledger::{Entry, LedgerAccount, Transfer, TransferKind};
use idlewatt_protocol::{AccountId, Asset, DeviceId, Money};
use jiff::Timestamp;

use crate::books::write_transfer;
use crate::database::{Transaction, values};
use crate::{Store, StoreError};

impl Store {
    /// Moves the earnings of an asset that were settled at `until` or before to their accounts' wallets; gives how many
    /// transfers of settlements were released. Each is released in a transaction of its own, once.
    ///
    /// An account that was closed gave up what was held with it: its wallet was overdrawn by that, and comes back to nothing here.
    ///
    /// # Errors
    /// If the database fails; what was released until then stays so.
    pub async fn release(
        &self,
        asset: Asset,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut released = 0;
        // By number, not by the clock alone: what was settled while the clock was ahead is as old as what was settled after.
        let row = self
            .pools
            .row(
                "SELECT id FROM settlements WHERE at <= $1 ORDER BY id DESC LIMIT 1",
                values![until],
            )
            .await?;
        let Some(row) = row else { return Ok(0) };
        let last: i64 = row.get(0)?;
        while self.release_one(asset, last, now).await? {
            released += 1;
        }
        Ok(released)
    }

    async fn release_one(
        &self,
        asset: Asset,
        last: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const HELD: &str = "SELECT settlement, upstream, transfer FROM settlement_parts \
            WHERE asset = $1 AND settlement <= $2 AND release IS NULL ORDER BY settlement, upstream LIMIT 1";
        if self.pools.row(HELD, values![asset, last]).await?.is_none() {
            return Ok(false);
        }
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let Some(part) = transaction.row(HELD, values![asset, last]).await? else {
            return Ok(false);
        };
        let (settlement, upstream, settled): (i64, String, i64) =
            (part.get(0)?, part.get(1)?, part.get(2)?);
        let moved = earned(&mut transaction, settled, asset).await?;
        let release = match moved.is_empty() {
            // A fee alone: nothing to release, and nothing to look at again.
            true => settled,
            false => {
                let entries = moved.into_iter().map(|(account, atomic)| Entry {
                    account,
                    amount: Money { asset, atomic },
                });
                let transfer = Transfer::try_new(TransferKind::Release, entries.collect())?;
                let subject = settlement.to_string();
                write_transfer(&mut transaction, &transfer, &subject, now).await?
            }
        };
        transaction
            .execute(
                "UPDATE settlement_parts SET release = $1 WHERE settlement = $2 AND upstream = $3 AND asset = $4",
                values![release, settlement, upstream, asset],
            )
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// What moves to release all that devices and referrers were credited with in a transfer.
async fn earned(
    transaction: &mut Transaction,
    settled: i64,
    asset: Asset,
) -> Result<BTreeMap<LedgerAccount, i128>, StoreError> {
    let mut moved: BTreeMap<LedgerAccount, i128> = BTreeMap::new();
    let rows = transaction
        .rows(
            "SELECT devices.id, accounts.id, entries.amount FROM entries \
             JOIN devices ON devices.id = substr(entries.ledger_account, 8) \
             JOIN accounts ON accounts.id = devices.account \
             WHERE entries.transfer = $1 AND entries.asset = $2 AND entries.ledger_account LIKE 'device:%' \
             UNION ALL \
             SELECT NULL, accounts.id, entries.amount FROM entries \
             JOIN accounts ON accounts.id = substr(entries.ledger_account, 11) \
             WHERE entries.transfer = $1 AND entries.asset = $2 AND entries.ledger_account LIKE 'referrals:%'",
            values![settled, asset],
        )
        .await?;
    for row in rows {
        let account: AccountId = row.parse(1)?;
        let amount = i128::from(row.get::<i64>(2)?);
        let from = match row.get::<Option<String>>(0)? {
            Some(_) => LedgerAccount::ReleasedDevice(row.parse::<DeviceId>(0)?),
            None => LedgerAccount::ReleasedReferrals(account.clone()),
        };
        let to = LedgerAccount::Wallet(account);
        *moved.entry(from).or_default() -= amount;
        *moved.entry(to).or_default() += amount;
    }
    Ok(moved)
}
