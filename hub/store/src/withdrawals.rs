//! Withdrawals as their owner and the operator see them: asked for, called off, approved, refused. Each change of state is
//! one conditional update in one transaction with its entries in the books, so of two that race only one happens.

use idlewatt_ledger::withdrawal;
use idlewatt_protocol::api::Withdrawal;
use idlewatt_protocol::{AccountId, Asset, Money, WithdrawalId};
use jiff::{SignedDuration, Timestamp};

use crate::books::write_transfer;
use crate::database::{Row, Transaction, values};
use crate::read::amount;
use crate::switches;
use crate::totp::{self, TotpRefused};
use crate::{Store, StoreError};

/// A withdrawal to be noted. The address is known to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWithdrawal {
    /// Whose wallet it takes from.
    pub account: AccountId,
    /// Chosen by whoever asks: the same again is the same withdrawal.
    pub request_key: String,
    /// What is taken from the wallet.
    pub amount: Money,
    /// The hub's part of it, in atomic units.
    pub fee: i128,
    /// Where it goes.
    pub address: String,
    /// How long an address waits that this account never used before.
    pub cooling_off: SignedDuration,
}

/// Why a withdrawal was not noted.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawalError {
    /// The wallet holds less.
    #[error("the wallet holds {available}, less than this withdrawal takes")]
    TooMuch {
        /// What there is.
        available: Money,
    },
    /// The authenticator app's code is missing or wrong.
    #[error(transparent)]
    Totp(TotpRefused),
    /// The key names another withdrawal.
    #[error("this request_key was used for another withdrawal of the account; choose a new one")]
    KeyUsed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A withdrawal with what only the hub knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawalRecord {
    /// Whose it is.
    pub account: AccountId,
    /// What its owner sees.
    pub withdrawal: Withdrawal,
    /// The payment, once it was decided.
    pub payment: Option<Payment>,
    /// Whether the network refuses the payment, so that the operator has to look.
    pub held: bool,
}

/// A payment that was made ready: handed to the network twice, it is still one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The network's id of it.
    pub transaction_id: String,
    /// What the wallet is handed to send it.
    pub body: String,
    /// What the network takes for it, in atomic units.
    pub network_fee: i128,
}

/// The columns of a [`WithdrawalRecord`], in the order in which [`record`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account, asset, address, amount, fee, state, reason, requested_at, approve_from, approved_at, ",
            "sent_at, transaction_id, confirmed_at, intent_mark, intent_body, network_fee, held_at FROM withdrawals ",
            $rest
        )
    };
}
pub(crate) use select;

pub(crate) fn record(row: &Row) -> Result<WithdrawalRecord, StoreError> {
    let asset: Asset = row.parse(2)?;
    let (taken, fee): (i64, i64) = (row.get(4)?, row.get(5)?);
    let money = |atomic: i64| Money {
        asset,
        atomic: atomic.into(),
    };
    let mark: Option<String> = row.get(14)?;
    let payment = match mark {
        None => None,
        Some(transaction_id) => Some(Payment {
            transaction_id,
            body: row.get::<Option<String>>(15)?.unwrap_or_default(),
            network_fee: row.get::<Option<i64>>(16)?.unwrap_or_default().into(),
        }),
    };
    Ok(WithdrawalRecord {
        account: row.parse(1)?,
        withdrawal: Withdrawal {
            id: row.parse(0)?,
            state: row.parse(6)?,
            reason: row.get(7)?,
            amount: money(taken),
            fee: money(fee),
            arrives: money(taken - fee),
            address: row.get(3)?,
            requested_at: row.time(8)?,
            earliest: row.time(9)?,
            approved_at: row.optional_time(10)?,
            sent_at: row.optional_time(11)?,
            transaction_id: row.get(12)?,
            confirmed_at: row.optional_time(13)?,
        },
        payment,
        held: row.get::<Option<i64>>(17)?.is_some(),
    })
}

impl Store {
    /// Uses the code up, sets the amount aside and notes the withdrawal, all or nothing. The same request again gives the same
    /// withdrawal and asks for no code.
    ///
    /// # Errors
    /// If the wallet holds less, a code is asked for and this one is not it, the key was used for another withdrawal, or the
    /// database fails.
    pub async fn request_withdrawal(
        &self,
        new: &NewWithdrawal,
        totp: Option<&str>,
        now: Timestamp,
    ) -> Result<Withdrawal, WithdrawalError> {
        let asset = new.amount.asset;
        let mut transaction = self.pools.begin().await?;
        if let Some(known) = known(&mut transaction, new).await? {
            return known;
        }
        // The account's row first, then the books: the order in which everybody locks them.
        if let Err(refused) = totp::check_within(&mut transaction, &new.account, totp, now).await? {
            transaction.commit().await?;
            return Err(WithdrawalError::Totp(refused));
        }
        transaction.lock_books().await?;
        if let Some(known) = known(&mut transaction, new).await? {
            return known;
        }
        let balance = transaction
            .row(
                "SELECT amount FROM balances WHERE ledger_account = 'wallet:' || $1 AND asset = $2",
                values![&new.account, asset],
            )
            .await?;
        let available = match balance {
            Some(row) => amount(&row.get::<String>(0)?)?,
            None => 0,
        };
        let small = |atomic: i128| i64::try_from(atomic).ok().filter(|small| *small >= 0);
        let (Some(taken), Some(fee), true) = (
            small(new.amount.atomic),
            small(new.fee),
            new.amount.atomic <= available && new.fee < new.amount.atomic,
        ) else {
            return Err(WithdrawalError::TooMuch {
                available: Money {
                    asset,
                    atomic: available,
                },
            });
        };
        let earliest = usable_from(&mut transaction, new, now).await?.max(now);
        let id = WithdrawalId::random();
        transaction
            .execute(
                "INSERT INTO withdrawals (id, account, request_key, asset, address, amount, fee, state, \
                 requested_at, approve_from) VALUES ($1, $2, $3, $4, $5, $6, $7, 'requested', $8, $9)",
                values![
                    id.as_str(),
                    &new.account,
                    &new.request_key,
                    asset,
                    &new.address,
                    taken,
                    fee,
                    now,
                    earliest
                ],
            )
            .await?;
        let transfer =
            withdrawal::requested(&new.account, &id, new.amount).map_err(StoreError::from)?;
        write_transfer(&mut transaction, &transfer, id.as_str(), now).await?;
        let row = transaction
            .row(select!("WHERE id = $1"), values![id.as_str()])
            .await?;
        let noted = record(&row.ok_or(StoreError::from(sqlx::Error::RowNotFound))?)?;
        transaction.commit().await?;
        Ok(noted.withdrawal)
    }

    /// From when on the account may be paid at the address; `None` if it never asked for that.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn address_usable_from(
        &self,
        account: &AccountId,
        asset: Asset,
        address: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT usable_from FROM addresses WHERE account = $1 AND asset = $2 AND address = $3",
                values![account, asset, address],
            )
            .await?;
        row.map(|row| row.time(0)).transpose()
    }

    /// The account's newest 1,000 withdrawals, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn withdrawals_of(&self, account: &AccountId) -> Result<Vec<Withdrawal>, StoreError> {
        let rows = self
            .pools
            .rows(
                select!("WHERE account = $1 ORDER BY requested_at DESC, id LIMIT 1000"),
                values![account],
            )
            .await?;
        rows.iter().map(|row| Ok(record(row)?.withdrawal)).collect()
    }

    /// A withdrawal, whoever's it is.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn withdrawal(
        &self,
        id: &WithdrawalId,
    ) -> Result<Option<WithdrawalRecord>, StoreError> {
        let row = self
            .pools
            .row(select!("WHERE id = $1"), values![id.as_str()])
            .await?;
        row.as_ref().map(record).transpose()
    }

    /// Every withdrawal that is neither confirmed nor refused, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn open_withdrawals(&self) -> Result<Vec<WithdrawalRecord>, StoreError> {
        let rows = self
            .pools
            .rows(
                select!(
                    "WHERE state IN ('requested', 'approved', 'sent') ORDER BY requested_at, id"
                ),
                values![],
            )
            .await?;
        rows.iter().map(record).collect()
    }

    /// Gives the amount back and says why. Only while no payment was decided: `false` if it is too late for that, or the wallet
    /// may have paid it after the backup that this database was made of.
    /// `only_requested` is how an owner calls it off, who has no say once it is approved.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn refuse_withdrawal(
        &self,
        id: &WithdrawalId,
        reason: &str,
        only_requested: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let latest = if only_requested {
            "requested"
        } else {
            "approved"
        };
        let row = transaction
            .row(
                "UPDATE withdrawals SET state = 'refused', reason = $1 \
                 WHERE id = $2 AND state IN ('requested', $3) AND intent_at IS NULL \
                 RETURNING account, asset, amount",
                values![reason, id.as_str(), latest],
            )
            .await?;
        let Some(row) = row else {
            return Ok(false);
        };
        let amount = Money {
            asset: row.parse(1)?,
            atomic: row.get::<i64>(2)?.into(),
        };
        if switches::unasked(&mut transaction, amount.asset).await? {
            return Ok(false);
        }
        let transfer = withdrawal::refused(&row.parse(0)?, id, amount)?;
        write_transfer(&mut transaction, &transfer, id.as_str(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The operator's approval, whatever the hot-wallet limit. `false` if it is not waiting for that, or its address is still
    /// too new: that wait protects its owner.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn approve_withdrawal(
        &self,
        id: &WithdrawalId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self
            .pools
            .execute(
                "UPDATE withdrawals SET state = 'approved', approved_at = $1, reason = NULL \
                 WHERE id = $2 AND state = 'requested' AND approve_from <= $1",
                values![now, id.as_str()],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Forgets a payment that the network refuses for good, so that another is made. Whoever calls this vouches that the old
    /// one can never be confirmed. `false` if the withdrawal is not held.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn renew_withdrawal(&self, id: &WithdrawalId) -> Result<bool, StoreError> {
        let changed = self
            .pools
            .execute(
                "UPDATE withdrawals SET state = 'approved', intent_at = NULL, intent_mark = NULL, \
                 intent_body = NULL, network_fee = NULL, sent_at = NULL, transaction_id = NULL, held_at = NULL, \
                 reason = NULL WHERE id = $1 AND held_at IS NOT NULL AND state IN ('approved', 'sent')",
                values![id.as_str()],
            )
            .await?;
        Ok(changed == 1)
    }
}

/// What was asked for with this key before.
async fn known(
    transaction: &mut Transaction,
    new: &NewWithdrawal,
) -> Result<Option<Result<Withdrawal, WithdrawalError>>, StoreError> {
    let row = transaction
        .row(
            select!("WHERE account = $1 AND request_key = $2"),
            values![&new.account, &new.request_key],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let known = record(&row)?.withdrawal;
    Ok(Some(
        match known.amount == new.amount && known.address == new.address {
            true => Ok(known),
            false => Err(WithdrawalError::KeyUsed),
        },
    ))
}

/// Notes the address if it is new.
async fn usable_from(
    transaction: &mut Transaction,
    new: &NewWithdrawal,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let usable = now.checked_add(new.cooling_off).unwrap_or(Timestamp::MAX);
    transaction
        .execute(
            "INSERT INTO addresses (account, asset, address, first_seen, usable_from) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (account, asset, address) DO NOTHING",
            values![
                &new.account,
                new.amount.asset,
                &new.address,
                now,
                usable
            ],
        )
        .await?;
    let row = transaction
        .row(
            "SELECT usable_from FROM addresses WHERE account = $1 AND asset = $2 AND address = $3",
            values![&new.account, new.amount.asset, &new.address],
        )
        .await?;
    row.ok_or(sqlx::Error::RowNotFound)?.time(0)
}
