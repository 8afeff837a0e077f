//! One algorithm's connection for as long as it is wanted: made, lost, made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idlewatt_kernels::Algorithm;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::backoff::Backoff;
use super::leave::Leave;
use super::session::{Ended, Session};
use super::status::{ConnectionStatus, InsteadOf, Phase};
use super::trial::try_out;
use super::turn::Turn;
use super::{Address, Shared, Source, StratumServer, Submission, Verdict, book, dialogue};

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
        servers: shared.source.servers(algorithm),
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
    /// In the order in which they are wanted.
    servers: Vec<StratumServer>,
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
        let mut turn = Turn::new(self.servers.len());
        let mut sent_to = None;
        let mut instead_of = None;
        while !self.ended.is_cancelled() {
            let own = self.server(turn.now());
            // Once: where that fails or ends, its own address counts again.
            let address = sent_to.take().unwrap_or_else(|| own.address.clone());
            self.shared.note(algorithm, |status| {
                status.address = address.to_string();
                status.phase = Phase::Connecting;
                status.instead_of = instead_of.clone().filter(|_| turn.now() > 0);
            });
            let (ended, is_better) = self.attempt(turn.now(), &own, &address).await;
            self.disconnected();
            let timing = self.shared.timing;
            let has_others = self.servers.len() > 1;
            let lasted = ended.ready_for.is_some_and(|time| time >= timing.stable);
            let stable = lasted && (ended.had_work || !has_others);
            if stable {
                backoff.reset();
            }
            if self.ended.is_cancelled() {
                break;
            }
            if self.server(turn.now()) != own {
                backoff.reset();
                continue;
            }
            if is_better {
                turn.start_over();
                tracing::info!(%algorithm, %address, "the first pool has work again");
                continue;
            }
            if ended.login_refused {
                self.shared.refused.send_replace(own.password);
            }
            if turn.now() == 0 {
                instead_of = Some(InsteadOf {
                    address: address.to_string(),
                    reason: ended.reason.clone(),
                });
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
                None if has_others => {
                    let all_failed = match stable {
                        true => {
                            turn.start_over();
                            false
                        }
                        false => turn.pass_on(),
                    };
                    match all_failed {
                        true => backoff.next(rand::random()),
                        // The next one is there for this; but not for everybody in the same instant.
                        false => timing.retry.0.mul_f64(rand::random()),
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

    /// The server with this place in the list, as it is now: a hub's moves.
    fn server(&mut self, place: usize) -> StratumServer {
        match self.shared.source {
            Source::Pools(_) => self.servers[place].clone(),
            Source::Hub { .. } => StratumServer {
                address: self.address.borrow_and_update().clone(),
                password: self.password.borrow_and_update().clone(),
                ..self.servers[place].clone()
            },
        }
    }

    /// One connection from its beginning to its end, and whether it ended because a server that is wanted more has
    /// work again.
    async fn attempt(
        &mut self,
        place: usize,
        own: &StratumServer,
        address: &Address,
    ) -> (Ended, bool) {
        let shared = Arc::clone(&self.shared);
        let (timing, way) = (&shared.timing, &shared.ways[&self.algorithm].way);
        let connected = tokio::select! {
            connected = timeout(timing.connect, way.wire(address)) => connected,
            () = self.ended.cancelled() => return (Ended::early("it is no longer wanted"), false),
        };
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return (Ended::early(format!("cannot connect: {error}")), false),
            Err(_) => return (Ended::early("no connection in time"), false),
        };
        let better = CancellationToken::new();
        let first = self.servers[0].clone();
        let session = Session {
            shared: &shared,
            algorithm: self.algorithm,
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            dialogue: dialogue::of(self.algorithm, &own.user, &own.password),
            ended: &self.ended,
            waiting: &mut self.waiting,
            here: address,
            own: &own.address,
            source: shared.source.name_of(self.algorithm, place).into(),
            address: &mut self.address,
            has_others: self.servers.len() > 1,
            better: &better,
        };
        let ended = match place {
            0 => session.run(stream).await,
            _ => tokio::select! {
                ended = session.run(stream) => ended,
                never = look_for_first(&shared, &first, self.algorithm, &better) => match never {},
            },
        };
        (ended, better.is_cancelled())
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

/// Tells `better`, once, that the first server has work again.
async fn look_for_first(
    shared: &Shared,
    first: &StratumServer,
    algorithm: Algorithm,
    better: &CancellationToken,
) -> std::convert::Infallible {
    let timing = &shared.timing;
    loop {
        let pause = timing
            .first_again
            .mul_f64(1.0 + rand::random::<f64>() / 2.0);
        tokio::time::sleep(pause).await;
        match try_out(&shared.ways[&algorithm].way, first, algorithm, timing).await {
            Ok(_) => break,
            Err(error) => {
                let reason = error.to_string();
                tracing::debug!(%algorithm, address = %first.address, reason, "the first pool is still away");
                shared.note(algorithm, |status| {
                    if let Some(instead_of) = &mut status.instead_of {
                        instead_of.reason = reason;
                    }
                });
            }
        }
    }
    better.cancel();
    std::future::pending().await
}

/// Answers a submission that came too late to be sent.
pub(super) fn turn_away(submission: Submission) {
    let reason = book::DISCONNECTED.to_owned();
    // Whoever asked may have gone.
    let _ = submission.reply.send(Verdict::Stale { reason });
}
