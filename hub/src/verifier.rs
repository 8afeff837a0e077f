//! Recomputes RandomX hashes. Its memory (256 MiB) is there only while miners of the Monero dialect are.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use idlewatt_kernels::Digest;
use idlewatt_kernels::randomx;
use tokio::sync::{mpsc, oneshot};

/// Hashes waiting for the thread; more make their sessions wait.
const QUEUE: usize = 256;
/// How long the memory outlives the last miner, who may only be reconnecting.
pub const RELEASE_AFTER: Duration = Duration::from_secs(60);

/// The hash cannot be computed at present: there is no memory for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RandomX shares cannot be verified at present")]
pub struct Unavailable;

struct Request {
    seed: [u8; 32],
    /// `None` only prepares the memory.
    blob: Option<Vec<u8>>,
    answer: oneshot::Sender<Digest>,
}

#[derive(Default)]
struct State {
    miners: usize,
    /// Rises with each arrival, so that a release that was planned before it does not happen.
    arrivals: u64,
    thread: Option<mpsc::Sender<Request>>,
}

/// Recomputes RandomX hashes on a thread of its own.
pub struct Verifier {
    state: Mutex<State>,
    release_after: Duration,
}

impl Verifier {
    /// A verifier that gives its memory back so long after the last miner left.
    pub fn new(release_after: Duration) -> Arc<Self> {
        Arc::new(Verifier {
            state: Mutex::default(),
            release_after,
        })
    }

    /// The hash of a blob.
    ///
    /// # Errors
    /// If there is no memory or no thread for it.
    pub async fn hash(&self, seed: [u8; 32], blob: Vec<u8>) -> Result<Digest, Unavailable> {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            seed,
            blob: Some(blob),
            answer,
        };
        let thread = self.thread()?;
        thread.send(request).await.map_err(|_| Unavailable)?;
        drop(thread);
        answered.await.map_err(|_| Unavailable)
    }

    /// Counts a miner in until the guard is dropped, and has the memory made ready for its first share.
    pub fn enter(self: &Arc<Self>, seed: [u8; 32]) -> Presence {
        let mut state = self.state();
        state.miners += 1;
        state.arrivals += 1;
        drop(state);
        if let Ok(thread) = self.thread() {
            let (answer, _) = oneshot::channel();
            // With a full queue the thread is awake anyway.
            let _ = thread.try_send(Request {
                seed,
                blob: None,
                answer,
            });
        }
        Presence(Arc::clone(self))
    }

    /// Whether the memory is held at present.
    pub fn is_ready(&self) -> bool {
        self.state().thread.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thread(&self) -> Result<mpsc::Sender<Request>, Unavailable> {
        let mut state = self.state();
        if let Some(thread) = state.thread.as_ref().filter(|thread| !thread.is_closed()) {
            return Ok(thread.clone());
        }
        let (requests, waiting) = mpsc::channel(QUEUE);
        let started = thread::Builder::new()
            .name("randomx-verifier".into())
            .spawn(move || serve(waiting));
        if let Err(error) = started {
            tracing::error!(%error, "no thread for verifying RandomX shares");
            return Err(Unavailable);
        }
        state.thread = Some(requests.clone());
        Ok(requests)
    }

    fn leave(self: &Arc<Self>) {
        let mut state = self.state();
        state.miners = state.miners.saturating_sub(1);
        let (last, arrivals) = (state.miners == 0, state.arrivals);
        drop(state);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if last {
            let verifier = Arc::clone(self);
            runtime.spawn(async move {
                tokio::time::sleep(verifier.release_after).await;
                let mut state = verifier.state();
                if state.miners == 0 && state.arrivals == arrivals {
                    // Its thread ends with its queue, and the memory with the thread.
                    state.thread = None;
                    tracing::debug!("RandomX verifier released");
                }
            });
        }
    }
}

/// A miner is connected.
pub struct Presence(Arc<Verifier>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The thread: prepares for the seed asked for, and hashes. Dropping a request's answer says "unavailable".
fn serve(mut waiting: mpsc::Receiver<Request>) {
    let mut ready: Option<randomx::Verifier> = None;
    while let Some(request) = waiting.blocking_recv() {
        if ready
            .as_ref()
            .is_none_or(|ready| ready.key() != request.seed)
        {
            // The old one goes first: two would take twice the memory.
            ready = None;
            match randomx::Verifier::new(&request.seed) {
                Ok(verifier) => ready = Some(verifier),
                Err(error) => tracing::error!(%error, "no memory for verifying RandomX shares"),
            }
        }
        if let (Some(ready), Some(blob)) = (&mut ready, &request.blob) {
            let _ = request.answer.send(ready.hash(blob));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_with_changing_seeds_and_gives_the_memory_back() {
        let verifier = Verifier::new(Duration::from_millis(20));
        let presence = verifier.enter([1; 32]);
        let blob = vec![7; 76];
        let first = verifier.hash([1; 32], blob.clone()).await.expect("hashes");
        assert_eq!(first, randomx::hash(&[1; 32], &blob).expect("memory"));
        let other = verifier.hash([2; 32], blob.clone()).await.expect("hashes");
        assert_ne!(first, other);

        // Somebody who comes back in time keeps the memory.
        let again = verifier.enter([1; 32]);
        drop(presence);
        assert!(verifier.is_ready());
        drop(again);
        tokio::time::timeout(Duration::from_secs(10), async {
            while verifier.is_ready() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("released");
        assert_eq!(
            verifier.hash([1; 32], blob).await,
            Ok(first),
            "starts again"
        );
    }
}
