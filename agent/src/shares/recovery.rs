//! The receipts as the second copy of the hub's books: shares that a hub has accepted and lost since, such as one that
//! was restored from a backup, are claimed again with its own receipts.
//!
//! Two steps that can each be broken off anywhere. What the hub does not have any more loses its number here, the highest
//! numbers first: as long as one is left, the mark is missing at the hub, and the first step is gone on with. Every pass
//! then claims the accepted shares that have no number; as a rule there are none.

use std::collections::{HashMap, HashSet};

use idlewatt_protocol::api::CreditedShare;
use jiff::Timestamp;

use super::credits::Claim;
use super::history::Mark;
use super::reconcile::{Reconciled, Reconciler, SettleError};
use super::{Receipts, ReceiptsError};
use crate::work::hub_client::PAGE;

/// How many receipts are sent at a time: a quarter of the body that a hub takes.
const CLAIMED_AT_ONCE: usize = 250;

impl Reconciler {
    /// Looks at a thousand shares by chance, whether the hub still has them: all or nothing behind a point in time is what
    /// a restored backup lacks, and noticed at once; this is for everything else. What is lost has no number here
    /// afterwards, and is claimed by the next [`Reconciler::run`]. Gives back how many there are.
    ///
    /// # Errors
    /// If the hub cannot be asked or the receipts cannot be read or written.
    pub async fn look_by_chance(&self) -> Result<u64, SettleError> {
        let _turn = self.turn.lock().await;
        let receipts = &self.receipts;
        let chosen = receipts.numbered_by_chance(&self.source, PAGE as u32);
        let lost = self.not_as_here(chosen.await?).await?;
        self.forget(&lost).await
    }

    /// Takes the number from all shares that the hub does not have under it any more, from the highest number down to where it
    /// knows everything.
    pub(super) async fn forget_what_is_lost(&self) -> Result<(), SettleError> {
        let (mut below, mut changed) = (i64::MAX, 0);
        loop {
            let receipts = &self.receipts;
            let page = receipts.numbered_below(&self.source, below, PAGE as u32);
            let page = page.await?;
            let Some(lowest) = page.last().map(|mark| mark.sequence) else {
                break;
            };
            below = lowest;
            let lost = self.not_as_here(page).await?;
            if lost.is_empty() {
                break;
            }
            changed += self.forget(&lost).await?;
        }
        tracing::warn!(
            shares = changed,
            "the hub's books are not what they were, such as after a backup was restored"
        );
        Ok(())
    }

    pub(super) async fn forget(&self, lost: &[String]) -> Result<u64, SettleError> {
        if lost.is_empty() {
            return Ok(0);
        }
        Ok(self.receipts.forget_numbers(&self.source, lost).await?)
    }

    /// Those that the hub does not have, or not under the same number or in the same settlement.
    async fn not_as_here(&self, marks: Vec<Mark>) -> Result<Vec<String>, SettleError> {
        if marks.is_empty() {
            return Ok(Vec::new());
        }
        let digests: Vec<String> = marks.iter().map(|mark| mark.digest.clone()).collect();
        let found = self.hub.find_shares(&digests).await?.shares;
        let found: HashMap<&str, &CreditedShare> = found
            .iter()
            .map(|share| (share.digest.as_str(), share))
            .collect();
        let differs = |mark: &Mark| {
            let share = found.get(mark.digest.as_str());
            share.is_none_or(|share| !mark.is(share))
        };
        let lost = marks.into_iter().filter(differs).map(|mark| mark.digest);
        Ok(lost.collect())
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
                // A hub that has credited them all and has not got them is claimed from again by the next pass.
                if answer.refused + answer.known > 0 {
                    refused.extend(left);
                }
            }
            for claim in without.iter().chain(&refused) {
                receipts.note_lost(&claim.digest).await?;
                done.lost_at_hub += 1;
            }
        }
    }

    /// Takes over those that the hub does know, and gives back the others.
    async fn still_missing(&self, claims: Vec<Claim>) -> Result<Vec<Claim>, SettleError> {
        let digests = claims.iter().map(|claim| claim.digest.clone()).collect();
        let found = self.find(digests).await?.shares;
        let found: HashSet<&str> = found.iter().map(|share| share.digest.as_str()).collect();
        let missing = |claim: &Claim| !found.contains(claim.digest.as_str());
        Ok(claims.into_iter().filter(missing).collect())
    }
}

impl Receipts {
    /// Takes the hub's numbers from shares that it does not have under them. Its next ones will have such numbers again,
    /// so that what it has credited is read anew from the last that is left.
    async fn forget_numbers(&self, source: &str, lost: &[String]) -> Result<u64, ReceiptsError> {
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
        sqlx::query(
            "UPDATE cursors SET sequence = min(sequence, (SELECT coalesce(max(hub_sequence), 0) FROM receipts
             WHERE receipts.source = cursors.source)) WHERE source = ?",
        )
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
