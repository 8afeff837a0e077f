//! The receipts as the second copy of the hub's books: shares that a hub has accepted and lost since, such as one that
//! was restored from a backup, are claimed again with its own receipts.
//!
//! Two steps that can each be broken off anywhere. [`Reconciler::look_for_losses`] asks for the newest shares that the hub
//! has credited and takes their numbers from those that it does not know any more. Every pass then claims the accepted
//! shares that have no number; as a rule there are none.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::Row;

use super::credits::Claim;
use super::reconcile::{Reconciled, Reconciler, SettleError};
use super::{Receipts, ReceiptsError};
use crate::work::hub_client::PAGE;

/// How many of the newest shares are asked for after a login.
const NEWEST: u32 = 32;
/// How many receipts are sent at a time: a quarter of the body that a hub takes.
const CLAIMED_AT_ONCE: usize = 250;

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// The newest few: cheap enough for each login.
    Glance,
    /// The newest thousand and a thousand by chance: once a day.
    Daily,
}

/// A share that the hub has credited under a number.
struct Numbered {
    id: i64,
    digest: String,
    sequence: i64,
}

impl Reconciler {
    /// Whether the hub has lost shares that it had credited; those have no number here afterwards, and everything that
    /// it has credited since the last one it knows is read again.
    ///
    /// # Errors
    /// If the hub cannot be asked or the receipts cannot be read or written.
    pub async fn look_for_losses(&self, how: Thoroughness) -> Result<u64, SettleError> {
        let (receipts, source) = (&self.receipts, &self.source);
        let newest = match how {
            Thoroughness::Glance => NEWEST,
            Thoroughness::Daily => PAGE as u32,
        };
        let mut missing = self
            .missing(receipts.numbered(source, i64::MAX, newest).await?)
            .await?;
        if how == Thoroughness::Daily {
            let by_chance = receipts.numbered_by_chance(source, PAGE as u32).await?;
            missing.extend(self.missing(by_chance).await?);
        }
        if missing.is_empty() {
            return Ok(0);
        }
        // Back to where the hub knows everything: what a backup lacks is the newest.
        let mut before = i64::MAX;
        let known = loop {
            let page = receipts.numbered(source, before, PAGE as u32).await?;
            let (Some(oldest), Some(highest)) = (
                page.last().map(|one| one.id),
                page.iter().map(|one| one.sequence).max(),
            ) else {
                break 0;
            };
            before = oldest;
            let lost = self.missing(page).await?;
            if lost.is_empty() {
                break highest;
            }
            missing.extend(lost);
        };
        let lost = receipts.forget_numbers(source, &missing, known).await?;
        tracing::warn!(
            shares = lost,
            "the hub does not know shares any more that it had credited"
        );
        Ok(lost)
    }

    /// Those that the hub does not know.
    async fn missing(&self, asked: Vec<Numbered>) -> Result<HashSet<String>, SettleError> {
        if asked.is_empty() {
            return Ok(HashSet::new());
        }
        let mut missing: HashSet<String> = asked.into_iter().map(|one| one.digest).collect();
        let digests: Vec<String> = missing.iter().cloned().collect();
        for share in self.hub.find_shares(&digests).await?.shares {
            missing.remove(&share.digest);
        }
        Ok(missing)
    }

    /// Claims the accepted shares that the hub has no number for.
    pub(super) async fn claim_missing(&self, done: &mut Reconciled) -> Result<(), SettleError> {
        let (receipts, source) = (&self.receipts, &self.source);
        let mut after = 0;
        loop {
            // Whoever has a number is not looked at.
            let page = receipts.accepted_beyond(source, i64::MAX, after).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.id;
            let open: Vec<Claim> = page.into_iter().filter(|claim| !claim.lost).collect();
            let open = self.still_missing(open).await?;
            let (with, without): (Vec<Claim>, Vec<Claim>) =
                open.into_iter().partition(|claim| claim.receipt.is_some());
            let mut refused = Vec::new();
            for claims in with.chunks(CLAIMED_AT_ONCE) {
                let lines: Vec<String> = claims
                    .iter()
                    .filter_map(|claim| claim.receipt.clone())
                    .collect();
                let answer = self.hub.resend_shares(&lines).await?;
                tracing::info!(
                    ?answer,
                    "shares that the hub had lost were claimed with its receipts"
                );
                let left = self.still_missing(claims.to_vec()).await?;
                done.claimed += (claims.len() - left.len()) as u64;
                refused.extend(left);
            }
            for claim in without.iter().chain(&refused) {
                receipts.note_lost(&claim.digest).await?;
                done.lost_at_hub += 1;
            }
        }
    }

    /// Takes over those that the hub does know, and gives back the others.
    async fn still_missing(&self, claims: Vec<Claim>) -> Result<Vec<Claim>, SettleError> {
        if claims.is_empty() {
            return Ok(claims);
        }
        let digests: Vec<String> = claims.iter().map(|claim| claim.digest.clone()).collect();
        let found = self.hub.find_shares(&digests).await?.shares;
        let receipts = &self.receipts;
        receipts.take_credits(&self.source, &found, None).await?;
        let found: HashSet<&str> = found.iter().map(|share| share.digest.as_str()).collect();
        let missing = |claim: &Claim| !found.contains(claim.digest.as_str());
        Ok(claims.into_iter().filter(missing).collect())
    }
}

impl Receipts {
    /// The newest shares with a number at the hub and an id below `before`, newest first.
    async fn numbered(
        &self,
        source: &str,
        before: i64,
        limit: u32,
    ) -> Result<Vec<Numbered>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT id, digest, hub_sequence FROM receipts
             WHERE source = ? AND state = 'accepted' AND hub_sequence IS NOT NULL AND id < ?
             ORDER BY id DESC LIMIT ?",
        )
        .bind(source)
        .bind(before)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(numbered).collect()
    }

    async fn numbered_by_chance(
        &self,
        source: &str,
        limit: u32,
    ) -> Result<Vec<Numbered>, ReceiptsError> {
        let rows = sqlx::query(
            "SELECT id, digest, hub_sequence FROM receipts
             WHERE source = ? AND state = 'accepted' AND hub_sequence IS NOT NULL ORDER BY random() LIMIT ?",
        )
        .bind(source)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(numbered).collect()
    }

    /// Takes the hub's numbers from shares that it lost. Its next ones will have such numbers again, so that what it
    /// has credited is read anew from the last that it knows.
    async fn forget_numbers(
        &self,
        source: &str,
        lost: &HashSet<String>,
        known: i64,
    ) -> Result<u64, ReceiptsError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let mut changed = 0;
        for digest in lost {
            let forgotten = sqlx::query(
                "UPDATE receipts SET hub_sequence = NULL, hub_settlement = NULL WHERE digest = ? AND source = ?",
            )
            .bind(digest)
            .bind(source)
            .execute(&mut *transaction)
            .await?;
            changed += forgotten.rows_affected();
        }
        sqlx::query("UPDATE cursors SET sequence = min(sequence, ?) WHERE source = ?")
            .bind(known)
            .bind(source)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// Notes that the hub does not have an accepted share any more and cannot be made to.
    async fn note_lost(&self, digest: &str) -> Result<(), ReceiptsError> {
        sqlx::query("UPDATE receipts SET lost_at = ? WHERE digest = ? AND lost_at IS NULL")
            .bind(Timestamp::now().as_millisecond())
            .bind(digest)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// How many accepted shares this source has lost for good.
    ///
    /// # Errors
    /// If they cannot be counted.
    pub(super) async fn lost_at_hub(&self, source: &str) -> Result<u64, ReceiptsError> {
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM receipts WHERE source = ? AND state = 'accepted' AND hub_sequence IS NULL
             AND lost_at IS NOT NULL",
        )
        .bind(source)
        .fetch_one(&self.pool)
        .await?;
        Ok(count.unsigned_abs())
    }
}

fn numbered(row: &sqlx::sqlite::SqliteRow) -> Result<Numbered, ReceiptsError> {
    Ok(Numbered {
        id: row.try_get("id")?,
        digest: row.try_get("digest")?,
        sequence: row.try_get("hub_sequence")?,
    })
}
