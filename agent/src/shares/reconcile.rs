//! Asking the hub what became of shares without an answer, and what the others were credited with.

use idlewatt_protocol::api::CreditedShare;
use serde::{Deserialize, Serialize};

use super::in_flight::InFlight;
use super::record::{Receipt, State};
use super::{Receipts, ReceiptsError};
use crate::hub_access::HubAccess;
use crate::work::hub_client::{HubError, PAGE};

/// Why receipts and hub could not be brought together.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The hub's side.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// This side.
    #[error(transparent)]
    Receipts(#[from] ReceiptsError),
}

/// What one pass has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Pending receipts that the hub has credited.
    pub accepted: u64,
    /// Pending receipts that never reached it.
    pub lost: u64,
    /// Receipts that are pending still, for an answer may come.
    pub pending: u64,
    /// Credits taken over.
    pub credits: u64,
    /// Credited shares that have no receipt here.
    pub without_receipt: u64,
    /// Accepted shares that the hub had lost and has credited again.
    pub claimed: u64,
    /// Accepted shares that the hub has lost for good.
    pub lost_at_hub: u64,
}

/// Brings the receipts of one hub into agreement with it. Every step can be repeated, and broken off anywhere.
#[derive(Clone, Debug)]
pub struct Reconciler {
    pub(super) receipts: Receipts,
    pub(super) hub: HubAccess,
    pub(super) source: String,
    pub(super) in_flight: InFlight,
}

impl Reconciler {
    /// For a program without a [`super::Submitter`], such as the command line while no daemon runs.
    pub fn new(receipts: Receipts, hub: HubAccess, source: String) -> Self {
        Reconciler {
            receipts,
            hub,
            source,
            in_flight: InFlight::new(),
        }
    }

    /// One whole pass.
    ///
    /// # Errors
    /// If the hub cannot be asked or the receipts cannot be written. What was done until then stays done.
    pub async fn run(&self) -> Result<Reconciled, SettleError> {
        let mut done = Reconciled::default();
        self.take_credits(&mut done).await?;
        self.ask_for_pending(&mut done).await?;
        self.claim_missing(&mut done).await?;
        Ok(done)
    }

    /// Takes over all credits since the last time. Those that are no money yet are looked at again the next time.
    async fn take_credits(&self, done: &mut Reconciled) -> Result<(), SettleError> {
        let mut after = self.receipts.cursor(&self.source).await?;
        let mut all_settled = true;
        loop {
            let page = self.hub.shares(after, PAGE).await?;
            let Some(last) = page.shares.last() else {
                return Ok(());
            };
            after = last.sequence;
            let is_settled = |share: &&CreditedShare| share.settlement.is_some();
            let settled = match all_settled {
                true => page.shares.iter().take_while(is_settled).count(),
                false => 0,
            };
            all_settled &= settled == page.shares.len();
            let (for_good, open) = page.shares.split_at(settled);
            let cursor = for_good.last().map(|share| share.sequence);
            let (receipts, source) = (&self.receipts, &self.source);
            let known = receipts.take_credits(source, for_good, cursor).await?;
            // Those without a receipt are counted once, when they are passed for good.
            done.without_receipt += known.iter().filter(|known| known.is_none()).count() as u64;
            let known_too = receipts.take_credits(source, open, None).await?;
            let each = known.iter().chain(&known_too).flatten();
            done.credits += each.filter(|known| known.is_news).count() as u64;
            if !page.more {
                return Ok(());
            }
        }
    }

    async fn ask_for_pending(&self, done: &mut Reconciled) -> Result<(), SettleError> {
        let mut after = 0;
        loop {
            let pending = self.receipts.pending(&self.source, after).await?;
            let Some(last) = pending.last() else {
                return Ok(());
            };
            after = last.id;
            // Read before the hub is asked: a share that may still arrive now may have done so when it answers.
            let (open, quiet): (Vec<Receipt>, Vec<Receipt>) = pending
                .into_iter()
                .partition(|receipt| self.in_flight.may_still_arrive(&receipt.digest));
            let all = open.iter().chain(&quiet);
            let digests: Vec<String> = all.map(|receipt| receipt.digest.clone()).collect();
            let found = self.hub.find_shares(&digests).await?.shares;
            let known = self
                .receipts
                .take_credits(&self.source, &found, None)
                .await?;
            done.accepted += known.iter().flatten().count() as u64;
            let missing =
                |receipt: &&Receipt| !found.iter().any(|share| share.digest == receipt.digest);
            done.pending += open.iter().filter(missing).count() as u64;
            for receipt in quiet {
                self.in_flight.settled(&receipt.digest);
                done.lost += u64::from(self.give_up(&receipt).await?);
            }
        }
    }

    /// Settles a receipt that the hub does not know; one that it does know is not pending any more.
    async fn give_up(&self, receipt: &Receipt) -> Result<bool, ReceiptsError> {
        let (state, reason) = match &receipt.reason {
            // The server did answer, and the hub's books now confirm it.
            Some(reason) => (State::Rejected, reason.as_str()),
            None => (
                State::Lost,
                "there was no answer, and the hub does not have it",
            ),
        };
        self.receipts
            .settle_hex(&receipt.digest, state, Some(reason))
            .await
    }
}
