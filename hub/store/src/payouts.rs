//! Withdrawals as whoever pays them sees them.
//!
//! A payment is made ready first, without the network hearing of it; then it is recorded here, then handed over. Handing
//! the recorded payment over again is never a second payment, so after a crash that is what is done. For it to hold, at most
//! one payment of an asset is ready and not handed over: the next one is made from what the wallet holds after it.
//! [`Store::record_payment`] refuses one that was begun before another was recorded, whichever replica began it.

use idlewatt_ledger::withdrawal;
use idlewatt_protocol::{Asset, Money, WithdrawalId};
use jiff::{SignedDuration, Timestamp};

use crate::books::write_transfer;
use crate::database::values;
use crate::switches;
use crate::withdrawals::{record, select};
use crate::{Payment, Store, StoreError, WithdrawalRecord};

/// How long an approval counts against the hot-wallet limit.
const LIMIT_COUNTS: SignedDuration = SignedDuration::from_hours(24);

/// How many payments of an asset had been recorded when somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentsSeen(i64);

impl Store {
    /// Approves what may be paid without the operator: whose address is no longer new, as long as no more than `limit`
    /// atomic units are approved in 24 hours. Gives the ids. What is above the limit says so.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn approve_due_withdrawals(
        &self,
        asset: Asset,
        limit: i128,
        now: Timestamp,
    ) -> Result<Vec<WithdrawalId>, StoreError> {
        let due = "SELECT id, amount FROM withdrawals WHERE asset = $1 AND state = 'requested' AND approve_from <= $2 \
                   ORDER BY approve_from, id LIMIT 100";
        if self.pools.row(due, values![asset, now]).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let since = now.checked_sub(LIMIT_COUNTS).unwrap_or(Timestamp::MIN);
        let row = transaction
            .row(
                "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM withdrawals \
                 WHERE asset = $1 AND approved_at > $2 AND state IN ('approved', 'sent', 'confirmed')",
                values![asset, since],
            )
            .await?;
        let mut sum: i128 = row.ok_or(sqlx::Error::RowNotFound)?.get::<i64>(0)?.into();
        let mut approved = Vec::new();
        for row in transaction.rows(due, values![asset, now]).await? {
            let id: WithdrawalId = row.parse(0)?;
            let amount = i128::from(row.get::<i64>(1)?);
            if sum + amount > limit {
                let reason =
                    "more than the hub pays out in 24 hours by itself: it waits for the operator";
                transaction
                    .execute(
                        "UPDATE withdrawals SET reason = $1 WHERE id = $2 AND state = 'requested' \
                         AND coalesce(reason, '') <> $1",
                        values![reason, id.as_str()],
                    )
                    .await?;
                continue;
            }
            transaction
                .execute(
                    "UPDATE withdrawals SET state = 'approved', approved_at = $1, reason = NULL \
                     WHERE id = $2 AND state = 'requested'",
                    values![now, id.as_str()],
                )
                .await?;
            sum += amount;
            approved.push(id);
        }
        transaction.commit().await?;
        Ok(approved)
    }

    /// Withdrawals of an asset that are approved or sent, oldest first: at most 1,000.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn payable_withdrawals(
        &self,
        asset: Asset,
    ) -> Result<Vec<WithdrawalRecord>, StoreError> {
        let rows = self
            .pools
            .rows(
                select!("WHERE asset = $1 AND state IN ('approved', 'sent') ORDER BY approved_at, id LIMIT 1000"),
                values![asset],
            )
            .await?;
        rows.iter().map(record).collect()
    }

    /// To be asked before a payment is made ready. `None` if one is ready that the network does not have yet: it goes first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn payments_seen(&self, asset: Asset) -> Result<Option<PaymentsSeen>, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT (SELECT value FROM switches WHERE name = 'payments ' || $1), \
                 (SELECT CAST(count(*) AS BIGINT) FROM withdrawals WHERE asset = $1 AND state = 'approved' \
                 AND intent_at IS NOT NULL AND held_at IS NULL)",
                values![asset],
            )
            .await?
            .ok_or(sqlx::Error::RowNotFound)?;
        if row.get::<i64>(1)? > 0 {
            return Ok(None);
        }
        let seen = match row.get::<Option<String>>(0)? {
            Some(_) => row.parse(0)?,
            None => 0,
        };
        Ok(Some(PaymentsSeen(seen)))
    }

    /// Records that this payment, and no other, is the withdrawal's. `false`, and it must be thrown away, if the withdrawal has
    /// one or is no longer approved, payments are paused, or another payment was recorded since `seen`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn record_payment(
        &self,
        id: &WithdrawalId,
        asset: Asset,
        payment: &Payment,
        seen: PaymentsSeen,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        if switches::paused(&mut transaction).await? {
            return Ok(false);
        }
        let open = transaction
            .row(
                "SELECT 1 FROM withdrawals WHERE asset = $1 AND state = 'approved' \
                 AND intent_at IS NOT NULL AND held_at IS NULL",
                values![asset],
            )
            .await?;
        if open.is_some() {
            return Ok(false);
        }
        let counted = transaction
            .row(
                "INSERT INTO switches (name, value, at) VALUES ('payments ' || $1, $2, $3) \
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at \
                 WHERE switches.value = $4 RETURNING value",
                values![asset, (seen.0 + 1).to_string(), now, seen.0.to_string()],
            )
            .await?;
        let network_fee = i64::try_from(payment.network_fee)
            .map_err(|_| idlewatt_ledger::TransferError::TooLarge(asset))?;
        let changed = transaction
            .execute(
                "UPDATE withdrawals SET intent_at = $1, intent_mark = $2, intent_body = $3, network_fee = $4, \
                 reason = NULL WHERE id = $5 AND state = 'approved' AND intent_at IS NULL",
                values![
                    now,
                    &payment.transaction_id,
                    &payment.body,
                    network_fee,
                    id.as_str()
                ],
            )
            .await?;
        if counted.is_none() || changed != 1 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Records that the wallet has paid this withdrawal before, as its own books say: those of the hub were restored from a
    /// backup. The network gets nothing by it, so a pause does not matter, nor that nobody has approved it. `false` if the
    /// withdrawal has a payment, or the payment is another withdrawal's.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn adopt_payment(
        &self,
        id: &WithdrawalId,
        payment: &Payment,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let network_fee = i64::try_from(payment.network_fee)
            .map_err(|_| idlewatt_ledger::TransferError::TooLarge(Asset::Monero))?;
        let changed = transaction
            .execute(
                "UPDATE withdrawals SET state = 'sent', approved_at = coalesce(approved_at, $1), sent_at = $1, \
                 intent_at = $1, intent_mark = $2, intent_body = $3, network_fee = $4, transaction_id = $2, reason = NULL \
                 WHERE id = $5 AND state IN ('requested', 'approved') AND intent_at IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM withdrawals WHERE intent_mark = $2)",
                values![
                    now,
                    &payment.transaction_id,
                    &payment.body,
                    network_fee,
                    id.as_str()
                ],
            )
            .await?;
        transaction.commit().await?;
        Ok(changed == 1)
    }

    /// The network has the recorded payment.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn withdrawal_sent(
        &self,
        id: &WithdrawalId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.pools
            .execute(
                "UPDATE withdrawals SET state = 'sent', sent_at = coalesce(sent_at, $1), transaction_id = intent_mark, \
                 held_at = NULL, reason = NULL \
                 WHERE id = $2 AND state IN ('approved', 'sent') AND intent_at IS NOT NULL",
                values![now, id.as_str()],
            )
            .await?;
        Ok(())
    }

    /// Whether a payment with this id is some withdrawal's.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn knows_payment(&self, transaction_id: &str) -> Result<bool, StoreError> {
        let row = self
            .pools
            .row(
                "SELECT 1 FROM withdrawals WHERE intent_mark = $1",
                values![transaction_id],
            )
            .await?;
        Ok(row.is_some())
    }

    /// The network has confirmed the payment: the amount leaves the books. `false` if that was done before.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn confirm_withdrawal(
        &self,
        id: &WithdrawalId,
        vault: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pools.begin().await?;
        transaction.lock_books().await?;
        let row = transaction
            .row(
                "UPDATE withdrawals SET state = 'confirmed', confirmed_at = $1, reason = NULL, held_at = NULL, \
                 intent_body = NULL WHERE id = $2 AND state = 'sent' \
                 RETURNING asset, amount, fee, coalesce(network_fee, 0)",
                values![now, id.as_str()],
            )
            .await?;
        let Some(row) = row else {
            return Ok(false);
        };
        let amount = Money {
            asset: row.parse(0)?,
            atomic: row.get::<i64>(1)?.into(),
        };
        let (fee, network_fee): (i64, i64) = (row.get(2)?, row.get(3)?);
        let transfer = withdrawal::confirmed(id, amount, fee.into(), network_fee.into(), vault)?;
        write_transfer(&mut transaction, &transfer, id.as_str(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Says why a withdrawal waits. `held`: the network refuses its payment, and the operator has to look.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn explain_withdrawal(
        &self,
        id: &WithdrawalId,
        reason: &str,
        held: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let held_at = held.then_some(now);
        self.pools
            .execute(
                "UPDATE withdrawals SET reason = $1, held_at = coalesce(held_at, $2) \
                 WHERE id = $3 AND state IN ('requested', 'approved', 'sent') \
                 AND (coalesce(reason, '') <> $1 OR ($2 IS NOT NULL AND held_at IS NULL))",
                values![reason, held_at, id.as_str()],
            )
            .await?;
        Ok(())
    }
}
