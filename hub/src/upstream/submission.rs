//! Handing blocks in, and finding out what became of them. A block counts as found only when the main chain's hash
//! at its height is its own.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_protocol::api::BlockState;
use idlewatt_store::{NewBlock, Store, StoreError};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::monerod::NAME;
use super::node_rpc::{Node, NodeError};

/// The node's code for a block whose proof or content is wrong.
const NOT_ACCEPTED: i64 = -7;
/// How often blocks of open fate are looked at, when no new block brings the occasion.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Submits blocks and settles their fate.
pub struct Submitter {
    /// The node.
    pub node: Node,
    /// Where blocks are noted.
    pub store: Store,
    /// Blocks just solved, noted in the store already.
    pub solved: mpsc::Receiver<NewBlock>,
    /// The chain grew.
    pub grown: Arc<Notify>,
    /// Has the follower look at the chain at once.
    pub look_again: Arc<Notify>,
    /// The hub ends: what is not handed in yet is handed in by its next run.
    pub shutdown: CancellationToken,
}

impl Submitter {
    /// Runs until no more blocks can come. Blocks left open by an earlier run are handed in again first.
    pub async fn run(mut self) {
        let mut open = self.until_shutdown(self.resubmit()).await;
        loop {
            open = tokio::select! {
                solved = self.solved.recv() => match solved {
                    Some(block) => {
                        let submit = self.submit(&block.hash, block.height, &block.body);
                        let unsettled = self.until_shutdown(submit).await;
                        self.look_again.notify_one();
                        open | unsettled
                    }
                    None => return,
                },
                () = self.grown.notified(), if open => self.until_shutdown(self.settle_open()).await,
                () = tokio::time::sleep(LOOK_EVERY), if open => {
                    self.until_shutdown(self.resubmit()).await
                }
            };
        }
    }

    async fn until_shutdown(&self, work: impl Future<Output = bool>) -> bool {
        tokio::select! {
            () = self.shutdown.cancelled() => true,
            open = work => open,
        }
    }

    async fn submit(&self, hash: &str, height: u64, body: &[u8]) -> bool {
        match self.node.submit(body).await {
            Ok(()) => self.settle(hash, height).await,
            Err(NodeError::Refused { code, message, .. }) if code == NOT_ACCEPTED => {
                // A block handed in twice may be refused although it counts: the chain is asked first.
                if matches!(self.node.block_at(height).await, Ok(known) if known.hash == hash) {
                    return self.settle(hash, height).await;
                }
                tracing::warn!(height, hash, message, "the node refused a block");
                self.note(hash, BlockState::Refused).await
            }
            Err(error) => {
                tracing::warn!(height, hash, %error, "a block could not be submitted; trying again");
                true
            }
        }
    }

    /// Asks the chain; whether the fate is open still.
    async fn settle(&self, hash: &str, height: u64) -> bool {
        match self.node.block_at(height).await {
            Ok(known) if known.hash == hash => {
                tracing::info!(height, hash, "block found: it is on the main chain");
                self.note(hash, BlockState::Found).await
            }
            Ok(_) => {
                tracing::info!(
                    height,
                    hash,
                    "block orphaned: another one is on the main chain"
                );
                self.note(hash, BlockState::Orphaned).await
            }
            Err(error) => {
                tracing::debug!(height, hash, %error, "a block's fate is open");
                true
            }
        }
    }

    async fn note(&self, hash: &str, state: BlockState) -> bool {
        match self.store.settle_block(hash, state).await {
            Ok(()) => false,
            Err(error) => {
                tracing::error!(%error, "a block's fate could not be noted");
                true
            }
        }
    }

    async fn settle_open(&self) -> bool {
        let mut open = false;
        for block in self.open().await {
            open |= self.settle(&block.hash, block.height).await;
        }
        open
    }

    async fn resubmit(&self) -> bool {
        let mut open = false;
        for block in self.open().await {
            open |= self.submit(&block.hash, block.height, &block.body).await;
        }
        open
    }

    async fn open(&self) -> Vec<idlewatt_store::OpenBlock> {
        let read: Result<_, StoreError> = self.store.open_blocks(NAME).await;
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "blocks of open fate could not be read");
            Vec::new()
        })
    }
}
