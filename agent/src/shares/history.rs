//! Whether the hub's books still are those that the receipts were compared with.
//!
//! A hub that was restored from a backup has forgotten its newest shares, and gives their numbers to others. So the
//! receipt with the highest number is the mark: a hub that still has it under that number has everything before it, too.
//! Every answer that numbers are taken from has to contain the mark, which makes all numbers here those of one
//! history, whatever happens between two requests and wherever this program is killed. Where the mark is
//! missing, nothing is taken over before [`Reconciler::forget_what_is_lost`].

use idlewatt_protocol::api::CreditedShare;
use sqlx::Row;

use super::reconcile::{Reconciler, SettleError};
use super::{Receipts, ReceiptsError};
use crate::work::hub_client::PAGE;

/// How many digests can be looked up at a time: the mark is one more.
pub(super) const FOUND_AT_ONCE: u32 = PAGE as u32 - 1;

/// A share as the hub has it: by these three it is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub sequence: i64,
    pub digest: String,
    /// `None` where it was not settled yet when the hub was asked.
    pub settlement: Option<i64>,
}

impl Mark {
    /// Whether this is the same share with the same number, and no settlement was undone.
    pub fn is(&self, share: &CreditedShare) -> bool {
        self.sequence == share.sequence
            && self.digest == share.digest
            && (self.settlement.is_none() || self.settlement == share.settlement)
    }

    fn is_in(&self, shares: &[CreditedShare]) -> bool {
        shares.iter().any(|share| self.is(share))
    }
}

impl From<&CreditedShare> for Mark {
    fn from(share: &CreditedShare) -> Self {
        Mark {
            sequence: share.sequence,
            digest: share.digest.clone(),
            settlement: share.settlement,
        }
    }
}

/// Whether shares' numbers are taken over from an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// The answer has the mark in it.
    Taken,
    /// It has not: it ends before the mark.
    Kept,
}

/// A part of the hub's list.
#[derive(Debug)]
pub(super) struct Page {
    /// The shares behind this number,
    pub after: i64,
    /// in order, at least one.
    pub shares: Vec<CreditedShare>,
    pub numbers: Numbers,
}

/// Follows the hub's list of this device's shares. Behind the mark each page begins with the last share of the one before,
/// which so becomes the mark.
#[derive(Debug)]
pub(super) struct Walk<'r> {
    reconciler: &'r Reconciler,
    mark: Option<Mark>,
    after: i64,
    more: bool,
}

impl<'r> Walk<'r> {
    /// Begins behind a number, or at the mark if that comes first.
    pub async fn begin(reconciler: &'r Reconciler, after: i64) -> Result<Self, SettleError> {
        let mark = reconciler.receipts.mark(&reconciler.source).await?;
        let before = mark.as_ref().map_or(after, |mark| mark.sequence - 1);
        Ok(Walk {
            reconciler,
            mark,
            after: after.min(before),
            more: true,
        })
    }

    /// The next page; `None` behind the last.
    pub async fn next(&mut self) -> Result<Option<Page>, SettleError> {
        if !self.more {
            return Ok(None);
        }
        let before = self
            .mark
            .as_ref()
            .map_or(self.after, |mark| mark.sequence - 1);
        let from = self.after.min(before);
        let answer = self.reconciler.hub.shares(from, PAGE).await?;
        let mut shares = answer.shares;
        let numbers = match (&self.mark, shares.last()) {
            (None, _) => Numbers::Taken,
            (Some(mark), _) if mark.is_in(&shares) => Numbers::Taken,
            (Some(mark), Some(last)) if answer.more && last.sequence < mark.sequence => {
                Numbers::Kept
            }
            _ => return Err(SettleError::HistoryChanged),
        };
        let after = self.after;
        shares.retain(|share| share.sequence > after);
        self.more = answer.more;
        let Some(last) = shares.last() else {
            return Ok(None);
        };
        self.after = last.sequence;
        if numbers == Numbers::Taken {
            self.mark = Some(Mark::from(last));
        }
        Ok(Some(Page {
            after,
            shares,
            numbers,
        }))
    }
}

impl Reconciler {
    /// Those of at most [`FOUND_AT_ONCE`] digests that the hub has; what it says of them has been taken over.
    pub(super) async fn find(&self, digests: Vec<String>) -> Result<Found, SettleError> {
        if digests.is_empty() {
            return Ok(Found::default());
        }
        let (receipts, source) = (&self.receipts, &self.source);
        let mark = receipts.mark(source).await?;
        let mut asked = digests;
        let added = mark
            .as_ref()
            .filter(|mark| !asked.contains(&mark.digest))
            .map(|mark| mark.digest.clone());
        asked.extend(added.clone());
        let mut shares = self.hub.find_shares(&asked).await?.shares;
        if mark.is_some_and(|mark| !mark.is_in(&shares)) {
            return Err(SettleError::HistoryChanged);
        }
        shares.retain(|share| Some(&share.digest) != added.as_ref());
        let known = receipts
            .take_credits(source, &shares, None, Numbers::Taken)
            .await?;
        let known = known.iter().flatten().count() as u64;
        Ok(Found { shares, known })
    }
}

/// What the hub has of what was asked for.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub shares: Vec<CreditedShare>,
    /// How many of them have a receipt here.
    pub known: u64,
}

impl Receipts {
    /// The share with the highest number at a hub.
    pub(super) async fn mark(&self, source: &str) -> Result<Option<Mark>, ReceiptsError> {
        let first = self.numbered_below(source, i64::MAX, 1).await?;
        Ok(first.into_iter().next())
    }

    /// The shares with the highest numbers below one, highest first.
    pub(super) async fn numbered_below(
        &self,
        source: &str,
        below: i64,
        limit: u32,
    ) -> Result<Vec<Mark>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT hub_sequence, digest, hub_settlement FROM receipts INDEXED BY receipts_by_sequence
             WHERE source = ? AND hub_sequence < ? ORDER BY hub_sequence DESC LIMIT ?",
        )
        .bind(source)
        .bind(below)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(mark).collect()
    }

    /// Shares with a number, chosen by chance.
    pub(super) async fn numbered_by_chance(
        &self,
        source: &str,
        limit: u32,
    ) -> Result<Vec<Mark>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT hub_sequence, digest, hub_settlement FROM receipts
             WHERE source = ? AND hub_sequence IS NOT NULL ORDER BY random() LIMIT ?",
        )
        .bind(source)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(mark).collect()
    }
}

fn mark(row: &sqlx::sqlite::SqliteRow) -> Result<Mark, ReceiptsError> {
    Ok(Mark {
        sequence: row.try_get("hub_sequence")?,
        digest: row.try_get("digest")?,
        settlement: row.try_get("hub_settlement")?,
    })
}
