//! Whether the hub can do its work.

use std::time::Duration;

use idlewatt_protocol::api::Readiness;
use idlewatt_store::Store;
use tokio_util::sync::CancellationToken;

use crate::replica::Replica;
use crate::upstream::Sources;

/// How long the database may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// What readiness depends on.
#[derive(Clone, Debug)]
pub struct Health {
    /// Must answer.
    pub store: Store,
    /// One of them must have work.
    pub sources: Sources,
    /// Must have a number.
    pub replica: Replica,
    /// Must not have begun.
    pub draining: CancellationToken,
}

impl Health {
    /// How it is at this moment.
    pub async fn check(&self) -> Readiness {
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.store.ping()).await;
        let database = matches!(answer, Ok(Ok(())));
        let work = self
            .sources
            .offers(false)
            .iter()
            .any(|offer| offer.available);
        let replica = self.replica.current().is_some();
        let draining = self.draining.is_cancelled();
        Readiness {
            ready: database && work && replica && !draining,
            database,
            work,
            replica,
            draining,
        }
    }
}
