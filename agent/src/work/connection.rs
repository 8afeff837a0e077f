//! One algorithm's connection for as long as it is wanted: made, lost, made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::bitcoin::BitcoinDialogue;
use super::dialogue::Dialogue;
use super::kawpow::KawPowDialogue;
use super::leave::Leave;
use super::monero::MoneroDialogue;
use super::session::{Ended, Session, Wire};
use super::status::{ConnectionStatus, Phase};
use super::{Address, Shared, Submission, Verdict, book};

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
        password: shared.password.subscribe(),
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
    address: watch::Receiver<Address>,
    password: watch::Receiver<String>,
    ended: CancellationToken,
    waiting: mpsc::Receiver<Submission>,
}

impl Keeper {
    async fn run(mut self) {
        let algorithm = self.algorithm;
        let shared = Arc::clone(&self.shared);
        let _turn = shared.turns[&algorithm].lock().await;
        self.shared.statuses.send_modify(|statuses| {
            let address = self.address.borrow().to_string();
            let new = || ConnectionStatus::new(algorithm, address);
            statuses.entry(algorithm).or_insert_with(new);
        });
        let mut backoff = Backoff::new(self.shared.timing.retry);
        let mut sent_to = None;
        while !self.ended.is_cancelled() {
            let own = self.address.borrow_and_update().clone();
            // Once: where that fails or ends, its own address counts again.
            let address = sent_to.take().unwrap_or_else(|| own.clone());
            self.shared.note(algorithm, |status| {
                status.address = address.to_string();
                status.phase = Phase::Connecting;
            });
            let password = self.password.borrow_and_update().clone();
            let ended = self.attempt(&address, &password).await;
            self.disconnected();
            let timing = self.shared.timing;
            let stable = ended.ready_for.is_some_and(|time| time >= timing.stable);
            if stable {
                backoff.reset();
            }
            if self.ended.is_cancelled() {
                break;
            }
            if *self.address.borrow() != own || *self.password.borrow() != password {
                backoff.reset();
                continue;
            }
            if ended.login_refused {
                self.shared.refused.send_replace(password);
            }
            let wait = match &ended.leave {
                Some(Leave { to, at, .. }) => {
                    sent_to = Some(to.clone());
                    let left = at.saturating_duration_since(Instant::now());
                    // One that sends everybody on at once is not followed in circles.
                    left + if stable {
                        Duration::ZERO
                    } else {
                        backoff.next(rand::random())
                    }
                }
                // A server that was lost was lost by all its clients.
                None if ended.ready_for.is_some() => {
                    backoff.next(rand::random()) + timing.spread.mul_f64(rand::random())
                }
                None => backoff.next(rand::random()),
            };
            tracing::warn!(
                %algorithm,
                %address,
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

    async fn attempt(&mut self, address: &Address, password: &str) -> Ended {
        let timing = self.shared.timing;
        let connected = tokio::select! {
            connected = timeout(timing.connect, self.connect(address)) => connected,
            () = self.ended.cancelled() => return Ended::early("it is no longer wanted"),
        };
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Ended::early(format!("cannot connect: {error}")),
            Err(_) => return Ended::early("no connection in time"),
        };
        Session {
            shared: &self.shared,
            algorithm: self.algorithm,
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            dialogue: self.dialogue(password),
            ended: &self.ended,
            waiting: &mut self.waiting,
            here: address,
            address: &mut self.address,
        }
        .run(stream)
        .await
    }

    async fn connect(&self, address: &Address) -> std::io::Result<Box<dyn Wire>> {
        let way = &self.shared.ways.way;
        let stream = way.open(address).await?;
        // Shares are single small lines: waiting to fill a packet would only make them late.
        stream.set_nodelay(true)?;
        Ok(match address.tls {
            false => Box::new(stream),
            true => Box::new(way.trust.connect(&address.host, stream).await?),
        })
    }

    fn dialogue(&self, password: &str) -> Box<dyn Dialogue> {
        let user = self.shared.source.user();
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
                Ok(()) = self.password.changed() => return,
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
