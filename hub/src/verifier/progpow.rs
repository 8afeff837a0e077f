//! Recomputes hashes of the ProgPoW family: milliseconds each, once the light cache of the height's epoch is there. An
//! epoch's first share waits for it, which takes seconds; shares of other epochs and other algorithms do not.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use idlewatt_kernels::progpow::{self, Attempt, Epoch, Hash, HeightError, Parameters};
use tokio::sync::{OwnedMutexGuard, Semaphore, oneshot, watch};
use tokio::task::{JoinError, spawn_blocking};

use super::Unavailable;
use waiting::{Request, Waiting};

mod waiting;

/// What all light caches together may take. Two epochs of each coin are in use where one ends: twice 94 MiB for
/// KawPow and twice 33 MiB for ProgPoWZ in 2026, and a tenth more each year.
const MOST_BYTES: u64 = 384 << 20;
/// The next epoch is prepared so long before it begins, where its blocks are slow enough.
const AHEAD_SECONDS: u64 = 300;
/// So many epochs can be prepared at once at most: two of each algorithm, and some to spare.
const TURNS: usize = 16;
/// The most threads that hash.
const MOST_THREADS: usize = 8;

/// Who prepares an epoch; the others wait.
type Turn = Arc<tokio::sync::Mutex<()>>;

/// Recomputes hashes of the ProgPoW family on threads of their own.
pub struct Verifier {
    caches: Arc<progpow::Verifier>,
    turns: Mutex<VecDeque<(Epoch, Turn)>>,
    /// One a thread that may hash.
    threads: Arc<Semaphore>,
    /// Those without a thread yet: each is one of a session's few, so there is a bound.
    waiting: Mutex<Waiting>,
    hashes: AtomicU64,
    used: watch::Sender<()>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("caches", &self.caches)
            .field("hashes", &self.hashes())
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// A verifier that gives its memory back so long after the last hash. Needs a tokio runtime.
    pub fn new(release_after: Duration) -> Arc<Self> {
        // Half of the processors: logins and answers need some, too.
        let threads = thread::available_parallelism().map_or(1, |all| all.get() / 2);
        let caches = Arc::new(progpow::Verifier::new(MOST_BYTES));
        let (used, uses) = watch::channel(());
        // It ends with the verifier.
        tokio::spawn(release(Arc::clone(&caches), uses, release_after));
        Arc::new(Verifier {
            caches,
            turns: Mutex::default(),
            threads: Arc::new(Semaphore::new(threads.clamp(1, MOST_THREADS))),
            waiting: Mutex::default(),
            hashes: AtomicU64::new(0),
            used,
        })
    }

    /// The hash of a header and a nonce. Where the height is near its epoch's end, the next epoch is prepared, too.
    ///
    /// # Errors
    /// If there is no thread for it, or the height is beyond any epoch.
    pub async fn hash(
        &self,
        parameters: &'static Parameters,
        height: u64,
        header: [u8; 32],
        nonce: u64,
    ) -> Result<Hash, Unavailable> {
        self.used.send_replace(());
        let turn = self.turn(parameters, height).map_err(unavailable)?;
        let turn = turn.lock_owned().await;
        done(spawn_blocking(self.preparing(parameters, height, turn)).await)?;
        self.look_ahead(parameters, height);
        let attempt = Attempt { header, nonce };
        let hash = self.computed(parameters, height, attempt).await;
        self.used.send_replace(());
        hash
    }

    /// Waits for a thread, and computes on it whatever else of the same height waits: side by side, four hashes take
    /// hardly longer than one.
    async fn computed(
        &self,
        parameters: &'static Parameters,
        height: u64,
        attempt: Attempt,
    ) -> Result<Hash, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let number = self.waiting().enter(Request {
            parameters,
            height,
            attempt,
            answer,
        });
        let thread = Arc::clone(&self.threads).acquire_owned().await;
        let thread = thread.map_err(|_| Unavailable)?;
        let taken = self.waiting().take(number);
        if !taken.is_empty() {
            self.hashes.fetch_add(taken.len() as u64, Ordering::Relaxed);
            let caches = Arc::clone(&self.caches);
            // It runs to its end also where the session that began it ends before.
            spawn_blocking(move || {
                let attempts: Vec<Attempt> = taken.iter().map(|one| one.attempt).collect();
                match caches.hash_many(parameters, height, &attempts) {
                    Ok(hashes) => {
                        for (request, hash) in taken.into_iter().zip(hashes) {
                            // Whoever asked may have gone meanwhile.
                            let _ = request.answer.send(hash);
                        }
                    }
                    Err(error) => drop(unavailable(error)),
                }
                drop(thread);
            });
        }
        answered.await.map_err(|_| Unavailable)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many hashes were computed so far.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// The bytes of all light caches that are held at present.
    pub fn held_bytes(&self) -> u64 {
        self.caches.held_bytes()
    }

    /// Sees to the next epoch if it is near, and nobody else does.
    fn look_ahead(&self, parameters: &'static Parameters, height: u64) {
        let near = AHEAD_SECONDS / parameters.block_seconds;
        let ahead = height.saturating_add(near.min(parameters.epoch_length / 4));
        if ahead / parameters.epoch_length == height / parameters.epoch_length {
            return;
        }
        let turn = self
            .turn(parameters, ahead)
            .map(tokio::sync::Mutex::try_lock_owned);
        if let Ok(Ok(turn)) = turn {
            spawn_blocking(self.preparing(parameters, ahead, turn));
        }
    }

    fn preparing(
        &self,
        parameters: &'static Parameters,
        height: u64,
        turn: OwnedMutexGuard<()>,
    ) -> impl FnOnce() -> Result<(), HeightError> + Send + 'static {
        let caches = Arc::clone(&self.caches);
        move || {
            let prepared = caches.prepare(parameters, height);
            drop(turn);
            prepared
        }
    }

    /// The turn to prepare a height's epoch.
    fn turn(&self, parameters: &'static Parameters, height: u64) -> Result<Turn, HeightError> {
        let epoch = Epoch::of_height(parameters, height)?;
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, turn)) = turns.iter().find(|(known, _)| *known == epoch) {
            return Ok(Arc::clone(turn));
        }
        let turn = Turn::default();
        turns.truncate(TURNS - 1);
        turns.push_front((epoch, Arc::clone(&turn)));
        Ok(turn)
    }
}

fn unavailable(error: HeightError) -> Unavailable {
    tracing::error!(%error, "a share at a height that no work is given for");
    Unavailable
}

fn done<T>(outcome: Result<Result<T, HeightError>, JoinError>) -> Result<T, Unavailable> {
    match outcome {
        Ok(outcome) => outcome.map_err(unavailable),
        Err(error) => {
            tracing::error!(%error, "a share could not be verified");
            Err(Unavailable)
        }
    }
}

async fn release(
    caches: Arc<progpow::Verifier>,
    mut uses: watch::Receiver<()>,
    release_after: Duration,
) {
    while uses.changed().await.is_ok() {
        while let Ok(used) = tokio::time::timeout(release_after, uses.changed()).await {
            if used.is_err() {
                return;
            }
        }
        caches.release();
        tracing::debug!("light caches released");
    }
}

#[cfg(test)]
mod tests {
    use idlewatt_kernels::progpow::{KAWPOW, KAWPOW_TEST, LightCache, Program, hash};

    use super::*;

    const HEADER: [u8; 32] = [9; 32];
    const DEADLINE: Duration = Duration::from_secs(60);

    fn bytes(height: u64) -> u64 {
        LightCache::bytes(&Epoch::of_height(&KAWPOW_TEST, height).expect("a height"))
    }

    fn expected(height: u64, nonce: u64) -> Hash {
        let epoch = Epoch::of_height(&KAWPOW_TEST, height).expect("a height");
        let cache = LightCache::build(epoch, &|_, _| {}, &false.into()).expect("wanted");
        let program = Program::of_period(&KAWPOW_TEST, KAWPOW_TEST.period_of(height));
        hash(&cache, &program, &HEADER, nonce)
    }

    async fn until(what: &str, condition: impl Fn() -> bool) {
        let waiting = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEADLINE, waiting).await.expect(what);
    }

    #[tokio::test]
    async fn hashes_of_several_epochs_and_gives_the_memory_back() {
        let verifier = Verifier::new(Duration::from_millis(300));
        for _ in 0..2 {
            let hashes = [(0, 1), (61, 1), (2, u64::MAX), (119, 7)];
            let computed = hashes.map(|(height, nonce)| {
                let verifier = Arc::clone(&verifier);
                tokio::spawn(
                    async move { verifier.hash(&KAWPOW_TEST, height, HEADER, nonce).await },
                )
            });
            for ((height, nonce), computed) in hashes.into_iter().zip(computed) {
                assert_eq!(
                    computed.await.expect("no panic"),
                    Ok(expected(height, nonce))
                );
            }
            until("released", || verifier.held_bytes() == 0).await;
        }
        assert_eq!(verifier.hashes(), 8);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_at_once_get_each_their_own_hash() {
        let verifier = Verifier::new(DEADLINE);
        let asked: Vec<(u64, u64)> = (0..60).map(|nonce| (nonce % 7, nonce)).collect();
        let computed = asked.iter().map(|&(height, nonce)| {
            let verifier = Arc::clone(&verifier);
            tokio::spawn(async move { verifier.hash(&KAWPOW_TEST, height, HEADER, nonce).await })
        });
        let computed: Vec<_> = computed.collect();
        // Sessions that end take only their own questions with them.
        for gone in computed.iter().step_by(5) {
            gone.abort();
        }
        for (number, ((height, nonce), computed)) in asked.into_iter().zip(computed).enumerate() {
            match computed.await {
                Ok(hash) => assert_eq!(hash, Ok(expected(height, nonce))),
                Err(error) => assert!(error.is_cancelled() && number.is_multiple_of(5)),
            }
        }
        assert!(verifier.hashes() >= 48);
    }

    #[tokio::test]
    async fn the_next_epoch_is_there_before_its_first_share() {
        let verifier = Verifier::new(DEADLINE);
        verifier
            .hash(&KAWPOW_TEST, 44, HEADER, 1)
            .await
            .expect("hashes");
        assert_eq!(verifier.held_bytes(), bytes(44), "too early for the next");
        verifier
            .hash(&KAWPOW_TEST, 45, HEADER, 1)
            .await
            .expect("hashes");
        until("prepared", || {
            verifier.held_bytes() == bytes(45) + bytes(60)
        })
        .await;
    }

    /// The cache of an epoch of KawPow takes seconds at the very least; the test's takes none.
    #[tokio::test]
    async fn a_cache_being_built_holds_up_no_other_shares() {
        let verifier = Verifier::new(DEADLINE);
        let slow = Arc::clone(&verifier);
        let slow = tokio::spawn(async move { slow.hash(&KAWPOW, 4_650_000, HEADER, 1).await });
        until("begun", || verifier.held_bytes() > 0).await;
        for nonce in 0..20 {
            verifier
                .hash(&KAWPOW_TEST, 0, HEADER, nonce)
                .await
                .expect("hashes");
        }
        assert!(!slow.is_finished());
        assert_eq!(verifier.hashes(), 20);
        slow.abort();
    }

    #[tokio::test]
    async fn a_height_of_no_epoch_is_no_panic() {
        let verifier = Verifier::new(DEADLINE);
        let beyond = verifier.hash(&KAWPOW, u64::MAX, HEADER, 1).await;
        assert_eq!(beyond, Err(Unavailable));
        let last = KAWPOW_TEST.last_height();
        assert!(verifier.hash(&KAWPOW_TEST, last, HEADER, 1).await.is_ok());
    }
}
