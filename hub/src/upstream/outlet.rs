//! Where solutions that an upstream waits for go: to its chain or to its pool.

use idlewatt_kernels::Digest;
use idlewatt_protocol::DeviceId;
use idlewatt_store::{NewBlock, Store};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::template::Template;

/// A block that met its network's difficulty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolvedBlock {
    /// Its id in hex, as its network writes it.
    pub hash: String,
    /// Its height.
    pub height: u64,
    /// The whole block.
    pub body: Vec<u8>,
}

/// A share that met a pool's target, as the pool's dialect writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolShare {
    /// The connection that gave the job: on another one it is worth nothing.
    pub connection: u64,
    /// The pool's name of the job.
    pub job_id: String,
    /// What was found.
    pub found: Found,
}

/// What makes a share of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// In Monero's dialect.
    RandomX {
        /// As it stands in the blob.
        nonce: [u8; 4],
        /// The hash.
        digest: Digest,
    },
    /// In Bitcoin's dialect.
    Sha256d {
        /// As it stands in the coinbase.
        extranonce2: Vec<u8>,
        /// The header's time.
        time: u32,
        /// The header's nonce.
        nonce: u32,
        /// The rolled bits of the version; `None` if the pool does not take them.
        version_bits: Option<u32>,
    },
    /// In KawPow's dialect.
    ProgPow {
        /// The whole nonce.
        nonce: u64,
        /// The job's header.
        header_hash: [u8; 32],
        /// The mix.
        mix: [u8; 32],
    },
}

/// What an upstream waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Solved {
    /// A block of a chain.
    Block(SolvedBlock),
    /// A share for a pool.
    Share(PoolShare),
}

/// The way to an upstream.
#[derive(Clone, Debug)]
pub enum Outlet {
    /// Practice waits for nothing.
    Nowhere,
    /// To whoever hands blocks to the node.
    Chain(mpsc::Sender<NewBlock>),
    /// To the pool's connection.
    Pool(mpsc::Sender<PoolShare>),
}

impl<Work> Template<Work> {
    /// Whether the upstream waits for this.
    pub fn is_solved_by(&self, digest: &Digest) -> bool {
        self.network
            .is_some_and(|network| network.target.is_met_by(&digest.0))
    }

    /// Notes a block before anything else can happen to it, and has it handed in.
    pub async fn hand_in_block(&self, store: &Store, device: &DeviceId, solved: SolvedBlock) {
        let SolvedBlock { hash, height, body } = solved;
        let upstream = self.upstream;
        tracing::info!(height, hash, upstream, "a block was solved");
        let block = NewBlock {
            hash,
            height,
            upstream,
            device: device.clone(),
            body,
        };
        if let Err(error) = store.note_block(&block, Timestamp::now()).await {
            tracing::error!(%error, "a block could not be noted; it is submitted all the same");
        }
        let sent = match &self.outlet {
            Outlet::Chain(blocks) => blocks.send(block).await.is_ok(),
            Outlet::Nowhere | Outlet::Pool(_) => true,
        };
        if !sent {
            tracing::warn!("a block is left for the next run: the hub is ending");
        }
    }

    /// Hands a share up. A pool that is behind or gone loses it; nobody waits.
    pub fn hand_up(&self, share: PoolShare) {
        if let Outlet::Pool(shares) = &self.outlet
            && shares.try_send(share).is_err()
        {
            super::pool::count(self.upstream, "lost");
            tracing::warn!(upstream = self.upstream, "a share did not reach the pool");
        }
    }
}
