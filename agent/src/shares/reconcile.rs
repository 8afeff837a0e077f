//! Asking the hub what became of shares without an answer, and what the others were credited with.

use std::sync::Arc;

use idlewatt_protocol::api::CreditedShare;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::history::Walk;
use super::in_flight::InFlight;
use super::record::{Receipt, State};
use super::{Receipts, ReceiptsError};
use crate::hub_access::HubAccess;
use crate::work::hub_client::HubError;

/// How often a pass is begun anew because the hub turned out to have lost shares.
pub(super) const ATTEMPTS: u32 = 3;

/// Why receipts and hub could not be brought together.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The hub's side.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// This side.
    #[error(transparent)]
    Receipts(#[from] ReceiptsError),
    /// Found out in the middle, and no reason to give up: what it lacks is looked for then. Seen by others only where it
    /// happens again and again.
    #[error(
        "the hub does not have what it had when it was last asked, and contradicts itself about what it has"
    )]
    HistoryChanged,
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
    /// Held during a pass or a check: what one was told must not be entered after another found it no longer true.
    pub(super) turn: Arc<Mutex<()>>,
}

impl Reconciler {
    /// For a program without a [`super::Submitter`], such as the command line while no daemon runs.
    pub fn new(receipts: Receipts, hub: HubAccess, source: String) -> Self {
        Reconciler::with(receipts, hub, source, InFlight::new())
    }

    pub(super) fn with(
        receipts: Receipts,
        hub: HubAccess,
        source: String,
        in_flight: InFlight,
    ) -> Self {
        Reconciler {
            receipts,
            hub,
            source,
            in_flight,
            turn: Arc::default(),
        }
    }

    /// One whole pass.
    ///
    /// # Errors
    /// If the hub cannot be asked or the receipts cannot be written. What was done until then stays done.
    pub async fn run(&self) -> Result<Reconciled, SettleError> {
        let _turn = self.turn.lock().await;
        self.bring_together().await
    }

    /// One whole pass for who has the turn.
    pub(super) async fn bring_together(&self) -> Result<Reconciled, SettleError> {
        let mut done = Reconciled::default();
        for _ in 1..ATTEMPTS {
            match self.pass(&mut done).await {
                Err(SettleError::HistoryChanged) => self.forget_what_is_lost().await?,
                other => return other.map(|()| done),
            }
        }
        self.pass(&mut done).await.map(|()| done)
    }

    async fn pass(&self, done: &mut Reconciled) -> Result<(), SettleError> {
        self.take_credits(done).await?;
        self.ask_for_pending(done).await?;
        self.claim_missing(done).await
    }

    /// Takes over all credits since the last time. Those that are no money yet are looked at again the next time.
    async fn take_credits(&self, done: &mut Reconciled) -> Result<(), SettleError> {
        let (receipts, source) = (&self.receipts, &self.source);
        let passed = receipts.cursor(source).await?;
        let mut walk = Walk::begin(self, passed).await?;
        let mut all_settled = true;
        while let Some(page) = walk.next().await? {
            let is_settled = |share: &&CreditedShare| share.settlement.is_some();
            let settled = match all_settled {
                true => page.shares.iter().take_while(is_settled).count(),
                false => 0,
            };
            all_settled &= settled == page.shares.len();
            let for_good = &page.shares[..settled];
            let cursor = for_good.last().map(|share| share.sequence);
            let known = receipts.take_credits(source, &page.shares, cursor, page.numbers);
            let known = known.await?;
            // Those without a receipt are counted once, when they are passed for good.
            let each = for_good.iter().zip(&known);
            let unknown = each.filter(|(share, known)| known.is_none() && share.sequence > passed);
            done.without_receipt += unknown.count() as u64;
            let news = known.iter().flatten().filter(|known| known.is_news);
            done.credits += news.count() as u64;
        }
        Ok(())
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
            let digests = all.map(|receipt| receipt.digest.clone()).collect();
            let found = self.find(digests).await?;
            done.accepted += found.known;
            let missing = |receipt: &&Receipt| {
                let mut each = found.shares.iter();
                !each.any(|share| share.digest == receipt.digest)
            };
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
