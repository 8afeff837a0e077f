//! What an operator sees of the whole hub. Nothing here opens an account.

use std::collections::BTreeMap;

use idlewatt_protocol::api::AccountEarnings;
use idlewatt_protocol::{AccountId, Asset, Money};
use jiff::Timestamp;

use crate::database::{Engine, values};
use crate::read::amount;
use crate::{Store, StoreError};

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Accounts that were not deleted.
    pub accounts: u64,
    /// Their devices that were not revoked.
    pub devices: u64,
    /// Those that have reported within three report intervals.
    pub online: u64,
}

/// An account as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// Its public name.
    pub account: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// Its devices that were not revoked.
    pub devices: u64,
    /// What it was credited with, and where that is now.
    pub earnings: AccountEarnings,
}

/// What the books say of one asset. What is owed and kept is what upstreams owe and the wallet should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Of accounts, not withdrawable yet.
    pub held: Money,
    /// Of accounts, withdrawable.
    pub withdrawable: Money,
    /// Of accounts, set aside for withdrawals that are not confirmed yet.
    pub withdrawing: Money,
    /// The operator's own.
    pub operator: Money,
    /// What upstreams have not paid yet.
    pub upstreams_owe: Money,
    /// What matured blocks have paid to the hub's wallet, less what was paid from it.
    pub vault: Money,
}

impl Position {
    fn zero(asset: Asset) -> Self {
        let zero = Money::zero(asset);
        Position {
            held: zero,
            withdrawable: zero,
            withdrawing: zero,
            operator: zero,
            upstreams_owe: zero,
            vault: zero,
        }
    }

    /// Everything that is owed to accounts.
    pub fn owed(&self) -> Money {
        let parts = [self.held, self.withdrawable, self.withdrawing];
        Money {
            atomic: parts.iter().map(|part| part.atomic).sum(),
            ..self.held
        }
    }
}

impl Store {
    /// Counts accounts and devices.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn overview(&self, now: Timestamp) -> Result<Overview, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT (SELECT CAST(count(*) AS BIGINT) FROM accounts WHERE deleted_at IS NULL), \
                 (SELECT CAST(count(*) AS BIGINT) FROM devices WHERE revoked_at IS NULL), \
                 (SELECT CAST(count(*) AS BIGINT) FROM reports JOIN devices ON devices.id = reports.device \
                  WHERE revoked_at IS NULL AND reports.at + 3000 * reports.every > $1)",
                values![now],
            )
            .await?;
        let row = row.ok_or(sqlx::Error::RowNotFound)?;
        let count = |column| row.get::<i64>(column).map(i64::unsigned_abs);
        Ok(Overview {
            accounts: count(0)?,
            devices: count(1)?,
            online: count(2)?,
        })
    }

    /// The newest accounts, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_accounts(&self, most: u32) -> Result<Vec<AccountSummary>, StoreError> {
        let rows = self
            .pools
            .rows(
                "SELECT id, created_at, (SELECT CAST(count(*) AS BIGINT) FROM devices \
                 WHERE devices.account = accounts.id AND revoked_at IS NULL) \
                 FROM accounts WHERE deleted_at IS NULL ORDER BY created_at DESC, id LIMIT $1",
                values![i64::from(most)],
            )
            .await?;
        let mut accounts = Vec::with_capacity(rows.len());
        for row in rows {
            let account: AccountId = row.parse(0)?;
            let earnings = self.account_earnings(&account).await?;
            accounts.push(AccountSummary {
                account,
                created: row.time(1)?,
                devices: row.get::<i64>(2)?.unsigned_abs(),
                earnings,
            });
        }
        Ok(accounts)
    }

    /// What the books say of each asset that is in them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn positions(&self) -> Result<Vec<Position>, StoreError> {
        // A sum may outgrow 64 bits: a server has a type for that, a file is read line by line.
        let sql = match self.engine() {
            Engine::Postgres => {
                "SELECT split_part(ledger_account, ':', 1), asset, CAST(sum(CAST(amount AS NUMERIC)) AS TEXT) \
                 FROM balances GROUP BY 1, 2"
            }
            Engine::Sqlite => {
                "SELECT CASE instr(ledger_account, ':') WHEN 0 THEN ledger_account \
                 ELSE substr(ledger_account, 1, instr(ledger_account, ':') - 1) END, asset, amount FROM balances"
            }
        };
        let mut positions: BTreeMap<Asset, Position> = BTreeMap::new();
        for row in self.pools.rows(sql, values![]).await? {
            let (kind, asset): (String, Asset) = (row.get(0)?, row.parse(1)?);
            let sum = amount(&row.get::<String>(2)?)?;
            let position = positions
                .entry(asset)
                .or_insert_with(|| Position::zero(asset));
            match kind.as_str() {
                "device" | "referrals" | "released" => position.held.atomic += sum,
                "wallet" => position.withdrawable.atomic += sum,
                "withdrawal" => position.withdrawing.atomic += sum,
                "operator" => position.operator.atomic += sum,
                "upstream" => position.upstreams_owe.atomic -= sum,
                _ => position.vault.atomic -= sum,
            }
        }
        Ok(positions.into_values().collect())
    }
}
