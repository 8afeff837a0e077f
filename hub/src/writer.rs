//! Group commit: shares that arrive while a transaction is being written go into the next one together. A share's
//! verdict leaves only when its transaction is on the disk.

use idlewatt_protocol::api::CreditedShare;
use idlewatt_store::{Duplicate, Store, VerifiedShare};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

/// Shares waiting for the writer; more make their sessions wait.
const QUEUE: usize = 1_024;
/// Shares in one transaction.
const BATCH: usize = 512;

type Answer = Result<CreditedShare, CreditError>;

/// Why a share was not credited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// It was before.
    #[error("credited before")]
    Duplicate,
    /// The database failed; whether the share is known can be asked later.
    #[error("the books cannot be written at present")]
    Unavailable,
}

struct Request {
    share: VerifiedShare,
    answer: oneshot::Sender<Answer>,
}

/// Hands shares to the task that writes them.
#[derive(Clone, Debug)]
pub struct Writer {
    requests: mpsc::Sender<Request>,
}

impl Writer {
    /// A writer, and the task to run: it ends when the last writer is gone and everything is written.
    pub fn new(store: Store) -> (Self, impl Future<Output = ()> + Send) {
        let (requests, waiting) = mpsc::channel(QUEUE);
        (Writer { requests }, write(store, waiting))
    }

    /// Credits a share; returns when that is durable.
    ///
    /// # Errors
    /// If it was credited before, or the database fails.
    pub async fn credit(&self, share: VerifiedShare) -> Answer {
        let (answer, answered) = oneshot::channel();
        let request = Request { share, answer };
        if self.requests.send(request).await.is_err() {
            return Err(CreditError::Unavailable);
        }
        answered.await.unwrap_or(Err(CreditError::Unavailable))
    }
}

async fn write(store: Store, mut waiting: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (shares, answers): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|request| (request.share, request.answer))
            .unzip();
        let verdicts = match store.credit_shares(&shares, Timestamp::now()).await {
            Ok(verdicts) => verdicts
                .into_iter()
                .map(|verdict| verdict.map_err(|Duplicate| CreditError::Duplicate))
                .collect(),
            Err(error) => {
                tracing::error!(shares = shares.len(), %error, "shares could not be credited");
                vec![Err(CreditError::Unavailable); shares.len()]
            }
        };
        for (answer, verdict) in answers.into_iter().zip(verdicts) {
            // A session that ended meanwhile has nobody to tell; the share stays credited.
            let _ = answer.send(verdict);
        }
    }
}
