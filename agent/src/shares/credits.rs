//! Taking over what the hub has credited.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;

use idlewatt_protocol::api::CreditedShare;
use idlewatt_protocol::{Asset, Money};
use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction};

use super::history::{FOUND_AT_ONCE, Numbers};
use super::record::{State, credit};
use super::{Receipts, ReceiptsError};

/// A hub's receipt longer than this is none.
pub(super) const LONGEST_RECEIPT: usize = 1_000;

/// How many parts of a credit's fraction make one atomic unit.
const FRACTIONS: i128 = 1_000_000_000_000;

/// What a receipt says about a share that the hub has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub credit: Option<Money>,
    /// Whether its credit was not known before.
    pub is_news: bool,
}

/// An accepted receipt that the hub has to be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub id: i64,
    pub digest: String,
    pub credit: Option<Money>,
    /// Whether the hub is known to have lost it for good.
    pub lost: bool,
    /// What it can be claimed with.
    pub receipt: Option<String>,
}

impl Receipts {
    /// How far this source's credits have been taken over for good.
    pub(super) async fn cursor(&self, source: &str) -> Result<i64, ReceiptsError> {
        let sequence = sqlx::query_scalar("SELECT sequence FROM cursors WHERE source = ?")
            .bind(source)
            .fetch_optional(&self.pool)
            .await?;
        Ok(sequence.unwrap_or(0))
    }

    /// Enters what the hub credited, and with `cursor` how far it has been read for good: both or neither. The hub has
    /// the last word, so a receipt in any state becomes accepted; a credit that was entered before is left alone, for
    /// it is what the check compares with. Gives back what is known of each share, in the same order.
    pub(super) async fn take_credits(
        &self,
        source: &str,
        shares: &[CreditedShare],
        cursor: Option<i64>,
        numbers: Numbers,
    ) -> Result<Vec<Option<Known>>, ReceiptsError> {
        let mut known = Vec::with_capacity(shares.len());
        let mut moved = Vec::new();
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for share in shares {
            let taken = take(&mut transaction, source, share, numbers).await?;
            moved.extend(taken.as_ref().map(|(_, state)| *state));
            known.push(taken.map(|(known, _)| known));
        }
        if let Some(cursor) = cursor {
            sqlx::query(
                "INSERT INTO cursors (source, sequence) VALUES (?, ?)
                 ON CONFLICT (source) DO UPDATE SET sequence = excluded.sequence",
            )
            .bind(source)
            .bind(cursor)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        for state in moved.into_iter().filter(|state| *state != State::Accepted) {
            self.moved(Some(state), State::Accepted);
        }
        Ok(known)
    }

    /// What was credited, and has become money, for the shares that were found since a moment: one amount an asset.
    ///
    /// # Errors
    /// If the receipts cannot be read.
    pub async fn credited_since(&self, moment: Timestamp) -> Result<Vec<Money>, ReceiptsError> {
        self.credited_within(moment, Timestamp::MAX).await
    }

    /// The same between two moments, the first included.
    ///
    /// # Errors
    /// If the receipts cannot be read.
    pub async fn credited_within(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Money>, ReceiptsError> {
        // Numbers rise with time: no more is looked at than what is new.
        let mut rows = sqlx::query(
            "SELECT id, credit_asset, credit_atomic, credit_fraction FROM receipts
             WHERE id > coalesce((SELECT id FROM receipts WHERE found_at < ?1 ORDER BY id DESC LIMIT 1), 0)
             AND found_at >= ?1 AND found_at < ?2
             AND state = 'accepted' AND lost_at IS NULL AND hub_settlement IS NOT NULL",
        )
        .bind(from.as_millisecond())
        .bind(to.as_millisecond())
        .fetch(&self.pool);
        let mut sums: BTreeMap<Asset, (i128, i128)> = BTreeMap::new();
        while let Some(row) = rows.try_next().await? {
            let Some(credit) = credit(&row, row.try_get("id")?)? else {
                continue;
            };
            let fraction: i64 = row.try_get("credit_fraction")?;
            let (whole, parts) = sums.entry(credit.asset).or_default();
            *whole = whole.saturating_add(credit.atomic);
            *parts += i128::from(fraction);
        }
        let amounts = sums.into_iter().map(|(asset, (whole, parts))| Money {
            asset,
            atomic: whole.saturating_add(parts / FRACTIONS),
        });
        Ok(amounts.filter(|amount| amount.atomic > 0).collect())
    }

    /// The digests, with their credits, of receipts that this source has credited under numbers above `after`, up
    /// to and with `last`.
    pub(super) async fn credited_between(
        &self,
        source: &str,
        after: i64,
        last: i64,
    ) -> Result<Vec<(String, Option<Money>)>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT id, digest, credit_asset, credit_atomic FROM receipts
             WHERE source = ? AND state = 'accepted' AND hub_sequence > ? AND hub_sequence <= ?",
        )
        .bind(source)
        .bind(after)
        .bind(last)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("digest")?, credit(row, row.try_get("id")?)?)))
            .collect()
    }

    /// Accepted receipts of a source that have no number at the hub, or one above `last`: with ids above `after`,
    /// at most a page.
    pub(super) async fn accepted_beyond(
        &self,
        source: &str,
        last: i64,
        after: i64,
    ) -> Result<Vec<Claim>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT id, digest, credit_asset, credit_atomic, lost_at, hub_receipt FROM receipts
             WHERE source = ? AND state = 'accepted' AND (hub_sequence IS NULL OR hub_sequence > ?) AND id > ?
             ORDER BY id LIMIT ?",
        )
        .bind(source)
        .bind(last)
        .bind(after)
        .bind(FOUND_AT_ONCE)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let id = row.try_get("id")?;
                let lost_at: Option<i64> = row.try_get("lost_at")?;
                Ok(Claim {
                    id,
                    digest: row.try_get("digest")?,
                    credit: credit(row, id)?,
                    lost: lost_at.is_some(),
                    receipt: row.try_get("hub_receipt")?,
                })
            })
            .collect()
    }
}

/// Enters one share; `None` if there is no receipt for it, else what is known and the state it was in.
async fn take(
    transaction: &mut Transaction<'_, Sqlite>,
    source: &str,
    share: &CreditedShare,
    numbers: Numbers,
) -> Result<Option<(Known, State)>, ReceiptsError> {
    let row = sqlx::query(
        "SELECT id, state, credit_asset, credit_atomic, hub_sequence, hub_settlement, hub_receipt, lost_at
         FROM receipts WHERE digest = ? AND source = ?",
    )
    .bind(&share.digest)
    .bind(source)
    .fetch_optional(&mut **transaction)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id: i64 = row.try_get("id")?;
    let name: String = row.try_get("state")?;
    let state = State::of_name(&name).ok_or(ReceiptsError::Row {
        id,
        column: "state",
        value: name,
    })?;
    let entered = credit(&row, id)?;
    let sequence: Option<i64> = row.try_get("hub_sequence")?;
    let number = match numbers {
        Numbers::Taken => Some(share.sequence),
        Numbers::Kept => sequence,
    };
    let settlement: Option<i64> = row.try_get("hub_settlement")?;
    let receipt: Option<String> = row.try_get("hub_receipt")?;
    let lost_at: Option<i64> = row.try_get("lost_at")?;
    let given = share.receipt.as_ref();
    let given = given.filter(|line| line.len() <= LONGEST_RECEIPT);
    let known = Known {
        credit: Some(entered.unwrap_or(share.credit)),
        is_news: entered.is_none(),
    };
    let up_to_date = state == State::Accepted
        && sequence == number
        && entered.is_some()
        && lost_at.is_none()
        && (share.settlement.is_none() || settlement == share.settlement)
        && (given.is_none() || receipt.as_ref() == given);
    if !up_to_date {
        sqlx::query(
            "UPDATE receipts SET state = 'accepted', reason = NULL, lost_at = NULL,
             credit_fraction = CASE WHEN credit_asset IS NULL THEN ? ELSE credit_fraction END,
             credit_asset = coalesce(credit_asset, ?), credit_atomic = coalesce(credit_atomic, ?),
             hub_sequence = ?, hub_settlement = coalesce(?, hub_settlement), hub_receipt = coalesce(?, hub_receipt),
             settled_at = coalesce(settled_at, ?) WHERE id = ?",
        )
        .bind(i64::try_from(share.fraction).unwrap_or(i64::MAX))
        .bind(share.credit.asset.code())
        .bind(share.credit.atomic.to_string())
        .bind(number)
        .bind(share.settlement)
        .bind(given)
        .bind(Timestamp::now().as_millisecond())
        .bind(id)
        .execute(&mut **transaction)
        .await?;
    }
    Ok(Some((known, state)))
}
