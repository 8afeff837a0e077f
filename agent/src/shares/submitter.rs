//! From a found solution to a settled receipt.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_kernels::Solution;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::awaiting::Awaiting;
use super::in_flight::InFlight;
use super::reconcile::{Reconciled, Reconciler, SettleError};
use super::record::{NewReceipt, State};
use super::{Receipts, ReceiptsError};
use crate::hub_access::HubAccess;
use crate::work::backoff::Backoff;
use crate::work::{JobRecord, Verdict, Work};

/// How often the hub is asked without a cause. What it has of a paused PC does not change.
const PERIOD: Duration = Duration::from_secs(600);
/// How soon after an accepted share its credit is asked for; many shares are asked for together.
const AFTER_A_SHARE: Duration = Duration::from_secs(3);
/// How soon it is asked again while shares wait to be made into money.
const WHILE_AWAITING: Duration = Duration::from_secs(15);
/// How soon a pass that failed is repeated, at first and at last.
const AFTER_A_FAILURE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));
/// How often it is looked by chance whether the hub still has everything that it has credited.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// Shares that wait for their answers at a time. Beyond it, engines wait.
const UNDER_WAY: usize = 256;
/// How often, and after what pause, writing a receipt is tried before the share is given up.
const WRITE_ATTEMPTS: u32 = 5;
const WRITE_PAUSE: Duration = Duration::from_millis(200);

/// A solution, and who found it.
#[derive(Clone, Debug)]
pub struct FoundShare {
    /// The id of the processor.
    pub processor: String,
    /// What it found.
    pub solution: Solution,
}

/// How handing in goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitterStatus {
    /// Shares that could not be written down, and so were not handed in.
    pub not_written: u64,
    /// Solutions for jobs long gone, or that missed their target: dropped.
    pub dropped: u64,
    /// Credited shares without a receipt here.
    pub without_receipt: u64,
    /// Shares that the hub has verified and not yet credited.
    pub awaiting: Awaiting,
    /// Accepted shares that the hub has lost since and cannot be given back.
    pub lost_at_hub: u64,
    /// Why the hub could not be asked at last; `None` if it could.
    pub error: Option<String>,
}

/// Takes found solutions, writes them down, hands them in and settles them; and keeps receipts and hub together.
#[derive(Debug)]
pub struct Submitter {
    tracker: TaskTracker,
    ended: CancellationToken,
    status: Arc<watch::Sender<SubmitterStatus>>,
    reconciler: Option<Reconciler>,
}

impl Submitter {
    /// Starts. `hub` is `None` for a pool, which cannot be asked about shares. Needs a tokio runtime.
    pub fn start(
        receipts: Receipts,
        work: Work,
        hub: Option<HubAccess>,
        found: mpsc::Receiver<FoundShare>,
    ) -> Self {
        let in_flight = InFlight::new();
        Submitter::start_with(receipts, work, hub, found, in_flight)
    }

    pub(super) fn start_with(
        receipts: Receipts,
        work: Work,
        hub: Option<HubAccess>,
        found: mpsc::Receiver<FoundShare>,
        in_flight: InFlight,
    ) -> Self {
        let source = work.source().name();
        let reconciler = hub
            .map(|hub| Reconciler::with(receipts.clone(), hub, source.clone(), in_flight.clone()));
        let desk = Arc::new(Desk {
            receipts,
            work,
            source,
            can_ask: reconciler.is_some(),
            in_flight,
            status: Arc::default(),
            ask: Notify::new(),
            places: Arc::new(Semaphore::new(UNDER_WAY)),
        });
        let tracker = TaskTracker::new();
        let ended = CancellationToken::new();
        let status = Arc::clone(&desk.status);
        if let Some(reconciler) = &reconciler {
            let keeping = keep_together(Arc::clone(&desk), reconciler.clone());
            let until = ended.clone();
            tracker.spawn(async move { until.run_until_cancelled(keeping).await });
        }
        let of_pools = Arc::clone(&desk);
        tracker.spawn(async move { of_pools.give_up_pending().await });
        tracker.spawn(take(desk, found, ended.clone(), tracker.clone()));
        Submitter {
            tracker,
            ended,
            status,
            reconciler,
        }
    }

    /// How it goes, now and whenever it changes.
    pub fn status(&self) -> watch::Receiver<SubmitterStatus> {
        self.status.subscribe()
    }

    /// What brings the receipts together with the hub, for [`super::check::run`]; `None` for a pool.
    pub fn reconciler(&self) -> Option<&Reconciler> {
        self.reconciler.as_ref()
    }

    /// Takes no more solutions, and waits until every share under way is settled or left pending. Shut down the
    /// engines and the [`Work`] first, so that answers come or do not.
    pub async fn shutdown(&self) {
        self.ended.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// What handing in needs.
struct Desk {
    receipts: Receipts,
    work: Work,
    source: String,
    /// Whether the source can be asked about shares.
    can_ask: bool,
    in_flight: InFlight,
    status: Arc<watch::Sender<SubmitterStatus>>,
    /// A share was accepted or is in doubt: the hub should be asked soon.
    ask: Notify,
    places: Arc<Semaphore>,
}

async fn take(
    desk: Arc<Desk>,
    mut found: mpsc::Receiver<FoundShare>,
    ended: CancellationToken,
    tracker: TaskTracker,
) {
    loop {
        let share = tokio::select! {
            share = found.recv() => share,
            () = ended.cancelled() => {
                // What an engine has already handed over is written down, if not sent.
                found.close();
                found.recv().await
            }
        };
        let Some(share) = share else { return };
        let Some((share, receipt)) = desk.write_down(share).await else {
            continue;
        };
        // The semaphore is never closed.
        let place = Arc::clone(&desk.places).acquire_owned().await.ok();
        let desk = Arc::clone(&desk);
        tracker.spawn(async move {
            desk.hand_in(share, receipt).await;
            drop(place);
        });
    }
}

impl Desk {
    /// Makes the receipt, on disk when this returns. `None` if there is nothing to hand in.
    async fn write_down(&self, share: FoundShare) -> Option<(FoundShare, NewReceipt)> {
        let solution = &share.solution;
        let record = self.work.record(&solution.job_id);
        let meets = |record: &JobRecord| record.target.is_met_by(&solution.digest.0);
        let Some(record) = record.filter(meets) else {
            tracing::warn!(
                processor = share.processor,
                job = solution.job_id,
                "a solution without a job, or that misses its target, was dropped"
            );
            self.status.send_modify(|status| status.dropped += 1);
            return None;
        };
        let receipt = NewReceipt {
            digest: solution.digest,
            source: record.source.to_string(),
            algorithm: record.algorithm,
            processor: share.processor.clone(),
            job_id: record.wire_id,
            nonce: solution.nonce,
            extranonce2: solution.extranonce2,
            work: record.work,
        };
        // Before it is on disk: from then on the receipt may be seen, and must not be taken for lost.
        let digest = String::from(receipt.digest);
        self.in_flight.sent(&digest);
        let written = self.write_patiently(&receipt).await;
        if let Ok(true) = written {
            return Some((share, receipt));
        }
        self.in_flight.settled(&digest);
        if let Err(error) = written {
            tracing::error!(%error, "a share could not be written down and is not handed in");
            self.status.send_modify(|status| status.not_written += 1);
        }
        None
    }

    async fn write_patiently(&self, receipt: &NewReceipt) -> Result<bool, ReceiptsError> {
        for _ in 1..WRITE_ATTEMPTS {
            match self.receipts.record_pending(receipt).await {
                Ok(written) => return Ok(written),
                Err(error) => tracing::warn!(%error, "a share could not be written down yet"),
            }
            tokio::time::sleep(WRITE_PAUSE).await;
        }
        self.receipts.record_pending(receipt).await
    }

    async fn hand_in(&self, share: FoundShare, receipt: NewReceipt) {
        let digest = receipt.digest;
        let verdict = self.work.submit(share.solution).await;
        tracing::debug!(
            digest = String::from(digest),
            ?verdict,
            "a share was answered"
        );
        let settle = |state, reason| self.receipts.settle(digest, state, reason);
        let written = match &verdict {
            Verdict::Accepted { receipt } => {
                let accepted = self.receipts.accept(digest, receipt.as_deref());
                accepted.await.map(drop)
            }
            Verdict::Stale { reason } => settle(State::Stale, Some(reason)).await.map(drop),
            Verdict::Rejected { reason, .. } => {
                settle(State::Rejected, Some(reason)).await.map(drop)
            }
            // A hub that knows the share already may have credited it to this device, before a connection was lost.
            Verdict::Duplicate if self.can_ask => {
                self.receipts.note(digest, "duplicate share").await
            }
            Verdict::Duplicate => settle(State::Rejected, Some("duplicate share"))
                .await
                .map(drop),
            Verdict::Unknown { .. } if self.can_ask => Ok(()),
            Verdict::Unknown { reason } => settle(State::Unknown, Some(reason)).await.map(drop),
        };
        if let Err(error) = &written {
            tracing::error!(%error, "what became of a share could not be written down yet");
        }
        let hex = String::from(digest);
        match verdict {
            Verdict::Duplicate | Verdict::Unknown { .. } => self.in_flight.unanswered(&hex),
            _ if written.is_err() => self.in_flight.unanswered(&hex),
            _ => self.in_flight.settled(&hex),
        }
        self.count_awaiting().await;
        self.ask.notify_one();
    }

    async fn count_awaiting(&self) {
        if !self.can_ask {
            return;
        }
        let counted = async {
            let awaiting = self.receipts.awaiting(&self.source).await?;
            Ok::<_, ReceiptsError>((awaiting, self.receipts.lost_at_hub(&self.source).await?))
        };
        match counted.await {
            Ok((awaiting, lost)) => {
                self.status.send_if_modified(|status| {
                    let changed = status.awaiting != awaiting || status.lost_at_hub != lost;
                    status.awaiting = awaiting;
                    status.lost_at_hub = lost;
                    changed
                });
            }
            Err(error) => tracing::warn!(%error, "the receipts could not be counted"),
        }
    }

    /// What was left pending at a pool stays without an answer, also where the pool is worked for no longer.
    async fn give_up_pending(&self) {
        match self.receipts.pending_pools().await {
            Ok(pools) => {
                for source in pools {
                    self.give_up_pending_of(&source).await;
                }
            }
            Err(error) => tracing::error!(%error, "pending receipts could not be read"),
        }
    }

    async fn give_up_pending_of(&self, source: &str) {
        let reason = "the connection ended before the answer, and a pool cannot be asked";
        loop {
            let pending = match self.receipts.pending(source, 0).await {
                Ok(pending) => pending,
                Err(error) => {
                    tracing::error!(%error, "pending receipts could not be read");
                    return;
                }
            };
            let old = |digest: &String| !self.in_flight.is_listed(digest);
            let old: Vec<String> = pending.into_iter().map(|r| r.digest).filter(old).collect();
            if old.is_empty() {
                return;
            }
            for digest in old {
                let settled = self
                    .receipts
                    .settle_hex(&digest, State::Unknown, Some(reason));
                if let Err(error) = settled.await {
                    tracing::error!(%error, "pending receipts could not be settled");
                    return;
                }
            }
        }
    }
}

/// Asks the hub at the start, after each login, soon after shares, and now and then without a cause; and looks by chance once a day.
async fn keep_together(desk: Arc<Desk>, reconciler: Reconciler) {
    let mut logins = desk.work.logins();
    let mut backoff = Backoff::new(AFTER_A_FAILURE);
    // Not all at the same time of day.
    let mut daily = Instant::now() + DAILY.mul_f64(rand::random());
    loop {
        let pass = async {
            if Instant::now() >= daily {
                reconciler.look_by_chance().await?;
                daily = Instant::now() + DAILY;
            }
            reconciler.run().await
        };
        let next = match pass.await {
            Ok(done) => {
                backoff.reset();
                desk.reconciled(done)
            }
            Err(error) => {
                desk.not_reconciled(&error);
                backoff.next(rand::random())
            }
        };
        desk.count_awaiting().await;
        let awaits = desk.status.borrow().awaiting.shares > 0;
        let next = if awaits {
            next.min(WHILE_AWAITING)
        } else {
            next
        };
        let mut due = Instant::now() + next;
        loop {
            tokio::select! {
                () = sleep_until(due) => break,
                Ok(()) = logins.changed() => break,
                () = desk.ask.notified() => due = due.min(Instant::now() + AFTER_A_SHARE),
            }
        }
    }
}

impl Desk {
    fn reconciled(&self, done: Reconciled) -> Duration {
        if done.accepted + done.lost > 0 {
            tracing::info!(
                accepted = done.accepted,
                lost = done.lost,
                "the hub was asked for shares without an answer"
            );
        }
        if done.without_receipt > 0 {
            tracing::warn!(
                shares = done.without_receipt,
                "the hub has credited shares that have no receipt here"
            );
        }
        if done.claimed + done.lost_at_hub > 0 {
            tracing::warn!(
                claimed = done.claimed,
                lost = done.lost_at_hub,
                "the hub had lost shares that it had accepted"
            );
        }
        self.status.send_modify(|status| {
            status.without_receipt += done.without_receipt;
            status.error = None;
        });
        match done.pending {
            0 => PERIOD,
            _ => self.in_flight.grace().min(PERIOD),
        }
    }

    fn not_reconciled(&self, error: &SettleError) {
        tracing::warn!(%error, "receipts and hub could not be brought together");
        self.status
            .send_modify(|status| status.error = Some(error.to_string()));
    }
}
