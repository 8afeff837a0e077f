//! One algorithm's connection for as long as it is wanted: made, lost, made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::bitcoin::BitcoinDialogue;
use super::dialogue::Dialogue;
use super::kawpow::KawPowDialogue;
use super::monero::MoneroDialogue;
use super::session::{Ended, Session};
use super::status::{ConnectionStatus, Phase};
use super::{Shared, Submission, Verdict, book};

/// Solutions waiting to be sent; beyond it whoever submits waits.
const QUEUE: usize = 64;

/// Connections are numbered over all algorithms.
static GENERATION: AtomicU64 = AtomicU64::new(1);

/// The near end.
#[derive(Debug)]
pub(super) struct Connection {
    submissions: mpsc::Sender<Submission>,
    ended: CancellationToken,
}

impl Connection {
    pub fn submissions(&self) -> mpsc::Sender<Submission> {
        self.submissions.clone()
    }

    pub fn close(&self) {
        self.ended.cancel();
    }
}

/// Makes a connection's near end, and the future that keeps it.
pub(super) fn open(
    shared: Arc<Shared>,
    algorithm: Algorithm,
    ended: CancellationToken,
) -> (Connection, impl Future<Output = ()>) {
    let (submissions, waiting) = mpsc::channel(QUEUE);
    let keeper = Keeper {
        address: shared.addresses[&algorithm].subscribe(),
        shared,
        algorithm,
        ended: ended.clone(),
        waiting,
    };
    (Connection { submissions, ended }, keeper.run())
}

struct Keeper {
    shared: Arc<Shared>,
    algorithm: Algorithm,
    address: watch::Receiver<String>,
    ended: CancellationToken,
    waiting: mpsc::Receiver<Submission>,
}

impl Keeper {
    async fn run(mut self) {
        let algorithm = self.algorithm;
        let shared = Arc::clone(&self.shared);
        let _turn = shared.turns[&algorithm].lock().await;
        self.shared.statuses.send_modify(|statuses| {
            let address = self.address.borrow().clone();
            let new = || ConnectionStatus::new(algorithm, address);
            statuses.entry(algorithm).or_insert_with(new);
        });
        let mut backoff = Backoff::new(self.shared.timing.retry);
        while !self.ended.is_cancelled() {
            let address = self.address.borrow_and_update().clone();
            self.shared.note(algorithm, |status| {
                status.address.clone_from(&address);
                status.phase = Phase::Connecting;
            });
            let ended = self.attempt(&address).await;
            self.disconnected();
            if ended
                .ready_for
                .is_some_and(|time| time >= self.shared.timing.stable)
            {
                backoff.reset();
            }
            if self.ended.is_cancelled() {
                break;
            }
            if *self.address.borrow() != address {
                backoff.reset();
                continue;
            }
            let wait = backoff.next(rand::random());
            tracing::warn!(
                %algorithm,
                address,
                reason = ended.reason,
                retry_in = ?wait,
                "no connection for work"
            );
            self.shared.note(algorithm, |status| {
                status.phase = Phase::Waiting {
                    reason: ended.reason,
                    retry_after_ms: wait.as_millis() as u64,
                };
            });
            self.wait(wait).await;
        }
        self.shared.statuses.send_modify(|statuses| {
            statuses.remove(&algorithm);
        });
    }

    async fn attempt(&mut self, address: &str) -> Ended {
        let timing = self.shared.timing;
        let connected = tokio::select! {
            connected = timeout(timing.connect, TcpStream::connect(address)) => connected,
            () = self.ended.cancelled() => return Ended::early("it is no longer wanted"),
        };
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Ended::early(format!("cannot connect: {error}")),
            Err(_) => return Ended::early("no connection in time"),
        };
        // Shares are single small lines: waiting to fill a packet would only make them late.
        if let Err(error) = stream.set_nodelay(true) {
            return Ended::early(format!("cannot connect: {error}"));
        }
        Session {
            shared: &self.shared,
            algorithm: self.algorithm,
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            dialogue: self.dialogue(),
            ended: &self.ended,
            waiting: &mut self.waiting,
            address: &mut self.address,
        }
        .run(stream)
        .await
    }

    fn dialogue(&self) -> Box<dyn Dialogue> {
        let (user, password) = (self.shared.source.user(), self.shared.source.password());
        match self.algorithm {
            Algorithm::RandomX => Box::new(MoneroDialogue::new(user, password)),
            Algorithm::Sha256d => Box::new(BitcoinDialogue::new(user, password)),
            // All others are of the ProgPoW family: its pools speak KawPow's dialect.
            algorithm => Box::new(KawPowDialogue::new(algorithm, user, password)),
        }
    }

    /// Nothing of the connection counts any more: its jobs first, so that nobody hands in what cannot be sent.
    fn disconnected(&mut self) {
        self.shared.book().end(self.algorithm, book::DISCONNECTED);
        self.shared.publish(self.algorithm, None);
        while let Ok(submission) = self.waiting.try_recv() {
            turn_away(submission);
        }
    }

    async fn wait(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                () = self.ended.cancelled() => return,
                Ok(()) = self.address.changed() => return,
                Some(submission) = self.waiting.recv() => turn_away(submission),
            }
        }
    }
}

/// Answers a submission that came too late to be sent.
pub(super) fn turn_away(submission: Submission) {
    let reason = book::DISCONNECTED.to_owned();
    // Whoever asked may have gone.
    let _ = submission.reply.send(Verdict::Stale { reason });
}
