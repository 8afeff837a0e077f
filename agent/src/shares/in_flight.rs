//! Shares on their way: pending ones that must not be taken for lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a hub may take to write down what it has read before a share without answer counts as lost.
const GRACE: Duration = Duration::from_secs(5);

/// The shares handed in by this process that have no receipt settled. Clones share the list.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    began: Instant,
    grace: Duration,
    digests: Arc<Mutex<HashMap<String, Flight>>>,
}

#[derive(Clone, Copy, Debug)]
enum Flight {
    /// An answer may come.
    Sent,
    /// No answer will come, since then.
    Unanswered(Instant),
}

impl InFlight {
    pub fn new() -> Self {
        InFlight::with_grace(GRACE)
    }

    pub fn with_grace(grace: Duration) -> Self {
        InFlight {
            began: Instant::now(),
            grace,
            digests: Arc::default(),
        }
    }

    pub fn sent(&self, digest: &str) {
        self.lock().insert(digest.to_owned(), Flight::Sent);
    }

    pub fn unanswered(&self, digest: &str) {
        let now = Flight::Unanswered(Instant::now());
        self.lock().insert(digest.to_owned(), now);
    }

    pub fn settled(&self, digest: &str) {
        self.lock().remove(digest);
    }

    /// Whether this process has it in hand.
    pub fn is_listed(&self, digest: &str) -> bool {
        self.lock().contains_key(digest)
    }

    /// Whether a pending share that the hub does not know can still turn up there.
    pub fn may_still_arrive(&self, digest: &str) -> bool {
        match self.lock().get(digest) {
            Some(Flight::Sent) => true,
            Some(Flight::Unanswered(since)) => since.elapsed() < self.grace,
            // Sent, perhaps, by a process before this one.
            None => self.began.elapsed() < self.grace,
        }
    }

    /// After what time to ask again.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Flight>> {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
