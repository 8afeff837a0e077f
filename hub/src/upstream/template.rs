//! Work as an upstream gives it, before a connection makes jobs of it.

use std::sync::Arc;

use idlewatt_kernels::progpow::{Epoch, HeightError, Parameters};
use idlewatt_kernels::{Digest, Target};
use idlewatt_ledger::Reward;
use sha2::{Digest as _, Sha256};

use super::block_template::BlockTemplate;
use super::outlet::{Found, Outlet, PoolShare, Solved};

/// One piece of work for all connections.
#[derive(Debug)]
pub struct Template<Work> {
    /// The name of whoever gave it.
    pub upstream: &'static str,
    /// What a share is worth.
    pub reward: Reward,
    /// What a digest must meet to be a block, or a share of the pool's, and the hashes that takes; `None` where nobody
    /// waits for any.
    pub network: Option<Network>,
    /// Rises whenever earlier work becomes worthless.
    pub generation: u64,
    /// What is hashed.
    pub work: Work,
    /// Where solutions go.
    pub outlet: Outlet,
}

/// The difficulty of a real network, or of a pool's shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// What a block's digest must meet.
    pub target: Target,
    /// How many hashes a block takes on average.
    pub work: u64,
}

/// What sets two jobs of the same template apart: no two ever hash the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extranonce {
    /// The connection's number.
    pub connection: u32,
    /// The number of the job on its connection.
    pub job: u32,
    /// The connection's place among those of this hub: a low number, for what a pool has to share out.
    pub place: u32,
}

impl Extranonce {
    /// How many bytes it takes.
    pub const SIZE: usize = 8;

    /// As it is written into blocks: connection and job.
    pub fn bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..4].copy_from_slice(&self.connection.to_be_bytes());
        bytes[4..].copy_from_slice(&self.job.to_be_bytes());
        bytes
    }
}

/// RandomX work.
#[derive(Debug)]
pub enum RandomXWork {
    /// A blob in the shape of Monero's, of no chain.
    Practice {
        /// 76 bytes, the nonce at [`NONCE_OFFSET`].
        blob: [u8; 76],
        /// The key of cache and dataset.
        seed: [u8; 32],
        /// For display.
        height: u64,
    },
    /// A block of a Monero network.
    Block(Arc<BlockTemplate>),
    /// A pool's job. The hub shares out its nonces by their last byte, as pools do that call it "nicehash".
    Pool(PoolBlob),
}

/// A job of a pool in Monero's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolBlob {
    /// See [`PoolShare::connection`].
    pub connection: u64,
    /// The pool's name of the job.
    pub job_id: String,
    /// What is hashed, the nonce at [`NONCE_OFFSET`].
    pub blob: Vec<u8>,
    /// The key of cache and dataset.
    pub seed: [u8; 32],
    /// The block's height; 0 if the pool does not say.
    pub height: u64,
}

/// Work of one algorithm of the ProgPoW family.
#[derive(Debug)]
pub struct ProgPowWork {
    /// Which one.
    pub parameters: &'static Parameters,
    /// The block's height: dataset and program follow from it.
    pub height: u64,
    /// By what pools name the height's epoch.
    pub seed_hash: [u8; 32],
    /// The network's target in compact form.
    pub bits: u32,
    /// What the header's hash is.
    pub header: ProgPowHeader,
}

/// Where the hash of a job's header comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgPowHeader {
    /// Of no chain: only that no two jobs have the same counts.
    Practice {
        /// Makes the headers of this template unlike those of any other.
        salt: [u8; 16],
    },
    /// A pool's job: the same for all connections, who are apart by how their nonces begin.
    Pool {
        /// See [`PoolShare::connection`].
        connection: u64,
        /// The pool's name of the job.
        job_id: String,
        /// The hash.
        hash: [u8; 32],
        /// What all nonces of the hub begin with.
        prefix: Vec<u8>,
    },
}

/// The most bytes that nonces begin with: what is left should last a card a while.
const LONGEST_PREFIX: usize = 4;

impl ProgPowWork {
    /// Work at a height, of no chain.
    ///
    /// # Errors
    /// If the height is beyond any epoch.
    pub fn at(
        parameters: &'static Parameters,
        height: u64,
        bits: u32,
        salt: [u8; 16],
    ) -> Result<Self, HeightError> {
        Ok(ProgPowWork {
            parameters,
            height,
            seed_hash: Epoch::of_height(parameters, height)?.seed_hash(),
            bits,
            header: ProgPowHeader::Practice { salt },
        })
    }

    /// The hash of a job's header.
    pub fn header_hash(&self, extranonce: Extranonce) -> [u8; 32] {
        match &self.header {
            ProgPowHeader::Practice { salt } => Sha256::new()
                .chain_update(salt)
                .chain_update(extranonce.bytes())
                .finalize()
                .into(),
            ProgPowHeader::Pool { hash, .. } => *hash,
        }
    }

    /// What the nonces of a connection begin with; `None` if there is no room for so many connections. Of no chain it only
    /// keeps the cards of one miner apart that pass their jobs on: connections are apart by their headers.
    pub fn nonce_prefix(&self, extranonce: Extranonce) -> Option<Vec<u8>> {
        match &self.header {
            ProgPowHeader::Practice { .. } => {
                Some((extranonce.connection as u16).to_be_bytes().to_vec())
            }
            ProgPowHeader::Pool { prefix, .. } => {
                let own = LONGEST_PREFIX.checked_sub(prefix.len())?.min(2);
                let place = extranonce.place.to_be_bytes();
                let (above, place) = place.split_at(4 - own);
                let fits = above.iter().all(|byte| *byte == 0) && own > 0;
                fits.then(|| [prefix, place].concat())
            }
        }
    }

    /// What a pool is told of a solution.
    pub fn solved(&self, nonce: u64, mix: [u8; 32]) -> Option<Solved> {
        match &self.header {
            ProgPowHeader::Practice { .. } => None,
            ProgPowHeader::Pool {
                connection,
                job_id,
                hash,
                ..
            } => Some(Solved::Share(PoolShare {
                connection: *connection,
                job_id: job_id.clone(),
                found: Found::ProgPow {
                    nonce,
                    header_hash: *hash,
                    mix,
                },
            })),
        }
    }
}

/// Where the nonce of a hashing blob is: behind version, minor version, a time of five bytes and a hash.
pub const NONCE_OFFSET: usize = 39;

/// Where the Merkle root of a practice blob begins.
const ROOT_OFFSET: usize = NONCE_OFFSET + 4;

impl RandomXWork {
    /// The hashing blob of a job, its nonce 0 but for what [`Self::nonce_end`] says. `None` if the pool's nonces do not
    /// suffice for so many connections.
    pub fn blob(&self, extranonce: Extranonce) -> Option<Vec<u8>> {
        match self {
            RandomXWork::Practice { blob, .. } => {
                let root = ROOT_OFFSET..ROOT_OFFSET + 32;
                let own = Sha256::new()
                    .chain_update(&blob[root.clone()])
                    .chain_update(extranonce.bytes())
                    .finalize();
                let mut blob = blob.to_vec();
                blob[root].copy_from_slice(&own);
                Some(blob)
            }
            RandomXWork::Block(block) => Some(block.hashing_blob(extranonce.bytes(), [0; 4])),
            RandomXWork::Pool(pool) => {
                let end = self.nonce_end(extranonce)?;
                Some(with_nonce(pool.blob.clone(), [0, 0, 0, end]))
            }
        }
    }

    /// What the last byte of all nonces of a connection must be; `None` if it may be anything, or if there is no room for
    /// the connection. Never 0: by that miners tell whether it is theirs to choose.
    pub fn nonce_end(&self, extranonce: Extranonce) -> Option<u8> {
        let RandomXWork::Pool(pool) = self else {
            return None;
        };
        match pool.blob.get(NONCE_OFFSET + 3) {
            // The pool has chosen it already: there is nothing to share out, and one connection gets it all.
            Some(end) if *end != 0 => (extranonce.place == 0).then_some(*end),
            _ => u8::try_from(extranonce.place.checked_add(1)?).ok(),
        }
    }

    /// What the upstream is handed for a nonce that solves it.
    pub fn solved(&self, extranonce: Extranonce, nonce: [u8; 4], digest: Digest) -> Option<Solved> {
        match self {
            RandomXWork::Practice { .. } => None,
            RandomXWork::Block(block) => {
                Some(Solved::Block(block.solved(extranonce.bytes(), nonce)))
            }
            RandomXWork::Pool(pool) => Some(Solved::Share(PoolShare {
                connection: pool.connection,
                job_id: pool.job_id.clone(),
                found: Found::RandomX { nonce, digest },
            })),
        }
    }

    /// The key of cache and dataset.
    pub fn seed(&self) -> [u8; 32] {
        match self {
            RandomXWork::Practice { seed, .. } => *seed,
            RandomXWork::Block(block) => block.seed(),
            RandomXWork::Pool(pool) => pool.seed,
        }
    }

    /// The block's height.
    pub fn height(&self) -> u64 {
        match self {
            RandomXWork::Practice { height, .. } => *height,
            RandomXWork::Block(block) => block.height(),
            RandomXWork::Pool(pool) => pool.height,
        }
    }
}

/// A blob with its nonce filled in.
pub fn with_nonce(mut blob: Vec<u8>, nonce: [u8; 4]) -> Vec<u8> {
    if let Some(place) = blob.get_mut(NONCE_OFFSET..NONCE_OFFSET + 4) {
        place.copy_from_slice(&nonce);
    }
    blob
}
