//! Handing blocks in, and finding out what became of them. A block counts as found only when the main chain's hash
//! at its height is its own, and it is looked at again until its reward can be spent.

use std::sync::Arc;
use std::time::Duration;

use idlewatt_protocol::Money;
use idlewatt_protocol::api::BlockState;
use idlewatt_store::{NewBlock, OpenBlock, Store, StoreError, YoungBlock};
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::chain::{Chain, Submitted};
use super::node_rpc::NodeError;

/// How often blocks of open fate are looked at, when no new block brings the occasion.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long the end of the hub waits for a node to take the last blocks; its next run would hand them in, too.
const LAST_CHANCE: Duration = Duration::from_millis(300);

/// Submits blocks and settles their fate.
pub struct Submitter<C> {
    /// The upstream's name.
    pub name: &'static str,
    /// The node.
    pub chain: C,
    /// How many blocks must come after one until its reward can be spent.
    pub maturity: u64,
    /// See [`LOOK_EVERY`].
    pub look_every: Duration,
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

#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<C: Chain> Submitter<C> {
    /// Runs until the shutdown, which comes behind the last session. Blocks left open by an earlier run are handed in again
    /// first, and the last ones of this run at its end, if the node answers at once.
    pub async fn run(mut self) {
        let mut open = self.until_shutdown(self.resubmit()).await;
        loop {
            open = tokio::select! {
                () = self.shutdown.cancelled() => {
                    let _ = tokio::time::timeout(LAST_CHANCE, self.resubmit()).await;
                    return;
                }
                solved = self.solved.recv() => match solved {
                    Some(block) => {
                        let submit = self.submit(&block.hash, block.height, &block.body);
                        let unsettled = self.until_shutdown(submit).await;
                        self.look_again.notify_one();
                        open | unsettled
                    }
                    None => return,
                },
                () = self.grown.notified() => self.until_shutdown(self.look(open, false)).await,
                () = tokio::time::sleep(self.look_every) => {
                    self.until_shutdown(self.look(open, true)).await
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

    /// Looks after all blocks; whether any fate is open still.
    async fn look(&self, open: bool, hand_in_again: bool) -> bool {
        if let Err(error) = self.watch().await {
            tracing::debug!(upstream = self.name, %error, "found blocks could not be looked at");
        }
        match (open, hand_in_again) {
            (false, _) => false,
            (true, true) => self.resubmit().await,
            (true, false) => self.settle_open().await,
        }
    }

    async fn submit(&self, hash: &str, height: u64, body: &[u8]) -> bool {
        match self.chain.submit(body).await {
            Ok(Submitted::Taken) => self.settle(hash, height).await,
            Ok(Submitted::Refused(message)) => {
                // A block handed in twice may be refused although it counts: the chain is asked first.
                if matches!(self.chain.hash_at(height).await, Ok(Some(known)) if known == hash) {
                    return self.settle(hash, height).await;
                }
                let upstream = self.name;
                tracing::warn!(upstream, height, hash, message, "the node refused a block");
                self.note(hash, BlockState::Refused).await
            }
            Err(error) => {
                tracing::warn!(height, hash, %error, "a block could not be submitted; trying again");
                true
            }
        }
    }

    /// Asks the chain; whether the fate is open.
    async fn settle(&self, hash: &str, height: u64) -> bool {
        match self.chain.hash_at(height).await {
            Ok(Some(known)) if known == hash => {
                tracing::info!(height, hash, "block found: it is on the main chain");
                self.note(hash, BlockState::Found).await
            }
            Ok(Some(_)) => {
                tracing::info!(
                    height,
                    hash,
                    "block orphaned: another one is on the main chain"
                );
                self.note(hash, BlockState::Orphaned).await
            }
            Ok(None) => true,
            Err(error) => {
                tracing::debug!(height, hash, %error, "a block's fate is open");
                true
            }
        }
    }

    /// Looks again at blocks whose reward cannot be spent yet, also at orphans that a reorganisation may bring back.
    async fn watch(&self) -> Result<(), WatchError> {
        let tip = self.chain.height().await?;
        let above = tip.saturating_sub(self.maturity);
        let young = self.store.young_blocks(self.name, above).await?;
        for block in &young {
            let on_chain = match self.chain.hash_at(block.height).await? {
                None => {
                    self.hand_in_again(block).await?;
                    continue;
                }
                Some(known) => known == block.hash,
            };
            let is_old = tip.saturating_sub(block.height) >= self.maturity;
            match (block.orphaned, on_chain, is_old) {
                (false, true, true) => self.mature(block).await?,
                (false, false, _) => self.change(block, BlockState::Orphaned).await?,
                (true, true, _) => self.change(block, BlockState::Found).await?,
                (false, true, false) | (true, false, _) => {}
            }
        }
        Ok(())
    }

    /// The chain is lower than a block that was on it: the node is catching up, or it was killed and had not written the
    /// block yet. Then nobody but the hub may have it.
    async fn hand_in_again(&self, block: &YoungBlock) -> Result<(), WatchError> {
        let YoungBlock { hash, height, .. } = block;
        let Some(body) = self.store.block_body(hash).await? else {
            return Ok(());
        };
        match self.chain.submit(&body).await? {
            Submitted::Taken => {
                tracing::warn!(height, hash, "the node had lost a block; it has it again");
            }
            Submitted::Refused(message) => {
                tracing::debug!(
                    height,
                    hash,
                    message,
                    "the node refused a block it had lost"
                );
            }
        }
        Ok(())
    }

    async fn mature(&self, block: &YoungBlock) -> Result<(), WatchError> {
        let YoungBlock { hash, height, .. } = block;
        let atomic = self.chain.reward(hash, *height).await?.into();
        let reward = Money {
            asset: C::ASSET,
            atomic,
        };
        let now = Timestamp::now();
        if self.store.mature_block(hash, reward, now).await? {
            tracing::info!(height, hash, %reward, "block matured: its reward can be spent");
        }
        Ok(())
    }

    async fn change(&self, block: &YoungBlock, state: BlockState) -> Result<(), WatchError> {
        let YoungBlock { hash, height, .. } = block;
        let state_name = state.name();
        tracing::warn!(height, hash, state_name, "the main chain was reorganised");
        Ok(self.store.settle_block(hash, state).await?)
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

    async fn open(&self) -> Vec<OpenBlock> {
        let read: Result<_, StoreError> = self.store.open_blocks(self.name).await;
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "blocks of open fate could not be read");
            Vec::new()
        })
    }
}
