//! Deleting an account: what is personal goes, the books stay. What remains is random names and amounts.

use idlewatt_ledger::{Entry, LedgerAccount, Transfer, TransferKind};
use idlewatt_protocol::{AccountId, DeviceId, Money, ReferralCode};
use jiff::Timestamp;

use crate::books::write_transfer;
use crate::database::{Engine, Transaction, values};
use crate::read::{amount, money};
use crate::sums::add;
use crate::totp::check_within;
use crate::{Store, StoreError, TotpRefused};

/// Why an account was not deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeletionRefused {
    /// The authenticator app's code is missing or wrong.
    #[error(transparent)]
    Totp(#[from] TotpRefused),
    /// A withdrawal is on its way.
    #[error("a withdrawal is on its way; wait until it is confirmed or refused")]
    OpenWithdrawal,
    /// There is money left.
    #[error(
        "there is money left ({}); withdraw it first, or send \"forfeit\": true to give it up",
        .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    MoneyLeft(Vec<Money>),
}

/// What a deletion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// What was in the wallet; it is the operator's now.
    pub forfeited: Vec<Money>,
    /// Devices that were not revoked before.
    pub revoked: Vec<DeviceId>,
}

/// What takes everything personal away, beside what devices and the account itself carry.
const FORGET: [&str; 5] = [
    "DELETE FROM sessions WHERE account = $1",
    "DELETE FROM addresses WHERE account = $1",
    "UPDATE withdrawals SET address = '', reason = NULL WHERE account = $1",
    "DELETE FROM challenges WHERE device IN (SELECT id FROM devices WHERE account = $1)",
    "DELETE FROM reports WHERE device IN (SELECT id FROM devices WHERE account = $1)",
];

impl Store {
    /// Deletes an account: nothing opens it any more, and everything that its owner wrote is gone. What is in its wallet goes
    /// to the operator; what was earned and not released stays in the books, where nobody can withdraw it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_account(
        &self,
        account: &AccountId,
        code: Option<&str>,
        forfeit: bool,
        now: Timestamp,
    ) -> Result<Result<Deletion, DeletionRefused>, StoreError> {
        let mut transaction = self.pools.begin().await?;
        let deleted = self.delete_within(&mut transaction, account, code, forfeit, now);
        let deleted = deleted.await?;
        // Where it was refused, nothing but a wrong code was noted.
        transaction.commit().await?;
        Ok(deleted)
    }

    async fn delete_within(
        &self,
        transaction: &mut Transaction,
        account: &AccountId,
        code: Option<&str>,
        forfeit: bool,
        now: Timestamp,
    ) -> Result<Result<Deletion, DeletionRefused>, StoreError> {
        // Settlements, releases and withdrawals wait until this is over.
        transaction.lock_books().await?;
        if let Err(refused) = check_within(transaction, account, code, now).await? {
            return Ok(Err(refused.into()));
        }
        let open = transaction
            .row(
                "SELECT 1 FROM withdrawals WHERE account = $1 AND state IN ('requested', 'approved', 'sent')",
                values![account],
            )
            .await?;
        if open.is_some() {
            return Ok(Err(DeletionRefused::OpenWithdrawal));
        }
        let (wallet, left) = balances(transaction, account).await?;
        let is_money = |sum: &Money| sum.atomic != 0 && !sum.asset.is_practice();
        if !forfeit && left.iter().any(is_money) {
            let left = left.into_iter().filter(is_money).collect();
            return Ok(Err(DeletionRefused::MoneyLeft(left)));
        }
        let forfeited: Vec<Money> = wallet.into_iter().filter(|sum| sum.atomic > 0).collect();
        give_up(transaction, account, &forfeited, now).await?;
        // Whoever is being added right now is waited for, or finds no code any more.
        for sql in [
            "DELETE FROM enrolment_codes WHERE account = $1",
            "DELETE FROM enrolment_tokens WHERE account = $1",
        ] {
            transaction.execute(sql, values![account]).await?;
        }
        let revoked = lock_devices(transaction, self.engine(), account).await?;
        transaction
            .execute(
                "UPDATE devices SET name = '', group_name = '', worker = NULL, token_hash = NULL, public_key = NULL, \
                 limit_percent = NULL, revoked_at = coalesce(revoked_at, $2), changed_at = $2 WHERE account = $1",
                values![account, now],
            )
            .await?;
        for sql in FORGET {
            transaction.execute(sql, values![account]).await?;
        }
        // A referral code on its way leads nowhere from now on.
        transaction
            .execute(
                "UPDATE accounts SET key_hash = NULL, totp_secret = NULL, totp_confirmed = 0, totp_last_step = 0, \
                 totp_wrong = 0, totp_wait = 0, deleted_at = $2, referral_code = $3 WHERE id = $1",
                values![account, now, &ReferralCode::random()],
            )
            .await?;
        Ok(Ok(Deletion { forfeited, revoked }))
    }
}

/// What is in the wallet; and that together with what was earned and not released.
async fn balances(
    transaction: &mut Transaction,
    account: &AccountId,
) -> Result<(Vec<Money>, Vec<Money>), StoreError> {
    let rows = transaction
        .rows(
            "SELECT balances.ledger_account, balances.asset, balances.amount FROM devices JOIN balances \
             ON balances.ledger_account IN ('device:' || devices.id, 'released:' || devices.id) \
             WHERE devices.account = $1 UNION ALL \
             SELECT ledger_account, asset, amount FROM balances \
             WHERE ledger_account IN ('wallet:' || $1, 'referrals:' || $1, 'released:' || $1)",
            values![account],
        )
        .await?;
    let (mut wallet, mut left) = (Vec::new(), Vec::new());
    for row in rows {
        let sum = money(&row.get::<String>(1)?, amount(&row.get::<String>(2)?)?)?;
        if row.get::<String>(0)?.starts_with("wallet:") {
            add(&mut wallet, sum);
        }
        add(&mut left, sum);
    }
    Ok((wallet, left))
}

async fn give_up(
    transaction: &mut Transaction,
    account: &AccountId,
    forfeited: &[Money],
    now: Timestamp,
) -> Result<(), StoreError> {
    if forfeited.is_empty() {
        return Ok(());
    }
    let entries = forfeited.iter().flat_map(|amount| {
        let taken = Money {
            atomic: -amount.atomic,
            ..*amount
        };
        [
            (LedgerAccount::Wallet(account.clone()), taken),
            (LedgerAccount::Operator, *amount),
        ]
    });
    let entries = entries.map(|(account, amount)| Entry { account, amount });
    let transfer = Transfer::try_new(TransferKind::Forfeit, entries.collect())?;
    write_transfer(transaction, &transfer, account.as_str(), now).await?;
    Ok(())
}

/// The account's devices that are not revoked, locked in the order in which reports lock them.
async fn lock_devices(
    transaction: &mut Transaction,
    engine: Engine,
    account: &AccountId,
) -> Result<Vec<DeviceId>, StoreError> {
    let sql = match engine {
        Engine::Sqlite => {
            "SELECT id FROM devices WHERE account = $1 AND revoked_at IS NULL ORDER BY id"
        }
        Engine::Postgres => {
            "SELECT id FROM devices WHERE account = $1 AND revoked_at IS NULL ORDER BY id FOR UPDATE"
        }
    };
    let rows = transaction.rows(sql, values![account]).await?;
    rows.iter().map(|row| row.parse(0)).collect()
}
