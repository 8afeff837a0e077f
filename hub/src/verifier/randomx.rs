//! Recomputes RandomX hashes. Its memory (256 MiB) is there only while there are shares to check: the first of them
//! waits half a second for it, and a hub whose miners all pause is small.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use idlewatt_kernels::Digest;
use idlewatt_kernels::randomx;
use tokio::sync::{Semaphore, oneshot};

use super::Unavailable;

/// Hashes waiting for the thread; more make their sessions wait.
const QUEUE: usize = 256;
struct Request {
    seed: [u8; 32],
    blob: Vec<u8>,
    answer: oneshot::Sender<Digest>,
}

/// Recomputes RandomX hashes on a thread of its own, which is started when it is first needed.
pub struct Verifier {
    thread: Mutex<Option<mpsc::Sender<Request>>>,
    /// One a waiting hash.
    places: Semaphore,
    ready: Arc<AtomicBool>,
    release_after: Duration,
}

impl Verifier {
    /// A verifier that gives its memory back so long after the last hash.
    pub fn new(release_after: Duration) -> Arc<Self> {
        Arc::new(Verifier {
            thread: Mutex::default(),
            places: Semaphore::new(QUEUE),
            ready: Arc::default(),
            release_after,
        })
    }

    /// The hash of a blob.
    ///
    /// # Errors
    /// If there is no memory or no thread for it.
    pub async fn hash(&self, seed: [u8; 32], blob: Vec<u8>) -> Result<Digest, Unavailable> {
        let _place = self.places.acquire().await.map_err(|_| Unavailable)?;
        let (answer, answered) = oneshot::channel();
        self.ask(Request { seed, blob, answer })?;
        answered.await.map_err(|_| Unavailable)
    }

    /// Whether the memory is held at present.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    fn ask(&self, mut request: Request) -> Result<(), Unavailable> {
        // Nothing in here can be left half done.
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = thread.as_ref() {
            match running.send(request) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(back)) => request = back,
            }
        }
        let (requests, waiting) = mpsc::channel();
        let (ready, release_after) = (Arc::clone(&self.ready), self.release_after);
        let started = thread::Builder::new()
            .name("randomx-verifier".into())
            .spawn(move || serve(&waiting, &ready, release_after));
        if let Err(error) = started {
            tracing::error!(%error, "no thread for verifying RandomX shares");
            return Err(Unavailable);
        }
        let sent = requests.send(request).map_err(|_| Unavailable);
        *thread = Some(requests);
        sent
    }
}

/// The thread: prepares for the seed asked for, and hashes. It sleeps for as long as there is nothing to do, and ends
/// with the verifier. Dropping a request's answer says "unavailable".
fn serve(waiting: &mpsc::Receiver<Request>, ready: &AtomicBool, release_after: Duration) {
    let mut memory: Option<randomx::Verifier> = None;
    loop {
        let request = match &memory {
            None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => waiting.recv_timeout(release_after),
        };
        let request = match request {
            Ok(request) => request,
            Err(RecvTimeoutError::Timeout) => {
                memory = None;
                ready.store(false, Ordering::Relaxed);
                tracing::debug!("RandomX verifier released");
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let fits = |memory: &randomx::Verifier| memory.key() == request.seed;
        if !memory.as_ref().is_some_and(fits) {
            // The old one goes first: two would take twice the memory.
            drop(memory.take());
            match randomx::Verifier::new(&request.seed) {
                Ok(verifier) => memory = Some(verifier),
                Err(error) => tracing::error!(%error, "no memory for verifying RandomX shares"),
            }
            ready.store(memory.is_some(), Ordering::Relaxed);
        }
        if let Some(memory) = &mut memory {
            // Whoever asked may have gone meanwhile.
            let _ = request.answer.send(memory.hash(&request.blob));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_with_changing_seeds_and_gives_the_memory_back() {
        let verifier = Verifier::new(Duration::from_millis(300));
        assert!(!verifier.is_ready());
        let blob = vec![7; 76];
        let first = verifier.hash([1; 32], blob.clone()).await.expect("hashes");
        assert_eq!(first, randomx::hash(&[1; 32], &blob).expect("memory"));
        let other = verifier.hash([2; 32], blob.clone()).await.expect("hashes");
        assert_ne!(first, other);

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
